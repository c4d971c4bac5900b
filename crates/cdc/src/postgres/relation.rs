//! What a table looks like: its columns, their types, and what identifies a row.
//!
//! Why: a change tells values without names. The log says before the first of them, and again after
//! a change of the table, which column each stands for.

use super::bytes::{Malformed, Reading};
use super::message::meaningless;
use crate::limits::COLUMN_COUNT_MAX;
use bytestring::ByteString;

/// A table, as the log knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Relation {
    /// Its number.
    pub oid: u32,
    /// Its schema.
    pub schema: ByteString,
    /// Its name.
    pub name: ByteString,
    /// What the log tells of a row as it was.
    pub identity: ReplicaIdentity,
    /// Its columns, in the order of the values.
    pub columns: Vec<RelationColumn>,
}

/// What the log tells of a row that was changed or deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReplicaIdentity {
    /// Its primary key.
    Default,
    /// Nothing: PostgreSQL refuses updates and deletes of the table while it is published.
    Nothing,
    /// All of it.
    Full,
    /// The columns of a chosen unique index.
    Index,
}

impl ReplicaIdentity {
    /// As `pg_class.relreplident` and the log write it.
    pub(crate) fn of_letter(letter: u8) -> Option<Self> {
        match letter {
            b'd' => Some(Self::Default),
            b'n' => Some(Self::Nothing),
            b'f' => Some(Self::Full),
            b'i' => Some(Self::Index),
            _ => None,
        }
    }
}

/// A column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RelationColumn {
    /// Its name.
    pub name: ByteString,
    /// Its type's number.
    pub type_oid: u32,
    /// What narrows the type, as in `varchar(20)`; -1 for nothing.
    pub type_modifier: i32,
    /// Whether it belongs to the replica identity.
    pub is_identity: bool,
}

impl Relation {
    /// `public.orders`.
    pub fn full_name(&self) -> String {
        // The log leaves the name of PostgreSQL's own schema out.
        let schema = if self.schema.is_empty() { "pg_catalog" } else { &self.schema };
        format!("{schema}.{}", self.name)
    }

    pub(super) fn decode(reading: &mut Reading) -> Result<Self, Malformed> {
        let oid = reading.u32("the table")?;
        let schema = reading.name("the table's schema")?;
        let name = reading.name("the table's name")?;
        let letter = reading.u8("the replica identity")?;
        let identity = ReplicaIdentity::of_letter(letter);
        let identity = identity.ok_or_else(|| meaningless("the replica identity", letter))?;
        let count = usize::from(reading.u16("the count of columns")?);
        let max = COLUMN_COUNT_MAX.min(reading.left() / COLUMN_BYTES_MIN);
        if count > max {
            let (found, max) = (count as u64, max as u64);
            return Err(Malformed::TooMany { what: "the count of columns", found, max });
        }
        let columns = (0..count).map(|_| column(reading)).collect::<Result<_, _>>()?;
        Ok(Self { oid, schema, name, identity, columns })
    }
}

/// Flags, the end of a name, type and modifier.
const COLUMN_BYTES_MIN: usize = 1 + 1 + 4 + 4;

fn column(reading: &mut Reading) -> Result<RelationColumn, Malformed> {
    let is_identity = match reading.u8("the flags of a column")? {
        0 => false,
        1 => true,
        flags => return Err(meaningless("the flags of a column", flags)),
    };
    Ok(RelationColumn {
        is_identity,
        name: reading.name("a column's name")?,
        type_oid: reading.u32("a column's type")?,
        type_modifier: reading.u32("a type's modifier")?.cast_signed(),
    })
}
