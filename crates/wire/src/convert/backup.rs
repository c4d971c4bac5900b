//! Copies of journals.

use super::text::required;
use crate::{Malformed, v1};
use bytes::Bytes;
use headwater_model::{
    ContextName, CopyAsked, CopyPoint, CopyStep, Incarnation, KnownSegment, Position,
};
use uuid::Uuid;

impl From<&CopyPoint> for v1::CopyPoint {
    fn from(point: &CopyPoint) -> Self {
        let fork = |(incarnation, first): &(Incarnation, Position)| v1::Fork {
            incarnation: incarnation.0,
            first: first.0,
        };
        Self {
            id: Bytes::copy_from_slice(point.context.as_bytes()),
            incarnations: point.incarnations.iter().map(fork).collect(),
            segment: point.segment,
            at: point.at,
        }
    }
}

impl TryFrom<v1::CopyPoint> for CopyPoint {
    type Error = Malformed;

    fn try_from(point: v1::CopyPoint) -> Result<Self, Malformed> {
        let v1::CopyPoint { id, incarnations, segment, at } = point;
        let context = Uuid::from_slice(&id).map_err(|_| Malformed::Id { bytes: id.len() })?;
        let fork = |fork: v1::Fork| (Incarnation(fork.incarnation), Position(fork.first));
        let incarnations = incarnations.into_iter().map(fork).collect();
        Ok(Self { context, incarnations, segment, at })
    }
}

impl v1::CopyRequest {
    /// A copy of this context.
    pub fn new(context: &ContextName, asked: &CopyAsked) -> Self {
        let known = |known: &KnownSegment| v1::KnownSegment {
            segment: known.segment,
            bytes: known.bytes,
            chain: known.chain,
        };
        Self {
            context: context.as_shared().as_bytes().clone(),
            until: Some((&asked.until).into()),
            known: asked.known.iter().map(known).collect(),
        }
    }
}

impl TryFrom<v1::CopyRequest> for CopyAsked {
    type Error = Malformed;

    fn try_from(request: v1::CopyRequest) -> Result<Self, Malformed> {
        let known = |known: v1::KnownSegment| KnownSegment {
            segment: known.segment,
            bytes: known.bytes,
            chain: known.chain,
        };
        let until = required("the point of a copy", request.until)?.try_into()?;
        Ok(Self { until, known: request.known.into_iter().map(known).collect() })
    }
}

impl From<CopyStep> for v1::CopyStep {
    fn from(step: CopyStep) -> Self {
        use v1::copy_step::Step;
        let step = match step {
            CopyStep::Known { segment } => Step::Known(v1::SegmentKnown { segment }),
            CopyStep::Begins { segment, from, to, sealed } => {
                Step::Begins(v1::SegmentBegins { segment, from, to, sealed })
            }
            CopyStep::Bytes(bytes) => Step::Bytes(bytes),
        };
        Self { step: Some(step) }
    }
}

impl TryFrom<v1::CopyStep> for CopyStep {
    type Error = Malformed;

    fn try_from(step: v1::CopyStep) -> Result<Self, Malformed> {
        use v1::copy_step::Step;
        Ok(match required("the step of a copy", step.step)? {
            Step::Known(v1::SegmentKnown { segment }) => Self::Known { segment },
            Step::Begins(v1::SegmentBegins { segment, from, to, sealed }) => {
                Self::Begins { segment, from, to, sealed }
            }
            Step::Bytes(bytes) => Self::Bytes(bytes),
        })
    }
}
