//! Filters: which events of the whole context a client wants.
//!
//! Why: prefixes of streams are asked of the index; anything else is asked of each event.
//!
//! Invariants: D3 an expression is bounded in length, in size and in the steps that it may take.

use super::refusal::Refusal;
use super::shown::Shown;
use bytestring::ByteString;
use fancy_regex::{Regex, RegexBuilder};
use headwater_model::limits::QUERY_ITEM_COUNT_MAX;
use headwater_model::{Query, QueryItem};
use headwater_wire::kurrent::event_store::client::streams::read_req::options::{
    FilterOptions, filter_options,
};
use std::collections::HashMap;

/// Bytes of an expression, or of all prefixes together.
const EXPRESSION_BYTES_MAX: usize = 16 * 1_024;

/// Bytes of a compiled expression: enough for thousands of names.
const COMPILED_BYTES_MAX: usize = 4 * 1_024 * 1_024;

/// Steps that an expression may go back and try again in one name.
const BACKTRACK_COUNT_MAX: usize = 100_000;

/// Answers that are remembered: types are few, streams come in runs.
const REMEMBERED_COUNT_MAX: usize = 4_096;

/// A filter.
#[derive(Clone)]
pub(super) struct Filter {
    of: Of,
    test: Test,
    remembered: HashMap<ByteString, bool>,
    /// A checkpoint is told after so many positions.
    pub(super) checkpoint_every: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Stream,
    Type,
}

#[derive(Clone)]
enum Test {
    Expression(Box<Regex>),
    Prefixes(Vec<String>),
}

impl Filter {
    pub(super) fn of(options: FilterOptions) -> Result<Self, Refusal> {
        use filter_options::{Filter as Asked, Window};
        let (of, expression) = match options.filter {
            Some(Asked::StreamIdentifier(expression)) => (Of::Stream, expression),
            Some(Asked::EventType(expression)) => (Of::Type, expression),
            None => return Err(Refusal::invalid("the filter says neither streams nor types")),
        };
        let bytes = expression.prefix.iter().map(String::len).sum::<usize>();
        if bytes.max(expression.regex.len()) > EXPRESSION_BYTES_MAX {
            let why = format!("the filter is longer than {EXPRESSION_BYTES_MAX} bytes");
            return Err(Refusal::invalid(why));
        }
        let test = if expression.prefix.is_empty() {
            Test::Expression(Box::new(compile(&expression.regex)?))
        } else {
            Test::Prefixes(expression.prefix)
        };
        let window = match options.window {
            Some(Window::Max(max)) => u64::from(max),
            Some(Window::Count(_)) | None => 1,
        };
        let multiplier = u64::from(options.checkpoint_interval_multiplier);
        let checkpoint_every = (window.max(1)).saturating_mul(multiplier.max(1));
        Ok(Self { of, test, remembered: HashMap::new(), checkpoint_every })
    }

    /// What the store can be asked for: all that passes, and perhaps more.
    pub(super) fn query(&self) -> Query {
        match &self.test {
            // A tombstone is shown in its stream and stored in the stream of its settings.
            Test::Prefixes(prefixes)
                if self.of == Of::Stream && 2 * prefixes.len() <= QUERY_ITEM_COUNT_MAX =>
            {
                let settings = prefixes.iter().map(|prefix| format!("$${prefix}"));
                let prefixes = prefixes.iter().cloned().chain(settings).map(ByteString::from);
                let plain = prefixes.collect::<Vec<_>>();
                QueryItem { stream_prefixes: plain, ..QueryItem::default() }.into()
            }
            _ => everything(),
        }
    }

    /// Whether an event is wanted.
    pub(super) fn passes(&mut self, event: &Shown) -> Result<bool, Refusal> {
        let name = match self.of {
            Of::Stream => &event.stream,
            Of::Type => &event.event_type,
        };
        let expression = match &self.test {
            Test::Prefixes(prefixes) => {
                return Ok(prefixes.iter().any(|prefix| name.starts_with(prefix)));
            }
            Test::Expression(expression) => expression,
        };
        if let Some(answer) = self.remembered.get(name) {
            return Ok(*answer);
        }
        let answer = expression.is_match(&**name);
        let answer = answer.map_err(|error| unusable(&error.to_string()))?;
        if self.remembered.len() == REMEMBERED_COUNT_MAX {
            self.remembered.clear();
        }
        self.remembered.insert(name.clone(), answer);
        Ok(answer)
    }
}

/// Every event, the system's too: what `$all` is.
pub(super) fn everything() -> Query {
    let system = vec![ByteString::from_static("$")];
    let system = QueryItem { stream_prefixes: system, ..QueryItem::default() };
    Query { items: vec![QueryItem::default(), system] }
}

fn compile(expression: &str) -> Result<Regex, Refusal> {
    let compiled = RegexBuilder::new(expression)
        .backtrack_limit(BACKTRACK_COUNT_MAX)
        .delegate_size_limit(COMPILED_BYTES_MAX)
        .delegate_dfa_size_limit(COMPILED_BYTES_MAX)
        .build();
    compiled.map_err(|error| unusable(&error.to_string()))
}

fn unusable(why: &str) -> Refusal {
    Refusal::invalid(format!("the filter's expression cannot be used: {why}"))
}
