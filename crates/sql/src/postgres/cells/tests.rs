//! Numbers and times as PostgreSQL sends them.

use super::*;

fn sent(weight: i16, sign: u16, scale: u16, groups: &[u16]) -> Vec<u8> {
    let count = u16::try_from(groups.len()).expect("few");
    let head = [count, weight.cast_unsigned(), sign, scale];
    head.iter().chain(groups).flat_map(|word| word.to_be_bytes()).collect()
}

fn shown(bytes: &[u8]) -> String {
    match numeric(bytes).expect("a number") {
        Cell::Integer(number) => number.to_string(),
        Cell::Text(text) => format!("`{text}`"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_numeric_is_an_integer_by_its_scale_and_else_its_digits() {
    assert_eq!(shown(&sent(0, 0, 0, &[])), "0");
    assert_eq!(shown(&sent(1, 0, 0, &[12, 3400])), "123400");
    assert_eq!(shown(&sent(2, 0x4000, 0, &[1])), "-100000000");
    assert_eq!(shown(&sent(0, 0, 2, &[7, 500])), "`7.05`");
    assert_eq!(shown(&sent(-1, 0x4000, 3, &[1250])), "`-0.125`");
    assert_eq!(shown(&sent(-2, 0, 8, &[42])), "`0.00000042`");
    assert_eq!(shown(&sent(4, 0, 0, &[9999, 0, 0, 0, 0])), "`99990000000000000000`");
    assert_eq!(shown(&sent(0, 0xc000, 0, &[])), "`NaN`");
}

#[test]
fn a_numeric_that_is_cut_is_no_number() {
    let whole = sent(1, 0, 2, &[12, 3400, 5600]);
    for cut in 0..whole.len() {
        assert!(numeric(&whole[..cut]).is_none(), "{cut}");
    }
}

#[test]
fn times_are_read_as_json_writes_them() {
    let text = |of: &Type, bytes: &[u8]| match written_out(of, bytes) {
        Some(Cell::Text(text)) => text.into_owned(),
        other => panic!("{other:?}"),
    };
    let micros = 1_500_000_i64.to_be_bytes();
    assert_eq!(text(&Type::TIMESTAMPTZ, &micros), "2000-01-01T00:00:01.5Z");
    assert_eq!(text(&Type::TIMESTAMP, &micros), "2000-01-01T00:00:01.5");
    assert_eq!(text(&Type::DATE, &(-1_i32).to_be_bytes()), "1999-12-31");
}
