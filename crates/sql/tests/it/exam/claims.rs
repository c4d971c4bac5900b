//! Opening, versions, transactions, and two instances.

use super::{LEDGER, ModelOf, Site, apply, at, exam, insert, orders, seen};
use headwater_framework::{Database, ModelName, ReadModel};
use headwater_model::{Checkpoint, ContextName, Incarnation, Position, Retry};

exam! {
    opened_again as a_model_is_as_it_was_when_it_is_opened_again,
    beside as another_version_is_built_beside_the_old_one,
    other_schema as another_schema_of_the_same_version_is_refused_and_changes_nothing,
    wrong_schema as a_schema_that_is_wrong_is_named_and_leaves_nothing_behind,
    two_instances as of_two_instances_the_slower_is_rolled_back,
    dropped as a_dropped_model_takes_its_open_transaction_with_it,
    rolled_back as a_rolled_back_batch_can_be_applied_again,
    refused as behind_a_refused_statement_nothing_commits,
    discarded as a_discarded_model_is_made_anew_under_its_readers,
    not_ended as a_projection_cannot_end_the_transaction,
    readers as a_reader_sees_what_was_committed_when_it_first_looked,
}

async fn opened<S: Site>(site: &S) -> ModelOf<S> {
    let mut model = site.database().open(LEDGER).await.unwrap();
    model.checkpoint(&orders()).await.unwrap();
    model
}

async fn opened_again<S: Site>(site: S) {
    let customers = ContextName::new("customers").unwrap();
    let forked = Checkpoint { incarnation: Incarnation(3), position: Position(0) };
    {
        let mut model = opened(&site).await;
        apply::<S>(&mut model, 0..=6).await.unwrap();
        model.begin().await.unwrap();
        model.save_checkpoint(&customers, forked).await.unwrap();
        model.commit().await.unwrap();
    }
    assert_eq!(seen::<S>(&site.database()).await, (7, Some(6)));
    let mut model = opened(&site).await;
    assert_eq!(model.checkpoint(&customers).await, Ok(Some(forked)), "C2: with its incarnation");
}

async fn beside<S: Site>(site: S) {
    let schema = "create table entries (position integer primary key, amount text)";
    let second = ModelName { version: 2, schema, ..LEDGER };
    let database = site.database();
    let mut old = opened(&site).await;
    apply::<S>(&mut old, 0..=2).await.unwrap();
    let mut new = database.open(second).await.unwrap();
    assert_eq!(new.checkpoint(&orders()).await, Ok(None), "built from the first event on");
    let mut reader = database.reader(LEDGER).await.unwrap();
    assert_eq!(S::count_read(&mut reader).await, 3, "and the old answers");
    let mut reader = database.reader(second).await.unwrap();
    assert_eq!(S::count_read(&mut reader).await, 0);
}

async fn other_schema<S: Site>(site: S) {
    apply::<S>(&mut opened(&site).await, 0..=2).await.unwrap();
    let changed = ModelName { schema: "create table others (id integer)", ..LEDGER };
    let failed = site.database().open(changed).await.err().unwrap();
    assert!(failed.to_string().contains("raise the projection's VERSION"), "{failed}");
    assert_eq!(failed.retry(), Retry::Never);
    assert_eq!(seen::<S>(&site.database()).await, (3, Some(2)));
}

async fn wrong_schema<S: Site>(site: S) {
    let schema = "create table fine (id integer);\ncreate tabel wrong (id integer);";
    let failed = site.database().open(ModelName { schema, ..LEDGER }).await.err().unwrap();
    let words = failed.to_string();
    assert!(words.starts_with("the schema of ledger version 1 fails: "), "{words}");
    assert!(words.contains("tabel"), "{words}");
    assert_eq!(seen::<S>(&site.database()).await, (0, None), "the corrected one is made");
}

async fn two_instances<S: Site>(site: S) {
    let (mut first, mut second) = (opened(&site).await, opened(&site).await);
    apply::<S>(&mut first, 0..=0).await.unwrap();

    second.begin().await.unwrap();
    insert::<S>(second.tx(), 77).await.unwrap();
    let failed = second.save_checkpoint(&orders(), at(0)).await.unwrap_err();
    assert!(failed.to_string().contains("has moved the checkpoint"), "{failed}");
    assert_eq!(failed.retry(), Retry::Later);
    second.rollback().await.unwrap();

    apply::<S>(&mut first, 1..=1).await.unwrap();
    second.begin().await.unwrap();
    assert!(second.save_checkpoint(&orders(), at(1)).await.is_err(), "still, until it reloads");
    second.rollback().await.unwrap();
    assert_eq!(second.checkpoint(&orders()).await, Ok(Some(at(1))));
    apply::<S>(&mut second, 2..=3).await.unwrap();
    assert_eq!(seen::<S>(&site.database()).await, (4, Some(3)));
}

async fn dropped<S: Site>(site: S) {
    let mut model = opened(&site).await;
    apply::<S>(&mut model, 0..=4).await.unwrap();
    model.begin().await.unwrap();
    S::execute(model.tx(), "delete from entries", ()).await.unwrap();
    drop(model);
    assert_eq!(seen::<S>(&site.database()).await, (5, Some(4)));
}

async fn rolled_back<S: Site>(site: S) {
    let mut model = opened(&site).await;
    model.rollback().await.unwrap();
    model.begin().await.unwrap();
    insert::<S>(model.tx(), 0).await.unwrap();
    model.save_checkpoint(&orders(), at(0)).await.unwrap();
    model.rollback().await.unwrap();
    apply::<S>(&mut model, 0..=0).await.unwrap();
    apply::<S>(&mut model, 1..=9).await.unwrap();
    drop(model);
    assert_eq!(seen::<S>(&site.database()).await, (10, Some(9)));
}

/// C1: a refused statement is told at once, or by what comes behind it; but it is told, for good.
async fn refused<S: Site>(site: S) {
    let mut model = opened(&site).await;
    apply::<S>(&mut model, 0..=3).await.unwrap();
    let failed = apply::<S>(&mut model, 3..=900).await.unwrap_err();
    assert_eq!(failed.retry(), Retry::Never, "a duplicate stays one: {failed}");
    model.rollback().await.unwrap();
    apply::<S>(&mut model, 4..=5).await.unwrap();
    drop(model);
    assert_eq!(seen::<S>(&site.database()).await, (6, Some(5)));
}

async fn discarded<S: Site>(site: S) {
    let database = site.database();
    let mut model = database.open(LEDGER).await.unwrap();
    apply::<S>(&mut model, 0..=4).await.unwrap();
    drop(model);
    let mut lent = database.reader(LEDGER).await.unwrap();
    assert_eq!(S::count_read(&mut lent).await, 5);
    drop(lent);
    database.discard(LEDGER).await.unwrap();
    assert_eq!(seen::<S>(&database).await, (0, None));
    let mut reader = database.reader(LEDGER).await.unwrap();
    assert_eq!(S::count_read(&mut reader).await, 0);
}

async fn not_ended<S: Site>(site: S) {
    let mut model = opened(&site).await;
    model.begin().await.unwrap();
    for sql in ["commit", "  ROLLBACK;", "end transaction"] {
        let failed = S::execute(model.tx(), sql, ()).await.unwrap_err().to_string();
        assert!(failed.contains("is not for a projection"), "{failed}");
    }
}

async fn readers<S: Site>(site: S) {
    let database = site.database();
    let mut model = database.open(LEDGER).await.unwrap();
    apply::<S>(&mut model, 0..=1).await.unwrap();
    let mut early = database.reader(LEDGER).await.unwrap();
    assert_eq!(S::count_read(&mut early).await, 2);
    apply::<S>(&mut model, 2..=4).await.unwrap();
    assert_eq!(S::count_read(&mut early).await, 2, "one request, one moment");
    let mut late = database.reader(LEDGER).await.unwrap();
    assert_eq!(S::count_read(&mut late).await, 5);
    drop((early, late));
    let mut again = database.reader(LEDGER).await.unwrap();
    assert_eq!(S::count_read(&mut again).await, 5);
}
