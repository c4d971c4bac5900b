//! The site in SQLite: a file.

use super::{ReaderOf, Site, TxOf};
use headwater_framework::Failed;
use headwater_sql::Sqlite;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;

pub(crate) struct SqliteSite(TempDir);

impl Site for SqliteSite {
    type Db = Sqlite;

    fn fresh() -> Option<Self> {
        Some(Self(tempfile::tempdir().unwrap()))
    }

    fn database(&self) -> Sqlite {
        Sqlite::file(self.0.path().join("ledger.db"))
    }

    fn places(sql: &str) -> String {
        sql.to_owned()
    }

    fn execute<P: Serialize>(
        tx: &mut TxOf<Self>,
        sql: &str,
        parameters: P,
    ) -> impl Future<Output = Result<(), Failed>> + Send {
        std::future::ready(tx.execute(sql, parameters))
    }

    fn row<T: DeserializeOwned + Send, P: Serialize>(
        tx: &mut TxOf<Self>,
        sql: &str,
        parameters: P,
    ) -> impl Future<Output = Result<Option<T>, Failed>> + Send {
        std::future::ready(tx.row(sql, parameters))
    }

    async fn count_read(reader: &mut ReaderOf<Self>) -> u64 {
        reader.row("select count(*) from entries", ()).unwrap().unwrap()
    }
}
