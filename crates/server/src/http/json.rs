//! JSON bodies: read with their bounds, and refused by the place where they do not fit.
//!
//! Invariant: D3, a list is bounded while it is read, not after: a body of a few megabytes could
//! else become a list of a few hundred.

use super::bounds::PLACE_MAX;
use super::problem::Problem;
use super::refused::Refused;
use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Unexpected, Visitor};
use serde_json::value::RawValue;
use serde_path_to_error::Segment;
use std::fmt::{self, Write};
use std::marker::PhantomData;

/// Reads a body.
pub(super) fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(unfit)?;
    json.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

/// Reads a body that is an object: a list of its values would else be taken for one.
pub(super) fn read_object<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Problem> {
    must_be_object(bytes)?;
    read(bytes)
}

fn must_be_object(bytes: &[u8]) -> Result<(), Problem> {
    match bytes.trim_ascii_start().first() {
        Some(b'[') => Err(Refused::body("", "expected an object, and this is a list").into()),
        _ => Ok(()),
    }
}

/// Reads a body that holds a secret: what is wrong is said without what was sent.
pub(super) fn read_secret<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Problem> {
    must_be_object(bytes)?;
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(unfit_secret)?;
    json.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

/// JSON as it was written, as a slice of the body that it stands in.
pub(super) fn slice_of(body: &Bytes, raw: &RawValue) -> Bytes {
    body.slice_ref(raw.get().as_bytes())
}

/// Bytes that are written as base64.
pub(super) fn base64(pointer: &str, text: &str) -> Result<Bytes, Problem> {
    use base64::Engine;
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
    const ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let bytes = ANY_PADDING.decode(text);
    let refused = |why| Refused::body(pointer, format!("no base64: {why}"));
    Ok(Bytes::from(bytes.map_err(refused)?))
}

/// Bytes as base64.
pub(super) fn to_base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// A list of at most `MAX` elements, for `#[serde(deserialize_with)]`.
pub(super) fn at_most<'de, const MAX: usize, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(AtMost::<MAX, T>::deserialize(deserializer)?.0)
}

/// A list of at most `MAX` elements.
pub(super) struct AtMost<const MAX: usize, T>(pub(super) Vec<T>);

impl<'de, const MAX: usize, T: Deserialize<'de>> Deserialize<'de> for AtMost<MAX, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Elements::<MAX, T>(PhantomData)).map(Self)
    }
}

struct Elements<const MAX: usize, T>(PhantomData<T>);

impl<'de, const MAX: usize, T: Deserialize<'de>> Visitor<'de> for Elements<MAX, T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {MAX}")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element()? {
            if elements.len() == MAX {
                return Err(A::Error::custom(format_args!(
                    "the list has more than {MAX} elements"
                )));
            }
            elements.push(element);
        }
        Ok(elements)
    }
}

/// A place in a body, for `#[serde(deserialize_with)]`.
pub(super) fn bounded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let place = whole(deserializer)?;
    if place <= PLACE_MAX {
        return Ok(place);
    }
    Err(D::Error::custom(format_args!("{place} is no place; a place is at most {PLACE_MAX}")))
}

/// A place in a body, or none.
pub(super) fn place_or_null<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u64>, D::Error> {
    #[derive(serde::Deserialize)]
    struct Place(#[serde(deserialize_with = "bounded")] u64);
    Ok(Option::<Place>::deserialize(deserializer)?.map(|Place(place)| place))
}

/// JSON as it was written, `null` too: an `Option` alone takes that for nothing.
pub(super) fn written<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// A whole number. `7.0` is one too: some languages write it so, and JSON Schema means it so.
pub(super) fn whole<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<u64>,
{
    deserializer.deserialize_any(Whole(PhantomData))
}

/// What is there must be of its type: `null` says nothing that leaving it out does not.
pub(super) fn said<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A whole number that may be left out, and may not be `null`.
pub(super) fn number<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<u64>,
{
    whole(deserializer).map(Some)
}

struct Whole<T>(PhantomData<T>);

impl<T: TryFrom<u64>> Visitor<'_> for Whole<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number that is not negative")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        let too_large = |_| E::custom(format_args!("{number} is too large"));
        T::try_from(number).map_err(too_large)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;
        if number.fract() != 0.0 || !(0.0..EXACT_BELOW).contains(&number) {
            return Err(E::invalid_value(Unexpected::Float(number), &self));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "looked at")]
        self.visit_u64(number as u64)
    }
}

fn malformed(error: &serde_json::Error) -> Problem {
    Refused::Json { why: error.to_string() }.into()
}

fn unfit(error: serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let pointer = pointer(error.path());
    let error = error.into_inner();
    if error.is_data() { Refused::body(pointer, error).into() } else { malformed(&error) }
}

/// What was sent stands in front of what was expected, and a key that is not known at the end of the
/// path.
fn unfit_secret(error: serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let mut pointer = pointer(error.path());
    let error = error.into_inner();
    if !error.is_data() {
        return malformed(&error);
    }
    let text = error.to_string();
    if text.starts_with("unknown field") {
        pointer.truncate(pointer.rfind('/').unwrap_or_default());
    }
    let expected =
        text.rsplit_once(", expected").map(|(_, expected)| format!("expected{expected}"));
    let plain = ["missing field", "duplicate field", "the list has more than"];
    let is_plain = plain.iter().any(|begins| text.starts_with(begins));
    let unsaid = || "it does not fit".to_owned();
    let why = expected.or_else(|| is_plain.then(|| text.clone())).unwrap_or_else(unsaid);
    Refused::body(pointer, why).into()
}

/// The path as a JSON pointer (RFC 6901): `/writes/0/stream`.
fn pointer(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path.iter() {
        pointer.push('/');
        match segment {
            Segment::Seq { index } => write!(pointer, "{index}").expect("a string takes all"),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Unknown => pointer.push('?'),
        }
    }
    pointer
}
