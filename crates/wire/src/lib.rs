//! The protocols of the wire: `headwater.v1`, our own, and the one that clients of KurrentDB speak.
//!
//! Why: client and server must agree to the byte, and neither may trust the other. Messages are
//! generated from `proto/`; what turns them into the model's words checks everything it is given.
//!
//! Invariants: D3 hostile bytes give an error. Every value of the model that can be sent is the
//! same value when it arrives, errors included.

pub mod codec;
mod convert;
pub mod encoded;
pub mod group_status;
pub mod heard;
pub mod kurrent_read;
mod malformed;
pub mod recorded;
pub mod scavenge_status;
pub mod shape;
pub mod status;

pub use convert::{AskedChange, AskedOfGroup, MemberAsked, MemberOutcome, MemberTold};
pub use malformed::Malformed;

// What is generated encodes and decodes by it.
use tonic_prost as _;

#[expect(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::allow_attributes,
    reason = "generated code"
)]
mod generated {
    pub mod headwater {
        include!(concat!(env!("OUT_DIR"), "/headwater.rs"));
    }
    pub mod kurrent {
        include!(concat!(env!("OUT_DIR"), "/kurrent.rs"));
    }
}

pub use generated::headwater::headwater::v1;
pub use generated::kurrent;
