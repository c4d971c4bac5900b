//! Sizes and durations as people write them: `24 MiB`, `90 s`.
//!
//! Invariant: what is written is read as the same.

use std::time::Duration;

/// Units of sizes, the largest first. Those of a thousand are read, not written.
const SIZES: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("B", 1),
];

/// Units of durations, the largest first, in milliseconds.
const DURATIONS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1)];

/// `24 MiB` as bytes; a number alone is bytes.
pub(crate) fn parse_bytes(text: &str) -> Result<u64, String> {
    parse(text, &SIZES, Some(1)).ok_or_else(|| "write a size, such as 4 MiB or 65536".to_owned())
}

/// `90 s` as a duration; a number alone could be anything.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let millis = if text.trim() == "0" { Some(0) } else { parse(text, &DURATIONS, None) };
    millis
        .map(Duration::from_millis)
        .ok_or_else(|| "write a duration, such as 30 s or 10 min".to_owned())
}

/// Bytes, in the largest unit that leaves a whole number.
pub(crate) fn bytes(count: u64) -> String {
    show(count, &SIZES[..3]).unwrap_or_else(|| format!("{count} B"))
}

/// A duration, in the largest unit that leaves a whole number.
pub(crate) fn duration(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    show(millis, &DURATIONS).unwrap_or_else(|| "0 s".to_owned())
}

fn show(count: u64, units: &[(&str, u64)]) -> Option<String> {
    let fits = |(_, unit): &&(&str, u64)| count >= *unit && count.is_multiple_of(*unit);
    units.iter().find(fits).map(|(name, unit)| format!("{} {name}", count / unit))
}

fn parse(text: &str, units: &[(&str, u64)], bare: Option<u64>) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.replace('_', "").parse().ok()?;
    let unit = match unit.trim() {
        "" => bare?,
        named => units.iter().find(|(name, _)| name.eq_ignore_ascii_case(named))?.1,
    };
    number.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_as_the_same() {
        for count in [0, 1, 1_000, 1_023, 1_024, 3 << 20, (5 << 30) + 1, 1 << 40] {
            assert_eq!(parse_bytes(&bytes(count)), Ok(count), "{}", bytes(count));
        }
        for millis in [0, 1, 999, 1_000, 90_000, 3_600_000, 86_400_001] {
            let whole = Duration::from_millis(millis);
            assert_eq!(parse_duration(&duration(whole)), Ok(whole), "{}", duration(whole));
        }
    }

    #[test]
    fn sizes_and_durations_are_read_as_people_write_them() {
        assert_eq!(parse_bytes("24MiB"), Ok(24 << 20));
        assert_eq!(parse_bytes(" 1 mb "), Ok(1_000_000));
        assert_eq!(parse_bytes("65_536"), Ok(65_536));
        assert_eq!(parse_duration("10 min"), Ok(Duration::from_secs(600)));
        for wrong in ["", "MiB", "1.5 MiB", "-1", "1 MiB extra", "99999999999 GiB"] {
            assert!(parse_bytes(wrong).is_err(), "{wrong}");
        }
        for wrong in ["30", "30 m", "soon"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }
}
