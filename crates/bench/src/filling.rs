//! Filling an embedded store with a dataset.

use crate::dataset::Dataset;
use crate::embedded::Headwater;
use crate::peer::Peer;
use indicatif::{ProgressBar, ProgressStyle};

/// Appends under way at once while filling.
const IN_FLIGHT: usize = 4;

impl Dataset {
    /// Fills Headwater.
    pub(crate) async fn fill(self, headwater: &Headwater, label: &str) -> anyhow::Result<()> {
        use futures_util::{StreamExt, TryStreamExt};
        let progress = self.progress(label);
        futures_util::stream::iter(self.appends().map(|events| headwater.append(events)))
            .buffered(IN_FLIGHT)
            .try_for_each(|count| {
                progress.inc(count);
                std::future::ready(Ok(()))
            })
            .await?;
        progress.finish_and_clear();
        Ok(())
    }

    /// Fills a peer.
    pub(crate) fn fill_peer(self, peer: &mut dyn Peer) -> anyhow::Result<()> {
        let progress = self.progress(peer.name());
        for events in self.appends() {
            peer.append(&events)?;
            progress.inc(events.len() as u64);
        }
        progress.finish_and_clear();
        Ok(())
    }

    fn progress(self, label: &str) -> ProgressBar {
        let style =
            ProgressStyle::with_template("  filling {msg} {wide_bar} {percent} % {per_sec}")
                .expect("the template is a constant");
        let message = format!("{label} with {} events", self.event_count);
        ProgressBar::new(self.event_count).with_style(style).with_message(message)
    }
}
