//! Places: where bytes stand in the journal.
//!
//! Why: an index that knows the segment and the byte reads an event with one call.

use std::fmt;

/// A byte of a segment. Sorts in the order of the journal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Place {
    /// Which segment, counted from 0 since the journal was made.
    pub segment: u32,
    /// Which byte of its file.
    pub at: u32,
}

impl Place {
    /// A place so many bytes further in the same segment.
    ///
    /// # Panics
    /// Past the largest segment there can be.
    pub const fn plus(self, bytes: u32) -> Self {
        let at = self.at.checked_add(bytes).expect("segments are far smaller than 4 GiB");
        Self { segment: self.segment, at }
    }

    /// One number that sorts as the place does.
    pub const fn pack(self) -> u64 {
        (self.segment as u64) << 32 | self.at as u64
    }

    /// The place that [`Place::pack`] made this number of.
    pub const fn unpack(packed: u64) -> Self {
        Self { segment: (packed >> 32) as u32, at: packed as u32 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "segment {} byte {}", self.segment, self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_place_sorts_and_reads_back() {
        let places = [(0, 0), (0, u32::MAX), (1, 0), (u32::MAX, 7)];
        let places = places.map(|(segment, at)| Place { segment, at });
        assert!(places.map(Place::pack).is_sorted());
        assert_eq!(places.map(|place| Place::unpack(place.pack())), places);
    }
}
