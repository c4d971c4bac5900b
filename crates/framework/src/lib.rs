//! Deciders, reactions, projections and their tests: the programming model of Headwater.
//!
//! Why: domain code is sync, pure, plain data. What surrounds it — loading, appending under the
//! condition of what was read, retrying, counting each input once, catching up, reading your own
//! writes — is here, once.
//!
//! Picture:
//! ```text
//!            Cause, Command ─▶ Decider ─▶ events ─▶ ┌───────┐
//!                                 ▲                 │ store │ ─▶ Input ─▶ Projection ─▶ rows
//!            Actions ─────────────┘                 │       │
//!               ▲                                   │       │
//!            Reaction ◀─ Input ◀────────────────────└───────┘
//! ```
//! Read first: [`decider`] (what a user writes), [`reaction`], [`projection`], then [`Service`].

extern crate self as headwater;

pub mod action;
pub mod after;
pub mod boundary;
pub mod cause;
pub mod command;
mod decide;
pub mod decider;
pub mod event;
pub mod failed;
pub mod input;
pub mod outcome;
pub mod prelude;
pub mod projection;
pub mod reaction;
pub mod refusal;
pub mod store;
pub mod stream_id;

pub use action::Actions;
pub use after::{After, InvalidAfter};
pub use boundary::{Boundary, Reads};
pub use cause::Cause;
pub use command::Command;
pub use decider::Decider;
pub use event::{EncodeError, Event};
pub use failed::{Failed, Poison, Policy};
pub use input::{DecodeError, Decoded, Field, Input, InputType, Recorded, Source};
pub use outcome::{CommandError, LoadError, Loaded, ReadModelError, Receipt};
pub use projection::{Database, Key, ModelName, ParkedEvent, Projection, ReadModel};
pub use reaction::Reaction;
pub use refusal::{Refusal, RefusalKind};
pub use store::Store;
pub use stream_id::StreamId;
