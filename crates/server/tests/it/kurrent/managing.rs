//! What operators' tools ask of a server: each is answered as it is, or refused in words.

use super::site::{EMPTY, Expected, Site, refusal, said};
use headwater_wire::kurrent::event_store::client::{monitoring, operations, projections, users};
use monitoring::monitoring_client::MonitoringClient;
use operations::operations_client::OperationsClient;
use projections::projections_client::ProjectionsClient;
use projections::statistics_req::{Options, options::Mode};
use tonic::Code;
use users::users_client::UsersClient;

async fn statistics(
    site: &Site,
    mode: Mode,
) -> Result<Vec<projections::statistics_resp::Details>, tonic::Status> {
    let request = projections::StatisticsReq { options: Some(Options { mode: Some(mode) }) };
    let answers = ProjectionsClient::new(site.router.clone()).statistics(request).await?;
    let (mut answers, mut all) = (answers.into_inner(), Vec::new());
    while let Some(answer) = answers.message().await? {
        all.push(answer.details.unwrap());
    }
    Ok(all)
}

/// Dashboards look for these before they read the streams that they would write elsewhere.
#[tokio::test]
async fn the_projections_of_the_system_always_run() {
    let site = Site::new().await;
    site.append("order-1", Expected::Any(EMPTY), 1..=3).await.unwrap();
    let all = statistics(&site, Mode::All(EMPTY)).await.unwrap();
    assert_eq!(all.len(), 5);
    assert!(all.iter().all(|one| one.status == "Running" && one.position == "C:3/P:3"), "{all:?}");
    let one = statistics(&site, Mode::Name("$by_category".to_owned())).await.unwrap();
    assert_eq!(one[0].name, "$by_category");
    assert!(statistics(&site, Mode::Transient(EMPTY)).await.unwrap().is_empty());
    let other = statistics(&site, Mode::Name("mine".to_owned())).await.unwrap_err();
    assert_eq!(other.code(), Code::NotFound);
}

#[tokio::test]
async fn projections_of_users_are_not_offered_and_those_of_the_system_stay() {
    let site = Site::new().await;
    let mut client = ProjectionsClient::new(site.router.clone());
    let made = client.create(projections::CreateReq::default()).await.unwrap_err();
    assert_eq!(made.code(), Code::Unimplemented);
    assert!(made.message().contains("JavaScript"), "{made}");
    let options = |name: &str| projections::enable_req::Options { name: name.to_owned() };
    let system = projections::EnableReq { options: Some(options("$streams")) };
    client.enable(system).await.unwrap();
    let mine = projections::EnableReq { options: Some(options("mine")) };
    assert_eq!(client.enable(mine).await.unwrap_err().code(), Code::NotFound);
    let name = "$streams".to_owned();
    let options = Some(projections::disable_req::Options { name, write_checkpoint: true });
    let fixed = client.disable(projections::DisableReq { options }).await.unwrap_err();
    assert_eq!(fixed.code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn figures_are_told_once_or_again() {
    let site = Site::new().await;
    site.append("order-1", Expected::Any(EMPTY), 1..=3).await.unwrap();
    let mut client = MonitoringClient::new(site.router.clone());
    let once = monitoring::StatsReq::default();
    let mut told = client.stats(once).await.unwrap().into_inner();
    let figures = told.message().await.unwrap().unwrap().stats;
    assert_eq!(figures["es-checksum"], "3");
    let events = figures.iter().find(|(key, _)| key.starts_with("headwater_appended_events_total"));
    assert_eq!(events.map(|(_, value)| value.as_str()), Some("3"));
    assert!(figures["proc-startTime"].starts_with("2026-"), "{figures:?}");
    assert!(told.message().await.unwrap().is_none());
    tokio::time::pause();
    let often = monitoring::StatsReq { refresh_time_period_in_ms: 1, ..Default::default() };
    let mut told = client.stats(often).await.unwrap().into_inner();
    for _ in 0..3 {
        assert!(told.message().await.unwrap().is_some());
    }
}

#[tokio::test]
async fn operations_are_done_or_refused_in_words() {
    let site = Site::new().await;
    let mut client = OperationsClient::new(site.router.clone());
    client.merge_indexes(EMPTY).await.unwrap();
    client.restart_persistent_subscriptions(EMPTY).await.unwrap();
    let stopped = client.shutdown(EMPTY).await.unwrap_err();
    assert!(stopped.message().contains("SIGTERM"), "{stopped}");
    assert_eq!(client.resign_node(EMPTY).await.unwrap_err().code(), Code::FailedPrecondition);
    let priority = operations::SetNodePriorityReq { priority: 1 };
    let alone = client.set_node_priority(priority).await.unwrap_err();
    assert!(alone.message().contains("only one"), "{alone}");
    let options = operations::start_scavenge_req::Options { start_from_chunk: 7, thread_count: 1 };
    let at_a_chunk = operations::StartScavengeReq { options: Some(options) };
    let refused = client.start_scavenge(at_a_chunk).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}

/// Over files: begun, found to be under way or over, and known by the id that was said.
#[tokio::test(flavor = "multi_thread")]
async fn a_scavenge_is_begun_and_stopped_by_its_id() {
    let dir = tempfile::tempdir().unwrap();
    let store = std::sync::Arc::new(headwater_store::EmbeddedStore::open(dir.path()).unwrap());
    let site = Site::over(|_| store).await;
    let mut client = OperationsClient::new(site.router.clone());
    let started = client.start_scavenge(operations::StartScavengeReq::default()).await.unwrap();
    let started = started.into_inner();
    assert_eq!(started.scavenge_result(), operations::scavenge_resp::ScavengeResult::Started);
    started.scavenge_id.parse::<uuid::Uuid>().unwrap();
    let stop = |scavenge_id: &str| {
        let scavenge_id = scavenge_id.to_owned();
        let options = Some(operations::stop_scavenge_req::Options { scavenge_id });
        operations::StopScavengeReq { options }
    };
    let unknown = client.stop_scavenge(stop("another")).await.unwrap_err();
    let trailers = said(&[("exception", "scavenge-not-found"), ("scavenge-id", "another")]);
    assert_eq!(refusal(&unknown), (Code::NotFound, trailers));
}

/// A server that asks nobody has nobody to keep: an empty list would say that all is well.
#[tokio::test]
async fn a_server_that_asks_nobody_says_that_it_keeps_no_users() {
    let site = Site::new().await;
    let mut client = UsersClient::new(site.router.clone());
    let all = client.details(users::DetailsReq::default()).await.unwrap_err();
    let made = client.create(users::CreateReq::default()).await.unwrap_err();
    for refused in [all, made] {
        assert_eq!(refusal(&refused), (Code::FailedPrecondition, said(&[])));
        assert!(refused.message().contains("keeps no users"), "{refused}");
    }
}
