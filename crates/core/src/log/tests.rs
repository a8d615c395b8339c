use std::net::IpAddr;

use super::*;

const NOW: Duration = Duration::from_millis(1_795_518_412_042);

fn event() -> Event<'static> {
    Event {
        client: Some(IpAddr::from([192, 0, 2, 7])),
        method: "GET",
        path: "/items/3",
        query: Some("q=a%20b"),
        version: "HTTP/1.1",
        status: 200,
        bytes: Some(17),
        referer: None,
        user_agent: Some(b"curl/8.5.0"),
        duration: Duration::from_micros(1_523),
        request_id: b"abc-1",
    }
}

fn lines(format: LogFormat) -> Lines {
    let mask = ["token", "key", "password"].map(str::to_owned).to_vec();
    Lines::new(&AccessLog { format, file: None, mask })
}

fn line(format: LogFormat, event: &Event<'_>) -> String {
    let mut out = Vec::new();
    lines(format).request(&mut out, event, NOW);
    String::from_utf8(out).expect("a line is ASCII")
}

fn object(event: &Event<'_>) -> serde_json::Value {
    serde_json::from_str(&line(LogFormat::Json, event)).expect("a line is JSON")
}

#[test]
fn a_combined_line() {
    assert_eq!(
        line(LogFormat::Combined, &event()),
        "192.0.2.7 - - [24/Nov/2026:11:06:52 +0000] \"GET /items/3?q=a%20b HTTP/1.1\" 200 17 \"-\" \"curl/8.5.0\" \
         1.523 abc-1\n"
    );
    let bare = Event { client: None, query: None, bytes: None, user_agent: None, ..event() };
    assert_eq!(
        line(LogFormat::Combined, &bare),
        "- - - [24/Nov/2026:11:06:52 +0000] \"GET /items/3 HTTP/1.1\" 200 - \"-\" \"-\" 1.523 abc-1\n"
    );
}

#[test]
fn a_json_line() {
    assert_eq!(
        line(LogFormat::Json, &event()),
        "{\"time\":\"2026-11-24T11:06:52.042Z\",\"client\":\"192.0.2.7\",\"method\":\"GET\",\"path\":\"/items/3\",\
         \"query\":\"q=a%20b\",\"protocol\":\"HTTP/1.1\",\"status\":200,\"bytes\":17,\"referer\":null,\
         \"user_agent\":\"curl/8.5.0\",\"duration_ms\":1.523,\"request_id\":\"abc-1\"}\n"
    );
    let client = "2001:db8::1".parse().ok();
    assert_eq!(object(&Event { client, bytes: None, ..event() })["client"], "2001:db8::1");
}

#[test]
fn nothing_ends_a_line_or_its_field() {
    let hostile = "\u{1b}[31m\"\\\r\n200 \u{202e}\u{85}\u{2028}\u{7f}\t\0é".as_bytes();
    let sent = Event { user_agent: Some(hostile), referer: Some(hostile), ..event() };
    let combined = line(LogFormat::Combined, &sent);
    assert!(combined.trim_end_matches('\n').bytes().all(|byte| matches!(byte, 0x20..=0x7e)), "{combined:?}");
    assert_eq!(combined.matches('"').count(), 6);
    assert!(combined.contains(r"\x1b[31m\x22\x5c\x0d\x0a200 \xe2\x80\xae"), "{combined}");
    let json = line(LogFormat::Json, &sent);
    assert!(json.trim_end_matches('\n').bytes().all(|byte| matches!(byte, 0x20..=0x7e)), "{json:?}");
    assert_eq!(object(&sent)["user_agent"].as_str().map(str::as_bytes), Some(hostile));
}

#[test]
fn what_is_no_text_is_written_all_the_same() {
    let sent = Event { user_agent: Some(b"a\xff\xfeb \xf0\x9f\x98\x80"), ..event() };
    assert!(line(LogFormat::Combined, &sent).contains(r#""a\xff\xfeb \xf0\x9f\x98\x80""#));
    assert_eq!(object(&sent)["user_agent"], "a\u{fffd}\u{fffd}b \u{1f600}");
}

#[test]
fn a_line_is_short_enough_for_one_write_to_a_pipe() {
    for byte in ["a", "\"", "\u{1}"] {
        let text = byte.repeat(30_000);
        let sent = Event {
            method: &text,
            path: &text,
            query: Some(&text),
            referer: Some(text.as_bytes()),
            user_agent: Some(text.as_bytes()),
            ..event()
        };
        assert!(line(LogFormat::Combined, &sent).len() <= 4096);
        assert!(line(LogFormat::Json, &sent).len() <= 4096);
        assert!(object(&sent)["path"].as_str().is_some_and(|path| path.ends_with("...")));
    }
}

#[test]
fn secrets_of_a_query_string_are_masked() {
    let masked = [
        ("token=abc&a=1", "token=***&a=1"),
        ("a=1&ToKeN=abc=def", "a=1&ToKeN=***"),
        ("%74oken=abc", "%74oken=***"),
        ("a=1;key=x;b=2", "a=1;key=***;b=2"),
        ("tokens=1&mytoken=2&token", "tokens=1&mytoken=2&token"),
        ("token=&key=", "token=***&key=***"),
        ("", ""),
    ];
    for (query, expected) in masked {
        assert_eq!(object(&Event { query: Some(query), ..event() })["query"], expected);
        let combined = line(LogFormat::Combined, &Event { query: Some(query), ..event() });
        assert!(combined.contains(&format!("/items/3?{expected} HTTP")), "{combined}");
    }
}

#[test]
fn secrets_of_a_referer_are_masked() {
    let masked = [
        ("https://a.example/x?token=abc#f", "https://a.example/x?token=***#f"),
        ("https://a.example/#x?key=abc", "https://a.example/#x?key=***"),
        ("https://me:word@a.example/x?a=1", "https://***@a.example/x?a=1"),
        ("https://me:word@a.example?key=1", "https://***@a.example?key=***"),
        ("https://a.example/@me", "https://a.example/@me"),
        ("nonsense", "nonsense"),
    ];
    for (referer, expected) in masked {
        assert_eq!(object(&Event { referer: Some(referer.as_bytes()), ..event() })["referer"], expected);
    }
}

#[test]
fn the_clock_knows_the_calendar() {
    let moments = [
        (0, "1970-01-01T00:00:00"),
        (951_782_399, "2000-02-28T23:59:59"),
        (951_782_400, "2000-02-29T00:00:00"),
        (1_709_164_800, "2024-02-29T00:00:00"),
        (1_735_689_599, "2024-12-31T23:59:59"),
        (4_107_542_400, "2100-03-01T00:00:00"),
    ];
    let mut clock = Clock::default();
    for (second, expected) in moments {
        assert_eq!(clock.iso(Duration::from_secs(second)), expected);
    }
}

#[test]
fn dropped_lines_are_told() {
    let mut out = Vec::new();
    lines(LogFormat::Combined).dropped(&mut out, 12, NOW);
    assert_eq!(
        String::from_utf8_lossy(&out),
        "[24/Nov/2026:11:06:52 +0000] access log: 12 lines dropped, because they were not taken in time\n"
    );
    out.clear();
    lines(LogFormat::Json).dropped(&mut out, 12, NOW);
    assert_eq!(String::from_utf8_lossy(&out), "{\"time\":\"2026-11-24T11:06:52.042Z\",\"dropped\":12}\n");
}

#[test]
fn request_ids() {
    let longest = "a".repeat(128);
    for id in ["a", "0189-AZ_z.9", longest.as_str()] {
        assert!(is_request_id(id.as_bytes()), "{id}");
    }
    let too_long = "a".repeat(129);
    for id in ["", " a", "a b", "a\n", "a\"", "a,b", "é", "a/b", too_long.as_str()] {
        assert!(!is_request_id(id.as_bytes()), "{id}");
    }
    let mut ids = RequestIds::new(7);
    let (first, second) = (ids.next_id(), ids.next_id());
    assert_ne!(first, second);
    assert!(first.iter().all(u8::is_ascii_hexdigit) && is_request_id(&first));
    assert_ne!(RequestIds::new(8).next_id(), first);
}
