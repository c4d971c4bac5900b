//! Drives a peer's own client, or KurrentDB's against Headwater, for `bench wire`.
//!
//! ```text
//! bench-peers umadb|redis|postgres|kurrent ADDRESS
//! ```
//! The loop, the events and the dataset are the bench's own files: what is measured is the same.

#[expect(dead_code, reason = "the bench itself uses the rest")]
#[path = "../../src/dataset.rs"]
mod dataset;
#[expect(dead_code, reason = "the bench itself uses the rest")]
#[path = "../../src/drive.rs"]
mod drive;
#[path = "../../src/event.rs"]
mod event;
mod kurrent;
mod postgres;
mod redis;
#[expect(dead_code, reason = "the bench itself uses the rest")]
#[path = "../../src/timing.rs"]
mod timing;
#[cfg(feature = "umadb")]
mod umadb;

/// Numbers of streams that no dataset and no other client of the same server uses.
const FIRST_STREAM: u64 = 2_000_000_000;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [peer, address] = arguments.as_slice() else {
        anyhow::bail!("bench-peers umadb|redis|postgres|kurrent ADDRESS");
    };
    match peer.as_str() {
        #[cfg(feature = "umadb")]
        "umadb" => drive::serve(FIRST_STREAM, || umadb::open(address)),
        "redis" => drive::serve(FIRST_STREAM, || redis::open(address)),
        "postgres" => drive::serve(FIRST_STREAM, || postgres::open(address)),
        "kurrent" => drive::serve(FIRST_STREAM, || kurrent::open(address)),
        other => anyhow::bail!("there is no client for {other}"),
    }
}
