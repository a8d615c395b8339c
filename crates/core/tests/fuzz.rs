//! Fuzz targets of what reads a client's credentials and what proxies say of it: nothing panics, and nothing that was
//! not made by its owner is good.
//!
//! `cargo test --test fuzz` runs each for a moment; `docs/contributing.md` says how to run one for hours.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use bolero::check;
use bolt_core::auth::authorization::{Bearer, bearer};
use bolt_core::auth::jwt::Verifier;
use bolt_core::auth::{ApiKeys, Authenticator, Fields};
use bolt_core::param::cookie;
use bolt_core::plan::Jwt;
use bolt_core::policy::proxy::{Node, TrustedProxies};

const SECRET: &[u8] = b"a secret of more than thirty-two bytes";
const NOW: u64 = 1_700_000_000;
/// Signed with the secret; good until the year 2100.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI3IiwiZXhwIjo0MTAyNDQ0ODAwfQ.C5YZuf27YathMXdgre8RBGdD2o9I7O5sae7cQztfQVo";

/// What a fuzzer chooses: an input that makes sense, changes to it, and what is put behind it.
type Choice = (u8, Vec<(u16, u8)>, Vec<u8>);

/// Makes an input: mostly one that nearly makes sense, sometimes anything at all.
fn made(seeds: &[&str], (which, changes, tail): &Choice) -> Vec<u8> {
    let seed = seeds.get(usize::from(*which) % (seeds.len() + 1)).copied().unwrap_or_default();
    let mut bytes = seed.as_bytes().to_vec();
    for (place, byte) in changes.iter().take(8) {
        let place = usize::from(*place) % (bytes.len() + 1);
        match byte % 3 {
            0 if place < bytes.len() => drop(bytes.remove(place)),
            1 if place < bytes.len() => bytes[place] = *byte,
            _ => bytes.insert(place, *byte),
        }
    }
    bytes.extend_from_slice(tail);
    bytes
}

fn verifier(keys: &[Vec<u8>]) -> Verifier {
    let plan = Jwt {
        header: Some("authorization".to_owned()),
        cookie: Some("access".to_owned()),
        key: None,
        algorithms: vec![],
        audience: vec![],
        issuer: vec![],
        leeway: 0,
    };
    Verifier::new(&plan, keys).unwrap()
}

#[test]
fn the_seed_is_good() {
    assert!(verifier(&[SECRET.to_vec()]).verify(TOKEN, NOW).is_some());
}

#[test]
fn tokens() {
    let (fixed, set) = (verifier(&[SECRET.to_vec()]), verifier(&[]));
    let seeds = [TOKEN, "eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJIUzI1NiJ9.e30.AA", "..", "a.b.c.d.e"];
    check!().with_type::<Choice>().for_each(|choice| {
        let bytes = made(&seeds, choice);
        let text = String::from_utf8_lossy(&bytes);
        assert_eq!(fixed.verify(&text, NOW).is_some(), text == TOKEN);
        assert!(set.verify(&text, NOW).is_none());
    });
}

#[test]
fn key_sets() {
    let seeds = [
        r#"{"keys": []}"#,
        r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
        r#"{"keys": [{"kty": "oct", "k": "AA"}, {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}"#,
    ];
    check!().with_type::<Choice>().for_each(|choice| {
        let set = verifier(&[]);
        let count = set.set_keys(&made(&seeds, choice)).unwrap_or_default();
        assert!(count <= 256);
        assert!(set.verify(TOKEN, NOW).is_none());
    });
}

#[test]
fn authorization() {
    let seeds = ["Bearer abc.def.ghi", "bearer  x==", "Basic YTpi", "Bearer", "Bearer a, Bearer b"];
    check!().with_type::<(Choice, Choice, u8)>().for_each(|(one, two, count)| {
        let values = [made(&seeds, one), made(&seeds, two)];
        let count = usize::from(count % 3);
        for bare in [false, true] {
            let found = bearer(values.iter().take(count).map(Vec::as_slice), bare);
            match found {
                Bearer::Token(token) => {
                    assert_eq!(count, 1);
                    assert!(!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic() && byte != b','));
                }
                Bearer::Absent => assert!(count != 2),
                Bearer::Malformed => assert!(count != 0),
            }
        }
    });
}

struct Sent(Vec<(&'static str, Vec<u8>)>);

impl Fields for Sent {
    fn values<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s [u8]> {
        self.0.iter().filter(move |(found, _)| *found == name).map(|(_, value)| value.as_slice())
    }
}

#[test]
fn credentials() {
    let keys = ApiKeys::new([(&b"a-key"[..], &b"{}"[..])].into_iter()).unwrap();
    let verifier = Box::new(verifier(&[SECRET.to_vec()]));
    let header = Some("authorization".to_owned());
    let backends = [
        Authenticator::Jwt { header, cookie: Some("access".to_owned()), verifier },
        Authenticator::ApiKey { header: "x-api-key".to_owned(), keys },
    ];
    let (field, cookie) = (format!("Bearer {TOKEN}"), format!("a=b; access={TOKEN}; c"));
    check!().with_type::<(Choice, Choice, Choice)>().for_each(|(one, two, three)| {
        let sent = Sent(vec![
            ("authorization", made(&[&field, "Basic YTpi"], one)),
            ("cookie", made(&[&cookie, "access=\"\\101\""], two)),
            ("x-api-key", made(&["a-key"], three)),
        ]);
        for backend in &backends {
            if backend.authenticate(&sent, NOW).is_some() {
                let holds = |text: &str| sent.0.iter().any(|(_, value)| contains(value, text.as_bytes()));
                // A cookie may spell it with escapes.
                assert!(holds(TOKEN) || holds("a-key") || holds("\\"));
            }
        }
    });
}

fn contains(value: &[u8], text: &[u8]) -> bool {
    value.windows(text.len()).any(|window| window == text)
}

#[test]
fn cookies() {
    let seeds = ["a=b; c=d", "a=\"\\303\\251\\054\"", "a=\"b; c\"; ;=;d", "\u{1c}a\u{a0}=1"];
    check!().with_type::<Choice>().for_each(|choice| {
        let bytes = made(&seeds, choice);
        let text = String::from_utf8_lossy(&bytes);
        let found = cookie::parse(&text);
        for (name, value) in &found {
            assert!(value.len() <= text.len() * 2 && !name.contains(';'));
            assert!(cookie::last(&found, name).is_some());
        }
    });
}

#[test]
fn forwarded_for() {
    let proxies = TrustedProxies::parse(&["10.0.0.0/8".to_owned(), "::1".to_owned()]).unwrap();
    let seeds = [
        "203.0.113.9, 10.0.0.1",
        "[2001:db8::1]:443, 10.0.0.2:80",
        "unknown, ::ffff:10.1.1.1",
        "for=\"[2001:db8::1]:1\";proto=https;host=\"a\\\"b\", for=10.0.0.1",
        "for=_hidden;by=x",
    ];
    check!().with_type::<Choice>().for_each(|choice| {
        let bytes = made(&seeds, choice);
        let text = String::from_utf8_lossy(&bytes);
        Node::parse(&text);
        proxies.forwarded([&*text].into_iter());
        proxies.x_forwarded([&*text].into_iter(), [&*text].into_iter(), [&*text].into_iter());
        // Whatever a client writes itself, whom its proxy saw counts.
        let values = [&*text, "203.0.113.9, 10.0.0.1"];
        let told = proxies.x_forwarded(values.into_iter(), [].into_iter(), [].into_iter());
        assert_eq!(told.client, Some("203.0.113.9:0".parse().unwrap()));
    });
}
