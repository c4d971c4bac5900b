//! How a command ended, as a number a script can act on and a line a person can.
//!
//! Why: `set -e` is only useful when a conflict and a full disk do not look alike.

mod backup;

pub(crate) use backup::DamagedBackup;

use crate::args::Output;
use headwater_model::{
    AppendError, ContextName, GroupError, NoContext, ReadError, Retry, ScavengeError, Unavailable,
};
use headwater_registry::RegistryError;
use headwater_server::ServerError;
use headwater_sql::outbox::RelayError;
use std::fmt;
use std::process::ExitCode;

/// What a script sees. Kept in step with the help page in `args`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ending {
    Failed = 1,
    Usage = 2,
    Refused = 3,
    NotFound = 4,
    Corrupt = 5,
    Unavailable = 6,
}

/// What was asked for is not there.
#[derive(Debug)]
pub(crate) struct NotFound(pub(crate) String);

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotFound {}

/// A context was asked for by a name that none has.
#[derive(Debug)]
pub(crate) struct NoSuchContext {
    pub(crate) cause: NoContext,
    /// Those that there are.
    pub(crate) there: Vec<ContextName>,
}

impl NoSuchContext {
    pub(crate) fn of(context: ContextName, there: Vec<ContextName>) -> Self {
        Self { cause: NoContext::among(context, &there), there }
    }
}

impl fmt::Display for NoSuchContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)?;
        if self.cause.nearest.is_some() {
            return Ok(());
        }
        let there: Vec<&str> = self.there.iter().map(ContextName::as_str).collect();
        let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
        write!(f, "; there are: {there}")
    }
}

impl std::error::Error for NoSuchContext {}

/// A running service said no, or nothing.
#[derive(Debug)]
pub(crate) struct Answered {
    /// The stable code that it gave.
    pub(crate) code: String,
    /// What it said.
    pub(crate) detail: String,
    /// As HTTP puts it; `None` if there was no answer.
    pub(crate) status: Option<u16>,
}

impl fmt::Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Answered {}

impl Answered {
    fn ending(&self) -> Ending {
        match self.status {
            Some(404) => Ending::NotFound,
            Some(409 | 422) => Ending::Refused,
            Some(503) | None => Ending::Unavailable,
            Some(_) => Ending::Failed,
        }
    }
}

/// Inputs were retried and failed again; each was printed already.
#[derive(Debug)]
pub(crate) struct StillParked(pub(crate) usize);

impl fmt::Display for StillParked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("one input failed again, and stays parked"),
            count => write!(f, "{count} inputs failed again, and stay parked"),
        }
    }
}

impl std::error::Error for StillParked {}

/// The files are not sound; the report was printed already.
#[derive(Debug)]
pub(crate) struct Damaged(pub(crate) usize);

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = if self.0 == 1 { "place" } else { "places" };
        write!(f, "the data is damaged in {} {places}; restore from a backup", self.0)
    }
}

impl std::error::Error for Damaged {}

/// Says on standard error what went wrong, and returns the number for the shell.
#[expect(clippy::print_stderr, reason = "the last word of a command goes to the person at it")]
pub(crate) fn failed(error: &anyhow::Error, output: Output) -> ExitCode {
    let (ending, code) = classify(error);
    match output {
        Output::Text => {
            eprintln!("headwater: {error:#}");
            if let Some(hint) = hint(code) {
                eprintln!("  {hint}");
            }
        }
        Output::Json => {
            let detail = format!("{error:#}");
            eprintln!("{}", serde_json::json!({ "error": { "code": code, "detail": detail } }));
        }
    }
    ExitCode::from(ending as u8)
}

/// What a person does next, where the message itself does not say.
fn hint(code: &str) -> Option<&'static str> {
    Some(match code {
        "append.wrong_revision" => {
            "read it again, and append with --expect and the revision that it is at"
        }
        "append.id_reused" => "give the new event an --id of its own, or leave --id out",
        "store.locked" => {
            "one process has a directory at a time: stop that one, or ask it while it runs"
        }
        "store.corrupt" => "`headwater verify` looks at every byte and says what is wrong where",
        "store.full" => "free some space; nothing that was acknowledged is lost",
        _ => return None,
    })
}

fn classify(error: &anyhow::Error) -> (Ending, &str) {
    if let Some(answered) = error.downcast_ref::<Answered>() {
        return (answered.ending(), &answered.code);
    }
    if error.downcast_ref::<StillParked>().is_some() {
        return (Ending::Refused, "cli.still_parked");
    }
    if error.downcast_ref::<NotFound>().is_some() {
        return (Ending::NotFound, "cli.not_found");
    }
    if let Some(none) = error.downcast_ref::<NoSuchContext>() {
        return (Ending::NotFound, none.cause.code());
    }
    if let Some(found) = backup::classify(error) {
        return found;
    }
    if error.downcast_ref::<Damaged>().is_some() {
        return (Ending::Corrupt, "store.corrupt");
    }
    if let Some(relay) = error.downcast_ref::<RelayError>() {
        let ending = match relay.retry() {
            Retry::Later | Retry::AfterReload => Ending::Unavailable,
            Retry::Never => Ending::Failed,
        };
        return (ending, relay.code());
    }
    if let Some(registry) = error.downcast_ref::<RegistryError>() {
        return (of_registry(registry), registry.code());
    }
    if let Some(append) = error.downcast_ref::<AppendError>() {
        let ending = match append {
            AppendError::Unavailable(_) | AppendError::Unknown(_) => Ending::Unavailable,
            AppendError::Corrupt(_) => Ending::Corrupt,
            AppendError::NoContext(_) => Ending::NotFound,
            other if other.retry() == Retry::AfterReload => Ending::Refused,
            AppendError::IdReused { .. }
            | AppendError::PartlyRepeated { .. }
            | AppendError::Tombstoned { .. } => Ending::Refused,
            _ => Ending::Failed,
        };
        return (ending, append.code());
    }
    if let Some(read) = error.downcast_ref::<ReadError>() {
        let ending = match read {
            ReadError::Corrupt(_) => Ending::Corrupt,
            ReadError::Unavailable(_) => Ending::Unavailable,
            ReadError::NoContext(_) => Ending::NotFound,
            ReadError::Diverged { .. } | ReadError::Invalid { .. } | ReadError::Denied(_) => {
                Ending::Failed
            }
        };
        return (ending, read.code());
    }
    if let Some(group) = error.downcast_ref::<GroupError>() {
        return (of_group(group), group.code());
    }
    if let Some(scavenge) = error.downcast_ref::<ScavengeError>() {
        return (of_scavenge(scavenge), scavenge.code());
    }
    if let Some(unavailable) = error.downcast_ref::<Unavailable>() {
        return (Ending::Unavailable, unavailable.code());
    }
    if error.downcast_ref::<crate::settings::Wrong>().is_some() {
        return (Ending::Usage, "cli.settings");
    }
    if let Some(server) = error.downcast_ref::<ServerError>() {
        return (Ending::Failed, server.code());
    }
    (Ending::Failed, "cli.failed")
}

fn of_registry(error: &RegistryError) -> Ending {
    match error {
        RegistryError::Unknown { .. } => Ending::NotFound,
        RegistryError::Incompatible { .. }
        | RegistryError::OlderVersion { .. }
        | RegistryError::Contended { .. } => Ending::Refused,
        _ => Ending::Failed,
    }
}

fn of_group(error: &GroupError) -> Ending {
    match error {
        GroupError::NotFound { .. } | GroupError::NoContext(_) => Ending::NotFound,
        GroupError::Exists { .. }
        | GroupError::Fixed { .. }
        | GroupError::NotYours { .. }
        | GroupError::NotAMember { .. }
        | GroupError::TooManyMembers { .. } => Ending::Refused,
        GroupError::Unknown(_) | GroupError::Unavailable(_) => Ending::Unavailable,
        GroupError::Corrupt(_) => Ending::Corrupt,
        GroupError::Diverged { .. } | GroupError::Invalid { .. } | GroupError::Denied(_) => {
            Ending::Failed
        }
    }
}

fn of_scavenge(error: &ScavengeError) -> Ending {
    match error {
        ScavengeError::Corrupt(_) => Ending::Corrupt,
        ScavengeError::Unavailable(_) | ScavengeError::Unknown(_) => Ending::Unavailable,
        ScavengeError::UnderWay => Ending::Refused,
        ScavengeError::NoContext(_) => Ending::NotFound,
        ScavengeError::NotHere { .. }
        | ScavengeError::Invalid { .. }
        | ScavengeError::Denied(_) => Ending::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_and_a_full_disk_end_differently() {
        let full = Unavailable::Full { why: "journal".into() };
        let tombstoned = AppendError::Tombstoned {
            stream: headwater_model::StreamName::new("order-1").expect("a name"),
        };
        assert_eq!(classify(&anyhow::Error::new(tombstoned)).0, Ending::Refused);
        assert_eq!(
            classify(&anyhow::Error::new(AppendError::Unavailable(full))),
            (Ending::Unavailable, "store.full")
        );
        assert_eq!(classify(&anyhow::anyhow!("something else")).0, Ending::Failed);
    }
}
