//! Scavenging: what is asked, and how far it is.

use super::text::words;
use crate::{Malformed, v1};
use bytes::Bytes;
use headwater_model::{ContextName, ScavengeAsked, ScavengePhase, ScavengeProgress};

impl v1::StartScavengeRequest {
    /// A scavenge of this context.
    pub fn new(context: &ContextName, asked: &ScavengeAsked) -> Self {
        Self {
            context: context.as_shared().as_bytes().clone(),
            bytes_per_second_max: Some(asked.bytes_per_second_max),
            freed_percent_min: Some(u32::from(asked.freed_percent_min)),
        }
    }
}

impl From<&v1::StartScavengeRequest> for ScavengeAsked {
    /// More percent than there are is said as such, and refused where it is looked at.
    fn from(request: &v1::StartScavengeRequest) -> Self {
        let usual = Self::default();
        let percent = request.freed_percent_min;
        let percent = percent.map(|percent| u8::try_from(percent).unwrap_or(u8::MAX));
        Self {
            bytes_per_second_max: request
                .bytes_per_second_max
                .unwrap_or(usual.bytes_per_second_max),
            freed_percent_min: percent.unwrap_or(usual.freed_percent_min),
        }
    }
}

impl From<ScavengeProgress> for v1::ScavengeProgress {
    fn from(progress: ScavengeProgress) -> Self {
        let (phase, why) = match progress.phase {
            ScavengePhase::Idle => (v1::ScavengePhase::Idle, String::new()),
            ScavengePhase::Releasing => (v1::ScavengePhase::Releasing, String::new()),
            ScavengePhase::Rewriting => (v1::ScavengePhase::Rewriting, String::new()),
            ScavengePhase::Done => (v1::ScavengePhase::Done, String::new()),
            ScavengePhase::Stopped => (v1::ScavengePhase::Stopped, String::new()),
            ScavengePhase::Failed { why } => (v1::ScavengePhase::Failed, why),
        };
        Self {
            phase: phase.into(),
            why: Bytes::from(why),
            segments_total: progress.segments_total,
            segments_done: progress.segments_done,
            segments_rewritten: progress.segments_rewritten,
            streams_released: progress.streams_released,
            events_removed: progress.events_removed,
            bytes_read: progress.bytes_read,
            bytes_written: progress.bytes_written,
            bytes_freed: progress.bytes_freed,
            took_ms: progress.took_ms,
            left_ms: progress.left_ms,
        }
    }
}

impl TryFrom<v1::ScavengeProgress> for ScavengeProgress {
    type Error = Malformed;

    fn try_from(progress: v1::ScavengeProgress) -> Result<Self, Malformed> {
        let phase = match v1::ScavengePhase::try_from(progress.phase) {
            Ok(v1::ScavengePhase::Idle) => ScavengePhase::Idle,
            Ok(v1::ScavengePhase::Releasing) => ScavengePhase::Releasing,
            Ok(v1::ScavengePhase::Rewriting) => ScavengePhase::Rewriting,
            Ok(v1::ScavengePhase::Done) => ScavengePhase::Done,
            Ok(v1::ScavengePhase::Stopped) => ScavengePhase::Stopped,
            Ok(v1::ScavengePhase::Failed) => {
                ScavengePhase::Failed { why: words("why a scavenge failed", progress.why)? }
            }
            Err(_) => return Err(Malformed::Missing { field: "the phase of a scavenge" }),
        };
        Ok(Self {
            phase,
            segments_total: progress.segments_total,
            segments_done: progress.segments_done,
            segments_rewritten: progress.segments_rewritten,
            streams_released: progress.streams_released,
            events_removed: progress.events_removed,
            bytes_read: progress.bytes_read,
            bytes_written: progress.bytes_written,
            bytes_freed: progress.bytes_freed,
            took_ms: progress.took_ms,
            left_ms: progress.left_ms,
        })
    }
}
