//! When it opens, when it tries again, and what it never does.

use super::*;

const REST: Duration = Duration::from_secs(2);

fn breaker() -> Breaker {
    Breaker::new(BreakerSettings { failure_count_max: 3, rest: REST })
}

fn fail(breaker: &Breaker, times: u32, now: Instant) {
    for _ in 0..times {
        breaker.admit(now).unwrap().unanswered(now);
    }
}

#[test]
fn it_opens_after_failures_in_a_row_and_says_how_long() {
    let (breaker, now) = (breaker(), Instant::now());
    fail(&breaker, 2, now);
    breaker.admit(now).unwrap().answered();
    fail(&breaker, 2, now);
    assert!(breaker.is_closed(), "an answer between them starts the count anew");
    fail(&breaker, 1, now);
    let later = now + Duration::from_millis(500);
    assert_eq!(breaker.admit(later).unwrap_err(), Resting { left: Duration::from_millis(1_500) });
}

#[test]
fn after_its_rest_one_call_tries_and_decides() {
    let (breaker, now) = (breaker(), Instant::now());
    fail(&breaker, 3, now);
    let probe = breaker.admit(now + REST).unwrap();
    assert!(breaker.admit(now + REST).is_err(), "one at a time");
    probe.unanswered(now + REST);
    assert!(breaker.admit(now + REST).is_err(), "it rests again");
    breaker.admit(now + REST + REST).unwrap().answered();
    assert!(breaker.is_closed());
}

#[test]
fn a_probe_whose_caller_gave_up_lets_the_next_one_try() {
    let (breaker, now) = (breaker(), Instant::now());
    fail(&breaker, 3, now);
    drop(breaker.admit(now + REST).unwrap());
    assert!(breaker.admit(now + REST).is_ok());
}

#[test]
fn a_late_failure_from_before_it_opened_does_not_lengthen_the_rest() {
    let (breaker, now) = (breaker(), Instant::now());
    let early = breaker.admit(now).unwrap();
    fail(&breaker, 3, now);
    early.unanswered(now + REST / 2);
    assert!(breaker.admit(now + REST).is_ok());
}
