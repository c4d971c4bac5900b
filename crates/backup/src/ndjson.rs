//! Events as lines of JSON: out of a context, and into one.
//!
//! Why: a backup is for this store, byte for byte. Lines are for everybody else: another tool,
//! another store, a test's input, a part of a history in an editor.
//!
//! Picture: one event a line, `{"position":7,"stream":"order-1","revision":2,"id":…,"type":…,…}`
//!
//! Invariants: A4 ids are kept, so importing twice writes nothing the second time. The order is kept.
//! Memory is a page, or a batch. What lines do not say: where one commit ended and the next began,
//! checkpoints, groups, settings of streams (unless the system's streams were asked for), and events
//! that a deletion or a scavenge took out of sight. A backup has all of it.

mod export;
mod import;
mod line;
mod lines;

pub use export::{Export, ExportError, Exported, export};
pub use import::{Import, ImportCause, ImportError, Imported, import};
pub use line::{IMPORTED_POSITION, IMPORTED_RECORDED_AT};
