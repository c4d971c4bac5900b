//! What `/metrics` shows is what a collector is told.

use super::site::Site;
use headwater_server::telemetry::collector::Collector;

/// The name of each family of a page.
fn names(page: &str) -> Vec<&str> {
    let kinds = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    kinds.filter_map(|line| line.split(' ').next()).collect()
}

#[tokio::test]
async fn metrics_arrive_under_the_names_that_prometheus_knows() {
    let collector = Collector::start().await;
    let site = Site::telling(&collector.endpoint()).await;
    site.append("a-1").await;
    let page = site.metrics().await;
    assert!(page.contains("headwater_append_seconds_count"), "{page}");
    for name in names(&page) {
        collector.metric(name).await;
    }
    let appends = collector.metric("headwater_appends_total").await;
    assert!(format!("{appends:?}").contains("\"made\""), "{appends:?}");
    let heads = collector.metric("headwater_head_position").await;
    assert!(format!("{heads:?}").contains("\"demo\""), "{heads:?}");
    site.stop().await;
}
