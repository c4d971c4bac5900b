//! Mining a transaction log, against bytes and against real servers.

mod crashes;
mod encode;
mod mariadb;
mod messages;
mod mined;
mod mutated;
mod outboxes;
mod refusals;
mod secure;
mod service;
mod world;
