//! Conditions: no event behind what a decision read matches what it read by.
//!
//! Why: a condition over many postings would hold up every writer if the writer looked at all of
//! them. The caller's own thread looks at what stands already, before the request is queued; the
//! writer looks only at what came since, and at what the group itself adds.
//!
//! Picture:
//! ```text
//!   after ──────────────▶ checked ────────▶ head ─────────▶ group
//!          caller's thread         writer            writer, in the commit's own bytes
//! ```
//! Invariant: A1, together the three parts cover every event behind `after`.

use super::View;
use crate::commit::CommitBuilder;
use crate::planted::{Bug, planted};
use headwater_model::{Append, AppendError, Condition, Position, Query, ReadError};

/// What is known of an append's conditions before it is planned.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Checked {
    /// All events before this position were looked at.
    until: Position,
    /// The event that each condition was found to fail on.
    failed: Vec<Option<Position>>,
}

impl Checked {
    /// Looks at everything that stands already.
    ///
    /// # Errors
    /// The index or the log could not be read.
    pub fn ahead(view: &impl View, conditions: &[Condition]) -> Result<Self, ReadError> {
        if conditions.is_empty() {
            return Ok(Self::default());
        }
        let until = view.next();
        let look =
            |condition: &Condition| view.first_match(&condition.query, behind(condition)..until);
        let failed = conditions.iter().map(look).collect::<Result<_, _>>()?;
        Ok(Self { until, failed })
    }

    fn failed(&self, condition: usize) -> Option<Position> {
        self.failed.get(condition).copied().flatten()
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
    for (n, condition) in append.conditions.iter().enumerate() {
        let from = behind(condition).max(checked.until);
        let found = match checked.failed(n) {
            Some(position) => Some(position),
            None if from < view.next() => {
                view.first_match(&condition.query, from..view.next()).map_err(super::unreadable)?
            }
            None => None,
        };
        let found = found.or_else(|| in_group(group, &condition.query, behind(condition)));
        if let Some(position) = found {
            let after = condition.after;
            return Err(AppendError::ConditionFailed { condition: n, after, position });
        }
    }
    Ok(())
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
