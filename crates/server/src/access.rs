//! Access: who asks, and what they may do here.
//!
//! Why: every protocol hands its handlers a [`Caller`], and a caller's contexts check each call
//! themselves. A handler cannot forget to ask, because it has nothing else to ask.
//!
//! Picture:
//! ```text
//!   request ─▶ authenticate (one layer) ─▶ Identity in its extensions ─▶ Host::caller ─▶ Caller
//!                                                                        contexts, guarded ◀┘
//! ```

mod caller;
mod identity;

pub use caller::Caller;
pub use identity::Identity;
