//! The same of MariaDB: its binary log of rows, against a real server.

mod crashes;
mod mined;
mod refusals;
mod values;
mod world;
