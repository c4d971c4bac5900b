//! Rows that cannot be published: set aside with the reason, and those behind them in their stream.
//!
//! Why: one bad row must not hold up the others, and must not be overtaken by those that build on it.
//! The row stays in its table, as its writer wrote it; what is kept beside it is that it is parked.
//!
//! Invariants: C3 a parked row holds up its stream, and only that. While a row of a stream is parked,
//! no row of it is published: it is read which streams are parked *before* rows are, so that a release
//! in between is seen whole.

use super::lease::{Held, Identity, cells, number};
use super::session::{Session, Value};
use super::shape::{OutboxTable, RowKey};
use super::{RelayError, sql};
use std::collections::HashSet;

/// A row that is set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedRow {
    /// What names it in its table.
    pub row: String,
    /// Its stream.
    pub stream: String,
    /// Why it is parked.
    pub why: String,
    /// Since when, in milliseconds since 1970.
    pub parked_ms: i64,
}

/// What a relay sets aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Aside {
    pub(crate) key: RowKey,
    pub(crate) stream: String,
    pub(crate) why: String,
}

/// The streams that are held up.
pub(crate) async fn streams(
    session: &mut dyn Session,
    outbox: &str,
) -> Result<HashSet<String>, RelayError> {
    let select = "select distinct stream from headwater_outbox_parked where outbox = ?";
    let rows = session.rows(select, vec![Value::text(outbox)]).await?;
    let stream = |row: Vec<Value>| row.into_iter().next().and_then(Value::into_text);
    Ok(rows.into_iter().filter_map(stream).collect())
}

/// Parks these, if the shares are still this relay's. Rows that only stand behind others are left to
/// the next fetch if nothing of their stream is parked any more.
pub(crate) async fn park(
    session: &mut dyn Session,
    identity: &Identity,
    held: &[Held],
    aside: &[Aside],
    behind: &[Aside],
) -> Result<(), RelayError> {
    session.batch(sql::begin(session.dialect())).await?;
    let parked = park_within(session, identity, held, aside, behind).await;
    match &parked {
        Ok(()) => session.batch("commit").await?,
        Err(_) => session.batch("rollback").await?,
    }
    parked
}

async fn park_within(
    session: &mut dyn Session,
    identity: &Identity,
    held: &[Held],
    aside: &[Aside],
    behind: &[Aside],
) -> Result<(), RelayError> {
    if !identity.still_holds(session, held).await? {
        return Err(RelayError::Fenced { why: "its shares are another's".to_owned() });
    }
    let mut parked = streams(session, &identity.outbox).await?;
    let now = sql::now_ms(session.dialect());
    let insert = sql::insert_new(
        session.dialect(),
        "headwater_outbox_parked",
        "outbox, row_key, stream, why, parked_ms",
        &format!("?, ?, ?, ?, {now}"),
    );
    parked.extend(aside.iter().map(|row| row.stream.clone()));
    let behind = behind.iter().filter(|row| parked.contains(&row.stream));
    for row in aside.iter().chain(behind) {
        let values = vec![
            Value::text(&identity.outbox),
            Value::text(row.key.to_string()),
            Value::text(&row.stream),
            Value::text(&row.why),
        ];
        session.execute(&insert, values).await?;
    }
    Ok(())
}

/// What is set aside, the oldest first, at most so many.
pub(crate) async fn list(
    session: &mut dyn Session,
    outbox: &str,
    count_max: usize,
) -> Result<Vec<ParkedRow>, RelayError> {
    let select = format!(
        "select row_key, stream, why, parked_ms from headwater_outbox_parked where outbox = ? \
         order by parked_ms, row_key limit {count_max}"
    );
    let rows = session.rows(&select, vec![Value::text(outbox)]).await?;
    let read = |row: Vec<Value>| {
        let [row, stream, why, parked_ms] = cells(row)?;
        let parked_ms = number(&parked_ms)?;
        let text = |cell: Value| cell.into_text().unwrap_or_default();
        Ok(ParkedRow { row: text(row), stream: text(stream), why: text(why), parked_ms })
    };
    rows.into_iter().map(read).collect()
}

/// How many are.
pub(crate) async fn count(session: &mut dyn Session, outbox: &str) -> Result<u64, RelayError> {
    let select = "select count(*) from headwater_outbox_parked where outbox = ?";
    let rows = session.rows(select, vec![Value::text(outbox)]).await?;
    let count = rows.first().and_then(|row| row.first()).and_then(Value::as_number);
    Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
}

/// Lets a stream's rows be tried again, all of them; how many there were.
pub(crate) async fn retry(
    session: &mut dyn Session,
    outbox: &str,
    stream: &str,
) -> Result<u64, RelayError> {
    // One statement: a relay sees all of the stream's rows parked, or none.
    let delete = "delete from headwater_outbox_parked where outbox = ? and stream = ?";
    Ok(session.execute(delete, vec![Value::text(outbox), Value::text(stream)]).await?)
}

/// Gives a parked row up: it is never published. Those behind it wait for a retry as before.
/// `false` if it was not parked.
pub(crate) async fn discard(
    session: &mut dyn Session,
    table: &OutboxTable,
    row: &str,
) -> Result<bool, RelayError> {
    session.batch(sql::begin(session.dialect())).await?;
    let done = discard_within(session, table, row).await;
    match &done {
        Ok(_) => session.batch("commit").await?,
        Err(_) => session.batch("rollback").await?,
    }
    done
}

async fn discard_within(
    session: &mut dyn Session,
    table: &OutboxTable,
    row: &str,
) -> Result<bool, RelayError> {
    let lock = sql::for_update(session.dialect());
    let select = format!(
        "select row_key from headwater_outbox_parked where outbox = ? and row_key = ?{lock}"
    );
    let own = || vec![Value::text(table.name()), Value::text(row)];
    if session.rows(&select, own()).await?.is_empty() {
        return Ok(false);
    }
    if let Some(key) = table.key(row) {
        take_away(session, table, &[key]).await?;
    }
    let delete = "delete from headwater_outbox_parked where outbox = ? and row_key = ?";
    session.execute(delete, own()).await?;
    Ok(true)
}

/// Keys of one statement that are parameters, and statements that are sent at once.
const AT_ONCE_MAX: usize = 1_000;

/// Takes rows out of their table, or marks them, as their shape has it. Where that is many statements,
/// it should be within a transaction.
///
/// MariaDB is told one key at a time: for a list of keys it reads from one to the next, and waits for
/// every transaction that has a row in between and is not done.
pub(crate) async fn take_away(
    session: &mut dyn Session,
    table: &OutboxTable,
    keys: &[RowKey],
) -> Result<(), RelayError> {
    let singly = sql::takes_keys_singly(session.dialect());
    let (mut numbers, mut texts) = (Vec::with_capacity(keys.len()), Vec::new());
    for key in keys {
        match key {
            RowKey::Number(number) => numbers.push(*number),
            RowKey::Text(text) => texts.push(text),
        }
    }
    for chunk in numbers.chunks(if singly { AT_ONCE_MAX } else { usize::MAX }) {
        let statements: Vec<String> = match singly {
            true => chunk.iter().map(|number| table.done(&number.to_string())).collect(),
            false => vec![table.done(&sql::list(chunk))],
        };
        session.batch(&statements.join(";\n")).await?;
    }
    for chunk in texts.chunks(if singly { 1 } else { AT_ONCE_MAX }) {
        let update = table.done(&sql::list(&vec!["?"; chunk.len()]));
        let values = chunk.iter().map(|text| Value::text(text.as_str())).collect();
        session.execute(&update, values).await?;
    }
    Ok(())
}
