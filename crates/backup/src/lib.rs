//! Backups of contexts while they are written to, and the way back.
//!
//! Why: a journal that survives a power cut still burns with its machine. A backup is worth what
//! its last restore was: so what is copied is checked frame by frame while it comes, read back,
//! and can be verified and restored by code that shares nothing with whoever wrote it.
//!
//! Picture:
//! ```text
//!   contexts ──point, then bytes──▶ walk: every frame ──▶ pieces/<digest>     (each once)
//!                                                    └──▶ manifests/<id>.json (last, by one rename)
//!   manifest + pieces = image, a disk that is only read ──▶ verify
//!                         └── cut at a commit ──▶ store.restoring ──▶ verify ──▶ fork ──▶ store
//! ```
//! Invariants: R1 a backup of a context is a front part of its order, ending between two commits.
//! D1 no byte is taken, kept or restored that is not what was written. A2 what a crash leaves is
//! no backup and no store. C2 a restored context is a new history: old checkpoints behind the cut
//! are told so.
//!
//! Read first: [`manifest`] (what a backup is), [`take`] and [`mod@restore`]. Not here: views; they
//! are built again from the events.

pub mod archive;
pub mod check;
pub mod cut;
pub mod error;
mod image;
pub mod manifest;
pub mod ndjson;
mod piece;
pub mod progress;
pub mod prune;
pub mod restore;
pub mod take;
mod walk;

pub use archive::Archive;
pub use check::{Checked, check};
pub use cut::{Cut, To};
pub use error::{BackupError, Damage};
pub use manifest::{ContextCopy, Manifest, ManifestId};
pub use progress::{Progress, Unseen};
pub use prune::{Pruned, prune};
pub use restore::{Restore, RestoredContext, restore};
pub use take::{Take, Taken};
