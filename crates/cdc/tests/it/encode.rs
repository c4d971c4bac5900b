//! Writes what PostgreSQL writes: messages of the log, byte by byte.

use headwater_cdc::cell::{Cell, Row};
use headwater_cdc::postgres::message::{Before, Begin, Commit, LogMessage};
use headwater_cdc::postgres::relation::{Relation, ReplicaIdentity};
use headwater_model::Timestamp;

/// The message's bytes.
pub(crate) fn encode(message: &LogMessage) -> Vec<u8> {
    let mut out = Vec::new();
    match message {
        LogMessage::Begin(Begin { commit_at, committed_at, transaction }) => {
            out.push(b'B');
            out.extend(commit_at.0.to_be_bytes());
            out.extend(instant(*committed_at));
            out.extend(transaction.to_be_bytes());
        }
        LogMessage::Commit(Commit { commit_at, end_at, committed_at }) => {
            out.extend([b'C', 0]);
            out.extend(commit_at.0.to_be_bytes());
            out.extend(end_at.0.to_be_bytes());
            out.extend(instant(*committed_at));
        }
        LogMessage::Origin { at, name: text } => {
            out.push(b'O');
            out.extend(at.0.to_be_bytes());
            name(&mut out, text);
        }
        LogMessage::Relation(relation) => describe(&mut out, relation),
        LogMessage::Type { oid, schema, name: text } => {
            out.push(b'Y');
            out.extend(oid.to_be_bytes());
            name(&mut out, schema);
            name(&mut out, text);
        }
        LogMessage::Insert { relation, after } => {
            out.push(b'I');
            out.extend(relation.to_be_bytes());
            row(&mut out, b'N', after);
        }
        LogMessage::Update { relation, before, after } => {
            out.push(b'U');
            out.extend(relation.to_be_bytes());
            before.iter().for_each(|before| told(&mut out, before));
            row(&mut out, b'N', after);
        }
        LogMessage::Delete { relation, before } => {
            out.push(b'D');
            out.extend(relation.to_be_bytes());
            told(&mut out, before);
        }
        LogMessage::Truncate { relations } => {
            out.push(b'T');
            out.extend(u32::try_from(relations.len()).expect("a few").to_be_bytes());
            out.push(0);
            relations.iter().for_each(|relation| out.extend(relation.to_be_bytes()));
        }
        LogMessage::Message { is_transactional, at, prefix, content } => {
            out.extend([b'M', u8::from(*is_transactional)]);
            out.extend(at.0.to_be_bytes());
            name(&mut out, prefix);
            out.extend(u32::try_from(content.len()).expect("short").to_be_bytes());
            out.extend(content);
        }
    }
    out
}

fn describe(out: &mut Vec<u8>, relation: &Relation) {
    out.push(b'R');
    out.extend(relation.oid.to_be_bytes());
    name(out, &relation.schema);
    name(out, &relation.name);
    out.push(match relation.identity {
        ReplicaIdentity::Default => b'd',
        ReplicaIdentity::Nothing => b'n',
        ReplicaIdentity::Full => b'f',
        ReplicaIdentity::Index => b'i',
    });
    out.extend(u16::try_from(relation.columns.len()).expect("few").to_be_bytes());
    for column in &relation.columns {
        out.push(u8::from(column.is_identity));
        name(out, &column.name);
        out.extend(column.type_oid.to_be_bytes());
        out.extend(column.type_modifier.to_be_bytes());
    }
}

fn told(out: &mut Vec<u8>, before: &Before) {
    match before {
        Before::Key(before) => row(out, b'K', before),
        Before::Full(before) => row(out, b'O', before),
    }
}

fn row(out: &mut Vec<u8>, kind: u8, row: &Row) {
    out.push(kind);
    out.extend(u16::try_from(row.0.len()).expect("few").to_be_bytes());
    for cell in &row.0 {
        match cell {
            Cell::Null => out.push(b'n'),
            Cell::Unchanged => out.push(b'u'),
            Cell::Text(text) => {
                out.push(b't');
                out.extend(u32::try_from(text.len()).expect("short").to_be_bytes());
                out.extend(text.as_bytes());
            }
        }
    }
}

fn name(out: &mut Vec<u8>, text: &str) {
    out.extend(text.as_bytes());
    out.push(0);
}

fn instant(instant: Timestamp) -> [u8; 8] {
    instant.as_micros().wrapping_sub(946_684_800_000_000).to_be_bytes()
}
