//! The index against what it must mean.

mod model;
mod property;
mod tail;
