//! Stories of persistent subscriptions, and of what operators ask.

use crate::{connect, event, events, same, stream};
use anyhow::{Context, ensure};
use futures::TryStreamExt;
use kurrentdb::operations;
use kurrentdb::{
    Client, Error, NakAction, PersistentSubscription, PersistentSubscriptionEvent,
    PersistentSubscriptionOptions, PersistentSubscriptionToAllOptions, ProjectionClient,
    ReadStreamOptions, ReplayParkedMessagesOptions, ResolvedEvent, StreamPosition,
    SubscriptionFilter, SystemConsumerStrategy,
};
use uuid::Uuid;

fn group() -> String {
    format!("g-{}", Uuid::new_v4())
}

fn from_start() -> PersistentSubscriptionOptions {
    PersistentSubscriptionOptions::default().start_from(StreamPosition::Start)
}

async fn next(subscription: &mut PersistentSubscription) -> anyhow::Result<(usize, ResolvedEvent)> {
    loop {
        match subscription.next_subscription_event().await? {
            PersistentSubscriptionEvent::EventAppeared { retry_count, event } => {
                return Ok((retry_count, event));
            }
            PersistentSubscriptionEvent::Confirmed(_) => {}
        }
    }
}

pub(crate) async fn a_group_delivers_takes_back_and_parks(client: Client) -> anyhow::Result<()> {
    let (name, own) = (stream(), group());
    client.append_to_stream(name.as_str(), &Default::default(), events(3)).await?;
    let options = from_start().max_retry_count(1);
    client.create_persistent_subscription(name.as_str(), &own, &options).await?;
    let mut subscription = client
        .subscribe_to_persistent_subscription(name.as_str(), &own, &Default::default())
        .await?;
    let mut seen = Vec::new();
    for _ in 0..4 {
        let (retries, event) = next(&mut subscription).await?;
        let revision = event.get_original_event().revision;
        seen.push((revision, retries));
        match revision {
            0 => subscription.ack(&event).await?,
            1 => subscription.nack(&event, NakAction::Park, "not now").await?,
            _ => subscription.nack(&event, NakAction::Retry, "again").await?,
        }
    }
    same(seen, vec![(0, 0), (1, 0), (2, 0), (2, 1)])?;
    while parked(&client, &name, &own).await? < 2 {}
    let shown = format!("$persistentsubscription-{name}::{own}-parked");
    let resolved = ReadStreamOptions::default().resolve_link_tos();
    let mut reading = client.read_stream(shown.as_str(), &resolved).await?;
    let mut places = Vec::new();
    while let Some(resolved) = reading.next().await? {
        places.push(resolved.event.map(|event| event.revision));
    }
    same(places, vec![Some(1), Some(2)])?;
    client.replay_parked_messages(&name, &own, &ReplayParkedMessagesOptions::default()).await?;
    for _ in 0..2 {
        let (retries, event) = next(&mut subscription).await?;
        same(retries, 0)?;
        subscription.ack(&event).await?;
    }
    while parked(&client, &name, &own).await? > 0 {}
    Ok(())
}

async fn parked(client: &Client, stream: &str, group: &str) -> anyhow::Result<usize> {
    let info = client.get_persistent_subscription_info(stream, group, &Default::default()).await?;
    Ok(info.stats.parked_message_count)
}

pub(crate) async fn a_pinned_group_keeps_each_stream_in_order(
    client: Client,
) -> anyhow::Result<()> {
    let category = format!("c{}", Uuid::new_v4().simple());
    let (source, own) = (format!("$ce-{category}"), group());
    let streams: Vec<_> = (0..3).map(|n| format!("{category}-{n}")).collect();
    let options =
        from_start().consumer_strategy_name(SystemConsumerStrategy::Pinned).resolve_link_tos(true);
    client.create_persistent_subscription(source.as_str(), &own, &options).await?;
    for _ in 0..5 {
        for name in &streams {
            client.append_to_stream(name.as_str(), &Default::default(), events(1)).await?;
        }
    }
    let mut subscription = client
        .subscribe_to_persistent_subscription(source.as_str(), &own, &Default::default())
        .await?;
    let mut seen = vec![Vec::new(); streams.len()];
    let mut tried = std::collections::HashSet::new();
    while seen.iter().map(Vec::len).sum::<usize>() < 15 {
        let (_, resolved) = next(&mut subscription).await?;
        let event = resolved.event.as_ref().context("the link leads to an event")?;
        same(resolved.get_original_event().stream_id().to_owned(), source.clone())?;
        // Each is given back once, so that order would suffer if it could.
        if tried.insert(event.id) {
            subscription.nack(&resolved, NakAction::Retry, "again").await?;
            continue;
        }
        let place = streams.iter().position(|name| name == event.stream_id());
        seen[place.context("one of ours")?].push(event.revision);
        subscription.ack(&resolved).await?;
    }
    same(seen, vec![vec![0, 1, 2, 3, 4]; 3])
}

pub(crate) async fn a_group_of_everything_takes_what_passes(client: Client) -> anyhow::Result<()> {
    let (own, kind) = (group(), format!("T{}", Uuid::new_v4().simple()));
    let filter = SubscriptionFilter::on_event_type().add_prefix(&kind);
    let options = PersistentSubscriptionToAllOptions::default().filter(filter);
    client.create_persistent_subscription_to_all(&own, &options).await?;
    let name = stream();
    let mixed = vec![event("Other"), event(&kind), event("Other"), event(&kind)];
    client.append_to_stream(name.as_str(), &Default::default(), mixed).await?;
    let mut subscription =
        client.subscribe_to_persistent_subscription_to_all(&own, &Default::default()).await?;
    for expected in [1, 3] {
        let (_, event) = next(&mut subscription).await?;
        same(event.get_original_event().revision, expected)?;
        subscription.ack(&event).await?;
    }
    let info = client.get_persistent_subscription_info_to_all(&own, &Default::default()).await?;
    same((info.event_source.as_str(), info.group_name.as_str()), ("$all", own.as_str()))?;
    ensure!(info.stats.last_known_position.is_some(), "{info:?}");
    client.delete_persistent_subscription_to_all(&own, &Default::default()).await?;
    Ok(())
}

pub(crate) async fn what_is_wrong_about_a_group_has_its_own_error(
    client: Client,
) -> anyhow::Result<()> {
    let (name, own) = (stream(), group());
    let gone = client.get_persistent_subscription_info(&name, &own, &Default::default()).await;
    ensure!(matches!(gone, Err(Error::ResourceNotFound)), "{gone:?}");
    client.create_persistent_subscription(name.as_str(), &own, &from_start()).await?;
    let again = client.create_persistent_subscription(name.as_str(), &own, &from_start()).await;
    ensure!(matches!(again, Err(Error::ResourceAlreadyExists)), "{again:?}");
    let changed = from_start().max_retry_count(77);
    client.update_persistent_subscription(name.as_str(), &own, &changed).await?;
    let all = client.list_all_persistent_subscriptions(&Default::default()).await?;
    let listed = all.iter().find(|info| info.group_name == own).context("it is listed")?;
    let settings = listed.settings.as_ref().context("with its settings")?;
    same(settings.max_retry_count, 77)?;
    ensure!(matches!(settings.start_from, StreamPosition::Start), "{settings:?}");
    let mut subscription = client
        .subscribe_to_persistent_subscription(name.as_str(), &own, &Default::default())
        .await?;
    client.delete_persistent_subscription(name.as_str(), &own, &Default::default()).await?;
    let dropped = loop {
        match subscription.next_subscription_event().await {
            Ok(PersistentSubscriptionEvent::Confirmed(_)) => {}
            other => break other.map(|_| ()),
        }
    };
    ensure!(matches!(dropped, Err(Error::IllegalStateError(_))), "{dropped:?}");
    Ok(())
}

pub(crate) async fn operators_are_answered(client: Client) -> anyhow::Result<()> {
    let projections = ProjectionClient::from(client.clone());
    let status = projections.get_status("$by_category", &Default::default()).await?;
    same(status.context("it is there")?.status.as_str(), "Running")?;
    let all = projections.list(&Default::default()).await?;
    same(all.try_collect::<Vec<_>>().await?.len(), 5)?;
    let made = projections.create("mine", "fromAll()".to_owned(), &Default::default()).await;
    ensure!(matches!(made, Err(Error::UnsupportedFeature)), "{made:?}");
    // Errors of a call make this client look for the server again: another one for each.
    let address = std::env::args().nth(1).context("the address of a server is missing")?;
    let client = connect(&format!("kurrentdb://{address}?tls=false"))?;
    let operators = operations::Client::from(client);
    let mut stats = operators.stats(&Default::default()).await?;
    let figures = stats.next().await?.0;
    ensure!(figures.contains_key("proc-id"), "{figures:?}");
    operators.merge_indexes(&Default::default()).await?;
    let begun = operators.start_scavenge(1, 0, &Default::default()).await?;
    ensure!(!begun.id().is_empty());
    Ok(())
}
