//! Shapes: an enum's variants and their fields, checked once for all derives.
//!
//! Why: events, inputs and commands are the same kind of thing — a name and a JSON object — and
//! what cannot be written as one is refused where it stands.

use crate::attr;
use syn::{
    Attribute, Data, DeriveInput, Error, Field, Fields, Ident, LitStr, Path, Result, Type, Variant,
};

/// The variants of an enum without type parameters.
pub(crate) fn variants(input: &DeriveInput) -> Result<Vec<Shape<'_>>> {
    if !input.generics.params.is_empty() {
        let message = "plain data only: no lifetimes or type parameters";
        return Err(Error::new_spanned(&input.generics, message));
    }
    let Data::Enum(data) = &input.data else {
        return Err(Error::new_spanned(&input.ident, "this is derived on an enum"));
    };
    if data.variants.is_empty() {
        return Err(Error::new_spanned(&input.ident, "an enum without variants says nothing"));
    }
    attr::all(data.variants.iter().map(Shape::of))
}

/// A variant.
pub(crate) struct Shape<'a> {
    /// As written.
    pub(crate) variant: &'a Variant,
    /// Its content.
    pub(crate) content: Content<'a>,
}

/// What a variant holds.
pub(crate) enum Content<'a> {
    /// `Approved`, or `Approved {}`.
    Nothing,
    /// `Created { customer: CustomerId }`.
    Named(Vec<NamedField<'a>>),
    /// `Created(Created)`: the payload is that type's own.
    Wrapped(&'a Type),
}

/// A named field.
pub(crate) struct NamedField<'a> {
    /// Its name in the code.
    pub(crate) ident: &'a Ident,
    /// Its type.
    pub(crate) ty: &'a Type,
    /// All its attributes.
    pub(crate) attrs: &'a [Attribute],
    /// How serde is to write and read it.
    pub(crate) serde: SerdeKeys,
}

/// What may be said to serde about a field.
#[derive(Default)]
pub(crate) struct SerdeKeys {
    pub(crate) rename: Option<LitStr>,
    pub(crate) alias: Vec<LitStr>,
    pub(crate) default: Option<Option<LitStr>>,
}

impl<'a> Shape<'a> {
    fn of(variant: &'a Variant) -> Result<Self> {
        let content = match &variant.fields {
            Fields::Unit => Content::Nothing,
            Fields::Named(fields) if fields.named.is_empty() => Content::Nothing,
            Fields::Named(fields) => {
                Content::Named(attr::all(fields.named.iter().map(NamedField::of))?)
            }
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                Content::Wrapped(&fields.unnamed[0].ty)
            }
            Fields::Unnamed(fields) => {
                let message = "a payload is a JSON object: name these fields, or wrap one struct";
                return Err(Error::new_spanned(fields, message));
            }
        };
        Ok(Self { variant, content })
    }

    /// The variant's name as text.
    pub(crate) fn name(&self) -> String {
        self.variant.ident.to_string()
    }

    /// Its named fields; none if it has another content.
    pub(crate) fn fields(&self) -> &[NamedField<'a>] {
        match &self.content {
            Content::Named(fields) => fields,
            Content::Nothing | Content::Wrapped(_) => &[],
        }
    }
}

impl<'a> NamedField<'a> {
    fn of(field: &'a Field) -> Result<Self> {
        let Some(ident) = &field.ident else {
            return Err(Error::new_spanned(field, "this field has no name"));
        };
        Ok(Self { ident, ty: &field.ty, attrs: &field.attrs, serde: SerdeKeys::of(&field.attrs)? })
    }

    /// Its name in the payload.
    pub(crate) fn stored_name(&self) -> String {
        match &self.serde.rename {
            Some(name) => name.value(),
            None => self.ident.to_string().trim_start_matches("r#").to_owned(),
        }
    }

    /// Whether a payload without it can be read.
    pub(crate) fn is_optional(&self) -> bool {
        let is_option = |path: &Path| path.segments.last().is_some_and(|s| s.ident == "Option");
        self.serde.default.is_some()
            || matches!(self.ty, Type::Path(path) if path.qself.is_none() && is_option(&path.path))
    }
}

impl SerdeKeys {
    fn of(attrs: &[Attribute]) -> Result<Self> {
        let mut keys = Self::default();
        attr::each_key(attrs, "serde", "`rename`, `alias` and `default` here", |meta| {
            if meta.path.is_ident("rename") {
                attr::text(meta, &mut keys.rename)
            } else if meta.path.is_ident("alias") {
                keys.alias.push(meta.value()?.parse()?);
                Ok(true)
            } else if meta.path.is_ident("default") {
                let path = meta.value().ok().map(|value| value.parse()).transpose()?;
                keys.default = Some(path);
                Ok(true)
            } else {
                Ok(false)
            }
        })?;
        Ok(keys)
    }
}
