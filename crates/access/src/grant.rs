//! Grants: who may, or may not, do what to which streams of which contexts.

use crate::{StreamPattern, Target, Verb, Verbs, Who};
use headwater_model::{ContextName, InvalidName};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Which way a grant goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// They may.
    Allow,
    /// They may not, whatever allows it.
    Deny,
}

/// Which contexts. As text: a name, or `*`, which is all but the one that access itself is kept in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ContextPattern {
    /// Every context.
    All,
    /// One.
    One(ContextName),
}

/// A grant's name: `g-12`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GrantId(pub u64);

/// Who may, or may not, do what.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Grant {
    /// Its name.
    pub id: GrantId,
    /// Which way.
    pub effect: Effect,
    /// Whom it is about.
    pub who: Who,
    /// What it is about.
    #[serde(flatten)]
    pub scope: Scope,
}

/// What to which streams of which contexts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Scope {
    /// What.
    pub verbs: Verbs,
    /// Where.
    pub context: ContextPattern,
    /// To what there.
    pub streams: Vec<StreamPattern>,
}

impl Scope {
    /// Everything everywhere.
    pub fn all() -> Self {
        let streams = vec![StreamPattern::all(), StreamPattern::system()];
        Self { verbs: Verbs::all(), context: ContextPattern::All, streams }
    }

    /// Whether an allow of this is enough for all of the target.
    pub(crate) fn covers(&self, verb: Verb, context: Option<&ContextName>, on: &Target) -> bool {
        let reaches = match context {
            Some(name) => self.context.contains(name),
            None => self.context == ContextPattern::All,
        };
        self.verbs.contains(verb) && reaches && on.is_covered(&self.streams)
    }

    /// Whether a deny of this is about some of the target.
    pub(crate) fn touches(&self, verb: Verb, context: Option<&ContextName>, on: &Target) -> bool {
        let reaches = context.is_none_or(|name| self.context.contains(name));
        self.verbs.contains(verb) && reaches && on.is_touched(&self.streams)
    }
}

impl ContextPattern {
    /// Whether this context is one of them.
    pub fn contains(&self, name: &ContextName) -> bool {
        match self {
            Self::All => true,
            Self::One(own) => own == name,
        }
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "g-{}", self.0)
    }
}

impl FromStr for GrantId {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let digits =
            text.strip_prefix("g-").filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        let number = digits.and_then(|digits| digits.parse().ok());
        number.map(Self).ok_or_else(|| "a grant's name is `g-` and a number".to_owned())
    }
}

impl FromStr for ContextPattern {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if text == "*" { Ok(Self::All) } else { Ok(Self::One(ContextName::new(text)?)) }
    }
}

impl fmt::Display for ContextPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::One(name) => name.fmt(f),
        }
    }
}

impl TryFrom<String> for ContextPattern {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<ContextPattern> for String {
    fn from(pattern: ContextPattern) -> Self {
        pattern.to_string()
    }
}
