//! Character sets: texts of the log are in their column's, events are in UTF-8.
//!
//! Why not all of them: the log gives bytes. Those sets whose letters can be told without tables of
//! our own are read; a column in another is refused by name, before anything of it is mined.

/// A character set that can be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Charset {
    /// `utf8mb4`, `utf8mb3`, `ascii`.
    Utf8,
    /// `latin1`, which is Windows-1252 in MariaDB.
    Latin1,
    /// `ucs2` and `utf16`: two bytes, the larger first.
    Utf16,
    /// `utf16le`.
    Utf16Le,
    /// `utf32`.
    Utf32,
    /// Bytes.
    Binary,
}

impl Charset {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "utf8mb4" | "utf8mb3" | "utf8" | "ascii" => Self::Utf8,
            "latin1" => Self::Latin1,
            "ucs2" | "utf16" => Self::Utf16,
            "utf16le" => Self::Utf16Le,
            "utf32" => Self::Utf32,
            "binary" => Self::Binary,
            _ => return None,
        })
    }

    /// The text; `None` for bytes that are none in this set.
    pub(crate) fn text(self, bytes: Vec<u8>) -> Option<String> {
        let pairs = |pair: fn([u8; 2]) -> u16| {
            let units = bytes.chunks(2).map(|two| Some(pair(two.try_into().ok()?)));
            String::from_utf16(&units.collect::<Option<Vec<_>>>()?).ok()
        };
        match self {
            Self::Utf8 => String::from_utf8(bytes).ok(),
            Self::Latin1 => Some(bytes.iter().map(|byte| latin1(*byte)).collect()),
            Self::Utf16 => pairs(u16::from_be_bytes),
            Self::Utf16Le => pairs(u16::from_le_bytes),
            Self::Utf32 => {
                let letters = bytes.chunks(4);
                let letter =
                    |four: &[u8]| char::from_u32(u32::from_be_bytes(four.try_into().ok()?));
                letters.map(letter).collect()
            }
            Self::Binary => None,
        }
    }
}

/// Windows-1252 between 0x80 and 0x9F. What it leaves open, MariaDB keeps as control characters.
const WINDOWS: [char; 32] = [
    '\u{20AC}', '\u{81}', '\u{201A}', '\u{192}', '\u{201E}', '\u{2026}', '\u{2020}', '\u{2021}',
    '\u{2C6}', '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8D}', '\u{17D}', '\u{8F}',
    '\u{90}', '\u{2018}', '\u{2019}', '\u{201C}', '\u{201D}', '\u{2022}', '\u{2013}', '\u{2014}',
    '\u{2DC}', '\u{2122}', '\u{161}', '\u{203A}', '\u{153}', '\u{9D}', '\u{17E}', '\u{178}',
];

fn latin1(byte: u8) -> char {
    match byte {
        0x80..=0x9F => WINDOWS[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_the_same_in_every_set_that_is_read() {
        let read = |set: &str, bytes: &[u8]| {
            Charset::named(set).and_then(|set| set.text(bytes.to_vec())).expect("a text")
        };
        assert_eq!(read("utf8mb4", "Jörg €".as_bytes()), "Jörg €");
        assert_eq!(read("latin1", b"J\xF6rg \x80"), "Jörg €");
        assert_eq!(read("ucs2", &[0x00, 0xF6, 0x20, 0xAC]), "ö€");
        assert_eq!(read("utf16le", &[0xF6, 0x00, 0xAC, 0x20]), "ö€");
        assert_eq!(read("utf32", &[0, 0, 0, 0xF6]), "ö");
        assert_eq!(Charset::Utf8.text(vec![0xFF]), None);
        assert_eq!(Charset::Utf16.text(vec![0]), None);
        assert_eq!(Charset::named("gbk"), None);
    }
}
