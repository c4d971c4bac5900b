//! The event store: plan and apply, index, reads and subscriptions over a journal.

mod apply;
pub mod commit;
pub mod context;
pub mod contexts;
mod group;
mod held;
pub mod index;
mod keeper;
pub mod life;
mod limits;
mod log;
pub mod open;
pub mod plan;
pub mod planted;
mod read;
mod state;
mod subscription;
mod writer;

pub use context::EmbeddedContext;
pub use contexts::EmbeddedStore;
pub use open::{Background, Environment, Options};
pub use read::Scan;
pub use writer::Writer;
