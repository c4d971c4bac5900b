//! Actions: what a reaction wants done, as data.
//!
//! Why: a test compares actions without a store, and the reader carries out all actions of many
//! inputs in one append.

use crate::decide::Intent;
use crate::{Boundary, Command, Decider, EncodeError};
use bytes::Bytes;
use headwater_model::{InvalidName, StreamName};
use std::fmt;
use std::sync::Arc;

/// What follows from an input: commands to own deciders, in order; or a reason to park it.
///
/// ```
/// # extern crate headwater_framework as headwater;
/// use headwater::prelude::*;
/// assert_eq!(Actions::new().park("who is that?"), Actions::new().park("who is that?"));
/// assert_ne!(Actions::new(), Actions::new().park("who is that?"));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Actions {
    list: Vec<Action>,
}

impl Actions {
    /// Nothing to do.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs a command on an own decider.
    #[must_use]
    pub fn run<D: Decider>(mut self, id: &D::Id, command: D::Command) -> Self {
        let request = Request {
            decider: std::any::type_name::<D>(),
            stream: id.stream(),
            command: command.encode(),
            intent: Arc::new(Intent::<D>::new(id.clone(), command)),
        };
        self.list.push(Action::Run(request));
        self
    }

    /// Sets the input aside for a person, with this reason. Nothing else of these actions is done.
    #[must_use]
    pub fn park(mut self, why: impl fmt::Display) -> Self {
        self.list.push(Action::Park(why.to_string()));
        self
    }

    /// The actions, in order.
    pub(crate) fn into_list(self) -> Vec<Action> {
        self.list
    }
}

/// One action.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// A command to an own decider.
    Run(Request),
    /// A reason to set the input aside.
    Park(String),
}

/// A command to a decider whose type is known to `intent` only.
#[derive(Clone)]
pub(crate) struct Request {
    decider: &'static str,
    stream: Result<StreamName, InvalidName>,
    command: Result<(&'static str, Bytes), EncodeError>,
    /// Carries it out.
    pub(crate) intent: Arc<dyn crate::decide::ErasedIntent>,
}

impl PartialEq for Request {
    fn eq(&self, other: &Self) -> bool {
        self.decider == other.decider
            && self.stream == other.stream
            && self.command == other.command
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.stream, &self.command) {
            (Ok(stream), Ok((name, payload))) => {
                write!(f, "{name} {} to {stream}", String::from_utf8_lossy(payload))
            }
            (Err(error), _) => write!(f, "a command to nowhere: {error}"),
            (_, Err(error)) => write!(f, "a command that says nothing: {error}"),
        }
    }
}
