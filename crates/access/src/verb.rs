//! Verbs: what can be done, in words that a grant is made of.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What is done. Each call of each protocol needs one or some of these; `docs/access.md` has the
/// table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// See events, settings and checkpoints.
    Read,
    /// Add events.
    Append,
    /// Change what is kept of a stream, delete it, tombstone it.
    Change,
    /// Take and settle deliveries of consumer groups, save checkpoints.
    Consume,
    /// Make contexts; make, change, seek and delete groups; scavenge, back up.
    Manage,
    /// See how the server does: metrics, statistics.
    Observe,
    /// Say who may do what.
    Administer,
}

/// Why a text is no verb.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no verb; there are {}", words())]
pub struct UnknownVerb {
    /// The text, cut.
    pub text: String,
}

fn words() -> String {
    Verb::ALL.map(Verb::as_str).join(", ")
}

impl Verb {
    /// All there are.
    pub const ALL: [Self; 7] = [
        Self::Read,
        Self::Append,
        Self::Change,
        Self::Consume,
        Self::Manage,
        Self::Observe,
        Self::Administer,
    ];

    /// The verb as text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Append => "append",
            Self::Change => "change",
            Self::Consume => "consume",
            Self::Manage => "manage",
            Self::Observe => "observe",
            Self::Administer => "administer",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Verb {
    type Err = UnknownVerb;
    fn from_str(text: &str) -> Result<Self, UnknownVerb> {
        let found = Self::ALL.into_iter().find(|verb| verb.as_str() == text);
        found.ok_or_else(|| UnknownVerb { text: text.chars().take(32).collect() })
    }
}

/// Some verbs, each once, in order.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Verb>", into = "Vec<Verb>")]
pub struct Verbs(Vec<Verb>);

impl Verbs {
    /// Every verb.
    pub fn all() -> Self {
        Self(Verb::ALL.to_vec())
    }

    /// Whether this one is among them.
    pub fn contains(&self, verb: Verb) -> bool {
        self.0.contains(&verb)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// They, in order.
    pub fn iter(&self) -> impl Iterator<Item = Verb> + '_ {
        self.0.iter().copied()
    }
}

impl From<Vec<Verb>> for Verbs {
    fn from(mut verbs: Vec<Verb>) -> Self {
        verbs.sort();
        verbs.dedup();
        Self(verbs)
    }
}

impl From<Verbs> for Vec<Verb> {
    fn from(verbs: Verbs) -> Self {
        verbs.0
    }
}
