//! Random operations, asked of a store and of the store in memory: both must say the same.
//!
//! Why: cases are what somebody thought of. The reference is a few hundred lines that can be read;
//! whatever the real store does for speed, it must not be told apart from them.
//!
//! Picture:
//! ```text
//!   operations ──▶ candidate ──▶ answer ─┐
//!        └───────▶ memory ─────▶ answer ─┴─ equal?      shrunk to the shortest that differ
//! ```
//! Invariants: the same seed makes the same operations. `HEADWATER_SEED` chooses another,
//! `HEADWATER_CASES` how many.

mod operation;
mod session;
mod spec;

use crate::candidate::{Candidate, run};
use operation::operations;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use session::Session;

/// Runs `cases` random sequences of operations, each against a fresh candidate.
///
/// # Panics
/// If an answer differs, with the shortest sequence of operations that shows it.
pub fn with_memory<C: Candidate>(make: impl Fn() -> C, cases: u32) {
    let cases = from_environment("HEADWATER_CASES").unwrap_or(cases);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let seed = from_environment("HEADWATER_SEED").unwrap_or(0);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed_bytes(seed));
    let mut runner = TestRunner::new_with_rng(config, rng);
    let outcome = runner.run(&operations(), |operations| {
        run(async {
            let mut session = Session::new(make()).await;
            for operation in operations {
                session.step(operation).await?;
            }
            session.finish().await
        })
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(why, operations)) => {
            panic!("{why}\nafter these operations (seed {seed}):\n{operations:#?}")
        }
        Err(other) => panic!("{other} (seed {seed})"),
    }
}

fn from_environment(name: &str) -> Option<u32> {
    std::env::var(name).ok()?.parse().ok()
}

fn seed_bytes(seed: u32) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&seed.to_le_bytes());
    bytes
}
