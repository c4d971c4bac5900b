//! The file journal: segments that are appended, synced, sealed, recovered and verified.
//!
//! Why: on one machine the journal is a row of files. What is acknowledged must be there after a
//! power cut (A2), and what is not what was written must be told from what was never finished (D1).
//!
//! Picture:
//! ```text
//!   FileJournal ──append──▶ tail of the open segment ──one durable write──▶ disk
//!       │ publishes its end                ▲ prepared ahead: zeros, synced
//!       ▼                                  │
//!   Segments ──read_at / frames──▶ 000…0.seg  000…1.seg  000…2.seg   mark
//!   (any thread, while it is written) sealed     sealed     open
//! ```
//!
//! ```
//! use headwater_env::{MemDisk, OsEntropy};
//! use headwater_journal_file::{FileJournal, Options};
//! use headwater_model::{Journal, JournalError, Slot};
//! use std::{path::Path, sync::Arc};
//!
//! let dir = Path::new("/orders/journal");
//! let mut journal = FileJournal::open(Arc::new(MemDisk::new()), &OsEntropy, dir, Options::default())?;
//! let committed = journal.append_placed(journal.head(), b"a commit")?;
//! assert_eq!(committed.head.next, Slot(1));
//!
//! let mut bytes = [0; 6];
//! journal.segments().read_at(committed.place.plus(2), &mut bytes)?;
//! assert_eq!(&bytes, b"commit");
//! # Ok::<(), JournalError>(())
//! ```
//!
//! Read first: [`format`] (the bytes), then [`journal`] (one append), then [`recover`] (opening).
//! [`scavenge`] gives the room of what nobody may read any more back.

mod chunks;
pub mod format;
pub mod frames;
pub mod journal;
pub mod limits;
pub mod mark;
pub mod options;
mod pinned;
pub mod place;
pub mod prepare;
pub mod recover;
mod scan;
pub mod scavenge;
pub mod segments;
mod tail;
pub mod verify;

pub use frames::{Frame, Frames};
pub use journal::{Committed, FileJournal};
pub use options::{Durability, Options, Overlap, Preparing, Room};
pub use pinned::Pinned;
pub use place::Place;
pub use recover::Recovered;
pub use scavenge::{Installed, Numbers, Rewrite, Written};
pub use segments::{Pin, SegmentInfo, Segments};
pub use verify::{Report, SegmentReport, verify};
