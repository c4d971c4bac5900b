//! What an instance's stream holds: its steps, and what was set aside.
//!
//! Why: what was told and what was answered is recorded as it was, so that an instance is folded from it
//! under later code, and a person reads in it what happened and why.
//!
//! Picture: `$saga.checkout-8f3a`
//! ```text
//!   $SagaStep     on: input | timer | refusal, actions, refused?, awaits
//!   $SagaAnswered a request was carried out: nothing to decide
//!   $SagaHeld     on: it came too early, or while the instance was parked
//!   $SagaParked   on?, code, why: it waits for a person
//!   $SagaResumed  how · $SagaForced  end, why
//! ```
//! Invariant: payloads of others stand in it as JSON within JSON, not as text: what was sealed in them
//! stays sealed, and readers see through.

use super::{ByHand, CarriedOut, End, Note, Refused, Saga, Trigger, Verb};
use crate::react::session::Stop;
use crate::{DecodeError, Input, LoadError, Source, Timer};
use bytes::Bytes;
use bytestring::ByteString;
use headwater_model::{
    Category, ContentType, ContextName, EventId, EventType, Incarnation, InvalidName, Metadata,
    Position, RecordedEvent, Revision, StreamName, Tag, Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::fmt;

/// The types of the events of an instance.
pub(crate) const STEP: &str = "$SagaStep";
const ANSWERED: &str = "$SagaAnswered";
const HELD: &str = "$SagaHeld";
const PARKED: &str = "$SagaParked";
const RESUMED: &str = "$SagaResumed";
const FORCED: &str = "$SagaForced";

/// The category of a saga's instances; a category ends at the first `-`.
pub(crate) fn category<S: Saga>() -> Result<Category, InvalidName> {
    Category::new(format!("$saga.{}", S::NAME.replace('-', "_")))
}

/// An instance's stream.
pub(crate) fn stream<S: Saga>(id: &S::Id) -> Result<StreamName, InvalidName> {
    StreamName::system(format!("{}-{id}", category::<S>()?))
}

/// An event of an instance's stream.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    /// It was told something, and answered.
    Step(Step),
    /// A request of it was carried out.
    Answered(Answered),
    /// It was told something too early, or while it was parked.
    Held(Held),
    /// It waits for a person.
    Parked(Parked),
    /// It goes on.
    Resumed(Resumed),
    /// A person has ended it.
    Forced(Forced),
}

/// It was told something, and answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) on: Told,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) actions: Vec<Did>,
    /// A command that it ran was refused: nothing came of the actions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refused: Option<Refused>,
    /// Events of this step that come back to the instance as inputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) awaits: Vec<EventId>,
}

/// A request of it was carried out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Answered {
    pub(crate) request: EventId,
    pub(crate) mark: Mark,
}

/// It was told something too early, or while it was parked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) on: Told,
}

/// It waits for a person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Parked {
    /// What it was told, and could not answer; nothing if it is stuck.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) on: Option<Told>,
    /// Under which id it is parked.
    pub(crate) event: EventId,
    /// By the reader of which context, and how far that was.
    pub(crate) source: ContextName,
    pub(crate) position: Position,
    pub(crate) code: String,
    pub(crate) why: String,
    /// The refusal that it could not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refused: Option<Refused>,
}

/// It goes on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Resumed {
    pub(crate) how: How,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
}

/// How it was set going.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum How {
    /// What it was told is tried again.
    Retried,
    /// What it was told is passed over.
    Skipped,
    /// It was stuck, and an input has come after all.
    Told,
}

/// A person has ended it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Forced {
    pub(crate) end: End,
    pub(crate) why: String,
}

/// What it was told.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Told {
    /// An event.
    Input(Box<ToldInput>),
    /// A timer of one of its own steps.
    Timer(ToldTimer),
    /// A refusal: of a request, or of a command that a step ran.
    Refused(ToldRefusal),
    /// A request of it was carried out.
    Done(ToldDone),
    /// This step of it is taken.
    Next(EventId),
    /// A person has seen to what it was told.
    ByHand(Box<ToldByHand>),
}

/// An event that it was told, whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ToldInput {
    pub(crate) mark: Mark,
    pub(crate) event: EventId,
    #[serde(rename = "type")]
    pub(crate) event_type: EventType,
    schema_version: u32,
    pub(crate) stream: StreamName,
    pub(crate) revision: Revision,
    recorded_at: Timestamp,
    content: Content,
    #[serde(default)]
    pub(crate) metadata: Metadata,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Tag>,
}

/// A payload within a payload.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Content {
    Json(Box<RawValue>),
    /// In hexadecimal digits.
    Binary(String),
}

/// Where an input stands: which event of which context, and which of the inputs that it came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub(crate) context: ContextName,
    pub(crate) incarnation: Incarnation,
    pub(crate) position: Position,
    pub(crate) part: u32,
}

/// A timer of one of its own steps, and which.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ToldTimer {
    pub(crate) timer: Named,
    pub(crate) step: EventId,
    pub(crate) index: u32,
}

/// A refusal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ToldRefusal {
    pub(crate) refused: Refused,
    /// The request that was refused, or the step whose command was.
    pub(crate) of: EventId,
    /// Where a request's refusal was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mark: Option<Mark>,
}

/// A request was carried out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ToldDone {
    pub(crate) done: CarriedOut,
    pub(crate) of: EventId,
    pub(crate) mark: Mark,
}

/// A person has seen to what it was told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ToldByHand {
    pub(crate) verb: Verb,
    pub(crate) on: Told,
    pub(crate) code: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refused: Option<Refused>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
}

/// A command or timer: its name and what it says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) says: Box<RawValue>,
}

/// What it answered, in order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Did {
    /// Ran a command on an own decider.
    Run {
        on: StreamName,
        command: Named,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<String>,
    },
    /// Sent a request.
    Send {
        to: ContextName,
        target: String,
        command: Named,
        request: EventId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<String>,
    },
    /// Set a timer.
    Wake { timer: Named, due: Timestamp },
    /// A timer is set no longer.
    Cancel { timer: Named },
    /// Ended.
    End(End),
    /// What a plan is found by again.
    Keep(Box<RawValue>),
    /// Is told at once that this step is taken.
    Next,
    /// Has answered a request that was put off.
    Answer { to: ContextName, request: EventId },
}

impl PartialEq for Named {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.says.get() == other.says.get()
    }
}

impl Named {
    pub(crate) fn new(name: &str, says: &Bytes) -> serde_json::Result<Self> {
        Ok(Self { name: name.to_owned(), says: serde_json::from_slice(says)? })
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}:{}.{}", self.context, self.incarnation.0, self.position, self.part)
    }
}

/// When the timers are due that these actions set, in order.
pub(crate) fn dues(actions: &[Did]) -> Vec<Timestamp> {
    let due = |did: &Did| match did {
        Did::Wake { due, .. } => Some(*due),
        _ => None,
    };
    actions.iter().filter_map(due).collect()
}

impl ToldInput {
    /// What it belongs to, without what led to it.
    pub(crate) fn part_of(&self) -> Metadata {
        let own = || self.event.to_string().into();
        Metadata {
            correlation: Some(self.metadata.correlation.clone().unwrap_or_else(own)),
            causation: None,
            free: Vec::new(),
            ..self.metadata.clone()
        }
    }

    /// The event as it came, to be stored with the step.
    pub(crate) fn new(mark: Mark, event: &RecordedEvent) -> serde_json::Result<Self> {
        Ok(Self {
            mark,
            event: event.id,
            event_type: event.event_type.clone(),
            schema_version: event.schema_version,
            stream: event.stream.clone(),
            revision: event.revision,
            recorded_at: event.recorded_at,
            content: match event.content_type {
                ContentType::Json => Content::Json(serde_json::from_slice(&event.payload)?),
                ContentType::Binary => Content::Binary(hex::encode(&event.payload)),
            },
            metadata: event.metadata.clone(),
            tags: event.tags.clone(),
        })
    }

    fn recorded(&self) -> Result<RecordedEvent, DecodeError> {
        let (content_type, payload) = match &self.content {
            Content::Json(json) => {
                (ContentType::Json, Bytes::copy_from_slice(json.get().as_bytes()))
            }
            Content::Binary(text) => {
                let bytes = hex::decode(text).map_err(|error| DecodeError::Malformed {
                    name: self.event_type.to_string(),
                    schema_version: self.schema_version,
                    why: error.to_string(),
                })?;
                (ContentType::Binary, Bytes::from(bytes))
            }
        };
        Ok(RecordedEvent {
            id: self.event,
            stream: self.stream.clone(),
            revision: self.revision,
            position: self.mark.position,
            recorded_at: self.recorded_at,
            event_type: self.event_type.clone(),
            schema_version: self.schema_version,
            content_type,
            payload,
            metadata: self.metadata.clone(),
            tags: self.tags.clone(),
        })
    }
}

impl Told {
    /// Who it is: an input its event, a timer its step and place, a refusal what was refused.
    pub(crate) fn id(&self) -> EventId {
        match self {
            Self::Input(input) if input.mark.part == 0 => input.event,
            Self::Input(input) => input.event.derive(input.mark.part),
            Self::Timer(timer) => timer.step.derive_named(&format!("timer/{}", timer.index)),
            Self::Refused(refusal) => refusal.of.derive_named("refused"),
            Self::Done(done) => done.of.derive_named("done"),
            Self::Next(step) => step.derive_named("next"),
            Self::ByHand(by_hand) => by_hand.on.id(),
        }
    }

    /// Where it was read, if it came from a context's order.
    pub(crate) fn mark(&self) -> Option<&Mark> {
        match self {
            Self::Input(input) => Some(&input.mark),
            Self::Timer(_) | Self::Next(_) => None,
            Self::Refused(refusal) => refusal.mark.as_ref(),
            Self::Done(done) => Some(&done.mark),
            Self::ByHand(by_hand) => by_hand.on.mark(),
        }
    }

    /// What it means to the saga.
    pub(crate) fn trigger<S: Saga>(&self, own: &ContextName) -> Result<Trigger<S>, DecodeError> {
        match self {
            Self::Input(input) => {
                let context = &input.mark.context;
                let source = Source { context: context.as_str(), own: context == own };
                let event = input.recorded()?;
                let inputs = S::Input::decode(source, &event)?.into_vec();
                let part = usize::try_from(input.mark.part).unwrap_or(usize::MAX);
                match inputs.into_iter().nth(part) {
                    Some(input) => Ok(Trigger::Input(input)),
                    None => Err(DecodeError::Malformed {
                        name: event.event_type.to_string(),
                        schema_version: event.schema_version,
                        why: format!("it does not come to {} inputs any more", part + 1),
                    }),
                }
            }
            Self::Timer(told) => {
                let timer = S::Timer::decode(&told.timer.name, told.timer.says.get().as_bytes())?;
                Ok(Trigger::Timer(timer))
            }
            Self::Refused(refusal) => Ok(Trigger::Refused(refusal.refused.clone())),
            Self::Done(told) => Ok(Trigger::Note(Note::CarriedOut(told.done.clone()))),
            Self::Next(_) => Ok(Trigger::Note(Note::Next)),
            Self::ByHand(told) => Ok(Trigger::Note(Note::ByHand(ByHand {
                verb: told.verb,
                on: Box::new(told.on.trigger(own)?),
                code: told.code.clone(),
                refused: told.refused.clone(),
            }))),
        }
    }
}

impl Entry {
    /// The event's type and payload.
    pub(crate) fn encode(&self) -> Result<(EventType, Bytes), Stop> {
        let (name, payload) = match self {
            Self::Step(step) => (STEP, serde_json::to_vec(step)),
            Self::Answered(answered) => (ANSWERED, serde_json::to_vec(answered)),
            Self::Held(held) => (HELD, serde_json::to_vec(held)),
            Self::Parked(parked) => (PARKED, serde_json::to_vec(parked)),
            Self::Resumed(resumed) => (RESUMED, serde_json::to_vec(resumed)),
            Self::Forced(forced) => (FORCED, serde_json::to_vec(forced)),
        };
        let payload = payload.map_err(|error| Stop::ForGood(error.to_string()))?;
        Ok((EventType::new(ByteString::from_static(name))?, Bytes::from(payload)))
    }

    /// Reads an event of an instance's stream.
    pub(crate) fn decode(event: &RecordedEvent) -> Result<Self, LoadError> {
        fn read<'a, T: Deserialize<'a>>(event: &'a RecordedEvent) -> Result<T, LoadError> {
            serde_json::from_slice(&event.payload).map_err(|error| {
                LoadError::Undecodable(DecodeError::Malformed {
                    name: event.event_type.to_string(),
                    schema_version: event.schema_version,
                    why: error.to_string(),
                })
            })
        }
        Ok(match event.event_type.as_str() {
            STEP => Self::Step(read(event)?),
            ANSWERED => Self::Answered(read(event)?),
            HELD => Self::Held(read(event)?),
            PARKED => Self::Parked(read(event)?),
            RESUMED => Self::Resumed(read(event)?),
            FORCED => Self::Forced(read(event)?),
            name => {
                return Err(LoadError::Undecodable(DecodeError::UnknownType {
                    name: name.to_owned(),
                    schema_version: event.schema_version,
                }));
            }
        })
    }
}
