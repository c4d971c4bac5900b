//! Copying: the rows that were there before the log begins, each once.
//!
//! Picture:
//! ```text
//!   slot made ─▶ its snapshot ─▶ table 0, by key ─▶ table 1 … ─▶ follow the log from the slot's place
//!                    │ crash behind key k
//!                    └▶ a new snapshot ─▶ the keys behind k, … ─▶ follow; what the new snapshot has
//!                                                                 seen of those keys is not told again
//! ```
//! Why not begin anew after a crash: rows that were copied would be copied twice. Why not one snapshot
//! only: it dies with its session. The slot stays, and the log behind it knows all that came since.
//!
//! Invariant: a row is found once, and what is told of it afterwards is exactly what committed after
//! the snapshot that it was found in.

use super::catalog;
use super::session::{Purpose, Session, literal, quoted};
use super::site::Site;
use crate::bound::Bound;
use crate::cell::Row;
use crate::database::DatabaseError;
use crate::error::MineError;
use crate::limits::COPY_ROW_COUNT;
use crate::notes::{CopyPlace, Copying, Pass};
use crate::place::LogPlace;
use crate::progress::Progress;
use headwater_model::Revision;

/// A copy under way.
pub(crate) struct Copier<'a> {
    site: &'a mut Site,
    reader: Session,
    progress: Progress,
}

impl<'a> Copier<'a> {
    /// Copies with the snapshot of a slot that was just made. `snapshot` lives as long as the session
    /// that made it, which the caller holds.
    pub(crate) async fn begin(
        site: &'a mut Site,
        generation: u32,
        consistent_at: LogPlace,
        snapshot: &str,
        last_note: Revision,
    ) -> Result<Self, MineError> {
        let mut reader = reader(site).await?;
        reader.query(&format!("set transaction snapshot {}", literal(snapshot))).await?;
        let from = CopyPlace::default();
        let first = Pass { sees: None, until: consistent_at, from: from.clone() };
        let tables = site.tables.iter().map(|table| table.relation.full_name()).collect();
        let copying = Copying { consistent_at, tables, passes: vec![first], at: from };
        Ok(Self::of(site, reader, generation, copying, last_note))
    }

    /// Goes on with a copy that was interrupted.
    pub(crate) async fn resume(
        site: &'a mut Site,
        generation: u32,
        mut copying: Copying,
        last_note: Revision,
    ) -> Result<Self, MineError> {
        let mut reader = reader(site).await?;
        // Whatever this snapshot sees has its commit before the end of the log that is asked for next.
        let sees = reader.query("select pg_current_snapshot()").await?;
        let until = reader.query("select pg_current_wal_insert_lsn()").await?;
        let text =
            |rows: &[Row]| rows.first().and_then(|row| row.cell(0).text()).map(str::to_owned);
        let until = text(&until).and_then(|at| at.parse().ok());
        let (Some(sees), Some(until)) = (text(&sees), until) else {
            let why = "no snapshot, or no place of the log's end".to_owned();
            return Err(DatabaseError::Protocol { why }.into());
        };
        let from = copying.at.clone();
        copying.passes.push(Pass { sees: Some(sees), until, from });
        Ok(Self::of(site, reader, generation, copying, last_note))
    }

    fn of(
        site: &'a mut Site,
        reader: Session,
        generation: u32,
        copying: Copying,
        last_note: Revision,
    ) -> Self {
        let (job, source) = (site.job.clone(), site.source.clone());
        let progress = Progress { job, source, generation, copying, last_note };
        Self { site, reader, progress }
    }

    /// Copies what is left, and notes that the log is followed from here on.
    pub(crate) async fn run(mut self) -> Result<Copying, MineError> {
        while let Some(name) = self.progress.table() {
            let known = |table: &&catalog::KnownTable| table.relation.full_name() == name;
            if let Some(table) = self.site.tables.iter().find(known) {
                let (relation, filter) = (table.relation.clone(), table.filter.clone());
                if let Some(bound) = self.site.bind(&relation).await?.filter(|bound| bound.copy) {
                    self.table(&name, &bound, filter.as_deref()).await?;
                }
            }
            self.progress.next_table();
        }
        self.progress.finish().await
    }

    async fn table(
        &mut self,
        name: &str,
        bound: &Bound,
        filter: Option<&str>,
    ) -> Result<(), MineError> {
        let sql = select(name, bound, filter, self.progress.copying.at.behind.as_deref())?;
        self.reader.query(&format!("declare found no scroll cursor for {sql}")).await?;
        let moment = self.progress.moment();
        loop {
            let rows = self.reader.query(&format!("fetch {COPY_ROW_COUNT} from found")).await?;
            if rows.is_empty() {
                break;
            }
            self.site.job.status.copied(name, rows.len());
            self.progress.rows(bound, &moment, rows).await?;
        }
        self.reader.query("close found").await?;
        Ok(())
    }
}

/// A session that sees one moment.
async fn reader(site: &Site) -> Result<Session, DatabaseError> {
    let mut reader = Session::connect(&site.from.database, Purpose::Queries).await?;
    reader.query("begin isolation level repeatable read read only").await?;
    Ok(reader)
}

/// The rows behind a key, by key.
fn select(
    name: &str,
    bound: &Bound,
    filter: Option<&str>,
    behind: Option<&[String]>,
) -> Result<String, MineError> {
    let columns: Vec<_> = bound.table.columns.iter().map(|column| quoted(&column.name)).collect();
    let key: Vec<_> = bound.copy_key.iter().map(|(name, _)| quoted(name)).collect();
    let key = key.join(", ");
    let mut conditions = Vec::new();
    conditions.extend(filter.map(|filter| format!("({filter})")));
    if let Some(behind) = behind {
        let values: Vec<_> = behind.iter().map(|value| literal(value)).collect();
        conditions.push(format!("({key}) > ({})", values.join(", ")));
    }
    let conditions = match conditions.is_empty() {
        true => String::new(),
        false => format!(" where {}", conditions.join(" and ")),
    };
    let table = catalog::in_sql(name)?;
    Ok(format!("select {} from {table}{conditions} order by {key}", columns.join(", ")))
}
