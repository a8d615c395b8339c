//! What a client is told of its limits: `RateLimit-Policy`, `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11) and
//! `Retry-After` (RFC 9110).

use std::fmt::Write;

use super::Standing;
use crate::plan::RateLimit;

const SECOND: u64 = 1_000_000_000;

/// The value of `RateLimit-Policy`, and the names by which `RateLimit` refers to its members.
pub fn policy_field(limits: &[RateLimit]) -> (String, Vec<String>) {
    let names: Vec<String> = limits.iter().map(|limit| quoted(&limit.bucket)).collect();
    let mut value = String::new();
    for (limit, name) in limits.iter().zip(&names) {
        separate(&mut value);
        let _ = write!(value, "{name};q={}", limit.requests);
        // The draft knows whole seconds alone.
        if limit.window >= 1.0 && limit.window.fract() == 0.0 {
            let _ = write!(value, ";w={}", limit.window);
        }
    }
    (value, names)
}

/// The value of `RateLimit`: what is left, and the seconds until it is more.
pub fn limit_field<'a>(standings: impl Iterator<Item = (&'a str, Standing)>) -> String {
    let mut value = String::with_capacity(48);
    let mut digits = itoa::Buffer::new();
    for (name, standing) in standings {
        separate(&mut value);
        value.push_str(name);
        value.push_str(";r=");
        value.push_str(digits.format(standing.remaining));
        if standing.next > 0 {
            value.push_str(";t=");
            value.push_str(digits.format(retry_after(standing)));
        }
    }
    value
}

/// Whole seconds until one more request may come.
pub fn retry_after(standing: Standing) -> u64 {
    standing.next.div_ceil(SECOND)
}

fn separate(value: &mut String) {
    if !value.is_empty() {
        value.push_str(", ");
    }
}

/// A String of RFC 9651, which has printable ASCII alone; other bytes are percent-encoded.
fn quoted(text: &str) -> String {
    let mut value = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => value.extend(['\\', char::from(byte)]),
            b' '..=b'~' => value.push(char::from(byte)),
            _ => {
                let _ = write!(value, "%{byte:02X}");
            }
        }
    }
    value.push('"');
    value
}
