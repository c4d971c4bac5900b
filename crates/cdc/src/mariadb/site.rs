//! A site: one server, one store and one mapping, with what a session of mining knows of them.

use super::catalog::{self, KnownTable};
use super::log_files::LogFiles;
use super::session::{Session, literal};
use super::settings::MariaDbSettings;
use super::shape::{Charsets, LoggedTable, UnreadTable};
use crate::bound::{Bound, Keys};
use crate::database::DatabaseError;
use crate::error::MineError;
use crate::job::Job;
use crate::notes::SourceName;
use crate::postgres::site::EVENT_IDS;
use crate::rule::MappingError;
use hashbrown::HashSet;
use headwater_model::EventId;
use mysql_async::binlog::events::TableMapEvent;

pub(crate) struct Site {
    pub(crate) job: Job,
    pub(crate) from: MariaDbSettings,
    /// For questions, while another connection streams the log. It holds the lock that says that we
    /// are the one who mines under this number.
    pub(crate) queries: Session,
    pub(crate) source: SourceName,
    pub(crate) tables: Vec<KnownTable>,
    charsets: Charsets,
    ids: EventId,
}

/// A table of the log, and what makes events of it.
pub(crate) struct Mapped {
    pub(crate) logged: LoggedTable,
    pub(crate) bound: Bound,
}

impl Site {
    /// Connects, and checks all that can be checked before anything is mined.
    pub(crate) async fn open(job: &Job, from: &MariaDbSettings) -> Result<Self, MineError> {
        let mut queries = Session::connect(from).await?;
        let server = catalog::check_server(&mut queries).await?;
        let lock = literal(&format!("headwater-cdc-{}", from.reader_id));
        let locked = queries.ask(&format!("select get_lock({lock}, 0)")).await?;
        if locked.as_deref() != Some("1") {
            return Err(MineError::ReaderBusy { reader_id: from.reader_id });
        }
        let charsets = catalog::charsets(&mut queries).await?;
        let mut tables = Vec::new();
        let mut seen = HashSet::new();
        for name in job.settings.mapping.names() {
            if !seen.insert(name) {
                let why = "it is mapped twice".to_owned();
                return Err(MappingError::Table { table: name.to_owned(), why }.into());
            }
            tables.push(catalog::table(&mut queries, name).await?);
        }
        let source = SourceName { system: format!("mariadb {server}"), database: String::new() };
        let (job, from) = (job.clone(), from.clone());
        let site = Self { job, from, queries, source, tables, charsets, ids: EVENT_IDS };
        for table in &site.tables {
            site.found(table)?;
        }
        Ok(site)
    }

    /// A log can begin anew with the same places, so each copy of the tables has ids of its own.
    pub(crate) fn begin_generation(&mut self, generation: u32) {
        self.ids = EVENT_IDS.derive_named(&format!("{}/{generation}", self.source));
    }

    /// The files of the log as they are now.
    pub(crate) async fn files(&mut self) -> Result<LogFiles, DatabaseError> {
        LogFiles::look(&mut self.queries).await
    }

    /// What makes events of a table's rows as queries show them.
    pub(crate) fn found(&self, table: &KnownTable) -> Result<Bound, MineError> {
        let (primary, usual) = (table.primary.clone(), table.primary.clone());
        let keys = Keys { usual, primary };
        let bound = Bound::of(&self.job.settings.mapping, table.shown()?, keys, self.ids)?;
        bound.ok_or_else(|| MineError::NoTable { table: table.name.clone() })
    }

    /// What makes events of a table as the log shows it; `None` for one that is not mapped.
    pub(crate) async fn bind(
        &mut self,
        map: &TableMapEvent<'_>,
    ) -> Result<Option<Mapped>, MineError> {
        let table = format!("{}.{}", map.database_name(), map.table_name());
        let job = self.job.clone();
        if !job.settings.mapping.names().any(|mapped| mapped == table) {
            return Ok(None);
        }
        let known = catalog::columns(&mut self.queries, &table).await?;
        let logged =
            LoggedTable::of(map, &known, &self.charsets).map_err(|unread| match unread {
                UnreadTable::NoNames => MineError::ServerSetting {
                    name: "binlog_row_metadata".to_owned(),
                    found: "something else where the log is read".to_owned(),
                    wanted: "FULL".to_owned(),
                },
                UnreadTable::Column { column, why } => {
                    MineError::Column { table: table.clone(), column, why }
                }
                UnreadTable::Malformed(why) => DatabaseError::Protocol { why }.into(),
            })?;
        let primary = self.tables.iter().find(|known| known.name == table);
        let primary = primary.map(|known| known.primary.clone()).unwrap_or_default();
        let keys = Keys { usual: primary.clone(), primary };
        let bound = Bound::of(&job.settings.mapping, logged.table.clone(), keys, self.ids)?;
        Ok(bound.map(|bound| Mapped { logged, bound }))
    }
}
