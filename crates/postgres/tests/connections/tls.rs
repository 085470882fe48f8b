//! A real Postgres with TLS and passwords. Goal: every `sslmode` does what libpq's does, and what waiting does not mend
//! is told at once. Method: a managed server that also listens on an address of the loopback network that only this
//! test uses, with certificates by `openssl`, which comes with Debian's ca-certificates.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use shelfmark_postgres::{ManagedPostgres, ManagedPostgresOptions, PostgresError, connect};

use crate::environment::connect_with;

/// The name in the server's certificate, besides its address.
const NAME: &str = "localhost";

struct Database {
    folder: tempfile::TempDir,
    managed: ManagedPostgres,
    host: String,
    /// Another address of the server, which its certificate does not have.
    other_host: String,
}

impl Database {
    /// Starts a server that takes TCP connections with TLS only.
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        let process = std::process::id();
        let address = |network| format!("127.{network}.{}.{}", (process >> 8) & 0xff, (process & 0xff).max(1));
        let (host, other_host) = (address(83), address(84));
        let options = ManagedPostgresOptions { durable: false, ..ManagedPostgresOptions::default() };
        let managed = ManagedPostgres::start_with(path, &options).await.expect("starts");
        let pool = connect(managed.address(), 1).await.expect("a pool");
        for statement in [
            "create role shop login password 'secret'",
            "create role certified login",
            "create role guest login password 'secret'",
            "revoke connect on database shelfmark from public",
            "grant connect on database shelfmark to shop, certified",
        ] {
            sqlx::query(statement).execute(&pool).await.expect(statement);
        }
        pool.close().await;
        managed.stop().await.expect("stops");
        certificates(path, &host);
        let data = managed.cluster_folder().to_owned();
        drop(managed);
        for name in ["ca.crt", "server.crt", "server.key"] {
            give(&path.join(name), &data.join(name));
        }
        fs::write(
            data.join("pg_hba.conf"),
            "local all all trust\nhostssl all certified 127.0.0.0/8 cert\nhostssl all all 127.0.0.0/8 scram-sha-256\n",
        )
        .expect("written");
        let mut settings = File::options().append(true).open(data.join("postgresql.conf")).expect("there");
        let more = format!("listen_addresses = '{host},{other_host}'\nssl = on\nssl_ca_file = 'ca.crt'\n");
        settings.write_all(more.as_bytes()).expect("written");
        let managed = ManagedPostgres::start_with(path, &options).await.expect("starts with TLS");
        Self { folder, managed, host, other_host }
    }

    /// Returns an address, with a file of the test's folder for each `@`.
    fn url(&self, user: &str, database: &str, parameters: &str) -> String {
        let files = format!("{}/", self.folder.path().display());
        format!("postgres://{user}@{}/{database}?{}", self.host, parameters.replace('@', &files))
    }

    /// Whether a connection is encrypted.
    async fn encrypted(&self, user: &str, parameters: &str) -> bool {
        let url = self.url(user, "shelfmark", parameters);
        let pool = connect(&url, 1).await.unwrap_or_else(|error| panic!("{parameters}: {error:?}"));
        let encrypted = sqlx::query_scalar("select ssl from pg_stat_ssl where pid = pg_backend_pid()")
            .fetch_one(&pool)
            .await
            .expect("a row");
        pool.close().await;
        encrypted
    }

    /// Returns the error of a connection, which has to come at once, with all its causes.
    async fn refusal(&self, url: &str) -> (PostgresError, String) {
        let started = Instant::now();
        let error = connect(url, 1).await.expect_err(url);
        assert!(started.elapsed() < Duration::from_secs(10), "{url}: {error}");
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(next) = cause {
            text = format!("{text}: {next}");
            cause = next.source();
        }
        assert!(!text.contains("secret"), "{text}");
        (error, text)
    }
}

fn give(from: &Path, to: &Path) {
    fs::copy(from, to).expect("copied");
    fs::set_permissions(to, fs::Permissions::from_mode(0o600)).expect("set");
    let owner = fs::metadata(to.parent().expect("a folder")).expect("there");
    chown(to, Some(owner.uid()), Some(owner.gid())).expect("given");
}

/// Makes an authority, a certificate of the server and one of the role `certified`, and one that is nobody's authority.
fn certificates(folder: &Path, host: &str) {
    fs::write(folder.join("server.ext"), format!("subjectAltName=IP:{host},DNS:{NAME}\nbasicConstraints=CA:FALSE\n"))
        .expect("written");
    fs::write(folder.join("certified.ext"), "basicConstraints=CA:FALSE\n").expect("written");
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    for authority in ["ca", "stranger"] {
        openssl(
            folder,
            &format!("req -x509 {key} -days 2 -keyout {authority}.key -out {authority}.crt -subj /CN={authority}"),
        );
    }
    for name in ["server", "certified"] {
        openssl(folder, &format!("req {key} -keyout {name}.key -out {name}.csr -subj /CN={name}"));
        openssl(
            folder,
            &format!(
                "x509 -req -in {name}.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile {name}.ext \
                 -out {name}.crt"
            ),
        );
    }
}

fn openssl(folder: &Path, arguments: &str) {
    let output =
        Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output().expect("openssl is installed");
    assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn tls_is_as_the_address_says_and_permanent_errors_come_at_once() {
    let database = Database::start().await;
    modes(&database).await;
    refusals_of_tls(&database).await;
    refusals_of_postgres(&database).await;
    variables_fill_in_what_the_address_leaves_open(&database);
    database.managed.stop().await.expect("stops");
}

async fn modes(database: &Database) {
    for parameters in [
        "",
        "sslmode=prefer",
        "sslmode=require",
        "sslmode=require&sslrootcert=@ca.crt",
        "sslmode=verify-ca&sslrootcert=@ca.crt",
        "sslmode=verify-full&sslrootcert=@ca.crt",
    ] {
        assert!(database.encrypted("shop:secret", parameters).await, "{parameters}");
    }
    let own = "sslmode=verify-full&sslrootcert=@ca.crt&sslcert=@certified.crt&sslkey=@certified.key";
    assert!(database.encrypted("certified", own).await);
    // A name that is not in the certificate: `verify-ca` does not look at it.
    let url = database.url("shop:secret", "shelfmark", "sslmode=verify-ca&sslrootcert=@ca.crt");
    let other = url.replace(&database.host, &database.other_host);
    connect(&other, 1).await.expect("the chain is verified, and the name is not");
    let (error, text) = database.refusal(&other.replace("verify-ca", "verify-full")).await;
    assert!(matches!(error, PostgresError::Tls { .. }) && text.contains("subjectAltName"), "{text}");
    let pool = connect(&database.url("shop:secret", "shelfmark", "sslmode=require"), 2).await.expect("a pool");
    let listener = shelfmark_postgres::listen(&pool, "shelfmark_test").await;
    assert!(listener.is_ok(), "listeners use TLS too");
}

async fn refusals_of_tls(database: &Database) {
    for (parameters, says) in [
        ("sslmode=verify-ca", "sslrootcert"),
        ("sslmode=verify-full&sslrootcert=@stranger.crt", "sslrootcert"),
        ("sslmode=require&sslrootcert=@stranger.crt", "sslrootcert"),
        ("sslmode=verify-full&sslrootcert=system", "sslrootcert"),
    ] {
        let (error, text) = database.refusal(&database.url("shop:secret", "shelfmark", parameters)).await;
        assert!(matches!(error, PostgresError::Tls { .. }) && text.contains(says), "{parameters}: {text}");
    }
    let missing = database.url("shop:secret", "shelfmark", "sslmode=verify-full&sslrootcert=@missing.crt");
    let (error, text) = database.refusal(&missing).await;
    assert!(matches!(error, PostgresError::TlsFile { .. }) && text.contains("missing.crt"), "{text}");
    let (error, text) = database.refusal(&database.url("certified", "shelfmark", "sslmode=require")).await;
    assert!(matches!(error, PostgresError::Refused(_) | PostgresError::Tls { .. }), "{text}");
    assert!(text.contains("certificate"), "{text}");
}

async fn refusals_of_postgres(database: &Database) {
    for (user, name, parameters, says) in [
        ("shop:wrong-password", "shelfmark", "", "password authentication failed"),
        ("nobody-here:secret", "shelfmark", "", "password authentication failed"),
        ("shop:secret", "elsewhere", "", "database \"elsewhere\" does not exist"),
        ("guest:secret", "shelfmark", "", "permission denied for database"),
        ("shop:secret", "shelfmark", "sslmode=disable", "no encryption"),
        ("shop:secret", "shelfmark", "sslmode=allow", "no encryption"),
        ("shop:secret", "shelfmark", "options=-c%20no_such_setting%3D1", "no_such_setting"),
    ] {
        let (error, text) = database.refusal(&database.url(user, name, parameters)).await;
        assert!(matches!(error, PostgresError::Refused(_)) && text.contains(says), "{user} {name}: {text}");
    }
}

fn variables_fill_in_what_the_address_leaves_open(database: &Database) {
    let root = database.folder.path().join("ca.crt").display().to_string();
    let mut variables = vec![
        ("PGHOST", database.host.as_str()),
        ("PGUSER", "shop"),
        ("PGPASSWORD", "secret"),
        ("PGDATABASE", "shelfmark"),
        ("PGSSLMODE", "verify-full"),
        ("PGSSLROOTCERT", &root),
    ];
    let connected = "shop is connected, encrypted: true";
    let said = connect_with("postgres://", &variables);
    assert!(said.contains(connected), "{said}");
    // What the address says wins.
    let said = connect_with(&database.url("guest", "shelfmark", "sslmode=require"), &variables);
    assert!(said.contains("permission denied for database"), "{said}");
    // A misspelt mode is not taken for the default, which verifies nothing.
    variables.push(("PGSSLMODE", "verify_full"));
    let said = connect_with("postgres://", &variables);
    assert!(said.contains("verify_full") && said.contains("refused"), "{said}");
    // sqlx takes an empty variable for a file without a name.
    let said = connect_with(&database.url("shop", "shelfmark", "sslmode=require"), &[("PGSSLCERT", "")]);
    assert!(said.contains("sslcert") && said.contains("refused"), "{said}");
}
