//! A miner that belongs to a service: it starts with it, shows in its health, and drains with it.

use crate::world::{World, patiently, told};
use headwater_cdc::{Mapping, MinerInflow, TableMapping};
use headwater_framework::{ReaderState, Service, Store};
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn a_service_mines_as_long_as_it_runs_and_shows_how_its_miner_is() {
    let setup = [
        "create table rows (id int primary key)",
        "create publication mined for table rows",
        "insert into rows values (1)",
    ];
    let Some(world) = World::new(&setup).await else { return };
    let settings = world.settings(Mapping::default().table(TableMapping::of("public.rows")));
    let wrong = world.settings(Mapping::default().table(TableMapping::of("public.none")));
    let wrong = headwater_cdc::MinerSettings { name: "wrong".to_owned(), ..wrong };
    let inflow = |settings| MinerInflow::new(settings).expect("a good name");
    let service = Service::new("mined", &Store::new(Arc::clone(&world.contexts) as Arc<_>))
        .inflow(inflow(settings))
        .inflow(inflow(wrong));
    let supervisor = service.supervise();
    let wait = async {
        // The note that the copy began, the row, and the note of the row.
        while world.events().await.is_empty() {
            world.store.wait_past(None).await.expect("memory can be read");
            tokio::task::yield_now().await;
        }
        loop {
            let health = service.health().await.expect("it can be asked");
            let state = |name: &str| {
                let named = health.readers.iter().find(|reader| reader.name == name);
                named.expect("it is among them").state.clone()
            };
            if let (ReaderState::Running, ReaderState::Halted { why }) =
                (state("miner"), state("wrong"))
            {
                return why;
            }
            tokio::task::yield_now().await;
        }
    };
    let why = patiently(wait, || "a miner that runs, and one that halts".to_owned()).await;
    assert!(why.contains("no table public.none"), "{why}");
    supervisor.drain().await;
    assert_eq!(told(&world.events().await), [r#"rows-1 RowsFound {"id":1}"#]);
}
