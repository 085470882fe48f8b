//! TLS in front of a service: certificates of tests, and a proxy that ends it.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

fn file(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "support", "tls", name].iter().collect()
}

/// The certificate of the authority that signed the proxy's.
pub fn authority() -> String {
    file("authority.pem").to_str().expect("a path").to_owned()
}

/// Listens with TLS and passes everything on to `service`. Ends when it is dropped.
pub async fn proxy(service: SocketAddr) -> (u16, JoinSet<()>) {
    let chain = CertificateDer::pem_file_iter(file("certificate.pem")).expect("there");
    let chain = chain.collect::<Result<Vec<_>, _>>().expect("certificates");
    let key = PrivateKeyDer::from_pem_file(file("key.pem")).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().expect("versions").with_no_client_auth();
    let acceptor = TlsAcceptor::from(Arc::new(config.with_single_cert(chain, key).expect("they fit")));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            connections.spawn(async move {
                // A client that does not trust the certificate ends here.
                let Ok(mut client) = acceptor.accept(stream).await else { return };
                let mut service = TcpStream::connect(service).await.expect("it listens");
                let _however_it_ends = copy_bidirectional(&mut client, &mut service).await;
            });
        }
    });
    (port, tasks)
}
