//! What a request passes before its route: its target, its fields' names, whose it is, which host it asks for.
//!
//! Everything that settings decide is read when the application is compiled; the ordinary request allocates nothing.

use std::net::{IpAddr, SocketAddr};

use actix_http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_http::{HttpMessage, Request};
use bolt_core::plan::{Forwarded, ServerPlan};
use bolt_core::policy::{AllowedHosts, Proto, Told, TrustedProxies};

use crate::handler::seat::Seat;
use crate::listen::is_secure;
use crate::reply::Reply;

const FORWARDED: HeaderName = HeaderName::from_static("forwarded");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
pub(super) const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// Stands for the address of a server that has none; Python's `SERVER_NAME` is the same.
const NO_ADDRESS: &str = "unknown";

/// The settings that count before a route is known.
pub(crate) struct Door {
    hosts: AllowedHosts,
    proxies: TrustedProxies,
    forwarded: Forwarded,
    /// Django's `USE_X_FORWARDED_HOST`.
    use_host: bool,
    /// Django's `USE_X_FORWARDED_PORT`.
    use_port: bool,
    /// Longest target in bytes.
    url: usize,
    /// Most header fields; Actix's parser of HTTP/1.1 takes 96.
    fields: usize,
}

/// How the client reached a trusted proxy, kept with the request.
#[derive(Clone, Copy)]
struct Said(Proto);

/// What was decided about a request that comes twice: a second look would take the client for the peer.
struct Decided(Result<(), Reply>);

/// The scheme that the client used: what a trusted proxy said, or that of its own connection.
pub(crate) fn scheme(request: &Request) -> &'static str {
    let own = if is_secure(request) { "https" } else { "http" };
    request.extensions().get::<Said>().map_or(own, |said| said.0.scheme())
}

/// Lets a request in, or says why not. Behind it `peer_addr` is the client's.
pub(crate) fn enter(seat: &Seat, request: &mut Request) -> Result<(), Reply> {
    if request.head().expect()
        && let Some(Decided(decided)) = request.extensions_mut().remove::<Decided>()
    {
        return decided;
    }
    seat.app.door.check(request, *seat.server.borrow())
}

/// Looks at a request that will come again; true where it will be let in.
pub(crate) fn would_enter(seat: &Seat, request: &mut Request) -> bool {
    let decided = seat.app.door.check(request, *seat.server.borrow());
    let lets_in = decided.is_ok();
    request.extensions_mut().insert(Decided(decided));
    lets_in
}

impl Door {
    /// Reads a plan; a sentence where it cannot be kept.
    pub(crate) fn new(plan: &ServerPlan) -> Result<Self, String> {
        Ok(Self {
            hosts: AllowedHosts::new(&plan.hosts),
            proxies: TrustedProxies::parse(&plan.proxies.trusted)?,
            forwarded: plan.proxies.forwarded,
            use_host: plan.proxies.host,
            use_port: plan.proxies.port,
            url: plan.limits.url,
            fields: plan.limits.fields,
        })
    }

    /// Whose word on their clients is taken.
    pub(crate) fn proxies(&self) -> &TrustedProxies {
        &self.proxies
    }

    fn check(&self, request: &mut Request, server: Option<SocketAddr>) -> Result<(), Reply> {
        self.fields(request.headers())?;
        self.target(request)?;
        drop_underscored(request.headers_mut());
        let host = authority(request)?;
        if let Some(host) = host {
            request.headers_mut().insert(header::HOST, host);
        }
        self.client(request);
        self.host(request.headers(), server)
    }

    /// HTTP/2 sends one Cookie field in any number of pieces (RFC 9113, section 8.2.3).
    fn fields(&self, headers: &HeaderMap) -> Result<(), Reply> {
        let count = headers.len();
        if count <= self.fields || count - headers.get_all(header::COOKIE).count().saturating_sub(1) <= self.fields {
            return Ok(());
        }
        Err(Reply::detail(431, "Request Header Fields Too Large").closing())
    }

    /// What the client asks for has to be of a bearable length; its bytes were checked by the parser.
    fn target(&self, request: &Request) -> Result<(), Reply> {
        let uri = request.uri();
        let authority = uri.authority().map_or(0, |authority| authority.as_str().len());
        let length = authority + uri.path_and_query().map_or(0, |target| target.as_str().len());
        if length <= self.url {
            return Ok(());
        }
        Err(Reply::detail(414, &format!("expected a target of at most {} bytes, found {length}", self.url)).closing())
    }

    /// Finds the client behind trusted proxies; what others say of it is not handed on as true.
    fn client(&self, request: &mut Request) {
        let mut peer = request.peer_addr();
        if let Some(SocketAddr::V6(address)) = peer
            && let mapped @ IpAddr::V4(_) = address.ip().to_canonical()
        {
            peer = Some(SocketAddr::new(mapped, address.port()));
            request.head_mut().peer_addr = peer;
        }
        if !self.proxies.is_empty() && self.proxies.trusts(peer.map(|address| address.ip())) {
            self.believe(request);
            return;
        }
        // Django would take these from anybody.
        if self.use_host {
            request.headers_mut().remove(X_FORWARDED_HOST);
        }
        if self.use_port {
            request.headers_mut().remove(X_FORWARDED_PORT);
        }
    }

    fn believe(&self, request: &mut Request) {
        let (client, proto, host) = {
            let headers = request.headers();
            let said = |name: HeaderName| headers.get_all(name).map(|value| value.to_str().unwrap_or(""));
            let Told { client, proto, host } = match self.forwarded {
                Forwarded::XForwarded => {
                    self.proxies.x_forwarded(said(X_FORWARDED_FOR), said(X_FORWARDED_PROTO), said(X_FORWARDED_HOST))
                }
                Forwarded::Forwarded => self.proxies.forwarded(said(FORWARDED)),
            };
            (client, proto, host.filter(|_| self.use_host).map(HeaderValue::from_str))
        };
        if client.is_some() {
            request.head_mut().peer_addr = client;
        }
        if let Some(proto) = proto {
            request.extensions_mut().insert(Said(proto));
        }
        if self.use_host {
            // Django reads this field: it holds what is believed, or nothing.
            match host {
                Some(Ok(host)) => drop(request.headers_mut().insert(X_FORWARDED_HOST, host)),
                _ => drop(request.headers_mut().remove(X_FORWARDED_HOST)),
            }
        }
        if self.use_port && self.forwarded == Forwarded::Forwarded {
            request.headers_mut().remove(X_FORWARDED_PORT);
        }
    }

    /// Django's `get_host`.
    fn host(&self, headers: &HeaderMap, server: Option<SocketAddr>) -> Result<(), Reply> {
        let forwarded = if self.use_host { headers.get(X_FORWARDED_HOST) } else { None };
        if let Some(host) = forwarded.or_else(|| headers.get(header::HOST)) {
            return if self.hosts.allows(host.as_bytes()) { Ok(()) } else { Err(unfit()) };
        }
        // HTTP/1.0 may leave the host out: then it is the address that was connected to.
        let name = server.map_or_else(|| NO_ADDRESS.to_owned(), |address| address.ip().to_string());
        if self.hosts.allows(name.as_bytes()) { Ok(()) } else { Err(unfit()) }
    }
}

/// The host of a target that names one (every HTTP/2 request's does), where no field says the same.
fn authority(request: &Request) -> Result<Option<HeaderValue>, Reply> {
    let Some(authority) = request.uri().authority() else { return Ok(None) };
    match request.headers().get(header::HOST) {
        Some(host) if host.as_bytes().eq_ignore_ascii_case(authority.as_str().as_bytes()) => Ok(None),
        Some(_) => Err(Reply::detail(400, "the target and the Host field name different hosts").closing()),
        None => HeaderValue::from_str(authority.as_str()).map(Some).map_err(|_| unfit()),
    }
}

/// What was asked for is not repeated: it may be anything.
fn unfit() -> Reply {
    Reply::detail(400, "the host that was asked for is not in ALLOWED_HOSTS").closing()
}

/// Fields whose names would pass for others in `META` (`X_Real_Ip` for `X-Real-Ip`) are not there.
fn drop_underscored(headers: &mut HeaderMap) {
    let underscored = |name: &&HeaderName| name.as_str().contains('_');
    while let Some(name) = headers.keys().find(underscored).cloned() {
        headers.remove(name);
    }
}
