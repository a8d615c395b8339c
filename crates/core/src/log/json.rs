//! One JSON object a line; what has no value is null.

use std::time::Duration;

use super::event::{Event, address};
use super::mask::Mask;
use super::{FIELD, TARGET, escape, milliseconds, number, three_digits};

pub(super) fn request(out: &mut Vec<u8>, event: &Event<'_>, mask: &Mask, second: &str, now: Duration) {
    time(out, second, now);
    out.extend_from_slice(b",\"client\":");
    match event.client {
        Some(client) => {
            out.push(b'"');
            address(out, client);
            out.push(b'"');
        }
        None => out.extend_from_slice(b"null"),
    }
    text(out, b",\"method\":", Some(event.method.as_bytes()), FIELD);
    text(out, b",\"path\":", Some(event.path.as_bytes()), TARGET);
    let query = event.query.map(|query| mask.query(query.as_bytes()));
    text(out, b",\"query\":", query.as_deref(), TARGET.saturating_sub(event.path.len()));
    text(out, b",\"protocol\":", Some(event.version.as_bytes()), FIELD);
    out.extend_from_slice(b",\"status\":");
    number(out, event.status);
    out.extend_from_slice(b",\"bytes\":");
    match event.bytes {
        Some(bytes) => number(out, bytes),
        None => out.extend_from_slice(b"null"),
    }
    text(out, b",\"referer\":", event.referer.map(|referer| mask.url(referer)).as_deref(), FIELD);
    text(out, b",\"user_agent\":", event.user_agent, FIELD);
    out.extend_from_slice(b",\"duration_ms\":");
    milliseconds(out, event.duration);
    text(out, b",\"request_id\":", Some(event.request_id), FIELD);
    out.extend_from_slice(b"}\n");
}

pub(super) fn dropped(out: &mut Vec<u8>, count: u64, second: &str, now: Duration) {
    time(out, second, now);
    out.extend_from_slice(b",\"dropped\":");
    number(out, count);
    out.extend_from_slice(b"}\n");
}

/// The start of an object: `{"time":"2026-11-23T11:06:52.123Z"`.
fn time(out: &mut Vec<u8>, second: &str, now: Duration) {
    out.extend_from_slice(b"{\"time\":\"");
    out.extend_from_slice(second.as_bytes());
    out.push(b'.');
    three_digits(out, u64::from(now.subsec_millis()));
    out.extend_from_slice(b"Z\"");
}

/// A key as it is written, and text or null.
fn text(out: &mut Vec<u8>, key: &[u8], value: Option<&[u8]>, most: usize) {
    out.extend_from_slice(key);
    match value {
        Some(value) => {
            out.push(b'"');
            escape::json(out, value, most);
            out.push(b'"');
        }
        None => out.extend_from_slice(b"null"),
    }
}
