//! All that a service's code needs: `use headwater::prelude::*;`.

pub use crate::{
    Actions, After, Boundary, Cause, Command, CommandError, Database, Decider, DecodeError,
    Decoded, EncodeError, Event, Failed, Input, InvalidAfter, Key, LoadError, Loaded, NoTimer,
    Personal, Poison, Policy, Projection, Reaction, ReadModelError, Reads, Receipt, Recorded,
    Refusal, RefusalKind, Refused, Request, Route, Saga, Service, Store, StreamId, Timer, Trigger,
    WhenStuck,
};
pub use headwater_model::{AsOf, InvalidName, Position, Revision, Start, StreamName, Timestamp};
pub use serde::{Deserialize, Serialize};
pub use std::time::Duration;
