//! Monitoring: what this server counts, under the names that clients of this protocol know.
//!
//! Picture:
//! ```text
//!   proc-id, proc-startTime, proc-tcp-connections, es-checksum   as there
//!   headwater_appends_total{…}, …                                as at /metrics
//! ```
//! Not here: figures of parts that this server does not have, such as queues between its parts.

use super::home::{Home, House};
use super::place::commit;
use super::refusal::Refusal;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use headwater_model::Timestamp;
use headwater_wire::kurrent::event_store::client::monitoring as pb;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tonic::{Request, Response, Status};

/// Figures are told no more often than this.
const REFRESH_MIN: Duration = Duration::from_millis(100);

/// What a client waits for that names no time, or one that would be for ever.
const REFRESH_MAX: Duration = Duration::from_secs(60 * 60);

pub(super) struct Monitoring {
    house: House,
    since: Instant,
}

impl Monitoring {
    pub(super) fn new(house: House) -> Self {
        Self { house, since: Instant::now() }
    }
}

#[tonic::async_trait]
impl pb::monitoring_server::Monitoring for Monitoring {
    type StatsStream = BoxStream<'static, Result<pb::StatsResp, Status>>;

    async fn stats(
        &self,
        request: Request<pb::StatsReq>,
    ) -> Result<Response<Self::StatsStream>, Status> {
        let home = self.house.home(&request);
        let every = Duration::from_millis(request.into_inner().refresh_time_period_in_ms);
        let since = self.since;
        let first = figures(&home, since).await?;
        let first = stream::iter([Ok(pb::StatsResp { stats: first })]);
        if every.is_zero() {
            return Ok(Response::new(first.boxed()));
        }
        let every = every.clamp(REFRESH_MIN, REFRESH_MAX);
        let closing = home.closing();
        let next = stream::unfold(home, move |home| async move {
            tokio::time::sleep(every).await;
            let told = figures(&home, since).await;
            Some((told.map(|stats| pb::StatsResp { stats }).map_err(Status::from), home))
        });
        let closed = home_closed().into_stream();
        Ok(Response::new(first.chain(next.take_until(closing).chain(closed)).boxed()))
    }
}

async fn home_closed() -> Result<pb::StatsResp, Status> {
    Err(Refusal::NotReady { why: "the server is closing".to_owned() }.into())
}

/// All figures, at this moment.
async fn figures(home: &Home, since: Instant) -> Result<HashMap<String, String>, Refusal> {
    let mut figures: HashMap<String, String> = home.metrics()?.figures().into_iter().collect();
    let store = home.store().await?;
    let (incarnation, head) = store.head().await?;
    let open = figures.get("headwater_connections").cloned().unwrap_or_else(|| "0".to_owned());
    let written = head.map_or(0, |position| commit(incarnation, position));
    let up = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX);
    let started = Timestamp::from_micros(store.now().as_micros().saturating_sub(up));
    figures.extend(
        [
            ("proc-id", std::process::id().to_string()),
            ("proc-startTime", started.to_string()),
            ("proc-tcp-connections", open),
            ("es-checksum", written.to_string()),
        ]
        .map(|(key, value)| (key.to_owned(), value)),
    );
    Ok(figures)
}
