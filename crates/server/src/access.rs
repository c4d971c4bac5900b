//! Access: who asks, and what they may do here.
//!
//! Why: every protocol hands its handlers a [`Caller`], and a caller's contexts check each call
//! themselves. A handler cannot forget to ask, because it has nothing else to ask.
//!
//! Picture:
//! ```text
//!   request ─▶ authenticate (one layer) ─▶ Identity in its extensions ─▶ Host::caller ─▶ Caller
//!                  │ believes                                                               │
//!              Authority ◀── what stands, kept in step with the events ◀── guarded contexts ┘
//! ```
//! Read first: `guard.rs` (which call needs what), `authority.rs`, `docs/access.md`.

mod administration;
mod authority;
mod caller;
mod fetch;
mod guard;
mod identity;
mod issuer;
mod layer;
mod options;
mod passwords;
mod refusals;
mod service;
mod standing;

pub(crate) use administration::{
    Administrator, ChangedUser, Known, MadeToken, NewPassword, NewToken, NewUser, NotAdministered,
    Question, reason, token_number,
};
pub use authority::{Authority, ChangeError};
pub use caller::Caller;
pub use identity::Identity;
pub use layer::PUBLIC;
pub(crate) use layer::authenticate;
pub use options::{AccessOptions, Authentication, IssuerOptions};
pub(crate) use service::AccessService;
