//! Stories told by the Rust client of KurrentDB, against the server at an address.
//!
//! ```text
//! cargo run -- 127.0.0.1:2113 127.0.0.1:2114 ca.pem 127.0.0.1:2115 keeper password
//! ```
//! The second address is that of the same contexts by TLS, with the file of the authority behind it; the
//! third that of a server by TLS that asks who asks, with who administers it.
//! Each story uses streams of its own. What is printed is counted by whoever runs this.

mod groups;
mod users;

use anyhow::{Context, ensure};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use groups::{
    a_group_delivers_takes_back_and_parks, a_group_of_everything_takes_what_passes,
    a_pinned_group_keeps_each_stream_in_order, operators_are_answered,
    what_is_wrong_about_a_group_has_its_own_error,
};
use kurrentdb::{
    AppendToStreamOptions, BatchAppendOptions, Client, CurrentRevision, DeleteStreamOptions, Error,
    EventData, ReadAllOptions, ReadEvent, ReadStreamOptions, ResolvedEvent, StreamMetadataBuilder,
    StreamMetadataResult, StreamPosition, StreamState, SubscribeToAllOptions,
    SubscribeToStreamOptions, SubscriptionEvent, SubscriptionFilter, TombstoneStreamOptions,
};
use serde_json::json;
use std::fmt::Debug;
use users::{
    a_password_is_changed_by_who_knows_it_and_reset_by_who_administers,
    users_are_made_changed_kept_out_let_in_and_taken_away, who_does_not_administer_changes_nobody,
};
use uuid::Uuid;

type Story = fn(Client) -> BoxFuture<'static, anyhow::Result<()>>;

/// A story under its name.
macro_rules! stories {
    ($($name:ident),* $(,)?) => {
        &[$((stringify!($name), (|client| $name(client).boxed()) as Story)),*]
    };
}

const STORIES: &[(&str, Story)] = stories![
    events_come_back_as_they_were_appended,
    a_stale_append_is_refused_with_both_revisions,
    a_batch_answers_each_of_its_appends,
    a_stream_is_read_both_ways_and_says_where_it_ends,
    all_events_are_read_by_filter,
    a_subscription_goes_from_stored_to_live,
    a_filtered_subscription_tells_how_far_it_has_come,
    settings_come_back_as_they_were_written,
    a_deleted_stream_is_gone_until_it_is_written_to,
    a_tombstone_is_for_ever,
    a_client_finds_the_server_by_gossip,
    the_same_streams_are_there_by_tls,
    a_group_delivers_takes_back_and_parks,
    a_pinned_group_keeps_each_stream_in_order,
    a_group_of_everything_takes_what_passes,
    what_is_wrong_about_a_group_has_its_own_error,
    operators_are_answered,
    users_are_made_changed_kept_out_let_in_and_taken_away,
    a_password_is_changed_by_who_knows_it_and_reset_by_who_administers,
    who_does_not_administer_changes_nobody,
];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let address = std::env::args().nth(1).context("the address of a server is missing")?;
    let client = connect(&format!("kurrentdb://{address}?tls=false"))?;
    let (mut passed, mut failed) = (0, 0);
    for (name, story) in STORIES {
        // A story that panics has failed, and the others are still told.
        let told = tokio::spawn(story(client.clone())).await;
        match told.map_err(anyhow::Error::from).and_then(|told| told) {
            Ok(()) => {
                passed += 1;
                println!("test kurrentdb::{name} ... ok");
            }
            Err(error) => {
                failed += 1;
                println!("test kurrentdb::{name} ... FAILED\n{error:#}");
            }
        }
    }
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!("test result: {verdict}. {passed} passed; {failed} failed; 0 ignored");
    std::process::exit(i32::from(failed > 0));
}

fn connect(text: &str) -> anyhow::Result<Client> {
    let settings = text.parse().map_err(|error| anyhow::anyhow!("{text}: {error}"))?;
    Client::new(settings).map_err(|error| anyhow::anyhow!("{error}"))
}

fn stream() -> String {
    format!("order-{}", Uuid::new_v4())
}

fn event(kind: &str) -> EventData {
    EventData::json(kind, &json!({ "n": 1 })).expect("an object is JSON")
}

fn events(count: usize) -> Vec<EventData> {
    (0..count).map(|_| event("OrderPlaced")).collect()
}

fn expecting(state: StreamState) -> AppendToStreamOptions {
    AppendToStreamOptions::default().stream_state(state)
}

fn same<T: PartialEq + Debug>(got: T, expected: T) -> anyhow::Result<()> {
    ensure!(got == expected, "got {got:?}, expected {expected:?}");
    Ok(())
}

async fn revisions(
    client: &Client,
    stream: &str,
    options: &ReadStreamOptions,
) -> Result<Vec<u64>, Error> {
    let mut reading = client.read_stream(stream, options).await?;
    let mut revisions = Vec::new();
    while let Some(event) = reading.next().await? {
        revisions.push(event.get_original_event().revision);
    }
    Ok(revisions)
}

async fn events_come_back_as_they_were_appended(client: Client) -> anyhow::Result<()> {
    let name = stream();
    let placed =
        event("OrderPlaced").id(Uuid::new_v4()).metadata_as_json(&json!({ "by": "me" }))?;
    let scan = EventData::binary("Scan", Bytes::from_static(&[0, 255]));
    let no_stream = expecting(StreamState::NoStream);
    let done = client.append_to_stream(name.as_str(), &no_stream, vec![placed, scan]).await?;
    same(done.next_expected_version, 1)?;
    let mut reading = client.read_stream(name.as_str(), &ReadStreamOptions::default()).await?;
    let first = reading.next().await?.context("the first")?;
    let first = first.get_original_event();
    same(first.as_json::<serde_json::Value>()?, json!({ "n": 1 }))?;
    same(&first.custom_metadata[..], br#"{"by":"me"}"#)?;
    same((first.event_type.as_str(), first.is_json), ("OrderPlaced", true))?;
    let second = reading.next().await?.context("the second")?;
    let second = second.get_original_event();
    same((&second.data[..], second.is_json), (&[0, 255][..], false))?;
    same(second.position, done.position)
}

async fn the_same_streams_are_there_by_tls(client: Client) -> anyhow::Result<()> {
    let argument = |n| std::env::args().nth(n).context("the address by TLS and its authority");
    let (address, authority) = (argument(2)?, argument(3)?);
    let name = stream();
    client.append_to_stream(name.as_str(), &Default::default(), events(1)).await?;
    let secure = connect(&format!("kurrentdb://{address}?tls=true&tlsCAFile={authority}"))?;
    same(revisions(&secure, &name, &ReadStreamOptions::default()).await?, vec![0])?;
    secure.append_to_stream(name.as_str(), &Default::default(), events(1)).await?;
    same(revisions(&client, &name, &ReadStreamOptions::default()).await?, vec![0, 1])?;
    let unknown = connect(&format!("kurrentdb://{address}?tls=true"))?;
    let refused = revisions(&unknown, &name, &ReadStreamOptions::default()).await;
    ensure!(refused.is_err(), "an authority that nobody named is believed");
    Ok(())
}

async fn a_stale_append_is_refused_with_both_revisions(client: Client) -> anyhow::Result<()> {
    let name = stream();
    client.append_to_stream(name.as_str(), &Default::default(), events(2)).await?;
    for expected in [StreamState::NoStream, StreamState::StreamRevision(0)] {
        let options = expecting(expected);
        match client.append_to_stream(name.as_str(), &options, events(1)).await {
            Err(Error::WrongExpectedVersion { expected: said, current }) => {
                same((said, current), (expected, CurrentRevision::Current(1)))?;
            }
            other => anyhow::bail!("{other:?}"),
        }
    }
    let exists = expecting(StreamState::StreamExists);
    let append = client.append_to_stream(stream(), &exists, events(1)).await;
    let refused = Error::WrongExpectedVersion {
        expected: StreamState::StreamExists,
        current: CurrentRevision::NoStream,
    };
    same(format!("{append:?}"), format!("Err({refused:?})"))
}

async fn a_batch_answers_each_of_its_appends(client: Client) -> anyhow::Result<()> {
    let batch = client.batch_append(&BatchAppendOptions::default()).await?;
    for _ in 0..20 {
        let name = stream();
        let done = batch.append_to_stream(name.as_str(), StreamState::NoStream, events(3)).await?;
        same((done.stream_name(), done.current_revision()), (name.as_str(), Some(2)))?;
        same(revisions(&client, &name, &Default::default()).await?, vec![0, 1, 2])?;
    }
    // A refusal is the last answer that this client takes in a batch.
    let name = stream();
    batch.append_to_stream(name.as_str(), StreamState::NoStream, events(1)).await?;
    let stale = batch.append_to_stream(name.as_str(), StreamState::NoStream, events(1)).await;
    match stale {
        Err(Error::Grpc { message, .. }) => ensure!(message.contains("Actual version: 0"), message),
        other => anyhow::bail!("{:?}", other.map(|done| done.current_revision())),
    }
    Ok(())
}

async fn a_stream_is_read_both_ways_and_says_where_it_ends(client: Client) -> anyhow::Result<()> {
    let name = stream();
    client.append_to_stream(name.as_str(), &Default::default(), events(1300)).await?;
    let all: Vec<u64> = (0..1300).collect();
    same(revisions(&client, &name, &Default::default()).await?, all)?;
    let backwards = ReadStreamOptions::default().backwards().position(StreamPosition::End);
    same(revisions(&client, &name, &backwards.max_count(2)).await?, vec![1299, 1298])?;
    let late = ReadStreamOptions::default().position(StreamPosition::Position(1298));
    let mut reading = client.read_stream(name.as_str(), &late).await?;
    let mut last = None;
    while let Some(step) = reading.next_read_event().await? {
        if let ReadEvent::LastStreamPosition(revision) = step {
            last = Some(revision);
        }
    }
    same(last, Some(1299))?;
    let nothing = revisions(&client, &stream(), &Default::default()).await;
    ensure!(matches!(nothing, Err(Error::ResourceNotFound)), "{nothing:?}");
    Ok(())
}

async fn all_events_are_read_by_filter(client: Client) -> anyhow::Result<()> {
    let (name, kind) = (stream(), format!("T{}", Uuid::new_v4().simple()));
    let mixed = vec![event(&kind), event("Other"), event(&kind)];
    client.append_to_stream(name.as_str(), &Default::default(), mixed).await?;
    let on_type = SubscriptionFilter::on_event_type;
    let on_stream = SubscriptionFilter::on_stream_name;
    for (filter, expected) in [
        (on_type().add_prefix(&kind), vec![0, 2]),
        (on_type().regex(format!("^{kind}$")), vec![0, 2]),
        (on_stream().add_prefix(&name), vec![0, 1, 2]),
        (on_stream().regex(format!("{name}$")), vec![0, 1, 2]),
    ] {
        let options = ReadAllOptions::default().position(StreamPosition::Start).filter(filter);
        let mut reading = client.read_all(&options).await?;
        let mut seen = Vec::new();
        while let Some(event) = reading.next().await? {
            seen.push(event.get_original_event().revision);
        }
        same(seen, expected)?;
    }
    Ok(())
}

async fn a_subscription_goes_from_stored_to_live(client: Client) -> anyhow::Result<()> {
    let name = stream();
    client.append_to_stream(name.as_str(), &Default::default(), events(3)).await?;
    let options = SubscribeToStreamOptions::default().start_from(StreamPosition::Position(0));
    let mut subscription = client.subscribe_to_stream(name.as_str(), &options).await;
    let mut seen = Vec::new();
    while seen.len() < 4 {
        match subscription.next_subscription_event().await? {
            SubscriptionEvent::EventAppeared(event) => {
                seen.push(event.get_original_event().revision);
            }
            SubscriptionEvent::CaughtUp(_) => {
                client.append_to_stream(name.as_str(), &Default::default(), events(2)).await?;
            }
            _ => {}
        }
    }
    same(seen, vec![1, 2, 3, 4])
}

async fn a_filtered_subscription_tells_how_far_it_has_come(client: Client) -> anyhow::Result<()> {
    let kind = format!("T{}", Uuid::new_v4().simple());
    let filter = SubscriptionFilter::on_event_type().add_prefix(&kind).max(1);
    let options = SubscribeToAllOptions::default().position(StreamPosition::Start).filter(filter);
    let mut subscription = client.subscribe_to_all(&options).await;
    let (mut checkpoints, mut asked) = (0, false);
    loop {
        match subscription.next_subscription_event().await? {
            SubscriptionEvent::Checkpoint(_) => checkpoints += 1,
            SubscriptionEvent::EventAppeared(event) => {
                let event: ResolvedEvent = event;
                same(event.get_original_event().event_type.as_str(), kind.as_str())?;
                ensure!(checkpoints > 0, "no checkpoint before the first event that passes");
                return Ok(());
            }
            SubscriptionEvent::CaughtUp(_) if !asked => {
                asked = true;
                client.append_to_stream(stream(), &Default::default(), events(50)).await?;
                client.append_to_stream(stream(), &Default::default(), vec![event(&kind)]).await?;
            }
            _ => {}
        }
    }
}

async fn settings_come_back_as_they_were_written(client: Client) -> anyhow::Result<()> {
    let name = stream();
    let none = client.get_stream_metadata(name.as_str(), &Default::default()).await?;
    ensure!(none.is_not_found());
    client.append_to_stream(name.as_str(), &Default::default(), events(5)).await?;
    let settings = StreamMetadataBuilder::new()
        .max_count(2)
        .max_age(std::time::Duration::from_secs(3600))
        .insert_custom_property("mine", json!({ "kept": true }))
        .build();
    client.set_stream_metadata(name.as_str(), &Default::default(), &settings).await?;
    match client.get_stream_metadata(name.as_str(), &Default::default()).await? {
        StreamMetadataResult::Success(got) => same(got.metadata(), &settings)?,
        other => anyhow::bail!("{other:?}"),
    }
    same(revisions(&client, &name, &Default::default()).await?, vec![3, 4])
}

async fn a_deleted_stream_is_gone_until_it_is_written_to(client: Client) -> anyhow::Result<()> {
    let name = stream();
    client.append_to_stream(name.as_str(), &Default::default(), events(2)).await?;
    let at = |revision| {
        DeleteStreamOptions::default().stream_state(StreamState::StreamRevision(revision))
    };
    let stale = client.delete_stream(name.as_str(), &at(0)).await;
    ensure!(stale.is_err());
    let deleted = client.delete_stream(name.as_str(), &at(1)).await?;
    ensure!(deleted.is_some());
    let gone = revisions(&client, &name, &Default::default()).await;
    ensure!(matches!(gone, Err(Error::ResourceNotFound)), "{gone:?}");
    let no_stream = expecting(StreamState::NoStream);
    client.append_to_stream(name.as_str(), &no_stream, events(1)).await?;
    same(revisions(&client, &name, &Default::default()).await?, vec![2])
}

async fn a_tombstone_is_for_ever(client: Client) -> anyhow::Result<()> {
    let name = stream();
    client.append_to_stream(name.as_str(), &Default::default(), events(2)).await?;
    client.tombstone_stream(name.as_str(), &TombstoneStreamOptions::default()).await?;
    let read = client.read_stream(name.as_str(), &ReadStreamOptions::default()).await;
    ensure!(matches!(read, Err(Error::ResourceDeleted)));
    let append = client.append_to_stream(name.as_str(), &Default::default(), events(1)).await;
    ensure!(matches!(append, Err(Error::ResourceDeleted)), "{append:?}");
    Ok(())
}

async fn a_client_finds_the_server_by_gossip(_: Client) -> anyhow::Result<()> {
    let address = std::env::args().nth(1).context("the address of a server is missing")?;
    let client = connect(&format!("kurrentdb+discover://{address}?tls=false"))?;
    let name = stream();
    client.append_to_stream(name.as_str(), &Default::default(), events(1)).await?;
    same(revisions(&client, &name, &Default::default()).await?, vec![0])
}
