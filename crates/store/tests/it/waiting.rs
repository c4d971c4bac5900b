//! R3, C2: ten thousand readers that want something else do not notice an append, and come on.
//!
//! Every append woke every subscription, and each looked at the new event to see that it was not
//! for it. Here the wakers are counted, not the time: who is not concerned is not woken, who is
//! concerned always is, and who was not woken is told once how far it may save its checkpoint.

use headwater_conformance::sample::{at, event_of, event_type, numbers, stream, tag};
use headwater_env::{MemDisk, SeededEntropy, VirtualClock};
use headwater_model::{
    Append, Category, ContextName, Delivery, EventStore, ExpectedRevision, Query, QueryItem, Start,
    Subscribe, Subscription, Timestamp,
};
use headwater_store::{EmbeddedContext, Environment, Options};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

fn context() -> EmbeddedContext {
    let environment = Environment {
        disk: Arc::new(MemDisk::new()),
        clock: Arc::new(VirtualClock::at(Timestamp::from_micros(7))),
        entropy: Arc::new(SeededEntropy::new(1)),
    };
    let name = ContextName::new("waiting").expect("a name");
    let options = Options::inline(64 * 1_024);
    EmbeddedContext::open(&environment, name, Path::new("/waiting"), &options).expect("opened")
}

/// Counts its calls.
#[derive(Default)]
struct Calls(AtomicUsize);

impl Wake for Calls {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// One reader, and how often it was woken.
struct Asleep {
    subscription: Box<dyn Subscription>,
    calls: Arc<Calls>,
}

impl Asleep {
    /// Reads to the end and falls asleep.
    fn new(context: &EmbeddedContext, query: Query) -> Self {
        let subscribe = Subscribe { query, start: Start::Beginning };
        let Poll::Ready(subscription) = poll(context.subscribe(subscribe), Waker::noop()) else {
            panic!("nothing to wait for");
        };
        let subscription = subscription.expect("it begins");
        let mut asleep = Self { subscription, calls: Arc::default() };
        asleep.deliveries();
        asleep
    }

    /// What there is, until it waits again.
    fn deliveries(&mut self) -> Vec<Delivery> {
        let waker = Waker::from(Arc::clone(&self.calls));
        let mut deliveries = Vec::new();
        while let Poll::Ready(delivery) = poll(self.subscription.next(), &waker) {
            deliveries.push(delivery.expect("the store is well"));
        }
        deliveries
    }

    fn woken(&self) -> usize {
        self.calls.0.load(Ordering::SeqCst)
    }
}

fn poll<T>(answer: impl Future<Output = T>, waker: &Waker) -> Poll<T> {
    pin!(answer).poll(&mut Context::from_waker(waker))
}

fn append(context: &EmbeddedContext, name: &str, n: u128, named: &str, tags: &[&str]) {
    let events = vec![event_of(n, named, tags)];
    let append = Append::to(stream(name), ExpectedRevision::Any, events);
    context.append_blocking(append).expect("accepted");
}

const READER_COUNT: usize = 10_000;

#[test]
fn an_append_wakes_only_those_who_asked_for_it() {
    let context = context();
    let one = |n: usize| Query::stream(stream(&format!("order-{n}")));
    let mut readers: Vec<_> = (0..READER_COUNT).map(|n| Asleep::new(&context, one(n))).collect();
    let woken = |readers: &[Asleep]| readers.iter().map(Asleep::woken).sum::<usize>();
    for n in 0..100 {
        append(&context, "seat-1", n, "SeatTaken", &["course:1"]);
    }
    assert_eq!(woken(&readers), 0, "nobody asked for any of these");
    append(&context, "order-77", 100, "OrderCreated", &[]);
    assert_eq!((woken(&readers), readers[77].woken()), (1, 1), "R3: one asked for this");
    let deliveries = readers[77].deliveries();
    let Some(Delivery::Events { events, checkpoint }) = deliveries.first() else {
        panic!("R3: it is delivered: {deliveries:?}");
    };
    assert_eq!((numbers(events), *checkpoint), (vec![100], at(100)));

    // C2: those who were not woken come on too, by asking, or by being told once.
    assert_eq!(readers[5].deliveries(), [Delivery::CaughtUp { checkpoint: Some(at(100)) }]);
    context.note_idle();
    let (before, told) = (woken(&readers), readers[6].deliveries());
    assert_eq!(before, 1 + READER_COUNT, "each was told once");
    assert_eq!(told, [Delivery::CaughtUp { checkpoint: Some(at(100)) }]);
    context.note_idle();
    assert_eq!(woken(&readers), before, "there is nothing new to tell");
    drop(readers);
    append(&context, "order-77", 101, "OrderCreated", &[]);
}

/// R3: a query leads to its reader whichever of its parts an event is found by.
#[test]
fn whoever_asked_for_an_event_in_any_way_is_woken() {
    let context = context();
    let types = |named: &str| vec![event_type(named)];
    let items = [
        QueryItem::default(),
        QueryItem { streams: vec![stream("order-1"), stream("order-2")], ..QueryItem::default() },
        QueryItem { stream_prefixes: vec!["".into(), "zz".into()], ..QueryItem::default() },
        QueryItem { stream_prefixes: vec!["order-".into()], ..QueryItem::default() },
        QueryItem {
            categories: vec![Category::new("order").expect("a name")],
            ..QueryItem::default()
        },
        QueryItem { types: types("OrderCreated"), ..QueryItem::default() },
        QueryItem { tags: vec![tag("a"), tag("b")], ..QueryItem::default() },
        QueryItem { types: types("OrderCreated"), tags: vec![tag("b")], ..QueryItem::default() },
    ];
    let others = [
        QueryItem { streams: vec![stream("order-3")], ..QueryItem::default() },
        QueryItem { stream_prefixes: vec!["order-12".into()], ..QueryItem::default() },
        QueryItem { types: types("OrderShipped"), tags: vec![tag("a")], ..QueryItem::default() },
        QueryItem { tags: vec![tag("a"), tag("c")], ..QueryItem::default() },
        QueryItem { stream_prefixes: vec!["$".into()], ..QueryItem::default() },
    ];
    let mut queries: Vec<Query> = items.into_iter().map(Query::from).collect();
    queries.push(Query::all());
    queries.push(Query::from(others[0].clone()).or(Query::types(types("OrderCreated"))));
    let mut asked: Vec<_> = queries.into_iter().map(|query| Asleep::new(&context, query)).collect();
    let not: Vec<_> = others.into_iter().map(|item| Asleep::new(&context, item.into())).collect();
    for round in 1..4_u64 {
        append(&context, "order-1", u128::from(round), "OrderCreated", &["b", "a"]);
        for (n, reader) in asked.iter_mut().enumerate() {
            assert_eq!(reader.woken() as u64, round, "query {n}");
            let delivered = reader.deliveries();
            assert!(
                matches!(&delivered[..], [Delivery::Events { events, .. }, _]
                if events.len() == 1),
                "query {n}: {delivered:?}"
            );
        }
        assert!(not.iter().all(|reader| reader.woken() == 0), "round {round}");
    }
}

/// R3: whatever comes between the look and the sleep is found. A reader is polled by hand between
/// any two steps of an append; here the append is made while its future is not polled at all.
#[test]
fn what_comes_while_a_reader_is_awake_is_not_missed() {
    let context = context();
    let mut reader = Asleep::new(&context, Query::stream(stream("order-1")));
    for n in 0..50_u128 {
        append(&context, "order-1", 2 * n, "OrderCreated", &[]);
        if n % 3 == 0 {
            context.note_idle();
        }
        append(&context, "seat-1", 2 * n + 1, "SeatTaken", &[]);
        let seen: Vec<_> = reader.deliveries();
        assert!(
            matches!(&seen[..], [Delivery::Events { events, .. }, Delivery::CaughtUp { .. }]
            if numbers(events) == [2 * n]),
            "{seen:?}"
        );
    }
}

/// R3 beside C2: a reader was told that it may pass up to an event, between the match of that very
/// event and its own waking, and never saw it.
#[test]
fn nobody_is_told_to_pass_what_it_asked_for() {
    const COUNT: u128 = 3_000;
    let context = &context();
    let is_done = &AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while !is_done.load(Ordering::SeqCst) {
                context.note_idle();
            }
        });
        let query = Query::stream(stream("order-1"));
        let start = Start::Beginning;
        let reading = scope.spawn(move || {
            headwater_conformance::run(async {
                let mut reader =
                    context.subscribe(Subscribe { query, start }).await.expect("begun");
                let mut seen = Vec::new();
                while seen.len() < COUNT as usize {
                    if let Delivery::Events { events, .. } =
                        reader.next().await.expect("it is well")
                    {
                        seen.extend(numbers(&events));
                    }
                    let last = seen.last().copied();
                    if last.is_some_and(|last| last + 1 != seen.len() as u128) {
                        break;
                    }
                }
                is_done.store(true, Ordering::SeqCst);
                seen
            })
        });
        for n in 0..COUNT {
            append(context, "order-1", n, "OrderCreated", &[]);
        }
        let seen = reading.join().expect("it ends");
        assert_eq!(seen, (0..COUNT).collect::<Vec<_>>(), "R3: each once, in order");
    });
}
