//! Derives: what they write. What they say when they cannot is tested in their own crate.

use headwater::prelude::*;
use headwater::testing::schema_of;
use headwater::{InputType, Source};
use headwater_model::RecordedEvent;

#[derive(StreamId)]
#[stream("order")]
struct OrderId(String);

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Address {
    city: String,
}

#[derive(Event, Debug, PartialEq)]
#[event(prefix = "Order")]
enum OrderEvent {
    #[event(public)]
    Created {
        #[tag("customer")]
        customer: String,
        #[serde(rename = "totalCents", alias = "total")]
        total: u64,
        #[serde(default)]
        note: String,
    },
    Moved(Address),
    #[event(name = "GiftWrapped")]
    Wrapped,
}

#[derive(Command, Debug, Clone, PartialEq)]
enum OrderCommand {
    Create { customer: String },
    Wrap,
}

#[derive(Refusal, Debug)]
#[refusal(code = "shop.order")]
enum Problem {
    #[refusal(invalid, "{what} is no address, and {{}} is no field")]
    NoAddress { what: String },
    #[refusal(forbidden, "not you")]
    NotYou,
}

#[derive(Input, Debug, PartialEq)]
#[input(from = "orders")]
enum News {
    #[input(id = "order")]
    OrderCreated { order: OrderId, total: Option<u64> },
    #[input(from = "parcels", name = "OrderCreated")]
    ParcelPacked { parcel: String },
    #[input(id = "order")]
    GiftWrapped { order: String },
}

fn event(stream: &str, event_type: &str, payload: &'static str) -> RecordedEvent {
    let stored = OrderEvent::Wrapped.encode(Cause::keyed("k").id()).unwrap();
    RecordedEvent {
        id: stored.id,
        stream: StreamName::new(stream).unwrap(),
        revision: Revision(0),
        position: Position(0),
        recorded_at: Timestamp::ZERO,
        event_type: headwater_model::EventType::new(event_type).unwrap(),
        schema_version: 1,
        content_type: stored.content_type,
        payload: payload.into(),
        metadata: stored.metadata,
        tags: stored.tags,
    }
}

const ORDERS: Source<'_> = Source { context: "orders", own: false };

#[test]
fn an_event_is_its_name_its_fields_and_its_tags() {
    let id = Cause::keyed("k").id();
    let created = OrderEvent::Created { customer: "ann".into(), total: 5, note: "!".into() };
    let stored = created.encode(id).unwrap();
    assert_eq!(stored.id, id);
    assert_eq!(stored.event_type.as_str(), "OrderCreated");
    assert_eq!(stored.payload, r#"{"customer":"ann","totalCents":5,"note":"!"}"#);
    assert_eq!(stored.tags[0].as_str(), "customer:ann");
    let moved = OrderEvent::Moved(Address { city: "Bath".into() }).encode(id).unwrap();
    assert_eq!(
        (moved.event_type.as_str(), &*moved.payload),
        ("OrderMoved", &br#"{"city":"Bath"}"#[..])
    );
    let wrapped = OrderEvent::Wrapped.encode(id).unwrap();
    assert_eq!((wrapped.event_type.as_str(), &*wrapped.payload), ("GiftWrapped", &b"{}"[..]));
}

#[test]
fn an_event_reads_what_older_code_wrote_and_ignores_what_it_does_not_know() {
    let read =
        |payload| OrderEvent::decode(ORDERS, &event("order-1", "OrderCreated", payload)).unwrap();
    let created = OrderEvent::Created { customer: "ann".into(), total: 5, note: String::new() };
    assert_eq!(read(r#"{"customer":"ann","total":5,"colour":"red"}"#), Decoded::One(created));
}

#[test]
fn an_input_takes_the_streams_id_and_the_fields_it_needs_from_the_context_it_means() {
    let payload = r#"{"customer":"ann","total":5,"parcel":"p"}"#;
    let created = event("order-8f-3a", "OrderCreated", payload);
    let read = News::decode(ORDERS, &created).unwrap();
    assert_eq!(read, Decoded::One(News::OrderCreated { order: "8f-3a".into(), total: Some(5) }));
    let parcels = Source { context: "parcels", own: true };
    let read = News::decode(parcels, &created).unwrap();
    assert_eq!(read, Decoded::One(News::ParcelPacked { parcel: "p".into() }));
    let error = News::decode(Source { context: "else", own: true }, &created).unwrap_err();
    assert_eq!(error.code(), "decode.unknown_type");
    let wrapped = News::decode(ORDERS, &event("order-1", "GiftWrapped", "{}")).unwrap();
    assert_eq!(wrapped, Decoded::One(News::GiftWrapped { order: "1".into() }));
}

#[test]
fn types_tell_what_stands_in_the_code() {
    let [created, moved, wrapped] = OrderEvent::TYPES else { panic!("three variants") };
    assert_eq!([created.public, moved.public, wrapped.public], [true, false, false]);
    let fields: Vec<_> = created.fields.iter().map(|f| (f.name, f.kind, f.optional)).collect();
    let expected =
        [("customer", "String", false), ("totalCents", "u64", false), ("note", "String", true)];
    assert_eq!(fields, expected);
    let of = |kind: &InputType| (kind.to_string(), kind.fields.len());
    let news: Vec<_> = News::TYPES.iter().map(of).collect();
    let names = ["orders/OrderCreated", "parcels/OrderCreated", "orders/GiftWrapped"];
    assert_eq!(news.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), names);
    assert_eq!(news[0].1, 1, "the stream's id is no payload");
    let _ = schema_of::<OrderEvent>();
}

#[test]
fn a_command_reads_back() {
    let create = OrderCommand::Create { customer: "ann".into() };
    let (name, payload) = create.encode().unwrap();
    assert_eq!((name, &*payload), ("Create", &br#"{"customer":"ann"}"#[..]));
    assert_eq!(OrderCommand::decode(name, &payload), Ok(create));
    assert_eq!(OrderCommand::decode("Wrap", b"{}"), Ok(OrderCommand::Wrap));
    assert_eq!(OrderCommand::decode("Eat", b"{}").unwrap_err().code(), "decode.unknown_type");
}

#[test]
fn a_refusal_has_a_kind_a_code_and_a_message() {
    let refusal = Problem::NoAddress { what: "nowhere".into() };
    assert_eq!(refusal.to_string(), "nowhere is no address, and {} is no field");
    assert_eq!((refusal.kind(), refusal.code()), (RefusalKind::Invalid, "shop.order.no_address"));
    assert_eq!(
        (Problem::NotYou.kind(), Problem::NotYou.code()),
        (RefusalKind::Forbidden, "shop.order.not_you")
    );
}

#[test]
fn an_id_is_a_text_that_can_name_a_stream() {
    let id: OrderId = "8f3a".parse().unwrap();
    assert_eq!(
        (id.as_str(), id.to_string(), format!("{id:?}")),
        ("8f3a", "8f3a".into(), "OrderId(\"8f3a\")".into())
    );
    assert_eq!(serde_json::to_string(&id).unwrap(), r#""8f3a""#);
    assert_eq!(serde_json::from_str::<OrderId>(r#""8f3a""#).unwrap(), id);
    for bad in [r#""""#, r#""a\nb""#] {
        assert!(serde_json::from_str::<OrderId>(bad).is_err());
    }
    // A stream of this name could not be deleted: its settings stream needs two bytes more.
    let bytes_max = headwater_model::limits::STREAM_NAME_GIVEN_BYTES_MAX - "order-".len();
    assert!("x".repeat(bytes_max).parse::<OrderId>().is_ok());
    assert!("x".repeat(bytes_max + 1).parse::<OrderId>().is_err());
    let (first, second) =
        (OrderId::nth(&Cause::keyed("k"), 0), OrderId::nth(&Cause::keyed("k"), 1));
    assert_ne!(first, second);
    assert_eq!(first, OrderId::new(&Cause::keyed("k")));
}
