//! A request, taken apart.
//!
//! Invariants: D3, its address and its body are bounded before they are read; what a route does not
//! declare in its query is refused.

use super::bounds::{
    BODY_BYTES_MAX, IDEMPOTENCY_KEY_BYTES_MAX, NAME_COUNT_MAX, PLACE_MAX, QUERY_PAIR_COUNT_MAX,
};
use super::face::Face;
use super::param::{Param, Place};
use super::problem::Problem;
use super::refused::Refused;
use crate::Caller;
use axum::body::Body;
use bytes::Bytes;
use bytestring::ByteString;
use headwater_model::{ContextName, EventStore, InvalidName, StreamName};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Uri};
use parking_lot::Mutex;
use std::error::Error;
use std::str::FromStr;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// What was asked.
pub(super) struct Ask {
    /// Who answers.
    pub(super) face: Face,
    /// Who asks.
    pub(super) caller: Caller,
    /// Where.
    pub(super) uri: Uri,
    /// With which headers.
    pub(super) headers: HeaderMap,
    path: Vec<(String, String)>,
    query: Vec<(String, String)>,
    /// Behind a lock only so that the request may be looked at across an `await`.
    body: Mutex<Body>,
}

/// A body, and the right to keep it in memory.
pub(super) struct Held {
    /// Its bytes.
    pub(super) bytes: Bytes,
    _admission: OwnedSemaphorePermit,
}

impl Ask {
    /// Takes a request apart, for a route that declares `params`.
    pub(super) fn new(
        face: Face,
        params: &[Param],
        path: Vec<(String, String)>,
        request: axum::extract::Request,
    ) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let query = pairs(params, parts.uri.query().unwrap_or_default())?;
        let caller = face.host().caller(&parts.extensions);
        Ok(Self {
            face,
            caller,
            uri: parts.uri,
            headers: parts.headers,
            path,
            query,
            body: Mutex::new(body),
        })
    }

    /// The variable part of the path of this name.
    fn part(&self, name: &str) -> &str {
        let found = self.path.iter().find(|(part, _)| part == name);
        found.map_or("", |(_, value)| value)
    }

    /// The name of the context that is asked.
    pub(super) fn context_name(&self) -> Result<ContextName, Problem> {
        let name = ContextName::new(self.part("context"));
        Ok(name.map_err(|why| Refused::name("context", &why))?)
    }

    /// The context that is asked.
    pub(super) async fn context(&self) -> Result<Arc<dyn EventStore>, Problem> {
        self.face.context(&self.caller, self.context_name()?).await
    }

    /// The stream that is asked about; the system's too.
    pub(super) fn stream(&self) -> Result<StreamName, Problem> {
        self.named("stream", StreamName::system)
    }

    /// The stream that is written to, which is not the system's.
    pub(super) fn stream_to_write(&self) -> Result<StreamName, Problem> {
        self.named("stream", StreamName::new)
    }

    /// A part of the path that is a name.
    pub(super) fn named<T>(
        &self,
        part: &str,
        name: impl Fn(String) -> Result<T, InvalidName>,
    ) -> Result<T, Problem> {
        Ok(name(self.part(part).to_owned()).map_err(|why| Refused::name(part, &why))?)
    }

    /// A part of the path that is a place.
    pub(super) fn place(&self, part: &str) -> Result<u64, Problem> {
        let refused = |why| Refused::Path { name: part.to_owned(), why };
        Ok(place(self.part(part)).map_err(refused)?)
    }

    /// A part of the path that is something else.
    pub(super) fn parsed<T: FromStr<Err: ToString>>(&self, part: &str) -> Result<T, Problem> {
        let refused = |why: T::Err| Refused::Path { name: part.to_owned(), why: why.to_string() };
        Ok(self.part(part).parse().map_err(refused)?)
    }

    /// The same, by a function of its own.
    pub(super) fn parsed_by<T>(
        &self,
        part: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Problem> {
        let refused = |why| Refused::Path { name: part.to_owned(), why };
        Ok(parse(self.part(part)).map_err(refused)?)
    }

    /// The value of a parameter of the query.
    pub(super) fn query(&self, param: &Param) -> Option<&str> {
        self.many(param).next()
    }

    /// All values of a repeated parameter of the query.
    pub(super) fn many<'a>(&'a self, param: &Param) -> impl Iterator<Item = &'a str> + use<'a> {
        let name = param.name;
        let named = self.query.iter().filter(move |(own, _)| own == name);
        named.map(|(_, value)| value.as_str())
    }

    /// All values of a repeated parameter, as names.
    pub(super) fn names<T>(
        &self,
        param: &Param,
        name: impl Fn(ByteString) -> Result<T, InvalidName>,
    ) -> Result<Vec<T>, Problem> {
        let named = |text: &str| {
            name(ByteString::from(text)).map_err(|why| Refused::query(param.name, why).into())
        };
        self.many(param).map(named).collect()
    }

    /// The query, as it was given.
    pub(super) fn pairs(&self) -> &[(String, String)] {
        &self.query
    }

    /// A header that is text.
    pub(super) fn header(&self, name: &'static str) -> Result<Option<&str>, Problem> {
        let mut all = self.headers.get_all(name).iter();
        let first = all.next();
        if all.next().is_some() {
            return Err(Refused::Header { name, why: "it is given twice".to_owned() }.into());
        }
        let text = first.map(|value| value.to_str()).transpose();
        let refused = |_| Refused::Header { name, why: "it is not plain text".to_owned() };
        Ok(text.map_err(refused)?)
    }

    /// The request's own name, with or without the quotes that the header's standard wants.
    pub(super) fn idempotency_key(&self) -> Result<Option<&str>, Problem> {
        const NAME: &str = "Idempotency-Key";
        let Some(text) = self.header(NAME)? else { return Ok(None) };
        let text = text.trim();
        let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
        match text.len() {
            1..=IDEMPOTENCY_KEY_BYTES_MAX => Ok(Some(text)),
            bytes => {
                let why = format!("it has {bytes} bytes; 1 to {IDEMPOTENCY_KEY_BYTES_MAX} will do");
                Err(Refused::Header { name: NAME, why }.into())
            }
        }
    }

    /// Reads the body, once there is room for it.
    pub(super) async fn body(&self) -> Result<Held, Problem> {
        let too_large = || Refused::BodyTooLarge { bytes_max: BODY_BYTES_MAX };
        let announced = self.header(CONTENT_LENGTH.as_str())?.and_then(|text| text.parse().ok());
        let bytes_max = announced.unwrap_or(BODY_BYTES_MAX);
        if bytes_max > BODY_BYTES_MAX {
            return Err(too_large().into());
        }
        let admission = self.face.admit(bytes_max).await?;
        let body = std::mem::take(&mut *self.body.lock());
        let bytes = axum::body::to_bytes(body, bytes_max).await.map_err(|error| {
            let is_too_large = error
                .source()
                .is_some_and(|source| source.is::<http_body_util::LengthLimitError>());
            if is_too_large { too_large() } else { Refused::BodyBroken { why: error.to_string() } }
        })?;
        Ok(Held { bytes, _admission: admission })
    }
}

/// The query of a route that declares `params`.
fn pairs(params: &[Param], query: &str) -> Result<Vec<(String, String)>, Problem> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if pairs.len() == QUERY_PAIR_COUNT_MAX {
            return Err(
                Refused::query(&name, format!("more than {QUERY_PAIR_COUNT_MAX} values")).into()
            );
        }
        let declared = params.iter().find(|p| p.place == Place::Query && p.name == name);
        let Some(declared) = declared else {
            let known = params.iter().filter(|param| param.place == Place::Query);
            let known: Vec<_> = known.map(|param| param.name).collect();
            let why = match known.as_slice() {
                [] => "this page takes no query".to_owned(),
                known => format!("this page takes {}", known.join(", ")),
            };
            return Err(Refused::query(&name, why).into());
        };
        if !declared.is_repeated && pairs.iter().any(|(own, _)| *own == name) {
            return Err(Refused::query(&name, "it is given twice").into());
        }
        if pairs.iter().filter(|(own, _)| *own == name).count() == NAME_COUNT_MAX {
            let why = format!("it is given more than {NAME_COUNT_MAX} times");
            return Err(Refused::query(&name, why).into());
        }
        pairs.push((name.into_owned(), value.into_owned()));
    }
    Ok(pairs)
}

/// A revision or a position, as digits.
pub(super) fn place(text: &str) -> Result<u64, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let place = text.parse().ok().filter(|place| digits && *place <= PLACE_MAX);
    place.ok_or_else(|| format!("{text:?} is no place; a place is a number from 0 to {PLACE_MAX}"))
}
