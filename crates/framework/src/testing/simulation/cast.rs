//! The cast: the processes of a run, their readers, and who is at something.
//!
//! Why: a process is killed by dropping what it does and wiring it anew: what it held in memory is gone because
//! it is gone, and not because somebody remembered to clear it.

use super::gate::Gate;
use super::scenario::{Process, Reply};
use crate::reader::{Reader, Turn};
use crate::{Service, Store};
use futures_util::future::BoxFuture;
use headwater_model::{ContextName, Position, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// The wait before a failed reader is tried again; doubles.
const WAIT_MIN: Duration = Duration::from_millis(50);

/// How often it is doubled at most.
const DOUBLED_COUNT_MAX: u32 = 8;

/// A process at work.
pub(super) struct Running {
    process: Process,
    pub(super) service: Service,
    pub(super) posts: Vec<Post>,
    /// It does nothing before this moment.
    pub(super) away_until: u64,
}

/// A reader, and what it is about.
pub(super) struct Post {
    pub(super) reader: Arc<dyn Reader>,
    /// Which of the heads it follows.
    source: usize,
    pub(super) does: Does,
    pub(super) failure_count: u32,
}

/// What a reader is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Does {
    /// It may take a turn.
    Ready,
    /// It takes one.
    Works,
    /// It waits for its source to grow past this (if it waits for that), or for a time.
    Sleeps { past: Option<Option<Position>>, until: Option<Timestamp> },
    /// It stands for good.
    Halted(String),
}

impl Running {
    pub(super) fn start(process: Process, store: &Store, heads: &mut Heads) -> Self {
        let service = process.start(store);
        let posts = posts(&service, heads);
        Self { process, service, posts, away_until: 0 }
    }

    /// It dies, and begins again from what is stored.
    pub(super) fn start_again(&mut self, store: &Store, heads: &mut Heads) {
        self.service = self.process.start(store);
        self.posts = posts(&self.service, heads);
    }

    /// The name of the service that it runs.
    pub(super) fn name(&self) -> &str {
        self.service.name().as_str()
    }
}

fn posts(service: &Service, heads: &mut Heads) -> Vec<Post> {
    let post = |reader: &Arc<dyn Reader>| Post {
        source: heads.index_of(&reader.status().source),
        reader: Arc::clone(reader),
        does: Does::Ready,
        failure_count: 0,
    };
    service.readers().iter().map(post).collect()
}

impl Post {
    /// Whether it may take a turn now.
    pub(super) fn is_ready(&self, now: Timestamp, heads: &Heads) -> bool {
        match &self.does {
            Does::Ready => true,
            Does::Works | Does::Halted(_) => false,
            Does::Sleeps { past, until } => {
                past.is_some_and(|past| heads.at[self.source] > past)
                    || until.is_some_and(|until| until <= now)
            }
        }
    }

    /// When it is due, if it waits for a time.
    pub(super) fn due(&self) -> Option<Timestamp> {
        match self.does {
            Does::Sleeps { until, .. } => until,
            _ => None,
        }
    }

    /// What it does behind a turn.
    pub(super) fn after(&mut self, turn: Turn, now: Timestamp) {
        let (mut failure_count, doubled) = (0, self.failure_count.min(DOUBLED_COUNT_MAX));
        self.does = match turn {
            Turn::Moved => Does::Ready,
            Turn::Idle(past) => Does::Sleeps { past: Some(past), until: None },
            Turn::IdleUntil { position, until } => {
                Does::Sleeps { past: Some(position), until: Some(until) }
            }
            Turn::Waits(until) => Does::Sleeps { past: None, until: Some(until) },
            Turn::Failed { wait, .. } => {
                failure_count = self.failure_count + 1;
                let wait = wait.unwrap_or(WAIT_MIN * 2_u32.pow(doubled));
                Does::Sleeps { past: None, until: Some(now.after(wait)) }
            }
            Turn::Rests => Does::Sleeps { past: None, until: None },
            Turn::Halted(why) => Does::Halted(why),
        };
        self.failure_count = failure_count;
    }
}

/// How far each context has come.
#[derive(Default)]
pub(super) struct Heads {
    names: Vec<ContextName>,
    at: Vec<Option<Position>>,
}

impl Heads {
    fn index_of(&mut self, name: &ContextName) -> usize {
        match self.names.iter().position(|known| known == name) {
            Some(index) => index,
            None => {
                self.names.push(name.clone());
                self.at.push(None);
                self.names.len() - 1
            }
        }
    }

    pub(super) fn grow(&mut self, name: &ContextName, to: Position) {
        let index = self.index_of(name);
        self.at[index] = self.at[index].max(Some(to));
    }
}

/// Somebody at something.
pub(super) struct Actor {
    pub(super) process: usize,
    pub(super) role: Role,
    future: BoxFuture<'static, Came>,
    woken: Arc<Woken>,
    /// Where it stands.
    pub(super) gate: Option<Gate>,
}

/// What an actor is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A turn of this reader.
    Reader(usize),
    /// This step; once more if it is a repetition.
    Step { step: usize, repeats: bool },
}

/// What it came to.
pub(super) enum Came {
    Turn(Turn),
    Reply(Reply),
}

impl Actor {
    pub(super) fn turn(process: usize, index: usize, running: &Running) -> Self {
        let reader = Arc::clone(&running.posts[index].reader);
        let service = running.service.clone();
        let future = async move { Came::Turn(reader.turn(&service).await) };
        Self::new(process, Role::Reader(index), Box::pin(future))
    }

    pub(super) fn new(process: usize, role: Role, future: BoxFuture<'static, Came>) -> Self {
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        Self { process, role, future, woken, gate: None }
    }

    /// Whether it could go on.
    pub(super) fn is_awake(&self) -> bool {
        self.woken.0.load(Ordering::Relaxed)
    }

    /// Whether the call that it stands at can be lost.
    pub(super) fn can_lose(&self) -> bool {
        self.gate.is_some()
    }

    pub(super) fn go_on(&mut self) -> Poll<Came> {
        self.woken.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&self.woken));
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}
