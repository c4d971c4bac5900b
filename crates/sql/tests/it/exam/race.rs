//! Two instances of a service apply the same events to one view, as fast as they can. C2: the
//! checkpoint tells them apart, so that each event counts once.

use super::{LEDGER, Site, at, insert, orders, seen};
use headwater_framework::{Database, Failed, ReadModel};

const BATCHES: u64 = 60;

/// Races two instances at this site.
pub(crate) fn race<S: Site>(site: &S) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (first, second) = (site.database(), site.database());
    let won = runtime.block_on(async {
        let (one, other) =
            tokio::join!(tokio::spawn(instance::<S>(first)), tokio::spawn(instance::<S>(second)));
        one.unwrap() + other.unwrap()
    });
    assert_eq!(won, BATCHES, "each batch was written by one of them");
    let found = runtime.block_on(async { seen::<S>(&site.database()).await });
    assert_eq!(found, (BATCHES * 5, Some(BATCHES * 5 - 1)));
}

async fn instance<S: Site>(database: S::Db) -> u64 {
    let mut won = 0;
    while let Ok(Some(next)) = one_turn::<S>(&database).await.transpose() {
        won += u64::from(next);
    }
    won
}

/// Applies what comes next, as a reader does that was opened just now: whether it won; `None` at
/// the end.
async fn one_turn<S: Site>(database: &S::Db) -> Option<Result<bool, Failed>> {
    let mut model = database.open(LEDGER).await.ok()?;
    let saved = model.checkpoint(&orders()).await.ok()?;
    let next = saved.map_or(0, |saved| saved.position.0 + 1);
    if next == BATCHES * 5 {
        return None;
    }
    tokio::task::yield_now().await; // the other one sees the same
    if let Err(failed) = model.begin().await {
        return Some(Err(failed));
    }
    let still = model.checkpoint(&orders()).await.ok()?;
    if still != saved {
        return Some(Ok(false));
    }
    for position in next..next + 5 {
        insert::<S>(model.tx(), position).await.ok()?;
    }
    if model.save_checkpoint(&orders(), at(next + 4)).await.is_err() {
        return Some(Ok(false));
    }
    Some(model.commit().await.map(|()| true))
}
