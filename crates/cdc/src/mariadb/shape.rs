//! Shapes: what a table looks like at a place of the log, and its rows there.
//!
//! Why from the log: what the server knows of a table now is not what it was when a row was written.
//! With `binlog_row_metadata = FULL` the log says names, signs, character sets and the texts of enums
//! itself. What it does not say is whether a text is JSON and which bytes are a UUID; that is asked for.

use super::catalog::{KnownColumn, Special};
use super::charset::Charset;
use super::value::Reading;
use crate::cell::{Cell, Row};
use crate::change::{Column, Table};
use hashbrown::HashMap;
use mysql_async::binlog::events::{
    EnumsStrValues, OptionalMetaExtractor, OptionalMetadataField, RowsEventData, SetsStrValues,
    TableMapEvent,
};
use mysql_async::binlog::value::BinlogValue;
use mysql_async::consts::ColumnType;
use mysql_common::io::ParseBuf;

/// A table at a place of the log.
#[derive(Debug)]
pub(crate) struct LoggedTable {
    pub(crate) table: Table,
    columns: Vec<LoggedColumn>,
}

#[derive(Debug)]
struct LoggedColumn {
    column_type: ColumnType,
    meta: Vec<u8>,
    is_unsigned: bool,
    reading: Reading,
}

/// Which character set a collation's number means.
pub(crate) type Charsets = HashMap<u16, String>;

/// Why a table of the log cannot be read.
#[derive(Debug)]
pub(crate) enum UnreadTable {
    /// The log says no names.
    NoNames,
    /// A column is of a kind that we do not read.
    Column { column: String, why: String },
    /// It is not as the log's format says.
    Malformed(String),
}

/// A row as it was, and as it is.
pub(crate) type Images = (Option<Row>, Option<Row>);

type Described = Result<LoggedTable, UnreadTable>;

impl LoggedTable {
    /// What the log says of a table, with what is known of its columns besides.
    pub(crate) fn of(
        map: &TableMapEvent<'_>,
        known: &[KnownColumn],
        charsets: &Charsets,
    ) -> Described {
        let malformed = |error: std::io::Error| UnreadTable::Malformed(error.to_string());
        let meta = OptionalMetaExtractor::new(map.iter_optional_meta()).map_err(malformed)?;
        let names = meta.iter_column_name().collect::<Result<Vec<_>, _>>().map_err(malformed)?;
        let count = usize::try_from(map.columns_count()).unwrap_or(usize::MAX);
        if names.len() != count {
            return Err(UnreadTable::NoNames);
        }
        let (enums, choices) = texts(map).map_err(malformed)?;
        let mut said = Said {
            charsets,
            sets: Box::new(meta.iter_charset()),
            sets_of_choices: Box::new(meta.iter_enum_and_set_charset()),
            signs: Box::new(meta.iter_signedness()),
            enums,
            choices,
        };
        let mut table = Table {
            name: format!("{}.{}", map.database_name(), map.table_name()).into(),
            columns: Vec::with_capacity(count),
            tells_all_before: true,
        };
        let mut columns = Vec::with_capacity(count);
        for (at, name) in names.iter().enumerate() {
            let name = name.name().into_owned();
            let special = known.iter().find(|known| known.name == name).map(|known| known.special);
            let column = said.column(map, at, special.unwrap_or_default());
            let column = column.map_err(|why| UnreadTable::Column { column: name.clone(), why })?;
            let LoggedColumn { column_type, meta, is_unsigned, reading } = &column;
            table.columns.push(Column {
                name: name.into(),
                kind: reading.kind(),
                type_name: format!("{column_type:?} {meta:?} {is_unsigned} {reading:?}").into(),
                is_identity: true,
            });
            columns.push(column);
        }
        Ok(Self { table, columns })
    }

    /// The rows of an event: as they were, as they are; in words what does not fit.
    pub(crate) fn rows<'a>(&'a self, event: &'a RowsEventData<'a>) -> Result<Vec<Images>, String> {
        let mut left = ParseBuf(event.rows_data());
        let (was, is) =
            (event.columns_before_image().is_some(), event.columns_after_image().is_some());
        let mut rows = Vec::new();
        while !left.is_empty() {
            let before = was.then(|| self.row(&mut left)).transpose()?;
            let after = is.then(|| self.row(&mut left)).transpose()?;
            if before.is_none() && after.is_none() {
                return Err("rows without an image".to_owned());
            }
            rows.push((before, after));
        }
        Ok(rows)
    }

    /// A bit for each column that is null, then the values of the others.
    fn row<'a>(&'a self, left: &mut ParseBuf<'a>) -> Result<Row, String> {
        let worded = |error: std::io::Error| error.to_string();
        let nulls: &[u8] = left.parse(self.columns.len().div_ceil(8)).map_err(worded)?;
        let mut cells = Vec::with_capacity(self.columns.len());
        for (at, column) in self.columns.iter().enumerate() {
            if nulls[at / 8] >> (at % 8) & 1 == 1 {
                cells.push(Cell::Null);
                continue;
            }
            if column.column_type == ColumnType::MYSQL_TYPE_INT24 && !column.is_unsigned {
                // The library loses the sign of the least of them.
                let bytes: &[u8] = left.parse(3).map_err(worded)?;
                let number = i32::from_le_bytes([0, bytes[0], bytes[1], bytes[2]]) >> 8;
                cells.push(Cell::Text(number.to_string().into()));
                continue;
            }
            let how = (column.column_type, column.meta.as_slice(), column.is_unsigned, false);
            let value: BinlogValue<'_> = left.parse(how).map_err(worded)?;
            cells.push(
                column
                    .reading
                    .of_log(value)
                    .map_err(|why| format!("column {}: {why}", self.table.columns[at].name))?,
            );
        }
        Ok(Row(cells))
    }
}

/// What the log says of columns besides their types: each list is of those that it concerns, in order.
struct Said<'a> {
    charsets: &'a Charsets,
    sets: Box<dyn Iterator<Item = std::io::Result<u16>> + 'a>,
    sets_of_choices: Box<dyn Iterator<Item = std::io::Result<u16>> + 'a>,
    signs: Box<dyn Iterator<Item = bool> + 'a>,
    enums: Texts,
    choices: Texts,
}

impl Said<'_> {
    /// The next column; in words why it is not read.
    fn column(
        &mut self,
        map: &TableMapEvent<'_>,
        at: usize,
        special: Special,
    ) -> Result<LoggedColumn, String> {
        let column_type = map.get_column_type(at).map_err(|error| error.to_string())?;
        let column_type = column_type.ok_or("it has no type")?;
        let meta = map.get_column_metadata(at).unwrap_or_default().to_vec();
        let is_unsigned = column_type.is_numeric_type() && self.signs.next().unwrap_or_default();
        let charset = self.charset(column_type)?;
        let in_utf8 = |texts: Option<Vec<Vec<u8>>>| {
            let texts = texts.unwrap_or_default().into_iter();
            texts.map(|text| charset.text(text)).collect::<Option<Vec<_>>>()
        };
        let reading = match column_type {
            ColumnType::MYSQL_TYPE_ENUM => in_utf8(self.enums.next()).map(Reading::Enum),
            ColumnType::MYSQL_TYPE_SET => in_utf8(self.choices.next()).map(Reading::Set),
            _ => reading(column_type, &meta, charset, special),
        };
        let reading = reading.ok_or_else(|| format!("its type {column_type:?} is not read"))?;
        Ok(LoggedColumn { column_type, meta, is_unsigned, reading })
    }

    /// The character set of a column of texts; of any other, bytes.
    fn charset(&mut self, column_type: ColumnType) -> Result<Charset, String> {
        let next = match column_type {
            kind if kind.is_character_type() => self.sets.next(),
            kind if kind.is_enum_or_set_type() => self.sets_of_choices.next(),
            _ => return Ok(Charset::Binary),
        };
        let number = next.transpose().map_err(|error| error.to_string())?;
        let name = number.and_then(|number| self.charsets.get(&number)).map(String::as_str);
        let unread =
            || format!("its character set {} is not read", name.unwrap_or("without a name"));
        name.and_then(Charset::named).ok_or_else(unread)
    }
}

/// Whether an event has all columns of its rows.
pub(crate) fn is_whole(event: &RowsEventData<'_>) -> bool {
    event.columns_before_image().is_none_or(|columns| columns.all())
        && event.columns_after_image().is_none_or(|columns| columns.all())
}

/// The texts of enums and of sets, one list for each such column.
type Texts = std::vec::IntoIter<Vec<Vec<u8>>>;

fn texts(map: &TableMapEvent<'_>) -> std::io::Result<(Texts, Texts)> {
    let (mut enums, mut sets) = (Vec::new(), Vec::new());
    for field in map.iter_optional_meta() {
        match field? {
            OptionalMetadataField::EnumStrValue(values) => enums = of_enums(&values)?,
            OptionalMetadataField::SetStrValue(values) => sets = of_sets(&values)?,
            _ => {}
        }
    }
    Ok((enums.into_iter(), sets.into_iter()))
}

fn of_enums(values: &EnumsStrValues<'_>) -> std::io::Result<Vec<Vec<Vec<u8>>>> {
    let column = |one: std::io::Result<_>| {
        one.map(|one: mysql_async::binlog::events::EnumStrValues<'_>| {
            one.values().iter().map(|text| text.value_raw().to_vec()).collect()
        })
    };
    values.iter_values().map(column).collect()
}

fn of_sets(values: &SetsStrValues<'_>) -> std::io::Result<Vec<Vec<Vec<u8>>>> {
    let column = |one: std::io::Result<_>| {
        one.map(|one: mysql_async::binlog::events::SetStrValues<'_>| {
            one.values().iter().map(|text| text.value_raw().to_vec()).collect()
        })
    };
    values.iter_values().map(column).collect()
}

/// How values of a type are read; `None` for one that is not.
fn reading(kind: ColumnType, meta: &[u8], charset: Charset, special: Special) -> Option<Reading> {
    use ColumnType::*;
    let text = |charset| match special {
        Special::Json => Reading::Json(charset),
        _ => Reading::Text(charset),
    };
    // The bytes of metadata that the library reads without looking whether they are there.
    let needed = match kind {
        MYSQL_TYPE_STRING | MYSQL_TYPE_VARCHAR | MYSQL_TYPE_BIT | MYSQL_TYPE_NEWDECIMAL => 2,
        MYSQL_TYPE_TIMESTAMP2
        | MYSQL_TYPE_DATETIME2
        | MYSQL_TYPE_TIME2
        | MYSQL_TYPE_BLOB
        | MYSQL_TYPE_GEOMETRY => 1,
        _ => 0,
    };
    if meta.len() < needed {
        return None;
    }
    Some(match kind {
        MYSQL_TYPE_TINY | MYSQL_TYPE_SHORT | MYSQL_TYPE_INT24 | MYSQL_TYPE_LONG
        | MYSQL_TYPE_LONGLONG => Reading::Integer,
        MYSQL_TYPE_FLOAT | MYSQL_TYPE_DOUBLE => Reading::Float,
        MYSQL_TYPE_NEWDECIMAL => Reading::Decimal,
        MYSQL_TYPE_YEAR => Reading::Year,
        MYSQL_TYPE_BIT => Reading::Bit,
        MYSQL_TYPE_TIMESTAMP | MYSQL_TYPE_TIMESTAMP2 => Reading::Instant,
        MYSQL_TYPE_DATETIME | MYSQL_TYPE_DATETIME2 => Reading::LocalTime,
        MYSQL_TYPE_NEWDATE => Reading::Date,
        MYSQL_TYPE_TIME | MYSQL_TYPE_TIME2 => Reading::Time,
        MYSQL_TYPE_GEOMETRY => Reading::Bytes { width: 0 },
        MYSQL_TYPE_STRING => match (special, charset) {
            (Special::Uuid, _) => Reading::Uuid,
            (Special::Inet4, _) => Reading::Inet4,
            (Special::Inet6, _) => Reading::Inet6,
            (_, Charset::Binary) => Reading::Bytes { width: usize::from(meta[1]) },
            (_, charset) => text(charset),
        },
        MYSQL_TYPE_VARCHAR | MYSQL_TYPE_VAR_STRING | MYSQL_TYPE_BLOB => match charset {
            Charset::Binary => Reading::Bytes { width: 0 },
            charset => text(charset),
        },
        _ => return None,
    })
}
