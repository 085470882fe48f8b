//! Addresses of stores, and settings of the connections to them.

use std::{fmt, str::FromStr, time::Duration};

use url::Url;

use crate::BackupError;

/// Address of a store: `s3://bucket/prefix`, `az://container/prefix`, `gs://bucket/prefix` or `file:///folder`. Shown
/// without a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreAddress(Url);

/// Settings of the connections to a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreSettings {
    /// Longest time of one request. Errors are repeated for at most twice as long.
    pub timeout: Duration,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(120) }
    }
}

impl FromStr for StoreAddress {
    type Err = BackupError;

    fn from_str(text: &str) -> Result<Self, BackupError> {
        let invalid = |address: &str, detail: &str| BackupError::Address {
            address: address.to_owned(),
            detail: detail.to_owned(),
        };
        let url = Url::parse(text).map_err(|error| {
            // What cannot be parsed may hold a secret: only its scheme is shown.
            let shown = text.split_once(':').map_or("...", |(scheme, _)| scheme);
            invalid(shown, &error.to_string())
        })?;
        let address = Self(url);
        let shown = address.to_string();
        if address.0.password().is_some() || address.0.query().is_some() {
            return Err(invalid(&shown, "keys do not belong into the address, set the store's variables instead"));
        }
        match (address.0.scheme(), address.0.host_str().unwrap_or_default()) {
            ("file", "") if address.0.path().len() > 1 => Ok(address),
            ("file", _) => Err(invalid(&shown, "a folder is written with three slashes, as in file:///var/backups")),
            ("s3" | "az" | "gs", "") => Err(invalid(&shown, "it names no bucket")),
            ("s3" | "az" | "gs", _) => Ok(address),
            _ => Err(invalid(&shown, "the scheme is not known")),
        }
    }
}

impl fmt::Display for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.0.scheme(), self.0.host_str().unwrap_or_default(), self.0.path())
    }
}

impl StoreAddress {
    /// Returns the address as it was read.
    pub(crate) const fn url(&self) -> &Url {
        &self.0
    }

    /// Returns the error of a store that cannot be used.
    pub(crate) fn unusable(&self, detail: &str) -> BackupError {
        BackupError::Address { address: self.to_string(), detail: detail.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_shown_without_secrets() {
        for good in ["s3://bucket/a/b", "az://container", "gs://bucket/x", "file:///var/backups"] {
            assert_eq!(good.parse::<StoreAddress>().expect(good).to_string(), good);
        }
        for bad in [
            "/var/backups",
            "ftp://host/x",
            "s3:///prefix",
            "file://host/x",
            "s3://user:hunter2@bucket/x",
            "s3://b?key=hunter2",
        ] {
            let error = bad.parse::<StoreAddress>().expect_err(bad).to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
