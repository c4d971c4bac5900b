//! Exact decimals: quantities and unit prices as the file writes them, and the pence they come to.
//!
//! Why: prices have three places and an invoice has hundreds of rows; rounding each row, or adding
//! floats, ends in other pence than the invoice says.
//! Invariant: nothing is rounded but the total, once, half up.

use shop_money::Money;

/// Millionths: six decimal places, more than any row has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Decimal(i64);

const PLACES: usize = 6;
const UNITS_PER_ONE: i128 = 1_000_000;

impl Decimal {
    /// Reads `-12.345`; `None` for what is not such a text or has too many digits.
    pub fn parse(text: &str) -> Option<Self> {
        let (digits, negative) = match text.strip_prefix('-') {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) || fraction.len() > PLACES {
            return None;
        }
        let units: i64 = format!("{whole}{fraction:0<PLACES$}").parse().ok()?;
        Some(Self(if negative { -units } else { units }))
    }
}

/// The sum of quantity × price over an invoice's rows, in millionths of millionths.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Total(i128);

impl Total {
    /// Adds a row; `None` if the sum cannot be said any more.
    pub fn add(self, quantity: Decimal, price: Decimal) -> Option<Self> {
        self.0.checked_add(i128::from(quantity.0) * i128::from(price.0)).map(Self)
    }

    /// Whether less is asked than given back.
    pub fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// How much it is, either way, rounded half up to the penny; `None` if it is no money any more.
    pub fn size(self) -> Option<Money> {
        const UNITS_PER_PENNY: i128 = UNITS_PER_ONE * UNITS_PER_ONE / 100;
        let pence = (self.0.checked_abs()? + UNITS_PER_PENNY / 2) / UNITS_PER_PENNY;
        i64::try_from(pence).ok().and_then(Money::from_pence).filter(|money| *money <= Money::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(rows: &[(&str, &str)]) -> Total {
        rows.iter().fold(Total::default(), |sum, (quantity, price)| {
            let decimal = |text| Decimal::parse(text).unwrap();
            sum.add(decimal(quantity), decimal(price)).unwrap()
        })
    }

    #[test]
    fn a_total_is_rounded_once_and_half_up() {
        for (rows, pence) in [
            (vec![("1", "0.005")], 1),
            (vec![("1", "0.0049")], 0),
            (vec![("1", "0.004"), ("1", "0.004")], 1),
            (vec![("3", "14.415"), ("1.0", "0.001")], 4_325),
            (vec![("-1", "0.005")], 1),
        ] {
            assert_eq!(total(&rows).size(), Money::from_pence(pence), "{rows:?}");
        }
        assert!(total(&[("1", "2.00"), ("-1", "2.01")]).is_negative());
    }

    #[test]
    fn a_text_that_is_no_decimal_is_refused() {
        for text in ["", "-", "1e5", ".5", "5.", "1.2.3", "0.1234567", "99999999999999", "£1"] {
            assert_eq!(Decimal::parse(text), None, "{text:?}");
        }
    }
}
