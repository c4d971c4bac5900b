//! The limits that may not be turned, each with why not.

use super::human;
use headwater_model::limits as model;
use headwater_server::limits as server;
use headwater_server::limits::REQUEST_BYTES_MAX;

/// A limit that stays as it is.
pub(crate) struct Fixed {
    pub(crate) what: &'static str,
    pub(crate) value: String,
    pub(crate) why_not: &'static str,
}

/// All of them that a caller can meet.
pub(crate) fn fixed() -> Vec<Fixed> {
    let size =
        |what, bytes: usize, why_not| Fixed { what, value: human::bytes(bytes as u64), why_not };
    let number = |what, count: usize, why_not| Fixed { what, value: count.to_string(), why_not };
    vec![
        size(
            "one request, as it is sent",
            REQUEST_BYTES_MAX,
            "follows from the largest append and what its encoding adds; `limits.append_bytes` is the one \
             to turn",
        ),
        size("an event's type", model::EVENT_TYPE_BYTES_MAX, "a part of the format of the index"),
        size("a tag", model::TAG_BYTES_MAX, "a part of the format of the index"),
        number(
            "tags of one event",
            model::TAG_COUNT_MAX,
            "each costs an entry of the index, for ever",
        ),
        size("a context's name", model::CONTEXT_NAME_BYTES_MAX, "it is also the name of a folder"),
        size(
            "a checkpoint's name",
            model::CHECKPOINT_NAME_BYTES_MAX,
            "it may hold a stream's name, whose bound is the format's",
        ),
        number(
            "checkpoints saved by one append",
            model::APPEND_CHECKPOINT_COUNT_MAX,
            "one reader's keys in one batch; more batches do as well",
        ),
        number(
            "events of one page",
            model::PAGE_EVENT_COUNT_MAX,
            "a reader asks for the next page",
        ),
        size("one page", model::PAGE_BYTES_MAX, "clients allow no larger answer"),
        number("items of a query", model::QUERY_ITEM_COUNT_MAX, "a decision's boundary is small"),
        number("consumer groups of one context", model::GROUP_COUNT_MAX, "each is held whole"),
        number(
            "members of one group",
            model::GROUP_MEMBER_COUNT_MAX as usize,
            "each is asked in its turn",
        ),
        size(
            "one message of a subscription",
            server::DELIVERY_BYTES,
            "larger ones were not faster; smaller ones cost more each",
        ),
        Fixed {
            what: "the first request of a connection",
            value: human::duration(server::FIRST_REQUEST_WITHIN),
            why_not: "who opens a connection means to use it; `limits.idle_time` shortens it too",
        },
    ]
}
