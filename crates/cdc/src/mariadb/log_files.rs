//! The files of the binary log: which are there, whether ours is among them, how far we lag.

use super::session::Session;
use crate::database::DatabaseError;
use crate::error::MineError;
use crate::place::LogPlace;
use crate::status::LogState;

/// The files of a server's log, oldest first.
#[derive(Debug)]
pub(crate) struct LogFiles(Vec<LogFile>);

#[derive(Debug)]
struct LogFile {
    number: u32,
    name: String,
    bytes: u64,
}

/// The number of a file by its name: `log.000007` is 7.
pub(crate) fn number_of(name: &str) -> Result<u32, DatabaseError> {
    let number = name.rsplit_once('.').and_then(|(_, digits)| digits.parse().ok());
    let why = || format!("{name:?} is no file of a binary log");
    number.ok_or_else(|| DatabaseError::Protocol { why: why() })
}

/// A place of the log, from what the server calls it.
pub(crate) fn place(file: u32, at: u64) -> Result<LogPlace, DatabaseError> {
    let why = || format!("no place can be {at} bytes into file {file} of the log");
    LogPlace::in_file(file, at).ok_or_else(|| DatabaseError::Protocol { why: why() })
}

impl LogFiles {
    pub(crate) async fn look(session: &mut Session) -> Result<Self, DatabaseError> {
        let rows = session.query("show binary logs").await?;
        let file = |row: &crate::cell::Row| {
            let name = row.cell(0).text().unwrap_or_default().to_owned();
            let bytes = row.cell(1).text().and_then(|text| text.parse().ok()).unwrap_or_default();
            Ok(LogFile { number: number_of(&name)?, name, bytes })
        };
        rows.iter().map(file).collect::<Result<_, _>>().map(Self)
    }

    /// The file of a place; an error if the log no longer has what is behind it.
    pub(crate) fn name_of(&self, mined: LogPlace) -> Result<&str, MineError> {
        let gone = |why: &str| MineError::LogReset { mined, why: why.to_owned() };
        let Some((number, at)) = mined.file() else {
            return Err(gone("the place is none of a binary log"));
        };
        let Some(file) = self.0.iter().find(|file| file.number == number) else {
            return Err(match self.0.first().filter(|oldest| oldest.number > number) {
                Some(oldest) => MineError::LogPurged { mined, oldest: oldest.name.clone() },
                None => gone("its file is not there yet"),
            });
        };
        if file.bytes < at {
            let why = format!("its file {} has only {} bytes", file.name, file.bytes);
            return Err(MineError::LogReset { mined, why });
        }
        Ok(&file.name)
    }

    /// How the log is, for somebody who has mined it up to there.
    pub(crate) fn state(&self, mined: LogPlace) -> Result<LogState, DatabaseError> {
        let (number, at) = mined.file().unwrap_or_default();
        let behind = self.0.iter().map(|file| match file.number.cmp(&number) {
            std::cmp::Ordering::Less => 0,
            std::cmp::Ordering::Equal => file.bytes.saturating_sub(at),
            std::cmp::Ordering::Greater => file.bytes,
        });
        let of = |file: Option<&LogFile>, at: fn(&LogFile) -> u64| {
            file.map_or(Ok(LogPlace::default()), |file| place(file.number, at(file)))
        };
        Ok(LogState {
            oldest: of(self.0.first(), |_| 0)?,
            end: of(self.0.last(), |file| file.bytes)?,
            behind_bytes: behind.sum(),
            file_count: self.0.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> LogFiles {
        let file = |number, bytes| LogFile { number, name: format!("log.{number:06}"), bytes };
        LogFiles(vec![file(3, 100), file(4, 50), file(5, 10)])
    }

    #[test]
    fn a_place_is_in_the_log_or_it_is_said_why_not() {
        let code = |number, at| {
            files()
                .name_of(LogPlace::in_file(number, at).expect("a place"))
                .map_err(|e| e.code())
                .map(str::to_owned)
        };
        assert_eq!(code(4, 50).as_deref(), Ok("log.000004"));
        assert_eq!(code(4, 51), Err("cdc.log_reset"));
        assert_eq!(code(2, 4), Err("cdc.log_purged"));
        assert_eq!(code(6, 4), Err("cdc.log_reset"));
    }

    #[test]
    fn the_lag_is_what_is_left_of_our_file_and_all_behind_it() {
        let state = files().state(LogPlace::in_file(3, 90).expect("a place")).expect("a state");
        assert_eq!((state.behind_bytes, state.file_count), (70, 3));
        assert_eq!(
            (state.oldest.to_string(), state.end.to_string()),
            ("000003:0".into(), "000005:10".into())
        );
    }
}
