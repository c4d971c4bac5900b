//! Dice: numbers that a seed decides.
//!
//! Why: a seed that failed must mean the same for ever. The generator is SplitMix64, written out here, so that
//! no update of a library gives old seeds another meaning.

/// Draws numbers; the same seed draws the same.
#[derive(Clone, Debug)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// The dice of this seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one; 0 if there is none.
    pub fn below(&mut self, end: u64) -> u64 {
        let drawn = self.number();
        // The bias is one in 2^64 / end: of no matter for what is simulated.
        drawn.checked_rem(end).unwrap_or(0)
    }

    /// One of these.
    ///
    /// # Panics
    /// If there is none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        assert!(!of.is_empty(), "one of none cannot be picked");
        &of[usize::try_from(self.below(of.len() as u64)).expect("an index of a slice")]
    }

    /// True in so many of a hundred times.
    pub fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_means_the_same_for_ever() {
        let mut dice = Dice::new(42);
        let drawn: Vec<_> = (0..3).map(|_| dice.number()).collect();
        // The published first numbers of SplitMix64 from 42.
        let published = [0xbdd7_3226_2feb_6e95, 0x28ef_e333_b266_f103, 0x4752_6757_130f_9f52];
        assert_eq!(drawn, published);
    }
}
