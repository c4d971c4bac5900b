//! Settings of a server: what each is, where it came from, and what it does.
//!
//! Why: on a bad day somebody asks what this server was told, and by whom. There is one table of all
//! settings; files, the environment, flags, `config show` and the documentation are read from it.
//!
//! Picture:
//! ```text
//!   defaults ─▶ /etc/headwater/headwater.toml ─▶ ./headwater.toml ─▶ HEADWATER_… ─▶ flags
//!               └─────────── or --config FILE alone ───────────┘      later wins
//! ```
//! Invariants: a name that is not in the table is an error, with the nearest that is. All errors are
//! said at once. No setting is a secret: secrets are in files, and settings say where.

pub(crate) mod configured;
pub(crate) mod field;
pub(crate) mod file;
pub(crate) mod fixed;
pub(crate) mod gathered;
pub(crate) mod human;
pub(crate) mod table;
#[cfg(test)]
mod tests;
pub(crate) mod wrong;

pub(crate) use configured::Configured;
pub(crate) use gathered::{Gathered, Origin, gather};
pub(crate) use table::{Setting, table};
pub(crate) use wrong::Wrong;
