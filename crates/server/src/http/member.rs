//! A member over HTTP: fetches, and says what became of each delivery.

use super::ask::Ask;
use super::bounds::{
    FETCH_BYTES, FETCH_COUNT, FETCH_COUNT_MAX, FETCH_STEP_COUNT, FETCH_WAIT_MS_MAX,
};
use super::group::{self, AskedPark, AskedRetry, AskedSettled, Grouped, ShownCount, ShownDelivery};
use super::json::read_object;
use super::members::MemberKey;
use super::param::{FETCHED, Param, WAIT_MS};
use super::problem::Problem;
use super::refused::Refused;
use super::stream::fresh;
use axum::response::Response;
use futures_util::FutureExt as _;
use headwater_model::{DeliveryId, GroupDelivery, GroupError, InvalidName, Member, limits};
use schemars::JsonSchema;
use serde::Serialize;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// What a fetch brought.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Fetched")]
pub(super) struct ShownFetched<'a> {
    /// None, if nothing came in time.
    deliveries: Vec<ShownDelivery<'a>>,
}

/// The member that is asked for.
fn key(ask: &Ask) -> Result<MemberKey, Problem> {
    let name = ask.named("member", member_name)?;
    Ok(MemberKey { context: ask.context_name()?, group: group::name(ask)?, name })
}

/// As long as the name of a group.
fn member_name(text: String) -> Result<String, InvalidName> {
    const BYTES_MAX: usize = limits::GROUP_NAME_BYTES_MAX;
    let kind = "member's name";
    match text.len() {
        0 => Err(InvalidName::Empty { kind }),
        1..=BYTES_MAX if text.chars().any(char::is_control) => {
            Err(InvalidName::Control { kind, text })
        }
        1..=BYTES_MAX => Ok(text),
        bytes => Err(InvalidName::TooLong { kind, bytes, bytes_max: BYTES_MAX }),
    }
}

/// A number of the query.
fn number<T>(ask: &Ask, param: &Param, usual: T, bounds: RangeInclusive<T>) -> Result<T, Problem>
where
    T: FromStr + PartialOrd + std::fmt::Display,
{
    let Some(text) = ask.query(param) else { return Ok(usual) };
    let number = text.parse().ok().filter(|number| bounds.contains(number));
    let (low, high) = (bounds.start(), bounds.end());
    let refused = || Refused::query(param.name, format!("{text:?} is not {low} to {high}"));
    Ok(number.ok_or_else(refused)?)
}

/// The next deliveries; waits for the first. The first fetch joins.
pub(super) async fn fetch(ask: Ask) -> Result<Response, Problem> {
    let (context, key) = (Grouped::of(&ask).await?, key(&ask)?);
    let count_max = number(&ask, &FETCHED, FETCH_COUNT, 1..=FETCH_COUNT_MAX)?;
    let wait = number(&ask, &WAIT_MS, FETCH_WAIT_MS_MAX, 0..=FETCH_WAIT_MS_MAX)?;
    let groups = context.groups()?;
    let identity = ask.caller.identity();
    let deadline = tokio::time::Instant::now() + Duration::from_millis(wait);
    loop {
        let member = ask.face.members().get_or_join(&key, identity, groups).await?;
        let first = tokio::select! {
            biased;
            first = member.next(count_max.min(FETCH_STEP_COUNT)) => first,
            () = tokio::time::sleep_until(deadline) => Ok(Vec::new()),
            () = ask.face.host().closing() => return Err(Refused::Stopping.into()),
        };
        match first {
            Ok(mut taken) => {
                more(&*member, &mut taken, count_max);
                let deliveries = taken.iter().map(ShownDelivery::from).collect();
                return Ok(fresh(&ShownFetched { deliveries }));
            }
            // Its lease was over: what it held is others' by now. It joins again.
            Err(GroupError::NotAMember { .. }) => ask.face.members().forget(&key),
            Err(error) => return Err(error.into()),
        }
    }
}

/// What else can be delivered at once, as far as it fits.
fn more(member: &dyn Member, taken: &mut Vec<GroupDelivery>, count_max: usize) {
    let bytes = |taken: &[GroupDelivery]| -> usize {
        taken.iter().map(|d| d.event.payload.len() + d.event.metadata.bytes()).sum()
    };
    while !taken.is_empty() && taken.len() < count_max && bytes(taken) < FETCH_BYTES {
        let next = member.next((count_max - taken.len()).min(FETCH_STEP_COUNT));
        match next.now_or_never() {
            Some(Ok(further)) => taken.extend(further),
            // What was taken is told first; the reason is told to the next fetch.
            Some(Err(_)) | None => return,
        }
    }
}

/// The member, if it is one still.
async fn member(ask: &Ask) -> Result<(MemberKey, Arc<dyn Member>), Problem> {
    drop(Grouped::of(ask).await?);
    let key = key(ask)?;
    let member = ask.face.members().get(&key, ask.caller.identity())?;
    let gone = || GroupError::NotAMember { name: key.group.clone() };
    let member = member.ok_or_else(gone)?;
    Ok((key, member))
}

/// The answer about so many deliveries.
fn settled(
    ask: &Ask,
    key: &MemberKey,
    count: usize,
    answer: Result<(), GroupError>,
) -> Result<Response, Problem> {
    if let Err(GroupError::NotAMember { .. }) = &answer {
        ask.face.members().forget(key);
    }
    answer?;
    Ok(fresh(&ShownCount { count: count as u64 }))
}

/// These were handled.
pub(super) async fn ack(ask: Ask) -> Result<Response, Problem> {
    let (key, member) = member(&ask).await?;
    let body = ask.body().await?;
    let AskedSettled { deliveries } = read_object(&body.bytes)?;
    let count = deliveries.len();
    settled(&ask, &key, count, member.ack(deliveries).await)
}

/// Still at work on these.
pub(super) async fn renew(ask: Ask) -> Result<Response, Problem> {
    let (key, member) = member(&ask).await?;
    let body = ask.body().await?;
    let AskedSettled { deliveries } = read_object(&body.bytes)?;
    let count = deliveries.len();
    settled(&ask, &key, count, member.renew(deliveries).await)
}

/// This one again.
pub(super) async fn retry(ask: Ask) -> Result<Response, Problem> {
    let (key, member) = member(&ask).await?;
    let body = ask.body().await?;
    let AskedRetry { delivery, wait_ms, reason } = read_object(&body.bytes)?;
    let wait = wait_ms.map(Duration::from_millis);
    settled(&ask, &key, 1, member.retry(DeliveryId(delivery), wait, reason.into()).await)
}

/// This one aside.
pub(super) async fn park(ask: Ask) -> Result<Response, Problem> {
    let (key, member) = member(&ask).await?;
    let body = ask.body().await?;
    let AskedPark { delivery, reason } = read_object(&body.bytes)?;
    settled(&ask, &key, 1, member.park(DeliveryId(delivery), reason.into()).await)
}

/// Leaves the group, and gives back what it holds.
pub(super) async fn leave(ask: Ask) -> Result<Response, Problem> {
    let (key, member) = member(&ask).await?;
    drop(member);
    ask.face.members().forget(&key);
    Ok(fresh(&ShownCount { count: 1 }))
}
