//! Where the events of one key are, so that a lane reads its own and nobody else's.
//!
//! Why: what was parked for a month is replayed with what is behind it. By stream or category the
//! index knows where that is; by correlation or a key of the metadata the lane looks through what
//! the group reads.

use bytestring::ByteString;
use headwater_model::{Category, GroupKey, GroupSettings, Position, Query, QueryItem, StreamName};

/// A query that finds all events of `key` among those of the source, perhaps with others; `None`:
/// there are none.
pub(super) fn of_key(settings: &GroupSettings, key: &ByteString) -> Option<Query> {
    let source = &settings.source;
    let narrowed = match &settings.key {
        GroupKey::Stream => {
            let stream = StreamName::system(key.clone()).ok()?;
            narrow(source, |item| {
                let fits = item.streams.is_empty() || item.streams.contains(&stream);
                fits.then(|| QueryItem { streams: vec![stream.clone()], ..item.clone() })
            })
        }
        GroupKey::Category => {
            let category = Category::new(key.clone()).ok()?;
            narrow(source, |item| {
                let fits = item.categories.is_empty() || item.categories.contains(&category);
                fits.then(|| QueryItem { categories: vec![category.clone()], ..item.clone() })
            })
        }
        GroupKey::Correlation | GroupKey::Metadata(_) | GroupKey::Event => {
            return Some(source.clone());
        }
    };
    // A query without items would be one for everything.
    Some(narrowed).filter(|query| !query.items.is_empty())
}

fn narrow(source: &Query, narrowed: impl Fn(&QueryItem) -> Option<QueryItem>) -> Query {
    let everything = [QueryItem::default()];
    let items = if source.items.is_empty() { &everything[..] } else { &source.items[..] };
    Query { items: items.iter().filter_map(narrowed).collect() }
}

/// Up to where `key` can have events, exclusive, if the group has read up to `until`.
pub(super) fn end_of(settings: &GroupSettings, key: &ByteString, until: Position) -> Position {
    match (&settings.key, key.parse()) {
        (GroupKey::Event, Ok(position)) => until.min(Position(position).next()),
        _ => until,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(text: &str) -> StreamName {
        StreamName::new(text).expect("a name")
    }

    #[test]
    fn a_key_narrows_its_source_and_never_widens_it() {
        let orders = Query::categories([Category::new("order").expect("a name")]);
        let settings = GroupSettings::over(orders.clone().or(Query::stream(stream("other"))));
        let narrowed = of_key(&settings, &"order-1".into()).expect("it has events");
        let expected = QueryItem { streams: vec![stream("order-1")], ..orders.items[0].clone() };
        assert_eq!(narrowed.items, [expected]);
        let everything = GroupSettings::over(Query::all());
        assert_eq!(of_key(&everything, &"a-1".into()), Some(Query::stream(stream("a-1"))));
        let one = GroupSettings::over(Query::stream(stream("a-1")));
        assert_eq!(of_key(&one, &"b-1".into()), None);
    }
}
