//! The combined format of Apache and nginx, with duration in milliseconds and request id behind it.

use super::event::{Event, address};
use super::mask::Mask;
use super::{FIELD, TARGET, escape, milliseconds, number};

pub(super) fn request(out: &mut Vec<u8>, event: &Event<'_>, mask: &Mask, time: &str) {
    match event.client {
        Some(client) => address(out, client),
        None => out.push(b'-'),
    }
    out.extend_from_slice(b" - - [");
    out.extend_from_slice(time.as_bytes());
    out.extend_from_slice(b"] \"");
    escape::quoted(out, event.method.as_bytes(), FIELD);
    out.push(b' ');
    escape::quoted(out, event.path.as_bytes(), TARGET);
    if let Some(query) = event.query {
        out.push(b'?');
        escape::quoted(out, &mask.query(query.as_bytes()), TARGET.saturating_sub(event.path.len()));
    }
    out.push(b' ');
    out.extend_from_slice(event.version.as_bytes());
    out.extend_from_slice(b"\" ");
    number(out, event.status);
    out.push(b' ');
    match event.bytes {
        Some(bytes) => number(out, bytes),
        None => out.push(b'-'),
    }
    field(out, event.referer.map(|referer| mask.url(referer)).as_deref());
    field(out, event.user_agent);
    out.push(b' ');
    milliseconds(out, event.duration);
    out.push(b' ');
    escape::quoted(out, event.request_id, FIELD);
    out.push(b'\n');
}

/// A quoted value, `"-"` where there is none.
fn field(out: &mut Vec<u8>, value: Option<&[u8]>) {
    out.extend_from_slice(b" \"");
    escape::quoted(out, value.unwrap_or(b"-"), FIELD);
    out.push(b'"');
}

pub(super) fn dropped(out: &mut Vec<u8>, count: u64, time: &str) {
    out.extend_from_slice(b"[");
    out.extend_from_slice(time.as_bytes());
    out.extend_from_slice(b"] access log: ");
    number(out, count);
    out.extend_from_slice(b" lines dropped, because they were not taken in time\n");
}
