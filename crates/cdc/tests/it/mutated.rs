//! D3: millions of messages that somebody has spoiled: bits flipped, lengths replaced, pieces of one
//! put into another. Each is a message or an error; none panics, none allocates what it announces.

use crate::encode::encode;
use crate::messages::any_message;
use bytes::Bytes;
use headwater_cdc::postgres::message::LogMessage;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

const SEED_COUNT: usize = 200;
const MESSAGE_COUNT: usize = 2_000_000;

#[test]
fn no_spoiled_message_does_any_harm() {
    let mut runner = TestRunner::deterministic();
    let seeds: Vec<Vec<u8>> = (0..SEED_COUNT)
        .map(|_| encode(&any_message().new_tree(&mut runner).expect("a message").current()))
        .collect();
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..MESSAGE_COUNT {
        let bytes = spoil(&seeds, &mut dice);
        match LogMessage::decode(Bytes::from(bytes)) {
            Ok(message) => {
                std::hint::black_box(&message);
                read += 1;
            }
            Err(error) => {
                std::hint::black_box(&error);
                refused += 1;
            }
        }
    }
    assert!(read > 10_000 && refused > 100_000, "both happen: {read} read, {refused} refused");
}

fn spoil(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seeds[dice.below(seeds.len())].clone();
    for _ in 0..=dice.below(3) {
        if bytes.is_empty() {
            return bytes;
        }
        let at = dice.below(bytes.len());
        match dice.below(6) {
            0 => bytes[at] ^= 1 << dice.below(8),
            1 => bytes[at] = [0, 1, 0x7F, 0x80, 0xFF, b'n', b't'][dice.below(7)],
            2 => bytes.truncate(at),
            3 => {
                let other = &seeds[dice.below(seeds.len())];
                bytes.splice(at.., other[dice.below(other.len())..].iter().copied());
            }
            4 => {
                let end = (at + 4).min(bytes.len());
                let length = [0, 1, 0xFFFF, u32::MAX, i32::MAX as u32][dice.below(5)].to_be_bytes();
                bytes[at..end].copy_from_slice(&length[..end - at]);
            }
            _ => bytes.insert(at, dice.below(256) as u8),
        }
    }
    bytes
}

/// xorshift: the same messages in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).expect("below a usize")
    }
}
