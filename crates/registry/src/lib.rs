//! A registry of schemas: what events look like, kept in the store beside them.
//!
//! Why: an event is read for ever, and by others. What it looks like is written down where it is stored, a change
//! that would break a reader is refused before anybody writes by it, and a context may refuse what does not fit.
//!
//! Picture:
//! ```text
//!   register ─▶ compared with what is registered ─▶ $schema-OrderCreated: version, schema
//!   append ─▶ rules of the context: fits its schema? ─▶ the store within
//! ```
//! Invariants: what is registered is never changed, only followed; a schema is compatible as the rules say that
//! held when it was registered; with rules that enforce, nothing is stored that does not fit.
//!
//! Read first: [`compatible`], then [`registry`].

pub mod compatible;
pub mod enforced;
pub mod error;
mod record;
pub mod registry;

pub use compatible::{Compatibility, Difference};
pub use enforced::EnforcedContexts;
pub use error::RegistryError;
pub use record::{Enforce, Rules};
pub use registry::{Registered, Registry, Schema};
