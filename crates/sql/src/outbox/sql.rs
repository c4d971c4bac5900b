//! What the dialects say differently.

use super::session::Dialect;
use std::fmt::Write as _;

/// The database's clock, in milliseconds since 1970: relays on several machines share no other.
pub(crate) fn now_ms(dialect: Dialect) -> &'static str {
    match dialect {
        #[cfg(feature = "sqlite")]
        Dialect::Sqlite => "cast(unixepoch('subsec') * 1000 as integer)",
        #[cfg(feature = "postgres")]
        Dialect::Postgres => "cast(extract(epoch from clock_timestamp()) * 1000 as bigint)",
        #[cfg(feature = "mariadb")]
        Dialect::MariaDb => "cast(unix_timestamp(sysdate(3)) * 1000 as signed)",
    }
}

/// An instant's column in microseconds since 1970.
pub(crate) fn micros(dialect: Dialect, column: &str) -> String {
    match dialect {
        #[cfg(feature = "sqlite")]
        Dialect::Sqlite => format!("cast(unixepoch({column}, 'subsec') * 1000000 as integer)"),
        #[cfg(feature = "postgres")]
        Dialect::Postgres => format!("cast(extract(epoch from {column}) * 1000000 as bigint)"),
        #[cfg(feature = "mariadb")]
        Dialect::MariaDb => format!("cast(unix_timestamp({column}) * 1000000 as signed)"),
    }
}

/// A column as a text.
pub(crate) fn as_text(dialect: Dialect, column: &str) -> String {
    match dialect {
        #[cfg(feature = "sqlite")]
        Dialect::Sqlite => format!("cast({column} as text)"),
        #[cfg(feature = "postgres")]
        Dialect::Postgres => format!("cast({column} as text)"),
        #[cfg(feature = "mariadb")]
        Dialect::MariaDb => format!("cast({column} as char)"),
    }
}

/// A column as a whole number of 64 bits.
pub(crate) fn as_number(dialect: Dialect, column: &str) -> String {
    match dialect {
        #[cfg(feature = "sqlite")]
        Dialect::Sqlite => column.to_owned(),
        #[cfg(feature = "postgres")]
        Dialect::Postgres => format!("cast({column} as bigint)"),
        #[cfg(feature = "mariadb")]
        Dialect::MariaDb => column.to_owned(),
    }
}

/// A text column in the order of its bytes.
pub(crate) fn by_bytes(dialect: Dialect, column: &str) -> String {
    match dialect {
        #[cfg(feature = "sqlite")]
        Dialect::Sqlite => column.to_owned(),
        #[cfg(feature = "postgres")]
        Dialect::Postgres => format!("{column} collate \"C\""),
        #[cfg(feature = "mariadb")]
        Dialect::MariaDb => column.to_owned(),
    }
}

/// Begins a transaction that will write.
pub(crate) fn begin(dialect: Dialect) -> &'static str {
    match dialect {
        #[cfg(feature = "sqlite")]
        Dialect::Sqlite => "begin immediate",
        #[cfg(feature = "postgres")]
        Dialect::Postgres => "begin",
        #[cfg(feature = "mariadb")]
        Dialect::MariaDb => "start transaction",
    }
}

/// Whether rows are taken away one key at a time.
pub(crate) fn takes_keys_singly(dialect: Dialect) -> bool {
    match dialect {
        #[cfg(feature = "sqlite")]
        Dialect::Sqlite => false,
        #[cfg(feature = "postgres")]
        Dialect::Postgres => false,
        #[cfg(feature = "mariadb")]
        Dialect::MariaDb => true,
    }
}

/// Behind a `select`: nobody else gets these rows before the transaction ends.
pub(crate) fn for_update(dialect: Dialect) -> &'static str {
    match dialect {
        #[cfg(feature = "sqlite")]
        Dialect::Sqlite => "", // the transaction has the whole file
        #[cfg(feature = "postgres")]
        Dialect::Postgres => " for update",
        #[cfg(feature = "mariadb")]
        Dialect::MariaDb => " for update",
    }
}

/// An `insert` that leaves what is there; without parameters' brackets.
pub(crate) fn insert_new(dialect: Dialect, table: &str, columns: &str, values: &str) -> String {
    match dialect {
        #[cfg(feature = "mariadb")]
        Dialect::MariaDb => format!("insert ignore into {table} ({columns}) values ({values})"),
        #[cfg(any(feature = "sqlite", feature = "postgres"))]
        _ => format!("insert into {table} ({columns}) values ({values}) on conflict do nothing"),
    }
}

/// `1, 2, 3`.
pub(crate) fn list<T: std::fmt::Display>(items: &[T]) -> String {
    let mut list = String::with_capacity(items.len() * 8);
    for item in items {
        let comma = if list.is_empty() { "" } else { ", " };
        write!(list, "{comma}{item}").expect("a String takes every write");
    }
    list
}
