//! A service's process: readers supervised, HTTP, settings, health, drain.

pub mod settings;
