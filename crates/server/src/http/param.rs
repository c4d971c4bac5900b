//! What a request may say beside its body: parts of the path, the query, headers.
//!
//! Why: each is declared once; the same declaration bounds what a request may carry, parses it,
//! and describes it in `/openapi.json`. What no route declares is refused, so that a slip of the
//! keyboard (`?form=3`) is an error and not another question.

use super::bounds::NAME_COUNT_MAX;
use headwater_access::Verb;
use headwater_access::limits::USER_NAME_BYTES_MAX;
use serde_json::{Value, json};

/// Where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// Between two slashes.
    Path,
    /// Behind the `?`.
    Query,
    /// A header.
    Header,
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Param {
    /// Its name.
    pub(super) name: &'static str,
    /// Where it stands.
    pub(super) place: Place,
    /// Given more than once, each time another value.
    pub(super) is_repeated: bool,
    /// Without it there is no answer.
    is_required: bool,
    /// What it is for.
    pub(super) says: &'static str,
    /// The form of one value.
    schema: fn() -> Value,
}

impl Param {
    const fn path(name: &'static str, says: &'static str, schema: fn() -> Value) -> Self {
        Self { name, place: Place::Path, is_repeated: false, is_required: true, says, schema }
    }

    const fn query(name: &'static str, says: &'static str, schema: fn() -> Value) -> Self {
        Self { name, place: Place::Query, is_repeated: false, is_required: false, says, schema }
    }

    const fn header(name: &'static str, says: &'static str, schema: fn() -> Value) -> Self {
        Self { name, place: Place::Header, is_repeated: false, is_required: false, says, schema }
    }

    const fn repeated(self) -> Self {
        Self { is_repeated: true, ..self }
    }

    const fn required(self) -> Self {
        Self { is_required: true, ..self }
    }

    /// As OpenAPI describes it.
    pub(super) fn described(&self) -> Value {
        let schema = match self.is_repeated {
            true => {
                json!({ "type": "array", "items": (self.schema)(), "maxItems": NAME_COUNT_MAX })
            }
            false => (self.schema)(),
        };
        json!({
            "name": self.name,
            "in": match self.place {
                Place::Path => "path",
                Place::Query => "query",
                Place::Header => "header",
            },
            "required": self.is_required,
            "description": self.says,
            "schema": schema,
        })
    }
}

pub(super) const CONTEXT: Param = Param::path("context", "a store of its own", context);
pub(super) const STREAM: Param = Param::path("stream", "`order-8f3a`", stream_in_path);
pub(super) const STREAM_TO_WRITE: Param = Param::path("stream", "`order-8f3a`", stream_to_write);
pub(super) const REVISION: Param = Param::path("revision", "place in its stream, from 0", place);
pub(super) const POSITION: Param = Param::path("position", "place in its context, from 0", place);
pub(super) const ID: Param =
    Param::path("id", "the event's id", || json!({ "type": "string", "format": "uuid" }));
pub(super) const CHECKPOINT: Param = Param::path(
    "checkpoint",
    "whose",
    || json!({ "type": "string", "minLength": 1, "maxLength": 1024, "pattern": NAME }),
);

pub(super) const FROM: Param = Param::query(
    "from",
    "where to begin: `start`, `end`, or a place, inclusive",
    || json!({ "anyOf": [place(), { "type": "string", "enum": ["start", "end"] }] }),
);
pub(super) const DIRECTION: Param = Param::query(
    "direction",
    "`forwards` if nothing is said",
    || json!({ "type": "string", "enum": ["forwards", "backwards"] }),
);
pub(super) const LIMIT: Param = Param::query(
    "limit",
    "of the page, at most; 100 if nothing is said",
    || json!({ "type": "integer", "minimum": 1, "maximum": 10_000 }),
);
pub(super) const AS_OF: Param = Param::query(
    "as_of",
    "the moment the page is of: a position, or an instant like 2026-03-09T14:00:00Z",
    || json!({ "anyOf": [place(), instant()] }),
);
pub(super) const FORMAT: Param = Param::query(
    "format",
    "how events are written, if Accept does not say: `json` or `cloudevents`",
    || json!({ "type": "string", "enum": ["json", "cloudevents"] }),
);
pub(super) const OF_STREAM: Param =
    Param::query("stream", "only events of any of these streams", stream).repeated();
pub(super) const OF_PREFIX: Param =
    Param::query("prefix", "only of streams that begin so; `$` for the system's", stream)
        .repeated();
pub(super) const OF_CATEGORY: Param =
    Param::query("category", "only of streams of any of these categories", stream).repeated();
pub(super) const OF_TYPE: Param =
    Param::query("type", "only of any of these types", name).repeated();
pub(super) const OF_TAG: Param =
    Param::query("tag", "only with all of these tags", name).repeated();
pub(super) const BEGINS: Param =
    Param::query("prefix", "only streams that begin so; `$` for the system's", beginning);
pub(super) const BEHIND: Param = Param::query(
    "after",
    "the last name of the page before",
    || json!({ "type": "string", "minLength": 1, "maxLength": 512, "pattern": NAME }),
);
pub(super) const EXPECTED: Param = Param::query(
    "expected",
    "what you believe about the stream: `any`, `none`, `exists`, or its last revision",
    || json!({ "anyOf": [place(), { "type": "string", "enum": ["any", "none", "exists"] }] }),
);

pub(super) const GROUP: Param = Param::path("group", "readers that share", || {
    json!({
        "type": "string", "minLength": 1, "maxLength": 256, "pattern": NAME, "examples": ["billing"],
    })
});
pub(super) const MEMBER: Param = Param::path(
    "member",
    "a name of your own, which nobody else uses",
    || json!({ "type": "string", "minLength": 1, "maxLength": 256, "pattern": NAME }),
);
pub(super) const FETCHED: Param = Param::query(
    "limit",
    "deliveries, at most; 10 if nothing is said",
    || json!({ "type": "integer", "minimum": 1, "maximum": super::bounds::FETCH_COUNT_MAX }),
);
pub(super) const WAIT_MS: Param = Param::query(
    "wait_ms",
    "how long to wait for the first delivery; 20000 if nothing is said",
    || json!({ "type": "integer", "minimum": 0, "maximum": super::bounds::FETCH_WAIT_MS_MAX }),
);
pub(super) const PARKED_BEHIND: Param =
    Param::query("after", "the last position of the page before", place);

pub(super) const USER: Param = Param::path("user", "a user's name", || {
    json!({
        "type": "string", "minLength": 1, "maxLength": USER_NAME_BYTES_MAX, "pattern": USER_NAME,
        "examples": ["ana"],
    })
});
pub(super) const TOKEN: Param = Param::path(
    "token",
    "a token's name, `t-4`",
    || json!({ "type": "string", "pattern": "^t-[0-9]{1,19}$", "examples": ["t-1"] }),
);
pub(super) const GRANT: Param = Param::path(
    "grant",
    "a grant's name, `g-7`",
    || json!({ "type": "string", "pattern": "^g-[0-9]{1,19}$", "examples": ["g-1"] }),
);
pub(super) const VERB: Param = Param::query("verb", "what", verb).required();
pub(super) const ABOUT_WHO: Param = Param::query(
    "who",
    "whom it is about: `user:ana`, `role:billing`, `everybody`; you if nothing is said",
    || json!({ "type": "string", "maxLength": 268, "pattern": WHO }),
);
pub(super) const IN_CONTEXT: Param = Param::query(
    "context",
    "where; the server as a whole if nothing is said",
    || json!({ "type": "string", "minLength": 1, "maxLength": 64, "pattern": GIVEN_NAME }),
);
pub(super) const TO_STREAMS: Param = Param::query(
    "streams",
    "to which: `*`, `$*`, `category:order`, `prefix:order-eu`, `stream:order-1`",
    || json!({ "type": "string", "maxLength": 521, "pattern": PATTERN }),
);

pub(super) const IF_MATCH: Param = Param::header(
    "If-Match",
    "`\"5\"`: the stream's last revision is 5; `*`: it has events",
    || json!({ "type": "string", "pattern": "^(\\*|[0-9]{1,18}|\"[0-9]{1,18}\")?$" }),
);
pub(super) const IF_NONE_MATCH: Param = Param::header(
    "If-None-Match",
    "`*`: the stream has no events",
    || json!({ "type": "string", "enum": ["*"] }),
);
pub(super) const IDEMPOTENCY_KEY: Param = Param::header(
    "Idempotency-Key",
    "names the request: events without ids get theirs from it, so a repeated request is the same",
    || json!({ "type": "string", "pattern": "^[!#-~]{1,255}$" }),
);
pub(super) const LAST_EVENT_ID: Param = Param::header(
    "Last-Event-ID",
    "a tail goes on behind the event with this id",
    || json!({ "type": "string", "pattern": "^([0-9]{1,9}\\.[0-9]{1,18})?$" }),
);
pub(super) const ETAG_KNOWN: Param = Param::header(
    "If-None-Match",
    "the ETag of a page that you have: 304 if it is still so",
    || json!({ "type": "string" }),
);

/// No control characters.
pub(super) const NAME: &str = r"^[^\x00-\x1f\x7f-\x9f]+$";

/// And no `$` in front, which is the system's.
pub(super) const GIVEN_NAME: &str = r"^[^$\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$";

/// No `:`, no `$` in front, no spaces at the ends.
pub(super) const USER_NAME: &str =
    r"^[^$:\s\x00-\x1f\x7f-\x9f]([^:\x00-\x1f\x7f-\x9f]*[^:\s\x00-\x1f\x7f-\x9f])?$";

/// Whom a grant is about.
pub(super) const WHO: &str = concat!(
    r"^(everybody|user:[^$:\s\x00-\x1f\x7f-\x9f]([^:\x00-\x1f\x7f-\x9f]{0,62}[^:\s\x00-\x1f\x7f-\x9f])?",
    r"|(role|certificate|bearer):[^\x00-\x1f\x7f-\x9f]{1,256})$",
);

/// Some streams, by their names.
pub(super) const PATTERN: &str = concat!(
    r"^(\*|\$\*|(prefix|stream):(\$|\$?[^$\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]{0,510})",
    r"|category:(\$|\$?[^-$\x00-\x1f\x7f-\x9f][^-\x00-\x1f\x7f-\x9f]{0,510}))$",
);

fn verb() -> Value {
    json!({ "type": "string", "enum": Verb::ALL })
}

fn place() -> Value {
    json!({ "type": "integer", "minimum": 0, "maximum": super::bounds::PLACE_MAX })
}

fn name() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": 256, "pattern": NAME })
}

fn stream() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": 512, "pattern": NAME })
}

fn beginning() -> Value {
    json!({ "type": "string", "maxLength": 512, "pattern": r"^[^\x00-\x1f\x7f-\x9f]*$" })
}

fn context() -> Value {
    let example = ["demo"];
    json!({
        "type": "string", "minLength": 1, "maxLength": 64, "pattern": GIVEN_NAME,
        "examples": example,
    })
}

fn stream_in_path() -> Value {
    let example = ["order-1"];
    json!({
        "type": "string", "minLength": 1, "maxLength": 512, "pattern": NAME, "examples": example,
    })
}

fn stream_to_write() -> Value {
    let example = ["order-1"];
    json!({
        "type": "string", "minLength": 1, "maxLength": 510, "pattern": GIVEN_NAME,
        "examples": example,
    })
}

/// No event is older.
fn instant() -> Value {
    json!({ "type": "string", "format": "date-time", "pattern": "^(19[89][0-9]|[2-9][0-9]{3})-" })
}
