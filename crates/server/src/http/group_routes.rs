//! All that may be asked of groups over HTTP.

use super::group::{
    self, AskedGroup, AskedPark, AskedReplay, AskedRetry, AskedSeek, AskedSettings, AskedSettled,
    AskedSkip, ShownCount, ShownGroup, ShownGroups, ShownParkedEvents, ShownSeek,
};
use super::member::{self, ShownFetched};
use super::param::{CONTEXT, FETCHED, GROUP, LIMIT, MEMBER, PARKED_BEHIND, Param, WAIT_MS};
use super::route::{DELETE, GET, POST, PUT, Route};
use http::StatusCode;

/// Every route, with its description.
pub(super) fn all() -> Vec<Route> {
    let mut all = wholes();
    all.extend(parked());
    all.extend(members());
    all
}

const OF_GROUP: &[Param] = &[CONTEXT, GROUP];
const OF_MEMBER: &[Param] = &[CONTEXT, GROUP, MEMBER];

fn wholes() -> Vec<Route> {
    const ONE: &str = "/v1/contexts/{context}/groups/{group}";
    vec![
        Route::new(GET, "/v1/contexts/{context}/groups", &[CONTEXT], group::list)
            .says("Consumer groups, in order of name")
            .answers::<ShownGroups<'_>>(StatusCode::OK),
        Route::new(GET, ONE, OF_GROUP, group::show)
            .says("A consumer group as it stands: checkpoint, lag, members")
            .answers::<ShownGroup<'_>>(StatusCode::OK),
        Route::new(PUT, ONE, OF_GROUP, group::make)
            .says("Makes a consumer group, if it is not there")
            .takes::<AskedGroup>()
            .answers::<ShownGroup<'_>>(StatusCode::OK)
            .answers::<ShownGroup<'_>>(StatusCode::CREATED),
        Route::new(DELETE, ONE, OF_GROUP, group::delete)
            .says("Deletes a consumer group with its checkpoint and its parked events")
            .answers::<ShownCount>(StatusCode::OK),
        Route::new(
            PUT,
            "/v1/contexts/{context}/groups/{group}/settings",
            OF_GROUP,
            group::settings,
        )
        .says("Replaces the settings of a consumer group, but for its source and its key")
        .takes::<AskedSettings>()
        .answers::<ShownGroup<'_>>(StatusCode::OK),
        Route::new(POST, "/v1/contexts/{context}/groups/{group}/seek", OF_GROUP, group::seek)
            .says("Sets a consumer group to another place, whatever was done")
            .takes::<AskedSeek>()
            .answers::<ShownSeek>(StatusCode::OK),
    ]
}

fn parked() -> Vec<Route> {
    vec![
        Route::new(
            GET,
            "/v1/contexts/{context}/groups/{group}/parked",
            &[CONTEXT, GROUP, PARKED_BEHIND, LIMIT],
            group::parked,
        )
        .says("Events that a consumer group set aside, at most 256 of them")
        .answers::<ShownParkedEvents<'_>>(StatusCode::OK),
        Route::new(
            POST,
            "/v1/contexts/{context}/groups/{group}/parked/replay",
            OF_GROUP,
            group::replay,
        )
        .says("Delivers parked events again, and then those behind them")
        .takes::<AskedReplay>()
        .answers::<ShownCount>(StatusCode::OK),
        Route::new(
            POST,
            "/v1/contexts/{context}/groups/{group}/parked/skip",
            OF_GROUP,
            group::skip,
        )
        .says("Gives parked events up, and goes on with those behind them")
        .takes::<AskedSkip>()
        .answers::<ShownCount>(StatusCode::OK),
    ]
}

fn members() -> Vec<Route> {
    vec![
        Route::new(
            POST,
            "/v1/contexts/{context}/groups/{group}/members/{member}/fetch",
            &[CONTEXT, GROUP, MEMBER, FETCHED, WAIT_MS],
            member::fetch,
        )
        .says("The next deliveries of a member, which joins by its first fetch")
        .answers::<ShownFetched<'_>>(StatusCode::OK),
        Route::new(
            POST,
            "/v1/contexts/{context}/groups/{group}/members/{member}/ack",
            OF_MEMBER,
            member::ack,
        )
        .says("These were handled, and are never delivered again")
        .takes::<AskedSettled>()
        .answers::<ShownCount>(StatusCode::OK),
        Route::new(
            POST,
            "/v1/contexts/{context}/groups/{group}/members/{member}/retry",
            OF_MEMBER,
            member::retry,
        )
        .says("This one is to be delivered again; parked if that was its last attempt")
        .takes::<AskedRetry>()
        .answers::<ShownCount>(StatusCode::OK),
        Route::new(
            POST,
            "/v1/contexts/{context}/groups/{group}/members/{member}/park",
            OF_MEMBER,
            member::park,
        )
        .says("This one is set aside for a person, and what is behind it in its key waits")
        .takes::<AskedPark>()
        .answers::<ShownCount>(StatusCode::OK),
        Route::new(
            POST,
            "/v1/contexts/{context}/groups/{group}/members/{member}/renew",
            OF_MEMBER,
            member::renew,
        )
        .says("Still at work on these; without any, a sign of life")
        .takes::<AskedSettled>()
        .answers::<ShownCount>(StatusCode::OK),
        Route::new(
            DELETE,
            "/v1/contexts/{context}/groups/{group}/members/{member}",
            OF_MEMBER,
            member::leave,
        )
        .says("Leaves the group, and gives back what the member holds")
        .answers::<ShownCount>(StatusCode::OK),
    ]
}
