//! The bounds of the runtime, each with its reason.

use std::time::Duration;

/// Tries of one command against others who write first. Direct commands to one stream take turns
/// within a process, so only other processes and reactions are met: a few are plenty.
pub(crate) const COMMAND_ATTEMPTS_MAX: u32 = 16;

/// How often an append whose reply was lost is asked for again before the caller is told.
pub(crate) const LOST_REPLY_ATTEMPTS_MAX: u32 = 5;

/// States kept of each decider. Their size is unknown; a state is mostly a few hundred bytes, so
/// this is some megabytes, and holds what a busy service touches within half a minute.
pub(crate) const CACHED_STATE_COUNT_MAX: usize = 32_768;

/// Inputs of one append of a reaction: enough that the disk's sync is shared by hundreds, few enough
/// that doing a batch again after a conflict costs little.
pub(crate) const REACTION_BATCH_COUNT_MAX: usize = 512;

/// Events at which a batch is closed early, far below what an append may hold.
pub(crate) const REACTION_EVENT_COUNT_MAX: usize = 4_096;

/// Payload bytes at which a batch is closed early, far below what an append may hold.
pub(crate) const REACTION_PAYLOAD_BYTES_MAX: usize = 4 * 1_024 * 1_024;

/// Tries of a batch as a whole against direct commands, before its inputs go one by one.
pub(crate) const BATCH_ATTEMPTS_MAX: u32 = 3;

/// Events of one transaction of a projection: the commit's cost is spread over thousands while a
/// reader of the database never waits long.
pub(crate) const PROJECTION_BATCH_COUNT_MAX: usize = 4_096;

/// Positions that may be filtered out before the checkpoint is saved for their sake alone.
pub(crate) const UNSAVED_POSITION_COUNT_MAX: u64 = 4_096;

/// How long a reader that has nothing to do rests before it looks whether there is something.
pub(crate) const REST: Duration = Duration::from_secs(1);

/// How old what is known of a view's generations may be: another instance's switch is noticed within it.
pub(crate) const GENERATIONS_GLANCE: Duration = Duration::from_secs(5);

/// How long a query waits for its view. Longer than any healthy lag, shorter than a client's patience.
pub(crate) const VIEW_WAIT: Duration = Duration::from_secs(5);

/// A delayed reaction wakes this much late, so that inputs due at about the same time share an append.
pub(crate) const DELAY_SLACK: Duration = Duration::from_millis(20);

/// The wait before a failed reader is tried again; doubles up to [`RESTART_WAIT_MAX`].
pub(crate) const RESTART_WAIT_MIN: Duration = Duration::from_millis(50);

/// The longest wait between tries of a failed reader: an outage that ends is noticed within it.
pub(crate) const RESTART_WAIT_MAX: Duration = Duration::from_secs(10);

/// Timers of one reader that are held in memory: those that are due next. At some forty bytes each this
/// is five megabytes, and holds six seconds of twenty thousand timers a second.
pub(crate) const SOON_COUNT_MAX: usize = 131_072;

/// Timers that are handed out at once, as many as inputs of a reaction: they share an append.
pub(crate) const WAKE_COUNT_MAX: usize = 512;

/// Timers that were set or have fired before it is written down how far all was handled: what a restart
/// looks at again, some milliseconds of work.
pub(crate) const MARK_WORK_COUNT: usize = 4_096;

/// It is written down after this long, too, if there was anything.
pub(crate) const MARK_WAIT: Duration = Duration::from_secs(60);

/// Refusals in a row that a saga may answer with commands that are refused as well, within one step: a
/// way back or two; more is a circle.
pub(crate) const SAGA_REFUSAL_COUNT_MAX: u32 = 8;

/// Steps in a row that a saga may take on its own account, each because the one before was taken: a plan has
/// far fewer stages.
pub(crate) const SAGA_NEXT_COUNT_MAX: u32 = 256;

/// Stages of one plan: what a person can still read, and an instance's course is recorded with each step.
pub(crate) const PLAN_STAGE_COUNT_MAX: usize = 64;

/// How long a reader that waits for a timer goes without a look at the store's clock: a clock that is
/// set, or a laptop that slept, is noticed within it.
pub(crate) const CLOCK_GLANCE: Duration = Duration::from_secs(30);

/// A tick of a schedule that is later than this was missed: a restart takes less, an outage takes more.
pub(crate) const TICK_LATE_MAX: Duration = Duration::from_secs(60);

/// How late a timer may be noticed by a reader that is busy with inputs and has not heard of it yet.
pub(crate) const WAKES_ASKED_WAIT: Duration = Duration::from_secs(1);
