//! Backups and restores as an operator meets them, on disks that have bad days.

mod chain;
mod crashes;
mod damage;
mod every_place;
mod groups;
mod lines;
mod racing;
mod scavenged;
mod world;
