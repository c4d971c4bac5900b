//! The command as a person and a script meet it: the real program, in a directory of its own.

mod dev;
mod group;
mod headwater;
mod hostile;
mod killed;
mod parked;
mod secure;
mod scavenge;
mod server;
mod settings;
mod stream;
mod verify;
