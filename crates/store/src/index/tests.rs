//! The index against what it must mean.

mod tail;
