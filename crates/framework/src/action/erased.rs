//! What actions say, without the types it was said in.
//!
//! Why: one list holds commands to any decider; two of them are equal if they would be stored equal.

use crate::decide::{ErasedIntent, Intent};
use crate::saga::Timer;
use crate::{Boundary, Command, Decider, EncodeError, Request};
use bytes::Bytes;
use headwater_model::{InvalidName, StreamName};
use std::fmt;
use std::sync::Arc;

/// What something says, by its name and its JSON.
type Said = Result<(&'static str, Bytes), EncodeError>;

/// A command to a decider whose type is known to `intent` only.
#[derive(Clone)]
pub(crate) struct Run {
    decider: &'static str,
    /// What a plan knows it by.
    pub(crate) label: Option<String>,
    pub(crate) stream: Result<StreamName, InvalidName>,
    pub(crate) command: Said,
    /// Carries it out.
    pub(crate) intent: Arc<dyn ErasedIntent>,
}

impl Run {
    pub(crate) fn new<D: Decider>(id: &D::Id, command: D::Command) -> Self {
        Self {
            label: None,
            decider: std::any::type_name::<D>(),
            stream: id.stream(),
            command: command.encode(),
            intent: Arc::new(Intent::<D>::new(id.clone(), command)),
        }
    }
}

impl PartialEq for Run {
    fn eq(&self, other: &Self) -> bool {
        self.decider == other.decider
            && self.stream == other.stream
            && self.command == other.command
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.stream {
            Ok(stream) => write!(f, "run {} on {stream}", Text(&self.command)),
            Err(error) => write!(f, "run a command nowhere: {error}"),
        }
    }
}

/// A request to another service.
#[derive(Clone, PartialEq)]
pub(crate) struct Ask {
    /// The service that is asked.
    pub(crate) to: &'static str,
    /// The id of what it is about, there.
    pub(crate) target: String,
    pub(crate) command: Said,
    /// What a plan knows it by.
    pub(crate) label: Option<String>,
    /// Locks there that it is carried out under, and refused without.
    pub(crate) under: Vec<String>,
}

impl Ask {
    pub(crate) fn new<R: Request>(request: &R) -> Self {
        let (target, command) = (request.target(), request.encode());
        Self { to: R::TO, target, command, label: None, under: Vec::new() }
    }
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "send {} to {}, {}", Text(&self.command), self.to, self.target)
    }
}

/// A timer of a saga.
#[derive(Clone, PartialEq)]
pub(crate) struct Waking(pub(crate) Said);

impl Waking {
    pub(super) fn new<T: Timer>(timer: &T) -> Self {
        Self(timer.encode())
    }
}

impl fmt::Debug for Waking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Text(&self.0))
    }
}

struct Text<'a>(&'a Said);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Ok((name, payload)) => write!(f, "{name} {}", String::from_utf8_lossy(payload)),
            Err(error) => error.fmt(f),
        }
    }
}
