//! Which builds there are, in the database that the address names.

use super::connect::Place;
use super::tx::MariaDbTx;
use crate::generations::{Row, of};
use headwater_framework::{Failed, Generations, ModelName};

const MAKE: &str = "create table if not exists _headwater_generations (name varchar(255) not null, \
    version bigint not null, live bigint, building bigint, paused text, primary key (name, version)) \
    character set utf8mb4 collate utf8mb4_bin";

const READ: &str = "select live, building, paused from _headwater_generations \
    where name = ? and version = ?";

const BEGIN: &str = "insert ignore into _headwater_generations values (?, ?, ?, ?, ?)";

const CHANGE: &str = "update _headwater_generations set live = ?, building = ?, paused = ? \
    where name = ? and version = ? and live <=> ? \
    and building <=> ? and paused <=> ?";

/// A connection that is kept for it.
#[derive(Debug, Default)]
pub(super) struct Open(tokio::sync::Mutex<Option<MariaDbTx>>);

impl Open {
    pub(super) async fn read(
        &self,
        place: &Place,
        model: ModelName,
    ) -> Result<Option<Generations>, Failed> {
        let mut open = self.0.lock().await;
        let mut tx = taken(&mut open, place).await?;
        let row: Option<Row> = tx.row(READ, (model.name, model.version)).await?;
        *open = Some(tx);
        Ok(row.map(of))
    }

    pub(super) async fn write(
        &self,
        place: &Place,
        model: ModelName,
        was: Option<&Generations>,
        is: &Generations,
    ) -> Result<bool, Failed> {
        let ModelName { name, version, .. } = model;
        let Generations { live, building, paused } = is;
        let mut open = self.0.lock().await;
        let mut tx = taken(&mut open, place).await?;
        let changed = match was {
            None => tx.change(BEGIN, (name, version, live, building, paused)).await?,
            Some(was) => {
                let was = (was.live, was.building, &was.paused);
                let values = (live, building, paused, name, version, was.0, was.1, was.2);
                tx.change(CHANGE, values).await?
            }
        };
        *open = Some(tx);
        Ok(changed == 1)
    }
}

/// One that the server has ended meanwhile, or that failed, is opened anew.
async fn taken(open: &mut Option<MariaDbTx>, place: &Place) -> Result<MariaDbTx, Failed> {
    if let Some(mut tx) = open.take()
        && tx.batch("select 1").await.is_ok()
    {
        return Ok(tx);
    }
    made(place).await
}

async fn made(place: &Place) -> Result<MariaDbTx, Failed> {
    let mut tx = MariaDbTx::on(place.of_address().await?);
    tx.batch(MAKE).await?;
    Ok(tx)
}
