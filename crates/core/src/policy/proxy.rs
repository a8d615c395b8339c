//! What trusted proxies say of their clients, and how much of it is believed; nothing here may read a request.

mod element;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// Whose word on their clients is taken.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    unix: bool,
}

/// What is believed of what proxies said; `None`: nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told<'a> {
    /// Nearest address that is no trusted proxy's; its port is 0 where none was told.
    pub client: Option<SocketAddr>,
    /// How the client reached the outermost trusted proxy.
    pub proto: Option<Proto>,
    /// Which host it asked for.
    pub host: Option<&'a str>,
}

/// How a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proto {
    /// Open.
    Http,
    /// Encrypted.
    Https,
}

/// One hop, as a proxy names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Node {
    /// An address, its port 0 where none is told.
    Known(SocketAddr),
    /// `unknown`, an obfuscated name, or nothing that could be read.
    Hidden,
}

impl Proto {
    /// The scheme of a URL.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let is = |name: &str| text.eq_ignore_ascii_case(name);
        if is("https") || is("wss") {
            Some(Self::Https)
        } else if is("http") || is("ws") {
            Some(Self::Http)
        } else {
            None
        }
    }
}

impl Node {
    /// Reads `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
    pub fn parse(text: &str) -> Self {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Self::known(address, 0);
        }
        let bracketed = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let (address, port) = if let Some((address, port)) = bracketed {
            (address.parse().map(IpAddr::V6), port)
        } else {
            let (address, port) = text.split_at(text.find(':').unwrap_or(text.len()));
            (address.parse().map(IpAddr::V4), port)
        };
        match (address, port.strip_prefix(':')) {
            (Ok(address), None) if port.is_empty() => Self::known(address, 0),
            (Ok(address), Some(port)) if is_port(port) => Self::known(address, port.parse().unwrap_or(0)),
            _ => Self::Hidden,
        }
    }

    fn known(address: IpAddr, port: u16) -> Self {
        Self::Known(SocketAddr::new(address.to_canonical(), port))
    }
}

/// Digits, or an obfuscated port (RFC 7239 6).
fn is_port(text: &str) -> bool {
    let digits = (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits || (text.len() > 1 && text.starts_with('_'))
}

impl TrustedProxies {
    /// Reads addresses, networks and `unix`.
    ///
    /// # Errors
    /// A sentence on what is none of them.
    pub fn parse(trusted: &[String]) -> Result<Self, String> {
        let mut proxies = Self::default();
        for text in trusted {
            if text == "unix" {
                proxies.unix = true;
                continue;
            }
            let network = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
            proxies.networks.push(network.ok_or_else(|| format!("{text:?} is no address and no network"))?);
        }
        Ok(proxies)
    }

    /// True when nobody is believed.
    pub fn is_empty(&self) -> bool {
        self.networks.is_empty() && !self.unix
    }

    /// Whether a peer is believed; `None` is the peer of a Unix socket, which has no address.
    pub fn trusts(&self, peer: Option<IpAddr>) -> bool {
        match peer.map(|address| address.to_canonical()) {
            Some(address) => self.networks.iter().any(|network| network.contains(&address)),
            None => self.unix,
        }
    }

    /// What a trusted peer's `X-Forwarded-*` fields say, each a list in the order in which it came.
    pub fn x_forwarded<'a>(
        &self,
        nodes: impl Iterator<Item = &'a str>,
        protos: impl Iterator<Item = &'a str>,
        hosts: impl Iterator<Item = &'a str>,
    ) -> Told<'a> {
        let mut client = None;
        for text in nodes.flat_map(|value| value.split(',')) {
            client = self.nearest(client, Node::parse(text.trim()));
        }
        Told { client, proto: unanimous(protos).and_then(Proto::parse), host: unanimous(hosts) }
    }

    /// What a trusted peer's `Forwarded` fields (RFC 7239) say; nothing where one of them is malformed.
    pub fn forwarded<'a>(&self, values: impl Iterator<Item = &'a str>) -> Told<'a> {
        let mut told: Option<Told<'a>> = None;
        for value in values {
            for element in element::elements(value) {
                let Some(element) = element else { return Told::default() };
                let node = element.node.map_or(Node::Hidden, Node::parse);
                told = Some(match told {
                    Some(told) if self.is_trusted(node) => Told { client: self.nearest(told.client, node), ..told },
                    _ => Told {
                        client: self.nearest(None, node),
                        proto: element.proto.and_then(Proto::parse),
                        host: element.host,
                    },
                });
            }
        }
        told.unwrap_or_default()
    }

    fn is_trusted(&self, node: Node) -> bool {
        matches!(node, Node::Known(address) if self.trusts(Some(address.ip())))
    }

    /// The client as known after one more hop towards the server.
    ///
    /// Who is not trusted may have written everything before; behind a hidden node the next hop is the nearest known.
    fn nearest(&self, client: Option<SocketAddr>, node: Node) -> Option<SocketAddr> {
        match node {
            Node::Hidden => None,
            Node::Known(address) if self.is_trusted(node) => client.or(Some(address)),
            Node::Known(address) => Some(address),
        }
    }
}

/// The one value that all of them say.
fn unanimous<'a>(values: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut values = values.flat_map(|value| value.split(',')).map(str::trim);
    let first = values.next().filter(|value| !value.is_empty())?;
    values.all(|value| value.eq_ignore_ascii_case(first)).then_some(first)
}
