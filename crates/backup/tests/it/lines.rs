//! A4: events as lines, out of a context and into another, and lines that are none.

use crate::world::{World, append, event, events, name, ready, stream};
use headwater_backup::ndjson::{
    Export, Exported, IMPORTED_POSITION, IMPORTED_RECORDED_AT, Import, ImportError, Imported,
    export, import,
};
use headwater_env::MemDisk;
use headwater_model::{
    Append, ContentType, EventId, EventStore, EventType, ExpectedRevision, Metadata, NewEvent,
    Position, Query, RecordedEvent, StreamChange, Tag,
};
use headwater_store::EmbeddedContext;
use proptest::prelude::*;
use std::sync::Arc;
use uuid::Uuid;

fn fresh() -> (World, Arc<EmbeddedContext>) {
    let world = World::on(Arc::new(MemDisk::new()), 1);
    let context = world.store("/store").embedded(&name("orders")).expect("made");
    (world, context)
}

fn lines_of(context: &EmbeddedContext, asked: &Export) -> (String, Exported) {
    let mut lines = Vec::new();
    let exported = ready(export(context, asked, &mut lines, &|_| {})).expect("exported");
    assert_eq!(exported.bytes, lines.len() as u64);
    (String::from_utf8(lines).expect("UTF-8"), exported)
}

fn everything() -> Export {
    Export { query: Query::all(), from: None, until: None }
}

fn import_into(context: &EmbeddedContext, lines: &[u8]) -> Result<Imported, ImportError> {
    ready(import(context, Import::default(), &mut &*lines, &|_| {}))
}

/// An event without what an import adds, and without what another context decides.
fn content(event: &RecordedEvent) -> RecordedEvent {
    let mut same = event.clone();
    let added = |key: &str| key == IMPORTED_POSITION || key == IMPORTED_RECORDED_AT;
    same.metadata.free.retain(|(key, _)| !added(key));
    same.recorded_at = headwater_model::Timestamp::ZERO;
    same
}

/// Payloads of every kind that could suffer on the way.
fn difficult() -> Vec<NewEvent> {
    let payloads: [&[u8]; 14] = [
        b"{\"a\":1}",
        b"",
        b"null",
        b" {\"a\": 1} ",
        b"{\n\"a\":1}",
        b"\"a\\nb\"",
        b"1e400",
        b"{\"a\":1,\"a\":2}",
        b"not json",
        b"\xff\xfe",
        b"123456789012345678901234567890.10",
        "\"\u{2028}ürün\"".as_bytes(),
        b"[]\r",
        b"\"\\u0000\"",
    ];
    let make = |(n, payload): (usize, &&[u8])| NewEvent {
        content_type: if n % 5 == 4 { ContentType::Binary } else { ContentType::Json },
        payload: bytes::Bytes::copy_from_slice(payload),
        schema_version: 1 + n as u32 % 3,
        tags: (0..n % 4).map(|k| Tag::new(format!("seat:{k}\"ü")).expect("a tag")).collect(),
        metadata: Metadata {
            correlation: Some("c-1".into()),
            actor: (n % 2 == 0).then(|| "somebody \\ else".into()),
            free: (0..n % 3).map(|k| (format!("k{k}").into(), "v\n".into())).collect(),
            ..Metadata::default()
        },
        ..event(5_000 + n as u64, 0)
    };
    payloads.iter().enumerate().map(make).collect()
}

#[test]
fn what_is_exported_and_imported_is_exported_the_same() {
    let (_world, source) = fresh();
    for n in 0..40 {
        let to = ["order-1", "bill-7", "seat-ü"][n as usize % 3];
        source.append_blocking(append(to, n * 4, 1 + n % 4, 100)).expect("appended");
    }
    let hard = Append::to(stream("hard-1"), ExpectedRevision::Any, difficult());
    source.append_blocking(hard).expect("appended");
    let (lines, exported) = lines_of(&source, &everything());
    assert_eq!(lines.lines().count() as u64, exported.count);
    let (_other, target) = fresh();
    let imported = import_into(&target, lines.as_bytes()).expect("imported");
    assert_eq!((imported.written, imported.known), (exported.count, 0));
    let (before, after) = (events(&source), events(&target));
    let contents = |events: &[RecordedEvent]| events.iter().map(content).collect::<Vec<_>>();
    assert_eq!(contents(&after), contents(&before));
    let first = after[7].metadata.get(IMPORTED_POSITION);
    assert_eq!(first, Some("7"));
    let instant = before[7].recorded_at.to_string();
    assert_eq!(after[7].metadata.get(IMPORTED_RECORDED_AT), Some(&*instant));
    // Once more: nothing is written. And a third store has the first one's places.
    let again = import_into(&target, lines.as_bytes()).expect("imported");
    assert_eq!((again.written, again.known), (0, exported.count));
    assert_eq!(events(&target).len(), after.len());
    let (_third, third) = fresh();
    import_into(&third, lines_of(&target, &everything()).0.as_bytes()).expect("imported");
    assert_eq!(lines_of(&third, &everything()).0, {
        let (lines, _) = lines_of(&target, &everything());
        lines
    });
}

#[test]
fn an_export_goes_on_from_a_position_and_ends_where_it_was_told() {
    let (_world, source) = fresh();
    for n in 0..30 {
        let to = if n % 2 == 0 { "order-1" } else { "bill-7" };
        source.append_blocking(append(to, n, 1, 10)).expect("appended");
    }
    let (all, _) = lines_of(&source, &everything());
    let part = |from: u64, until: u64| Export {
        query: Query::all(),
        from: Some(Position(from)),
        until: Some(Position(until)),
    };
    let (first, told) = lines_of(&source, &part(0, 11));
    assert_eq!(told.looked_to, Some(Position(11)));
    let (second, _) = lines_of(&source, &part(12, 40));
    assert_eq!(first + &second, all);
    let one = Export { query: Query::stream(stream("bill-7")), from: None, until: None };
    let (lines, told) = lines_of(&source, &one);
    assert_eq!((lines.lines().count(), told.looked_to), (15, Some(Position(29))));
}

#[test]
fn a_bad_line_is_named_and_nothing_behind_it_is_there() {
    let (_world, source) = fresh();
    for n in 0..9 {
        source.append_blocking(append("order-1", n, 1, 10)).expect("appended");
    }
    let (good, _) = lines_of(&source, &everything());
    let good: Vec<&str> = good.lines().collect();
    let huge = format!("{{\"stream\":\"{}\"}}", "x".repeat(9 << 20));
    let id = Uuid::from_u128(77);
    let with = |rest: &str| format!("{{\"stream\":\"a-1\",\"id\":\"{id}\",\"type\":\"T\",{rest}}}");
    let bad: Vec<(Vec<u8>, &str)> = vec![
        (b"{".to_vec(), "EOF"),
        (b"\xff\xfe{}".to_vec(), "not UTF-8 at byte 0"),
        (b"[1,2]".to_vec(), "expected"),
        (b"{\"stream\":7}".to_vec(), "invalid type"),
        (with("\"payload\":{},\"revision\":\"one\"").into(), "invalid type: string"),
        (with("\"payload\":{},\"colour\":1").into(), "unknown field `colour`"),
        (with("\"payload\":{},\"payload_base64\":\"\"").into(), "both"),
        (with("\"tags\":[]").into(), "neither"),
        (with("\"payload_base64\":\"*\"").into(), "base64"),
        (with("\"payload\":{},\"tags\":[\"\"]").into(), "tag"),
        (with("\"payload\":{},\"recorded_at\":\"yesterday\"").into(), "instant"),
        (with("\"payload\":{},\"schema_version\":-1").into(), "invalid value"),
        (with("\"payload\":{},\"content_type\":\"xml\"").into(), "unknown variant"),
        (format!("{{\"a\":{}1{}}}", "[".repeat(9_000), "]".repeat(9_000)).into(), ""),
        (huge.into(), "longer than"),
    ];
    for (line, expected) in bad {
        let (_world, target) = fresh();
        let (before, behind) = (good[..4].join("\n"), good[4..].join("\n"));
        let lines = [before.as_bytes(), &line, behind.as_bytes()].join(&b'\n');
        let refused = import_into(&target, &lines).expect_err("a bad line");
        let shown = refused.to_string();
        assert!(shown.starts_with("line 5: ") && shown.contains(expected), "{shown}");
        assert_eq!((refused.code(), refused.done.last_line), ("import.bad_line", 4));
        assert_eq!(events(&target).len(), 4, "{shown}");
        // Corrected, it goes on.
        let went_on = import_into(&target, good.join("\n").as_bytes()).expect("imported");
        assert_eq!((went_on.written, went_on.known), (5, 4));
    }
}

#[test]
fn a_store_that_refuses_is_told_by_the_line() {
    let (_world, source) = fresh();
    for n in 0..6 {
        let to = ["order-1", "bill-7"][n as usize % 2];
        source.append_blocking(append(to, n, 1, 10)).expect("appended");
    }
    let (lines, _) = lines_of(&source, &everything());
    let (_world, target) = fresh();
    target.append_blocking(append("bill-7", 900, 1, 5)).expect("appended");
    let (bill, any) = (stream("bill-7"), ExpectedRevision::Any);
    ready(target.change_stream(bill, any, StreamChange::Tombstone)).expect("tombstoned");
    let refused = import_into(&target, lines.as_bytes()).expect_err("a tombstone");
    assert_eq!((refused.line, refused.code(), refused.done.written), (2, "append.tombstoned", 1));
    // The same id with other content: line 3 of a file that somebody has edited.
    let (_world, edited) = fresh();
    import_into(&edited, lines.as_bytes()).expect("imported");
    let changed = lines.replacen("{\"n\":2", "{\"n\":3", 1);
    assert_ne!(changed, lines);
    let refused = import_into(&edited, changed.as_bytes()).expect_err("other content");
    assert_eq!((refused.line, refused.code()), (3, "append.id_reused"));
    assert_eq!(events(&edited).len(), 6);
}

#[test]
fn a_dry_run_reads_all_and_writes_nothing() {
    let (_world, source) = fresh();
    source.append_blocking(append("order-1", 0, 7, 10)).expect("appended");
    let (lines, _) = lines_of(&source, &everything());
    let (_world, target) = fresh();
    let dry = Import { is_dry: true, ..Import::default() };
    let told = ready(import(&*target, dry, &mut lines.as_bytes(), &|_| {})).expect("sound");
    assert_eq!((told.written, told.last_line, events(&target).len()), (7, 7, 0));
    let behind = Import { from_line: 6, ..Import::default() };
    let told = ready(import(&*target, behind, &mut lines.as_bytes(), &|_| {})).expect("imported");
    assert_eq!((told.written, told.last_line), (2, 7));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// D3: any bytes are an import or an error, and never half a line.
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let (_world, target) = fresh();
        let answer = import_into(&target, &bytes);
        let done = match &answer { Ok(done) => done.written, Err(refused) => refused.done.written };
        prop_assert_eq!(done, events(&target).len() as u64);
    }

    /// Any payload, any order of streams: in and out again.
    #[test]
    fn any_history_survives(
        parts in proptest::collection::vec((0..4_u8, proptest::collection::vec(any::<u8>(), 0..40), any::<bool>()), 1..40),
    ) {
        let (_world, source) = fresh();
        for (n, (to, payload, is_json)) in parts.iter().enumerate() {
            let event = NewEvent {
                content_type: if *is_json { ContentType::Json } else { ContentType::Binary },
                payload: bytes::Bytes::copy_from_slice(payload),
                ..NewEvent::json(EventId(Uuid::from_u128(n as u128 + 1)), EventType::new("T").expect("a name"), "")
            };
            let append = Append::to(stream(&format!("order-{to}")), ExpectedRevision::Any, vec![event]);
            source.append_blocking(append).expect("appended");
        }
        let (lines, _) = lines_of(&source, &everything());
        let (_world, target) = fresh();
        import_into(&target, lines.as_bytes()).expect("imported");
        let contents = |context: &EmbeddedContext| events(context).iter().map(content).collect::<Vec<_>>();
        prop_assert_eq!(contents(&target), contents(&source));
    }
}
