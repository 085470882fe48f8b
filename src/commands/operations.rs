//! `shelfmark operations`: what runs, and what ran.

use std::process::ExitCode;

use clap::Subcommand;
use reqwest::Method;
use serde::Deserialize;
use shelfmark::operations::{Operation, OperationId, OperationState};

use super::{
    client::{Client, ServiceArgs},
    pipeline, poll,
};

/// Lists, shows and cancels work of the service that takes longer than a request.
#[derive(Debug, clap::Args)]
pub struct OperationsArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    service: ServiceArgs,
    /// Print the service's JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Those that run and the newest that ended, newest first.
    List {
        /// How many at most.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
    },
    /// One of them, with what came of it. Waits for its end with --wait. Status 1 when it failed or was cancelled.
    Show {
        /// Its id.
        #[arg(value_parser = id)]
        id: OperationId,
        /// Wait for its end.
        #[arg(long)]
        wait: bool,
    },
    /// End one. What it had begun is undone; status 1 when it had ended otherwise before.
    Cancel {
        /// Its id.
        #[arg(value_parser = id)]
        id: OperationId,
    },
}

fn id(text: &str) -> Result<OperationId, String> {
    OperationId::parse(text).ok_or_else(|| "must be the id of an operation, as `operations list` shows it".to_owned())
}

#[derive(Deserialize)]
struct OperationsPage {
    operations: Vec<Operation>,
}

/// Runs one action.
pub fn run(args: &OperationsArgs) -> anyhow::Result<ExitCode> {
    pipeline::runtime()?.block_on(act(args))
}

async fn act(args: &OperationsArgs) -> anyhow::Result<ExitCode> {
    let client = Client::new(&args.service)?;
    match &args.action {
        Action::List { limit } => {
            let query = [("limit", limit.to_string())];
            let page = client.call(Method::GET, &["operations"], &query, None).await?;
            if args.json {
                println!("{page}");
                return Ok(ExitCode::SUCCESS);
            }
            for operation in serde_json::from_value::<OperationsPage>(page)?.operations {
                println!("{}", poll::line(&operation));
            }
            Ok(ExitCode::SUCCESS)
        }
        Action::Show { id, wait } => {
            let operation = if *wait {
                poll::until_ended(&client, *id, args.json).await?
            } else {
                client.ask(Method::GET, &format!("operations/{id}"), None).await?
            };
            show(&operation, args.json)?;
            let bad = matches!(operation.state, OperationState::Failed | OperationState::Cancelled);
            Ok(if bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
        }
        Action::Cancel { id } => {
            let operation: Operation = client.ask(Method::DELETE, &format!("operations/{id}"), None).await?;
            show(&operation, args.json)?;
            let ended = matches!(operation.state, OperationState::Done | OperationState::Failed);
            Ok(if ended { ExitCode::FAILURE } else { ExitCode::SUCCESS })
        }
    }
}

fn show(operation: &Operation, json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string(operation)?);
        return Ok(());
    }
    println!("{}", poll::line(operation));
    if let Some(result) = &operation.result {
        println!("{}", serde_json::to_string_pretty(result)?);
    }
    Ok(())
}
