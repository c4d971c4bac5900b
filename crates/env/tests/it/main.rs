//! The disks keep what they promise, and the simulated one breaks the way it says.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod disks;
mod sim;
