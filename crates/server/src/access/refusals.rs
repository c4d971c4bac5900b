//! Refusals, counted, and written down from time to time.
//!
//! Why: who was refused what is asked after an attack; and an attack must not fill the disk with the
//! answer. So what is alike is one event with a count, there are at most [`KIND_COUNT_MAX`] kinds
//! between two writings, and the rest is counted together.

use headwater_access::AccessEvent;
use headwater_model::Denied;
use parking_lot::Mutex;
use std::collections::HashMap;

/// Kinds of refusals between two writings.
pub(super) const KIND_COUNT_MAX: usize = 32;

/// Refusals kept in the store: some weeks of an attack that never ends.
pub(super) const KEPT_COUNT_MAX: u64 = 1_000_000;

/// Whom the rest is counted under.
const OTHERS: &str = "others";

const WORDS_BYTES_MAX: usize = 256;

/// Who was refused, and the code of what they were told.
type Kind = (String, &'static str);

#[derive(Default)]
pub(super) struct Refusals {
    /// The words of the first refusal of each kind, and how many there were.
    kinds: Mutex<HashMap<Kind, (String, u64)>>,
}

impl Refusals {
    /// Counts one.
    pub(super) fn note(&self, who: &str, denied: &Denied) {
        let mut kinds = self.kinds.lock();
        let kind = (cut(who), denied.code());
        let full = kinds.len() >= KIND_COUNT_MAX && !kinds.contains_key(&kind);
        let kind = if full { (OTHERS.to_owned(), denied.code()) } else { kind };
        let (_, count) = kinds.entry(kind).or_insert_with(|| (cut(&denied.to_string()), 0));
        *count += 1;
    }

    /// Those that were not written down yet, in order of name.
    pub(super) fn take(&self) -> Vec<AccessEvent> {
        let mut kinds: Vec<_> = std::mem::take(&mut *self.kinds.lock()).into_iter().collect();
        kinds.sort();
        let event = |((who, code), (what, count)): ((String, &str), (String, u64))| {
            AccessEvent::AccessRefused { who, code: code.to_owned(), what, count }
        };
        kinds.into_iter().map(event).collect()
    }
}

fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(WORDS_BYTES_MAX)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_refusals_are_a_few_events() {
        let refusals = Refusals::default();
        let denied = Denied::Unauthenticated { why: "ü".repeat(1_000) };
        for n in 0..1_000_000_u32 {
            refusals.note(&format!("user {}", n % 1_000), &denied);
        }
        let events = refusals.take();
        assert!(events.len() <= KIND_COUNT_MAX + 2, "{}", events.len());
        let count = |event: &AccessEvent| match event {
            AccessEvent::AccessRefused { count, what, .. } if what.len() <= 256 => *count,
            other => panic!("{other:?}"),
        };
        assert_eq!(events.iter().map(count).sum::<u64>(), 1_000_000);
        assert!(refusals.take().is_empty());
    }
}
