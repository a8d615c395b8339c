//! TLS to the store of rate limits: whom it trusts is read once, at the start. Nothing here may know of Redis.

use std::fmt::Display;
use std::io;
use std::sync::Arc;

use bolt_core::policy::rate::StoreTls;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, version};

/// What opens encrypted streams to one host.
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
    host: String,
    port: u16,
}

impl Tls {
    /// Reads the files; a part of a sentence where they cannot be used.
    pub(super) fn new(plan: &StoreTls, host: &str, port: u16) -> Result<Self, String> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| "a host that no certificate can be of")?;
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots(plan)?);
        let config = match &plan.certfile {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let key = plan.keyfile.as_ref().unwrap_or(path);
                let private =
                    PrivateKeyDer::from_pem_file(key).map_err(|error| unusable("ssl_keyfile", key, &error))?;
                builder
                    .with_client_auth_cert(certificates("ssl_certfile", path)?, private)
                    .map_err(|error| unusable("ssl_certfile", path, &error))?
            }
        };
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name, host: host.to_owned(), port })
    }

    /// Opens a stream; its other end has proved to be the host.
    pub(super) async fn connect(&self) -> io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        self.connector.connect(self.name.clone(), stream).await
    }
}

/// Whom to trust: a file's certificates, or those of the system.
fn roots(plan: &StoreTls) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = &plan.ca_certs {
        for certificate in certificates("ssl_ca_certs", path)? {
            roots.add(certificate).map_err(|error| unusable("ssl_ca_certs", path, &error))?;
        }
        return Ok(roots);
    }
    // One that cannot be read is no reason to trust none of the others.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err("no certificates that this system trusts; install ca-certificates, or name a file in ssl_ca_certs"
            .to_owned());
    }
    Ok(roots)
}

fn certificates(option: &str, path: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| unusable(option, path, &error))?;
    if found.is_empty() {
        return Err(unusable(option, path, &"no certificate in PEM"));
    }
    Ok(found)
}

fn unusable(option: &str, path: &str, error: &dyn Display) -> String {
    format!("{option}={path}, which cannot be used: {error}")
}
