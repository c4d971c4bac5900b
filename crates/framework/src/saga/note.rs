//! Notes: what a saga is told of its own affairs, if it says so.
//!
//! Why: who conducts by a plan must hear that a request was carried out although no event tells of it,
//! and that a person has seen to what was refused.

use super::{Refused, Saga, Trigger};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a saga is told of its own affairs.
pub enum Note<S: Saga> {
    /// A request was carried out. Its events, if any, were told before.
    CarriedOut(CarriedOut),
    /// The step before has been taken, with all that it ran.
    Next,
    /// A person has seen to it.
    ByHand(ByHand<S>),
}

/// A request was carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarriedOut {
    /// The command's name.
    pub command: String,
    /// What a plan knows it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// What a person does with a parked instance that goes on.
pub struct ByHand<S: Saga> {
    /// Which.
    pub verb: Verb,
    /// What it was told when it was parked.
    pub on: Box<Trigger<S>>,
    /// The code under which it was parked.
    pub code: String,
    /// The refusal that it could not answer.
    pub refused: Option<Refused>,
}

/// What a person does with a parked instance that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// It is tried again.
    Retry,
    /// It is passed over: somebody has seen to it.
    Skip,
}

impl<S: Saga> fmt::Debug for Note<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CarriedOut(done) => write!(f, "{} carried out", done.command),
            Self::Next => f.write_str("next"),
            Self::ByHand(ByHand { verb, code, .. }) => write!(f, "{verb:?} by hand: {code}"),
        }
    }
}
