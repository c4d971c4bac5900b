//! Which of the forms that a page has the client wants.

use super::ask::Ask;
use super::cloud::{CLOUD_BATCH_JSON, CLOUD_JSON};
use super::param::FORMAT;
use super::problem::Problem;
use super::refused::Refused;

/// How events are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// In our own JSON.
    Json,
    /// As `CloudEvents`.
    Cloud,
}

/// JSON.
pub(super) const JSON: &str = "application/json";

/// Server-sent events.
pub(super) const EVENT_STREAM: &str = "text/event-stream";

/// What the client accepts best, of media types `offered` in the order in which they are liked here.
fn best(ask: &Ask, offered: &[&'static str]) -> Result<&'static str, Problem> {
    let Some(text) = ask.header("Accept")?.filter(|text| !text.trim().is_empty()) else {
        return Ok(offered[0]);
    };
    // Of several that are liked alike the first is taken: `max_by_key` would take the last.
    let liked = offered.iter().rev().map(|offer| (liking(text, offer), *offer));
    match liked.max_by_key(|(liking, _)| *liking) {
        Some((liking, offer)) if liking > 0 => Ok(offer),
        _ => {
            let given = text.to_owned();
            Err(Refused::NotAcceptable { given, offered: offered.join(", ") }.into())
        }
    }
}

/// How much a header `Accept` likes a media type, in thousandths: its most specific range decides.
fn liking(accept: &str, offer: &str) -> u32 {
    let kind = offer.split('/').next().unwrap_or_default();
    let of_range = |range: &str| {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let closeness = match name.as_str() {
            name if name == offer => 3,
            "*/*" | "*" => 1,
            name if name.strip_suffix("/*") == Some(kind) => 2,
            _ => return None,
        };
        let quality =
            parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse().ok());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
        let thousandths = (quality.unwrap_or(0.0_f32).clamp(0.0, 1.0) * 1_000.0) as u32;
        Some((closeness, thousandths))
    };
    accept.split(',').filter_map(of_range).max().map_or(0, |(_, thousandths)| thousandths)
}

/// Whether a tail is wanted rather than a page.
pub(super) fn wants_tail(ask: &Ask) -> Result<bool, Problem> {
    Ok(best(ask, &[JSON, CLOUD_BATCH_JSON, EVENT_STREAM])? == EVENT_STREAM)
}

/// How the events of a page are written.
pub(super) fn of_page(ask: &Ask) -> Result<Form, Problem> {
    form(ask, &[JSON, CLOUD_BATCH_JSON])
}

/// How an event is written that is alone.
pub(super) fn of_event(ask: &Ask) -> Result<Form, Problem> {
    form(ask, &[JSON, CLOUD_JSON])
}

/// How the events of a tail are written: Accept has said that it is a tail, so the query must say.
pub(super) fn of_tail(ask: &Ask) -> Result<Form, Problem> {
    Ok(asked(ask)?.unwrap_or(Form::Json))
}

fn form(ask: &Ask, offered: &[&'static str]) -> Result<Form, Problem> {
    match asked(ask)? {
        Some(form) => Ok(form),
        None if best(ask, offered)? == JSON => Ok(Form::Json),
        None => Ok(Form::Cloud),
    }
}

fn asked(ask: &Ask) -> Result<Option<Form>, Problem> {
    match ask.query(&FORMAT) {
        None => Ok(None),
        Some("json") => Ok(Some(Form::Json)),
        Some("cloudevents") => Ok(Some(Form::Cloud)),
        Some(other) => {
            let why = format!("{other:?} is neither json nor cloudevents");
            Err(Refused::query(FORMAT.name, why).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_range_decides() {
        assert_eq!(liking("*/*", JSON), 1_000);
        assert_eq!(liking("text/*;q=0.5, */*;q=0.1", EVENT_STREAM), 500);
        assert_eq!(liking("application/json;q=0, */*", JSON), 0);
        assert_eq!(liking("text/html", JSON), 0);
        assert_eq!(liking("text/html, Application/JSON ; q=0.25", JSON), 250);
        assert_eq!(liking("application/json;q=nonsense", JSON), 0);
    }
}
