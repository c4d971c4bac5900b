//! Leases: which shares are this relay's, kept in the outbox's own database.
//!
//! Why: several relays share a table, and when one is gone the others take its shares. A lease says who
//! works; that nobody else does is the fence's matter (`relay/fence.rs`), since a lease can run out
//! under a relay that sleeps.

use super::claim::{Change, Share, divide};
use super::session::{Session, Value};
use super::{RelayError, sql};
use std::time::Duration;

/// Who a relay is in the tables of leases.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// The outbox's name.
    pub(crate) outbox: String,
    /// This relay's name, which no other ever has.
    pub(crate) relay: String,
    /// How many shares the outbox has.
    pub(crate) share_count: u16,
    /// How long a lease lasts.
    pub(crate) lease: Duration,
}

/// A share that is this relay's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) share: u16,
    pub(crate) epoch: u32,
}

impl Identity {
    /// Renews what this relay has, and takes or leaves what makes its part fair.
    pub(crate) async fn renew(
        &self,
        session: &mut dyn Session,
        asleep: bool,
    ) -> Result<Vec<Held>, RelayError> {
        session.batch(sql::begin(session.dialect())).await?;
        let held = self.renew_within(session, asleep).await;
        match &held {
            Ok(_) => session.batch("commit").await?,
            Err(_) => session.batch("rollback").await?,
        }
        held
    }

    async fn renew_within(
        &self,
        session: &mut dyn Session,
        asleep: bool,
    ) -> Result<Vec<Held>, RelayError> {
        let (mut shares, mut now_ms) = self.shares(session).await?;
        if shares.len() < usize::from(self.share_count) {
            self.make_shares(session).await?;
            (shares, now_ms) = self.shares(session).await?;
        }
        let until_ms = now_ms + i64::try_from(self.lease.as_millis()).unwrap_or(i64::MAX / 2);
        let alive = self.show(session, now_ms, until_ms, asleep).await?;
        let mut held = Vec::new();
        for change in divide(&shares, &self.relay, alive, now_ms) {
            let (share, epoch, is_mine) = match change {
                Change::Take { share, epoch } => (share, epoch, true),
                Change::Renew { share } => (share, epoch_of(&shares, share), true),
                Change::Leave { share } => (share, epoch_of(&shares, share), false),
            };
            let owner = is_mine.then_some(self.relay.as_str());
            self.write(session, Held { share, epoch }, owner, until_ms).await?;
            held.extend(is_mine.then_some(Held { share, epoch }));
        }
        Ok(held)
    }

    /// The shares, locked until the transaction ends, and the database's time.
    async fn shares(&self, session: &mut dyn Session) -> Result<(Vec<Share>, i64), RelayError> {
        let dialect = session.dialect();
        let (now, lock) = (sql::now_ms(dialect), sql::for_update(dialect));
        let share = sql::as_number(dialect, "share");
        let select = format!(
            "select {share}, epoch, owner, until_ms, {now} from headwater_outbox_share \
             where outbox = ? order by share{lock}"
        );
        let rows = session.rows(&select, vec![Value::text(&self.outbox)]).await?;
        let mut now_ms = 0;
        let mut shares = Vec::with_capacity(rows.len());
        for row in rows {
            let [share, epoch, owner, until_ms, now] = cells(row)?;
            now_ms = number(&now)?;
            shares.push(Share {
                share: u16::try_from(number(&share)?).unwrap_or(u16::MAX),
                epoch: u32::try_from(number(&epoch)?).unwrap_or(u32::MAX),
                owner: owner.into_text(),
                until_ms: number(&until_ms)?,
            });
        }
        Ok((shares, now_ms))
    }

    async fn make_shares(&self, session: &mut dyn Session) -> Result<(), RelayError> {
        let columns = "outbox, share, epoch, owner, until_ms";
        let insert = sql::insert_new(
            session.dialect(),
            "headwater_outbox_share",
            columns,
            "?, ?, 0, null, 0",
        );
        for share in 0..self.share_count {
            let values = vec![Value::text(&self.outbox), Value::Number(share.into())];
            session.execute(&insert, values).await?;
        }
        Ok(())
    }

    /// Shows that this relay is there; how many are.
    async fn show(
        &self,
        session: &mut dyn Session,
        now_ms: i64,
        until_ms: i64,
        asleep: bool,
    ) -> Result<usize, RelayError> {
        let own = || vec![Value::text(&self.outbox), Value::text(&self.relay)];
        let gone =
            "delete from headwater_outbox_relay where outbox = ? and relay <> ? and until_ms < ?";
        let mut values = own();
        values.push(Value::Number(now_ms));
        session.execute(gone, values).await?;
        let columns = "outbox, relay, until_ms, asleep";
        let insert =
            sql::insert_new(session.dialect(), "headwater_outbox_relay", columns, "?, ?, 0, 0");
        session.execute(&insert, own()).await?;
        let update = "update headwater_outbox_relay set until_ms = ?, asleep = ? \
                      where outbox = ? and relay = ?";
        let mut values = vec![Value::Number(until_ms), Value::Number(asleep.into())];
        values.extend(own());
        session.execute(update, values).await?;
        let count = "select count(*) from headwater_outbox_relay where outbox = ?";
        let rows = session.rows(count, vec![Value::text(&self.outbox)]).await?;
        let count = rows.first().and_then(|row| row.first()).and_then(Value::as_number);
        Ok(count.and_then(|count| usize::try_from(count).ok()).unwrap_or(1))
    }

    async fn write(
        &self,
        session: &mut dyn Session,
        held: Held,
        owner: Option<&str>,
        until_ms: i64,
    ) -> Result<(), RelayError> {
        let update = "update headwater_outbox_share set owner = ?, epoch = ?, until_ms = ? \
                      where outbox = ? and share = ?";
        let values = vec![
            Value::or_null(owner),
            Value::Number(held.epoch.into()),
            Value::Number(until_ms),
            Value::text(&self.outbox),
            Value::Number(held.share.into()),
        ];
        session.execute(update, values).await?;
        Ok(())
    }

    /// Says whether this relay sleeps, so that writers wake it or spare themselves the trouble.
    pub(crate) async fn set_asleep(
        &self,
        session: &mut dyn Session,
        asleep: bool,
    ) -> Result<(), RelayError> {
        let update = "update headwater_outbox_relay set asleep = ? where outbox = ? and relay = ?";
        let values =
            vec![Value::Number(asleep.into()), Value::text(&self.outbox), Value::text(&self.relay)];
        session.execute(update, values).await?;
        Ok(())
    }

    /// Lifts a share's epoch above what the store has seen: the database is an older copy of itself.
    pub(crate) async fn lift(
        &self,
        session: &mut dyn Session,
        share: u16,
        epoch: u32,
    ) -> Result<(), RelayError> {
        let update = "update headwater_outbox_share set epoch = ? \
                      where outbox = ? and share = ? and owner = ? and epoch < ?";
        let values = vec![
            Value::Number(epoch.into()),
            Value::text(&self.outbox),
            Value::Number(share.into()),
            Value::text(&self.relay),
            Value::Number(epoch.into()),
        ];
        session.execute(update, values).await?;
        Ok(())
    }

    /// Gives everything back at once, so that others need not wait for the lease's end.
    pub(crate) async fn leave(&self, session: &mut dyn Session) -> Result<(), RelayError> {
        let own = || vec![Value::text(&self.outbox), Value::text(&self.relay)];
        let shares =
            "update headwater_outbox_share set owner = null where outbox = ? and owner = ?";
        session.execute(shares, own()).await?;
        let relay = "delete from headwater_outbox_relay where outbox = ? and relay = ?";
        session.execute(relay, own()).await?;
        Ok(())
    }

    /// Within a transaction: holds the shares, and says whether they are still this relay's.
    pub(crate) async fn still_holds(
        &self,
        session: &mut dyn Session,
        held: &[Held],
    ) -> Result<bool, RelayError> {
        let (shares, _) = self.shares(session).await?;
        let holds = |held: &Held| {
            shares.iter().any(|share| {
                (share.share, share.epoch) == (held.share, held.epoch)
                    && share.owner.as_deref() == Some(&self.relay)
            })
        };
        Ok(held.iter().all(holds))
    }
}

fn epoch_of(shares: &[Share], share: u16) -> u32 {
    shares.iter().find(|row| row.share == share).map_or(0, |row| row.epoch)
}

pub(crate) fn cells<const N: usize>(row: Vec<Value>) -> Result<[Value; N], RelayError> {
    row.try_into().map_err(|row: Vec<Value>| unreadable(&row))
}

pub(crate) fn number(cell: &Value) -> Result<i64, RelayError> {
    cell.as_number().ok_or_else(|| unreadable(std::slice::from_ref(cell)))
}

/// A row of our own tables that somebody else wrote.
fn unreadable(row: &[Value]) -> RelayError {
    let why = format!("a row of Headwater's own tables reads {row:?}");
    RelayError::Shape { table: "headwater_outbox_share".to_owned(), shape: "own", why }
}
