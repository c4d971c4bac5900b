//! HTTP/2 as a vandal writes it: frames by hand, right or wrong as chance will have it.

use super::bytes::{any, protobuf, spoilt};
use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// What every connection begins with, and an empty SETTINGS.
pub(super) fn preface() -> Vec<u8> {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    frame(SETTINGS, 0, 0, &[], &mut bytes);
    bytes
}

/// The bytes of one connection's next request, and how many frames they are.
pub(super) fn request(
    stream: u32,
    methods: &[String],
    random: &mut Xoshiro256PlusPlus,
    into: &mut Vec<u8>,
) -> u64 {
    let method = &methods[random.random_range(0..methods.len())];
    frame(HEADERS, END_HEADERS, stream, &odd(headers(method), random), into);
    let message_count = random.random_range(0..3_u64);
    for _ in 0..message_count {
        frame(DATA, 0, stream, &message(random), into);
    }
    // Some are never ended, some are taken back at once.
    match random.random_range(0..100_u32) {
        0 => return 1 + message_count,
        1 => frame(RESET, 0, stream, &8_u32.to_be_bytes(), into),
        _ => frame(DATA, END_STREAM, stream, &[], into),
    }
    2 + message_count
}

/// A request that is answered, whatever the others are.
pub(super) fn right(stream: u32, into: &mut Vec<u8>) {
    let block = headers("/headwater.v1.Contexts/ListContexts");
    frame(HEADERS, END_HEADERS, stream, &block, into);
    frame(DATA, END_STREAM, stream, &[0; 5], into);
}

/// One frame that is wrong by itself: it mostly ends its connection.
pub(super) fn wrong(random: &mut Xoshiro256PlusPlus, into: &mut Vec<u8>) {
    let kind = random.random_range(0..12);
    let stream = random.random_range(0..9);
    match random.random_range(0..4_u32) {
        // A length that is not kept.
        0 => {
            let length: u32 = random.random();
            into.extend_from_slice(&length.to_be_bytes()[1..]);
            into.extend_from_slice(&[kind, random.random()]);
            into.extend_from_slice(&any(random));
        }
        1 => into.extend_from_slice(&any(random)),
        _ => frame(kind, random.random(), stream, &any(random), into),
    }
}

/// A gRPC message: a length, and protobuf that may be of this message, or of none.
fn message(random: &mut Xoshiro256PlusPlus) -> Vec<u8> {
    let body = match random.random_range(0..4_u32) {
        0 => any(random),
        _ => protobuf(random, 4),
    };
    let length = u32::try_from(body.len()).expect("small");
    let claimed = match random.random_range(0..12_u32) {
        0 => random.random(),
        1 => u32::MAX,
        _ => length,
    };
    let mut message = vec![u8::from(random.random_ratio(1, 20))];
    message.extend_from_slice(&claimed.to_be_bytes());
    message.extend_from_slice(&body);
    message
}

fn headers(path: &str) -> Vec<u8> {
    let mut block = Vec::new();
    header(":method", "POST", &mut block);
    header(":scheme", "http", &mut block);
    header(":path", path, &mut block);
    header(":authority", "localhost", &mut block);
    header("content-type", "application/grpc", &mut block);
    header("te", "trailers", &mut block);
    block
}

/// Some headers more, or spoilt ones.
fn odd(mut block: Vec<u8>, random: &mut Xoshiro256PlusPlus) -> Vec<u8> {
    // Spoilt headers mostly end their connection, so they are rare.
    match random.random_range(0..240_u32) {
        0 => block = spoilt(block, random),
        1..20 => header("grpc-timeout", "99999999999H", &mut block),
        20..40 => header("grpc-encoding", "nonsense", &mut block),
        40..60 => header("authorization", "Basic !!!", &mut block),
        _ => {}
    }
    block
}

/// A literal header, without indexing and without Huffman's code.
fn header(name: &str, value: &str, into: &mut Vec<u8>) {
    into.push(0);
    for text in [name, value] {
        into.push(u8::try_from(text.len()).ok().filter(|len| *len < 127).expect("a short text"));
        into.extend_from_slice(text.as_bytes());
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8], into: &mut Vec<u8>) {
    let length = u32::try_from(payload.len()).expect("small");
    into.extend_from_slice(&length.to_be_bytes()[1..]);
    into.extend_from_slice(&[kind, flags]);
    into.extend_from_slice(&stream.to_be_bytes());
    into.extend_from_slice(payload);
}
