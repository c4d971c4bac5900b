//! What a request believes about a stream: HTTP's preconditions, or `?expected=`.
//!
//! Why: a blind write is spelled out. HTTP has a status for a request that does not say: 428.
//!
//! | request | [`ExpectedRevision`] |
//! |---|---|
//! | `If-Match: "5"`, `?expected=5` | `At(5)` |
//! | `If-Match: *`, `?expected=exists` | `Exists` |
//! | `If-None-Match: *`, `?expected=none` | `NoStream` |
//! | `?expected=any` | `Any` |

use super::ask::{Ask, place};
use super::param::EXPECTED;
use super::problem::Problem;
use super::refused::Refused;
use headwater_model::{ExpectedRevision, Revision};

/// What the request believes about the stream it writes to.
pub(super) fn expected(ask: &Ask) -> Result<ExpectedRevision, Problem> {
    let asked = ask.query(&EXPECTED).map(in_query).transpose()?;
    let matches = ask.header("If-Match")?.map(if_match).transpose()?;
    let none = ask.header("If-None-Match")?.map(if_none_match).transpose()?;
    let mut all = [asked, matches, none].into_iter().flatten();
    match (all.next(), all.next()) {
        (Some(expected), None) => Ok(expected),
        (None, _) => Err(Refused::NoExpectation.into()),
        (Some(_), Some(_)) => {
            Err(Refused::query(EXPECTED.name, "two things are expected of one stream").into())
        }
    }
}

fn in_query(text: &str) -> Result<ExpectedRevision, Problem> {
    match text {
        "any" => Ok(ExpectedRevision::Any),
        "none" => Ok(ExpectedRevision::NoStream),
        "exists" => Ok(ExpectedRevision::Exists),
        revision => match place(revision) {
            Ok(revision) => Ok(ExpectedRevision::At(Revision(revision))),
            Err(_) => {
                let why = format!("{text:?} is none of any, none, exists and a revision");
                Err(Refused::query(EXPECTED.name, why).into())
            }
        },
    }
}

fn if_match(text: &str) -> Result<ExpectedRevision, Problem> {
    let text = text.trim();
    if text == "*" {
        return Ok(ExpectedRevision::Exists);
    }
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let refused = |_| {
        let why = format!("{text:?} is neither * nor one quoted revision, like \"5\"");
        Refused::Header { name: "If-Match", why }
    };
    Ok(place(bare).map(|revision| ExpectedRevision::At(Revision(revision))).map_err(refused)?)
}

fn if_none_match(text: &str) -> Result<ExpectedRevision, Problem> {
    match text.trim() {
        "*" => Ok(ExpectedRevision::NoStream),
        other => {
            let why = format!("{other:?} is not *, which says that the stream has no events");
            Err(Refused::Header { name: "If-None-Match", why }.into())
        }
    }
}
