#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use proptest::prelude::*;

use super::*;
use crate::plan::RateKey;

const SECOND: u64 = 1_000_000_000;

fn limit(requests: u32, window: f64, burst: u32) -> RateLimit {
    RateLimit { bucket: "GET /a".to_owned(), requests, window, burst, key: RateKey::Ip }
}

fn quota(requests: u32, window: f64, burst: u32) -> Quota {
    Quota::new(&limit(requests, window, burst)).unwrap()
}

fn memory(clients: usize) -> Vec<AtomicU64> {
    (0..words(clients)).map(|_| AtomicU64::new(0)).collect()
}

#[test]
fn of_an_instant_the_hundred_and_first_is_refused() {
    let quota = quota(100, 60.0, 100);
    let (now, mut arrival, mut passed) = (5 * SECOND, 0, 0);
    for _ in 0..250 {
        if let Some(next) = quota.take(now, arrival) {
            (arrival, passed) = (next, passed + 1);
        }
    }
    assert_eq!(passed, 100);
    assert_eq!(quota.standing(now, arrival), Standing { remaining: 0, next: 600_000_000 });
    assert_eq!(quota.take(now + 599_999_999, arrival), None);
    let next = quota.take(now + 600_000_000, arrival).unwrap();
    assert_eq!(quota.take(now + 600_000_000, next), None);
}

#[test]
fn what_is_left_is_counted() {
    let quota = quota(10, 10.0, 3);
    assert_eq!(quota.standing(SECOND, 0), Standing { remaining: 3, next: 0 });
    let arrival = quota.take(SECOND, 0).unwrap();
    assert_eq!(quota.standing(SECOND, arrival), Standing { remaining: 2, next: SECOND });
    assert_eq!(quota.standing(SECOND + SECOND / 4, arrival), Standing { remaining: 2, next: SECOND / 4 * 3 });
}

#[test]
fn numbers_that_are_no_limit_are_refused() {
    for (requests, window, burst) in [(0, 1.0, 1), (1, 0.0, 1), (1, -1.0, 1), (1, f64::NAN, 1), (1, 1.0, 0)] {
        assert!(Quota::new(&limit(requests, window, burst)).unwrap_err().contains("expected positive"));
    }
    let longest = quota(1, f64::MAX, u32::MAX);
    assert!(longest.take(u64::MAX / 2, 0).is_some());
}

#[test]
fn a_clock_that_was_set_back_keeps_nobody_out_for_longer_than_an_interval() {
    let quota = quota(10, 10.0, 10);
    let arrival = 1_000_000 * SECOND;
    assert_eq!(quota.take(SECOND, arrival), None);
    assert_eq!(quota.standing(SECOND, arrival), Standing { remaining: 0, next: SECOND });
}

proptest! {
    #[test]
    fn never_more_than_burst_and_rate(
        requests in 1..500_u32, window in 0.001..5000.0_f64, burst in 1..500_u32,
        gaps in prop::collection::vec(0..2_000_000_000_u64, 1..400),
    ) {
        let quota = quota(requests, window, burst);
        let (mut now, mut arrival, mut passed) = (SECOND, 0, 0_u64);
        let first = now;
        for gap in gaps {
            now += gap;
            let before = quota.standing(now, arrival);
            if let Some(next) = quota.take(now, arrival) {
                arrival = next;
                passed += 1;
                prop_assert_eq!(quota.standing(now, arrival).remaining, before.remaining - 1);
            } else {
                prop_assert_eq!(before.remaining, 0);
                // Nobody starves: what was said to be the wait is the wait, to the nanosecond.
                prop_assert!(quota.take(now + before.next, arrival).is_some());
                prop_assert!(quota.take(now + before.next - 1, arrival).is_none());
                prop_assert!(before.next <= quota.interval());
            }
            let most = u128::from(burst) + u128::from(now - first) / u128::from(quota.interval());
            prop_assert!(u128::from(passed) <= most);
            #[allow(clippy::cast_precision_loss)]
            let stated = f64::from(burst) + (now - first) as f64 / 1e9 * f64::from(requests) / window + 1e-3;
            #[allow(clippy::cast_precision_loss)]
            let passed = passed as f64;
            prop_assert!(passed <= stated);
        }
    }

    #[test]
    fn cells_count_as_one_time_for_each_client_does(
        steps in prop::collection::vec((0..40_u128, 0..400_000_000_u64), 1..600),
    ) {
        let (memory, quota) = (memory(1000), quota(5, 1.0, 3));
        let cells = Cells::new(&memory, Secret(1, 2)).unwrap();
        let (mut now, mut model) = (SECOND, HashMap::new());
        for (client, gap) in steps {
            now += gap;
            let who = key(cells.secret(), "b", 0, &client.to_le_bytes());
            let expected = quota.take(now, model.get(&client).copied().unwrap_or(0));
            prop_assert_eq!(cells.take(who, now, &quota).ok(), expected);
            if let Some(arrival) = expected {
                model.insert(client, arrival);
                prop_assert_eq!(cells.arrival(who), arrival);
            }
        }
    }
}

#[test]
fn threads_together_get_no_more_than_one_would() {
    let (memory, quota) = (memory(1000), quota(100, 60.0, 100));
    let cells = Cells::new(&memory, Secret(1, 2)).unwrap();
    for client in 0..200_u8 {
        let who = key(cells.secret(), "b", 0, &[client]);
        let passed = AtomicU64::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        if cells.take(who, SECOND, &quota).is_ok() {
                            passed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        assert_eq!(passed.load(Ordering::Relaxed), 100);
    }
}

#[test]
fn a_million_clients_leave_the_busiest_their_cells() {
    let (memory, quota) = (memory(10_000), quota(10, 3600.0, 10));
    let cells = Cells::new(&memory, Secret(3, 4)).unwrap();
    let busy: Vec<u128> = (0..100_u8).map(|client| key(cells.secret(), "b", 0, &[client])).collect();
    for who in &busy {
        for _ in 0..10 {
            assert!(cells.take(*who, SECOND, &quota).is_ok());
        }
    }
    for client in 0..1_000_000_u32 {
        let who = key(cells.secret(), "b", 1, &client.to_le_bytes());
        assert!(cells.take(who, SECOND, &quota).is_ok(), "a client that never came was refused");
    }
    for who in &busy {
        assert!(cells.take(*who, SECOND, &quota).is_err(), "a flood of others bought a refused client a burst");
    }
}

#[test]
fn what_was_counted_is_taken_back() {
    let (memory, quota) = (memory(1000), quota(1, 60.0, 1));
    let cells = Cells::new(&memory, Secret(1, 2)).unwrap();
    let who = key(cells.secret(), "b", 0, b"a");
    assert!(cells.take(who, SECOND, &quota).is_ok());
    assert!(cells.take(who, SECOND, &quota).is_err());
    cells.give_back(who, &quota);
    assert!(cells.take(who, SECOND, &quota).is_ok());
    cells.give_back(key(cells.secret(), "b", 0, b"stranger"), &quota);
}

#[test]
fn a_refused_request_uses_up_no_other_limit() {
    let memory = memory(1000);
    let cells = Cells::new(&memory, Secret(1, 2)).unwrap();
    let of = |name: &str, quota: Quota| Asked {
        key: key(cells.secret(), name, 0, b"a"),
        quota,
        standing: Standing::default(),
    };
    let (wide, narrow) = (quota(10, 60.0, 10), quota(2, 1.0, 2));
    for second in 1..4 {
        let mut passed = 0;
        for _ in 0..10 {
            let mut asked = [of("wide", wide), of("narrow", narrow)];
            passed += u64::from(cells.admit(second * SECOND, &mut asked));
        }
        assert_eq!(passed, 2);
        let mut asked = [of("wide", wide)];
        assert!(cells.look(second * SECOND, &mut asked));
        assert_eq!(asked[0].standing.remaining, 10 - 2 * second);
    }
}

#[test]
fn memory_is_read_as_it_was_laid_out() {
    let memory = memory(1000);
    let first = Cells::new(&memory, Secret(1, 2)).unwrap();
    assert!(first.take(7, SECOND, &quota(1, 60.0, 1)).is_ok());
    let second = Cells::new(&memory, Secret(8, 9)).unwrap();
    assert_eq!(second.secret(), Secret(1, 2));
    assert!(second.take(7, SECOND, &quota(1, 60.0, 1)).is_err());
    assert!(Cells::new(&memory[..8 + 64], Secret(1, 2)).is_none(), "laid out for another size");
    assert!(Cells::new(&[], Secret(1, 2)).is_none());
    memory[0].store(1, Ordering::Relaxed);
    assert!(Cells::new(&memory, Secret(1, 2)).is_none(), "laid out by somebody else");
}

#[test]
fn keys_tell_apart_what_is_apart() {
    let secret = Secret(1, 2);
    let all = [
        key(secret, "ab", 0, b"c"),
        key(secret, "a", 0, b"bc"),
        key(secret, "ab", 1, b"c"),
        key(Secret(2, 2), "ab", 0, b"c"),
    ];
    for (index, one) in all.iter().enumerate() {
        assert!(all[..index].iter().all(|other| other != one));
    }
    let of = |text: &str| address(text.parse::<IpAddr>().unwrap());
    assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
    assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
    assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    assert_ne!(of("192.0.2.2"), of("192.0.2.1"));
}

#[test]
fn fields_are_those_of_the_draft() {
    let other = RateLimit { bucket: "a\"\u{e9}".to_owned(), window: 0.5, ..limit(3, 1.0, 3) };
    let (policy, names) = policy_field(&[limit(100, 60.0, 20), other]);
    assert_eq!(policy, r#""GET /a";q=100;w=60, "a\"%C3%A9";q=3"#);
    let standings = [Standing { remaining: 19, next: 600_000_000 }, Standing { remaining: 0, next: 0 }];
    let field = limit_field(names.iter().map(String::as_str).zip(standings));
    assert_eq!(field, r#""GET /a";r=19;t=1, "a\"%C3%A9";r=0"#);
}
