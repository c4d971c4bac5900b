//! The command as a person and a script meet it: the real program, in a directory of its own.

mod access;
mod backup;
mod deploy;
mod dev;
mod group;
mod headwater;
mod hostile;
mod killed;
mod look;
mod parked;
mod relay;
mod scavenge;
mod schema;
mod secure;
mod server;
mod settings;
mod stream;
mod telemetry;
mod verify;
mod view;
