//! The sides' names in the tables.

/// Headwater by its own client.
pub(crate) const HEADWATER: &str = "headwater";
/// Headwater by KurrentDB's protocol and client.
pub(crate) const KURRENT: &str = "- kurrentdb";
/// UmaDB.
pub(crate) const UMADB: &str = "umadb";
/// Redis Streams.
pub(crate) const REDIS: &str = "redis";
/// PostgreSQL.
pub(crate) const POSTGRES: &str = "postgres";
/// A gRPC call with nothing behind it.
pub(crate) const ECHO: &str = "grpc echo";
