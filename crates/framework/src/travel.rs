//! Time travel: states, instances and views as they were, and what changed between two moments.
//!
//! Why: "why was it refused on Tuesday?" is answered by the state of Tuesday, folded by the code of today from what is
//! kept anyway.
//!
//! Picture:
//! ```text
//!   load::<D>(id, at) · load_saga_at::<S>(id, at)      folded up to a position or an instant
//!   view_at(projection, scratch database, at)          filled up to there, beside the live one
//!   difference(was, is)                                /lines/0/price: 5 ─▶ 7
//! ```
//! Invariant: nothing of it writes to the store, or to a live view.

mod difference;
mod saga;
mod shown;
mod view;

pub use difference::{Changed, difference};
pub(crate) use shown::Shows;
pub use shown::StateError;
pub use view::ViewAtError;
