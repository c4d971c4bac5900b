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
//! said at once. Secrets are in files, and settings say where; the one that is a secret itself is shown by
//! nothing. What OpenTelemetry's own variables say is weaker than anything that is said to us by name.

pub(crate) mod configured;
pub(crate) mod field;
pub(crate) mod file;
pub(crate) mod fixed;
pub(crate) mod gathered;
pub(crate) mod human;
pub(crate) mod table;
pub(crate) mod telemetry;
#[cfg(test)]
mod tests;
pub(crate) mod wrong;

pub(crate) use configured::Configured;
pub(crate) use gathered::{Gathered, Origin, gather};
pub(crate) use table::{Setting, table};
pub(crate) use wrong::Wrong;
