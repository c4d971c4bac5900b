//! That there is no such context.

use super::text::{shared, text};
use crate::{Malformed, v1};
use headwater_model::{ContextName, NoContext};

impl From<&NoContext> for v1::NoContext {
    fn from(cause: &NoContext) -> Self {
        let nearest = cause.nearest.as_ref().map(|name| shared(name.as_shared()));
        Self { context: shared(cause.context.as_shared()), nearest }
    }
}

impl TryFrom<v1::NoContext> for NoContext {
    type Error = Malformed;
    fn try_from(cause: v1::NoContext) -> Result<Self, Malformed> {
        let name = |bytes| Ok::<_, Malformed>(ContextName::new(text("a context's name", bytes)?)?);
        let nearest = cause.nearest.map(name).transpose()?;
        Ok(Self { context: name(cause.context)?, nearest })
    }
}
