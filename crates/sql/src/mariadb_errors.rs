//! MariaDB's errors, sorted by what can be done about them.

use crate::SqlError;
use crate::error::shorten;
use mysql_async::Error;

/// Waited for a lock in vain, was chosen as the victim of a deadlock, read what has moved on.
const BUSY: &[u16] = &[1205, 1213, 1020];
/// No room on the disk, or in a table.
const FULL: &[u16] = &[1021, 1114];
/// Duplicate keys, foreign keys, null, checks.
const CONSTRAINT: &[u16] = &[1022, 1048, 1062, 1169, 1216, 1217, 1451, 1452, 1557, 1586, 4025];
/// Shutting down, killed, too many connections, out of something.
const AWAY: &[u16] = &[1037, 1038, 1040, 1041, 1053, 1077, 1079, 1152, 1203, 1226, 1317, 1927];
/// A damaged index or table.
const CORRUPT: &[u16] = &[126, 1034, 1035, 1194, 1195, 1712, 1877];

/// Sorts an error of the driver.
pub(crate) fn from_mariadb(error: &Error, sql: &str) -> SqlError {
    let sql = shorten(sql);
    let Error::Server(refused) = error else {
        return SqlError::Io { what: sql, why: error.to_string() };
    };
    let why = refused.to_string();
    match refused.code {
        code if BUSY.contains(&code) => SqlError::Busy { why },
        code if FULL.contains(&code) => SqlError::Full { why },
        code if CONSTRAINT.contains(&code) => SqlError::Constraint { sql, why },
        code if AWAY.contains(&code) => SqlError::Io { what: sql, why },
        code if CORRUPT.contains(&code) => SqlError::Corrupt { database: "MariaDB".into(), why },
        _ => SqlError::Statement { sql, why },
    }
}
