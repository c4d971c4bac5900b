//! Why a miner does not go on, and what to do next.
//!
//! Invariant: nothing of this loses a change. What is in the store stays there, with the place up to
//! which it was mined; what is behind that place is still in the log, or the error says that it is not.

use crate::database::DatabaseError;
use crate::place::LogPlace;
use crate::postgres::message::MessageError;
use crate::rule::{MappingError, UnfitRow};
use headwater_model::{AppendError, ReadError, Retry};

/// Why a miner stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MineError {
    /// The server keeps no log that can be decoded.
    #[error(
        "wal_level is {found}, and must be logical: `ALTER SYSTEM SET wal_level = logical`, then restart the server"
    )]
    WalLevel {
        /// What it is.
        found: String,
    },
    /// There is no such publication.
    #[error("there is no publication {publication}: `{cure}`")]
    NoPublication {
        /// Its name.
        publication: String,
        /// What makes it.
        cure: String,
    },
    /// A mapped table is not published, so its changes are not in the stream.
    #[error(
        "{table} is not in publication {publication}: `ALTER PUBLICATION {publication} ADD TABLE {table}`"
    )]
    NotPublished {
        /// The table.
        table: String,
        /// The publication.
        publication: String,
    },
    /// A mapped table is not there.
    #[error("there is no table {table} in this database, or its user may not see it")]
    NoTable {
        /// The table.
        table: String,
    },
    /// The log does not tell which row was changed or deleted.
    #[error(
        "{table} has no replica identity, so updates and deletes of it are refused or not told: give it a primary key, or `ALTER TABLE {table} REPLICA IDENTITY USING INDEX …` or `… FULL`"
    )]
    NoIdentity {
        /// The table.
        table: String,
    },
    /// A replication slot of this name is there that this miner did not make.
    #[error(
        "replication slot {slot} is there, but not for this miner ({why}): name another, or `SELECT pg_drop_replication_slot('{slot}')`"
    )]
    SlotTaken {
        /// Its name.
        slot: String,
        /// What does not fit.
        why: String,
    },
    /// Somebody reads from it now.
    #[error(
        "replication slot {slot} is in use by server process {process}; another instance mines, or an old connection has not ended yet"
    )]
    SlotBusy {
        /// Its name.
        slot: String,
        /// The server's process.
        process: String,
    },
    /// The slot is gone, and with it what held the log back.
    #[error(
        "replication slot {slot} is gone: changes behind {mined} may be lost to the log; copy the tables again"
    )]
    SlotGone {
        /// Its name.
        slot: String,
        /// How far the log was mined.
        mined: LogPlace,
    },
    /// The server threw log away that the slot needed.
    #[error(
        "replication slot {slot} was invalidated (wal_status = {status}): changes behind {mined} are lost to the log; copy the tables again, and raise max_slot_wal_keep_size or watch the lag"
    )]
    SlotLost {
        /// Its name.
        slot: String,
        /// What the server says of it.
        status: String,
        /// How far the log was mined.
        mined: LogPlace,
    },
    /// Somebody else read from the slot.
    #[error(
        "replication slot {slot} is at {at}, beyond {mined}, up to which this miner has mined: somebody else read from it, and what is between is lost; copy the tables again"
    )]
    SlotMovedOn {
        /// Its name.
        slot: String,
        /// Where it is.
        at: LogPlace,
        /// How far the log was mined.
        mined: LogPlace,
    },
    /// The database is older than what was mined of it.
    #[error(
        "the database's log ends at {end}, before {mined}, up to which it was mined: it was restored from a backup; copy the tables again"
    )]
    DatabaseBehind {
        /// The end of its log.
        end: LogPlace,
        /// How far it was mined.
        mined: LogPlace,
    },
    /// It is another server or database.
    #[error(
        "this miner has mined {known}, and is now shown {found}: give a miner for another database another name"
    )]
    OtherDatabase {
        /// What it has mined.
        known: String,
        /// What it is shown.
        found: String,
    },
    /// The slot held back more than was allowed, and was given up by policy.
    #[error(
        "replication slot {slot} held {retained} bytes of log back, more than the {retained_max} that were allowed, and was dropped before the disk is full; copy the tables again"
    )]
    GivenUp {
        /// Its name.
        slot: String,
        /// Bytes it held back.
        retained: u64,
        /// Bytes that were allowed.
        retained_max: u64,
    },
    /// Another server than this reads the log of.
    #[error(
        "this is no MariaDB ({version}); its log is mined by MariaDB's own numbers of transactions"
    )]
    NotMariaDb {
        /// What it says it is.
        version: String,
    },
    /// The log does not have what is needed.
    #[error(
        "{name} is {found}, and must be {wanted}: `SET GLOBAL {name} = {wanted}` and in the server's settings; sessions that are open keep what they had, and log_bin asks for a restart"
    )]
    ServerSetting {
        /// The variable.
        name: String,
        /// What it is.
        found: String,
        /// What it must be.
        wanted: String,
    },
    /// A table whose changes cannot be told from the log.
    #[error(
        "{table} is {kind}, whose rows cannot be mined; only tables of InnoDB can, without versions of the system's"
    )]
    TableKind {
        /// The table.
        table: String,
        /// What it is.
        kind: String,
    },
    /// A column that is not read.
    #[error("column {column} of {table} cannot be mined: {why}")]
    Column {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// Why not.
        why: String,
    },
    /// Another instance mines under this number.
    #[error(
        "somebody else reads this server's log as reader {reader_id}: another instance mines, or its connection has not ended yet"
    )]
    ReaderBusy {
        /// The number.
        reader_id: u32,
    },
    /// The server has deleted files of the log that were not mined.
    #[error(
        "the log behind {mined} was purged, the oldest file is {oldest}: changes are lost to the log; copy the tables again, and raise binlog_expire_logs_seconds or watch the lag"
    )]
    LogPurged {
        /// How far it was mined.
        mined: LogPlace,
        /// The oldest file that is there.
        oldest: String,
    },
    /// The log is another than the one that was mined.
    #[error(
        "the log is not the one that was mined up to {mined} ({why}): it was reset, or the database was restored; copy the tables again"
    )]
    LogReset {
        /// How far it was mined.
        mined: LogPlace,
        /// What shows it.
        why: String,
    },
    /// The server cannot send its log.
    #[error("the server cannot send its log: {why}; copy the tables again")]
    LogRefused {
        /// Its words.
        why: String,
    },
    /// The log has what is not read here.
    #[error("the log has what cannot be read: {why}; then copy the tables again")]
    LogUnread {
        /// What it is, and what prevents it.
        why: String,
    },
    /// A statement changed rows, or took a table away, and the log has no rows of it.
    #[error(
        "rows of {table} changed, or it went away, by `{statement}`, of which the log tells no rows; copy the tables again"
    )]
    Untold {
        /// The table.
        table: String,
        /// The statement.
        statement: String,
    },
    /// The log does not have the whole row.
    #[error(
        "the log does not have all columns of a changed row of {table}: a session had set binlog_row_image to something else than FULL; copy the tables again"
    )]
    RowImage {
        /// The table.
        table: String,
    },
    /// A distributed transaction changed mapped tables.
    #[error(
        "transaction {transaction} was prepared for a distributed commit (XA) with rows of mapped tables, and the log does not tell them with their commit; copy the tables again, and keep mapped tables out of XA"
    )]
    Prepared {
        /// Its number.
        transaction: String,
    },
    /// The miner lags more than was allowed.
    #[error(
        "{behind} bytes of log are not mined, more than the {behind_max} that are allowed; the server may delete its files now; copy the tables again"
    )]
    FarBehind {
        /// Bytes that are not mined.
        behind: u64,
        /// Bytes that are allowed.
        behind_max: u64,
    },
    /// A table was emptied while it was copied in several passes.
    #[error(
        "{table} was truncated while it was being copied, and the copy was interrupted: which of its rows were there before cannot be told any more; copy the tables again"
    )]
    TruncatedMeanwhile {
        /// The table.
        table: String,
    },
    /// A table changed, and the mapping says to stop.
    #[error(
        "the columns of {table} changed ({what}), and its mapping says to stop: look at who reads its events, then start the miner again"
    )]
    SchemaChanged {
        /// The table.
        table: String,
        /// What is different.
        what: String,
    },
    /// The mapping does not fit.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// A row cannot be an event.
    #[error(transparent)]
    Row(#[from] UnfitRow),
    /// The database does not do what it was asked for.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The log is not what its protocol says.
    #[error(transparent)]
    Log(#[from] MessageError),
    /// The store refused the events.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What this miner noted in the store is not readable.
    #[error("the miner's own notes in {stream} cannot be read: {why}")]
    Notes {
        /// Where they are.
        stream: String,
        /// What does not fit.
        why: String,
    },
}

impl MineError {
    /// What can be done.
    pub fn retry(&self) -> Retry {
        match self {
            Self::SlotBusy { .. } | Self::ReaderBusy { .. } => Retry::Later,
            Self::Database(cause) => cause.retry(),
            Self::Append(cause) => match cause.retry() {
                // Another instance, or a lost reply: the store says where to go on.
                Retry::AfterReload | Retry::Later => Retry::Later,
                Retry::Never => Retry::Never,
            },
            Self::Read(cause) => cause.retry(),
            _ => Retry::Never,
        }
    }

    /// Whether the log no longer has what is missing, so that only a new copy of the tables helps.
    pub const fn is_loss(&self) -> bool {
        matches!(
            self,
            Self::SlotGone { .. }
                | Self::SlotLost { .. }
                | Self::SlotMovedOn { .. }
                | Self::DatabaseBehind { .. }
                | Self::GivenUp { .. }
                | Self::TruncatedMeanwhile { .. }
                | Self::LogPurged { .. }
                | Self::LogReset { .. }
                | Self::LogRefused { .. }
                | Self::LogUnread { .. }
                | Self::Untold { .. }
                | Self::RowImage { .. }
                | Self::Prepared { .. }
                | Self::FarBehind { .. }
        )
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::WalLevel { .. } => "cdc.wal_level",
            Self::NoPublication { .. } => "cdc.no_publication",
            Self::NotPublished { .. } => "cdc.not_published",
            Self::NoTable { .. } => "cdc.no_table",
            Self::NoIdentity { .. } => "cdc.no_identity",
            Self::SlotTaken { .. } => "cdc.slot_taken",
            Self::SlotBusy { .. } => "cdc.slot_busy",
            Self::SlotGone { .. } => "cdc.slot_gone",
            Self::SlotLost { .. } => "cdc.slot_lost",
            Self::SlotMovedOn { .. } => "cdc.slot_moved_on",
            Self::DatabaseBehind { .. } => "cdc.database_behind",
            Self::OtherDatabase { .. } => "cdc.other_database",
            Self::GivenUp { .. } => "cdc.given_up",
            Self::NotMariaDb { .. } => "cdc.not_mariadb",
            Self::ServerSetting { .. } => "cdc.server_setting",
            Self::TableKind { .. } => "cdc.table_kind",
            Self::Column { .. } => "cdc.column",
            Self::ReaderBusy { .. } => "cdc.reader_busy",
            Self::LogPurged { .. } => "cdc.log_purged",
            Self::LogReset { .. } => "cdc.log_reset",
            Self::LogRefused { .. } => "cdc.log_refused",
            Self::LogUnread { .. } => "cdc.log_unread",
            Self::Untold { .. } => "cdc.untold",
            Self::RowImage { .. } => "cdc.row_image",
            Self::Prepared { .. } => "cdc.prepared",
            Self::FarBehind { .. } => "cdc.far_behind",
            Self::TruncatedMeanwhile { .. } => "cdc.truncated_meanwhile",
            Self::SchemaChanged { .. } => "cdc.schema_changed",
            Self::Mapping(_) => "cdc.mapping",
            Self::Row(_) => "cdc.row",
            Self::Database(cause) => cause.code(),
            Self::Log(_) => "cdc.log",
            Self::Append(cause) => cause.code(),
            Self::Read(cause) => cause.code(),
            Self::Notes { .. } => "cdc.notes",
        }
    }
}
