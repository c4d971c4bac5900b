//! Attributes: `#[event(prefix = "Order", public)]` and their like, key by key.
//!
//! Why: each derive says which keys it knows; an unknown one is an error at its own place, with
//! the keys that would have been right.

use syn::meta::ParseNestedMeta;
use syn::{Attribute, LitStr, Result};

/// Hands each key of each `#[name(…)]` to `logic`, which answers whether it knows the key.
pub(crate) fn each_key(
    attrs: &[Attribute],
    name: &str,
    known: &str,
    mut logic: impl FnMut(&ParseNestedMeta<'_>) -> Result<bool>,
) -> Result<()> {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident(name)) {
        attr.parse_nested_meta(|meta| match logic(&meta)? {
            true => Ok(()),
            false => Err(meta.error(format!("`{name}` knows {known}"))),
        })?;
    }
    Ok(())
}

/// The text of `key = "text"`, which may be given once and says something.
pub(crate) fn text(meta: &ParseNestedMeta<'_>, into: &mut Option<LitStr>) -> Result<bool> {
    let value: LitStr = meta.value()?.parse()?;
    if value.value().is_empty() {
        return Err(syn::Error::new(value.span(), "this is empty"));
    }
    if into.replace(value).is_some() {
        return Err(meta.error("this is given twice"));
    }
    Ok(true)
}

/// `OrderNotFound` as `order_not_found`.
pub(crate) fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for (n, c) in name.char_indices() {
        if c.is_uppercase() && n > 0 {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

/// All errors of a list as one, or all its values.
pub(crate) fn all<T>(results: impl IntoIterator<Item = Result<T>>) -> Result<Vec<T>> {
    let mut values = Vec::new();
    let mut errors: Option<syn::Error> = None;
    for result in results {
        match (result, &mut errors) {
            (Ok(value), _) => values.push(value),
            (Err(error), Some(all)) => all.combine(error),
            (Err(error), none) => *none = Some(error),
        }
    }
    errors.map_or(Ok(values), Err)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_variants_name_becomes_part_of_a_code() {
        assert_eq!(super::snake("NotApproved"), "not_approved");
        assert_eq!(super::snake("Exists"), "exists");
    }
}
