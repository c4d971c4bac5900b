//! Consumer groups as wholes: made, changed, looked at, moved, deleted; and what they set aside.

mod asked;
mod shown;

pub(super) use asked::{
    AskedGroup, AskedPark, AskedReplay, AskedRetry, AskedSeek, AskedSettings, AskedSettled,
    AskedSkip,
};
pub(super) use shown::{
    ShownCount, ShownDelivery, ShownGroup, ShownGroups, ShownParked, ShownParkedEvents, ShownSeek,
};

use super::ask::Ask;
use super::json::read_object;
use super::param::{LIMIT, PARKED_BEHIND};
use super::problem::Problem;
use super::refused::Refused;
use super::stream::fresh;
use axum::response::Response;
use headwater_model::limits::GROUP_PARKED_PAGE_COUNT_MAX;
use headwater_model::{
    ConsumerGroups, EventStore, GroupError, GroupName, GroupSettings, Position, Query,
};
use http::StatusCode;
use std::sync::Arc;

/// A context that has groups.
pub(super) struct Grouped(Arc<dyn EventStore>);

impl Grouped {
    pub(super) async fn of(ask: &Ask) -> Result<Self, Problem> {
        let opened = Self(ask.context().await?);
        opened.groups()?;
        Ok(opened)
    }

    pub(super) fn groups(&self) -> Result<&dyn ConsumerGroups, Problem> {
        let none = || GroupError::Invalid { why: "this store has no consumer groups".to_owned() };
        Ok(self.0.consumer_groups().ok_or_else(none)?)
    }
}

/// The group that is asked.
pub(super) fn name(ask: &Ask) -> Result<GroupName, Problem> {
    ask.named("group", GroupName::new)
}

/// All groups of a context.
pub(super) async fn list(ask: Ask) -> Result<Response, Problem> {
    let groups = Grouped::of(&ask).await?.groups()?.groups().await?;
    Ok(fresh(&ShownGroups { groups: groups.iter().map(ShownGroup::from).collect() }))
}

/// One group.
pub(super) async fn show(ask: Ask) -> Result<Response, Problem> {
    let context = Grouped::of(&ask).await?;
    shown(context.groups()?, name(&ask)?).await
}

async fn shown(groups: &dyn ConsumerGroups, name: GroupName) -> Result<Response, Problem> {
    Ok(fresh(&ShownGroup::from(&groups.group(name).await?)))
}

/// Makes a group, if it is not there.
pub(super) async fn make(ask: Ask) -> Result<Response, Problem> {
    let (context, name) = (Grouped::of(&ask).await?, name(&ask)?);
    let body = ask.body().await?;
    let AskedGroup { start, settings } = read_object(&body.bytes)?;
    let settings = settings.onto(GroupSettings::over(Query::all()));
    let groups = context.groups()?;
    let is_new = matches!(groups.group(name.clone()).await, Err(GroupError::NotFound { .. }));
    groups.create_group(name.clone(), settings, start.into()).await?;
    let mut response = shown(groups, name).await?;
    if is_new {
        *response.status_mut() = StatusCode::CREATED;
    }
    Ok(response)
}

/// Replaces the settings of a group; its source and its key stay if nothing is said of them.
pub(super) async fn settings(ask: Ask) -> Result<Response, Problem> {
    let (context, name) = (Grouped::of(&ask).await?, name(&ask)?);
    let body = ask.body().await?;
    let asked: AskedSettings = read_object(&body.bytes)?;
    let groups = context.groups()?;
    let before = groups.group(name.clone()).await?.settings;
    let usual = GroupSettings { key: before.key, ..GroupSettings::over(before.source) };
    groups.update_group(name.clone(), asked.onto(usual)).await?;
    shown(groups, name).await
}

/// Deletes a group.
pub(super) async fn delete(ask: Ask) -> Result<Response, Problem> {
    let context = Grouped::of(&ask).await?;
    context.groups()?.delete_group(name(&ask)?).await?;
    Ok(fresh(&ShownCount { count: 1 }))
}

/// Sets a group to another place.
pub(super) async fn seek(ask: Ask) -> Result<Response, Problem> {
    let (context, name) = (Grouped::of(&ask).await?, name(&ask)?);
    let body = ask.body().await?;
    let AskedSeek { to } = read_object(&body.bytes)?;
    let checkpoint = context.groups()?.seek_group(name, to.try_into()?).await?;
    Ok(fresh(&ShownSeek { checkpoint }))
}

/// A page of parked events.
pub(super) async fn parked(ask: Ask) -> Result<Response, Problem> {
    let (context, name) = (Grouped::of(&ask).await?, name(&ask)?);
    let after = ask.query(&PARKED_BEHIND).map(super::ask::place).transpose();
    let after = after.map_err(|why| Refused::query(PARKED_BEHIND.name, why))?.map(Position);
    let count_max = count(&ask)?.min(GROUP_PARKED_PAGE_COUNT_MAX);
    let parked = context.groups()?.parked(name, after, count_max).await?;
    let is_full = parked.len() == count_max;
    let next = parked.last().filter(|_| is_full).map(|parked| parked.position);
    let parked = parked.iter().map(ShownParked::from).collect();
    Ok(fresh(&ShownParkedEvents { parked, next }))
}

/// How many are asked for.
fn count(ask: &Ask) -> Result<usize, Problem> {
    const COUNT_MAX: usize = 10_000;
    let Some(text) = ask.query(&LIMIT) else { return Ok(super::bounds::PAGE_EVENT_COUNT) };
    let count = text.parse().ok().filter(|count| (1..=COUNT_MAX).contains(count));
    let refused = || Refused::query(LIMIT.name, format!("{text:?} is not 1 to {COUNT_MAX}"));
    Ok(count.ok_or_else(refused)?)
}

/// Delivers parked events again.
pub(super) async fn replay(ask: Ask) -> Result<Response, Problem> {
    let (context, name) = (Grouped::of(&ask).await?, name(&ask)?);
    let body = ask.body().await?;
    let AskedReplay { part } = read_object(&body.bytes)?;
    let count = context.groups()?.replay_parked(name, part.into()).await?;
    Ok(fresh(&ShownCount { count }))
}

/// Gives parked events up.
pub(super) async fn skip(ask: Ask) -> Result<Response, Problem> {
    let (context, name) = (Grouped::of(&ask).await?, name(&ask)?);
    let body = ask.body().await?;
    let AskedSkip { part, reason } = read_object(&body.bytes)?;
    let count = context.groups()?.skip_parked(name, part.into(), reason.into()).await?;
    Ok(fresh(&ShownCount { count }))
}
