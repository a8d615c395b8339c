//! Tokens made with the same library's signing half; forgeries of other libraries are in `tests/http/test_forged_tokens.py`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::sign;
use jsonwebtoken::{Algorithm, EncodingKey};
use proptest::prelude::*;

use super::*;

const NOW: u64 = 1_700_000_000;
const SECRET: &[u8] = b"a secret of more than thirty-two bytes";
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

fn plan() -> Jwt {
    Jwt {
        header: Some("authorization".into()),
        cookie: None,
        key: Some(0),
        algorithms: vec!["HS256".into()],
        audience: vec![],
        issuer: vec![],
        leeway: 0,
    }
}

fn verifier() -> Verifier {
    Verifier::new(&plan(), &[SECRET.to_vec()]).unwrap()
}

fn token_of(header: &str, payload: &[u8], secret: &[u8], algorithm: Algorithm) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = sign(message.as_bytes(), &EncodingKey::from_secret(secret), algorithm).unwrap();
    format!("{message}.{signature}")
}

fn token(payload: &str) -> String {
    token_of(HEADER, payload.as_bytes(), SECRET, Algorithm::HS256)
}

fn accepts(payload: &str) -> bool {
    verifier().verify(&token(payload), NOW).is_some()
}

#[test]
fn a_good_token_tells_its_subject() {
    let payload = r#"{"sub":"7","exp":1700000100,"nbf":1699999900.5,"iat":1700000000,"n":12345678901234567890123}"#;
    let subject = verifier().verify(&token(payload), NOW).unwrap();
    assert_eq!(subject.user_id.as_deref(), Some("7"));
    assert_eq!(&*subject.json, payload.as_bytes());
    assert_eq!(subject.claims["iat"], NOW);
}

#[test]
fn sub_is_text_or_a_whole_number() {
    let id = |sub: &str| {
        let payload = format!(r#"{{"sub":{sub},"exp":1700000100}}"#);
        verifier().verify(&token(&payload), NOW).map(|subject| subject.user_id.clone())
    };
    assert_eq!(id("\"a-b\""), Some(Some("a-b".into())));
    assert_eq!(id("7"), Some(Some("7".into())));
    assert_eq!(id("-7"), Some(Some("-7".into())));
    assert_eq!(id("18446744073709551615"), Some(Some("18446744073709551615".into())));
    for wrong in ["\"\"", "7.0", "1e3", "true", "null", "[7]", "{}", "18446744073709551616"] {
        assert_eq!(id(wrong), None, "{wrong}");
    }
    assert_eq!(verifier().verify(&token(r#"{"exp":1700000100}"#), NOW).unwrap().user_id, None);
}

/// Named after the advisory on `jsonwebtoken` before 10.3: a date of the wrong type was as if it were not there.
#[test]
fn cve_2026_25537_dates_of_a_wrong_type() {
    let wrong = [
        "\"1700000100\"",
        "true",
        "false",
        "null",
        "[]",
        "{}",
        "[1700000100]",
        "-1",
        "-1.5",
        "1e30",
        "9223372036854775808",
        "253402300800",
        "1e400",
        "NaN",
        "Infinity",
        "\"\"",
    ];
    for value in wrong {
        assert!(!accepts(&format!(r#"{{"exp":{value}}}"#)), "exp {value}");
        assert!(!accepts(&format!(r#"{{"exp":1700000100,"nbf":{value}}}"#)), "nbf {value}");
        assert!(!accepts(&format!(r#"{{"exp":1700000100,"iat":{value}}}"#)), "iat {value}");
    }
}

#[test]
fn dates_are_kept_to_the_second() {
    for (payload, good) in [
        (r#"{"exp":1700000001}"#, true),
        (r#"{"exp":1700000000}"#, false),
        (r#"{"exp":1700000000.5}"#, true),
        (r#"{"exp":253402300799}"#, true),
        (r#"{"exp":0}"#, false),
        (r"{}", false),
        (r#"{"exp":1700000100,"nbf":1700000000}"#, true),
        (r#"{"exp":1700000100,"nbf":1700000001}"#, false),
        (r#"{"exp":1700000100,"iat":1700000001}"#, false),
        (r#"{"exp":1700000100,"nbf":1,"iat":1700000001}"#, false),
    ] {
        assert_eq!(accepts(payload), good, "{payload}");
    }
    let lenient = Verifier::new(&Jwt { leeway: 60, ..plan() }, &[SECRET.to_vec()]).unwrap();
    let at = |payload: &str| lenient.verify(&token(payload), NOW).is_some();
    assert!(at(r#"{"exp":1699999941}"#));
    assert!(!at(r#"{"exp":1699999940}"#));
    assert!(at(r#"{"exp":1700000100,"nbf":1700000060}"#));
    assert!(!at(r#"{"exp":1700000100,"nbf":1700000061}"#));
}

#[test]
fn issuer_and_audience() {
    let verifier = Verifier::new(
        &Jwt { audience: vec!["us".into(), "them".into()], issuer: vec!["https://id".into()], ..plan() },
        &[SECRET.to_vec()],
    )
    .unwrap();
    let accepts = |rest: &str| verifier.verify(&token(&format!(r#"{{"exp":1700000100{rest}}}"#)), NOW).is_some();
    assert!(accepts(r#","iss":"https://id","aud":"us""#));
    assert!(accepts(r#","iss":"https://id","aud":["x","them"]"#));
    for wrong in [
        "",
        r#","iss":"https://id""#,
        r#","aud":"us""#,
        r#","iss":"https://id/","aud":"us""#,
        r#","iss":["https://id"],"aud":"us""#,
        r#","iss":"https://id","aud":"u""#,
        r#","iss":"https://id","aud":[]"#,
        r#","iss":"https://id","aud":["us",1]"#,
        r#","iss":"https://id","aud":{"us":1}"#,
        r#","iss":"https://id","aud":["x"]"#,
        r#","iss":null,"aud":"us""#,
    ] {
        assert!(!accepts(wrong), "{wrong}");
    }
}

#[test]
fn audience_and_issuer_that_nobody_asks_for_still_have_their_types() {
    assert!(accepts(r#"{"exp":1700000100,"aud":"other","iss":"other"}"#));
    assert!(!accepts(r#"{"exp":1700000100,"aud":7}"#));
    assert!(!accepts(r#"{"exp":1700000100,"iss":7}"#));
}

#[test]
fn tokens_for_something_else_are_refused() {
    for claim in ["type", "token_type", "typ", "token_use"] {
        for purpose in ["refresh", "Refresh", "ID", "id"] {
            assert!(!accepts(&format!(r#"{{"exp":1700000100,"{claim}":"{purpose}"}}"#)), "{claim} {purpose}");
        }
        assert!(accepts(&format!(r#"{{"exp":1700000100,"{claim}":"access"}}"#)));
    }
}

#[test]
fn payloads_are_objects_with_each_claim_once() {
    for payload in
        ["[]", "7", "null", "\"x\"", "", "{", r#"{"exp":1700000100} x"#, r#"{"exp":1700000100,"exp":1700000100}"#]
    {
        assert!(!accepts(payload), "{payload}");
    }
    assert!(
        verifier()
            .verify(&token_of(HEADER, b"{\"exp\":1700000100,\"a\":\"\xff\"}", SECRET, Algorithm::HS256), NOW)
            .is_none()
    );
}

#[test]
fn headers_ask_for_nothing_special() {
    let accepts = |header: &str| {
        verifier().verify(&token_of(header, br#"{"exp":1700000100}"#, SECRET, Algorithm::HS256), NOW).is_some()
    };
    for good in [
        r#"{"alg":"HS256"}"#,
        r#"{"alg":"HS256","typ":"at+jwt"}"#,
        r#"{"alg":"HS256","typ":"application/at+JWT"}"#,
        r#"{"alg":"HS256","kid":"../../etc/passwd"}"#,
        r#"{"alg":"HS256","jku":"http://evil","x5u":"http://evil","jwk":{"kty":"oct","k":"AA"},"x5c":["x"]}"#,
    ] {
        assert!(accepts(good), "{good}");
    }
    for wrong in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"None"}"#,
        r#"{"alg":"NONE"}"#,
        r#"{"alg":""}"#,
        r#"{"alg":null}"#,
        r#"{"alg":["HS256"]}"#,
        r#"{"alg":"hs256"}"#,
        r#"{"alg":"HS384"}"#,
        r#"{"alg":"RS256"}"#,
        "{}",
        "[]",
        "",
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"{"alg":"HS256","crit":["exp"]}"#,
        r#"{"alg":"HS256","crit":[]}"#,
        r#"{"alg":"HS256","crit":null}"#,
        r#"{"alg":"HS256","b64":true}"#,
        r#"{"alg":"HS256","b64":false}"#,
        r#"{"alg":"HS256","zip":"DEF"}"#,
        r#"{"alg":"HS256","enc":"A256GCM"}"#,
        r#"{"alg":"HS256","typ":"logout+jwt"}"#,
        r#"{"alg":"HS256","typ":"dpop+jwt"}"#,
        r#"{"alg":"HS256","typ":7}"#,
        r#"{"alg":"HS256","kid":7}"#,
    ] {
        assert!(!accepts(wrong), "{wrong}");
    }
}

#[test]
fn the_parts_of_a_token_are_three_and_canonical() {
    let good = token(r#"{"exp":1700000100}"#);
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = message.split_once('.').unwrap();
    let verifier = verifier();
    assert!(verifier.verify(&good, NOW).is_some());
    let last = signature.chars().last().unwrap();
    let other = if last == 'A' { 'B' } else { 'A' };
    for wrong in [
        format!("{message}."),
        message.to_owned(),
        format!("{good}."),
        format!(".{good}"),
        format!("{good}="),
        format!("{good} "),
        format!(" {good}"),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{good}.x.y"),
        good.replace('.', ".\n"),
        format!("{message}.é"),
        "..".into(),
        String::new(),
        ".".into(),
        format!("{}{other}", &good[..good.len() - 1]),
        format!("{message}.{}", "A".repeat(signature.len())),
        format!("{message}.{}", &signature[..signature.len() - 1]),
    ] {
        assert!(verifier.verify(&wrong, NOW).is_none(), "{wrong:?}");
    }
}

#[test]
fn long_tokens_are_not_looked_at() {
    let fits = |size: usize| {
        let padding = "x".repeat(size);
        let long = token(&format!(r#"{{"exp":1700000100,"a":"{padding}"}}"#));
        (long.len() <= MAX_TOKEN, verifier().verify(&long, NOW).is_some())
    };
    assert_eq!(fits(11_000), (true, true));
    assert_eq!(fits(13_000), (false, false));
    assert_eq!(fits(1_000_000), (false, false));
}

#[test]
fn only_the_named_algorithms() {
    let two =
        Verifier::new(&Jwt { algorithms: vec!["HS384".into(), "HS512".into()], ..plan() }, &[SECRET.to_vec()]).unwrap();
    let made = |name: &str, algorithm| {
        token_of(&format!(r#"{{"alg":"{name}"}}"#), br#"{"exp":1700000100}"#, SECRET, algorithm)
    };
    assert!(two.verify(&made("HS384", Algorithm::HS384), NOW).is_some());
    assert!(two.verify(&made("HS512", Algorithm::HS512), NOW).is_some());
    assert!(two.verify(&made("HS256", Algorithm::HS256), NOW).is_none());
    assert!(two.verify(&made("HS512", Algorithm::HS384), NOW).is_none());
}

#[test]
fn a_token_that_was_good_before_may_have_expired() {
    let verifier = verifier();
    let token = token(r#"{"exp":1700000100,"nbf":1699999999}"#);
    assert!(verifier.verify(&token, NOW).is_some());
    assert_eq!(verifier.cache.len(), 1);
    assert!(verifier.verify(&token, NOW + 99).is_some());
    assert!(verifier.verify(&token, NOW + 100).is_none());
    assert!(verifier.verify(&token, NOW - 2).is_none());
    assert!(verifier.verify(&format!("{}x", &token[..token.len() - 1]), NOW).is_none());
    assert_eq!(verifier.cache.len(), 1);
}

#[test]
fn what_is_kept_is_bounded() {
    let verifier = verifier();
    for number in 0..1100 {
        verifier.verify(&token(&format!(r#"{{"exp":1700000100,"n":{number}}}"#)), NOW).unwrap();
    }
    assert!(verifier.cache.len() <= 1024);
    verifier.cache.clear();
    let padding = "x".repeat(3000);
    verifier.verify(&token(&format!(r#"{{"exp":1700000100,"a":"{padding}"}}"#)), NOW).unwrap();
    assert_eq!(verifier.cache.len(), 0);
}

#[test]
fn keys_that_cannot_be_used_are_said_at_once() {
    let mistake = |algorithms: &[&str], key: Option<&[u8]>| {
        let keys: Vec<_> = key.map(<[u8]>::to_vec).into_iter().collect();
        let algorithms = algorithms.iter().map(|name| (*name).to_owned()).collect();
        Verifier::new(&Jwt { algorithms, ..plan() }, &keys).err().unwrap()
    };
    assert!(mistake(&[], Some(b"")).contains("empty secret"));
    assert!(mistake(&["none"], Some(SECRET)).contains("\"none\""));
    assert!(mistake(&["ES512"], Some(SECRET)).contains("\"ES512\""));
    assert!(mistake(&["RS256"], Some(SECRET)).contains("RS256 with a shared secret"));
    assert!(mistake(&["HS256"], Some(b"ssh-rsa AAAA")).contains("public key"));
    assert!(mistake(&["HS256"], Some(b"x-----BEGIN PUBLIC KEY-----")).contains("public key"));
    assert!(mistake(&[], Some(b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----")).contains("PEM"));
    assert!(mistake(&[], Some(b"-----BEGIN RSA PRIVATE KEY-----")).contains("private key"));
    assert!(mistake(&["HS256"], None).contains("HS256"));
}

#[test]
fn sets_that_hold_nothing_are_refused() {
    let verifier = Verifier::new(&Jwt { algorithms: vec![], ..plan() }, &[]).unwrap();
    for wrong in [
        &b""[..],
        b"<html>",
        b"{}",
        b"[]",
        br#"{"keys": []}"#,
        br#"{"keys": {}}"#,
        br#"{"keys": [7, {"kty": "new"}]}"#,
        br#"{"keys": [{"kty": "oct", "kid": "a", "k": "c2VjcmV0"}]}"#,
        br#"{"keys": [{"kty": "RSA", "kid": "a", "n": "AQAB", "e": "AQAB"}]}"#,
    ] {
        assert!(verifier.set_keys(wrong).is_err(), "{}", String::from_utf8_lossy(wrong));
    }
    assert!(self::verifier().set_keys(b"{}").unwrap_err().contains("fixed"));
}

#[test]
fn older_keys_still_count() {
    let verifier = Verifier::new(&plan(), &[b"the newest secret of all of them".to_vec(), SECRET.to_vec()]).unwrap();
    assert!(verifier.verify(&token(r#"{"exp":1700000100}"#), NOW).is_some());
    let forged = token_of(HEADER, br#"{"exp":1700000100}"#, b"no secret of ours", Algorithm::HS256);
    assert!(verifier.verify(&forged, NOW).is_none());
}

#[test]
fn a_key_that_is_not_there_is_missed_once() {
    let verifier = Verifier::new(&Jwt { algorithms: vec![], ..plan() }, &[]).unwrap();
    let named = r#"{"alg":"RS256","kid":"new"}"#;
    assert!(!verifier.take_missed());
    assert!(verifier.verify(&token_of(named, b"{}", SECRET, Algorithm::HS256), NOW).is_none());
    assert!(verifier.take_missed());
    assert!(!verifier.take_missed());
}

proptest! {
    #[test]
    fn nothing_else_is_good(text in any::<String>(), at in 0_usize..200, with in any::<char>()) {
        let verifier = verifier();
        prop_assert!(verifier.verify(&text, NOW).is_none());
        let good = token(r#"{"exp":1700000100,"sub":"1"}"#);
        let changed: String = good.chars().enumerate().map(|(place, c)| if place == at { with } else { c }).collect();
        prop_assert_eq!(verifier.verify(&changed, NOW).is_some(), changed == good);
    }
}
