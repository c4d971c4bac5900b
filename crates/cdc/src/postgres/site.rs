//! A site: one database, one store and one mapping, with what a session of mining knows of them.

use super::catalog::{self, KnownTable};
use super::error::PostgresError;
use super::kinds::Kinds;
use super::relation::{Relation, ReplicaIdentity};
use super::session::{Purpose, Session};
use crate::change::{Column, Table};
use crate::error::MineError;
use crate::miner::MinerSettings;
use crate::notes::{Names, SourceName};
use crate::rule::{MappingError, Rule};
use crate::status::Status;
use hashbrown::HashMap;
use headwater_model::{EventId, EventStore};
use std::sync::Arc;
use uuid::Uuid;

/// What all ids of mined events derive from.
const EVENT_IDS: EventId = EventId(Uuid::from_u128(0x6864_7763_6463_2d65_7665_6e74_0000_0001));

pub(crate) struct Site {
    pub(crate) settings: Arc<MinerSettings>,
    pub(crate) store: Arc<dyn EventStore>,
    pub(crate) status: Arc<Status>,
    pub(crate) names: Names,
    /// For questions, while another session streams the log.
    pub(crate) queries: Session,
    pub(crate) server: u32,
    pub(crate) source: SourceName,
    pub(crate) tables: Vec<KnownTable>,
    kinds: Kinds,
    primary: HashMap<String, Vec<String>>,
    ids: EventId,
}

/// A table and what makes events of it.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) table: Table,
    pub(crate) rule: Rule,
    /// The columns by which its rows are copied in order, and where they are in a row.
    pub(crate) copy_key: Vec<(String, usize)>,
    /// Whether its rows are copied.
    pub(crate) copy: bool,
    /// Whether the miner stops when its columns change.
    pub(crate) halts: bool,
}

impl Site {
    /// Connects, and checks all that can be checked before anything is mined.
    pub(crate) async fn open(
        settings: &Arc<MinerSettings>,
        store: &Arc<dyn EventStore>,
        status: &Arc<Status>,
        names: &Names,
    ) -> Result<Self, MineError> {
        let mut queries = Session::connect(&settings.database, Purpose::Queries).await?;
        let server = catalog::check_server(&mut queries).await?;
        let source = source(settings).await?;
        let (publication, mapping) = (&settings.publication, &settings.mapping);
        let tables = catalog::tables(&mut queries, publication, mapping, server).await?;
        let primary = |table: &KnownTable| (table.relation.full_name(), table.primary.clone());
        let mut site = Self {
            settings: Arc::clone(settings),
            store: Arc::clone(store),
            status: Arc::clone(status),
            names: names.clone(),
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
        let settings = Arc::clone(&self.settings);
        let table = settings.mapping.tables.iter().find(|table| table.table == name);
        let outbox = settings.mapping.outboxes.iter().find(|outbox| outbox.table == name);
        if table.is_none() && outbox.is_none() {
            return Ok(None);
        }
        let seen = self.table(relation).await?;
        let primary = self.primary.get(&name).cloned().unwrap_or_default();
        let (rule, copy, halts, key) = match (table, outbox) {
            (Some(mapping), _) => {
                let key = key(&mapping.key, relation, &primary);
                let rule = Rule::of_table(mapping, &key, &seen, self.ids)?;
                let halts = mapping.on_schema_change == crate::mapping::OnSchemaChange::Halt;
                (rule, mapping.copy, halts, if primary.is_empty() { key } else { primary })
            }
            (None, Some(mapping)) => {
                (Rule::of_outbox(mapping, &seen)?, mapping.copy, false, primary)
            }
            (None, None) => return Ok(None),
        };
        let place = |name: String| seen.column(&name).map(|at| (name, at));
        let copy_key: Vec<_> = key.into_iter().filter_map(place).collect();
        if copy && copy_key.is_empty() {
            return Err(MappingError::NoKey { table: name }.into());
        }
        Ok(Some(Bound { table: seen, rule, copy_key, copy, halts }))
    }

    async fn table(&mut self, relation: &Relation) -> Result<Table, PostgresError> {
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

/// The columns that name a row: as mapped; else what identifies it in the log; else its primary key.
fn key(mapped: &[String], relation: &Relation, primary: &[String]) -> Vec<String> {
    let told = relation.columns.iter().filter(|column| column.is_identity);
    match (mapped.is_empty(), relation.identity) {
        (false, _) => mapped.to_vec(),
        (true, ReplicaIdentity::Full) => primary.to_vec(),
        (true, _) => told.map(|column| column.name.to_string()).collect(),
    }
}

/// Which server and database this is.
async fn source(settings: &MinerSettings) -> Result<SourceName, PostgresError> {
    let mut log = Session::connect(&settings.database, Purpose::Log).await?;
    let rows = log.query("IDENTIFY_SYSTEM").await?;
    let text = |at| rows.first().and_then(|row| row.cell(at).text()).map(str::to_owned);
    match (text(0), text(3)) {
        (Some(system), Some(database)) => Ok(SourceName { system, database }),
        _ => Err(PostgresError::Protocol { why: "the server does not say who it is".to_owned() }),
    }
}
