//! Disk, clock and entropy behind traits, each with a faulty twin for simulation.
//!
//! Why: a store that asks the operating system directly can only be tested on good days. What
//! goes through these traits can be crashed at every write, filled up, and given any hour.
//!
//! Picture:
//! ```text
//!   Disk     OsDisk       MemDisk (no faults)   SimDisk (crashes, tears, EIO, full, flips)
//!   Clock    SystemClock  VirtualClock
//!   Entropy  OsEntropy    SeededEntropy
//! ```
//!
//! Read first: [`disk`] (the port), then [`sim`] (what a bad day is).

pub mod aligned;
pub mod clock;
pub mod disk;
pub mod entropy;
pub mod mem;
pub mod os;
pub mod sim;

pub use aligned::{AlignedBuf, BLOCK_BYTES};
pub use clock::{Clock, SystemClock, VirtualClock};
pub use disk::{Access, DirLock, Disk, DiskError, DurableWay, File};
pub use entropy::{Entropy, OsEntropy, SeededEntropy};
pub use mem::MemDisk;
pub use os::OsDisk;
pub use sim::{Fault, SimDisk};
