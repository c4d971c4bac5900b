//! C3, R2: an event that comes while a member is on its way to wait is not slept over.
//!
//! Why: between looking for work and listening for news there is a moment, and on two processors an
//! append falls into it.

use crate::candidate::Embedded;
use headwater_conformance::Candidate;
use headwater_conformance::sample::{accepted, to};
use headwater_model::{ContextName, EventStore, GroupName, GroupSettings, Member, Query, Start};
use std::sync::Arc;
use std::time::Duration;

/// Of these some hundred fall into the moment.
const ROUND_COUNT: u128 = 3_000;

/// Nothing takes so long; a member that sleeps would wait for ever.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn an_append_beside_a_member_on_its_way_to_wait_is_delivered() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let mut candidate = Embedded::with_threads();
        let contexts = candidate.open().await;
        let name = ContextName::new("exam").expect("a name");
        let store = contexts.context(name).await.expect("the context opens");
        let member = join(&*store).await;
        for n in 0..ROUND_COUNT {
            let (waits, appends) = (Arc::clone(&member), Arc::clone(&store));
            let next = tokio::spawn(async move { waits.next(1).await });
            tokio::spawn(async move { accepted(&*appends, to("order-1", [n])).await });
            let taken = tokio::time::timeout(PATIENCE, next).await;
            let taken = taken.expect("the member is called").expect("no panic").expect("delivered");
            member.ack(vec![taken[0].id]).await.expect("its own");
        }
    });
}

async fn join(store: &dyn EventStore) -> Arc<dyn Member> {
    let groups = store.consumer_groups().expect("it has groups");
    let name = GroupName::new("work").expect("a name");
    let settings = GroupSettings::over(Query::all());
    groups.create_group(name.clone(), settings, Start::Beginning).await.expect("it is made");
    groups.join_group(name, "racing".into()).await.expect("a member joins").into()
}
