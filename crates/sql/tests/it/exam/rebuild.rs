//! A view is built anew beside the live one, while queries and new events go on.

use super::flow::{Movements, bank, found_in, move_money};
use super::{Site, exam};
use headwater_framework::prelude::*;
use headwater_framework::{Generations, ModelName, ReadModel as _, ReaderState, SeekTo, ViewError};
use headwater_model::memory::MemoryContexts;
use headwater_model::{ContextName, EventStore, Retry};
use std::marker::PhantomData;
use std::sync::Arc;

exam! {
    one_step as which_builds_there_are_changes_in_one_step_from_what_was_seen,
    rebuilt as a_view_that_is_built_anew_is_switched_to_when_it_is_whole,
    resumed as a_build_that_was_cut_off_goes_on_and_one_that_is_given_up_leaves_the_live_one,
    not_told as an_instance_that_was_not_told_of_the_switch_goes_on_in_the_new_one,
    stood_still as a_paused_view_stands_still_over_a_restart_and_is_put_behind_events,
}

fn generations(live: u32, building: Option<u32>) -> Generations {
    Generations { live: Some(live), building, paused: None }
}

async fn one_step<S: Site>(site: S) {
    let (one, other) = (site.database(), site.database());
    let model = ModelName::new("ledger", 3, "");
    assert_eq!(one.generations(model).await, Ok(None));
    let first = generations(1, None);
    assert_eq!(one.set_generations(model, None, &first).await, Ok(true));
    assert_eq!(other.set_generations(model, None, &generations(7, None)).await, Ok(false));
    let paused = Generations { paused: Some("a reason".into()), ..generations(1, Some(2)) };
    assert_eq!(other.set_generations(model, Some(&first), &paused).await, Ok(true));
    assert_eq!(one.set_generations(model, Some(&first), &paused).await, Ok(false), "it was seen");
    assert_eq!(one.generations(model).await, Ok(Some(paused)));
    assert_eq!(one.generations(ModelName { version: 4, ..model }).await, Ok(None));
    let there = one.open(ModelName::there("ledger", 9)).await.err().unwrap();
    assert!(there.to_string().contains("is not there"), "{there}");
}

fn service<S: Site>(bank: &Arc<MemoryContexts>, site: &S) -> Service {
    let store = Store::new(Arc::clone(bank) as Arc<_>);
    Service::new("bank", &store).projection(Movements::<S>(PhantomData), site.database())
}

/// Waits until the view has come to the last event.
async fn caught_up<S: Site>(bank: &Arc<MemoryContexts>, service: &Service) {
    let name = ContextName::new("bank").unwrap();
    let (_, head) = bank.store(&name).head().await.unwrap();
    let after = After::nothing().and(name, head.unwrap());
    while service.read_model::<Movements<S>>(&after).await.is_err() {}
}

async fn until(service: &Service, live: u32) {
    while service.view_named("movements").await.unwrap().live != Some(live) {
        tokio::task::yield_now().await;
    }
}

async fn rebuilt<S: Site>(site: S) {
    let bank = bank(3_000, |_| 2).await;
    let service = service(&bank, &site);
    let supervisor = service.supervise();
    caught_up::<S>(&bank, &service).await;
    // Somebody spoilt the rows: that is what building anew is for.
    let spoil = S::places("delete from movements where number < ?");
    let mut model = site.database().open(model_of::<S>(1)).await.unwrap();
    model.begin().await.unwrap();
    S::execute(model.tx(), &spoil, (2_000,)).await.unwrap();
    model.commit().await.unwrap();
    drop(model);
    assert_eq!(found_in::<S>(&site.database(), 1).await.0, 1_000);

    let begun = service.rebuild_view("movements").await.unwrap();
    assert_eq!((begun.live, begun.building.map(|it| it.generation)), (Some(1), Some(2)));
    move_money(&bank, 3_000..3_050, |_| 2).await;
    until(&service, 2).await;
    caught_up::<S>(&bank, &service).await;
    assert_eq!(found_in::<S>(&site.database(), 2).await, (3_050, 6_100));
    move_money(&bank, 3_050..3_060, |_| 2).await;
    caught_up::<S>(&bank, &service).await;
    supervisor.drain().await;
    assert_eq!(found_in::<S>(&site.database(), 2).await, (3_060, 6_120));

    // And again: the third is built beside the second, and the first is gone.
    let supervisor = service.supervise();
    service.rebuild_view("movements").await.unwrap();
    until(&service, 3).await;
    caught_up::<S>(&bank, &service).await;
    supervisor.drain().await;
    assert_eq!(found_in::<S>(&site.database(), 3).await, (3_060, 6_120));
}

async fn resumed<S: Site>(site: S) {
    let bank = bank(2_000, |_| 1).await;
    let first = service(&bank, &site);
    let supervisor = first.supervise();
    caught_up::<S>(&bank, &first).await;
    supervisor.drain().await;
    // Asked for while nobody is at work, as by an instance that dies at once.
    first.rebuild_view("movements").await.unwrap();
    assert!(matches!(first.rebuild_view("movements").await, Err(ViewError::Building { .. })));
    drop(first);

    let second = service(&bank, &site);
    let known = second.view_named("movements").await.unwrap();
    assert_eq!(known.building.map(|it| it.generation), Some(2), "it is written down");
    second.abandon_view("movements").await.unwrap();
    assert!(matches!(second.abandon_view("movements").await, Err(ViewError::NotBuilding { .. })));
    assert_eq!(
        found_in::<S>(&site.database(), 1).await,
        (2_000, 2_000),
        "and the live one is as it was"
    );
    second.rebuild_view("movements").await.unwrap();
    drop(second);

    let third = service(&bank, &site);
    let supervisor = third.supervise();
    until(&third, 2).await;
    caught_up::<S>(&bank, &third).await;
    supervisor.drain().await;
    assert_eq!(found_in::<S>(&site.database(), 2).await, (2_000, 2_000));
}

/// Another instance of the service has the old one open when queries go to the new one. C2: it writes
/// nothing there any more, finds where the view is now, and does not halt.
async fn not_told<S: Site>(site: S) {
    let bank = bank(500, |_| 1).await;
    let (one, other) = (service(&bank, &site), service(&bank, &site));
    let working = (one.supervise(), other.supervise());
    caught_up::<S>(&bank, &one).await;
    caught_up::<S>(&bank, &other).await;
    one.rebuild_view("movements").await.unwrap();
    until(&one, 2).await;
    move_money(&bank, 500..520, |_| 1).await;
    caught_up::<S>(&bank, &one).await;
    caught_up::<S>(&bank, &other).await;
    loop {
        let health = other.health().await.unwrap();
        let state = &health.readers[0].state;
        assert!(!matches!(state, ReaderState::Halted { .. }), "{health:?}");
        if health.is_ready() {
            break;
        }
        tokio::task::yield_now().await;
    }
    working.0.drain().await;
    move_money(&bank, 520..530, |_| 1).await;
    caught_up::<S>(&bank, &other).await;
    working.1.drain().await;
    assert_eq!(found_in::<S>(&site.database(), 2).await, (530, 530));
    let retired = site.database().open(model_of::<S>(1)).await.err().unwrap();
    assert_eq!(retired.retry(), Retry::Later, "{retired}");
}

async fn stood_still<S: Site>(site: S) {
    let bank = bank(100, |_| 1).await;
    let first = service(&bank, &site);
    assert!(matches!(first.pause_view("movements", " ").await, Err(ViewError::NoReason)));
    first.pause_view("movements", "its disk is changed").await.unwrap();
    drop(first);
    let second = service(&bank, &site);
    let supervisor = second.supervise();
    let why = ReaderState::Paused { why: "its disk is changed".into() };
    while second.health().await.unwrap().readers[0].state != why {
        tokio::task::yield_now().await;
    }
    let health = second.health().await.unwrap();
    assert_eq!((health.readers[0].lag, health.is_ready()), (100, true));
    let seek = async |to| second.seek_view("movements", "bank", to, "they were a test").await;
    let skipped = seek(SeekTo::Position(Position(39))).await.unwrap();
    assert_eq!((skipped.from, skipped.to), (None, Position(39)));
    let back = seek(SeekTo::Position(Position(38))).await.unwrap_err();
    assert_eq!(back.code(), "view.back");
    let ahead = seek(SeekTo::Position(Position(100))).await.unwrap_err();
    assert_eq!(ahead.code(), "view.ahead");
    second.resume_view("movements").await.unwrap();
    caught_up::<S>(&bank, &second).await;
    let time = seek(SeekTo::Time(Timestamp::ZERO)).await.unwrap_err();
    assert_eq!(time.code(), "view.back", "all were recorded then, and it has handled them");
    supervisor.drain().await;
    assert_eq!(found_in::<S>(&site.database(), 1).await, (60, 60));
    let mut model = site.database().open(model_of::<S>(1)).await.unwrap();
    let kept = "select to_position, why from _headwater_skipped";
    let kept: Option<(u64, String)> = S::row(model.tx(), kept, ()).await.unwrap();
    assert_eq!(kept, Some((39, "they were a test".into())));
}

fn model_of<S: Site>(generation: u32) -> ModelName {
    ModelName { generation, ..ModelName::new("movements", 1, Movements::<S>::SCHEMA) }
}
