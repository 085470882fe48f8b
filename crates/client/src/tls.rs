//! TLS settings of connections to a service: rustls with ring, the system's certificates and those of a file.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem, pem::PemObject},
};

/// Errors of the certificates that are trusted.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file cannot be read as PEM.
    #[error("the file of certificates {} cannot be read", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the system, or of the format.
        source: pem::Error,
    },
    /// A certificate of the file is malformed.
    #[error("a certificate of the file {} is malformed", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The error.
        source: rustls::Error,
    },
    /// The file holds no certificate.
    #[error("the file of certificates {} holds none in PEM", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Neither the system nor a file has certificates.
    #[error("the system has no certificates of authorities: install ca-certificates, or name a file")]
    NoAuthorities,
    /// The provider lacks the usual versions of the protocol.
    #[error("TLS cannot be set up")]
    Setup(#[source] rustls::Error),
}

/// Makes the TLS settings. `ca_file` holds certificates of authorities in PEM, trusted beside the system's. Reads the
/// system's certificates, which takes some ten milliseconds.
pub fn tls_config(ca_file: Option<&Path>) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    let (mut taken, _malformed) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = ca_file {
        taken += add_file(&mut roots, path)?;
    }
    if taken == 0 {
        return Err(TlsError::NoAuthorities);
    }
    // The provider is named: the process's default depends on what else is compiled in.
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(TlsError::Setup)?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<usize, TlsError> {
    let unreadable = |source| TlsError::Unreadable { path: path.to_owned(), source };
    let mut taken = 0;
    for certificate in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
        let malformed = |source| TlsError::Malformed { path: path.to_owned(), source };
        roots.add(certificate.map_err(unreadable)?).map_err(malformed)?;
        taken += 1;
    }
    if taken == 0 { Err(TlsError::Empty { path: path.to_owned() }) } else { Ok(taken) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_rejected_by_name() {
        for path in ["/does/not/exist.pem", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")] {
            let error = tls_config(Some(Path::new(path))).expect_err("rejected").to_string();
            assert!(error.contains(path), "{error}");
        }
    }
}
