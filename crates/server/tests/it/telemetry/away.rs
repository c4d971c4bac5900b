//! A collector that is not there. Nobody who appends may feel it.

use super::site::Site;

/// Where nobody listens.
fn nowhere() -> String {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", free.local_addr().unwrap())
}

#[tokio::test]
async fn appends_go_on_without_a_collector_and_what_it_does_not_get_is_counted() {
    let site = Site::telling(&nowhere()).await;
    let store = site.store().await;
    let address = format!("headwater://{}", site.address).parse().unwrap();
    let options = headwater_client::ClientOptions::default();
    let client = headwater_client::Client::connect(address, options).await.unwrap();
    let context = headwater_model::Contexts::context(&client, super::site::name()).await.unwrap();
    let count = 6_000;
    let appends = (0..count).map(|n| {
        let kind = headwater_model::EventType::new("Counted").unwrap();
        let id = headwater_model::EventId(uuid::Uuid::from_u128(n));
        let event = headwater_model::NewEvent::json(id, kind, "{}");
        let stream = headwater_model::StreamName::new("a-1").unwrap();
        let any = headwater_model::ExpectedRevision::Any;
        context.append(headwater_model::Append::to(stream, any, vec![event]))
    });
    for append in futures_util::future::join_all(appends).await {
        append.unwrap();
    }
    let (_, head) = store.head().await.unwrap();
    assert_eq!(head.map(|head| u128::from(head.0)), Some(count - 1));
    let page = site.metrics().await;
    let dropped = page.lines().find_map(|line| {
        line.strip_prefix("headwater_telemetry_dropped_total{signal=\"spans\"} ")?.parse().ok()
    });
    let dropped: u128 = dropped.unwrap();
    assert!((1..count).contains(&dropped), "{dropped} of {count}");
    site.stop().await;
}
