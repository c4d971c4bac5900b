//! Timers against a model: whatever happens between any two steps, each fires once, not before its
//! time, and none is lost (C5).

mod alarms;
mod borders;
mod marks;
mod model;
mod orders;
#[cfg(feature = "planted-bugs")]
mod planted;

use alarms::Alarms;
