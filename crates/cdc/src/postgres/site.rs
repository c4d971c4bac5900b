//! A site: one database, one store and one mapping, with what a session of mining knows of them.

use super::catalog::{self, KnownTable};
use super::kinds::Kinds;
use super::relation::{Relation, ReplicaIdentity};
use super::session::{Purpose, Session};
use super::settings::PostgresSource;
use crate::bound::{Bound, Keys};
use crate::change::{Column, Table};
use crate::database::DatabaseError;
use crate::error::MineError;
use crate::job::Job;
use crate::notes::SourceName;
use hashbrown::HashMap;
use headwater_model::EventId;
use uuid::Uuid;

/// What all ids of mined events derive from.
pub(crate) const EVENT_IDS: EventId =
    EventId(Uuid::from_u128(0x6864_7763_6463_2d65_7665_6e74_0000_0001));

pub(crate) struct Site {
    pub(crate) job: Job,
    pub(crate) from: PostgresSource,
    /// For questions, while another session streams the log.
    pub(crate) queries: Session,
    pub(crate) server: u32,
    pub(crate) source: SourceName,
    pub(crate) tables: Vec<KnownTable>,
    kinds: Kinds,
    primary: HashMap<String, Vec<String>>,
    ids: EventId,
}

impl Site {
    /// Connects, and checks all that can be checked before anything is mined.
    pub(crate) async fn open(job: &Job, from: &PostgresSource) -> Result<Self, MineError> {
        let mut queries = Session::connect(&from.database, Purpose::Queries).await?;
        let server = catalog::check_server(&mut queries).await?;
        let source = source(from).await?;
        let (publication, mapping) = (&from.publication, &job.settings.mapping);
        let tables = catalog::tables(&mut queries, publication, mapping, server).await?;
        let primary = |table: &KnownTable| (table.relation.full_name(), table.primary.clone());
        let mut site = Self {
            job: job.clone(),
            from: from.clone(),
            queries,
            server,
            ids: EVENT_IDS.derive_named(&source.to_string()),
            source,
            primary: tables.iter().map(primary).collect(),
            kinds: Kinds::default(),
            tables,
        };
        for n in 0..site.tables.len() {
            let relation = site.tables[n].relation.clone();
            site.bind(&relation).await?;
        }
        Ok(site)
    }

    /// What makes events of a table that looks like this; `None` for one that is not mapped.
    pub(crate) async fn bind(&mut self, relation: &Relation) -> Result<Option<Bound>, MineError> {
        let name = relation.full_name();
        let job = self.job.clone();
        if !job.settings.mapping.names().any(|mapped| mapped == name) {
            return Ok(None);
        }
        let seen = self.table(relation).await?;
        let primary = self.primary.get(&name).cloned().unwrap_or_default();
        let keys = Keys { usual: key(relation, &primary), primary };
        Ok(Bound::of(&job.settings.mapping, seen, keys, self.ids)?)
    }

    async fn table(&mut self, relation: &Relation) -> Result<Table, DatabaseError> {
        let mut columns = Vec::with_capacity(relation.columns.len());
        for column in &relation.columns {
            columns.push(Column {
                name: column.name.clone(),
                kind: self.kinds.kind(&mut self.queries, column.type_oid).await?,
                type_name: format!("{}:{}", column.type_oid, column.type_modifier).into(),
                is_identity: column.is_identity,
            });
        }
        Ok(Table {
            name: relation.full_name().into(),
            columns,
            tells_all_before: relation.identity == ReplicaIdentity::Full,
        })
    }
}

/// The columns that name a row: what identifies it in the log; else its primary key.
fn key(relation: &Relation, primary: &[String]) -> Vec<String> {
    let told = relation.columns.iter().filter(|column| column.is_identity);
    match relation.identity {
        ReplicaIdentity::Full => primary.to_vec(),
        _ => told.map(|column| column.name.to_string()).collect(),
    }
}

/// Which server and database this is.
async fn source(from: &PostgresSource) -> Result<SourceName, DatabaseError> {
    let mut log = Session::connect(&from.database, Purpose::Log).await?;
    let rows = log.query("IDENTIFY_SYSTEM").await?;
    let text = |at| rows.first().and_then(|row| row.cell(at).text()).map(str::to_owned);
    match (text(0), text(3)) {
        (Some(system), Some(database)) => Ok(SourceName { system, database }),
        _ => Err(DatabaseError::Protocol { why: "the server does not say who it is".to_owned() }),
    }
}
