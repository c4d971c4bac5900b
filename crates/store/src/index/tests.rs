//! The index against what it must mean.

mod crash;
mod damage;
mod golden;
mod model;
mod property;
mod size;
mod tail;
