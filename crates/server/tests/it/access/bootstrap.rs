//! The first who administers, and what everybody else is told.
//!
//! There is no default password: a server with one is somebody else's by the evening.

use super::site::{PASSWORD, Site, token, user};
use headwater_client::Credentials;
use headwater_model::{Contexts, Denied, Query, ReadAll, ReadError};
use headwater_server::Authentication;
use headwater_wire::v1;
use tonic::Code;

#[tokio::test(flavor = "multi_thread")]
async fn the_bootstrap_token_makes_one_administrator_and_is_over() {
    let site = Site::new().await;
    assert!(site.secret.starts_with("hw_") && site.secret.len() == 46, "{}", site.secret);
    let first = site.by_token(&site.secret).await;
    let refused = first.access().create_user(user("ben", &[], Some(PASSWORD))).await;
    assert_eq!(refused.unwrap_err().code(), Code::FailedPrecondition, "who could not administer");
    let refused = first.access().list_users(v1::ListUsersRequest {}).await;
    assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied, "nothing else is its business");
    let short = first.access().create_user(user("root", &["$admins"], Some("short"))).await;
    assert_eq!(short.unwrap_err().code(), Code::InvalidArgument);
    let root = site.root().await;
    let users = root.access().list_users(v1::ListUsersRequest {}).await.unwrap().into_inner();
    assert_eq!(users.users.len(), 1);
    let over = first.access().create_user(user("eve", &["$admins"], None)).await;
    assert_eq!(over.unwrap_err().code(), Code::Unauthenticated, "A second one is not made");
    // Nor is it offered again when the server starts over the same data.
    let contexts = site.stop().await;
    let again = Site::with(Authentication::default(), contexts).await;
    assert_eq!(again.secret, "");
    let root = again.client(Credentials::password("root", PASSWORD).unwrap()).await;
    assert!(root.is_ok(), "users are kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bootstrap_token_that_was_lost_is_replaced_by_the_next_start() {
    let site = Site::new().await;
    let lost = site.secret.clone();
    let again = Site::with(Authentication::default(), site.stop().await).await;
    assert_ne!(again.secret, lost);
    let refused = again.client(Credentials::token(&lost).unwrap()).await;
    assert!(matches!(refused, Err(ReadError::Denied(Denied::Unauthenticated { .. }))));
    again.root().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_known_is_told_no_more_than_that() {
    let site = Site::new().await;
    let _root = site.root().await;
    let words = |error: ReadError| match error {
        ReadError::Denied(Denied::Unauthenticated { why }) => why,
        other => panic!("{other:?}"),
    };
    let of = |name: &str, password: &str| Credentials::password(name, password).unwrap();
    let wrong = words(site.client(of("root", "wrong password")).await.unwrap_err());
    let unknown = words(site.client(of("nobody", PASSWORD)).await.unwrap_err());
    assert_eq!(wrong, unknown, "a name that is there is not told from one that is not");
    words(site.client(Credentials::default()).await.unwrap_err());
    words(site.client(Credentials::token("a.b.c").unwrap()).await.unwrap_err());
    words(
        site.client(Credentials::token(&format!("hw_{}", "A".repeat(43))).unwrap())
            .await
            .unwrap_err(),
    );
    let answer = reqwest::get(site.http("/v1/contexts")).await.unwrap();
    assert_eq!(answer.status(), 401);
    assert!(answer.headers()["www-authenticate"].to_str().unwrap().contains("Bearer"));
    let ready = reqwest::get(site.http("/readyz")).await.unwrap();
    assert_eq!(ready.status(), 200, "health is everybody's");
    let client = reqwest::Client::new();
    let ready = client.get(site.http("/readyz")).bearer_auth("hw_wrong").send().await.unwrap();
    assert_eq!(ready.status(), 401, "what is wrong is refused everywhere");
    let by_name = client.get(site.http("/v1/contexts")).basic_auth("root", Some(PASSWORD));
    assert_eq!(by_name.send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_stands_for_the_password_where_a_client_knows_nothing_else() {
    let site = Site::new().await;
    let root = site.root().await;
    let secret = token(&root, "root", None).await;
    let client = reqwest::Client::new();
    let answer = client.get(site.http("/v1/contexts")).basic_auth("any", Some(secret)).send().await;
    assert_eq!(answer.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_and_what_was_refused_is_in_the_audit_and_secrets_are_not() {
    let site = Site::new().await;
    let root = site.root().await;
    let secret = site.caller(&root, "ana", &[(false, "read", "shop", "*")]).await;
    for _ in 0..10 {
        let credentials = Credentials::password("ana", "guess number one").unwrap();
        assert!(site.client(credentials).await.is_err());
    }
    let contexts = site.stop().await;
    let own = contexts.context("headwater-access".try_into().unwrap()).await.unwrap();
    let page = own.read_all(ReadAll::forwards(Query::all())).await.unwrap();
    let text = |payload: &[u8]| String::from_utf8(payload.to_vec()).unwrap();
    let all: Vec<String> = page.events.iter().map(|event| text(&event.payload)).collect();
    for part in [PASSWORD, &secret, "guess number one"] {
        assert!(!all.iter().any(|payload| payload.contains(part)), "{part} is kept");
    }
    let actor = |kind: &str| {
        let found = page.events.iter().find(|event| event.event_type.as_str() == kind);
        found.unwrap_or_else(|| panic!("no {kind}")).metadata.actor.clone().unwrap()
    };
    assert_eq!(&*actor("UserCreated"), "the bootstrap token");
    assert_eq!(&*actor("GrantMade"), "root");
    let refused: Vec<_> = all.iter().filter(|payload| payload.contains("AccessRefused")).collect();
    let counted = refused
        .iter()
        .any(|payload| payload.contains("\"user ana\"") && payload.contains("\"count\":10"));
    assert!(counted && refused.len() < 10, "ten guesses are one event: {refused:?}");
}
