//! Which builds there are, in a schema of their own beside the models'.

use super::connect::Place;
use super::tx::PostgresTx;
use crate::generations::{Row, of};
use headwater_framework::{Failed, Generations, ModelName};

const MAKE: &str = "select pg_advisory_xact_lock(hashtext('headwater model'), hashtext('generations')); \
    create schema if not exists headwater; \
    create table if not exists headwater.generations (name text not null, version bigint not null, \
    live bigint, building bigint, paused text, primary key (name, version))";

const MADE: &str = "select to_regclass('headwater.generations') is not null";

const READ: &str = "select live, building, paused from headwater.generations \
    where name = $1 and version = $2";

const BEGIN: &str =
    "insert into headwater.generations values ($1, $2, $3, $4, $5) on conflict do nothing";

const CHANGE: &str = "update headwater.generations set live = $1, building = $2, paused = $3 \
    where name = $4 and version = $5 and live is not distinct from $6 \
    and building is not distinct from $7 and paused is not distinct from $8";

/// A connection that is kept for it.
#[derive(Debug, Default)]
pub(super) struct Open(tokio::sync::Mutex<Option<PostgresTx>>);

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
async fn taken(open: &mut Option<PostgresTx>, place: &Place) -> Result<PostgresTx, Failed> {
    if let Some(mut tx) = open.take()
        && tx.batch("select 1").await.is_ok()
    {
        return Ok(tx);
    }
    made(place).await
}

async fn made(place: &Place) -> Result<PostgresTx, Failed> {
    let mut tx = PostgresTx::on(place.writer().await?);
    if tx.row(MADE, ()).await? != Some(true) {
        tx.batch("begin").await?;
        tx.batch(MAKE).await?;
        tx.commit().await?;
    }
    Ok(tx)
}
