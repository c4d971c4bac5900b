//! Frames of PostgreSQL's protocol: a letter, a length, a body.
//!
//! Invariant: D3, a length beyond the bound is an error before anything is kept for it.

use super::bytes::{Malformed, Reading};
use super::settings::PostgresSettings;
use crate::database::DatabaseError;
use crate::database::Encryption;
use crate::limits::{CONNECT_WAIT_MAX, MESSAGE_BYTES_MAX};
use bytes::{Buf as _, Bytes, BytesMut};
use rustls::pki_types::ServerName;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

/// Room for one read of the socket: some hundred changes.
const READ_BYTES: usize = 128 * 1_024;

trait Both: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Both for S {}

/// A connection, frame by frame.
pub(super) struct Frames {
    stream: Box<dyn Both>,
    inbox: BytesMut,
    server: String,
}

/// A frame of the server.
#[derive(Debug)]
pub(super) struct Frame {
    /// Which kind.
    pub(super) tag: u8,
    /// What stands in it.
    pub(super) body: Bytes,
}

impl Frames {
    /// Connects, and agrees on TLS where it is wanted.
    pub(super) async fn connect(settings: &PostgresSettings) -> Result<Self, DatabaseError> {
        let server = settings.to_string();
        let connected = tokio::time::timeout(CONNECT_WAIT_MAX, open(settings)).await;
        let away = |why: String| DatabaseError::Away { server: server.clone(), why };
        let stream = match connected {
            Ok(opened) => opened?,
            Err(_) => return Err(away(format!("no connection within {CONNECT_WAIT_MAX:?}"))),
        };
        Ok(Self { stream, inbox: BytesMut::with_capacity(READ_BYTES), server })
    }

    /// Which server, for messages.
    pub(super) fn server(&self) -> &str {
        &self.server
    }

    /// Sends what was written.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<(), DatabaseError> {
        let sent = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        sent.await.map_err(|error| self.away(&error))
    }

    /// The next frame. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Result<Frame, DatabaseError> {
        loop {
            if let Some(frame) = self.ready()? {
                return Ok(frame);
            }
            self.inbox.reserve(READ_BYTES);
            let read = self.stream.read_buf(&mut self.inbox).await;
            match read {
                Ok(0) => {
                    let ended =
                        io::Error::new(io::ErrorKind::UnexpectedEof, "the connection ended");
                    return Err(self.away(&ended));
                }
                Ok(_) => {}
                Err(error) => return Err(self.away(&error)),
            }
        }
    }

    /// A frame that is here already.
    pub(super) fn ready(&mut self) -> Result<Option<Frame>, DatabaseError> {
        let Some(header) = self.inbox.get(..5) else { return Ok(None) };
        let tag = header[0];
        let length = u32::from_be_bytes([header[1], header[2], header[3], header[4]]) as usize;
        let body = length.checked_sub(4).ok_or(Malformed::Meaningless {
            what: "the length of a frame",
            found: i64::try_from(length).unwrap_or(i64::MAX),
        })?;
        if body > MESSAGE_BYTES_MAX {
            let (found, max) = (body as u64, MESSAGE_BYTES_MAX as u64);
            let what = "the bytes of a frame";
            return Err(Malformed::TooMany { what, found, max }.into());
        }
        if self.inbox.len() < 5 + body {
            return Ok(None);
        }
        self.inbox.advance(5);
        Ok(Some(Frame { tag, body: self.inbox.split_to(body).freeze() }))
    }

    fn away(&self, error: &io::Error) -> DatabaseError {
        DatabaseError::Away { server: self.server.clone(), why: error.to_string() }
    }
}

async fn open(settings: &PostgresSettings) -> Result<Box<dyn Both>, DatabaseError> {
    let (host, port) = (settings.host.as_str(), settings.port);
    let away = |error: io::Error| DatabaseError::Away {
        server: settings.to_string(),
        why: error.to_string(),
    };
    if host.starts_with('/') {
        let stream = UnixStream::connect(format!("{host}/.s.PGSQL.{port}")).await.map_err(away)?;
        return Ok(Box::new(stream));
    }
    let mut stream = TcpStream::connect((host, port)).await.map_err(away)?;
    stream.set_nodelay(true).map_err(away)?;
    let Encryption::Verified(trust) = &settings.encryption else { return Ok(Box::new(stream)) };
    let mut request = BytesMut::new();
    postgres_protocol::message::frontend::ssl_request(&mut request);
    stream.write_all(&request).await.map_err(away)?;
    let refused = |why: String| DatabaseError::Tls { why };
    match stream.read_u8().await.map_err(away)? {
        b'S' => {}
        _ => return Err(refused(format!("{settings} has no TLS"))),
    }
    let name = ServerName::try_from(host.to_owned()).map_err(|error| refused(error.to_string()))?;
    let connector = TlsConnector::from(trust.config());
    let secured = connector.connect(name, stream).await;
    Ok(Box::new(secured.map_err(|error| refused(error.to_string()))?))
}

/// What the server says when it says no, or warns.
pub(super) fn refusal(body: Bytes, asked: &str) -> DatabaseError {
    let (mut state, mut message, mut hint) = (String::new(), String::new(), String::new());
    let mut reading = Reading::of(body);
    while let Ok(field @ 1..) = reading.u8("a field") {
        let Ok(value) = reading.name("a field's value") else { break };
        match field {
            b'C' => state = value.to_string(),
            b'M' => message = value.to_string(),
            b'D' | b'H' => hint = format!("{hint}; {value}"),
            _ => {}
        }
    }
    let asked = asked.chars().take(ASKED_CHARS_MAX).collect();
    // Connection, transaction rollback, resources, object in use, operator, system.
    let passes = ["08", "40", "53", "55", "57", "58"].iter().any(|class| state.starts_with(class));
    DatabaseError::Refused { state, message: message + &hint, asked, passes }
}

/// So much of a statement is shown in a message.
const ASKED_CHARS_MAX: usize = 300;
