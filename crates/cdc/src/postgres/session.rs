//! A session: who we are, queries in text, and the stream of the log.
//!
//! Why our own: the drivers have no copy in both directions, which is how the log is streamed, and a
//! snapshot of a replication slot lives only as long as the session that made it. Here one small
//! session does both, and rows of tables and rows of the log are the same text.
//!
//! Invariants: every session speaks UTF-8, ISO dates and UTC, so a value looks the same whoever set
//! up the server. D3, an answer is bounded.

use super::bytes::{Malformed, Reading};
use super::frame::{Frame, Frames, refusal};
use super::settings::PostgresSettings;
use crate::cell::{Cell, Row};
use crate::database::DatabaseError;
use crate::limits::ANSWER_BYTES_MAX;
use bytes::{Bytes, BytesMut};
use postgres_protocol::authentication;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::frontend;

/// What a session is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// Queries.
    Queries,
    /// The log, and queries.
    Log,
}

/// A connection to one database. One thing at a time.
pub(crate) struct Session {
    frames: Frames,
}

/// How values are written: the same in every session.
const OPTIONS: &str = "-c datestyle=ISO,YMD -c intervalstyle=iso_8601 -c timezone=UTC \
     -c extra_float_digits=3 -c bytea_output=hex -c standard_conforming_strings=on \
     -c statement_timeout=0 -c idle_in_transaction_session_timeout=0 -c lock_timeout=0";

impl Session {
    pub(crate) async fn connect(
        settings: &PostgresSettings,
        purpose: Purpose,
    ) -> Result<Self, DatabaseError> {
        let mut session = Self { frames: Frames::connect(settings).await? };
        let mut parameters = vec![
            ("user", settings.user.as_str()),
            ("database", &settings.database),
            ("application_name", "headwater-cdc"),
            ("client_encoding", "UTF8"),
            ("options", OPTIONS),
        ];
        if purpose == Purpose::Log {
            parameters.push(("replication", "database"));
        }
        let mut hello = BytesMut::new();
        frontend::startup_message(parameters, &mut hello).map_err(|error| protocol(&error))?;
        session.frames.send(&hello).await?;
        session.authenticate(settings).await?;
        loop {
            match session.frame("the session").await?.tag {
                b'Z' => return Ok(session),
                b'S' | b'K' => {}
                tag => return Err(unexpected(tag, "a session begins")),
            }
        }
    }

    async fn authenticate(&mut self, settings: &PostgresSettings) -> Result<(), DatabaseError> {
        let mut scram: Option<ScramSha256> = None;
        loop {
            let frame = self.frame("the session").await?;
            if frame.tag != b'R' {
                return Err(unexpected(frame.tag, "it asks who we are"));
            }
            let mut reading = Reading::of(frame.body);
            let mut answer = BytesMut::new();
            match (reading.u32("how to prove who we are")?, &mut scram) {
                (0, _) => return Ok(()),
                (3, _) => {
                    let password = self.password(settings)?;
                    frontend::password_message(password.as_bytes(), &mut answer)
                }
                (5, _) => {
                    let salt = reading.u32("a salt")?.to_be_bytes();
                    let (user, password) = (settings.user.as_bytes(), self.password(settings)?);
                    let proof = authentication::md5_hash(user, password.as_bytes(), salt);
                    frontend::password_message(proof.as_bytes(), &mut answer)
                }
                (10, _) => {
                    let password = self.password(settings)?.as_bytes();
                    let begun = ScramSha256::new(password, ChannelBinding::unsupported());
                    let first = begun.message().to_vec();
                    scram = Some(begun);
                    frontend::sasl_initial_response(SCRAM_SHA_256, &first, &mut answer)
                }
                (11, Some(scram)) => scram
                    .update(&reading.rest())
                    .and_then(|()| frontend::sasl_response(scram.message(), &mut answer)),
                (12, Some(scram)) => scram.finish(&reading.rest()),
                (method, _) => {
                    let why = format!("it asks for a proof of kind {method}, which we have not");
                    return Err(self.credentials(why));
                }
            }
            .map_err(|error| self.credentials(error.to_string()))?;
            self.frames.send(&answer).await?;
        }
    }

    fn password<'a>(&self, settings: &'a PostgresSettings) -> Result<&'a str, DatabaseError> {
        let missing = || self.credentials("it asks for a password, and none is set".to_owned());
        settings.password.as_deref().ok_or_else(missing)
    }

    fn credentials(&self, why: String) -> DatabaseError {
        DatabaseError::Credentials { server: self.frames.server().to_owned(), why }
    }

    /// The rows of the last statement in `sql` that has any.
    pub(crate) async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        self.ask(sql).await?;
        let (mut rows, mut bytes, mut refused) = (Vec::new(), 0, None);
        loop {
            let frame = self.frames.next().await?;
            match frame.tag {
                b'T' => rows.clear(),
                b'D' => {
                    bytes += frame.body.len();
                    if bytes > ANSWER_BYTES_MAX {
                        let (found, max) = (bytes as u64, ANSWER_BYTES_MAX as u64);
                        let what = "the bytes of an answer";
                        return Err(Malformed::TooMany { what, found, max }.into());
                    }
                    rows.push(data_row(frame.body)?);
                }
                b'E' => refused = Some(refusal(frame.body, sql)),
                b'Z' => return refused.map_or(Ok(rows), Err),
                b'C' | b'I' | b'N' | b'S' | b'A' => {}
                tag => return Err(unexpected(tag, sql)),
            }
        }
    }

    /// Begins a stream in both directions.
    pub(crate) async fn copy_both(mut self, sql: &str) -> Result<CopyBoth, DatabaseError> {
        self.ask(sql).await?;
        loop {
            match self.frame(sql).await?.tag {
                b'W' => return Ok(CopyBoth { frames: self.frames }),
                b'S' => {}
                tag => return Err(unexpected(tag, sql)),
            }
        }
    }

    async fn ask(&mut self, sql: &str) -> Result<(), DatabaseError> {
        let mut out = BytesMut::new();
        frontend::query(sql, &mut out).map_err(|error| protocol(&error))?;
        self.frames.send(&out).await
    }

    /// The next frame that is no notice; a refusal is an error.
    async fn frame(&mut self, asked: &str) -> Result<Frame, DatabaseError> {
        loop {
            let frame = self.frames.next().await?;
            match frame.tag {
                b'E' => return Err(refusal(frame.body, asked)),
                b'N' => {}
                _ => return Ok(frame),
            }
        }
    }
}

/// A stream of copied data in both directions.
pub(crate) struct CopyBoth {
    frames: Frames,
}

impl CopyBoth {
    /// The next piece; `None` when the server ends. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, DatabaseError> {
        loop {
            let frame = self.frames.next().await?;
            if let Some(piece) = piece(frame)? {
                return Ok(piece);
            }
        }
    }

    /// The next piece, if it is here already.
    pub(crate) fn ready(&mut self) -> Result<Option<Option<Bytes>>, DatabaseError> {
        while let Some(frame) = self.frames.ready()? {
            if let Some(piece) = piece(frame)? {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }

    pub(crate) async fn send(&mut self, data: &[u8]) -> Result<(), DatabaseError> {
        let mut out = BytesMut::with_capacity(data.len() + 5);
        frontend::CopyData::new(data).map_err(|error| protocol(&error))?.write(&mut out);
        self.frames.send(&out).await
    }
}

/// Copied data, the end of it, or nothing for a frame that does not matter here.
fn piece(frame: Frame) -> Result<Option<Option<Bytes>>, DatabaseError> {
    match frame.tag {
        b'd' => Ok(Some(Some(frame.body))),
        b'c' => Ok(Some(None)),
        b'E' => Err(refusal(frame.body, "the stream of the log")),
        b'N' | b'S' | b'A' | b'C' => Ok(None),
        tag => Err(unexpected(tag, "the stream of the log")),
    }
}

fn data_row(body: Bytes) -> Result<Row, Malformed> {
    let mut reading = Reading::of(body);
    let count = usize::from(reading.u16("the count of values")?);
    let max = reading.left() / 4;
    if count > max {
        let (found, max) = (count as u64, max as u64);
        return Err(Malformed::TooMany { what: "the count of values", found, max });
    }
    let cell = |reading: &mut Reading| match reading.u32("the length of a value")? {
        u32::MAX => Ok(Cell::Null),
        count => reading.text("a value", count as usize).map(Cell::Text),
    };
    let row = (0..count).map(|_| cell(&mut reading)).collect::<Result<_, _>>().map(Row)?;
    reading.end("a row")?;
    Ok(row)
}

fn protocol(error: &std::io::Error) -> DatabaseError {
    DatabaseError::Protocol { why: error.to_string() }
}

fn unexpected(tag: u8, asked: &str) -> DatabaseError {
    let tag = char::from(tag);
    DatabaseError::Protocol { why: format!("it answers {tag:?} where {asked}") }
}

/// A text as a literal of SQL.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A name as SQL quotes it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
