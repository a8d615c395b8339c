//! What kind of page an `Accept` header asks for.

use super::quality::quality;

/// How well one media type is liked.
#[derive(Default)]
struct Wish {
    html: Option<u16>,
    json: Option<u16>,
    any_application: Option<u16>,
    anything: Option<u16>,
}

/// True only where HTML is named with a quality above 0 and wanted more than JSON is, or as much
/// while JSON is not named: a browser's header, not that of an API client, not `*/*`.
pub fn prefers_html(accept: &str) -> bool {
    let mut wish = Wish::default();
    for item in accept.split(',') {
        let mut parts = item.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default();
        let slot = if is(media, "text/html") || is(media, "application/xhtml+xml") {
            &mut wish.html
        } else if is(media, "application/json") {
            &mut wish.json
        } else if is(media, "application/*") {
            &mut wish.any_application
        } else if media == "*/*" {
            &mut wish.anything
        } else {
            continue;
        };
        *slot = (*slot).max(Some(quality(parts)));
    }
    let html = wish.html.unwrap_or(0);
    let json = wish.json.or(wish.any_application).or(wish.anything).unwrap_or(0);
    html > 0 && (html > json || (html == json && wish.json.is_none()))
}

fn is(media: &str, name: &str) -> bool {
    media.eq_ignore_ascii_case(name)
}

#[cfg(test)]
mod tests {
    use super::prefers_html;

    #[test]
    fn a_browser_wants_html() {
        for accept in [
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "text/html",
            "TEXT/HTML; Q=0.5",
            "application/xhtml+xml",
            "text/html, */*",
            "text/html;q=0.9, application/json;q=0.8",
            "application/json;q=0, text/html;q=0.001",
        ] {
            assert!(prefers_html(accept), "{accept}");
        }
    }

    #[test]
    fn everyone_else_wants_json() {
        for accept in [
            "",
            "*/*",
            "text/*",
            "application/json",
            "application/json, text/html",
            "text/html;q=0",
            "text/html;q=0.5, */*",
            "text/html;q=0.5, application/*;q=0.6",
            "text/html;q=abc",
            "text/html;q=1.5",
            "text/html;q=0.1234",
            ",;=,q=1",
        ] {
            assert!(!prefers_html(accept), "{accept}");
        }
    }
}
