//! Deciders, reactions, sagas, projections and their tests: the programming model of Headwater.
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
//!            Reaction, Saga ◀─ Input, Timer ◀───────└───────┘
//! ```
//! Read first: [`decider`] (what a user writes), [`reaction`], [`saga`], [`projection`], then [`Service`].

extern crate self as headwater;

pub mod action;
pub mod after;
pub mod boundary;
pub mod cause;
pub mod command;
mod decide;
pub mod decider;
#[doc(hidden)]
pub mod derived;
pub mod event;
pub mod failed;
pub mod health;
#[cfg(feature = "http")]
pub mod http;
pub mod inflow;
pub mod input;
mod limits;
pub mod lock;
pub mod outcome;
pub mod parked;
pub mod personal;
pub mod plan;
#[doc(hidden)]
pub mod planted;
pub mod prelude;
pub mod projection;
mod react;
pub mod reaction;
mod reader;
pub mod refusal;
pub mod request;
pub mod saga;
pub mod schedule;
mod schema;
pub mod service;
pub mod store;
pub mod stream_id;
pub mod supervise;
pub mod testing;
#[doc(hidden)]
pub mod timer;
pub mod trace;
pub mod travel;
pub mod view;
mod wait;

pub use action::Actions;
pub use after::{After, InvalidAfter};
pub use boundary::{Boundary, Reads};
pub use cause::Cause;
pub use command::Command;
pub use decider::Decider;
pub use event::{EncodeError, Event};
pub use failed::{Failed, Poison, Policy};
pub use health::{Health, ReaderHealth};
pub use inflow::{Inflow, InflowHealth};
pub use input::{DecodeError, Decoded, Field, Input, InputType, Recorded, Source};
pub use outcome::{CommandError, LoadError, Loaded, ReadModelError, Receipt};
pub use parked::{Discarded, ParkedError, ParkedInput, Retried, RetryOutcome};
pub use personal::{
    ForgetError, Forgetting, KeysError, MemoryKeys, Personal, Subject, SubjectKey, SubjectKeys,
};
pub use projection::Forget;
pub use projection::{
    Database, Generations, Key, ModelName, ParkedEvent, ParkedRow, Projection, ReadModel, Skipped,
};
pub use reaction::Reaction;
pub use reader::ReaderState;
pub use refusal::{Refusal, RefusalKind};
pub use request::{Request, RequestsHealth};
pub use saga::{
    ByHand, CarriedOut, End, LoadedSaga, NoTimer, Note, Refused, Route, Saga, Standing, Timer,
    Trigger, Verb, WhenStuck,
};
pub use service::Service;
pub use store::Store;
pub use stream_id::StreamId;
pub use supervise::Supervisor;
pub use view::{BuildHealth, SeekTo, ViewError, ViewHealth};

pub use headwater_derive::{Command, Event, Input, Refusal, StreamId, Timer};
