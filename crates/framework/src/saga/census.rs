//! A census of instances: who has ended, who is parked, who is on the way.

use super::instance::{Instance, Standing};
use super::reader::SagaReader;
use super::{Saga, WhenStuck, record};
use crate::{LoadError, Service};

/// Streams of a page.
const PAGE_COUNT: usize = 1_000;

/// How many instances stand where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Census {
    /// They have ended.
    pub(crate) ended_count: u64,
    /// They wait for a person.
    pub(crate) parked_count: u64,
    /// The streams of those that are on the way.
    pub(crate) open: Vec<String>,
}

impl<S: Saga> SagaReader<S> {
    /// Counts all instances; by the reader of the own context, for all of its saga's.
    pub(super) async fn count_all(&self, service: &Service) -> Result<Census, LoadError> {
        let mut census = Census::default();
        if self.status.source != *service.name() {
            return Ok(census);
        }
        let own = service.own().await?;
        let (prefix, mut after) = (format!("{}-", record::category::<S>()?), None);
        loop {
            let page = own.streams(prefix.clone(), after, PAGE_COUNT).await?;
            for stream in &page {
                let instance = Instance::<S>::load(&*own, &stream.stream).await?.state;
                match instance.standing {
                    Standing::New => {}
                    Standing::Running if self.shared.saga.when_stuck() == WhenStuck::Wait => {}
                    Standing::Running => census.open.push(stream.stream.to_string()),
                    Standing::Parked(_) => census.parked_count += 1,
                    Standing::Ended(_) => census.ended_count += 1,
                }
            }
            match page.last() {
                Some(last) if page.len() == PAGE_COUNT => after = Some(last.stream.clone()),
                _ => return Ok(census),
            }
        }
    }
}
