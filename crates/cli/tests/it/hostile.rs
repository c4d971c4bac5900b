//! D3: malformed frames, a million in every build, at the port of the real server.
//!
//! Why: whoever can reach the port can send anything. It must cost the server an error, never a
//! panic, a hang or memory, and it must not concern anybody else: honest clients work on all the
//! while, and find what they wrote.
//!
//! Picture:
//! ```text
//!   vandals ── wrong frames, right frames with wrong contents, half requests ──▶ headwater server
//!   honest  ── append, read back, append … ────────────────────────────────────▶     │
//!                         in the end: alive, nothing panicked, memory bounded, all is there
//! ```
//! `HEADWATER_HOSTILE_FRAMES` asks for more, and `HEADWATER_HOSTILE_SEED` for others.

mod bytes;
mod frames;
mod honest;
mod methods;
mod vandal;

use crate::headwater::Place;
use crate::server::Running;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::task::JoinHandle;

const FRAME_COUNT: u64 = 1_000_000;
const VANDAL_COUNT: u64 = 4;
const HONEST_COUNT: u64 = 2;

/// What the server may hold at its worst above what it held when it began. Four connections may
/// each have a request of the largest size in hand.
const GROWTH_KIB_MAX: u64 = 192 * 1_024;

#[test]
fn malformed_frames_cost_their_senders_an_error_and_nobody_else_anything() {
    let asked = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let frame_count = asked("HEADWATER_HOSTILE_FRAMES").unwrap_or(FRAME_COUNT);
    let seed = asked("HEADWATER_HOSTILE_SEED").unwrap_or(frame_count);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    println!("{}", runtime.block_on(attack(frame_count, seed)));
}

/// Answers with what was done and what came of it.
async fn attack(frame_count: u64, seed: u64) -> String {
    let place = Place::new();
    let server = Running::start_logged(&place);
    let is_over = Arc::new(AtomicBool::new(false));
    let honest: Vec<_> =
        (0..HONEST_COUNT).map(|who| honest::work(who, &server.server, &is_over)).collect();
    let before = server.memory_kib("VmRSS");
    let left = Arc::new(AtomicU64::new(frame_count));
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let vandals: Vec<JoinHandle<vandal::Damage>> = (0..VANDAL_COUNT)
        .map(|_| tokio::spawn(vandal::vandalise(server.port(), random.random(), Arc::clone(&left))))
        .collect();
    let mut damage = vandal::Damage::default();
    for vandal in vandals {
        damage += vandal.await.expect("a vandal does not fail");
    }
    is_over.store(true, Ordering::SeqCst);
    let mut turns = 0;
    for honest in honest {
        turns += honest.await.expect("an honest client is answered, always");
    }
    let worst = server.memory_kib("VmHWM");
    let log = server.stop_logged(&place);
    assert!(!log.contains("panicked"), "something panicked:\n{log}");
    assert!(worst < before + GROWTH_KIB_MAX, "it grew from {before} to {worst} KiB");
    assert!(turns > 0 && damage.answers > damage.frames / 10, "most of it was not heard");
    place.run(&["verify", ".headwater"]).good();
    format!("{damage:?}; {turns} honest turns; memory {before} KiB, at worst {worst} KiB")
}
