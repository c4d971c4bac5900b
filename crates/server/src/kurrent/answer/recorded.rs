//! An event as a read of this protocol shows it, written field by field.
//!
//! Picture:
//! ```text
//!   ReadResp  1: ReadEvent   1: event   2: link   3: commit position
//!                               └ RecordedEvent  1: id  2: {3: stream}  3: revision  4, 5: positions
//!                                                6: properties  7: metadata  8: data
//! ```

use super::super::event::{BYTES, JSON};
use super::super::name::Ids;
use super::super::place::{commit, ticks};
use super::super::shown::{Form, Shown};
use headwater_model::ContentType;
use prost::encoding::{encode_varint, encoded_len_varint};

/// A UUID as text.
const UUID_TEXT_BYTES: usize = 36;

/// A number in decimal, at most.
const DECIMAL_BYTES: usize = 20;

/// Writes the answer that holds this event, or the link that it came by, or both.
pub(super) fn write(form: Form, event: Option<&Shown>, link: Option<&Shown>, into: &mut Vec<u8>) {
    let place = link.or(event).map(|shown| commit(form.incarnation, shown.position));
    let (event, link) =
        (event.map(|shown| Laid::out(form, shown)), link.map(|shown| Laid::out(form, shown)));
    let shown_bytes = |laid: &Option<Laid<'_>>| laid.as_ref().map_or(0, |laid| field(laid.len()));
    let place_bytes = place.map_or(0, |place| 1 + encoded_len_varint(place));
    let whole = shown_bytes(&event) + shown_bytes(&link) + place_bytes;
    into.reserve(field(whole));
    head(1, whole, into);
    for (number, laid) in [(1, event), (2, link)] {
        if let Some(laid) = laid {
            head(number, laid.len(), into);
            laid.write(into);
        }
    }
    if let Some(place) = place {
        self::number(3, place, into);
    }
}

/// An event with what must be worked out before its length is known.
struct Laid<'a> {
    shown: &'a Shown,
    id: Id,
    place: u64,
    created: Decimal,
}

impl<'a> Laid<'a> {
    fn out(form: Form, shown: &'a Shown) -> Self {
        let id = Id::of(form.ids, shown.id.0);
        let place = commit(form.incarnation, shown.position);
        Self { shown, id, place, created: Decimal::of(ticks(shown.recorded_at)) }
    }

    fn properties(&self) -> [(&'static str, &[u8]); 3] {
        let content_type = match self.shown.content_type {
            ContentType::Json => JSON,
            ContentType::Binary => BYTES,
        };
        [
            ("type", self.shown.event_type.as_bytes()),
            ("content-type", content_type.as_bytes()),
            ("created", self.created.text()),
        ]
    }

    fn len(&self) -> usize {
        let properties = self.properties();
        let properties = properties.iter().map(|(key, value)| field(property_len(key, value)));
        field(self.id.len())
            + field(some_field(self.shown.stream.len()))
            + some_number_len(self.shown.revision)
            + 2 * some_number_len(self.place)
            + properties.sum::<usize>()
            + some_field(self.shown.custom.len())
            + some_field(self.shown.data.len())
    }

    fn write(&self, into: &mut Vec<u8>) {
        head(1, self.id.len(), into);
        self.id.write(into);
        head(2, some_field(self.shown.stream.len()), into);
        some_bytes(3, self.shown.stream.as_bytes(), into);
        some_number(3, self.shown.revision, into);
        some_number(4, self.place, into);
        some_number(5, self.place, into);
        for (key, value) in self.properties() {
            head(6, property_len(key, value), into);
            some_bytes(1, key.as_bytes(), into);
            some_bytes(2, value, into);
        }
        some_bytes(7, &self.shown.custom, into);
        some_bytes(8, &self.shown.data, into);
    }
}

/// An id in the form that was asked for.
enum Id {
    Text([u8; UUID_TEXT_BYTES]),
    Halves(u64, u64),
}

impl Id {
    fn of(ids: Ids, id: uuid::Uuid) -> Self {
        match ids {
            Ids::Text => {
                let mut text = [0; UUID_TEXT_BYTES];
                id.hyphenated().encode_lower(&mut text);
                Self::Text(text)
            }
            Ids::Halves => {
                let (first, second) = id.as_u64_pair();
                Self::Halves(first, second)
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Text(text) => field(text.len()),
            Self::Halves(..) => field(self.halves_len()),
        }
    }

    fn halves_len(&self) -> usize {
        let Self::Halves(first, second) = self else { return 0 };
        some_number_len(*first) + some_number_len(*second)
    }

    fn write(&self, into: &mut Vec<u8>) {
        match self {
            Self::Text(text) => some_bytes(2, text, into),
            Self::Halves(first, second) => {
                head(1, self.halves_len(), into);
                some_number(1, *first, into);
                some_number(2, *second, into);
            }
        }
    }
}

/// A number as text.
struct Decimal {
    digits: [u8; DECIMAL_BYTES],
    from: usize,
}

impl Decimal {
    fn of(mut number: u64) -> Self {
        let (mut digits, mut from) = ([b'0'; DECIMAL_BYTES], DECIMAL_BYTES - 1);
        loop {
            digits[from] = b'0' + u8::try_from(number % 10).expect("a digit");
            number /= 10;
            if number == 0 {
                return Self { digits, from };
            }
            from -= 1;
        }
    }

    fn text(&self) -> &[u8] {
        &self.digits[self.from..]
    }
}

fn property_len(key: &str, value: &[u8]) -> usize {
    some_field(key.len()) + some_field(value.len())
}

/// Bytes of a field that holds so many.
fn field(bytes: usize) -> usize {
    1 + encoded_len_varint(bytes as u64) + bytes
}

/// The same, left out when it is empty.
fn some_field(bytes: usize) -> usize {
    if bytes == 0 { 0 } else { field(bytes) }
}

fn some_number_len(number: u64) -> usize {
    if number == 0 { 0 } else { 1 + encoded_len_varint(number) }
}

fn head(number: u8, bytes: usize, into: &mut Vec<u8>) {
    into.push(number << 3 | 2);
    encode_varint(bytes as u64, into);
}

fn some_bytes(number: u8, bytes: &[u8], into: &mut Vec<u8>) {
    if !bytes.is_empty() {
        head(number, bytes.len(), into);
        into.extend_from_slice(bytes);
    }
}

fn number(field: u8, number: u64, into: &mut Vec<u8>) {
    into.push(field << 3);
    encode_varint(number, into);
}

fn some_number(field: u8, number: u64, into: &mut Vec<u8>) {
    if number != 0 {
        self::number(field, number, into);
    }
}

#[cfg(test)]
mod tests;
