use proptest::prelude::*;

use super::*;

fn trusting(networks: &[&str]) -> TrustedProxies {
    TrustedProxies::parse(&networks.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()).unwrap()
}

fn client(told: Told<'_>) -> Option<String> {
    told.client.map(|address| if address.port() == 0 { address.ip().to_string() } else { address.to_string() })
}

#[test]
fn a_node_is_an_address_with_or_without_a_port() {
    for (text, expected) in [
        ("192.0.2.1", Some("192.0.2.1:0")),
        ("192.0.2.1:80", Some("192.0.2.1:80")),
        ("192.0.2.1:_p", Some("192.0.2.1:0")),
        ("2001:db8::1", Some("[2001:db8::1]:0")),
        ("[2001:db8::1]", Some("[2001:db8::1]:0")),
        ("[2001:db8::1]:443", Some("[2001:db8::1]:443")),
        ("::ffff:192.0.2.1", Some("192.0.2.1:0")),
        ("", None),
        ("unknown", None),
        ("_hidden", None),
        ("192.0.2.1:", None),
        ("192.0.2.1:x", None),
        ("192.0.2.256", None),
        ("[192.0.2.1]", None),
        ("[2001:db8::1", None),
        ("[2001:db8::1]80", None),
        ("192.0.2.1 192.0.2.2", None),
        ("é", None),
    ] {
        let expected = expected.map_or(Node::Hidden, |text| Node::Known(text.parse().unwrap()));
        assert_eq!(Node::parse(text), expected, "{text:?}");
    }
}

#[test]
fn networks_addresses_and_the_unix_socket_are_trusted() {
    let trusted = trusting(&["10.0.0.0/8", "2001:db8::/32", "192.0.2.1"]);
    for address in ["10.1.2.3", "2001:db8::5", "192.0.2.1", "::ffff:10.0.0.1"] {
        assert!(trusted.trusts(Some(address.parse().unwrap())), "{address}");
    }
    for address in ["11.0.0.1", "192.0.2.2", "2001:db9::1", "::1"] {
        assert!(!trusted.trusts(Some(address.parse().unwrap())), "{address}");
    }
    assert!(!trusted.trusts(None) && trusting(&["unix"]).trusts(None) && trusting(&[]).is_empty());
    assert!(TrustedProxies::parse(&["10.0.0.0/40".to_owned()]).is_err());
}

#[test]
fn the_client_is_the_rightmost_untrusted_address() {
    let trusted = trusting(&["10.0.0.0/8"]);
    for (fields, expected) in [
        (&["203.0.113.7"][..], Some("203.0.113.7")),
        (&["198.51.100.1, 203.0.113.7, 10.0.0.2"], Some("203.0.113.7")),
        (&["198.51.100.1", "203.0.113.7,10.0.0.2", "10.0.0.3"], Some("203.0.113.7")),
        (&["10.0.0.4, 10.0.0.5"], Some("10.0.0.4")),
        (&["203.0.113.7, unknown, 10.0.0.2"], Some("10.0.0.2")),
        (&["203.0.113.7, unknown"], None),
        (&["203.0.113.7,"], None),
        (&["garbage"], None),
        (&[], None),
    ] {
        let told = trusted.x_forwarded(fields.iter().copied(), [].into_iter(), [].into_iter());
        assert_eq!(client(told).as_deref(), expected, "{fields:?}");
    }
}

#[test]
fn what_proxies_disagree_on_is_not_believed() {
    let told = |protos: &[&'static str], hosts: &[&'static str]| {
        trusting(&["10.0.0.1"]).x_forwarded([].into_iter(), protos.iter().copied(), hosts.iter().copied())
    };
    assert_eq!(told(&["https"], &["a.example"]).proto, Some(Proto::Https));
    assert_eq!(told(&["https, HTTPS", "https"], &[]).proto, Some(Proto::Https));
    assert_eq!(told(&["wss"], &[]).proto.map(Proto::scheme), Some("https"));
    for conflicting in [&["https", "http"][..], &["https,http"], &["gopher"], &[""], &[]] {
        assert_eq!(told(conflicting, &[]).proto, None, "{conflicting:?}");
    }
    assert_eq!(told(&[], &["a.example"]).host, Some("a.example"));
    assert_eq!(told(&[], &["a.example, A.example"]).host, Some("a.example"));
    assert_eq!(told(&[], &["a.example, b.example"]).host, None);
}

#[test]
fn forwarded_is_read_as_rfc_7239_has_it() {
    let trusted = trusting(&["10.0.0.0/8"]);
    for (fields, address, proto, host) in [
        (&["for=192.0.2.60;proto=https;host=a.example"][..], Some("192.0.2.60"), Some(Proto::Https), Some("a.example")),
        (&["For=\"[2001:db8:cafe::17]:4711\""], Some("[2001:db8:cafe::17]:4711"), None, None),
        (&["for=192.0.2.43, for=198.51.100.17;by=10.0.0.1"], Some("198.51.100.17"), None, None),
        (&["for=198.51.100.17;proto=http", "for=10.0.0.9;proto=https"], Some("198.51.100.17"), Some(Proto::Http), None),
        (&["for=192.0.2.1, for=unknown;proto=https, for=10.0.0.2"], Some("10.0.0.2"), Some(Proto::Https), None),
        (&["for=\"_gazonk\""], None, None, None),
        (&["proto=https"], None, Some(Proto::Https), None),
        (
            &["for=192.0.2.1; proto=https ;\thost=\"a.example:80\""],
            Some("192.0.2.1"),
            Some(Proto::Https),
            Some("a.example:80"),
        ),
        (&["for=192.0.2.1;for=192.0.2.2"], None, None, None),
        (&["for=192.0.2.1;"], None, None, None),
        (&["for=\"192.0.2.1"], None, None, None),
        (&["for=192.0.2.1 proto=https"], None, None, None),
        (&["=192.0.2.1"], None, None, None),
        (&["for"], None, None, None),
        (&[""], None, None, None),
        (&["for=\"192.0.2.1, for=192.0.2.2\""], None, None, None),
    ] {
        let told = trusted.forwarded(fields.iter().copied());
        assert_eq!((client(told).as_deref(), told.proto, told.host), (address, proto, host), "{fields:?}");
    }
}

proptest! {
    #[test]
    fn no_text_is_too_odd(text in any::<String>(), more in "[a-z0-9=;,\"\\[\\]:. _-]{0,60}") {
        let trusted = trusting(&["10.0.0.0/8"]);
        for value in [text.as_str(), more.as_str()] {
            let _ = trusted.forwarded([value].into_iter());
            let _ = trusted.x_forwarded([value].into_iter(), [value].into_iter(), [value].into_iter());
        }
    }

    #[test]
    fn a_client_cannot_name_itself(spoofed in "[a-z0-9=;,:. _-]{0,40}") {
        let trusted = trusting(&["10.0.0.0/8"]);
        let real = Some("203.0.113.7".to_owned());
        let list = format!("{spoofed}, 203.0.113.7");
        assert_eq!(client(trusted.x_forwarded([list.as_str()].into_iter(), [].into_iter(), [].into_iter())), real);
    }
}
