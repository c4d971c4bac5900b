//! A conversation with MariaDB, as small as preparing a test needs: no password, plain statements.

use crate::{OutsideError, Row};
use std::io::{BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

/// Long passwords, a database at once, protocol 4.1, transactions, secure connection, plugins.
const CAPABILITIES: u32 = 0x1 | 0x8 | 0x200 | 0x2000 | 0x8000 | 0x8_0000;

/// utf8mb4.
const CHARSET: u8 = 45;

pub(super) struct Session {
    stream: BufReader<UnixStream>,
    number: u8,
}

impl Session {
    pub(super) fn open(socket: &Path, user: &str, database: &str) -> Result<Self, OutsideError> {
        let what = format!("connecting to {}", socket.display());
        let stream = UnixStream::connect(socket).map_err(OutsideError::doing(what))?;
        let mut session = Self { stream: BufReader::new(stream), number: 0 };
        let greeting = session.receive()?;
        refusal(&greeting, "connect")?;
        let mut hello = CAPABILITIES.to_le_bytes().to_vec();
        hello.extend(0x0100_0000_u32.to_le_bytes());
        hello.push(CHARSET);
        hello.extend([0; 23]);
        hello.extend(format!("{user}\0\0{database}\0mysql_native_password\0").as_bytes());
        session.send(&hello)?;
        let mut answer = session.receive()?;
        if answer.first() == Some(&0xfe) {
            session.send(&[])?; // it asks for the password in another way; there is none
            answer = session.receive()?;
        }
        refusal(&answer, "connect")?;
        Ok(session)
    }

    pub(super) fn rows(&mut self, sql: &str) -> Result<Vec<Row>, OutsideError> {
        self.number = 0;
        self.send(&[&[3], sql.as_bytes()].concat())?;
        let first = self.receive()?;
        refusal(&first, sql)?;
        let mut rows = Vec::new();
        if first.first() == Some(&0) {
            return Ok(rows);
        }
        while !is_end(&self.receive()?) {} // what the columns are called
        loop {
            let packet = self.receive()?;
            refusal(&packet, sql)?;
            if is_end(&packet) {
                return Ok(rows);
            }
            rows.push(row(&packet));
        }
    }

    fn send(&mut self, body: &[u8]) -> Result<(), OutsideError> {
        let length = u32::try_from(body.len()).expect("a statement of a test is small");
        let mut bytes = length.to_le_bytes()[..3].to_vec();
        bytes.push(self.number);
        bytes.extend(body);
        self.number = self.number.wrapping_add(1);
        self.stream.get_mut().write_all(&bytes).map_err(OutsideError::doing("asking MariaDB"))
    }

    fn receive(&mut self) -> Result<Vec<u8>, OutsideError> {
        let mut head = [0; 4];
        let read = self.stream.read_exact(&mut head).and_then(|()| {
            let length = u32::from_le_bytes([head[0], head[1], head[2], 0]);
            let mut body = vec![0; length as usize];
            self.stream.read_exact(&mut body).map(|()| body)
        });
        self.number = head[3].wrapping_add(1);
        read.map_err(OutsideError::doing("hearing MariaDB"))
    }
}

/// Behind the columns, and behind the rows.
fn is_end(packet: &[u8]) -> bool {
    packet.first() == Some(&0xfe) && packet.len() < 9
}

fn refusal(packet: &[u8], sql: &str) -> Result<(), OutsideError> {
    match packet {
        [0xff, _, _, words @ ..] => Err(OutsideError::Refused {
            sql: sql.to_owned(),
            why: String::from_utf8_lossy(words).into_owned(),
        }),
        _ => Ok(()),
    }
}

/// Values, each with its length; longer ones say in how many bytes the length stands.
fn row(packet: &[u8]) -> Row {
    let mut rest = packet;
    let mut row = Vec::new();
    while let Some((first, behind)) = rest.split_first() {
        let width = match first {
            0xfb => {
                row.push(None);
                rest = behind;
                continue;
            }
            0xfc => 2,
            0xfd => 3,
            0xfe => 8,
            _ => 0,
        };
        let (long, behind) = behind.split_at(width.min(behind.len()));
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |n, b| n << 8 | usize::from(*b));
        let length = if width == 0 { usize::from(*first) } else { number(long) };
        let (text, next) = behind.split_at(length.min(behind.len()));
        row.push(Some(String::from_utf8_lossy(text).into_owned()));
        rest = next;
    }
    row
}
