//! Labels: by which a plan knows what it has asked for when the answer comes.

use std::fmt;

/// A try of a stage, or of its undoing: `ship#2`, `undo room#1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label<'a> {
    pub(super) stage: &'a str,
    pub(super) undo: bool,
    pub(super) tries: u32,
}

impl<'a> Label<'a> {
    /// Reads a label; `None` if it is none of a plan's.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let (name, tries) = text.rsplit_once('#')?;
        let (stage, undo) = match name.strip_prefix("undo ") {
            Some(stage) => (stage, true),
            None => (name, false),
        };
        Some(Self { stage, undo, tries: tries.parse().ok()? })
    }
}

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let undo = if self.undo { "undo " } else { "" };
        write!(f, "{undo}{}#{}", self.stage, self.tries)
    }
}
