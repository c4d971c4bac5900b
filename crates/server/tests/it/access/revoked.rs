//! Streams that are open end when their reader may read no more.
//!
//! A user was disabled on a Friday; the subscription they had opened on Thursday delivered until the
//! server was restarted on Monday.

use super::site::{BEGIN_SECONDS, Site, memory_at, token};
use headwater_model::{
    Append, Contexts, Delivery, EventId, EventStore, EventType, ExpectedRevision, NewEvent, Query,
    ReadError, Start, StreamName, Subscribe, Subscription,
};
use headwater_server::Authentication;
use headwater_wire::v1;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

async fn shop(site: &Site, secret: &str) -> Arc<dyn EventStore> {
    site.by_token(secret).await.context("shop".try_into().unwrap()).await.unwrap()
}

async fn open(site: &Site, secret: &str) -> Box<dyn Subscription> {
    let asked = Subscribe { query: Query::all(), start: Start::Beginning };
    let mut open = shop(site, secret).await.subscribe(asked).await.unwrap();
    loop {
        if let Delivery::CaughtUp { .. } = open.next().await.unwrap() {
            return open;
        }
    }
}

async fn append(store: &dyn EventStore) -> Result<(), String> {
    let kind = EventType::new("Happened").unwrap();
    let event = NewEvent::json(EventId(Uuid::now_v7()), kind, "{}");
    let stream = StreamName::new("order-1").unwrap();
    let appended = store.append(Append::to(stream, ExpectedRevision::Any, vec![event])).await;
    appended.map(drop).map_err(|error| error.code().to_owned())
}

async fn ended(mut open: Box<dyn Subscription>) -> &'static str {
    loop {
        match open.next().await {
            Ok(_) => {}
            Err(error @ ReadError::Denied(_)) => return error.code(),
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_to_lose_a_right_ends_what_is_open_and_what_is_asked_next() {
    let site = Site::new().await;
    let root = site.root().await;
    let grants = [(false, "read,append,manage", "shop", "*")];
    let mut access = root.access();
    for way in ["disable", "remove", "revoke", "deny", "withdraw"] {
        let secret = site.caller(&root, way, &grants).await;
        let writer = shop(&site, &secret).await;
        append(&*writer).await.unwrap();
        let open = open(&site, &secret).await;
        let user = || bytes::Bytes::from(way);
        let mut gone = "access.unauthenticated";
        match way {
            "disable" => {
                let change = v1::ChangeUserRequest {
                    user: user(),
                    disabled: Some(true),
                    ..Default::default()
                };
                drop(access.change_user(change).await.unwrap());
            }
            "remove" => {
                drop(access.remove_user(v1::RemoveUserRequest { user: user() }).await.unwrap())
            }
            "revoke" => {
                let tokens =
                    access.list_tokens(v1::ListTokensRequest {}).await.unwrap().into_inner();
                let own = tokens.tokens.into_iter().find(|token| token.user == user()).unwrap();
                drop(
                    access.revoke_token(v1::RevokeTokenRequest { token: own.token }).await.unwrap(),
                );
            }
            "deny" => {
                gone = "access.denied";
                let scope = Some(super::site::scope("read,append", "shop", &["*"]));
                let grant =
                    v1::MakeGrantRequest { deny: true, who: format!("user:{way}").into(), scope };
                drop(access.make_grant(grant).await.unwrap());
            }
            _ => {
                gone = "access.denied";
                let grants =
                    access.list_grants(v1::ListGrantsRequest {}).await.unwrap().into_inner();
                let who = format!("user:{way}");
                let own =
                    grants.grants.into_iter().find(|grant| grant.who == who.as_bytes()).unwrap();
                drop(
                    access
                        .withdraw_grant(v1::WithdrawGrantRequest { grant: own.grant })
                        .await
                        .unwrap(),
                );
            }
        }
        // Over the pipeline that was open before, too.
        assert_eq!(append(&*writer).await, Err(gone.to_owned()), "{way}");
        assert_eq!(ended(open).await, gone, "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn others_read_on() {
    let site = Site::new().await;
    let root = site.root().await;
    let grants = [(false, "read,append,manage", "shop", "*")];
    let (ana, ben) =
        (site.caller(&root, "ana", &grants).await, site.caller(&root, "ben", &grants).await);
    let writer = shop(&site, &ben).await;
    let mut reading = open(&site, &ben).await;
    let doomed = open(&site, &ana).await;
    let disable =
        v1::ChangeUserRequest { user: "ana".into(), disabled: Some(true), ..Default::default() };
    root.access().change_user(disable).await.unwrap();
    assert_eq!(ended(doomed).await, "access.unauthenticated");
    append(&*writer).await.unwrap();
    assert!(matches!(reading.next().await, Ok(Delivery::Events { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_expires_ends_what_it_has_open() {
    let clock = Arc::new(AtomicU64::new(BEGIN_SECONDS * 1_000_000));
    let contexts = Arc::new(memory_at(Arc::clone(&clock)));
    let site = Site::with(Authentication::default(), contexts).await;
    let root = site.root().await;
    site.caller(&root, "ana", &[(false, "read,manage", "shop", "*")]).await;
    let brief = token(&root, "ana", Some(1)).await;
    let reading = open(&site, &brief).await;
    clock.fetch_add(2_000_000, Ordering::Relaxed);
    assert_eq!(ended(reading).await, "access.unauthenticated");
}
