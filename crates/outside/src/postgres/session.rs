//! A conversation with PostgreSQL, as small as preparing a test needs: trust, and plain statements.

use crate::{OutsideError, Row};
use std::io::{BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

/// Version 3.0 of the protocol.
const PROTOCOL: u32 = 196_608;

pub(super) struct Session {
    stream: BufReader<UnixStream>,
}

impl Session {
    pub(super) fn open(socket: &Path, user: &str, database: &str) -> Result<Self, OutsideError> {
        let what = format!("connecting to {}", socket.display());
        let stream = UnixStream::connect(socket).map_err(OutsideError::doing(what))?;
        let mut session = Self { stream: BufReader::new(stream) };
        let parameters = format!("user\0{user}\0database\0{database}\0\0");
        let mut startup = PROTOCOL.to_be_bytes().to_vec();
        startup.extend(parameters.as_bytes());
        session.send(None, &startup)?;
        session.until_ready("connect")?;
        Ok(session)
    }

    pub(super) fn rows(&mut self, sql: &str) -> Result<Vec<Row>, OutsideError> {
        self.send(Some(b'Q'), &[sql.as_bytes(), &[0]].concat())?;
        self.until_ready(sql)
    }

    fn send(&mut self, kind: Option<u8>, body: &[u8]) -> Result<(), OutsideError> {
        let mut bytes: Vec<u8> = kind.into_iter().collect();
        let length = u32::try_from(body.len() + 4).expect("a statement of a test is small");
        bytes.extend(length.to_be_bytes());
        bytes.extend(body);
        self.stream.get_mut().write_all(&bytes).map_err(OutsideError::doing("asking PostgreSQL"))
    }

    /// Everything until the server waits for the next statement.
    fn until_ready(&mut self, sql: &str) -> Result<Vec<Row>, OutsideError> {
        let (mut rows, mut refused) = (Vec::new(), None);
        loop {
            let (kind, body) = self.message(refused.as_ref())?;
            match kind {
                b'Z' => return refused.map_or(Ok(rows), Err),
                b'D' => rows.push(row(&body)),
                b'E' => {
                    refused = Some(OutsideError::Refused { sql: sql.into(), why: words(&body) });
                }
                _ => {}
            }
        }
    }

    fn message(&mut self, refused: Option<&OutsideError>) -> Result<(u8, Vec<u8>), OutsideError> {
        let mut head = [0; 5];
        let read = self.stream.read_exact(&mut head).and_then(|()| {
            let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
            let mut body = vec![0; (length as usize).saturating_sub(4)];
            self.stream.read_exact(&mut body).map(|()| (head[0], body))
        });
        // A server that refuses the connection says why and hangs up.
        read.map_err(|error| {
            refused.cloned().unwrap_or_else(|| OutsideError::doing("hearing PostgreSQL")(error))
        })
    }
}

/// The values of a data row, each with its length, or -1 for null.
fn row(body: &[u8]) -> Row {
    let mut rest = body.get(2..).unwrap_or_default();
    let mut row = Vec::new();
    while let Some((length, behind)) = rest.split_first_chunk() {
        let value = usize::try_from(i32::from_be_bytes(*length)).ok();
        let (text, next) = behind.split_at(value.unwrap_or(0).min(behind.len()));
        row.push(value.map(|_| String::from_utf8_lossy(text).into_owned()));
        rest = next;
    }
    row
}

/// The message and the code of an error.
fn words(body: &[u8]) -> String {
    let fields = body.split(|byte| *byte == 0).filter_map(<[u8]>::split_first);
    let wanted = fields.filter(|(kind, _)| matches!(kind, b'M' | b'C'));
    let mut texts: Vec<_> = wanted.map(|(_, text)| String::from_utf8_lossy(text)).collect();
    texts.reverse();
    texts.join(" ")
}
