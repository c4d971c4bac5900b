//! The catalog: what the server, the publication and the mapped tables are, before anything is mined.
//!
//! Invariant: what would lose or hide a change later is an error now, with what to do next.

use super::relation::{Relation, RelationColumn, ReplicaIdentity};
use super::session::{Session, literal, quoted};
use crate::cell::Row;
use crate::error::MineError;
use crate::mapping::Mapping;
use crate::rule::MappingError;
use hashbrown::HashSet;

/// A mapped table as it is now.
#[derive(Debug)]
pub(crate) struct KnownTable {
    /// As the log will describe it.
    pub(crate) relation: Relation,
    /// The primary key, or the columns of the replica identity's index.
    pub(crate) primary: Vec<String>,
    /// What the publication shows of its rows; `None`: all.
    pub(crate) filter: Option<String>,
}

/// The server's version as it counts it, 150018.
pub(crate) async fn check_server(session: &mut Session) -> Result<u32, MineError> {
    let rows = session
        .query("select current_setting('wal_level'), current_setting('server_version_num')")
        .await?;
    let text = |at| rows.first().and_then(|row: &Row| row.cell(at).text()).unwrap_or_default();
    match text(0) {
        "logical" => Ok(text(1).parse().unwrap_or_default()),
        found => Err(MineError::WalLevel { found: found.to_owned() }),
    }
}

/// A table's name, `schema.name`, in its two halves.
pub(crate) fn halves(table: &str) -> Result<(&str, &str), MappingError> {
    let wrong = || MappingError::Table {
        table: table.to_owned(),
        why: "write it as schema.name".to_owned(),
    };
    let (schema, name) = table.split_once('.').ok_or_else(wrong)?;
    if schema.is_empty() || name.is_empty() { Err(wrong()) } else { Ok((schema, name)) }
}

/// The table's name in SQL.
pub(crate) fn in_sql(table: &str) -> Result<String, MappingError> {
    let (schema, name) = halves(table)?;
    Ok(format!("{}.{}", quoted(schema), quoted(name)))
}

/// All tables of a mapping, in its order.
pub(crate) async fn tables(
    session: &mut Session,
    publication: &str,
    mapping: &Mapping,
    server: u32,
) -> Result<Vec<KnownTable>, MineError> {
    check_publication(session, publication, mapping).await?;
    let mut seen = HashSet::new();
    let mut known = Vec::new();
    for name in mapping.names() {
        if !seen.insert(name) {
            let why = "it is mapped twice".to_owned();
            return Err(MappingError::Table { table: name.to_owned(), why }.into());
        }
        known.push(table(session, publication, name, server).await?);
    }
    Ok(known)
}

async fn check_publication(
    session: &mut Session,
    publication: &str,
    mapping: &Mapping,
) -> Result<(), MineError> {
    let sql = format!("select 1 from pg_publication where pubname = {}", literal(publication));
    if session.query(&sql).await?.is_empty() {
        let tables: Vec<_> = mapping.names().collect();
        let cure = format!("CREATE PUBLICATION {publication} FOR TABLE {}", tables.join(", "));
        return Err(MineError::NoPublication { publication: publication.to_owned(), cure });
    }
    Ok(())
}

async fn table(
    session: &mut Session,
    publication: &str,
    name: &str,
    server: u32,
) -> Result<KnownTable, MineError> {
    let (schema, bare) = halves(name)?;
    let sql = format!(
        "select c.oid, c.relreplident from pg_class c join pg_namespace n on n.oid = c.relnamespace \
         where n.nspname = {} and c.relname = {} and c.relkind in ('r', 'p')",
        literal(schema),
        literal(bare)
    );
    let rows = session.query(&sql).await?;
    let found = rows.first().and_then(|row| {
        let identity = row.cell(1).text()?.bytes().next().and_then(ReplicaIdentity::of_letter)?;
        Some((row.cell(0).text()?.parse::<u32>().ok()?, identity))
    });
    let Some((oid, identity)) = found else {
        return Err(MineError::NoTable { table: name.to_owned() });
    };
    let (shown, filter) = published(session, publication, name, server).await?;
    let columns = session.query(&columns_sql(oid)).await?;
    let mut relation = Relation {
        oid,
        schema: schema.into(),
        name: bare.into(),
        identity,
        columns: Vec::with_capacity(columns.len()),
    };
    let (mut primary, mut index) = (Vec::new(), Vec::new());
    for row in &columns {
        let text = |at: usize| row.cell(at).text().unwrap_or_default();
        let (column, is_primary, is_index) = (text(0), text(3) == "t", text(4) == "t");
        if shown.as_ref().is_some_and(|shown| !shown.iter().any(|name| name == column)) {
            continue;
        }
        if is_primary {
            primary.push(column.to_owned());
        }
        if is_index {
            index.push(column.to_owned());
        }
        relation.columns.push(RelationColumn {
            name: column.into(),
            type_oid: text(1).parse().unwrap_or_default(),
            type_modifier: text(2).parse().unwrap_or(-1),
            is_identity: match identity {
                ReplicaIdentity::Default => is_primary,
                ReplicaIdentity::Index => is_index,
                ReplicaIdentity::Full => true,
                ReplicaIdentity::Nothing => false,
            },
        });
    }
    if !relation.columns.iter().any(|column| column.is_identity) {
        return Err(MineError::NoIdentity { table: name.to_owned() });
    }
    if primary.is_empty() {
        primary = index;
    }
    Ok(KnownTable { relation, primary, filter })
}

fn columns_sql(oid: u32) -> String {
    let among = |which: &str| {
        format!(
            "exists (select 1 from pg_index i where i.indrelid = a.attrelid and i.{which} \
             and a.attnum = any (i.indkey))"
        )
    };
    format!(
        "select a.attname, a.atttypid, a.atttypmod, {}, {} from pg_attribute a \
         where a.attrelid = {oid} and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' \
         order by a.attnum",
        among("indisprimary"),
        among("indisreplident")
    )
}

/// The columns that the publication shows (`None`: all), and which rows.
async fn published(
    session: &mut Session,
    publication: &str,
    table: &str,
    server: u32,
) -> Result<(Option<Vec<String>>, Option<String>), MineError> {
    let (schema, name) = halves(table)?;
    // Lists of columns and filters of rows came with 15.
    let lists = if server >= 150_000 {
        "(select json_agg(x) from unnest(attnames) x), rowfilter"
    } else {
        "null, null"
    };
    let sql = format!(
        "select {lists} from pg_publication_tables \
         where pubname = {} and schemaname = {} and tablename = {}",
        literal(publication),
        literal(schema),
        literal(name)
    );
    let rows = session.query(&sql).await?;
    let Some(row) = rows.first() else {
        let (table, publication) = (table.to_owned(), publication.to_owned());
        return Err(MineError::NotPublished { table, publication });
    };
    let columns = row.cell(0).text().and_then(|json| serde_json::from_str(json).ok());
    Ok((columns, row.cell(1).text().map(str::to_owned)))
}
