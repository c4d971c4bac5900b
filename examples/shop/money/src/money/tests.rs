//! Money in and out of text, and what is refused.

use super::*;
use proptest::prelude::*;

fn money(text: &str) -> Result<Money, InvalidMoney> {
    text.parse()
}

#[test]
fn an_amount_is_read_to_the_penny() {
    for (text, pence) in [("12.34", 1_234), ("12.3", 1_230), ("12", 1_200), ("0.01", 1), ("0", 0)] {
        assert_eq!(money(text), Ok(Money(pence)), "{text}");
    }
    assert_eq!(Money(1_205).to_string(), "12.05");
    assert_eq!(Money(5).to_string(), "0.05");
}

#[test]
fn what_is_not_an_amount_is_refused_with_the_reason() {
    for text in ["", ".", "12.", ".5", "+1", "1,5", "1e3", " 1", "1.2.3", "NaN", "--1", "١"] {
        assert!(matches!(money(text), Err(InvalidMoney::Malformed { .. })), "{text:?}");
    }
    assert!(matches!(money("-1.00"), Err(InvalidMoney::Negative { .. })));
    assert!(matches!(money("1.005"), Err(InvalidMoney::TooFine { .. })));
    assert!(matches!(money("1.000"), Err(InvalidMoney::TooFine { .. })));
    assert!(matches!(money("1000000000000.00"), Err(InvalidMoney::TooLarge { .. })));
    let endless = "9".repeat(100_000);
    let refusal = money(&endless).unwrap_err().to_string();
    assert!(refusal.len() < 200, "a hostile text is not repeated whole: {refusal}");
}

proptest! {
    #[test]
    fn what_was_written_reads_back(pence in 0..=Money::MAX.0) {
        prop_assert_eq!(Money(pence).to_string().parse(), Ok(Money(pence)));
    }

    #[test]
    fn any_text_gives_an_answer(text in ".*") {
        if let Ok(amount) = money(&text) {
            prop_assert!(amount >= Money::ZERO && amount <= Money::MAX);
        }
    }

    #[test]
    fn less_never_goes_below_nothing(a in 0..=Money::MAX.0, b in 0..=Money::MAX.0) {
        prop_assert_eq!(Money(a).less(Money(b)), Money((a - b).max(0)));
    }
}
