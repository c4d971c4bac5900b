//! Contexts' names as names of directories.
//!
//! Why: a name may hold `/`, be `..`, or differ from another only in case; a directory's may not.
//! Invariant: decoding what was encoded gives the name; nothing else decodes to it.

use std::fmt::Write;

fn is_plain(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-')
}

/// Small letters, digits, `_` and `-` as they are, all other bytes as `%` and two digits.
pub(super) fn encode(name: &str) -> String {
    name.bytes().fold(String::with_capacity(name.len()), |mut dir, byte| {
        if is_plain(byte) {
            dir.push(char::from(byte));
        } else {
            write!(dir, "%{byte:02x}").expect("a string takes what is written to it");
        }
        dir
    })
}

/// The name that is encoded as `dir`, if there is one.
pub(super) fn decode(dir: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(dir.len());
    let mut rest = dir.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    let name = String::from_utf8(bytes).ok()?;
    (encode(&name) == dir).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_safe_directory_and_reads_back() {
        for name in ["orders", "..", "a/b", "Orders", "ürün", "a%b", "a.b"] {
            let dir = encode(name);
            assert!(!dir.contains(['/', '.']) && dir == dir.to_lowercase(), "{dir}");
            assert_eq!(decode(&dir).as_deref(), Some(name));
        }
        assert_eq!(encode("credit-2"), "credit-2");
    }

    #[test]
    fn what_was_not_encoded_here_is_no_context() {
        for dir in ["Orders", "%6f", "%zz", "%", "a.tmp", "%ff"] {
            assert_eq!(decode(dir), None, "{dir}");
        }
    }
}
