//! What patterns say of each other is what is true of the names in them.
//!
//! A grant for `prefix:order` was once taken to be one for the category `order`, and let `orders-1` in.
//! Every claim is compared with all names that are short enough to be listed.

use bytestring::ByteString;
use headwater_access::StreamPattern;
use proptest::prelude::*;

/// Every name of up to four letters of these.
fn names() -> Vec<String> {
    let mut names = vec![String::new()];
    let mut all = Vec::new();
    for _ in 0..4 {
        names = names
            .iter()
            .flat_map(|name| ['a', 'b', '-', '$'].map(|letter| format!("{name}{letter}")))
            .collect();
        all.extend(names.iter().filter(|name| !name.starts_with("$$")).cloned());
    }
    all
}

/// Whether a name is in a pattern, said as simply as can be.
fn holds(pattern: &StreamPattern, name: &str) -> bool {
    match pattern {
        StreamPattern::Stream(own) => name == &**own,
        StreamPattern::Category(own) => name.split('-').next() == Some(&**own),
        StreamPattern::Prefix(own) if own.is_empty() => !name.starts_with('$'),
        StreamPattern::Prefix(own) => name.starts_with(&**own),
    }
}

fn pattern() -> impl Strategy<Value = StreamPattern> {
    let text = |form: &'static str| proptest::string::string_regex(form).unwrap();
    prop_oneof![
        text("[ab-]{0,3}|\\$[ab-]{0,2}").prop_map(|t| StreamPattern::Prefix(ByteString::from(t))),
        text("[ab]{1,2}|\\$[ab]?").prop_map(|t| StreamPattern::Category(ByteString::from(t))),
        text("[ab-]{1,3}|\\$[ab-]{1,2}").prop_map(|t| StreamPattern::Stream(ByteString::from(t))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn covering_and_touching_are_true_of_every_name(one in pattern(), other in pattern()) {
        let both = |name: &&String| holds(&one, name) && holds(&other, name);
        let only_other = |name: &&String| !holds(&one, name) && holds(&other, name);
        let names = names();
        if one.covers(&other) {
            prop_assert_eq!(names.iter().find(only_other), None, "{} covers {}", one, other);
            prop_assert!(one.touches(&other));
        }
        prop_assert_eq!(one.touches(&other), other.touches(&one));
        if names.iter().any(|name| both(&name)) {
            prop_assert!(one.touches(&other), "{} touches {}", one, other);
        }
    }

    #[test]
    fn a_pattern_is_read_as_it_is_written(pattern in pattern()) {
        let text = pattern.to_string();
        if let Ok(read) = text.parse::<StreamPattern>() {
            prop_assert_eq!(read, pattern);
        } else {
            prop_assert!(text.contains("$$"), "{} is not read", text);
        }
    }
}

#[test]
fn what_is_no_pattern_is_refused_in_words() {
    for text in ["", "order", "order-*", "category:", "category:a-b", "stream:$$a", "x:y", "**"] {
        assert!(text.parse::<StreamPattern>().is_err(), "{text:?}");
    }
}
