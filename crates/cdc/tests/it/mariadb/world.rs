//! A world for one test: a database of its own on a server of all, a store, and a miner between.

use crate::world::Stage;
use headwater_cdc::{
    AfterLoss, LagPolicy, Mapping, MariaDbSettings, MinerSettings, Mining, TableMapping,
};
use headwater_outside::{MariaDb, Options, or_skip};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) struct World {
    pub(crate) mariadb: &'static MariaDb,
    pub(crate) database: String,
    reader_id: u32,
    stage: Stage,
}

impl std::ops::Deref for World {
    type Target = Stage;
    fn deref(&self) -> &Stage {
        &self.stage
    }
}

/// What a server must be like.
pub(crate) fn options() -> Options {
    let options = Options::default().set("log-bin", "log").set("server-id", "1");
    options.set("binlog-format", "row").set("binlog-row-metadata", "full")
}

/// A server of the test's own, which lives as long as the process.
pub(crate) fn own(options: Options) -> Option<&'static MariaDb> {
    or_skip(MariaDb::start(options)).map(|server| &*Box::leak(Box::new(server)))
}

impl World {
    /// With these statements run in a new database; `None` where there is no server.
    pub(crate) async fn new(setup: &[&str]) -> Option<Self> {
        static SHARED: OnceLock<Option<&'static MariaDb>> = OnceLock::new();
        let server = *SHARED.get_or_init(|| own(options()));
        Some(Self::on(server?, setup).await)
    }

    pub(crate) async fn on(mariadb: &'static MariaDb, setup: &[&str]) -> Self {
        static READERS: AtomicU32 = AtomicU32::new(100);
        let database = mariadb.database().expect("a database");
        let reader_id = READERS.fetch_add(1, Ordering::Relaxed);
        let world = Self { mariadb, database, reader_id, stage: Stage::new().await };
        setup.iter().for_each(|sql| world.sql(sql));
        world
    }

    /// Statements one behind the other, on one connection each.
    pub(crate) fn sql(&self, sql: &str) {
        self.mariadb.rows(&self.database, sql).expect("the statement is good");
    }

    /// Statements of one transaction.
    pub(crate) fn transaction(&self, statements: &[&str]) {
        let body = statements.join("; ");
        self.sql(&format!("begin not atomic start transaction; {body}; commit; end"));
    }

    /// Statements on one connection, which keeps what they set.
    pub(crate) fn connection(&self, statements: &str) {
        let statements: Vec<_> = statements.split("; ").collect();
        self.mariadb.conversation(&self.database, &statements).expect("they are good");
    }

    /// Ends what the server still does for readers of its log that went away: it keeps their files.
    pub(crate) fn let_go(&self) {
        let of = "from information_schema.processlist where command = 'Binlog Dump'";
        loop {
            let left = self.mariadb.rows("mysql", &format!("select id, sleep(0.02) {of}"));
            let left = left.expect("the question is good");
            if left.is_empty() {
                return;
            }
            for id in left.iter().filter_map(|row| row[0].as_ref()) {
                // One that has just ended needs nothing.
                let _ended = self.mariadb.rows("mysql", &format!("kill {id}"));
            }
        }
    }

    pub(crate) fn ask(&self, sql: &str) -> String {
        let rows = self.mariadb.rows(&self.database, sql).expect("the question is good");
        rows[0][0].clone().unwrap_or_default()
    }

    /// A table of this world, with its defaults.
    pub(crate) fn table(&self, name: &str) -> TableMapping {
        TableMapping::of(&format!("{}.{name}", self.database))
    }

    pub(crate) fn server(&self) -> MariaDbSettings {
        let socket = self.mariadb.socket().to_str().expect("a plain path").to_owned();
        MariaDbSettings::new(&socket, self.mariadb.port(), "root", self.reader_id)
    }

    pub(crate) fn settings(&self, mapping: Mapping) -> MinerSettings {
        MinerSettings {
            name: "miner".to_owned(),
            source: self.server().into(),
            mapping,
            lag: LagPolicy::default(),
            after_loss: AfterLoss::Halt,
        }
    }

    pub(crate) fn mine(&self, mapping: Mapping) -> Mining {
        self.mine_with(self.settings(mapping))
    }
}
