//! Personal fields: `#[personal(subject = customer)] email: Personal<String>`.
//!
//! Why said twice, by type and attribute: the type seals the value wherever it goes; the attribute names whom
//! it is about where a reviewer reads it, and recording it for somebody else is refused.

use crate::attr;
use crate::payload::support;
use crate::shape::{NamedField, Shape};
use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::{Error, Ident, Result, Type};

/// Whether a type is written as `Personal<…>`, or an `Option` of that.
pub(crate) fn is_personal(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    let Some(last) = path.path.segments.last() else { return false };
    if last.ident == "Option"
        && let syn::PathArguments::AngleBracketed(inner) = &last.arguments
        && let Some(syn::GenericArgument::Type(inner)) = inner.args.first()
    {
        return is_personal(inner);
    }
    last.ident == "Personal"
}

/// Statements that refuse a personal value which is about somebody else than its event says.
pub(crate) fn checks(shape: &Shape<'_>, event: &str) -> Result<Vec<TokenStream>> {
    let checks = attr::all(shape.fields().iter().map(|field| check(shape, field, event)))?;
    Ok(checks.into_iter().flatten().collect())
}

fn check(shape: &Shape<'_>, field: &NamedField<'_>, event: &str) -> Result<Option<TokenStream>> {
    let subject = subject_of(field)?;
    match (is_personal(field.ty), subject) {
        (false, None) => Ok(None),
        (false, Some(subject)) => {
            let message = "only a `Personal<…>` is personal: the type is what seals it";
            Err(Error::new_spanned(subject, message))
        }
        (true, None) => {
            let message = "say whom it is about: `#[personal(subject = field)]`";
            Err(Error::new_spanned(field.ty, message))
        }
        (true, Some(subject)) => {
            if field.attrs.iter().any(|attr| attr.path().is_ident("tag")) {
                let message = "a tag is stored as it is, and personal data must not be";
                return Err(Error::new_spanned(field.ident, message));
            }
            let Some(whom) = shape.fields().iter().find(|other| *other.ident == subject) else {
                let message = format!("there is no field `{subject}`");
                return Err(Error::new_spanned(subject, message));
            };
            let (support, whom, value, name) =
                (support(), whom.ident, field.ident, field.stored_name());
            Ok(Some(quote_spanned! { field.ident.span() =>
                #support::check_subject(#event, #name, #value, #whom)?;
            }))
        }
    }
}

fn subject_of(field: &NamedField<'_>) -> Result<Option<Ident>> {
    let mut subject = None;
    attr::each_key(field.attrs, "personal", "`subject`", |meta| {
        if !meta.path.is_ident("subject") {
            return Ok(false);
        }
        subject = Some(meta.value()?.parse::<Ident>()?);
        Ok(true)
    })?;
    Ok(subject)
}
