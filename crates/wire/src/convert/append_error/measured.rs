//! What a limit was about.
//!
//! Why: the model names it by a text of the program; what comes over the wire is matched with those.
//! An unknown one, of a later server, is kept for the life of the process, a bounded number of them.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// What the model measures.
const KNOWN: &[&str] = &[
    "the events of the append",
    "the checkpoints of the append",
    "the bytes of the append",
    "the bytes of a payload",
    "the bytes of an event's metadata",
    "the tags of an event",
    "the size of a condition's query",
];

/// Said of what neither is known nor can be kept.
const OTHER: &str = "a part of the append";

/// Texts kept, and the bytes of each: what a hostile server can make this process keep for ever.
const KEPT_COUNT_MAX: usize = 64;
const KEPT_BYTES_MAX: usize = 128;

static KEPT: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// The text of the program that says the same.
pub(super) fn known(text: &str) -> &'static str {
    if let Some(known) = KNOWN.iter().find(|known| **known == text) {
        return known;
    }
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept.get(text) {
        return known;
    }
    if kept.len() >= KEPT_COUNT_MAX || text.len() > KEPT_BYTES_MAX {
        return OTHER;
    }
    let text: &'static str = Box::leak(text.to_owned().into_boxed_str());
    kept.insert(text);
    text
}
