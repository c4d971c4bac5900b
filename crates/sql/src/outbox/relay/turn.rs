//! A turn of a relay.

use super::fence::Taken;
use super::publish::{Published, Publisher, Ready};
use super::{Open, Relay, RelayTurn};
use crate::outbox::lease::{Held, Identity};
use crate::outbox::limits::{COUNT_EVERY, COUNT_MAX, FETCH_BYTES};
use crate::outbox::parking::{self, Aside, take_away};
use crate::outbox::session::Value;
use crate::outbox::shape::cells::{self, Cells};
use crate::outbox::shape::{OutboxTable, RowKey, Shape};
use crate::outbox::{RelayError, sql, tables};
use std::collections::HashSet;
use tokio::time::Instant;

impl Relay {
    pub(super) async fn try_turn(&mut self) -> Result<RelayTurn, RelayError> {
        self.be_open().await?;
        self.renew().await?;
        self.count().await?;
        let held = self.fence.held();
        if held.is_empty() {
            return Ok(RelayTurn::StandsBy);
        }
        let (mut came_to, rows) = self.fetch(&held).await?;
        let row_count = came_to.aside.len() + came_to.behind.len() + rows.len();
        if row_count == 0 {
            return Ok(RelayTurn::Idle);
        }
        let mut publisher = Publisher {
            store: &*self.store,
            fence: &mut self.fence,
            came_to: Published::default(),
            held_up: HashSet::new(), // what stands behind a row that is no event is not among `rows`
        };
        let published = publisher.publish(rows).await;
        let Published { done, repeated, aside, behind } = publisher.came_to;
        came_to.aside.extend(aside);
        came_to.behind.extend(behind);
        // Also after a failure: what the store holds is done.
        self.finish(&done, repeated).await?;
        published?; // else a row could be parked in front of one that is only late
        self.park(&held, &came_to).await?;
        Ok(RelayTurn::Moved(row_count))
    }

    async fn be_open(&mut self) -> Result<(), RelayError> {
        if self.open.is_some() {
            return Ok(());
        }
        let mut session = self.address.connect().await?;
        let checked = tables::check(&mut *session, &self.table).await?;
        self.identity(session.dialect());
        let open = Open { session, checked, renewed: None, counted: None, asleep: false };
        self.open = Some(open);
        Ok(())
    }

    /// Renews the leases when a third of their time is over, and fences the shares that are new.
    async fn renew(&mut self) -> Result<(), RelayError> {
        let due = self.settings.lease / 3;
        let (identity, open) = parts(&self.identity, &mut self.open);
        if open.renewed.is_some_and(|renewed| renewed.elapsed() < due) {
            return Ok(());
        }
        let held = identity.renew(&mut *open.session, open.asleep).await?;
        open.renewed = Some(Instant::now());
        self.fence.keep(&held);
        for share in held {
            if self.fence.holds(share) {
                continue;
            }
            if let Taken::Behind(seen) = self.fence.take(&*self.store, share).await? {
                let outbox = self.table.name();
                tracing::warn!(outbox, ?share, seen, "the outbox's database is an older copy");
                identity.lift(&mut *open.session, share.share, seen + 1).await?;
                open.renewed = None;
            }
        }
        self.status.set_shares(self.fence.held().len());
        Ok(())
    }

    /// The next rows of these shares: those that read as events, and those that do not.
    async fn fetch(&mut self, held: &[Held]) -> Result<(Published, Vec<Ready>), RelayError> {
        let (identity, open) = parts(&self.identity, &mut self.open);
        let session = &mut *open.session;
        // Before the rows: a release in between is then seen with all of its rows (C3).
        let mut held_up = parking::streams(session, self.table.name()).await?;
        let all = held.len() == usize::from(identity.share_count);
        let only: Vec<u16> = held.iter().map(|held| held.share).filter(|_| !all).collect();
        let limit = self.fetch_row_count.min(self.settings.batch_row_count_max);
        let dialect = session.dialect();
        let select = self.table.fetch(dialect, open.checked.payload_is_bytes, &only, limit);
        let rows = session.rows(&select, Vec::new()).await?;
        let mut came_to = Published::default();
        let mut ready = Vec::with_capacity(rows.len());
        for row in rows {
            let cells = Cells::of(row).ok_or_else(|| unreadable(&self.table))?;
            sort(self.table.shape(), cells, &mut held_up, &mut came_to, &mut ready);
        }
        if !ready.is_empty() {
            let bytes: usize = ready.iter().map(|row| row.event.bytes()).sum();
            let fitting = FETCH_BYTES / (bytes / ready.len()).max(1);
            // Small rows may be followed by large ones: it grows step by step.
            self.fetch_row_count = fitting.clamp(1, self.fetch_row_count.saturating_mul(4));
        }
        Ok((came_to, ready))
    }

    /// Takes away what the store holds.
    async fn finish(&mut self, done: &[RowKey], repeated: u64) -> Result<(), RelayError> {
        if done.is_empty() {
            return Ok(());
        }
        self.status.count_published(done.len() as u64, repeated);
        let (_, open) = parts(&self.identity, &mut self.open);
        let session = &mut *open.session;
        let singly = sql::takes_keys_singly(session.dialect());
        if singly {
            session.batch(sql::begin(session.dialect())).await?;
        }
        take_away(session, &self.table, done).await?; // a failure ends the session, and with it the rest
        if singly {
            session.batch("commit").await?;
        }
        Ok(())
    }

    async fn park(&mut self, held: &[Held], came_to: &Published) -> Result<(), RelayError> {
        let Published { aside, behind, .. } = came_to;
        if aside.is_empty() && behind.is_empty() {
            return Ok(());
        }
        for Aside { key, stream, why } in aside {
            let outbox = self.table.name();
            tracing::error!(outbox, %key, stream, why, "a row was parked, and holds up its stream");
        }
        let (identity, open) = parts(&self.identity, &mut self.open);
        parking::park(&mut *open.session, identity, held, aside, behind).await?;
        self.status.count_parked((aside.len() + behind.len()) as u64);
        open.counted = None;
        Ok(())
    }

    /// Counts what waits, now and then.
    async fn count(&mut self) -> Result<(), RelayError> {
        let (_, open) = parts(&self.identity, &mut self.open);
        if open.counted.is_some_and(|counted| counted.elapsed() < COUNT_EVERY) {
            return Ok(());
        }
        open.counted = Some(Instant::now());
        let session = &mut *open.session;
        let select = self.table.counted(session.dialect(), COUNT_MAX);
        let rows = session.rows(&select, Vec::new()).await?;
        let cells = rows.into_iter().next().unwrap_or_default();
        let number = |n: usize| cells.get(n).and_then(Value::as_number);
        let (waiting, since_us, now_ms) = (number(0), number(1), number(2));
        let age_ms = since_us.zip(now_ms).map_or(0, |(since, now)| (now - since / 1_000).max(0));
        let parked = parking::count(session, self.table.name()).await?;
        self.status.set_backlog(unsigned(waiting.unwrap_or(0)), unsigned(age_ms), parked);
        Ok(())
    }
}

/// Puts a row where it belongs: it is an event, or it is not, or it stands behind one that is not.
fn sort(
    shape: Shape,
    cells: Cells,
    held_up: &mut HashSet<String>,
    came_to: &mut Published,
    ready: &mut Vec<Ready>,
) {
    let (key, share) = (cells.key.clone(), cells.share);
    let read = shape.read(cells).and_then(|(stream, event)| {
        match cells::check(&stream, std::slice::from_ref(&event)) {
            Ok(()) => Ok((stream, event)),
            Err(error) => Err(cells::Unfit { stream: stream.to_string(), why: error.to_string() }),
        }
    });
    let (stream, why) = match read {
        Ok((stream, event)) if !held_up.contains(stream.as_str()) => {
            return ready.push(Ready { key, share, stream, event });
        }
        Ok((stream, _)) => (stream.to_string(), None),
        Err(unfit) => (unfit.stream, Some(unfit.why)),
    };
    match why.filter(|_| !held_up.contains(&stream)) {
        Some(why) => {
            held_up.insert(stream.clone());
            came_to.aside.push(Aside { key, stream, why });
        }
        None => {
            let why = "a row before it is parked".to_owned();
            came_to.behind.push(Aside { key, stream, why });
        }
    }
}

/// What a turn works with: `be_open` has seen to both.
fn parts<'a>(
    identity: &'a Option<Identity>,
    open: &'a mut Option<Open>,
) -> (&'a Identity, &'a mut Open) {
    let identity = identity.as_ref().expect("a turn begins with being open");
    (identity, open.as_mut().expect("a turn begins with being open"))
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn unreadable(table: &OutboxTable) -> RelayError {
    let (table, shape) = (table.name().to_owned(), table.shape().name());
    RelayError::Shape { table, shape, why: "a row has no number or share".to_owned() }
}
