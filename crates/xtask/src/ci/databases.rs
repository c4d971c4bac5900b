//! Database servers: had, or their absence counted.
//!
//! Why: tests that need a server skip loudly where there is none, but a test binary's last line
//! does not know that. What was not checked is counted here, once for each server.

use super::step::Step;
use super::tally::Tally;
use headwater_outside::{MariaDb, OutsideError, Postgres};

/// A server's name, and whether it can be had.
type Server = (&'static str, fn() -> Result<(), OutsideError>);

const SERVERS: &[Server] = &[("postgresql", Postgres::look), ("mariadb", MariaDb::look)];

/// One step for each server, in front of the tests: what is fetched is there when they run.
pub(super) fn steps() -> impl Iterator<Item = Step> {
    SERVERS.iter().map(|(name, look)| Step {
        name: format!("server-{name}"),
        claim: format!("{name} is here, or fetched, for the tests that need it"),
        run: Box::new(move |_| Ok(look().map_or_else(|why| left_out(&why), |()| Tally::PASSED))),
    })
}

/// A machine of CI has what Debian's packages provide.
fn left_out(why: &OutsideError) -> Tally {
    if std::env::var_os("CI").is_some() {
        println!("✘ {why}");
        return Tally::FAILED;
    }
    println!("⚠ SKIPPED: {why}");
    println!("  What the tests claim of it is NOT checked.");
    Tally::SKIPPED
}
