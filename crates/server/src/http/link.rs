//! Addresses within the server.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands as it is between two slashes (RFC 3986, unreserved).
const IN_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A name as it stands between two slashes.
pub(super) fn segment(name: &str) -> String {
    let encoded = utf8_percent_encode(name, IN_SEGMENT).to_string();
    // Clients take `.` and `..` out of paths before they send them.
    match encoded.as_str() {
        "." | ".." => encoded.replace('.', "%2E"),
        _ => encoded,
    }
}

/// The address of a stream.
pub(super) fn stream(context: &str, stream: &str) -> String {
    format!("/v1/contexts/{}/streams/{}", segment(context), segment(stream))
}

/// A path with a query, in which some values are others than those `given`; `None` takes one out.
pub(super) fn with(
    path: &str,
    given: &[(String, String)],
    others: &[(&str, Option<String>)],
) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in given {
        if !others.iter().any(|(other, _)| other == name) {
            query.append_pair(name, value);
        }
    }
    for (name, value) in others {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    match query.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_stands_between_two_slashes() {
        assert_eq!(segment("order-8f3a"), "order-8f3a");
        assert_eq!(segment("a/b c?ü"), "a%2Fb%20c%3F%C3%BC");
        assert_eq!(segment(".."), "%2E%2E");
    }

    #[test]
    fn a_link_keeps_what_it_does_not_change() {
        let given = [("type".to_owned(), "A&B".to_owned()), ("from".to_owned(), "3".to_owned())];
        let link = with("/events", &given, &[("from", Some("7".to_owned())), ("as_of", None)]);
        assert_eq!(link, "/events?type=A%26B&from=7");
        assert_eq!(with("/events", &[], &[]), "/events");
    }
}
