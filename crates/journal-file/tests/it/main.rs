//! What the file journal promises, on disks that work and on disks that do not.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod basics;
mod crashes;
mod damage;
mod full;
mod golden;
mod ground;
mod hostile;
mod processes;
mod readers;
mod second_opinion;
