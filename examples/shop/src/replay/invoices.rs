//! A shop's year, from the rows of a file to invoices in the order they were written.
//!
//! Why: the replay drives what really happened, so it must read it exactly: rows of one invoice are
//! not always adjacent, prices have three places, some rows name no customer.
//!
//! Picture:
//! ```text
//!   InvoiceNo,…,Quantity,InvoiceDate,UnitPrice,CustomerID    ──▶  Invoice { number, customer, deed }
//!   a row without a customer is counted and skipped                order | return | nothing
//! ```
//! Invariant: an invoice is all rows with its number, in the order of its first row.

use super::decimal::{Decimal, Total};
use flate2::bufread::GzDecoder;
use serde::Deserialize;
use shop_money::Money;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// What an invoice asks of the shop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    /// An order of this total.
    Order(Money),
    /// Goods brought back, worth this much.
    Return(Money),
    /// Nothing: its total is zero, or it gives without being a return.
    Nothing,
}

/// All rows with one number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invoice {
    /// Its number, `C…` for a return.
    pub number: String,
    /// Whose it is.
    pub customer: String,
    /// What it asks.
    pub deed: Deed,
}

/// All invoices of a file, in order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Book {
    /// Rows without a customer.
    pub rows_skipped: u64,
    /// In the order of their first rows.
    pub invoices: Vec<Invoice>,
}

/// Why a file is not a book of invoices.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// Not there, not readable, not gzip though it begins like it.
    #[error("cannot read {path}: {why}")]
    Unreadable {
        /// Which file.
        path: String,
        /// The system's words.
        why: std::io::Error,
    },
    /// Not rows of the columns we need.
    #[error(transparent)]
    Rows(#[from] csv::Error),
    /// A row whose figures cannot be read, or add up to more than money can say.
    #[error("invoice {number}, near line {line}: {what} {text:?} is not usable")]
    Figure {
        /// Its invoice.
        number: String,
        /// Where.
        line: u64,
        /// Which figure.
        what: &'static str,
        /// As given.
        text: String,
    },
    /// Whose is it?
    #[error("invoice {number} names two customers, {first} and {second} (near line {line})")]
    TwoCustomers {
        /// The invoice.
        number: String,
        /// Where.
        line: u64,
        /// Its first row's.
        first: String,
        /// Another row's.
        second: String,
    },
}

#[derive(Deserialize)]
struct Row {
    #[serde(rename = "InvoiceNo")]
    invoice: String,
    #[serde(rename = "Quantity")]
    quantity: String,
    #[serde(rename = "UnitPrice")]
    unit_price: String,
    #[serde(rename = "CustomerID")]
    customer: String,
}

struct Open {
    number: String,
    customer: String,
    total: Total,
}

impl Book {
    /// Reads a CSV file, gzipped or not.
    ///
    /// # Errors
    /// [`BookError`] names the line and what is wrong with it.
    pub fn open(path: &Path) -> Result<Self, BookError> {
        let unreadable = |why| BookError::Unreadable { path: path.display().to_string(), why };
        let mut file = BufReader::with_capacity(1 << 16, File::open(path).map_err(unreadable)?);
        let gzipped = file.fill_buf().map_err(unreadable)?.starts_with(&[0x1f, 0x8b]);
        if gzipped { Self::read(GzDecoder::new(file)) } else { Self::read(file) }
    }

    /// Reads rows.
    ///
    /// # Errors
    /// As [`Book::open`].
    pub fn read(rows: impl Read) -> Result<Self, BookError> {
        let mut rows = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(rows);
        let headers = rows.byte_headers()?.clone();
        let mut record = csv::ByteRecord::new();
        let mut book = Self::default();
        let mut open: Vec<Open> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        while rows.read_byte_record(&mut record)? {
            let line = record.position().map_or(0, csv::Position::line);
            let row: Row = record.deserialize(Some(&headers))?;
            if matches!(row.customer.as_str(), "" | "NA") {
                book.rows_skipped += 1;
                continue;
            }
            let place = *places.entry(row.invoice.clone()).or_insert_with(|| {
                open.push(Open::new(&row));
                open.len() - 1
            });
            open[place].take(&row, line)?;
        }
        book.invoices = open.into_iter().map(Open::close).collect::<Result<_, _>>()?;
        Ok(book)
    }

    /// Each customer's invoices in order, customers in the order they are first met.
    pub fn by_customer(&self) -> Vec<(&str, Vec<&Invoice>)> {
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut customers: Vec<(&str, Vec<&Invoice>)> = Vec::new();
        for invoice in &self.invoices {
            let place = *places.entry(&invoice.customer).or_insert_with(|| {
                customers.push((&invoice.customer, Vec::new()));
                customers.len() - 1
            });
            customers[place].1.push(invoice);
        }
        customers
    }
}

impl Open {
    fn new(row: &Row) -> Self {
        Self {
            number: row.invoice.clone(),
            customer: customer_name(&row.customer).to_owned(),
            total: Total::default(),
        }
    }

    fn take(&mut self, row: &Row, line: u64) -> Result<(), BookError> {
        let figure = |what, text: &str| BookError::Figure {
            number: row.invoice.clone(),
            line,
            what,
            text: text.to_owned(),
        };
        let quantity = Decimal::parse(&row.quantity);
        let quantity = quantity.ok_or_else(|| figure("quantity", &row.quantity))?;
        let price = Decimal::parse(&row.unit_price);
        let price = price.ok_or_else(|| figure("unit price", &row.unit_price))?;
        if customer_name(&row.customer) != self.customer {
            return Err(BookError::TwoCustomers {
                number: self.number.clone(),
                line,
                first: self.customer.clone(),
                second: row.customer.clone(),
            });
        }
        let total = self.total.add(quantity, price);
        self.total = total.ok_or_else(|| figure("total after price", &row.unit_price))?;
        Ok(())
    }

    fn close(self) -> Result<Invoice, BookError> {
        let size = self.total.size().ok_or_else(|| BookError::Figure {
            number: self.number.clone(),
            line: 0,
            what: "total",
            text: format!("{:?}", self.total),
        })?;
        let deed = if size == Money::ZERO {
            Deed::Nothing
        } else if self.number.starts_with('C') {
            Deed::Return(size)
        } else if self.total.is_negative() {
            Deed::Nothing
        } else {
            Deed::Order(size)
        };
        Ok(Invoice { number: self.number, customer: self.customer, deed })
    }
}

/// The file writes whole numbers as `17850.0`.
fn customer_name(text: &str) -> &str {
    text.strip_suffix(".0").unwrap_or(text)
}

#[cfg(test)]
mod tests;
