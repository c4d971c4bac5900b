//! The history service: a view over two others, and what HTTP says of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

mod http;
mod process;
mod view;
