//! A plan as data: phases of stages, in the only order that can work.
//!
//! Why: what can be undone comes before the pivot, what must succeed comes behind it. Said in types, so
//! that a plan that could neither go on nor back does not compile.
//!
//! Picture:
//! ```text
//!   Plan<Before>  compensatable · parallel [compensatable …] · pivot ─▶ Plan<After>  retriable · parallel [retriable …]
//! ```

use super::Planned;
use super::stage::{Asked, Compensatable, Retriable, Stage};
use crate::limits::PLAN_STAGE_COUNT_MAX;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::marker::PhantomData;

/// In front of the pivot: what is done can be undone.
#[derive(Debug)]
pub enum Before {}

/// Behind the pivot: there is no way back.
#[derive(Debug)]
pub enum After {}

/// What an instance does, stage by stage.
///
/// ```compile_fail
/// # extern crate headwater_framework as headwater;
/// # use headwater::plan::*;
/// fn wrong<P: Planned>() -> Plan<P, After> {
///     let begun = || P::ask("begun", |_| Ask::nothing());
///     Plan::new().pivot(begun()).compensatable(begun().harmless()) // there is no way back any more
/// }
/// ```
/// ```compile_fail
/// # extern crate headwater_framework as headwater;
/// # use headwater::plan::*;
/// fn wrong<P: Planned>() -> Plan<P, Before> {
///     Plan::new().retriable(P::ask("ship", |_| Ask::nothing())) // it may still be given up
/// }
/// ```
/// ```compile_fail
/// # extern crate headwater_framework as headwater;
/// # use headwater::plan::*;
/// fn wrong<P: Planned>() -> Plan<P, Before> {
///     Plan::new().compensatable(P::ask("reserve", |_| Ask::nothing())) // how is it undone?
/// }
/// ```
#[derive(Debug)]
pub struct Plan<P: Planned, O = Before> {
    pub(super) phases: Vec<Phase<P>>,
    order: PhantomData<fn() -> O>,
}

/// Stages that are asked for together.
#[derive(Debug)]
pub(super) struct Phase<P: Planned> {
    pub(super) kind: Kind,
    pub(super) stages: Vec<Stage<P>>,
}

/// What a refusal of a stage means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The way back; it was not done, those before it are undone.
    Compensatable,
    /// The way back as well; once it is done, there is none.
    Pivot,
    /// Another try.
    Retriable,
}

impl<P: Planned> Default for Plan<P, Before> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Planned> Plan<P, Before> {
    /// Nothing to do.
    pub fn new() -> Self {
        Self { phases: Vec::new(), order: PhantomData }
    }

    /// Then this, which is undone if a later stage is refused.
    #[must_use]
    pub fn compensatable(self, stage: Compensatable<P>) -> Self {
        self.parallel([stage])
    }

    /// Then these together; it goes on when all of them are done. If one is refused, those that are out are
    /// waited for, and what was done is undone.
    #[must_use]
    pub fn parallel(self, stages: impl IntoIterator<Item = Compensatable<P>>) -> Self {
        let stages = stages.into_iter().map(|stage| stage.0).collect();
        self.and(Kind::Compensatable, stages)
    }

    /// Then this, which decides: if it is refused, all is undone; if it is done, all else will be.
    #[must_use]
    pub fn pivot(self, stage: Asked<P>) -> Plan<P, After> {
        self.and(Kind::Pivot, vec![stage.0])
    }
}

impl<P: Planned> Plan<P, After> {
    /// Then this, which is tried until it is done.
    #[must_use]
    pub fn retriable(self, stage: impl Into<Retriable<P>>) -> Self {
        self.parallel([stage.into()])
    }

    /// Then these together; it goes on when all of them are done.
    #[must_use]
    pub fn parallel(self, stages: impl IntoIterator<Item = Retriable<P>>) -> Self {
        let stages = stages.into_iter().map(|stage| stage.0).collect();
        self.and(Kind::Retriable, stages)
    }
}

impl<P: Planned, O> Plan<P, O> {
    fn and<N>(mut self, kind: Kind, stages: Vec<Stage<P>>) -> Plan<P, N> {
        if !stages.is_empty() {
            self.phases.push(Phase { kind, stages });
        }
        Plan { phases: self.phases, order: PhantomData }
    }
}

/// The plans of a saga, each under its version: new instances go by the newest, those under way by their own.
#[derive(Debug)]
pub struct Plans<P: Planned> {
    list: Vec<(u32, Vec<Phase<P>>)>,
}

impl<P: Planned> Default for Plans<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Planned> Plans<P> {
    /// None yet.
    pub fn new() -> Self {
        Self { list: Vec::new() }
    }

    /// The plan of this version. Versions rise; an old one stays for as long as instances go by it.
    #[must_use]
    pub fn version<O>(mut self, version: u32, plan: Plan<P, O>) -> Self {
        self.list.push((version, plan.phases));
        self
    }

    /// The plans, if they can be gone by.
    pub(super) fn checked(self) -> Result<BTreeMap<u32, Checked<P>>, PlanError> {
        let mut all = BTreeMap::new();
        for (version, phases) in self.list {
            let checked = Checked::new(version, phases)?;
            if all.insert(version, checked).is_some() {
                return Err(PlanError::VersionTwice { version });
            }
        }
        if all.is_empty() { Err(PlanError::NoPlan) } else { Ok(all) }
    }
}

/// A plan that can be gone by.
#[derive(Debug)]
pub(super) struct Checked<P: Planned> {
    pub(super) phases: Vec<Phase<P>>,
    /// Where the stages of each phase begin, among all stages.
    pub(super) first: Vec<usize>,
    /// What it looks like: kinds and names, in order.
    pub(super) shape: u32,
}

impl<P: Planned> Checked<P> {
    fn new(version: u32, phases: Vec<Phase<P>>) -> Result<Self, PlanError> {
        let (mut names, mut first, mut looks) = (Vec::new(), Vec::new(), Sha256::new());
        for phase in &phases {
            first.push(names.len());
            looks.update(format!("{:?}\n", phase.kind));
            for stage in &phase.stages {
                looks.update(format!("{}\n", stage.name));
                let bad = stage.name.is_empty()
                    || stage.name.contains('#')
                    || stage.name.starts_with("undo ");
                if bad {
                    return Err(PlanError::BadName { version, stage: stage.name });
                }
                if names.contains(&stage.name) {
                    return Err(PlanError::NameTwice { version, stage: stage.name });
                }
                names.push(stage.name);
            }
        }
        match names.len() {
            0 => Err(PlanError::Empty { version }),
            count if count > PLAN_STAGE_COUNT_MAX => {
                Err(PlanError::TooLong { version, count, count_max: PLAN_STAGE_COUNT_MAX })
            }
            _ => {
                let looks = looks.finalize();
                let shape = u32::from_be_bytes([looks[0], looks[1], looks[2], looks[3]]);
                Ok(Self { phases, first, shape })
            }
        }
    }

    /// Every stage with its place.
    pub(super) fn stages(&self) -> impl Iterator<Item = &Stage<P>> {
        self.phases.iter().flat_map(|phase| &phase.stages)
    }

    /// The stages of a phase, by their place among all.
    pub(super) fn of_phase(&self, phase: usize) -> std::ops::Range<usize> {
        let from = self.first[phase];
        from..from + self.phases[phase].stages.len()
    }

    /// A stage and what a refusal of it means.
    pub(super) fn stage(&self, n: usize) -> (&Stage<P>, Kind) {
        let phase = self.first.partition_point(|first| *first <= n) - 1;
        (&self.phases[phase].stages[n - self.first[phase]], self.phases[phase].kind)
    }
}

/// Why plans cannot be gone by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// There is none.
    #[error("a saga by plan needs a plan")]
    NoPlan,
    /// Two plans have one version.
    #[error("version {version} is given to two plans")]
    VersionTwice {
        /// Which.
        version: u32,
    },
    /// A plan has no stages.
    #[error("the plan of version {version} has no stages")]
    Empty {
        /// Its version.
        version: u32,
    },
    /// A plan has too many stages.
    #[error("the plan of version {version} has {count} stages, {count_max} can be gone by")]
    TooLong {
        /// Its version.
        version: u32,
        /// Its stages.
        count: usize,
        /// The bound.
        count_max: usize,
    },
    /// Two stages of a plan have one name.
    #[error("the plan of version {version} has two stages named {stage:?}")]
    NameTwice {
        /// The plan's version.
        version: u32,
        /// The name.
        stage: &'static str,
    },
    /// A name is empty, has a `#` in it, or begins with `undo `.
    #[error(
        "the plan of version {version} has a stage named {stage:?}: it is to have a name, without \
             '#', that does not begin with \"undo \""
    )]
    BadName {
        /// The plan's version.
        version: u32,
        /// The name.
        stage: &'static str,
    },
}

impl PlanError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoPlan => "plan.none",
            Self::VersionTwice { .. } => "plan.version_twice",
            Self::Empty { .. } => "plan.empty",
            Self::TooLong { .. } => "plan.too_long",
            Self::NameTwice { .. } => "plan.name_twice",
            Self::BadName { .. } => "plan.bad_name",
        }
    }

    /// What the caller can do.
    pub fn retry(&self) -> headwater_model::Retry {
        headwater_model::Retry::Never
    }
}
