//! Who may do what, and the proof of who asks: words and decisions, no I/O.
//!
//! Why a crate: every protocol, the command line and the tests must mean the same by *may*; and what
//! decides it must be small enough to be read whole.
//!
//! Picture:
//! ```text
//!   credentials ─▶ password, token, bearer ─▶ Principal ─┐
//!                                                        ├─▶ decide ─▶ allowed, or by what not
//!   events ─▶ Directory ─▶ grants ───────────────────────┤
//!   call   ─▶ verb, context, Target ─────────────────────┘
//! ```
//! Invariants: what no grant allows is denied. A deny wins over every allow. A decision about many
//! streams is allowed only if every one of them is.
//!
//! Read first: [`decide`], [`pattern`] (what covers and touches mean), [`directory`].

pub mod bearer;
pub mod change;
pub mod decide;
pub mod directory;
pub mod event;
pub mod grant;
pub mod limits;
pub mod name;
pub mod password;
pub mod pattern;
pub mod target;
pub mod token;
pub mod verb;
pub mod who;

pub use change::{AccessError, Change};
pub use decide::{Decision, Principal, Why};
pub use directory::{Directory, Token, User};
pub use event::AccessEvent;
pub use grant::{ContextPattern, Effect, Grant, GrantId, Scope};
pub use name::UserName;
pub use pattern::StreamPattern;
pub use target::Target;
pub use verb::{Verb, Verbs};
pub use who::Who;
