//! Which positions were asked for a while ago: a few bits each, and now and then a wrong yes.
//!
//! Why: a cache that takes in whatever is read once throws out what is read often, and costs more
//! than it saves when there is no room for all that is read.
//!
//! Picture: two tables of bits. What is asked for goes into the present one; when that has as many as
//! there is room for, it becomes the one before, and the oldest answers are forgotten.
//!
//! Not here: any promise. A bit that is lost between two threads costs one more read of a record.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// Bits of a table for each position that it takes: one in ten is wrongly taken for seen.
const POSITION_BITS: usize = 8;

pub(super) struct Seen {
    tables: [Box<[AtomicU64]>; 2],
    /// How many positions came in so far: says which table is the present one, too.
    count: AtomicUsize,
    /// So many positions of each table.
    count_max: usize,
}

impl Seen {
    /// Remembers about so many positions, the latest.
    pub(super) fn new(count: usize) -> Self {
        let count_max = count.next_power_of_two();
        let table = || (0..count_max * POSITION_BITS / 64).map(|_| AtomicU64::new(0)).collect();
        Self { tables: [table(), table()], count: AtomicUsize::new(0), count_max }
    }

    /// Whether a position was asked for a while ago; from now on it was.
    pub(super) fn again(&self, position: u64) -> bool {
        let present = self.count.load(Relaxed) / self.count_max % 2;
        let hash = position.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let bits = (self.count_max * POSITION_BITS).trailing_zeros();
        let bit = (hash >> (64 - bits)) as usize;
        let (word, mask) = (bit / 64, 1 << (bit % 64));
        if self.tables[present][word].load(Relaxed) & mask != 0 {
            return true;
        }
        let before = self.tables[1 - present][word].load(Relaxed) & mask != 0;
        self.tables[present][word].fetch_or(mask, Relaxed);
        if (self.count.fetch_add(1, Relaxed) + 1).is_multiple_of(self.count_max) {
            self.tables[1 - present].iter().for_each(|word| word.store(0, Relaxed));
        }
        before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_again_soon_was_seen_and_what_comes_round_late_was_not() {
        let seen = Seen::new(1_000);
        let wrong = (0..1_000).filter(|position| seen.again(*position)).count();
        assert!(wrong < 200, "{wrong} of 1000 were never asked for");
        assert!((0..1_000).all(|position| seen.again(position)), "all were asked for a moment ago");
        let others = (1_000..20_000).filter(|position| seen.again(*position)).count();
        assert!(others < 4_000, "{others} of 19000 were never asked for");
        let late = (0..1_000).filter(|position| seen.again(*position)).count();
        assert!(late < 400, "{late} of 1000 were asked for long ago");
    }
}
