//! Address of a database: one that a user gives, or that of the service's own server.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

use super::error::PostgresError;
use super::socket;

/// Application name of sessions, unless the address or `PGAPPNAME` gives another.
const APPLICATION: &str = "shelfmark";

/// Address of a database.
///
/// What an address of a user leaves open is filled in from the variables of libpq (`PGHOST`, `PGUSER`, `PGPASSWORD`,
/// `PGSSLMODE` and so on), `PGPASSFILE` and `~/.pgpass`. The address of the service's own server takes nothing from
/// them but `PGOPTIONS`, which sqlx reads and gives no way to clear; the program starts itself again without it.
///
/// Not `Debug`: an address may hold a password.
#[derive(Clone)]
pub struct DatabaseAddress(Kind);

#[derive(Clone)]
enum Kind {
    Given(String),
    /// The folder of the socket, and the database.
    Own(PathBuf, &'static str),
}

impl From<&str> for DatabaseAddress {
    fn from(url: &str) -> Self {
        Self(Kind::Given(url.to_owned()))
    }
}

impl From<&String> for DatabaseAddress {
    fn from(url: &String) -> Self {
        Self::from(url.as_str())
    }
}

impl DatabaseAddress {
    /// Returns the address of `database` on the service's own server, whose socket is in `socket_folder`.
    pub(super) fn own(socket_folder: &Path, database: &'static str) -> Self {
        Self(Kind::Own(socket_folder.to_owned(), database))
    }

    /// Whether the server is one of a user's, which may be behind a pooler.
    pub(super) fn is_given(&self) -> bool {
        matches!(self.0, Kind::Given(_))
    }

    /// Returns the options of connections to this address. Errors: [`PostgresError::Url`], and
    /// [`PostgresError::TlsFile`] when a file that TLS needs cannot be opened.
    pub(super) fn options(&self) -> Result<PgConnectOptions, PostgresError> {
        let options = match &self.0 {
            Kind::Own(folder, database) => own_options(folder, database),
            Kind::Given(text) => given_options(text)?,
        };
        // Since Postgres 12 the server's own default prints floats exactly. Poolers refuse the parameter.
        Ok(options.extra_float_digits(None))
    }
}

fn own_options(folder: &Path, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(folder)
        .host("localhost")
        .port(socket::PORT)
        .username(socket::USER)
        .password("")
        .database(database)
        .ssl_mode(PgSslMode::Disable)
        .application_name(APPLICATION)
}

fn given_options(text: &str) -> Result<PgConnectOptions, PostgresError> {
    let refused = |said: String| PostgresError::Url(sqlx::Error::Configuration(said.into()));
    let url: Url = text.parse().map_err(|error: url::ParseError| refused(error.to_string()))?;
    if !["postgres", "postgresql"].contains(&url.scheme()) {
        return Err(refused(format!("its scheme is {:?}", url.scheme())));
    }
    let parameters = Parameters { url: &url, variable: of_environment };
    let named_mode = parameters.get(&["sslmode", "ssl-mode"], "PGSSLMODE");
    // sqlx takes a variable that it cannot read for "prefer", which would be TLS without verification.
    if let Some(mode) = &named_mode
        && mode.parse::<PgSslMode>().is_err()
    {
        return Err(refused(format!(
            "sslmode {mode:?} is none of disable, allow, prefer, require, verify-ca, verify-full"
        )));
    }
    let mut options: PgConnectOptions = text.parse().map_err(PostgresError::Url)?;
    if options.get_application_name().is_none() {
        options = options.application_name(APPLICATION);
    }
    if options.get_socket().is_some() || options.get_host().starts_with('/') {
        // As libpq does: a socket of this machine has no TLS.
        return Ok(options.ssl_mode(PgSslMode::Disable));
    }
    // An address of IPv6 stands in brackets in a URL, and without them in a certificate.
    let host = options.get_host().trim_matches(['[', ']']).to_owned();
    options = options.host(&host);
    secured(options, &parameters)
}

/// Sets what libpq does and sqlx does not: `sslrootcert=system` verifies fully with the system's certificates, and
/// `require` with a root certificate verifies the chain. Files that TLS reads are tried here, to name the missing one.
fn secured(mut options: PgConnectOptions, parameters: &Parameters<'_>) -> Result<PgConnectOptions, PostgresError> {
    let root = parameters.get(&["sslrootcert", "ssl-root-cert", "ssl-ca"], "PGSSLROOTCERT");
    let mut files = Vec::new();
    match (root.as_deref(), options.get_ssl_mode()) {
        (Some("system"), _) => {
            options = options.ssl_mode(PgSslMode::VerifyFull).ssl_root_cert_from_pem(Vec::new());
        }
        (Some(_), PgSslMode::Require) => options = options.ssl_mode(PgSslMode::VerifyCa),
        // An empty variable counts as none.
        (None, _) => options = options.ssl_root_cert_from_pem(Vec::new()),
        (Some(_), _) => {}
    }
    let mode = options.get_ssl_mode();
    if matches!(mode, PgSslMode::VerifyCa | PgSslMode::VerifyFull) && root.as_deref() != Some("system") {
        files.push(("sslrootcert", root));
    }
    if !matches!(mode, PgSslMode::Disable | PgSslMode::Allow) {
        // sqlx reads these even from an empty variable.
        files.push(("sslcert", parameters.raw(&["sslcert", "ssl-cert"], "PGSSLCERT")));
        files.push(("sslkey", parameters.raw(&["sslkey", "ssl-key"], "PGSSLKEY")));
    }
    for (parameter, file) in files {
        let file = file.filter(|file| !file.trim_start().starts_with("-----BEGIN"));
        if let Some(path) = file.map(PathBuf::from) {
            // Reading, since a folder can be opened.
            std::fs::read(&path).map_err(|source| PostgresError::TlsFile { parameter, path, source })?;
        }
    }
    Ok(options)
}

/// Parameters of an address, which variables fill in.
struct Parameters<'a> {
    url: &'a Url,
    variable: fn(&str) -> Option<String>,
}

fn of_environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl Parameters<'_> {
    /// Returns the value of a parameter, unless it is empty.
    fn get(&self, names: &[&str], variable: &str) -> Option<String> {
        self.raw(names, variable).filter(|value| !value.is_empty())
    }

    /// Returns the last value of a parameter under any of its names, else the variable's.
    fn raw(&self, names: &[&str], variable: &str) -> Option<String> {
        let named = self.url.query_pairs().filter(|(name, _)| names.contains(&name.as_ref())).last();
        let value = named.map(|(_, value): (Cow<'_, str>, Cow<'_, str>)| value.into_owned());
        value.or_else(|| (self.variable)(variable))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode_of(url: &str) -> PgSslMode {
        DatabaseAddress::from(url).options().expect("an address").get_ssl_mode()
    }

    #[test]
    fn the_mode_of_tls_is_that_of_the_address_and_a_socket_has_none() {
        assert!(matches!(mode_of("postgres://shop@db.example/shop?sslmode=require"), PgSslMode::Require));
        assert!(matches!(mode_of("postgresql://db.example/shop?sslmode=verify-full"), PgSslMode::VerifyFull));
        assert!(matches!(mode_of("postgres:///shop?host=/run/postgresql&sslmode=require"), PgSslMode::Disable));
        assert!(matches!(mode_of("postgres://%2Frun%2Fpostgresql/shop?sslmode=require"), PgSslMode::Disable));
        assert!(matches!(
            mode_of("postgres://db.example/shop?sslmode=require&sslrootcert=system"),
            PgSslMode::VerifyFull
        ));
        assert!(matches!(mode_of("postgres://db.example/shop?sslrootcert=system"), PgSslMode::VerifyFull));
    }

    #[test]
    fn a_root_certificate_makes_require_verify_and_has_to_exist() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("root.crt");
        let url = format!("postgres://db.example/shop?sslmode=require&sslrootcert={}", file.display());
        let error = DatabaseAddress::from(&url).options().expect_err("no such file");
        assert!(error.to_string().contains("sslrootcert") && error.to_string().contains("root.crt"), "{error}");
        std::fs::write(&file, "").expect("written");
        assert!(matches!(mode_of(&url), PgSslMode::VerifyCa));
    }

    #[test]
    fn an_address_in_brackets_loses_them() {
        let options = DatabaseAddress::from("postgres://[::1]:5433/shop").options().expect("an address");
        assert_eq!((options.get_host(), options.get_port()), ("::1", 5433));
    }

    #[test]
    fn what_is_no_address_of_postgres_is_refused() {
        for wrong in ["shop", "mysql://db.example/shop", "postgres://db.example/shop?sslmode=verify_full"] {
            let error = DatabaseAddress::from(wrong).options().expect_err(wrong);
            assert!(matches!(error, PostgresError::Url(_)), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_parameter_wins_over_its_variable_and_an_empty_variable_counts_as_none() {
        let url: Url = "postgres://db.example/shop?sslmode=disable&sslmode=require".parse().expect("an address");
        let variable: fn(&str) -> Option<String> = |name| match name {
            "PGSSLMODE" => Some("verify-full".to_owned()),
            "PGSSLCERT" => Some("client.crt".to_owned()),
            _ => Some(String::new()),
        };
        let parameters = Parameters { url: &url, variable };
        assert_eq!(parameters.get(&["sslmode"], "PGSSLMODE").as_deref(), Some("require"));
        assert_eq!(parameters.get(&["sslcert"], "PGSSLCERT").as_deref(), Some("client.crt"));
        assert_eq!(parameters.get(&["sslkey"], "PGSSLKEY"), None);
    }
}
