//! How a relay is: for health, metrics and people.

use parking_lot::Mutex;

/// How a relay is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RelayState {
    /// It has not done anything yet.
    #[default]
    Starting,
    /// It carries what there is.
    Running,
    /// Other relays have all shares; it takes over when one is gone.
    StandsBy,
    /// Something it needs is away; it keeps trying.
    Failing {
        /// What.
        why: String,
    },
    /// A person must see to it; it looks again now and then.
    Halted {
        /// To what.
        why: String,
    },
}

/// What is known of a relay.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RelayReport {
    /// How it is.
    pub state: RelayState,
    /// Rows that the store took over from it.
    pub published_count: u64,
    /// Those of them that the store held already.
    pub repeated_count: u64,
    /// Rows that wait, as last counted, up to a hundred thousand.
    pub lag_rows: u64,
    /// How long the first of them has waited.
    pub lag_ms: u64,
    /// Rows that are set aside.
    pub parked_count: u64,
    /// Shares that are this relay's.
    pub share_count: usize,
    /// How often it failed and began anew.
    pub restart_count: u64,
}

/// What is known of a relay, for whoever looks while it works.
#[derive(Debug)]
pub struct RelayStatus {
    outbox: String,
    report: Mutex<RelayReport>,
}

impl RelayStatus {
    pub(crate) fn new(outbox: &str) -> Self {
        Self { outbox: outbox.to_owned(), report: Mutex::default() }
    }

    /// The table's name.
    pub fn outbox(&self) -> &str {
        &self.outbox
    }

    /// How it is now.
    pub fn report(&self) -> RelayReport {
        self.report.lock().clone()
    }

    pub(super) fn set_state(&self, state: RelayState) {
        self.report.lock().state = state;
    }

    pub(super) fn failed(&self, state: RelayState) {
        let mut report = self.report.lock();
        report.state = state;
        report.restart_count += 1;
        metrics::counter!("headwater_outbox_restarts_total", "outbox" => self.outbox.clone())
            .increment(1);
    }

    pub(super) fn set_shares(&self, count: usize) {
        self.report.lock().share_count = count;
        self.gauge("headwater_outbox_shares", count as u64);
    }

    pub(super) fn count_published(&self, count: u64, repeated: u64) {
        let mut report = self.report.lock();
        report.published_count += count;
        report.repeated_count += repeated;
        metrics::counter!("headwater_outbox_published_total", "outbox" => self.outbox.clone())
            .increment(count);
        metrics::counter!("headwater_outbox_repeated_total", "outbox" => self.outbox.clone())
            .increment(repeated);
    }

    pub(super) fn count_parked(&self, count: u64) {
        self.report.lock().parked_count += count;
        metrics::counter!("headwater_outbox_parked_total", "outbox" => self.outbox.clone())
            .increment(count);
    }

    pub(super) fn set_backlog(&self, lag_rows: u64, lag_ms: u64, parked_count: u64) {
        let mut report = self.report.lock();
        report.lag_rows = lag_rows;
        report.lag_ms = lag_ms;
        report.parked_count = parked_count;
        self.gauge("headwater_outbox_lag_rows", lag_rows);
        self.gauge("headwater_outbox_lag_ms", lag_ms);
        self.gauge("headwater_outbox_parked", parked_count);
    }

    fn gauge(&self, name: &'static str, value: u64) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a gauge is a float; lags stay far below 2^53"
        )]
        metrics::gauge!(name, "outbox" => self.outbox.clone()).set(value as f64);
    }
}
