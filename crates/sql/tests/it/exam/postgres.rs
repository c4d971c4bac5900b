//! The site in PostgreSQL: a database of a real server.

use super::{ReaderOf, Site, TxOf};
use headwater_framework::Failed;
use headwater_outside::Postgres as Server;
use headwater_sql::Postgres;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) struct PostgresSite(String);

impl Site for PostgresSite {
    type Db = Postgres;

    fn fresh() -> Option<Self> {
        let server = Server::shared()?;
        Some(Self(server.address(&server.database().unwrap())))
    }

    fn database(&self) -> Postgres {
        Postgres::at(&self.0).unwrap()
    }

    /// `$1`, `$2`, …
    fn places(sql: &str) -> String {
        let mut pieces = sql.split('?');
        let first = pieces.next().unwrap_or_default().to_owned();
        let numbered = pieces.enumerate();
        numbered.fold(first, |sql, (index, piece)| format!("{sql}${}{piece}", index + 1))
    }

    fn execute<P: Serialize>(
        tx: &mut TxOf<Self>,
        sql: &str,
        parameters: P,
    ) -> impl Future<Output = Result<(), Failed>> + Send {
        tx.execute(sql, parameters)
    }

    fn row<T: DeserializeOwned + Send, P: Serialize>(
        tx: &mut TxOf<Self>,
        sql: &str,
        parameters: P,
    ) -> impl Future<Output = Result<Option<T>, Failed>> + Send {
        tx.row(sql, parameters)
    }

    async fn count_read(reader: &mut ReaderOf<Self>) -> u64 {
        reader.row("select count(*) from entries", ()).await.unwrap().unwrap()
    }
}
