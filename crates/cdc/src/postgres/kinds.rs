//! Types: how the values of each of PostgreSQL's types are written in JSON.
//!
//! Why: the log gives a type's number. Those that are built in are known here; a domain, an array of
//! one's own, an enum are asked for once, and are then what they are made of.

use super::session::Session;
use crate::database::DatabaseError;
use crate::json::Kind;
use futures_util::future::BoxFuture;
use hashbrown::HashMap;

/// What is known of types so far.
#[derive(Debug, Default)]
pub(crate) struct Kinds {
    asked: HashMap<u32, Kind>,
}

/// The first number of a type that somebody made.
const MADE_FROM: u32 = 16_384;

/// A domain over an array of a domain is as deep as anybody goes.
const DEPTH_MAX: u32 = 8;

impl Kinds {
    pub(crate) async fn kind(
        &mut self,
        session: &mut Session,
        oid: u32,
    ) -> Result<Kind, DatabaseError> {
        self.kind_below(session, oid, DEPTH_MAX).await
    }

    fn kind_below<'a>(
        &'a mut self,
        session: &'a mut Session,
        oid: u32,
        depth: u32,
    ) -> BoxFuture<'a, Result<Kind, DatabaseError>> {
        Box::pin(async move {
            if let Some(kind) = built_in(oid).or_else(|| self.asked.get(&oid).cloned()) {
                return Ok(kind);
            }
            let sql = format!(
                "select typtype, typcategory, typbasetype, typelem from pg_type where oid = {oid}"
            );
            let rows = session.query(&sql).await?;
            let text = |at: usize| rows.first().and_then(|row| row.cell(at).text());
            let number = |at: usize| text(at).and_then(|n| n.parse::<u32>().ok()).unwrap_or(0);
            let (kind, category, base, element) = (text(0), text(1), number(2), number(3));
            let kind = match (kind, category, depth) {
                // Dropped since: its values are texts all the same.
                (None, ..) | (_, _, 0) => Kind::Text,
                (Some("d"), ..) => self.kind_below(session, base, depth - 1).await?,
                (_, Some("A"), _) if element != 0 => {
                    Kind::Array(Box::new(self.kind_below(session, element, depth - 1).await?))
                }
                _ => Kind::Text,
            };
            self.asked.insert(oid, kind.clone());
            Ok(kind)
        })
    }
}

/// Types that have had their number since before there was logical replication.
fn built_in(oid: u32) -> Option<Kind> {
    let array = |of| Kind::Array(Box::new(of));
    Some(match oid {
        16 => Kind::Bool,
        20 | 21 | 23 | 26 => Kind::Integer,
        700 | 701 => Kind::Float,
        1_700 => Kind::Decimal,
        114 | 3_802 => Kind::Json,
        1_114 => Kind::LocalTime,
        1_184 => Kind::Instant,
        17 => Kind::Bytes,
        1_000 => array(Kind::Bool),
        1_005 | 1_007 | 1_016 | 1_028 => array(Kind::Integer),
        1_021 | 1_022 => array(Kind::Float),
        1_231 => array(Kind::Decimal),
        199 | 3_807 => array(Kind::Json),
        1_115 => array(Kind::LocalTime),
        1_185 => array(Kind::Instant),
        1_001 => array(Kind::Bytes),
        1_009 | 1_015 | 1_002 | 1_014 | 2_951 | 1_182 | 1_183 | 1_041 => array(Kind::Text),
        18 | 19 | 25 | 1_042 | 1_043 | 1_082 | 1_083 | 1_186 | 1_266 | 2_950 | 869 => Kind::Text,
        _ => return None,
    })
    .filter(|_| oid < MADE_FROM)
}
