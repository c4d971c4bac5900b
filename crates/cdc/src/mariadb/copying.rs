//! Copying: the rows that were there before the log begins, each once.
//!
//! Picture:
//! ```text
//!   a snapshot, and the place of the log behind it ─▶ table 0, by key ─▶ table 1 … ─▶ follow from there
//!        │ crash behind key k
//!        └▶ a new snapshot and its place ─▶ the keys behind k … ─▶ follow from the first place; what
//!                                           the new snapshot has seen of those keys is not told again
//! ```
//! The server says the place of a snapshot by itself, so nobody's writes are held up for it.

use super::catalog::KnownTable;
use super::log_files::{number_of, place};
use super::session::{Session, literal, quoted};
use super::site::Site;
use super::value::Reading;
use crate::bound::Bound;
use crate::cell::Row;
use crate::database::DatabaseError;
use crate::error::MineError;
use crate::limits::COPY_ROW_COUNT;
use crate::notes::{CopyPlace, Copying, Pass};
use crate::place::LogPlace;
use crate::progress::Progress;
use headwater_model::Revision;
use mysql_async::Value;
use mysql_async::prelude::Queryable as _;

/// A copy under way.
pub(crate) struct Copier<'a> {
    site: &'a mut Site,
    reader: Session,
    progress: Progress,
}

impl<'a> Copier<'a> {
    /// Begins with all tables.
    pub(crate) async fn begin(
        site: &'a mut Site,
        generation: u32,
        last_note: Revision,
    ) -> Result<Self, MineError> {
        let (reader, consistent_at) = snapshot(site).await?;
        let from = CopyPlace::default();
        let first = Pass { sees: None, until: consistent_at, from: from.clone() };
        let tables = site.tables.iter().map(|table| table.name.clone()).collect();
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
        let (reader, until) = snapshot(site).await?;
        copying.passes.push(Pass { sees: None, until, from: copying.at.clone() });
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
            if let Some(at) = self.site.tables.iter().position(|table| table.name == name) {
                let table = &self.site.tables[at];
                let bound = self.site.found(table)?;
                if bound.copy {
                    let behind = self.progress.copying.at.behind.as_deref();
                    let sql = select(table, &bound, behind)?;
                    self.table(at, &bound, &sql).await?;
                }
            }
            self.progress.next_table();
        }
        self.progress.finish().await
    }

    async fn table(&mut self, at: usize, bound: &Bound, sql: &str) -> Result<(), MineError> {
        let mut moment = self.progress.moment();
        // A byte before the log that is followed, where nothing ever begins: ids of rows that were
        // found are then none of a change.
        moment.commit_at = LogPlace(moment.commit_at.0 - 1);
        let Self { site, reader, progress } = self;
        let readings: Vec<_> =
            site.tables[at].columns.iter().filter_map(|column| column.reading.clone()).collect();
        let server = site.from.to_string();
        let failed = |error| super::session::failed(&server, &error, sql);
        let mut found = reader.conn.exec_iter(sql, ()).await.map_err(failed)?;
        loop {
            let mut rows = Vec::with_capacity(COPY_ROW_COUNT);
            while rows.len() < COPY_ROW_COUNT
                && let Some(row) = found.next().await.map_err(failed)?
            {
                let cells = readings.iter().zip(row.unwrap_raw());
                // A value is absent only when somebody took it out of the row.
                let cell = |(reading, value): (&Reading, Option<Value>)| {
                    reading.of_query(value.unwrap_or(Value::NULL))
                };
                rows.push(Row(cells.map(cell).collect()));
            }
            if rows.is_empty() {
                break;
            }
            site.job.status.copied(&bound.table.name, rows.len());
            progress.rows(bound, &moment, rows).await?;
            // Our lock lives as long as this session, which would else be idle all the while.
            site.queries.tell("do 1").await?;
        }
        Ok(found.drop_result().await.map_err(failed)?)
    }
}

/// A session that sees one moment, and where the log is at that moment.
async fn snapshot(site: &Site) -> Result<(Session, LogPlace), MineError> {
    let mut reader = Session::connect(&site.from).await?;
    reader.tell("set session transaction isolation level repeatable read").await?;
    reader.tell("start transaction with consistent snapshot, read only").await?;
    let rows = reader.query("show status like 'binlog_snapshot_%'").await?;
    let said = |name: &str| {
        let named = |row: &&Row| row.cell(0).text().is_some_and(|n| n.eq_ignore_ascii_case(name));
        rows.iter().find(named).and_then(|row| row.cell(1).text())
    };
    let at = said("binlog_snapshot_position").and_then(|text| text.parse().ok());
    let (Some(file), Some(at)) = (said("binlog_snapshot_file"), at) else {
        let why = "it does not say where its log is at a snapshot".to_owned();
        return Err(DatabaseError::Protocol { why }.into());
    };
    Ok((reader, place(number_of(file)?, at)?))
}

/// The rows behind a key, by key.
fn select(
    table: &KnownTable,
    bound: &Bound,
    behind: Option<&[String]>,
) -> Result<String, MineError> {
    let columns: Vec<_> = table.columns.iter().map(|column| quoted(&column.name)).collect();
    let key: Vec<_> = bound.copy_key.iter().map(|(name, _)| quoted(name)).collect();
    let key = key.join(", ");
    let behind = match behind {
        None => String::new(),
        Some(values) => format!(" where ({key}) > ({})", typed(table, bound, values)?),
    };
    let (schema, name) = super::catalog::halves(&table.name)?;
    let (schema, name) = (quoted(schema), quoted(name));
    Ok(format!("select {} from {schema}.{name}{behind} order by {key}", columns.join(", ")))
}

/// A key's values in SQL, each of its column's type: so that they are in the column's order.
pub(crate) fn typed(
    table: &KnownTable,
    bound: &Bound,
    values: &[String],
) -> Result<String, MineError> {
    let one = |((name, _), value): (&(String, usize), &String)| {
        let column = table.column(name);
        let unordered = || MineError::Column {
            table: table.name.clone(),
            column: name.clone(),
            why: "it is in the key, and its order cannot be told; set `copy = false`".to_owned(),
        };
        let column = column.ok_or_else(unordered)?;
        let text = literal(value);
        Ok(match column.reading.as_ref().ok_or_else(unordered)? {
            Reading::Integer | Reading::Decimal | Reading::Year | Reading::Bit => {
                // Digits only: they come out of the database, and go back into a statement.
                let is_number =
                    value.bytes().all(|byte| byte.is_ascii_digit() || b"-.".contains(&byte));
                is_number.then(|| value.clone()).ok_or_else(unordered)?
            }
            Reading::Text(_) => match &column.order {
                Some((charset, order)) => {
                    format!("convert({text} using {charset}) collate {order}")
                }
                None => text,
            },
            Reading::Bytes { .. } => format!("x'{}'", value.strip_prefix("\\x").unwrap_or("")),
            Reading::Date => format!("cast({text} as date)"),
            Reading::Instant | Reading::LocalTime => {
                let text = literal(value.strip_suffix("+00").unwrap_or(value));
                format!("cast({text} as datetime(6))")
            }
            Reading::Time => format!("cast({text} as time(6))"),
            Reading::Uuid => format!("cast({text} as uuid)"),
            Reading::Inet4 => format!("cast({text} as inet4)"),
            Reading::Inet6 => format!("cast({text} as inet6)"),
            Reading::Float | Reading::Json(_) | Reading::Enum(_) | Reading::Set(_) => {
                return Err(unordered());
            }
        })
    };
    let values = bound.copy_key.iter().zip(values).map(one).collect::<Result<Vec<_>, _>>()?;
    Ok(values.join(", "))
}
