//! Who gets which shares: as many each as is fair, decided by whoever looks, in one transaction.
//!
//! Picture: 16 shares, two relays, a third arrives
//! ```text
//!   alive 2: A 8, B 8        C looks: nothing is free, waits
//!   alive 3: A looks: at most 6, leaves 2        B the same        C takes the 4
//! ```
//! Invariants: a share is taken only from nobody, or from one whose lease is over; whoever takes it gets
//! an epoch above all before it.

/// A share as it stands in its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) share: u16,
    pub(crate) epoch: u32,
    pub(crate) owner: Option<String>,
    pub(crate) until_ms: i64,
}

/// What a relay changes of a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// It stays mine.
    Renew { share: u16 },
    /// It becomes mine.
    Take { share: u16, epoch: u32 },
    /// Others may have it.
    Leave { share: u16 },
}

/// What the relay `me` changes, one of `alive` relays that want shares.
pub(crate) fn divide(shares: &[Share], me: &str, alive: usize, now_ms: i64) -> Vec<Change> {
    let fair = shares.len().div_ceil(alive.max(1));
    let is_mine = |share: &&Share| share.owner.as_deref() == Some(me);
    let is_free = |share: &&Share| {
        share.owner.is_none() || (share.until_ms < now_ms && share.owner.as_deref() != Some(me))
    };
    let mine: Vec<&Share> = shares.iter().filter(is_mine).collect();
    let mut changes = Vec::new();
    for (n, share) in mine.iter().enumerate() {
        let share = share.share;
        changes.push(if n < fair { Change::Renew { share } } else { Change::Leave { share } });
    }
    let wanted = fair.saturating_sub(mine.len());
    for share in shares.iter().filter(is_free).take(wanted) {
        changes.push(Change::Take { share: share.share, epoch: share.epoch + 1 });
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Applies changes as the database does.
    fn apply(shares: &mut [Share], me: &str, changes: &[Change], until_ms: i64) {
        for change in changes {
            let (Change::Renew { share } | Change::Take { share, .. } | Change::Leave { share }) =
                *change;
            let row = &mut shares[usize::from(share)];
            match change {
                Change::Renew { .. } => row.until_ms = until_ms,
                Change::Take { epoch, .. } => {
                    *row = Share { share, epoch: *epoch, owner: Some(me.to_owned()), until_ms };
                }
                Change::Leave { .. } => row.owner = None,
            }
        }
    }

    fn shares(count: u16) -> Vec<Share> {
        (0..count).map(|share| Share { share, epoch: 0, owner: None, until_ms: 0 }).collect()
    }

    fn held(shares: &[Share]) -> BTreeMap<&str, usize> {
        let mut held = BTreeMap::new();
        for owner in shares.iter().filter_map(|share| share.owner.as_deref()) {
            *held.entry(owner).or_default() += 1;
        }
        held
    }

    #[test]
    fn relays_that_look_in_any_order_end_with_fair_shares_and_all_shares_taken() {
        for alive in 1..=20usize {
            let mut shares = shares(16);
            let names: Vec<String> = (0..alive).map(|n| format!("relay-{n:02}")).collect();
            // The first was alone for a while.
            let changes = divide(&shares, &names[0], 1, 1);
            apply(&mut shares, &names[0], &changes, 100);
            for _ in 0..3 {
                for name in &names {
                    let changes = divide(&shares, name, alive, 1);
                    apply(&mut shares, name, &changes, 100);
                }
            }
            let held = held(&shares);
            assert_eq!(held.values().sum::<usize>(), 16, "{alive}: {held:?}");
            assert!(held.values().all(|count| *count <= 16usize.div_ceil(alive)), "{held:?}");
        }
    }

    #[test]
    fn a_lease_is_taken_only_when_it_is_over_and_with_a_higher_epoch() {
        let mut shares = shares(4);
        let changes = divide(&shares, "a", 1, 0);
        apply(&mut shares, "a", &changes, 50);
        assert_eq!(divide(&shares, "b", 1, 50), [], "not over yet");
        let taken = divide(&shares, "b", 1, 51);
        assert_eq!(taken[0], Change::Take { share: 0, epoch: 2 });
        assert_eq!(taken.len(), 4);
    }

    #[test]
    fn a_relay_that_overslept_keeps_what_nobody_took() {
        let mut shares = shares(2);
        let changes = divide(&shares, "a", 1, 0);
        apply(&mut shares, "a", &changes, 50);
        assert!(matches!(
            divide(&shares, "a", 1, 90)[..],
            [Change::Renew { .. }, Change::Renew { .. }]
        ));
    }
}
