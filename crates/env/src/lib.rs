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
//! ```
//! use headwater_env::{Access, Disk, DiskError, SimDisk};
//! use std::path::Path;
//!
//! let disk = SimDisk::new(7);
//! let file = disk.open(Path::new("/log"), Access::Create)?;
//! disk.sync_dir(Path::new("/"))?;
//! file.write_at(b"kept", 0)?;
//! file.sync()?;
//! file.write_at(b"lost?", 512)?;
//! disk.power_off();
//! disk.power_on(1);
//! let file = disk.open(Path::new("/log"), Access::Read)?;
//! let mut bytes = [0; 4];
//! file.read_at(&mut bytes, 0)?;
//! assert_eq!(&bytes, b"kept");
//! # Ok::<(), DiskError>(())
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
