//! TLS by rustls: a certificate and its key from PEM files; nothing here may know of HTTP beyond its ALPN names.

use std::path::Path;
use std::sync::Arc;

use bolt_core::plan::ServerPlan;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, version};

/// ALPN's name of HTTP/2.
pub(super) const H2: &[u8] = b"h2";

/// What hands out encrypted streams, where there is a certificate; `Err`: what is wrong with its files.
pub(crate) fn acceptor(plan: &ServerPlan) -> Result<Option<TlsAcceptor>, String> {
    let Some(tls) = &plan.tls else { return Ok(None) };
    let (certificate, key) = (tls.certificate.as_str(), tls.key.as_str());
    let wrong = |path: &str, error: &dyn std::fmt::Display| format!("Cannot use {path} for TLS: {error}.");
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(Path::new(certificate))
        .and_then(Iterator::collect)
        .map_err(|error| wrong(certificate, &error))?;
    if chain.is_empty() {
        return Err(wrong(certificate, &"expected a certificate in PEM, found none"));
    }
    let private = PrivateKeyDer::from_pem_file(Path::new(key)).map_err(|error| wrong(key, &error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
        .map_err(|error| wrong(certificate, &error))?;
    let names: &[&[u8]] = if plan.http2.is_some() { &[H2, b"http/1.1"] } else { &[b"http/1.1"] };
    config.alpn_protocols = names.iter().map(|name| name.to_vec()).collect();
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}
