//! Stream ids: typed names of the things that streams are about.
//!
//! Why: an order's id given where a customer's is wanted does not compile.
//! Invariant: parsing and decoding refuse what could not name a stream, so a bad id is answered
//! where it enters; `From<String>` is for texts that the program itself made.

use crate::Cause;
use headwater_model::{InvalidName, limits};
use std::fmt::Display;

/// A typed id: `OrderId("8f3a")` names the stream `order-8f3a`, and is a
/// [`Boundary`](crate::Boundary) of it. Derive it on a newtype over `String`.
///
/// ```
/// # extern crate headwater_framework as headwater;
/// use headwater::prelude::*;
///
/// #[derive(StreamId)]
/// #[stream("order")]
/// pub struct OrderId(String);
///
/// let cause = Cause::keyed("a retried request");
/// assert_eq!(OrderId::new(&cause), OrderId::new(&cause));
/// assert_eq!(OrderId::from("8f3a").stream()?.as_str(), "order-8f3a");
/// assert!("two\nlines".parse::<OrderId>().is_err());
/// # Ok::<(), InvalidName>(())
/// ```
pub trait StreamId: Clone + Ord + Display + From<String> + Send + Sync + 'static {
    /// What stands before the `-` of the stream's name.
    const CATEGORY: &'static str;

    /// The new id that follows from `cause`: the same for the same request.
    fn new(cause: &Cause) -> Self {
        Self::nth(cause, 0)
    }

    /// The `n`th new id that follows from `cause`.
    fn nth(cause: &Cause, n: u32) -> Self {
        Self::from(cause.new_id(Self::CATEGORY, n))
    }
}

/// Whether `text` can be an id in `category`.
pub(crate) fn check_id(category: &str, text: &str) -> Result<(), InvalidName> {
    let bytes = category.len() + 1 + text.len();
    let bytes_max = limits::STREAM_NAME_GIVEN_BYTES_MAX;
    if text.is_empty() {
        Err(InvalidName::Empty { kind: "id" })
    } else if bytes > bytes_max {
        Err(InvalidName::TooLong { kind: "stream name", bytes, bytes_max })
    } else if text.chars().any(char::is_control) {
        Err(InvalidName::Control { kind: "id", text: text.to_owned() })
    } else {
        Ok(())
    }
}
