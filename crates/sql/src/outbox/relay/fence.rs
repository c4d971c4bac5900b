//! The fence: what keeps a relay that was paused, and comes back, from publishing out of order.
//!
//! Why: a lease runs out by a clock, and a relay that sleeps does not see clocks. So each append also
//! moves a checkpoint of its shares in the *store*, from exactly where this relay left it. Whoever takes
//! a share over moves it first; from then on every append of the former holder is refused.
//!
//! Picture: the checkpoint `outbox/orders.headwater_outbox/3`, as (epoch, rows)
//! ```text
//!   A: (4, 700) ─▶ (4, 710) ─▶ … asleep …                       append from (4, 710): refused
//!   B:                          lease over ─▶ (5, 710) ─▶ (5, 720)
//! ```
//! The checkpoint's incarnation is the share's epoch: one history of who reads the table. Its position
//! counts the share's rows.
//!
//! Invariant: B1, one relay at a time writes the streams of a share, whatever the clocks say.

use crate::outbox::RelayError;
use crate::outbox::lease::Held;
use headwater_model::{
    Append, AppendError, Checkpoint, CheckpointName, EventStore, Incarnation, Position,
    SaveCheckpoint,
};
use std::collections::BTreeMap;

/// The shares that are this relay's in the store, and where each checkpoint stands.
#[derive(Debug, Default)]
pub(super) struct Fence {
    prefix: String,
    shares: BTreeMap<u16, (u32, Checkpoint)>,
}

/// What came of taking a share.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is this relay's.
    Yes,
    /// The store has seen this later epoch: the share's table is an older copy of itself.
    Behind(u32),
}

impl Fence {
    /// Of the outbox with this name.
    pub(super) fn new(outbox: &str) -> Self {
        Self { prefix: format!("outbox/{outbox}/"), shares: BTreeMap::new() }
    }

    /// The shares that it holds.
    pub(super) fn held(&self) -> Vec<Held> {
        self.shares
            .iter()
            .map(|(share, (epoch, _))| Held { share: *share, epoch: *epoch })
            .collect()
    }

    pub(super) fn holds(&self, held: Held) -> bool {
        self.shares.get(&held.share).is_some_and(|(epoch, _)| *epoch == held.epoch)
    }

    /// Keeps only these.
    pub(super) fn keep(&mut self, held: &[Held]) {
        self.shares
            .retain(|share, (epoch, _)| held.contains(&Held { share: *share, epoch: *epoch }));
    }

    /// Holds none any more; each must be taken anew.
    pub(super) fn drop_all(&mut self) {
        self.shares.clear();
    }

    /// Moves the share's checkpoint into this epoch: who held it before is refused from now on.
    pub(super) async fn take(
        &mut self,
        store: &dyn EventStore,
        held: Held,
    ) -> Result<Taken, RelayError> {
        let name = self.name(held.share)?;
        let actual = store.checkpoint(name.clone()).await?;
        let (seen, rows) = actual.map_or((0, 0), |at| (at.incarnation.0, at.position.0));
        if seen > held.epoch {
            return Ok(Taken::Behind(seen));
        }
        let to = at(held.epoch, rows);
        if actual != Some(to) {
            let save = SaveCheckpoint { name: name.clone(), expected: actual, to };
            let append = Append::default().saving(save);
            store.append(append).await.map_err(|error| match error {
                AppendError::CheckpointMoved { .. } => RelayError::fenced(&name, error),
                other => RelayError::Append(other),
            })?;
        }
        self.shares.insert(held.share, (held.epoch, to));
        Ok(Taken::Yes)
    }

    /// What an append with so many rows of these shares saves.
    pub(super) fn saves(
        &self,
        rows: &BTreeMap<u16, u64>,
    ) -> Result<Vec<SaveCheckpoint>, RelayError> {
        let save = |(share, count): (&u16, &u64)| {
            let name = self.name(*share)?;
            let Some((epoch, from)) = self.shares.get(share) else {
                return Err(RelayError::fenced(&name, "the share is not held"));
            };
            let to = at(*epoch, from.position.0 + count);
            Ok(SaveCheckpoint { name, expected: Some(*from), to })
        };
        rows.iter().map(save).collect()
    }

    /// The append was made.
    pub(super) fn saved(&mut self, rows: &BTreeMap<u16, u64>) {
        for (share, count) in rows {
            if let Some((_, checkpoint)) = self.shares.get_mut(share) {
                checkpoint.position.0 += count;
            }
        }
    }

    /// Looks where the checkpoints stand, after an answer that does not tell.
    pub(super) async fn look(
        &mut self,
        store: &dyn EventStore,
        rows: &BTreeMap<u16, u64>,
    ) -> Result<(), RelayError> {
        for share in rows.keys() {
            let name = self.name(*share)?;
            let actual = store.checkpoint(name.clone()).await?;
            let Some((epoch, known)) = self.shares.get_mut(share) else { continue };
            match actual.filter(|at| at.incarnation.0 == *epoch) {
                Some(at) => *known = at,
                None => return Err(RelayError::fenced(&name, "it is of another epoch")),
            }
        }
        Ok(())
    }

    fn name(&self, share: u16) -> Result<CheckpointName, RelayError> {
        let name = format!("{}{share}", self.prefix);
        CheckpointName::new(name.clone())
            .map_err(|error| RelayError::Name { name, why: error.to_string() })
    }
}

fn at(epoch: u32, rows: u64) -> Checkpoint {
    Checkpoint { incarnation: Incarnation(epoch), position: Position(rows) }
}
