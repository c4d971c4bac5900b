//! Personal data: what is known about a person is encrypted with a key of their own, and forgotten by
//! destroying that key.
//!
//! Why: an event is never changed, and a person may ask to be forgotten. What the store, its snapshots, its
//! parked events and its backups hold of them is ciphertext; without the key it means nothing, wherever
//! a copy may lie.
//!
//! Picture:
//! ```text
//!   decider, saga, snapshot        in the process   {"$personal":{"subject":"customer-7","value":"Ann"}}
//!        │ append        ▲ read
//!   ─────▼───────────────┴─────    Guarded store    seals on the way out, opens on the way in
//!   store, backups, other readers                   {"$personal":{"subject":"customer-7","sealed":"AYx…"}}
//!   after forget(customer-7)       in the process   {"$personal":{"subject":"customer-7"}}
//! ```
//! Invariants: no append with readable personal data leaves the process. A retry seals to the same bytes
//! (A4). A forgotten field is read as forgotten: it stops no reader (R4).

mod forget;
mod json;
mod keys;
mod seal;
mod store;
mod subject;
mod value;

pub use forget::{FORGOTTEN, ForgetError, Forgetting};
pub(crate) use forget::{destroy_again, forgettings, subject_of};
pub use keys::{KeysError, MemoryKeys, SubjectKeys};
pub use seal::SubjectKey;
pub use subject::{InvalidSubject, Subject};
pub use value::Personal;

pub(crate) use store::{SealedContexts, without_values};
