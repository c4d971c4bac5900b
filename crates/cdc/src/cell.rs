//! Rows as a log tells them: what stands in each column, as the database writes it in text.
//!
//! Why: text is exact for every type: no number is squeezed through a float, and a type that we do
//! not know is still shown as its database shows it.

use bytestring::ByteString;

/// What stands in one column of a row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cell {
    /// SQL's null.
    Null,
    /// A large value that the change did not touch and that the log therefore does not repeat.
    Unchanged,
    /// The value in the database's own text.
    Text(ByteString),
}

impl Cell {
    /// The text; `None` for null and for what was not told.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Unchanged => None,
        }
    }
}

/// A row, or the part of it that the log tells: one cell for each column of its table.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Row(pub Vec<Cell>);

impl Row {
    /// The cell of a column; null where the row is shorter than its table.
    pub fn cell(&self, column: usize) -> &Cell {
        self.0.get(column).unwrap_or(&Cell::Null)
    }
}
