//! Group commit for the peers: one thread takes all waiting appends and makes them one transaction.
//!
//! Why: it is how they are fastest under many writers, and what a good engineer would put in front
//! of them. Without it the comparison would be too easy.
//!
//! Picture:
//! ```text
//!   64 tasks ──event──▶ channel ──▶ one thread: take all that wait, append, answer each
//! ```

use crate::event::Event;
use crate::peer::Peer;
use tokio::sync::{mpsc, oneshot};

/// Events of one transaction at most.
const GROUP_COUNT_MAX: usize = 1_024;

struct Request {
    events: Vec<Event>,
    done: oneshot::Sender<Result<(), String>>,
}

/// A peer behind its one writer thread.
#[derive(Clone)]
pub(crate) struct GroupCommit {
    requests: mpsc::UnboundedSender<Request>,
}

impl GroupCommit {
    /// Serves appends to `peer` until the last handle is gone; then `peer` comes back.
    pub(crate) fn start<P>(mut peer: P) -> (Self, std::thread::JoinHandle<P>)
    where
        P: Peer + 'static,
    {
        let (requests, mut waiting) = mpsc::unbounded_channel();
        let thread = std::thread::spawn(move || {
            while serve_group(&mut peer, &mut waiting) {}
            peer
        });
        (Self { requests }, thread)
    }

    /// Appends events, durable when it returns; how many.
    pub(crate) async fn append(&self, events: Vec<Event>) -> anyhow::Result<u64> {
        let count = events.len() as u64;
        let (done, answer) = oneshot::channel();
        self.requests
            .send(Request { events, done })
            .map_err(|_| anyhow::anyhow!("the writer thread is gone"))?;
        answer.await?.map_err(anyhow::Error::msg)?;
        Ok(count)
    }
}

/// Appends what waits, as one transaction; `false` when nobody will ever ask again.
fn serve_group(peer: &mut dyn Peer, waiting: &mut mpsc::UnboundedReceiver<Request>) -> bool {
    let Some(first) = waiting.blocking_recv() else { return false };
    let (mut events, mut dones) = (first.events, vec![first.done]);
    while events.len() < GROUP_COUNT_MAX
        && let Ok(request) = waiting.try_recv()
    {
        events.extend(request.events);
        dones.push(request.done);
    }
    let result = peer.append(&events).map_err(|error| error.to_string());
    for done in dones {
        // A caller that no longer waits loses nothing: its event is stored.
        let _unheard = done.send(result.clone());
    }
    true
}
