//! The gateway before services that answer, are slow, are gone, or say no.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

mod overview;
mod passing_on;
mod process;
mod street;
