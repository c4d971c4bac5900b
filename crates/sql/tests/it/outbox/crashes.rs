//! A reply of the store was lost, before it was stored or behind it, at each append that a relay makes.

use super::database::{Database, NO_LEASE};
use super::{contexts, event, exhaust, said, store, stream};
use headwater_model::memory::Loss;

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_lost_at_any_append_loses_and_repeats_nothing() {
    for loss in [Loss::BeforeStored, Loss::AfterStored] {
        for n in 1..=8 {
            let database = Database::sqlite().await;
            let (contexts, mut writer) = (contexts(), database.connect().await);
            let store = store(&contexts);
            contexts.fail_append(n, loss);
            let mut relay = database.relay(&store, NO_LEASE);
            for key in ["order-1", "order-2"] {
                for n in 0..8 {
                    writer.write(&stream(key), &[event(n)], true).await;
                }
            }
            exhaust(&mut relay).await;
            let all: Vec<String> = (0..8).map(|n| format!("{{\"n\":{n}}}")).collect();
            for key in ["order-1", "order-2"] {
                assert_eq!(said(&store, key).await, all, "append {n} lost {loss:?}");
            }
        }
    }
}
