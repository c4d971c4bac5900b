//! The words and the ports of Headwater: pure, no I/O.
//!
//! Why: the store, its journals, the framework and every client must mean the same by *stream*,
//! *revision*, *commit*; here each word is a type, and each boundary between crates is a trait.
//!
//! Picture:
//! ```text
//!   service ──EventStore──▶ store ──Journal──▶ segments, or a distributed engine
//!            (store.rs)             (journal.rs)
//! ```
//!
//! Read first: [`event`] (what is stored), [`append`] (what is asked), [`store`] (the port).

pub mod append;
pub mod around;
pub mod checkpoint;
pub mod copy;
pub mod error;
pub mod event;
pub mod group;
pub mod journal;
pub mod limits;
pub mod memory;
pub mod name;
pub mod place;
pub mod query;
pub mod read;
pub mod scavenge;
pub mod store;
pub mod stream;
pub mod time;

pub use append::{Append, AppendError, Appended, Condition, ExpectedRevision, StreamWrite};
pub use around::Around;
pub use checkpoint::{Checkpoint, SaveCheckpoint};
pub use copy::{CopyAsked, CopyPoint, CopyReader, CopyStep, JournalCopies, KnownSegment};
pub use error::{Corrupt, Denied, LostReply, NoContext, Retry, Unavailable};
pub use event::{ContentType, EventId, Metadata, NewEvent, RecordedEvent};
pub use group::{
    Backoff, ConsumerGroups, DeliveryId, GroupDelivery, GroupError, GroupInfo, GroupKey,
    GroupSettings, GroupSharing, Member, MemberId, MemberInfo, ParkedEvent, ParkedPart, Seek,
};
pub use journal::{CommitDigest, Head, Journal, JournalError, JournalLimits, StoredCommit};
pub use name::{
    Category, CheckpointName, ContextName, EventType, GroupName, InvalidName, StreamName, Tag,
};
pub use place::{Epoch, Incarnation, Position, Revision, Slot};
pub use query::{Query, QueryItem};
pub use read::{AsOf, Direction, From, Page, ReadAll, ReadError, ReadStream, StreamPage};
pub use scavenge::{Scavenge, ScavengeAsked, ScavengeError, ScavengePhase, ScavengeProgress};
pub use store::{Answer, Contexts, Delivery, EventStore, Start, Subscribe, Subscription};
pub use stream::{StreamChange, StreamLife, StreamSettings, StreamState};
pub use time::Timestamp;
