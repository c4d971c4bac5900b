//! Which builds there are, in a file of their own beside the models.

use crate::generations::{Row, of};
use crate::place::Place;
use crate::{SqlError, SqliteTx};
use headwater_framework::{Failed, Generations, ModelName};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

const TABLE: &str = "create table if not exists _headwater_generations (
    name text not null, version integer not null, live integer, building integer, paused text,
    primary key (name, version)
) strict, without rowid";

/// `data/orders.generations.db`.
pub(super) fn beside(base: &Path) -> PathBuf {
    let stem = base.file_stem().unwrap_or(OsStr::new("headwater")).to_string_lossy();
    base.with_file_name(format!("{stem}.generations.db"))
}

pub(super) fn open(place: &Place) -> Result<SqliteTx, SqlError> {
    let tx = SqliteTx::open(place)?;
    // A power cut must not take the switch and leave what came behind it, in another file.
    tx.on().batch("pragma synchronous = full")?;
    tx.on().batch(TABLE)?;
    Ok(tx)
}

pub(super) fn read(tx: &mut SqliteTx, model: ModelName) -> Result<Option<Generations>, Failed> {
    let select = "select live, building, paused from _headwater_generations
                  where name = ? and version = ?";
    let row: Option<Row> = tx.row(select, (model.name, model.version))?;
    Ok(row.map(of))
}

pub(super) fn write(
    tx: &mut SqliteTx,
    model: ModelName,
    was: Option<&Generations>,
    is: &Generations,
) -> Result<bool, Failed> {
    let ModelName { name, version, .. } = model;
    let Generations { live, building, paused } = is;
    let Some(was) = was else {
        let insert = "insert into _headwater_generations values (?, ?, ?, ?, ?)
                      on conflict do nothing";
        return Ok(tx.change(insert, (name, version, live, building, paused))? == 1);
    };
    let update = "update _headwater_generations set live = ?, building = ?, paused = ?
                  where name = ? and version = ? and live is ? and building is ? and paused is ?";
    let was = (was.live, was.building, &was.paused);
    let values = (live, building, paused, name, version, was.0, was.1, was.2);
    Ok(tx.change(update, values)? == 1)
}
