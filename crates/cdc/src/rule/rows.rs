//! Rows that are things: a stream for each key, an event for each change.

use super::{Addressed, MappingError, UnfitRow, column, free_metadata};
use crate::cell::{Cell, Row};
use crate::change::{Change, Moment, Table};
use crate::json::{self, Decimals, Kind};
use crate::mapping::{Shape, TableMapping};
use bytestring::ByteString;
use headwater_model::{EventId, EventType, Metadata, NewEvent, StreamName, Tag};
use std::fmt::Display;
use uuid::Uuid;

#[derive(Debug)]
pub(crate) struct RowRule {
    table: ByteString,
    category: String,
    key: Vec<usize>,
    shown: Vec<Shown>,
    tags: Vec<Vec<Piece>>,
    names: Names,
    shape: Shape,
    decimals: Decimals,
    ids: Uuid,
}

/// A column that events show.
#[derive(Debug)]
struct Shown {
    column: usize,
    name: ByteString,
    /// `"name":`, as it stands in JSON.
    field: Vec<u8>,
    kind: Kind,
    is_identity: bool,
}

/// A piece of a tag's template.
#[derive(Debug)]
enum Piece {
    Text(String),
    Column(usize),
}

#[derive(Debug)]
struct Names {
    found: EventType,
    inserted: EventType,
    updated: EventType,
    deleted: EventType,
    truncated: EventType,
}

impl RowRule {
    pub(super) fn new(
        mapping: &TableMapping,
        key: &[String],
        table: &Table,
        ids: EventId,
    ) -> Result<Self, MappingError> {
        if mapping.shape == Shape::Changed && !table.tells_all_before {
            return Err(MappingError::ChangedNotTold { table: table.name.to_string() });
        }
        let key = key.iter().map(|name| column(table, name)).collect::<Result<Vec<_>, _>>()?;
        if key.is_empty() {
            return Err(MappingError::NoKey { table: table.name.to_string() });
        }
        if let Some(at) = key.iter().find(|at| !table.columns[**at].is_identity) {
            let column = table.columns[*at].name.to_string();
            return Err(MappingError::KeyNotTold { table: table.name.to_string(), column });
        }
        for name in &mapping.leave_out {
            column(table, name)?;
        }
        let bare = mapping.table.rsplit_once('.').map_or(&*mapping.table, |(_, name)| name);
        let category = mapping.category.clone().unwrap_or_else(|| bare.replace('-', "_"));
        let wrong = |why: String| MappingError::Name { table: mapping.table.clone(), why };
        if category.contains('-') {
            return Err(wrong(format!(
                "the category {category:?} has a dash, where its streams' ids begin"
            )));
        }
        StreamName::of(&category, "1").map_err(|error| wrong(error.to_string()))?;
        Ok(Self {
            table: table.name.clone(),
            category,
            key,
            shown: shown(mapping, table),
            tags: tags(mapping, table)?,
            names: names(mapping, bare).map_err(wrong)?,
            shape: mapping.shape,
            decimals: mapping.decimals,
            ids: ids.derive_named(&table.name).0,
        })
    }

    pub(super) fn key_columns(&self) -> &[usize] {
        &self.key
    }

    pub(super) fn stream(&self, row: &Row) -> Result<StreamName, UnfitRow> {
        let mut name = format!("{}-", self.category);
        for (n, column) in self.key.iter().enumerate() {
            if n > 0 {
                name.push(',');
            }
            let Some(text) = row.cell(*column).text() else {
                return Err(self.unfit("a column of its key is null or not told"));
            };
            push_escaped(&mut name, text);
        }
        StreamName::new(name).map_err(|error| self.unfit(error))
    }

    pub(super) fn event(&self, change: &Change, moment: &Moment) -> Result<Addressed, UnfitRow> {
        let names = &self.names;
        let (event_type, row, payload) = match change {
            Change::Found(row) => (&names.found, row, self.after(row)),
            Change::Inserted(row) => (&names.inserted, row, self.after(row)),
            Change::Deleted(row) => (&names.deleted, row, self.deleted(row)),
            Change::Updated { before, after } => {
                (&names.updated, after, self.updated(before.as_ref(), after))
            }
            Change::Truncated => {
                let stream = StreamName::new(self.category.clone()).map_err(|e| self.unfit(e))?;
                let payload = b"{}".to_vec();
                let event = self.new_event(&names.truncated, payload, moment, b"");
                return Ok((stream, event));
            }
        };
        let stream = self.stream(row)?;
        let mut event = self.new_event(event_type, payload, moment, stream.as_str().as_bytes());
        event.tags = self.tags(row)?;
        let before = match change {
            Change::Updated { before, .. } => before.as_ref(),
            _ => None,
        };
        if before.is_none() {
            let unchanged = self.unchanged(row);
            if !unchanged.is_empty() {
                let key = ByteString::from_static("cdc.unchanged");
                event.metadata.free.push((key, unchanged.join(",").into()));
            }
        }
        Ok((stream, event))
    }

    fn new_event(
        &self,
        event_type: &EventType,
        payload: Vec<u8>,
        moment: &Moment,
        stream: &[u8],
    ) -> NewEvent {
        // The stream too: a row that moves is two events of one change.
        let place = [moment.commit_at.0.to_be_bytes(), moment.change.to_be_bytes()].concat();
        let id = Uuid::new_v5(&self.ids, &[&place, stream].concat());
        let mut event = NewEvent::json(EventId(id), event_type.clone(), payload);
        event.metadata =
            Metadata { free: free_metadata(&self.table, moment), ..Metadata::default() };
        event
    }

    fn after(&self, row: &Row) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        if self.shape == Shape::BeforeAndAfter {
            out.extend(b"{\"after\":");
        }
        self.object(&mut out, row, None, |_| true);
        if self.shape == Shape::BeforeAndAfter {
            out.push(b'}');
        }
        out
    }

    fn updated(&self, before: Option<&Row>, after: &Row) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        match self.shape {
            Shape::After => self.object(&mut out, after, before, |_| true),
            Shape::BeforeAndAfter => {
                out.push(b'{');
                if let Some(before) = before {
                    out.extend(b"\"before\":");
                    self.object(&mut out, before, None, |_| true);
                    out.push(b',');
                }
                out.extend(b"\"after\":");
                self.object(&mut out, after, before, |_| true);
                out.push(b'}');
            }
            Shape::Changed => {
                out.extend(b"{\"key\":");
                self.object(&mut out, after, before, |shown| self.key.contains(&shown.column));
                out.extend(b",\"changed\":");
                let differs = |shown: &Shown| {
                    let now = after.cell(shown.column);
                    *now != Cell::Unchanged && before.is_none_or(|b| b.cell(shown.column) != now)
                };
                self.object(&mut out, after, before, differs);
                out.push(b'}');
            }
        }
        out
    }

    /// Of a deleted row the log tells the identity, or all.
    fn deleted(&self, row: &Row) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        if self.shape == Shape::BeforeAndAfter {
            out.extend(b"{\"before\":");
        }
        self.object(&mut out, row, None, |shown| shown.is_identity);
        if self.shape == Shape::BeforeAndAfter {
            out.push(b'}');
        }
        out
    }

    /// The row as an object; what the log does not repeat is taken from `before` if that is known, and
    /// left out otherwise.
    fn object(
        &self,
        out: &mut Vec<u8>,
        row: &Row,
        before: Option<&Row>,
        wanted: impl Fn(&Shown) -> bool,
    ) {
        out.push(b'{');
        let begun = out.len();
        for shown in self.shown.iter().filter(|shown| wanted(shown)) {
            let cell = match (row.cell(shown.column), before) {
                (Cell::Unchanged, Some(before)) => before.cell(shown.column),
                (cell, _) => cell,
            };
            let value = match cell {
                Cell::Unchanged => continue,
                Cell::Null => None,
                Cell::Text(text) => Some(text),
            };
            if out.len() > begun {
                out.push(b',');
            }
            out.extend(&shown.field);
            match value {
                None => out.extend(b"null"),
                Some(text) => json::write(out, &shown.kind, text, self.decimals),
            }
        }
        out.push(b'}');
    }

    fn unchanged(&self, row: &Row) -> Vec<&str> {
        let is_unchanged = |shown: &&Shown| *row.cell(shown.column) == Cell::Unchanged;
        self.shown.iter().filter(is_unchanged).map(|shown| &*shown.name).collect()
    }

    fn tags(&self, row: &Row) -> Result<Vec<Tag>, UnfitRow> {
        let mut tags = Vec::with_capacity(self.tags.len());
        for template in &self.tags {
            let mut text = String::new();
            let told = template.iter().all(|piece| match piece {
                Piece::Text(piece) => {
                    text.push_str(piece);
                    true
                }
                Piece::Column(column) => {
                    row.cell(*column).text().map(|v| text.push_str(v)).is_some()
                }
            });
            if told {
                tags.push(Tag::new(text).map_err(|error| self.unfit(error))?);
            }
        }
        Ok(tags)
    }

    fn unfit(&self, why: impl Display) -> UnfitRow {
        UnfitRow { table: self.table.to_string(), why: why.to_string() }
    }
}

/// Keys of several columns stay apart, and a name has no control characters.
fn push_escaped(name: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            ',' | '%' => name.push_str(&format!("%{:02X}", u32::from(letter))),
            _ if letter.is_control() => name.push_str(&format!("%{:02X}", u32::from(letter))),
            _ => name.push(letter),
        }
    }
}

fn shown(mapping: &TableMapping, table: &Table) -> Vec<Shown> {
    let columns = table.columns.iter().enumerate();
    let kept = columns.filter(|(_, column)| !mapping.leave_out.iter().any(|n| *n == *column.name));
    let shown = kept.map(|(at, column)| {
        let mut field = Vec::new();
        json::string(&mut field, &column.name);
        field.push(b':');
        let (name, kind) = (column.name.clone(), column.kind.clone());
        Shown { column: at, name, field, kind, is_identity: column.is_identity }
    });
    shown.collect()
}

fn tags(mapping: &TableMapping, table: &Table) -> Result<Vec<Vec<Piece>>, MappingError> {
    let parse = |template: &String| {
        let mut pieces = Vec::new();
        let mut left = template.as_str();
        while let Some((text, rest)) = left.split_once('{') {
            let Some((name, rest)) = rest.split_once('}') else { break };
            pieces.push(Piece::Text(text.to_owned()));
            pieces.push(Piece::Column(column(table, name)?));
            left = rest;
        }
        pieces.push(Piece::Text(left.to_owned()));
        Ok(pieces)
    };
    mapping.tags.iter().map(parse).collect()
}

/// `OrderItems` and what happened to it, for `order_items`.
fn names(mapping: &TableMapping, bare: &str) -> Result<Names, String> {
    let capitalised = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>())
    };
    let thing: String = bare.split(['_', '-', ' ']).filter_map(capitalised).collect();
    let name = |given: &Option<String>, happened: &str| {
        let name = given.clone().unwrap_or_else(|| format!("{thing}{happened}"));
        EventType::new(name).map_err(|error| error.to_string())
    };
    let given = &mapping.names;
    Ok(Names {
        found: name(&given.found, "Found")?,
        inserted: name(&given.inserted, "Inserted")?,
        updated: name(&given.updated, "Updated")?,
        deleted: name(&given.deleted, "Deleted")?,
        truncated: name(&given.truncated, "Truncated")?,
    })
}
