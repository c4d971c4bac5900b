//! The integration tests of this crate: what is decided, and what stands.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

mod deciding;
mod patterns;
mod standing;
