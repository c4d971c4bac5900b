//! Alarms: streams that set one timer each, in a real store under a clock that is moved by hand.

use headwater_env::{OsDisk, OsEntropy, VirtualClock};
use headwater_framework::timer::{DUES_KEY, Next, Wake, Wakes, due_tags, dues_text};
use headwater_model::{
    Append, Category, ContextName, EventId, EventStore as _, EventType, ExpectedRevision, NewEvent,
    Revision, StreamName, StreamWrite, Timestamp,
};
use headwater_store::{EmbeddedContext, Environment, Options};
use rand::{RngExt as _, SeedableRng as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

const READER: &str = "alarm";

/// Alarms of one append while filling.
const APPEND_COUNT: u64 = 1_000;

const BEGIN: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

/// The first is due then, the last when ten minutes more have passed.
const AHEAD: Duration = Duration::from_secs(600);

/// When alarms are due.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dues {
    /// Never: they are events like any other.
    None,
    /// At random.
    Spread,
    /// All at one instant.
    Once,
}

impl Dues {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::None => "plain",
            Self::Spread => "spread",
            Self::Once => "once",
        }
    }

    pub(super) fn of(text: &str) -> anyhow::Result<Self> {
        let known = [Self::None, Self::Spread, Self::Once];
        let found = known.into_iter().find(|dues| dues.text() == text);
        found.ok_or_else(|| anyhow::anyhow!("no dues are called {text:?}"))
    }
}

/// A store of alarms.
pub(super) struct Alarms {
    context: Arc<EmbeddedContext>,
    clock: VirtualClock,
}

impl Alarms {
    pub(super) fn open(dir: &Path) -> anyhow::Result<Self> {
        let clock = VirtualClock::at(BEGIN);
        let environment = Environment {
            disk: Arc::new(OsDisk::default()),
            clock: Arc::new(clock.clone()),
            entropy: Arc::new(OsEntropy),
        };
        let name = ContextName::new("alarms")?;
        let context = EmbeddedContext::open(&environment, name, dir, &Options::default())?;
        Ok(Self { context: Arc::new(context), clock })
    }

    pub(super) fn close(self) -> anyhow::Result<()> {
        let context = Arc::try_unwrap(self.context);
        drop(context.map_err(|_| anyhow::anyhow!("the store is still in use elsewhere"))?);
        Ok(())
    }

    /// Whether there are no alarms yet.
    pub(super) fn is_empty(&self) -> anyhow::Result<bool> {
        Ok(pollster(self.context.head())?.1.is_none())
    }

    /// The time has come for all of them.
    pub(super) fn pass_all(&self) {
        self.clock.advance(AHEAD * 3);
    }

    pub(super) fn wakes() -> anyhow::Result<Wakes> {
        Ok(Wakes::new(READER, Category::new("$alarm")?))
    }

    /// Sets `count` alarms.
    pub(super) fn set(&self, dues: Dues, count: u64) -> anyhow::Result<()> {
        let mut random = rand::rngs::StdRng::seed_from_u64(7);
        let spread = u64::try_from(AHEAD.as_micros())?;
        let kind = EventType::new("$AlarmSet")?;
        for from in (0..count).step_by(usize::try_from(APPEND_COUNT)?) {
            let mut append = Append::default();
            for n in from..count.min(from + APPEND_COUNT) {
                let mut event = NewEvent::json(id(n), kind.clone(), r#"{"what":"an order waits"}"#);
                let due = match dues {
                    Dues::None => None,
                    Dues::Spread => Some(Duration::from_micros(random.random_range(0..spread))),
                    Dues::Once => Some(Duration::ZERO),
                };
                if let Some(span) = due {
                    let due = [BEGIN.after(AHEAD + span)];
                    event.metadata.free = vec![(DUES_KEY.into(), dues_text(&due))];
                    event.tags = due_tags(READER, &due)?;
                }
                append = append.and(stream(n)?, ExpectedRevision::NoStream, vec![event]);
            }
            self.context.append_blocking(append)?;
        }
        Ok(())
    }

    /// What is due.
    pub(super) fn due(&self, wakes: &mut Wakes) -> anyhow::Result<Vec<Wake>> {
        match pollster(wakes.next(&*self.context))? {
            Next::Due(due) => Ok(due),
            Next::Waits(_) => Ok(Vec::new()),
        }
    }

    /// Fires the next of those that are due, as one append; how many.
    pub(super) fn fire(&self, wakes: &mut Wakes) -> anyhow::Result<u64> {
        let due = self.due(wakes)?;
        if due.is_empty() {
            return Ok(0);
        }
        let kind = EventType::new("$AlarmFired")?;
        let fired = |wake: &Wake| StreamWrite {
            stream: wake.event.stream.clone(),
            expected: ExpectedRevision::At(Revision::ZERO),
            events: vec![NewEvent::json(wake.event.id.derive(0), kind.clone(), "{}")],
        };
        let writes = due.iter().map(fired).collect();
        self.context.append_blocking(Append { writes, ..Append::default() })?;
        pollster(wakes.handled(&*self.context, &due))?;
        Ok(due.len() as u64)
    }
}

/// Runs what needs no runtime: the store is in this process.
fn pollster<T>(future: impl Future<Output = T>) -> T {
    headwater_framework::testing::block_on(future)
}

fn id(n: u64) -> EventId {
    EventId(Uuid::from_u128(u128::from(n) | (0xa1a2 << 96)))
}

fn stream(n: u64) -> anyhow::Result<StreamName> {
    Ok(StreamName::system(format!("$alarm-{n:08x}"))?)
}
