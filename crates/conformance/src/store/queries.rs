//! R1, R2: filtering in the store gives what filtering everything would give.

use crate::candidate::{Candidate, exam_context};
use crate::sample::{accepted, all, event_of, event_type, numbers, stream, tag};
use headwater_model::limits::QUERY_ITEM_COUNT_MAX;
use headwater_model::{
    Append, Category, Direction, EventStore, ExpectedRevision, From, Query, QueryItem, ReadAll,
    ReadError, RecordedEvent,
};
use std::sync::Arc;

const TYPES: [&str; 3] = ["OrderCreated", "OrderApproved", "CreditReserved"];
const STREAMS: [&str; 6] = ["order-1", "order-2", "orders-1", "customer-1", "$audit-1", "$audit-2"];
const TAGS: [&[&str]; 4] = [&[], &["a:1"], &["b:2", "a:1"], &["b:2"]];

/// 120 events of every kind, in four openings.
async fn filled(c: &mut impl Candidate) -> Arc<dyn EventStore> {
    let mut store = exam_context(c).await;
    for n in 0..120_usize {
        if n % 30 == 29 {
            drop(store);
            store = exam_context(c).await;
        }
        let event = event_of(n as u128, TYPES[n % 3], TAGS[(n / 3) % 4]);
        let name = stream(STREAMS[(n * 7 + n / 6) % 6]);
        accepted(&*store, Append::to(name, ExpectedRevision::Any, vec![event])).await;
    }
    store
}

fn items() -> Vec<QueryItem> {
    let category = |text: &str| Category::new(text.to_owned()).expect("a category");
    let none = QueryItem::default;
    vec![
        QueryItem { types: vec![event_type("OrderCreated")], ..none() },
        QueryItem { types: TYPES.map(event_type).to_vec(), ..none() },
        QueryItem { types: vec![event_type("Order")], ..none() },
        QueryItem { tags: vec![tag("a:1")], ..none() },
        QueryItem { tags: vec![tag("a:1"), tag("b:2")], ..none() },
        QueryItem { tags: vec![tag("a:1")], types: vec![event_type("OrderApproved")], ..none() },
        QueryItem { streams: vec![stream("order-1"), stream("customer-1")], ..none() },
        QueryItem { streams: vec![stream("$audit-1"), stream("order-1")], ..none() },
        QueryItem { categories: vec![category("order")], ..none() },
        QueryItem { categories: vec![category("$audit")], tags: vec![tag("b:2")], ..none() },
        QueryItem { stream_prefixes: vec!["order".into()], ..none() },
        QueryItem {
            stream_prefixes: vec!["order".into()],
            categories: vec![category("order")],
            ..none()
        },
        QueryItem { stream_prefixes: vec!["$".into()], ..none() },
        QueryItem { stream_prefixes: vec!["".into()], ..none() },
        QueryItem { streams: vec![stream("order-9")], tags: vec![tag("a:1")], ..none() },
        none(),
    ]
}

/// Each item alone, each with its neighbour, and none.
fn queries() -> Vec<Query> {
    let items = items();
    let alone = items.iter().cloned().map(Query::from);
    let pairs = items.windows(2).map(|two| Query { items: two.to_vec() });
    alone.chain(pairs).chain([Query::all(), Query { items: items.clone() }]).collect()
}

/// All events, the system's too, filtered by the rule of the model.
async fn by_hand(store: &dyn EventStore, query: &Query) -> Vec<RecordedEvent> {
    let system = QueryItem { stream_prefixes: vec!["$".into()], ..QueryItem::default() };
    let everything = all(store, Query { items: vec![QueryItem::default(), system] }).await;
    assert_eq!(everything.len(), 120);
    everything.into_iter().filter(|event| query.matches(event)).collect()
}

/// R2.
pub async fn a_filter_gives_what_filtering_everything_gives(c: &mut impl Candidate) {
    let store = filled(c).await;
    for query in queries() {
        let expected = by_hand(&*store, &query).await;
        let found = all(&*store, query.clone()).await;
        assert_eq!(numbers(&found), numbers(&expected), "{query:?}");
        assert_eq!(found, expected);
    }
}

/// R1: wherever the pages end.
pub async fn a_filter_holds_across_pages_in_both_directions(c: &mut impl Candidate) {
    let store = filled(c).await;
    for (query, count_max) in queries().into_iter().zip([1, 2, 3, 7].into_iter().cycle()) {
        for direction in [Direction::Forwards, Direction::Backwards] {
            let mut expected = by_hand(&*store, &query).await;
            if direction == Direction::Backwards {
                expected.reverse();
            }
            let mut found = Vec::new();
            let mut read = ReadAll { direction, count_max, ..ReadAll::forwards(query.clone()) };
            loop {
                let page = store.read_all(read.clone()).await.expect("read");
                found.extend(page.events);
                let Some(next) = page.next else { break };
                read.from = From::At(next);
            }
            assert_eq!(numbers(&found), numbers(&expected), "{direction:?} {query:?}");
        }
    }
}

/// D3: in reads, subscriptions and conditions alike.
pub async fn a_query_that_is_too_large_is_refused(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    let many_items = Query { items: vec![QueryItem::default(); QUERY_ITEM_COUNT_MAX + 1] };
    let tags = (0..=QUERY_ITEM_COUNT_MAX).map(|n| tag(&format!("t:{n}")));
    for query in [many_items, Query::tags(tags)] {
        let read = store.read_all(ReadAll::forwards(query.clone())).await;
        assert!(matches!(read, Err(ReadError::Invalid { .. })), "{read:?}");
        let start = headwater_model::Start::Beginning;
        let subscribe = headwater_model::Subscribe { query: query.clone(), start };
        assert!(store.subscribe(subscribe).await.is_err());
        let append = Append::default().unless(query, None);
        assert!(store.append(append).await.is_err());
    }
}
