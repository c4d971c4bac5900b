//! A server at one moment.

use super::metrics::Counted;
use crate::exit::Answered;
use crate::page;
use headwater_client::{Address, Client};
use headwater_model::{ContextName, Contexts as _};
use std::time::Instant;

/// A server at one moment.
pub(super) struct Sample {
    pub(super) at: Instant,
    pub(super) counted: Counted,
    pub(super) contexts: Vec<Context>,
}

/// A context at one moment.
pub(super) struct Context {
    pub(super) name: ContextName,
    /// Events there are.
    pub(super) events: u64,
    /// `None` if the server does not say.
    pub(super) groups: Option<Groups>,
}

/// All consumer groups of a context.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Groups {
    pub(super) count: u64,
    /// Of the one that has most left to do.
    pub(super) lag_max: u64,
    pub(super) parked: u64,
}

impl Sample {
    pub(super) async fn take(server: &Address, client: &Client) -> anyhow::Result<Self> {
        let page = page::get(server, "/metrics").await?;
        if !page.status.is_success() {
            let detail = format!("{server} does not show its metrics: {}", page.status);
            let (code, status) = ("cli.failed".to_owned(), Some(page.status.as_u16()));
            return Err(Answered { code, detail, status }.into());
        }
        let (at, counted) = (Instant::now(), Counted::read(&page.text));
        let mut contexts = Vec::new();
        for name in client.names().await? {
            let store = client.context(name.clone()).await?;
            let (_, head) = store.head().await?;
            let events = head.map_or(0, |head| head.0 + 1);
            let groups = match store.consumer_groups() {
                Some(port) => Some(Groups::sum(port.groups().await?)),
                None => None,
            };
            contexts.push(Context { name, events, groups });
        }
        Ok(Self { at, counted, contexts })
    }
}

impl Groups {
    fn sum(infos: Vec<headwater_model::GroupInfo>) -> Self {
        infos.iter().fold(Self::default(), |sum, info| Self {
            count: sum.count + 1,
            lag_max: sum.lag_max.max(info.lag_count),
            parked: sum.parked + info.parked_count,
        })
    }
}
