//! The site in MariaDB: databases of a real server.

use super::{ReaderOf, Site, TxOf};
use headwater_framework::Failed;
use headwater_outside::MariaDb as Server;
use headwater_sql::MariaDb;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) struct MariaDbSite(pub(crate) String);

impl Site for MariaDbSite {
    type Db = MariaDb;

    fn fresh() -> Option<Self> {
        let server = Server::shared()?;
        Some(Self(server.url(&server.database().unwrap())))
    }

    fn database(&self) -> MariaDb {
        MariaDb::at(&self.0).unwrap()
    }

    fn places(sql: &str) -> String {
        sql.to_owned()
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
