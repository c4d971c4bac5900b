//! The runtime of a server's process: how many threads carry its connections.
//!
//! Why one fewer than there are processors: each context commits on a thread of its own, which an
//! append waits for. Where every processor carries connections already, the committer and they push
//! each other aside, and threads are woken that find nothing to do.
//!
//! What may read the disk for long moves to a thread of its own whatever this number is.

use std::num::NonZero;
use tokio::runtime::{Builder, Runtime};

/// A runtime to serve on.
///
/// # Errors
/// The system's, if it has no threads or descriptors left.
pub fn runtime() -> std::io::Result<Runtime> {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let carriers = processors.saturating_sub(1).max(1);
    Builder::new_multi_thread().worker_threads(carriers).enable_all().build()
}
