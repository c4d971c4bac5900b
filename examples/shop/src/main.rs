//! The shop replay.
fn main() {}
