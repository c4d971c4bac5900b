//! The store over the network: the ports of the model, spoken as `headwater.v1`.
//!
//! Why: a service does not know whether its store is in its process or behind a socket. What a
//! network adds, this crate takes away again: connections that break, replies that are lost.
//!
//! Picture:
//! ```text
//!   callers ─▶ pipeline (one task, one stream: numbers, resends) ─┐
//!           ─▶ asking   (reads: again until the deadline)        ─┼─▶ one HTTP/2 connection, perhaps TLS
//!           ─▶ subscription (begins again where it was)          ─┘
//! ```
//! Invariants: A4, A5 a lost reply is resolved by asking again with the same ids, and is `Unknown`
//! only when the deadline passes first. R3 a subscription delivers every event once and in order,
//! however often its connection breaks.
//!
//! Read first: [`client`] (what a program uses), `pipeline` (how appends survive).

pub mod address;
mod asking;
mod backoff;
pub mod client;
mod clock;
mod context;
mod copies;
pub mod credentials;
mod groups;
pub mod limits;
pub mod options;
mod pipeline;
mod scavenge;
mod seen;
mod subscription;
pub mod tls;

pub use address::{Address, InvalidAddress};
pub use client::{AccessChannel, Client};
pub use credentials::Credentials;
pub use options::ClientOptions;
pub use tls::{Identity, Secure};
