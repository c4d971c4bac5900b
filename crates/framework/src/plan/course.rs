//! The course of an instance: by which plan it goes, how far it is, and what it has to undo.
//!
//! Why: it is recorded whole with each step, so that it is found again under later code, and a person reads in
//! the instance's stream which stage is out and which are undone.

use crate::Refused;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// How far an instance is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    /// The plan that it began by, and goes by to its end.
    pub(crate) version: u32,
    /// What that plan looked like.
    pub(crate) shape: u32,
    /// Which of the plan's phases it is in.
    pub(crate) phase: usize,
    /// Why it cannot reach its goal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refused: Option<Refused>,
    /// It undoes what it did.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) back: bool,
    /// Each stage of the plan, in order.
    pub(crate) stages: Vec<Leg>,
}

/// How a stage of an instance is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    pub(crate) stage: Cow<'static, str>,
    pub(crate) is: StageState,
    /// How often it was tried, or its undoing.
    #[serde(default, skip_serializing_if = "is_none")]
    pub(crate) tries: u32,
    /// A person has seen to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) by_hand: bool,
    /// Locks that it takes, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) locks: Vec<String>,
    /// How many of them are held.
    #[serde(default, skip_serializing_if = "no_locks")]
    pub(crate) held: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_none(count: &u32) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn no_locks(count: &usize) -> bool {
    *count == 0
}

/// How a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageState {
    /// It has not begun.
    Ahead,
    /// It is to be asked for.
    Due,
    /// It is asked for.
    Asked,
    /// It was refused, and is asked for again in a while.
    Waits,
    /// It is done.
    Done,
    /// It was refused for good: nothing came of it.
    Refused,
    /// It was not answered in time: something may come of it yet.
    Late,
    /// Its undoing is to be asked for.
    UndoDue,
    /// Its undoing is asked for.
    Undoing,
    /// Its undoing was refused, and is asked for again in a while.
    UndoWaits,
    /// It is undone.
    Undone,
}

impl Course {
    /// The version of the plan that it goes by.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Why it undoes, or will undo, what it did.
    pub fn refused(&self) -> Option<&Refused> {
        self.refused.as_ref()
    }

    /// Whether it undoes what it did.
    pub fn turns_back(&self) -> bool {
        self.back
    }

    /// Each stage of the plan, in order.
    pub fn stages(&self) -> &[Leg] {
        &self.stages
    }

    /// How a stage is; `None` if the plan has none of this name.
    pub fn stage(&self, name: &str) -> Option<StageState> {
        self.stages.iter().find(|leg| leg.stage == name).map(|leg| leg.is)
    }
}

impl Leg {
    /// The stage's name.
    pub fn stage(&self) -> &str {
        &self.stage
    }

    /// How it is.
    pub fn state(&self) -> StageState {
        self.is
    }

    /// Whether a person has seen to it.
    pub fn by_hand(&self) -> bool {
        self.by_hand
    }
}

impl fmt::Display for StageState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ahead => "ahead",
            Self::Due => "due",
            Self::Asked => "asked",
            Self::Waits => "waits",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Late => "late",
            Self::UndoDue => "undo due",
            Self::Undoing => "undoing",
            Self::UndoWaits => "undo waits",
            Self::Undone => "undone",
        })
    }
}
