//! Origins of web pages, as browsers name them (RFC 6454).

use std::fmt;

use super::{FieldError, FieldResult};

/// Longest origin, in bytes.
const BYTES_MAX: usize = 300;

/// Origin of a page: scheme, host and port, such as `https://shop.example`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin(String);

impl Origin {
    /// Checks an origin as the `Origin` header has it: `http` or `https`, lower case, no path, no default port.
    ///
    /// Error: a [`FieldError`] of `field`.
    pub fn new(field: &str, text: &str) -> FieldResult<Self> {
        let refuse =
            |why: &str| FieldError::new(field, "invalid_value", format!("{why}, such as https://shop.example"));
        let (scheme, host) = text.split_once("://").ok_or_else(|| refuse("must be an origin with its scheme"))?;
        let default_port = match scheme {
            "https" => ":443",
            "http" => ":80",
            _ => return Err(refuse("must begin with https:// or http://")),
        };
        if text.len() > BYTES_MAX || host.is_empty() || !host.bytes().all(is_of_host) {
            return Err(refuse("must be scheme, host and port alone, in lower case"));
        }
        if host.ends_with(default_port) {
            return Err(refuse("must leave out the scheme's own port, as browsers do"));
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a byte may stand in a host with its port; international names are in their ASCII form.
fn is_of_host(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']')
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_what_browsers_send() {
        for good in ["https://shop.example", "http://localhost:3000", "https://a-b.example:8443", "http://[::1]:3000"] {
            assert!(Origin::new("origin", good).is_ok(), "{good}");
        }
        for bad in [
            "shop.example",
            "https://",
            "https://Shop.example",
            "https://shop.example/",
            "https://shop.example/a",
            "https://shop.example:443",
            "http://shop.example:80",
            "https://*.shop.example",
            "ftp://shop.example",
            "null",
            "*",
            "https://user@shop.example",
        ] {
            let error = Origin::new("origin", bad).expect_err(bad);
            assert_eq!((error.field.as_str(), error.code), ("origin", "invalid_value"));
        }
    }
}
