//! The sieve: what an interrupted copy has seen already is not told again.
//!
//! Why: a copy that went on after a crash read its later keys in a later snapshot. The log that is
//! followed begins before that snapshot, and has the changes that are in those rows already. A snapshot
//! has seen exactly the transactions before its place of the log.

use super::copying::typed;
use super::site::Site;
use crate::bound::Bound;
use crate::cell::Row;
use crate::error::MineError;
use crate::notes::Copying;
use crate::place::LogPlace;

/// Tells what a copy has seen.
pub(crate) struct Sieve {
    copying: Copying,
}

impl Sieve {
    pub(crate) fn new(copying: Copying) -> Self {
        Self { copying }
    }

    /// Whether a transaction that begins here in the log may have been seen.
    pub(crate) fn is_needed(&self, at: LogPlace) -> bool {
        self.copying.passes.iter().any(|pass| at < pass.until)
    }

    /// Whether the copy has seen this change of a row.
    pub(crate) async fn has_seen(
        &self,
        site: &mut Site,
        bound: &Bound,
        row: Option<&Row>,
        at: LogPlace,
    ) -> Result<bool, MineError> {
        let name: &str = &bound.table.name;
        let Some(table) = self.copying.tables.iter().position(|table| table == name) else {
            return Ok(false);
        };
        if !bound.copy {
            return Ok(false);
        }
        for pass in self.copying.passes.iter().rev() {
            let covers = match (&pass.from.behind, row) {
                _ if pass.from.table != table => pass.from.table < table,
                (None, _) => true,
                (Some(behind), Some(row)) => is_behind(site, bound, row, behind).await?,
                // Part of the table was copied before it was emptied, part after.
                (Some(_), None) => {
                    return Err(MineError::TruncatedMeanwhile { table: name.to_owned() });
                }
            };
            if covers {
                return Ok(at < pass.until);
            }
        }
        Ok(false)
    }
}

/// Whether a row's key comes behind another, in the order of the database.
async fn is_behind(
    site: &mut Site,
    bound: &Bound,
    row: &Row,
    behind: &[String],
) -> Result<bool, MineError> {
    let Some(table) = site.tables.iter().find(|table| *table.name == *bound.table.name) else {
        return Ok(false);
    };
    let value = |at: &(String, usize)| row.cell(at.1).text().unwrap_or_default().to_owned();
    let values: Vec<_> = bound.copy_key.iter().map(value).collect();
    let (key, other) = (typed(table, bound, &values)?, typed(table, bound, behind)?);
    let answer = site.queries.ask(&format!("select ({key}) > ({other})")).await?;
    Ok(answer.as_deref() == Some("1"))
}
