use std::time::{Duration, Instant};

use super::{END_OF_HEAD, Expired, Progress, Refusal, Rules};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

fn rules() -> Rules {
    let seconds = |value| Some(Duration::from_secs(value));
    Rules {
        idle: seconds(1),
        head: seconds(2),
        body: seconds(3),
        body_rate: 100,
        rate_grace: Duration::from_secs(3),
        write: seconds(4),
        keep_alive: seconds(5),
        max_head: 64,
    }
}

/// Seconds until the current wait is over.
fn left(progress: &mut Progress) -> Option<u64> {
    let now = Instant::now();
    progress.since = None;
    progress.blocked_since = None;
    progress.due(now, &rules()).map(|due| (due - now).as_secs())
}

#[test]
fn each_wait_has_its_own_deadline() {
    let mut progress = Progress::new(false);
    assert_eq!(left(&mut progress), Some(1));
    assert_eq!(progress.expire(), Expired::Close);
    progress.received(b"GET ", &rules()).unwrap();
    assert_eq!(left(&mut progress), Some(2));
    progress.called(true);
    assert_eq!(left(&mut progress), None);
    progress.body_wanted();
    assert_eq!(left(&mut progress), Some(3));
    progress.body_ended();
    assert_eq!(left(&mut progress), None);
    progress.answered();
    assert_eq!(left(&mut progress), Some(5));
    progress.write_blocked();
    assert_eq!(left(&mut progress), Some(4));
    progress.written();
    assert_eq!(left(&mut progress), Some(5));
    assert_eq!(progress.expire(), Expired::Close);
}

#[test]
fn the_head_of_a_later_request_is_timed_from_its_first_byte() {
    let mut progress = Progress::new(false);
    for _ in 0..2 {
        progress.received(b"G", &rules()).unwrap();
        let start = Instant::now();
        let due = progress.due(start, &rules());
        progress.received(b"E", &rules()).unwrap();
        assert_eq!(progress.due(start + Duration::from_secs(1), &rules()), due);
        assert_eq!(progress.expire(), Expired::Refuse(Refusal::Timeout));
        progress.received(b"T / HTTP/1.1\r\n\r\n", &rules()).unwrap();
        progress.called(false);
        progress.answered();
        assert_eq!(left(&mut progress), Some(5));
    }
}

#[test]
fn half_a_head_behind_a_request_is_a_head() {
    let mut behind = Progress::new(false);
    behind.received(&[GET, b"GET /h"].concat(), &rules()).unwrap();
    behind.called(false);
    behind.answered();
    assert_eq!(left(&mut behind), Some(2));

    let mut meanwhile = Progress::new(false);
    meanwhile.received(GET, &rules()).unwrap();
    meanwhile.called(false);
    meanwhile.received(b"GET /h", &rules()).unwrap();
    assert_eq!(left(&mut meanwhile), None);
    meanwhile.answered();
    assert_eq!(left(&mut meanwhile), Some(2));
}

#[test]
fn a_head_is_counted_to_its_end_however_it_is_cut() {
    let head = b"GET / HTTP/1.1\r\nHost: a\r\nX: 0123456789012345678901234567\r\n\r\n";
    assert_eq!(head.len(), 60);
    for cut in 1..head.len() {
        let mut progress = Progress::new(false);
        progress.received(&head[..cut], &rules()).unwrap();
        progress.received(&[&head[cut..], &[b'b'; 500]].concat(), &rules()).unwrap();
        progress.received(&[b'b'; 500], &rules()).unwrap();
    }
    let mut endless = Progress::new(false);
    for _ in 0..64 {
        endless.received(b"x", &rules()).unwrap();
    }
    assert_eq!(endless.received(b"\n", &rules()), Err(Refusal::TargetTooLong));
    let whole = [b"GET\n", &[b'x'; 57][..], END_OF_HEAD].concat();
    assert_eq!(Progress::new(false).received(&whole, &rules()), Err(Refusal::HeadTooLarge));
}

#[test]
fn a_body_below_the_rate_is_late_and_one_above_it_is_not() {
    for (bytes, late) in [(10, true), (200, false)] {
        let mut progress = Progress::new(false);
        progress.called(true);
        let mut now = Instant::now();
        let mut passed = false;
        for _ in 0..8 {
            progress.body_wanted();
            let due = progress.due(now, &rules()).unwrap();
            now += Duration::from_secs(1);
            passed = passed || due < now;
            progress.body_came(bytes, || now);
        }
        assert_eq!(passed, late);
    }
}

#[test]
fn the_time_in_which_nobody_reads_does_not_count_for_a_body() {
    let mut progress = Progress::new(false);
    progress.called(true);
    progress.body_came(1, || unreachable!("nobody waited"));
    assert_eq!(left(&mut progress), None);
    progress.body_wanted();
    assert_eq!(left(&mut progress), Some(3));
    assert_eq!(progress.expire(), Expired::Body);
    assert!(progress.body_late());
}

#[test]
fn streams_that_share_a_connection_are_idle_together() {
    let mut progress = Progress::new(true);
    assert_eq!(left(&mut progress), Some(1));
    progress.received(&[b'x'; 5000], &rules()).unwrap();
    assert_eq!(left(&mut progress), Some(5));
    progress.called(true);
    progress.called(false);
    progress.body_wanted();
    progress.answered();
    assert_eq!(left(&mut progress), None);
    progress.answered();
    assert_eq!(left(&mut progress), Some(5));
}
