//! First connection to a database: waits for one that is not there yet, and tells at once what waiting cannot mend.

use std::io::ErrorKind;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, Error};
use tokio::time::{Instant, timeout};

use super::error::PostgresError;

/// Time limit of the first connection: in a container setup the database may start after the service.
pub(super) const CONNECT_SECONDS_MAX: u64 = 30;
/// Time limit of one attempt.
const ATTEMPT_MAX: Duration = Duration::from_secs(10);
/// Pause between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(250);
/// Pause between two lines of the log about waiting.
const LOG_PAUSE: Duration = Duration::from_secs(5);

/// Opens a connection, trying for at most 30 s.
///
/// Errors: [`PostgresError::Unreachable`] after that time. At once, when waiting does not help:
/// [`PostgresError::Refused`], [`PostgresError::Tls`] and [`PostgresError::NotPostgres`].
pub(super) async fn connect(options: &PgConnectOptions) -> Result<PgConnection, PostgresError> {
    let start = Instant::now();
    let limit = Duration::from_secs(CONNECT_SECONDS_MAX);
    let mut next_line = start;
    loop {
        let source = match timeout(ATTEMPT_MAX, PgConnection::connect_with(options)).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) => error,
            Err(_) => Error::Io(ErrorKind::TimedOut.into()),
        };
        let source = match permanent(source, is_socket(options)) {
            Ok(error) => return Err(error),
            Err(source) => source,
        };
        let waited = start.elapsed();
        if waited >= limit {
            return Err(PostgresError::Unreachable { seconds: CONNECT_SECONDS_MAX, source });
        }
        if Instant::now() >= next_line {
            next_line = Instant::now() + LOG_PAUSE;
            let (at, seconds) = (place(options), (limit - waited).as_secs());
            tracing::warn!(
                database = %at,
                error = %source,
                "postgres.waiting: {at} cannot be reached yet, trying for {seconds} s more"
            );
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn is_socket(options: &PgConnectOptions) -> bool {
    options.get_socket().is_some() || options.get_host().starts_with('/')
}

/// Returns host and port, or the folder of the socket, without user and password.
fn place(options: &PgConnectOptions) -> String {
    match options.get_socket() {
        Some(folder) => folder.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    }
}

/// Returns the error to report when waiting cannot help, else the cause of the failed attempt.
fn permanent(source: Error, socket: bool) -> Result<PostgresError, Error> {
    if let Error::Database(refusal) = &source {
        let code = refusal.code().unwrap_or_default();
        return match may_pass(&code, refusal.message()) {
            true => Err(source),
            false => Ok(PostgresError::Refused(source)),
        };
    }
    let kind = if let Error::Io(failure) = &source { Some(failure.kind()) } else { None };
    // rustls's own errors come as invalid data.
    let is_tls =
        matches!(source, Error::Tls(_) | Error::Configuration(_)) || (kind == Some(ErrorKind::InvalidData) && !socket);
    if is_tls {
        Ok(tls(source))
    } else if kind == Some(ErrorKind::PermissionDenied) {
        Ok(PostgresError::Refused(source))
    } else if matches!(source, Error::Protocol(_)) {
        Ok(PostgresError::NotPostgres(source))
    } else {
        Err(source)
    }
}

/// Whether a refusal by the server may pass: it starts or ends, lacks resources, or an object is in use. Everything
/// else (no such database or role, a wrong password, no entry in pg_hba.conf, unknown settings) stays.
fn may_pass(code: &str, message: &str) -> bool {
    // Poolers say so of everything: of what is wrong with us, and of a server behind them that is not there.
    if code == "08P01" {
        return ["server", "shut", "no more connections", "timeout"].iter().any(|word| message.contains(word));
    }
    ["08", "40", "53", "55006", "57", "58", "XX"].iter().any(|class| code.starts_with(class))
}

fn tls(source: Error) -> PostgresError {
    let said = source.to_string();
    let hint = [
        ("does not support TLS", ": the address demands TLS (sslmode), and the server offers none"),
        ("UnknownIssuer", ": name the certificate of the server's authority with sslrootcert"),
        (
            "CaUsedAsEndEntity",
            ": the server shows the certificate of an authority as its own. Give it one with basicConstraints \
             CA:FALSE and its name as subjectAltName",
        ),
        (
            "not valid for",
            ": the certificate does not have the host's name as subjectAltName; connect by a name that it has, or \
             use sslmode=verify-ca",
        ),
        ("NotValidForName", ": the certificate does not have the host's name as subjectAltName"),
        ("ertificateRequired", ": the server wants a client's certificate, sslcert and sslkey"),
    ];
    let hint = hint.iter().find(|(word, _)| said.contains(word)).map_or("", |(_, hint)| *hint);
    PostgresError::Tls { hint, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_starts_is_waited_for_and_a_wrong_password_is_not() {
        for code in ["57P03", "53300", "55006", "08006", "XX000"] {
            assert!(may_pass(code, ""), "{code}");
        }
        for code in ["28P01", "28000", "3D000", "42501", "42704", "22023", "0A000", ""] {
            assert!(!may_pass(code, ""), "{code}");
        }
        assert!(may_pass("08P01", "pgbouncer cannot connect to server"));
        assert!(!may_pass("08P01", "no such database: shop"));
        assert!(!may_pass("08P01", "unsupported startup parameter: options"));
    }

    #[test]
    fn a_missing_server_is_waited_for_and_what_speaks_another_protocol_is_not() {
        for kind in [ErrorKind::ConnectionRefused, ErrorKind::NotFound, ErrorKind::TimedOut, ErrorKind::UnexpectedEof] {
            assert!(permanent(Error::Io(kind.into()), true).is_err(), "{kind}");
        }
        assert!(permanent(Error::Io(ErrorKind::InvalidData.into()), false).is_ok());
        assert!(permanent(Error::Protocol("unexpected response from SSLRequest: 0x48".into()), false).is_ok());
    }
}
