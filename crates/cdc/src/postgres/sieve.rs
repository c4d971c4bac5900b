//! The sieve: what an interrupted copy has seen already is not told again.
//!
//! Why: a copy that went on after a crash read its later keys in a later snapshot. The log begins
//! before that snapshot, and has the changes that are in those rows already.
//!
//! Picture: keys to the right, time down
//! ```text
//!                  key ≤ k: found at S0      key > k: found at S1
//!   S0, the slot   ─────────────────────     ·
//!   change x       told                      not told: S1 has seen it
//!   S1                                       ─────────────────────
//!   change y       told                      told
//! ```
//! Which keys are behind k is asked of the database: it alone knows the order of its texts.

use super::catalog::in_sql;
use super::session::{Session, literal, quoted};
use crate::bound::Bound;
use crate::cell::Row;
use crate::error::MineError;
use crate::notes::{Copying, Pass};
use crate::place::LogPlace;
use hashbrown::HashSet;
use serde_json::{Map, Value};

/// Tells what a copy has seen.
pub(crate) struct Sieve {
    copying: Copying,
    sights: Vec<Option<Sight>>,
}

/// Transactions that a snapshot sees, as `xmin:xmax:xip,…`.
#[derive(Debug, PartialEq, Eq)]
struct Sight {
    all_before: u32,
    none_from: u32,
    running: HashSet<u32>,
}

impl Sight {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        // The log has 32 bits of a transaction's number; they are near enough to compare.
        let number = |text: &str| text.parse::<u64>().ok().map(|number| number as u32);
        let (all_before, none_from) = (number(parts.next()?)?, number(parts.next()?)?);
        let running = parts.next()?.split(',').filter(|text| !text.is_empty());
        Some(Self { all_before, none_from, running: running.map(number).collect::<Option<_>>()? })
    }

    fn sees(&self, transaction: u32) -> bool {
        let before = |bound: u32| transaction.wrapping_sub(bound).cast_signed() < 0;
        before(self.all_before) || (before(self.none_from) && !self.running.contains(&transaction))
    }
}

impl Sieve {
    pub(crate) fn new(copying: Copying) -> Self {
        let sight = |pass: &Pass| pass.sees.as_deref().and_then(Sight::parse);
        let sights = copying.passes.iter().map(sight).collect();
        Self { copying, sights }
    }

    /// Whether a transaction that committed here may have been seen.
    pub(crate) fn is_needed(&self, commit_at: LogPlace, transaction: u32) -> bool {
        let may_see = |sight: &Option<Sight>| sight.as_ref().is_some_and(|s| s.sees(transaction));
        self.copying.passes.last().is_some_and(|last| commit_at < last.until)
            && self.sights.iter().any(may_see)
    }

    /// Whether the copy has seen this change of a row.
    pub(crate) async fn has_seen(
        &self,
        session: &mut Session,
        bound: &Bound,
        row: Option<&Row>,
        transaction: u32,
    ) -> Result<bool, MineError> {
        let name = bound.table.name.as_ref() as &str;
        let Some(table) = self.copying.tables.iter().position(|table| table == name) else {
            return Ok(false);
        };
        if !bound.copy {
            return Ok(false);
        }
        for (pass, sight) in self.copying.passes.iter().zip(&self.sights).rev() {
            let covers = match (&pass.from.behind, row) {
                _ if pass.from.table != table => pass.from.table < table,
                (None, _) => true,
                (Some(behind), Some(row)) => is_behind(session, bound, row, behind).await?,
                // Part of the table was copied before it was emptied, part after.
                (Some(_), None) => {
                    return Err(MineError::TruncatedMeanwhile { table: name.to_owned() });
                }
            };
            if covers {
                return Ok(sight.as_ref().is_some_and(|sight| sight.sees(transaction)));
            }
        }
        Ok(false)
    }
}

/// Whether a row's key comes behind another, in the order of the database.
async fn is_behind(
    session: &mut Session,
    bound: &Bound,
    row: &Row,
    behind: &[String],
) -> Result<bool, MineError> {
    let value = |at: usize| row.cell(at).text().map_or(Value::Null, Value::from);
    let key: Map<String, Value> =
        bound.copy_key.iter().map(|(name, at)| (name.clone(), value(*at))).collect();
    let columns: Vec<_> =
        bound.copy_key.iter().map(|(name, _)| format!("x.{}", quoted(name))).collect();
    let values: Vec<_> = behind.iter().map(|value| literal(value)).collect();
    let sql = format!(
        "select ({}) > ({}) from jsonb_populate_record(null::{}, {}) x",
        columns.join(", "),
        values.join(", "),
        in_sql(&bound.table.name)?,
        literal(&Value::Object(key).to_string())
    );
    let rows = session.query(&sql).await?;
    Ok(rows.first().and_then(|row| row.cell(0).text()) == Some("t"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_sees_what_had_committed_when_it_was_taken() {
        let sight = Sight::parse("100:105:100,103").expect("a snapshot");
        let seen: Vec<_> = (98..107).filter(|transaction| sight.sees(*transaction)).collect();
        assert_eq!(seen, [98, 99, 101, 102, 104]);
        let round = Sight::parse("4294967300:4294967302:").expect("a snapshot past 32 bits");
        assert!(round.sees(u32::MAX) && round.sees(5) && !round.sees(6), "numbers go round");
    }
}
