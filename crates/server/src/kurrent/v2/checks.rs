//! Checks: what must hold of streams for records to be appended, whether or not to them.
//!
//! Picture: a check becomes the expectation of the write to its stream, or of a write of nothing.
//! ```text
//!   −1 no stream   −2 anything   −4 there   n at revision n     ─▶ an expectation: one point in the order
//!   −5 deleted     ─▶ looked at before, and expected as "no stream": only a revival could undo it
//!   −6 tombstoned  ─▶ looked at before: nothing can undo it
//! ```
//! Invariant: A1 what holds is decided where the append is. A5 all checks that fail are told.

use super::super::expected::Expected;
use super::super::refusal::Refusal;
use super::conflict::{Conflict, Violation};
use headwater_model::{
    AppendError, EventStore, ExpectedRevision, StreamLife, StreamName, StreamState, StreamWrite,
};
use headwater_wire::kurrent::kurrentdb::protocol::v2::streams as pb;

/// The state of a stream that was deleted.
const DELETED: i64 = -5;

/// The state of a stream that was tombstoned.
const TOMBSTONED: i64 = -6;

/// Checks of one append: as many as there may be records.
const COUNT_MAX: usize = headwater_model::limits::APPEND_EVENT_COUNT_MAX;

/// What must hold, in the order asked; each stream once.
pub(super) struct Checks {
    checks: Vec<Check>,
}

struct Check {
    stream: StreamName,
    state: i64,
}

impl Checks {
    pub(super) fn of(checks: Vec<pb::ConsistencyCheck>) -> Result<Self, Refusal> {
        if checks.len() > COUNT_MAX {
            return Err(Refusal::invalid(format!("an append has at most {COUNT_MAX} checks")));
        }
        let mut own: Vec<Check> = Vec::with_capacity(checks.len());
        for check in checks {
            let Some(pb::consistency_check::Type::StreamState(check)) = check.r#type else {
                return Err(Refusal::invalid("a check is of no kind that is known"));
            };
            let state = check.expected_state;
            if ![DELETED, TOMBSTONED].contains(&state) && Expected::of_number(state).is_none() {
                return Err(Refusal::invalid(format!("{state} is no state of a stream")));
            }
            own.push(Check { stream: StreamName::system(check.stream)?, state });
        }
        let mut names: Vec<_> = own.iter().map(|check| check.stream.as_str()).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(Refusal::invalid(format!("stream '{}' is checked twice", pair[0]))),
            None => Ok(Self { checks: own }),
        }
    }

    /// Looks at what an expectation cannot say.
    pub(super) async fn hold_for_good(&self, store: &dyn EventStore) -> Result<(), super::Status> {
        for check in self.checks.iter().filter(|check| check.state <= DELETED) {
            if state_of(&store.stream(check.stream.clone()).await.map_err(Refusal::from)?)
                != check.state
            {
                let violations = self.violations(store).await.map_err(super::Status::from)?;
                return Err(Conflict::Violated(violations).into());
            }
        }
        Ok(())
    }

    /// What is expected of a stream that records are appended to.
    pub(super) fn expected(&self, stream: &str) -> Expected {
        let check = self.checks.iter().find(|check| check.stream.as_str() == stream);
        check.map_or(Expected(ExpectedRevision::Any), |check| expectation(check.state))
    }

    /// Writes of nothing, for the streams that are only checked.
    pub(super) fn without_records(&self, written: &[String]) -> Result<Vec<StreamWrite>, Refusal> {
        let only_checked = self.checks.iter().filter(|check| {
            check.state != TOMBSTONED && !written.iter().any(|name| name == check.stream.as_str())
        });
        Ok(only_checked
            .map(|check| StreamWrite {
                stream: check.stream.clone(),
                expected: expectation(check.state).0,
                events: Vec::new(),
            })
            .collect())
    }

    /// The store's refusal: all checks that fail, if one does.
    pub(super) async fn refused(&self, store: &dyn EventStore, error: AppendError) -> Conflict {
        let stream = match &error {
            AppendError::WrongRevision(wrong) => &wrong.stream,
            AppendError::Tombstoned { stream } => stream,
            _ => return Conflict::Append(error),
        };
        if !self.checks.iter().any(|check| check.stream == *stream) {
            return Conflict::Append(error);
        }
        match self.violations(store).await {
            Ok(violations) if !violations.is_empty() => Conflict::Violated(violations),
            // What failed holds again: the store's own words are the truth about then.
            Ok(_) | Err(_) => Conflict::Append(error),
        }
    }

    async fn violations(&self, store: &dyn EventStore) -> Result<Vec<Violation>, Refusal> {
        let mut violations = Vec::new();
        for (n, check) in self.checks.iter().enumerate() {
            let actual = state_of(&store.stream(check.stream.clone()).await?);
            let holds = match check.state {
                -1 => actual == -1 || actual == DELETED,
                -2 => actual != TOMBSTONED,
                -4 => actual >= 0,
                state => actual == state,
            };
            if !holds {
                let (stream, expected) = (check.stream.to_string(), check.state);
                violations.push(Violation { check: n, stream, expected, actual });
            }
        }
        Ok(violations)
    }
}

fn expectation(state: i64) -> Expected {
    Expected::of_number(state).unwrap_or(Expected(ExpectedRevision::NoStream))
}

/// A stream's state as one number.
fn state_of(state: &StreamState) -> i64 {
    match (state.life, state.last) {
        (StreamLife::Tombstoned, _) => TOMBSTONED,
        (StreamLife::Deleted, Some(_)) => DELETED,
        (_, Some(revision)) => revision.0.cast_signed(),
        (_, None) => -1,
    }
}
