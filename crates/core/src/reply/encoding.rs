//! Which content coding an answer gets (RFC 9110 12.5.3), and which answers get any; nothing is encoded here.

use super::quality::quality;
use crate::plan::{Coding, Encoding};

/// What one client says of codings: qualities in thousandths, `None` where it says nothing.
#[derive(Default)]
struct Wish {
    gzip: Option<u16>,
    brotli: Option<u16>,
    zstd: Option<u16>,
    identity: Option<u16>,
    anything: Option<u16>,
}

impl Wish {
    fn slot(&mut self, name: &str) -> Option<&mut Option<u16>> {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        Some(match name {
            _ if is("gzip") || is("x-gzip") => &mut self.gzip,
            _ if is("br") => &mut self.brotli,
            _ if is("zstd") => &mut self.zstd,
            _ if is("identity") => &mut self.identity,
            "*" => &mut self.anything,
            _ => return None,
        })
    }

    fn of(&self, coding: Coding) -> u16 {
        let named = match coding {
            Coding::Gzip => self.gzip,
            Coding::Brotli => self.brotli,
            Coding::Zstd => self.zstd,
        };
        named.or(self.anything).unwrap_or(0)
    }
}

/// The encoding that a client wants most, of those wanted equally the first; `None`: the answer as it is.
///
/// `fields` are the values of its `Accept-Encoding` fields.
pub fn choose<'a>(fields: impl Iterator<Item = &'a str>, offered: &[Encoding]) -> Option<Encoding> {
    let mut wish = Wish::default();
    for item in fields.flat_map(|field| field.split(',')) {
        let mut parts = item.split(';').map(str::trim);
        if let Some(slot) = wish.slot(parts.next().unwrap_or_default()) {
            *slot = (*slot).max(Some(quality(parts)));
        }
    }
    let mut best = None;
    // A client that names what is not encoded wants nothing that it likes less.
    let mut least = wish.identity.unwrap_or(0).max(1);
    for encoding in offered {
        let quality = wish.of(encoding.coding);
        if quality >= least {
            best = Some(*encoding);
            least = quality + 1;
        }
    }
    best
}

/// The coding's name in `Content-Encoding`.
pub fn name(coding: Coding) -> &'static str {
    match coding {
        Coding::Gzip => "gzip",
        Coding::Brotli => "br",
        Coding::Zstd => "zstd",
    }
}

/// Types outside `text/` whose data is text, or packs well though it is none.
const PACKABLE: [&str; 14] = [
    "application/json",
    "application/javascript",
    "application/x-javascript",
    "application/xml",
    "application/yaml",
    "application/x-ndjson",
    "application/jsonl",
    "application/graphql",
    "application/x-www-form-urlencoded",
    "application/rtf",
    "application/wasm",
    "font/otf",
    "font/ttf",
    "image/bmp",
];

/// Whether data of a type packs: text does; images, films, archives and web fonts are packed already, and events must
/// not wait for each other. An unknown type counts as packed.
pub fn is_packable(content_type: &str) -> bool {
    let media = content_type.split(';').next().unwrap_or_default().trim();
    let starts = |prefix: &str| media.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    let ends = |suffix: &str| {
        let start = media.len().checked_sub(suffix.len());
        start.and_then(|start| media.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(suffix))
    };
    if starts("text/") {
        return !media.eq_ignore_ascii_case("text/event-stream");
    }
    ends("+json") || ends("+xml") || PACKABLE.iter().any(|known| media.eq_ignore_ascii_case(known))
}

/// Whether a `Cache-Control` forbids to change the answer (RFC 9111 5.2.2.6).
pub fn forbids_transform(cache_control: &str) -> bool {
    cache_control.split(',').any(|directive| directive.trim().eq_ignore_ascii_case("no-transform"))
}

/// Whether a field's list holds a name, or `*`, which stands for every name.
pub fn lists(value: &str, name: &str) -> bool {
    value.split(',').map(str::trim).any(|item| item == "*" || item.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OFFERED: [Encoding; 3] = [
        Encoding { coding: Coding::Gzip, level: 1 },
        Encoding { coding: Coding::Brotli, level: 4 },
        Encoding { coding: Coding::Zstd, level: 3 },
    ];

    fn chosen(accept: &str) -> &'static str {
        choose(std::iter::once(accept), &OFFERED).map_or("identity", |encoding| name(encoding.coding))
    }

    #[test]
    fn the_client_decides_and_then_the_order() {
        for (accept, expected) in [
            ("", "identity"),
            ("gzip", "gzip"),
            ("x-gzip", "gzip"),
            ("X-GZIP", "gzip"),
            ("GZip", "gzip"),
            ("br", "br"),
            ("zstd", "zstd"),
            ("gzip, deflate, br, zstd", "gzip"),
            ("zstd, br", "br"),
            ("gzip;q=0.5, br;q=0.8, zstd;q=0.7", "br"),
            ("gzip;q=0.5, br;q=0.8, zstd", "zstd"),
            ("*", "gzip"),
            ("*;q=0.1", "gzip"),
            ("gzip;q=0, *", "br"),
            ("gzip;q=0, br;q=0, *;q=0.3", "zstd"),
            ("*;q=0", "identity"),
            ("*;q=0, br", "br"),
            ("identity", "identity"),
            ("identity, gzip;q=0.5", "identity"),
            ("identity;q=0.5, gzip", "gzip"),
            ("identity, gzip", "gzip"),
            ("identity;q=0", "identity"),
            ("identity;q=0, gzip", "gzip"),
            ("identity;q=0, *", "gzip"),
            ("gzip;q=0", "identity"),
            ("gzip;q=0.000", "identity"),
            ("gzip;q=0.001", "gzip"),
            ("gzip ; Q=1", "gzip"),
            ("gzip;q=2", "identity"),
            ("gzip;q=x", "identity"),
            ("deflate, compress", "identity"),
            ("gzipped", "identity"),
            (",, ;q=1,", "identity"),
        ] {
            assert_eq!(chosen(accept), expected, "{accept}");
        }
    }

    #[test]
    fn fields_are_one_list_and_only_what_is_offered_counts() {
        let chosen = choose(["gzip;q=0.1", "zstd;q=0.2"].into_iter(), &OFFERED);
        assert_eq!(chosen.map(|encoding| encoding.coding), Some(Coding::Zstd));
        let [gzip, _, zstd] = OFFERED;
        assert_eq!(choose(std::iter::once("br, gzip;q=0.1"), &[zstd, gzip]), Some(gzip));
        assert_eq!(choose(std::iter::empty(), &OFFERED), None);
        assert_eq!(choose(std::iter::once("gzip"), &[]), None);
    }

    #[test]
    fn text_packs() {
        for media in [
            "text/html; charset=utf-8",
            "application/json",
            "Application/JSON",
            "application/hal+json",
            "image/svg+xml",
        ] {
            assert!(is_packable(media), "{media}");
        }
        for media in [
            "",
            "text",
            "image/png",
            "video/mp4",
            "application/zip",
            "font/woff2",
            "text/event-stream",
            "TEXT/Event-Stream;x=y",
            "é",
        ] {
            assert!(!is_packable(media), "{media}");
        }
    }

    #[test]
    fn lists_and_directives() {
        assert!(forbids_transform("private, No-Transform"));
        assert!(!forbids_transform("private, max-age=0, x-no-transform"));
        assert!(lists("Cookie, origin", "Origin") && lists("*", "Origin") && lists("a,*", "Origin"));
        assert!(!lists("", "Origin") && !lists("X-Origin", "Origin"));
    }

    proptest! {
        #[test]
        fn what_is_chosen_was_wanted(accept in "[a-z*;=,.0-9 -]{0,60}") {
            if let Some(encoding) = choose(std::iter::once(accept.as_str()), &OFFERED) {
                let wanted = accept.contains('*') || accept.contains(name(encoding.coding));
                prop_assert!(wanted, "{accept}");
            }
        }
    }
}
