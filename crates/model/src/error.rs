//! The small causes that errors are built from.
//!
//! Why: every operation has its own error enum, and all say alike whether to retry, under which
//! code an operator finds the page about it, and what exactly was found.

use crate::ContextName;
use std::fmt;

/// What a caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The same request fails the same way for ever.
    Never,
    /// Read again, decide again, then ask again.
    AfterReload,
    /// The same request may succeed later.
    Later,
}

/// Bytes on disk that are not what was written. D1: reported with place, never skipped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file} is corrupt at byte {at}: {why}; run `headwater verify` and restore from a backup")]
pub struct Corrupt {
    /// The file, as the operator knows it.
    pub file: String,
    /// Where in it.
    pub at: u64,
    /// What does not fit.
    pub why: String,
}

/// The reply was lost: what was asked may or may not have been done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the outcome is unknown ({why}); ask again with the same event ids")]
pub struct LostReply {
    /// How it was lost.
    pub why: String,
}

/// The store cannot do this now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// No room on the disk. D2: appends work again when there is.
    #[error("the disk is full ({why}); free some space and appends go on")]
    Full {
        /// What was being written.
        why: String,
    },
    /// A sync failed. D2: nothing is written until the store is opened again.
    #[error("a sync failed ({why}); open the store again to go on")]
    Poisoned {
        /// What failed.
        why: String,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// Another process writes here.
    #[error("{owner} is the writer here; one process at a time")]
    Locked {
        /// Who holds the lock.
        owner: String,
    },
    /// Another writer has claimed the journal.
    #[error("the journal was claimed by a later writer ({why}); open the store again")]
    Fenced {
        /// Which epoch took it.
        why: String,
    },
    /// The operating system or the network said no.
    #[error("{what} failed: {why}")]
    Io {
        /// What was being done.
        what: String,
        /// The system's words.
        why: String,
    },
}

impl Unavailable {
    /// The stable code of this cause.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Full { .. } => "store.full",
            Self::Poisoned { .. } => "store.poisoned",
            Self::Closed => "store.closed",
            Self::Locked { .. } => "store.locked",
            Self::Fenced { .. } => "store.fenced",
            Self::Io { .. } => "store.io",
        }
    }
}

/// Who asked may not have it. Nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// We know who asks, and they may not.
    #[error("{who} may not {verb} {what}")]
    Forbidden {
        /// Who asked, as the server knows them.
        who: String,
        /// What they may not do: `read`, `append`, …
        verb: String,
        /// To what, with its context.
        what: String,
    },
    /// We do not know who asks.
    #[error("who asks is not known: {why}")]
    Unauthenticated {
        /// What is missing or wrong with the credentials; never the credentials.
        why: String,
    },
}

impl Denied {
    /// The stable code of this cause.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Forbidden { .. } => "access.denied",
            Self::Unauthenticated { .. } => "access.unauthenticated",
        }
    }
}

/// There is no such context, and asking did not make one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no context {context}{}", DidYouMean(nearest.as_ref()))]
pub struct NoContext {
    /// Which was asked for.
    pub context: ContextName,
    /// One whose name is nearly the same, of those that the caller may see.
    pub nearest: Option<ContextName>,
}

impl NoContext {
    /// The same, with the nearest of these names if one is near.
    pub fn among<'a>(
        context: ContextName,
        names: impl IntoIterator<Item = &'a ContextName>,
    ) -> Self {
        let asked = context.as_str();
        let far = |name: &ContextName| strsim::damerau_levenshtein(asked, name.as_str());
        // A third of the letters may be wrong, or one of a few: more is another name.
        let far_max = (asked.chars().count() / 3).max(1).min(asked.chars().count() - 1);
        let near = names.into_iter().map(|name| (far(name), name));
        let nearest = near.filter(|(far, _)| *far <= far_max).min();
        let nearest = nearest.map(|(_, name)| name.clone());
        Self { context, nearest }
    }

    /// The stable code of this cause.
    pub const fn code(&self) -> &'static str {
        "context.not_found"
    }
}

/// A guess, at the end of a sentence.
struct DidYouMean<'a>(Option<&'a ContextName>);

impl fmt::Display for DidYouMean<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(f, "; did you mean {name}?"),
            None => Ok(()),
        }
    }
}

/// Shows an optional place as a person would say it.
pub(crate) struct OrNothing<T>(pub(crate) Option<T>);

impl<T: fmt::Display> fmt::Display for OrNothing<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("nothing"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ContextName {
        ContextName::new(text.to_owned()).expect("a name")
    }

    #[test]
    fn a_mistyped_context_is_told_the_name_that_was_meant() {
        let names = ["orders", "history", "b"].map(name);
        let nearest = |asked| NoContext::among(name(asked), &names).nearest;
        assert_eq!(nearest("oders"), Some(name("orders")), "one letter is missing");
        assert_eq!(nearest("ordesr"), Some(name("orders")), "two letters in the wrong order");
        assert_eq!(nearest("histroy"), Some(name("history")));
        assert_eq!(nearest("shop"), None, "another name is no slip");
        assert_eq!(nearest("a"), None, "one letter is all of it");
        let error = NoContext::among(name("histroy"), &names);
        assert_eq!(error.to_string(), "there is no context histroy; did you mean history?");
    }
}
