//! All that a service's code needs: `use headwater::prelude::*;`.

pub use crate::open::OpenStore;
pub use headwater_framework::Service;
pub use headwater_framework::prelude::*;
pub use headwater_service::{Serve, Services, Site, StartError, TelemetrySettings};
pub use headwater_sql::{Sqlite, SqliteReader, SqliteTx};
