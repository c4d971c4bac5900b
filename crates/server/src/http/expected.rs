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
    let all = [asked, matches.flatten(), none.flatten()].into_iter().flatten();
    let met = all.map(Ok).reduce(|one, other| both(one?, other?));
    met.unwrap_or_else(|| Err(Refused::NoExpectation.into()))
}

/// Both, as HTTP has it: each of a request's preconditions must hold.
fn both(one: ExpectedRevision, other: ExpectedRevision) -> Result<ExpectedRevision, Problem> {
    use ExpectedRevision::{Any, At, Exists};
    match (one, other) {
        (one, other) if one == other => Ok(one),
        (Any, other) | (other, Any) => Ok(other),
        (Exists, At(revision)) | (At(revision), Exists) => Ok(At(revision)),
        (one, other) => Err(Refused::Contradiction { one, other }.into()),
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

fn if_match(text: &str) -> Result<Option<ExpectedRevision>, Problem> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text == "*" {
        return Ok(Some(ExpectedRevision::Exists));
    }
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let refused = |_| {
        let why = format!("{text:?} is neither * nor one quoted revision, like \"5\"");
        Refused::Header { name: "If-Match", why }
    };
    let revision = Revision(place(bare).map_err(refused)?);
    Ok(Some(ExpectedRevision::At(revision)))
}

fn if_none_match(text: &str) -> Result<Option<ExpectedRevision>, Problem> {
    match text.trim() {
        "" => Ok(None),
        "*" => Ok(Some(ExpectedRevision::NoStream)),
        other => {
            let why = format!("{other:?} is not *, which says that the stream has no events");
            Err(Refused::Header { name: "If-None-Match", why }.into())
        }
    }
}
