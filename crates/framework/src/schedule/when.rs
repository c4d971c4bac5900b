//! When: at which times a schedule ticks.
//!
//! Why: a tick's time is a pure function of the schedule, so that all instances of a service, and the
//! same one after a restart, mean the same tick by it.
//!
//! Invariants: times rise strictly; the last one by an instant is the last that follows on its
//! predecessors.

use croner::Cron;
use croner::parser::{CronParser, Year};
use headwater_model::Timestamp;
use jiff::Zoned;
use jiff::tz::TimeZone;
use std::fmt;
use std::time::Duration;

/// Every so often, or by the calendar of a place. Shown as it was given.
///
/// ```
/// # extern crate headwater_framework as headwater;
/// use headwater::schedule::{InvalidSchedule, When};
/// use std::time::Duration;
///
/// let nightly = When::cron("0 3 * * *", "Europe/Berlin")?;
/// assert_eq!(nightly.to_string(), "0 3 * * * Europe/Berlin");
/// assert_eq!(When::every(Duration::from_secs(90))?.to_string(), "every 90 s");
/// assert!(When::cron("0 3 * *", "Europe/Berlin").is_err());
/// assert!(When::cron("0 3 30 2 *", "UTC").is_err(), "no February has thirty days");
/// # Ok::<(), InvalidSchedule>(())
/// ```
#[derive(Clone)]
pub struct When {
    text: String,
    times: Times,
}

#[derive(Clone)]
enum Times {
    Every { micros: u64 },
    Cron { cron: Box<Cron>, zone: TimeZone },
}

/// Why a text or a span names no times.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSchedule {
    /// The expression is none.
    #[error("{expression:?} is no cron expression: {why}")]
    Expression {
        /// As given.
        expression: String,
        /// What is wrong with it.
        why: String,
    },
    /// No such time zone is known here.
    #[error("no time zone {zone:?} is known here; give an IANA name like Europe/Berlin")]
    Zone {
        /// As given.
        zone: String,
    },
    /// No day there will ever be fits the expression.
    #[error("{expression:?} fits no day that will ever come")]
    Never {
        /// As given.
        expression: String,
    },
    /// A span is whole seconds, at least one and at most a year.
    #[error("{span:?} is no span of a schedule: whole seconds are, from one to a year of them")]
    Span {
        /// As given.
        span: Duration,
    },
}

impl InvalidSchedule {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Expression { .. } => "schedule.invalid_expression",
            Self::Zone { .. } => "schedule.unknown_zone",
            Self::Never { .. } => "schedule.never",
            Self::Span { .. } => "schedule.invalid_span",
        }
    }
}

const SPAN_SECONDS_MAX: u64 = 366 * 24 * 60 * 60;

impl When {
    /// At each whole multiple of `span` since 1970-01-01T00:00:00Z: every hour is on the hour, UTC.
    ///
    /// # Errors
    /// [`InvalidSchedule::Span`].
    pub fn every(span: Duration) -> Result<Self, InvalidSchedule> {
        let seconds = span.as_secs();
        if span.subsec_nanos() != 0 || !(1..=SPAN_SECONDS_MAX).contains(&seconds) {
            return Err(InvalidSchedule::Span { span });
        }
        let times = Times::Every { micros: seconds * 1_000_000 };
        Ok(Self { text: format!("every {seconds} s"), times })
    }

    /// At the times that a cron expression names, by the clocks of a place: minute, hour, day of the month,
    /// month, day of the week; seconds may stand in front. When clocks go forward, a time of day that
    /// is left out is made up for right behind the gap; when they go back, a time of day comes once. What
    /// has a `*` or a step in its hour or minute goes by what the clocks show.
    ///
    /// # Errors
    /// [`InvalidSchedule`] says what is wrong with it.
    pub fn cron(expression: &str, zone: &str) -> Result<Self, InvalidSchedule> {
        let invalid =
            |why: String| InvalidSchedule::Expression { expression: expression.to_owned(), why };
        let parser = CronParser::builder().year(Year::Disallowed).build();
        let cron = parser.parse(expression).map_err(|error| invalid(error.to_string()))?;
        let unknown = |_| InvalidSchedule::Zone { zone: zone.to_owned() };
        let times =
            Times::Cron { cron: Box::new(cron), zone: TimeZone::get(zone).map_err(unknown)? };
        let when = Self { text: format!("{expression} {zone}"), times };
        match when.next(Timestamp::ZERO) {
            Some(_) => Ok(when),
            None => Err(InvalidSchedule::Never { expression: expression.to_owned() }),
        }
    }

    /// The first time behind this instant, if there is one.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        match &self.times {
            Times::Every { micros } => {
                let next = (after.as_micros() / micros).checked_add(1)?.checked_mul(*micros)?;
                Some(Timestamp::from_micros(next))
            }
            Times::Cron { cron, zone } => {
                let next = cron.find_next_occurrence(&zoned(after, zone)?, false).ok()?;
                instant(&next)
            }
        }
    }

    /// The last time at or before this instant, if there is one.
    pub(super) fn last(&self, by: Timestamp) -> Option<Timestamp> {
        match &self.times {
            Times::Every { micros } => {
                Some(Timestamp::from_micros(by.as_micros() / micros * micros))
            }
            Times::Cron { cron, zone } => {
                let last = cron.find_previous_occurrence(&zoned(by, zone)?, true).ok()?;
                instant(&last)
            }
        }
    }
}

/// To the second, as cron counts.
fn zoned(at: Timestamp, zone: &TimeZone) -> Option<Zoned> {
    let seconds = i64::try_from(at.as_micros() / 1_000_000).ok()?;
    Some(jiff::Timestamp::from_second(seconds).ok()?.to_zoned(zone.clone()))
}

fn instant(zoned: &Zoned) -> Option<Timestamp> {
    u64::try_from(zoned.timestamp().as_microsecond()).ok().map(Timestamp::from_micros)
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "When({})", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn from(when: &When, after: &str, count: usize) -> Vec<String> {
        let times = std::iter::successors(when.next(at(after)), |last| when.next(*last));
        times.take(count).map(|time| time.to_string()[..16].to_owned()).collect()
    }

    #[test]
    fn a_time_of_day_that_the_clocks_leave_out_is_made_up_for_and_one_that_comes_twice_is_once() {
        let when = When::cron("30 2 * * *", "Europe/Berlin").unwrap();
        let spring = from(&when, "2026-03-28T00:00:00Z", 3);
        assert_eq!(spring, ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"]);
        let autumn = from(&when, "2026-10-24T00:00:00Z", 3);
        assert_eq!(autumn, ["2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"]);
    }

    #[test]
    fn what_goes_by_the_hour_goes_by_what_the_clocks_show() {
        let when = When::cron("0 */2 * * *", "Europe/Berlin").unwrap();
        let autumn = from(&when, "2026-10-24T21:00:00Z", 4);
        let shown =
            ["2026-10-24T22:00", "2026-10-25T00:00", "2026-10-25T01:00", "2026-10-25T03:00"];
        assert_eq!(autumn, shown);
    }

    #[test]
    fn a_span_is_counted_from_1970_whoever_counts() {
        let when = When::every(Duration::from_secs(7_200)).unwrap();
        assert_eq!(
            from(&when, "2026-01-01T01:59:59Z", 2),
            ["2026-01-01T02:00", "2026-01-01T04:00"]
        );
        assert_eq!(from(&when, "2026-01-01T02:00:00Z", 1), ["2026-01-01T04:00"]);
    }

    #[test]
    fn what_names_no_times_is_refused_with_the_reason() {
        let codes = [
            When::cron("0 25 * * *", "UTC").unwrap_err().code(),
            When::cron("0 3 * * *", "Europe/Atlantis").unwrap_err().code(),
            When::cron("0 3 31 11 *", "UTC").unwrap_err().code(),
            When::every(Duration::from_millis(1_500)).unwrap_err().code(),
            When::every(Duration::ZERO).unwrap_err().code(),
        ];
        let never = "schedule.never";
        let (expression, span) = ("schedule.invalid_expression", "schedule.invalid_span");
        assert_eq!(codes, [expression, "schedule.unknown_zone", never, span, span]);
    }

    proptest! {
        #[test]
        fn times_rise_and_the_last_by_an_instant_is_the_last_of_them(
            seconds in 1_767_000_000_u64..1_830_000_000,
            micros in 0..1_000_000_u64,
            which in 0..7_usize,
        ) {
            let crons = [
                "0 3 * * *", "30 2 * * *", "*/15 * * * *", "0 */3 * * 1-5", "10 0 0 29 2 *", "59 59 23 L * *",
            ];
            let when = match crons.get(which) {
                Some(cron) => When::cron(cron, "America/New_York").unwrap(),
                None => When::every(Duration::from_secs(97)).unwrap(),
            };
            let start = Timestamp::from_micros(seconds * 1_000_000 + micros);
            let mut last = start;
            for _ in 0..8 {
                let next = when.next(last).unwrap();
                prop_assert!(next > last);
                prop_assert_eq!(when.last(next), Some(next));
                let between = Timestamp::from_micros(next.as_micros() - 1);
                prop_assert!(when.last(between).unwrap() < next);
                if last > start {
                    prop_assert_eq!(when.last(between), Some(last));
                }
                last = next;
            }
        }
    }
}
