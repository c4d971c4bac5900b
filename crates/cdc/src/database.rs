//! Databases: what every one of them needs to be reached, and how it can fail.

mod encryption;
mod error;

pub use encryption::Encryption;
pub use error::DatabaseError;
