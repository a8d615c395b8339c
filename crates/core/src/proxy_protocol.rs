//! The PROXY protocol, versions 1 and 2: what a proxy says of its client ahead of the first byte.
//!
//! Pure: bytes in, an address out; who may say it is not decided here.

use std::net::{IpAddr, SocketAddr};

/// Longest line of version 1, with its CRLF.
const LONGEST_LINE: usize = 107;
/// Most bytes behind version 2's fixed part: addresses and the fields that follow them.
const LONGEST_TAIL: usize = 4096;
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
const FIXED: usize = 16;

/// Most bytes that a header may have.
pub const LONGEST: usize = FIXED + LONGEST_TAIL;

/// What the bytes so far amount to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// The beginning of a header.
    Partial,
    /// A header of `length` bytes; `client`: `None` where the proxy speaks for itself.
    Complete {
        /// Bytes of the header.
        length: usize,
        /// Whose connection it is.
        client: Option<SocketAddr>,
    },
    /// No header of the PROXY protocol.
    Garbage,
}

/// Reads the header at the beginning of `bytes`.
pub fn read(bytes: &[u8]) -> Header {
    if bytes.starts_with(SIGNATURE) {
        return version_2(bytes);
    }
    if SIGNATURE.starts_with(bytes) {
        return Header::Partial;
    }
    if bytes.starts_with(b"PROXY ") || b"PROXY ".starts_with(bytes) {
        return version_1(bytes);
    }
    Header::Garbage
}

fn version_1(bytes: &[u8]) -> Header {
    let window = bytes.get(..LONGEST_LINE).unwrap_or(bytes);
    let Some(end) = window.windows(2).position(|pair| pair == b"\r\n") else {
        return if bytes.len() < LONGEST_LINE { Header::Partial } else { Header::Garbage };
    };
    let line = window.get(..end).and_then(|line| std::str::from_utf8(line).ok()).unwrap_or_default();
    let words: Vec<&str> = line.split(' ').collect();
    let client = match words.as_slice() {
        ["PROXY", "UNKNOWN", ..] => None,
        ["PROXY", family, source, target, from, to] => {
            let parsed = (source.parse::<IpAddr>(), target.parse::<IpAddr>(), port(from), port(to));
            let (Ok(source), Ok(target), Some(from), Some(_)) = parsed else { return Header::Garbage };
            let fits = match *family {
                "TCP4" => source.is_ipv4() && target.is_ipv4(),
                "TCP6" => source.is_ipv6() && target.is_ipv6(),
                _ => false,
            };
            if !fits {
                return Header::Garbage;
            }
            Some(SocketAddr::new(source, from))
        }
        _ => return Header::Garbage,
    };
    Header::Complete { length: end + 2, client }
}

fn port(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn version_2(bytes: &[u8]) -> Header {
    let Some(&[command, family, high, low]) = bytes.get(SIGNATURE.len()..FIXED) else { return Header::Partial };
    let tail = usize::from(u16::from_be_bytes([high, low]));
    if tail > LONGEST_TAIL || command >> 4 != 2 || command & 0xF > 1 {
        return Header::Garbage;
    }
    let Some(addresses) = bytes.get(FIXED..FIXED + tail) else { return Header::Partial };
    let local = command == 0x20;
    let client = match family {
        _ if local => None,
        0x11 => match source::<4>(addresses, 8) {
            Some((address, port)) => Some(SocketAddr::new(address.into(), port)),
            None => return Header::Garbage,
        },
        0x21 => match source::<16>(addresses, 32) {
            Some((address, port)) => Some(SocketAddr::new(address.into(), port)),
            None => return Header::Garbage,
        },
        // Unspecified, or a Unix socket: there is no address to tell.
        0x00 | 0x31 => None,
        _ => return Header::Garbage,
    };
    Header::Complete { length: FIXED + tail, client }
}

fn source<const LENGTH: usize>(addresses: &[u8], ports: usize) -> Option<([u8; LENGTH], u16)> {
    let address = addresses.first_chunk::<LENGTH>()?;
    let ports: &[u8; 4] = addresses.get(ports..)?.first_chunk()?;
    let [high, low, ..] = *ports;
    Some((*address, u16::from_be_bytes([high, low])))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &[u8] = b"PROXY TCP4 192.0.2.7 10.0.0.1 5000 80\r\n";

    fn binary(command: u8, family: u8, tail: &[u8]) -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([command, family]);
        bytes.extend(u16::try_from(tail.len()).unwrap_or(u16::MAX).to_be_bytes());
        bytes.extend(tail);
        bytes
    }

    fn client(bytes: &[u8]) -> Option<String> {
        match read(bytes) {
            Header::Complete { client, .. } => client.map(|client| client.to_string()),
            other => Some(format!("{other:?}")),
        }
    }

    #[test]
    fn both_versions_name_the_client() {
        assert_eq!(client(LINE).as_deref(), Some("192.0.2.7:5000"));
        assert_eq!(client(b"PROXY TCP6 2001:db8::1 ::1 1 2\r\nGET").as_deref(), Some("[2001:db8::1]:1"));
        assert_eq!(client(b"PROXY UNKNOWN\r\n"), None);
        let four = binary(0x21, 0x11, &[192, 0, 2, 7, 10, 0, 0, 1, 0x13, 0x88, 0, 80, 3, 0, 0]);
        assert_eq!(client(&four).as_deref(), Some("192.0.2.7:5000"));
        assert_eq!(client(&binary(0x20, 0x00, &[])), None);
        let mut tail = [0; 36];
        tail[15] = 1;
        tail[33] = 9;
        assert_eq!(client(&binary(0x21, 0x21, &tail)).as_deref(), Some("[::1]:9"));
    }

    #[test]
    fn every_truncation_is_partial_and_the_rest_is_left() {
        let four = binary(0x21, 0x11, &[1; 12]);
        for whole in [LINE, &four] {
            for cut in 0..whole.len() {
                assert_eq!(read(&whole[..cut]), Header::Partial, "{cut}");
            }
            let more = [whole, b"GET / HTTP/1.1\r\n"].concat();
            assert!(matches!(read(&more), Header::Complete { length, .. } if length == whole.len()));
        }
    }

    #[test]
    fn garbage_is_refused_as_soon_as_it_shows() {
        for garbage in [
            &b"GET / HTTP/1.1\r\n"[..],
            b"PROXY TCP4 ::1 10.0.0.1 1 2\r\n",
            b"PROXY TCP4 192.0.2.7 10.0.0.1 70000 2\r\n",
            b"PROXY TCP4 192.0.2.7 10.0.0.1 +1 2\r\n",
            b"PROXY TCP4  192.0.2.7 10.0.0.1 1 2\r\n",
            b"PROXY \xff\r\n",
            &[b"PROXY UNKNOWN ".as_slice(), &[b'x'; 100]].concat(),
            &binary(0x31, 0x11, &[1; 12]),
            &binary(0x22, 0x11, &[1; 12]),
            &binary(0x21, 0x11, &[1; 11]),
            &binary(0x21, 0x77, &[1; 12]),
            &binary(0x21, 0x11, &[1; LONGEST_TAIL + 1])[..FIXED],
        ] {
            assert_eq!(read(garbage), Header::Garbage, "{garbage:?}");
        }
    }
}
