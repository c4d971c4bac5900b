//! All that may be asked about access over HTTP.

use super::asked::{AskedChange, AskedGrant, AskedPassword, AskedToken, AskedUser};
use super::shown::{
    ShownDecision, ShownGrant, ShownGrants, ShownMade, ShownMe, ShownTokens, ShownUser, ShownUsers,
};
use crate::http::param::{ABOUT_WHO, GRANT, IN_CONTEXT, TO_STREAMS, TOKEN, USER, VERB};
use crate::http::route::{DELETE, GET, PATCH, POST, PUT, Route};
use http::StatusCode;

/// Every route, with its description.
pub(in crate::http) fn all() -> Vec<Route> {
    let mut all = vec![
        Route::new(GET, "/v1/access/me", &[], super::me)
            .says("Who you are here, and what you may")
            .answers::<ShownMe>(StatusCode::OK),
        Route::new(
            GET,
            "/v1/access/check",
            &[VERB, IN_CONTEXT, TO_STREAMS, ABOUT_WHO],
            super::check,
        )
        .says("What would be decided, and by which grant")
        .answers::<ShownDecision>(StatusCode::OK),
    ];
    all.extend(users());
    all.extend(tokens());
    all.extend(grants());
    all
}

fn users() -> Vec<Route> {
    const ALL: &str = "/v1/access/users";
    const ONE: &str = "/v1/access/users/{user}";
    vec![
        Route::new(GET, ALL, &[], super::users)
            .says("All users")
            .answers::<ShownUsers>(StatusCode::OK),
        Route::new(POST, ALL, &[], super::create_user)
            .says("Makes a user")
            .takes::<AskedUser>()
            .answers::<ShownUser>(StatusCode::CREATED),
        Route::new(GET, ONE, &[USER], super::show_user)
            .says("A user")
            .answers::<ShownUser>(StatusCode::OK),
        Route::new(PATCH, ONE, &[USER], super::change_user)
            .says("Changes a user's words or roles, keeps them out, lets them in")
            .takes::<AskedChange>()
            .answers::<ShownUser>(StatusCode::OK),
        Route::new(DELETE, ONE, &[USER], super::remove_user)
            .says("Takes a user away, with their tokens and the grants about them")
            .empty(StatusCode::NO_CONTENT),
        Route::new(PUT, "/v1/access/users/{user}/password", &[USER], super::set_password)
            .says("Sets a password: your own with the one before, or anybody's if you administer")
            .takes::<AskedPassword>()
            .empty(StatusCode::NO_CONTENT),
    ]
}

fn tokens() -> Vec<Route> {
    const ALL: &str = "/v1/access/tokens";
    vec![
        Route::new(GET, ALL, &[], super::tokens)
            .says("All tokens, without their secrets")
            .answers::<ShownTokens>(StatusCode::OK),
        Route::new(POST, ALL, &[], super::create_token)
            .says("Makes a token; its secret is in this answer, and nowhere else, ever")
            .takes::<AskedToken>()
            .answers::<ShownMade>(StatusCode::CREATED),
        Route::new(DELETE, "/v1/access/tokens/{token}", &[TOKEN], super::revoke_token)
            .says("Revokes a token")
            .empty(StatusCode::NO_CONTENT),
    ]
}

fn grants() -> Vec<Route> {
    const ALL: &str = "/v1/access/grants";
    vec![
        Route::new(GET, ALL, &[], super::grants)
            .says("All grants")
            .answers::<ShownGrants>(StatusCode::OK),
        Route::new(POST, ALL, &[], super::make_grant)
            .says("Allows or denies somebody something")
            .takes::<AskedGrant>()
            .answers::<ShownGrant>(StatusCode::CREATED),
        Route::new(DELETE, "/v1/access/grants/{grant}", &[GRANT], super::withdraw_grant)
            .says("Takes a grant back")
            .empty(StatusCode::NO_CONTENT),
    ]
}
