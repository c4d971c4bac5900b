//! Conditions: no event behind what a decision read matches what it read by.
//!
//! Why: a condition over many postings would hold up every writer if the writer looked at all of
//! them. The caller's own thread looks at what stands already, before the request is queued, and
//! again if much came meanwhile; the writer looks only at what came since, and at what the group
//! itself adds. Both look at a bounded number of events.
//!
//! Picture:
//! ```text
//!   after ──────────────▶ checked ────────▶ head ─────────▶ group
//!          caller's thread         writer            writer, in the commit's own bytes
//! ```
//! Invariants: A1, together the three parts cover every event behind `after`. A4, what the caller's
//! look came to is an answer only after the ids were looked up: a replay is no matter of conditions.

use super::View;
use crate::commit::CommitBuilder;
use crate::limits::{LOOK_AGAIN_COUNT_MAX, RECHECK_LOOK_COUNT_MAX, UNCHECKED_COUNT_MAX};
use crate::planted::{Bug, planted};
use headwater_model::{Append, AppendError, Condition, Position, Query, ReadError, Unavailable};

/// What a look for a match came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Look {
    /// No event matches.
    Nothing,
    /// This one does, and none before it.
    Match(Position),
    /// Undecided: as many events as may be were looked at.
    TooMany,
}

/// What is known already of the ids and the conditions of an append.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Checked {
    /// All events before this position were looked at.
    until: Position,
    /// What each condition came to.
    looks: Vec<Look>,
    /// How many events may be looked at, and how many of them are left.
    looks_max: u64,
    looks_left: u64,
    /// None of the ids stands in its stream before this position.
    ids_new_before: Position,
}

impl Checked {
    /// Looks at everything that stands already, and at what comes meanwhile until that is little:
    /// `view` gives the state as it is each time.
    ///
    /// # Errors
    /// The index or the log could not be read.
    pub fn ahead<V: View>(
        view: impl Fn() -> V,
        conditions: &[Condition],
        looks_max: u64,
    ) -> Result<Self, ReadError> {
        let looks = vec![Look::Nothing; conditions.len()];
        let mut checked = Self { looks, looks_max, looks_left: looks_max, ..Self::default() };
        if conditions.is_empty() {
            return Ok(checked);
        }
        for round in 0..LOOK_AGAIN_COUNT_MAX {
            let view = view();
            let unchecked = view.next().0.saturating_sub(checked.until.0);
            if round > 0 && unchecked <= UNCHECKED_COUNT_MAX {
                break;
            }
            checked.look(&view, conditions)?;
        }
        Ok(checked)
    }

    /// The same, of ids none of which stands in its stream before a position.
    #[must_use]
    pub fn with_ids_new_before(self, ids_new_before: Position) -> Self {
        Self { ids_new_before, ..self }
    }

    /// A4: before this position nobody need look for the ids.
    pub(super) fn ids_new_before(&self) -> Position {
        self.ids_new_before
    }

    /// Looks at what was not looked at yet.
    fn look(&mut self, view: &impl View, conditions: &[Condition]) -> Result<(), ReadError> {
        let until = view.next();
        assert!(until >= self.until, "R1: the head went back");
        for (condition, look) in conditions.iter().zip(&mut self.looks) {
            if *look == Look::Nothing {
                let unseen = behind(condition).max(self.until)..until;
                *look = view.first_match(&condition.query, unseen, &mut self.looks_left)?;
            }
        }
        self.until = until;
        Ok(())
    }

    fn of(&self, condition: usize) -> Look {
        self.looks.get(condition).copied().unwrap_or(Look::Nothing)
    }
}

/// The first position that a condition is about.
fn behind(condition: &Condition) -> Position {
    condition.after.map_or(Position::ZERO, |after| Position(after.0.saturating_add(1)))
}

pub(super) fn check(
    view: &impl View,
    group: &CommitBuilder,
    append: &Append,
    checked: &Checked,
) -> Result<(), AppendError> {
    if planted(Bug::IgnoreCondition) {
        return Ok(());
    }
    let mut looks_left = RECHECK_LOOK_COUNT_MAX;
    for (n, condition) in append.conditions.iter().enumerate() {
        let found = match checked.of(n) {
            Look::Match(position) => Some(position),
            Look::TooMany => {
                let unseen = view.next().0.saturating_sub(behind(condition).0);
                let examined_max = checked.looks_max;
                return Err(AppendError::ConditionTooBroad { condition: n, unseen, examined_max });
            }
            Look::Nothing => recheck(view, condition, checked.until, &mut looks_left)?,
        };
        let found = found.or_else(|| in_group(group, &condition.query, behind(condition)));
        if let Some(position) = found {
            let after = condition.after;
            assert!(after < Some(position), "A1: a decision is not refused for what it had read");
            return Err(AppendError::ConditionFailed { condition: n, after, position });
        }
    }
    Ok(())
}

/// Looks at what came since the caller did.
fn recheck(
    view: &impl View,
    condition: &Condition,
    checked_until: Position,
    looks_left: &mut u64,
) -> Result<Option<Position>, AppendError> {
    let unseen = behind(condition).max(checked_until)..view.next();
    if unseen.is_empty() {
        return Ok(None);
    }
    let unseen_count = unseen.end.0 - unseen.start.0;
    match view.first_match(&condition.query, unseen, looks_left).map_err(super::unreadable)? {
        Look::Nothing => Ok(None),
        Look::Match(position) => Ok(Some(position)),
        // Asked again, the caller looks at them on its own thread.
        Look::TooMany => {
            let why = format!("{unseen_count} events came while it waited for the writer");
            let what = "checking a condition".to_owned();
            Err(AppendError::Unavailable(Unavailable::Io { what, why }))
        }
    }
}

/// The first event of the group itself that matches, from `from` on.
fn in_group(group: &CommitBuilder, query: &Query, from: Position) -> Option<Position> {
    if planted(Bug::ConditionMissesGroup) {
        return None;
    }
    let records = group.records();
    let mut events = records.map(|event| event.expect("the plan reads what it has just written"));
    events.find(|event| event.position >= from && query.matches(event)).map(|event| event.position)
}
