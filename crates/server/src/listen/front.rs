//! What comes ahead of HTTP on a connection: the PROXY protocol, TLS, and which HTTP it is.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_http::Protocol;
use bolt_core::proxy_protocol::{self, Header};
use tokio::time::timeout;

use super::patience;
use super::socket::{Client, Plain};
use super::tls::H2;
use crate::app::Compiled;

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// What a client that knows the server to speak HTTP/2 sends first (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How connections begin.
pub(super) struct Front {
    app: Arc<Compiled>,
    /// Whether the PROXY protocol is spoken.
    proxied: bool,
    http2: bool,
    idle: Duration,
}

impl Front {
    pub(super) fn new(app: &Arc<Compiled>) -> Self {
        let plan = &app.server;
        Self {
            app: Arc::clone(app),
            proxied: plan.proxies.protocol,
            http2: plan.http2.is_some(),
            idle: patience(plan.deadlines.idle),
        }
    }

    /// Gets a connection as far as its first request; `None`: it is to be closed.
    pub(super) async fn begin(
        &self,
        mut stream: Plain,
        mut peer: Option<SocketAddr>,
    ) -> Option<(Client, Protocol, Option<SocketAddr>)> {
        let trusted = self.app.door.proxies();
        if self.proxied && (trusted.is_empty() || trusted.trusts(peer.map(|address| address.ip().to_canonical()))) {
            let client = timeout(self.idle, told(&mut stream)).await.ok()??;
            peer = client.or(peer);
        }
        if let Some(tls) = &self.app.tls {
            let stream = timeout(HANDSHAKE, tls.accept(stream)).await.ok()?.ok()?;
            let protocol =
                if stream.get_ref().1.alpn_protocol() == Some(H2) { Protocol::Http2 } else { Protocol::Http1 };
            return Some((Client::Tls(Box::new(stream)), protocol, peer));
        }
        let protocol = if self.http2 { timeout(self.idle, sniffed(&mut stream)).await.ok()?? } else { Protocol::Http1 };
        Some((Client::Plain(stream), protocol, peer))
    }
}

/// What the PROXY protocol's header says; the outer `None`: there is none.
async fn told(stream: &mut Plain) -> Option<Option<SocketAddr>> {
    loop {
        match proxy_protocol::read(stream.head()) {
            Header::Complete { length, client } => {
                stream.skip(length);
                return Some(client);
            }
            Header::Partial if stream.head().len() < proxy_protocol::LONGEST => {}
            Header::Partial | Header::Garbage => return None,
        }
        if !stream.look().await.ok()? {
            return None;
        }
    }
}

/// Which HTTP the first bytes are; `None`: the client left before it said.
async fn sniffed(stream: &mut Plain) -> Option<Protocol> {
    loop {
        let head = stream.head();
        if head.starts_with(PREFACE) {
            return Some(Protocol::Http2);
        }
        if !PREFACE.starts_with(head) {
            return Some(Protocol::Http1);
        }
        if !stream.look().await.ok()? {
            return (!stream.head().is_empty()).then_some(Protocol::Http1);
        }
    }
}
