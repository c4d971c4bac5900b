//! PostgreSQL's arrays in text: `{1,NULL,"a \"b\""}`, nested, perhaps with bounds in front.
//!
//! Invariant: D3, nesting is bounded; what is no array is `None`.

use super::{Decimals, Kind, write as write_value};
use crate::limits::ARRAY_DEPTH_MAX;

/// Writes the array; `None`, with anything written, if the text is none.
pub(super) fn write(out: &mut Vec<u8>, of: &Kind, text: &str, decimals: Decimals) -> Option<()> {
    // `[0:1]={…}` says where the indices begin, which JSON cannot.
    let text = match text.strip_prefix('[') {
        Some(bounds) => bounds.split_once("]=")?.1,
        None => text,
    };
    let mut array = Array { left: text, of, decimals };
    array.level(out, ARRAY_DEPTH_MAX)?;
    array.left.is_empty().then_some(())
}

struct Array<'a> {
    left: &'a str,
    of: &'a Kind,
    decimals: Decimals,
}

impl Array<'_> {
    fn level(&mut self, out: &mut Vec<u8>, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        self.take('{')?;
        out.push(b'[');
        if self.take('}').is_none() {
            loop {
                match self.left.as_bytes().first()? {
                    b'{' => self.level(out, depth)?,
                    b'"' => self.quoted(out)?,
                    _ => self.plain(out)?,
                }
                if self.take(',').is_none() {
                    self.take('}')?;
                    break;
                }
                out.push(b',');
            }
        }
        out.push(b']');
        Some(())
    }

    fn take(&mut self, wanted: char) -> Option<()> {
        self.left = self.left.strip_prefix(wanted)?;
        Some(())
    }

    fn quoted(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let mut text = String::new();
        let mut letters = self.left.char_indices().skip(1);
        loop {
            match letters.next()? {
                (_, '\\') => text.push(letters.next()?.1),
                (at, '"') => {
                    self.left = &self.left[at + 1..];
                    break;
                }
                (_, letter) => text.push(letter),
            }
        }
        write_value(out, self.of, &text, self.decimals);
        Some(())
    }

    fn plain(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let end = self.left.find([',', '}'])?;
        let (text, left) = self.left.split_at(end);
        self.left = left;
        match text {
            "" => return None,
            "NULL" => out.extend(b"null"),
            _ => write_value(out, self.of, text, self.decimals),
        }
        Some(())
    }
}
