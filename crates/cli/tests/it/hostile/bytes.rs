//! Bytes that are nearly right: protobuf of no message in particular, and texts that names are made of.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

/// Names that may hit something, and lengths that may not be kept.
const TEXTS: [&str; 12] = [
    "default",
    "vandal",
    "order-1",
    "$all",
    "$$order-1",
    "",
    "-",
    "\u{0}",
    "$ce-order",
    "a b",
    "order-\u{202e}",
    "OrderPlaced",
];

/// Any bytes, mostly few.
pub(super) fn any(random: &mut Xoshiro256PlusPlus) -> Vec<u8> {
    let count = if random.random_ratio(1, 50) { 20_000 } else { random.random_range(0..120) };
    let mut bytes = vec![0; count];
    random.fill(&mut bytes[..]);
    bytes
}

/// Well-formed protobuf with fields that a message may have.
pub(super) fn protobuf(random: &mut Xoshiro256PlusPlus, depth: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..random.random_range(0..6_u32) {
        let field: u64 = random.random_range(1..14);
        match random.random_range(0..8_u32) {
            0 => {
                varint(field << 3, &mut bytes);
                let small = random.random_range(0..5_u64);
                let value = if random.random_ratio(3, 4) { small } else { random.random() };
                varint(value, &mut bytes);
            }
            1 => {
                varint(field << 3 | 1, &mut bytes);
                bytes.extend(random.random::<u64>().to_le_bytes());
            }
            2 => {
                varint(field << 3 | 5, &mut bytes);
                bytes.extend(random.random::<u32>().to_le_bytes());
            }
            3..6 => {
                let text = TEXTS[random.random_range(0..TEXTS.len())];
                delimited(field, text.as_bytes(), &mut bytes);
            }
            _ if depth > 0 => delimited(field, &protobuf(random, depth - 1), &mut bytes),
            _ => delimited(field, &any(random), &mut bytes),
        }
    }
    bytes
}

/// Changes a few bytes, or cuts, or doubles.
pub(super) fn spoilt(mut bytes: Vec<u8>, random: &mut Xoshiro256PlusPlus) -> Vec<u8> {
    if bytes.is_empty() {
        return bytes;
    }
    match random.random_range(0..6_u32) {
        0 => bytes.truncate(random.random_range(0..bytes.len())),
        1 => bytes.extend_from_within(random.random_range(0..bytes.len())..),
        2 | 3 => {
            let at = random.random_range(0..bytes.len());
            bytes[at] = random.random();
        }
        _ => {}
    }
    bytes
}

fn delimited(field: u64, value: &[u8], into: &mut Vec<u8>) {
    varint(field << 3 | 2, into);
    varint(value.len() as u64, into);
    into.extend_from_slice(value);
}

fn varint(mut value: u64, into: &mut Vec<u8>) {
    while value > 0x7F {
        into.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    into.push(value.to_le_bytes()[0]);
}
