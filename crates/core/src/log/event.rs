//! What is told of one request.

use std::io::Write;
use std::net::IpAddr;
use std::time::Duration;

/// One request and how it was answered. Fields that may hold credentials (`Authorization`, `Cookie`) have no place here.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// Who asked; `None` where there is no address (a Unix socket).
    pub client: Option<IpAddr>,
    /// The method.
    pub method: &'a str,
    /// The path as it came.
    pub path: &'a str,
    /// The query string as it came.
    pub query: Option<&'a str>,
    /// `HTTP/1.1` and its like.
    pub version: &'static str,
    /// The status of the answer.
    pub status: u16,
    /// Bytes of its body; `None` where that is not known.
    pub bytes: Option<u64>,
    /// The page that led here.
    pub referer: Option<&'a [u8]>,
    /// The client's program.
    pub user_agent: Option<&'a [u8]>,
    /// From the end of the head to the answer.
    pub duration: Duration,
    /// The request's id.
    pub request_id: &'a [u8],
}

/// Appends an address.
pub(super) fn address(out: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            super::number(out, a);
            for octet in [b, c, d] {
                out.push(b'.');
                super::number(out, octet);
            }
        }
        // Writing to a Vec cannot fail.
        IpAddr::V6(v6) => drop(write!(out, "{v6}")),
    }
}
