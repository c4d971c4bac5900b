//! The lock as a decider: pure, one stream for each lock.

use crate::planted::{Bug, planted};
use crate::request::record::Sender;
use crate::{Cause, Command, Decider, Event, Refusal, StreamId};
use headwater_model::{ContextName, EventId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// What is locked, in the words of the service that owns it.
#[derive(StreamId)]
#[stream("lock")]
pub struct LockKey(String);

/// Who holds a lock, or waits for it: an instance of a saga, by the request with which it asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The service of the saga.
    pub context: String,
    /// The saga.
    pub saga: String,
    /// Its instance.
    pub instance: String,
    /// Its request.
    pub request: EventId,
}

impl Holder {
    pub(crate) fn of(context: &ContextName, sender: Sender, request: EventId) -> Self {
        let Sender { saga, instance } = sender;
        Self { context: context.to_string(), saga, instance, request }
    }

    /// Whether both are the same instance.
    fn is(&self, other: &Self) -> bool {
        (&self.context, &self.saga, &self.instance)
            == (&other.context, &other.saga, &other.instance)
    }
}

/// What happens to a lock.
#[derive(Event, Debug, Clone, PartialEq)]
#[event(prefix = "Lock", public)]
pub enum LockEvent {
    /// It is somebody's.
    Granted {
        /// Whose.
        holder: Holder,
        /// For how long, in milliseconds.
        lease_ms: u64,
        /// When that is over.
        until: Timestamp,
    },
    /// Somebody waits for it.
    Queued {
        /// Who.
        holder: Holder,
        /// For how long they want it, in milliseconds.
        lease_ms: u64,
    },
    /// Its holder has given it back.
    Released {
        /// Who that was.
        holder: Holder,
    },
    /// Its holder's time was over.
    Lapsed {
        /// Who that was.
        holder: Holder,
    },
    /// Somebody waits for it no longer.
    Forgone {
        /// Who.
        holder: Holder,
    },
}

/// What is asked of a lock.
#[derive(Command, Debug, Clone)]
pub enum LockCommand {
    /// To have it, now or when it is one's turn.
    Acquire {
        /// For whom.
        holder: Holder,
        /// For how long, in milliseconds.
        lease_ms: u64,
    },
    /// To have it no longer, nor to wait for it.
    Release {
        /// Who.
        holder: Holder,
    },
    /// Whether it is theirs.
    Prove {
        /// Who says so.
        holder: Holder,
    },
    /// The lease that was granted to this request is over.
    Lapse {
        /// Which.
        request: EventId,
    },
}

/// Why a lock says no.
#[derive(Refusal, Debug, PartialEq)]
pub enum LockRefusal {
    /// Who asks does not hold it, or no longer.
    #[refusal(conflict, "the lock is not, or no longer, held by {saga} {instance}")]
    Lost {
        /// The saga.
        saga: String,
        /// Its instance.
        instance: String,
    },
    /// Who asks for it has it, or waits for it.
    #[refusal(conflict, "{saga} {instance} holds the lock already, or waits for it")]
    Taken {
        /// The saga.
        saga: String,
        /// Its instance.
        instance: String,
    },
}

/// A lock: who holds it, until when, and who is next.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lock {
    held: Option<Lease>,
    waiting: VecDeque<(Holder, u64)>,
}

#[derive(Clone, Debug, PartialEq)]
struct Lease {
    holder: Holder,
    until: Timestamp,
}

impl Lock {
    /// Who holds it.
    pub fn holder(&self) -> Option<&Holder> {
        self.held.as_ref().map(|lease| &lease.holder)
    }

    /// Who waits for it, in order.
    pub fn waiting(&self) -> impl Iterator<Item = &Holder> {
        self.waiting.iter().map(|(holder, _)| holder)
    }

    /// To whom it goes when its holder has it no longer.
    fn handed_on(&self, now: Timestamp) -> Option<LockEvent> {
        let (holder, lease_ms) = self.waiting.front()?;
        Some(granted(holder, *lease_ms, now))
    }

    fn acquire(
        &self,
        holder: Holder,
        lease_ms: u64,
        now: Timestamp,
    ) -> Result<Vec<LockEvent>, LockRefusal> {
        let known = self.holder().into_iter().chain(self.waiting()).find(|known| known.is(&holder));
        match known {
            Some(known) if known.request == holder.request => return Ok(vec![]), // told twice
            Some(_) => {
                let Holder { saga, instance, .. } = holder;
                return Err(LockRefusal::Taken { saga, instance });
            }
            None => {}
        }
        Ok(match &self.held {
            None => vec![granted(&holder, lease_ms, now)],
            Some(_) if planted(Bug::LockGrantedToTwo) => vec![granted(&holder, lease_ms, now)],
            // Its timer is late: who asks sees to it.
            Some(lease) if lease.until <= now => {
                let mut events = vec![LockEvent::Lapsed { holder: lease.holder.clone() }];
                match self.handed_on(now) {
                    Some(next) => events.extend([next, LockEvent::Queued { holder, lease_ms }]),
                    None => events.push(granted(&holder, lease_ms, now)),
                }
                events
            }
            Some(_) => vec![LockEvent::Queued { holder, lease_ms }],
        })
    }

    fn release(&self, holder: &Holder, now: Timestamp) -> Vec<LockEvent> {
        if let Some(known) = self.holder().filter(|known| known.is(holder)) {
            let released = LockEvent::Released { holder: known.clone() };
            return [released].into_iter().chain(self.handed_on(now)).collect();
        }
        let waiting = self.waiting().find(|known| known.is(holder));
        waiting.map(|known| LockEvent::Forgone { holder: known.clone() }).into_iter().collect()
    }
}

fn granted(holder: &Holder, lease_ms: u64, now: Timestamp) -> LockEvent {
    let until = now.after(Duration::from_millis(lease_ms));
    LockEvent::Granted { holder: holder.clone(), lease_ms, until }
}

impl Decider for Lock {
    type Id = LockKey;
    type Command = LockCommand;
    type Event = LockEvent;
    type Refusal = LockRefusal;

    fn decide(&self, command: LockCommand, cause: &Cause) -> Result<Vec<LockEvent>, LockRefusal> {
        let now = cause.now();
        match command {
            LockCommand::Acquire { holder, lease_ms } => self.acquire(holder, lease_ms, now),
            LockCommand::Release { holder } => Ok(self.release(&holder, now)),
            LockCommand::Prove { holder } => match &self.held {
                Some(lease) if lease.holder.is(&holder) && now < lease.until => Ok(vec![]),
                _ => Err(LockRefusal::Lost { saga: holder.saga, instance: holder.instance }),
            },
            LockCommand::Lapse { request } => {
                let lapsed = self.holder().filter(|holder| holder.request == request);
                let Some(holder) = lapsed.cloned() else { return Ok(vec![]) };
                let lapsed = LockEvent::Lapsed { holder };
                Ok([lapsed].into_iter().chain(self.handed_on(now)).collect())
            }
        }
    }

    fn evolve(mut self, event: &LockEvent) -> Self {
        match event {
            LockEvent::Granted { holder, until, .. } => {
                self.waiting.retain(|(waiting, _)| !waiting.is(holder));
                self.held = Some(Lease { holder: holder.clone(), until: *until });
            }
            LockEvent::Queued { holder, lease_ms } => {
                self.waiting.push_back((holder.clone(), *lease_ms));
            }
            LockEvent::Released { holder } | LockEvent::Lapsed { holder } => {
                self.held = self.held.filter(|lease| !lease.holder.is(holder));
            }
            LockEvent::Forgone { holder } => {
                self.waiting.retain(|(waiting, _)| !waiting.is(holder));
            }
        }
        self
    }
}
