//! The disks keep what they promise, and the simulated one breaks the way it says.

mod disks;
mod sim;
