//! Rows as text, for tests that compare whole tables.

use crate::SqliteReader;
use headwater_framework::Failed;
use headwater_framework::testing::QueryRows;
use serde::de::{Deserialize, Deserializer, Visitor};
use std::fmt;

impl QueryRows for SqliteReader {
    fn query_rows(&self, query: &str) -> Result<Vec<String>, Failed> {
        let rows: Vec<Vec<Shown>> = self.rows(query, ())?;
        let line = |row: Vec<Shown>| {
            let columns: Vec<String> = row.into_iter().map(|column| column.0).collect();
            columns.join("|")
        };
        Ok(rows.into_iter().map(line).collect())
    }
}

/// A column as text; null as nothing.
struct Shown(String);

impl<'de> Deserialize<'de> for Shown {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShownVisitor)
    }
}

struct ShownVisitor;

impl Visitor<'_> for ShownVisitor {
    type Value = Shown;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a column")
    }
    fn visit_unit<E>(self) -> Result<Shown, E> {
        Ok(Shown(String::new()))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Shown, E> {
        Ok(Shown(value.to_string()))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Shown, E> {
        Ok(Shown(value.to_string()))
    }
    fn visit_str<E>(self, value: &str) -> Result<Shown, E> {
        Ok(Shown(value.to_owned()))
    }
    fn visit_bytes<E>(self, value: &[u8]) -> Result<Shown, E> {
        Ok(Shown(value.escape_ascii().to_string()))
    }
}
