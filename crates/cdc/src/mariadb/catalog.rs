//! The catalog: what the server's settings and the mapped tables are, before anything is mined.
//!
//! Invariant: what would lose or hide a change later is an error now, with what to do next.

use super::charset::Charset;
use super::session::{Session, literal};
use super::shape::Charsets;
use super::value::Reading;
use crate::cell::Row;
use crate::change::{Column, Table};
use crate::database::DatabaseError;
use crate::error::MineError;
use crate::rule::MappingError;

/// A mapped table as it is now.
#[derive(Debug)]
pub(crate) struct KnownTable {
    pub(crate) name: String,
    pub(crate) columns: Vec<KnownColumn>,
    pub(crate) primary: Vec<String>,
}

/// A column as it is now.
#[derive(Clone, Debug)]
pub(crate) struct KnownColumn {
    pub(crate) name: String,
    pub(crate) special: Special,
    /// How queries tell it; `None` for a type that is not read.
    pub(crate) reading: Option<Reading>,
    /// The character set and the order of its texts.
    pub(crate) order: Option<(String, String)>,
    type_name: String,
}

/// What the log does not say of a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Special {
    /// Nothing.
    #[default]
    None,
    /// A text that is JSON.
    Json,
    /// Bytes that are a UUID.
    Uuid,
    /// Bytes that are an address.
    Inet4,
    /// Bytes that are an address.
    Inet6,
}

/// What the log must be like.
const SETTINGS: &[(&str, &str)] = &[
    ("log_bin", "ON"),
    ("binlog_format", "ROW"),
    ("binlog_row_image", "FULL"),
    ("binlog_row_metadata", "FULL"),
    ("log_bin_compress", "OFF"),
];

/// The server's number, if its log can be mined.
pub(crate) async fn check_server(session: &mut Session) -> Result<String, MineError> {
    let version = session.ask("select version()").await?.unwrap_or_default();
    if !version.contains("MariaDB") {
        return Err(MineError::NotMariaDb { version });
    }
    for (name, wanted) in SETTINGS {
        let sql = format!("show global variables like '{name}'");
        let rows = session.query(&sql).await?;
        let found = rows.first().and_then(|row| row.cell(1).text()).unwrap_or("not there");
        if found != *wanted {
            let (name, found) = ((*name).to_owned(), found.to_owned());
            return Err(MineError::ServerSetting { name, found, wanted: (*wanted).to_owned() });
        }
    }
    Ok(session.ask("select @@global.server_id").await?.unwrap_or_default())
}

/// Which character set a collation's number means.
pub(crate) async fn charsets(session: &mut Session) -> Result<Charsets, DatabaseError> {
    // From 10.10 on numbers of collations that fit several sets are told with each set.
    let mut known = Charsets::new();
    for sql in [
        "select id, character_set_name from information_schema.collations where id is not null",
        "select id, character_set_name from information_schema.collation_character_set_applicability \
         where id is not null",
    ] {
        let rows = match session.query(sql).await {
            Err(DatabaseError::Refused { passes: false, .. }) => continue,
            answer => answer?,
        };
        let pair =
            |row: &Row| Some((row.cell(0).text()?.parse().ok()?, row.cell(1).text()?.to_owned()));
        known.extend(rows.iter().filter_map(pair));
    }
    Ok(known)
}

/// A table's name, `schema.name`, in its two halves.
pub(crate) fn halves(table: &str) -> Result<(&str, &str), MappingError> {
    let wrong = || MappingError::Table {
        table: table.to_owned(),
        why: "write it as database.table".to_owned(),
    };
    let (schema, name) = table.split_once('.').ok_or_else(wrong)?;
    if schema.is_empty() || name.is_empty() { Err(wrong()) } else { Ok((schema, name)) }
}

/// A mapped table; an error if it cannot be mined.
pub(crate) async fn table(session: &mut Session, name: &str) -> Result<KnownTable, MineError> {
    let (schema, bare) = halves(name)?;
    let place = format!("table_schema = {} and table_name = {}", literal(schema), literal(bare));
    let sql = format!("select engine, table_type from information_schema.tables where {place}");
    let rows = session.query(&sql).await?;
    let Some(row) = rows.first() else {
        return Err(MineError::NoTable { table: name.to_owned() });
    };
    let text = |at| row.cell(at).text().unwrap_or_default();
    match (text(0), text(1)) {
        ("InnoDB", "BASE TABLE") => {}
        (_, kind @ "SYSTEM VERSIONED") | (_, kind @ ("VIEW" | "SEQUENCE")) => {
            let (table, kind) = (name.to_owned(), kind.to_lowercase());
            return Err(MineError::TableKind { table, kind });
        }
        (engine, _) => {
            let (table, kind) = (name.to_owned(), format!("of the engine {engine}"));
            return Err(MineError::TableKind { table, kind });
        }
    }
    let columns = columns(session, name).await?;
    let sql = format!(
        "select column_name from information_schema.statistics where {place} and \
         index_name = 'PRIMARY' order by seq_in_index"
    );
    let primary = session.query(&sql).await?;
    let primary = primary.iter().filter_map(|row| row.cell(0).text().map(str::to_owned)).collect();
    Ok(KnownTable { name: name.to_owned(), columns, primary })
}

/// The columns of a table as they are now.
pub(crate) async fn columns(
    session: &mut Session,
    table: &str,
) -> Result<Vec<KnownColumn>, MineError> {
    let (schema, bare) = halves(table)?;
    let (schema, bare) = (literal(schema), literal(bare));
    // JSON is a text whose own check says so.
    let sql = format!(
        "select c.column_name, c.data_type, c.column_type, c.character_set_name, c.collation_name, \
         exists (select 1 from information_schema.check_constraints k \
          where k.constraint_schema = c.table_schema and k.table_name = c.table_name \
          and k.check_clause = concat('json_valid(`', c.column_name, '`)')) \
         from information_schema.columns c \
         where c.table_schema = {schema} and c.table_name = {bare} order by c.ordinal_position"
    );
    Ok(session.query(&sql).await?.iter().map(column).collect())
}

fn column(row: &Row) -> KnownColumn {
    let text = |at: usize| row.cell(at).text().unwrap_or_default();
    let special = match (text(1), text(5)) {
        ("uuid", _) => Special::Uuid,
        ("inet4", _) => Special::Inet4,
        ("inet6", _) => Special::Inet6,
        (_, "1") => Special::Json,
        _ => Special::None,
    };
    let charset = row.cell(3).text().map(str::to_owned);
    KnownColumn {
        name: text(0).to_owned(),
        special,
        reading: reading(text(1), special),
        order: charset.zip(row.cell(4).text().map(str::to_owned)),
        type_name: text(2).to_owned(),
    }
}

/// How a query's values of a type are read: all of its texts come in UTF-8.
fn reading(data_type: &str, special: Special) -> Option<Reading> {
    Some(match data_type {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" => Reading::Integer,
        "float" | "double" => Reading::Float,
        "decimal" => Reading::Decimal,
        "year" => Reading::Year,
        "bit" => Reading::Bit,
        "timestamp" => Reading::Instant,
        "datetime" => Reading::LocalTime,
        "date" => Reading::Date,
        "time" => Reading::Time,
        "enum" => Reading::Enum(Vec::new()),
        "set" => Reading::Set(Vec::new()),
        "uuid" => Reading::Uuid,
        "inet4" => Reading::Inet4,
        "inet6" => Reading::Inet6,
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => match special {
            Special::Json => Reading::Json(Charset::Utf8),
            _ => Reading::Text(Charset::Utf8),
        },
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" | "geometry"
        | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring"
        | "multipolygon" | "geometrycollection" => Reading::Bytes { width: 0 },
        _ => return None,
    })
}

impl KnownTable {
    pub(crate) fn column(&self, name: &str) -> Option<&KnownColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The table as queries show it; an error for a column that is not read.
    pub(crate) fn shown(&self) -> Result<Table, MineError> {
        let mut columns = Vec::new();
        for column in &self.columns {
            let Some(reading) = &column.reading else {
                let why = format!("its type {} is not read", column.type_name);
                let (table, column) = (self.name.clone(), column.name.clone());
                return Err(MineError::Column { table, column, why });
            };
            columns.push(Column {
                name: column.name.clone().into(),
                kind: reading.kind(),
                type_name: column.type_name.clone().into(),
                is_identity: true,
            });
        }
        Ok(Table { name: self.name.clone().into(), columns, tells_all_before: true })
    }
}
