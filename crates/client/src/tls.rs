//! TLS of connections to a service: rustls with ring, the system's certificates and those of a file.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::ClientError;

/// The settings of TLS. `ca_file` holds more certificates of authorities, in PEM, beside the system's.
pub fn tls_config(ca_file: Option<&Path>) -> Result<ClientConfig, ClientError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    let (mut taken, _unreadable) = roots.add_parsable_certificates(system.certs);
    if let Some(path) = ca_file {
        let refuse =
            |error: &dyn std::fmt::Display| ClientError::Setup(format!("--ca-file {}: {error}", path.display()));
        let certificates = CertificateDer::pem_file_iter(path).map_err(|error| refuse(&error))?;
        let before = taken;
        for certificate in certificates {
            roots.add(certificate.map_err(|error| refuse(&error))?).map_err(|error| refuse(&error))?;
            taken += 1;
        }
        if taken == before {
            return Err(refuse(&"it holds no certificate in PEM"));
        }
    }
    if taken == 0 {
        let detail = "the system has no certificates of authorities: install ca-certificates, or give --ca-file";
        return Err(ClientError::Setup(detail.to_owned()));
    }
    // Named, not the process's default: which one that is must not depend on what else is compiled in.
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| ClientError::Setup(format!("TLS: {error}")))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_refused_by_name() {
        for path in ["/does/not/exist.pem", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")] {
            let error = tls_config(Some(Path::new(path))).expect_err("refused").to_string();
            assert!(error.contains("--ca-file") && error.contains(path), "{error}");
        }
    }
}
