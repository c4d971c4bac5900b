//! `#[derive(Input)]`: which events a reader asks for, of whom, and what it needs of them.

use crate::attr;
use crate::payload::{self, support};
use crate::shape::{self, Shape};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Attribute, DeriveInput, Error, LitStr, Result};

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let all = Keys::of(&input.attrs, "`from` and `id` on the enum")?;
    if let Some(name) = &all.name {
        return Err(Error::new(name.span(), "a name belongs to one variant"));
    }
    let shapes = shape::variants(input)?;
    let variants = attr::all(shapes.iter().map(|shape| InputVariant::of(shape, &all)))?;
    check_names(&variants)?;

    let (name, support) = (&input.ident, support());
    let types = variants.iter().map(InputVariant::input_type);
    let decode = variants.iter().map(InputVariant::decode_arm);
    Ok(quote! {
        impl #support::Input for #name {
            const TYPES: &'static [#support::InputType] = &[#(#types),*];
            fn decode(
                source: #support::Source<'_>,
                event: &#support::RecordedEvent,
            ) -> ::core::result::Result<#support::Decoded<Self>, #support::DecodeError> {
                match event.event_type.as_str() {
                    #(#decode)*
                    _ => ::core::result::Result::Err(#support::unknown_type(event)),
                }
            }
        }
    })
}

/// What is said on the enum or on a variant.
#[derive(Default, Clone)]
struct Keys {
    from: Option<LitStr>,
    id: Option<LitStr>,
    name: Option<LitStr>,
}

impl Keys {
    fn of(attrs: &[Attribute], known: &str) -> Result<Self> {
        let mut keys = Self::default();
        attr::each_key(attrs, "input", known, |meta| {
            if meta.path.is_ident("from") {
                attr::text(meta, &mut keys.from)
            } else if meta.path.is_ident("id") {
                attr::text(meta, &mut keys.id)
            } else if meta.path.is_ident("name") {
                attr::text(meta, &mut keys.name)
            } else {
                Ok(false)
            }
        })?;
        Ok(keys)
    }
}

/// A variant and what is said about it.
struct InputVariant<'a> {
    shape: &'a Shape<'a>,
    name: String,
    from: Option<LitStr>,
    id: Option<&'a syn::Ident>,
}

impl<'a> InputVariant<'a> {
    fn of(shape: &'a Shape<'a>, all: &Keys) -> Result<Self> {
        let own = Keys::of(&shape.variant.attrs, "`from`, `id` and `name` on a variant")?;
        let id = own.id.or_else(|| all.id.clone());
        let find = |id: LitStr| {
            let field = shape.fields().iter().find(|field| *field.ident == id.value());
            field.map(|field| field.ident).ok_or_else(|| {
                let message = format!("no field `{}` to take the stream's id", id.value());
                Error::new_spanned(&shape.variant.ident, message)
            })
        };
        Ok(Self {
            shape,
            name: own.name.map_or_else(|| shape.name(), |name| name.value()),
            from: own.from.or_else(|| all.from.clone()),
            id: id.map(find).transpose()?,
        })
    }

    fn from(&self) -> TokenStream {
        match &self.from {
            Some(context) => quote!(::core::option::Option::Some(#context)),
            None => quote!(::core::option::Option::None),
        }
    }

    fn input_type(&self) -> TokenStream {
        let (support, from, name) = (support(), self.from(), &self.name);
        let fields = payload::fields(self.shape, self.id);
        quote!(#support::InputType {
            context: #from,
            name: #name,
            schema_version: 1,
            public: false,
            fields: #fields,
        })
    }

    fn decode_arm(&self) -> TokenStream {
        let (support, from, name) = (support(), self.from(), &self.name);
        let given =
            self.id.map(|id| (id, quote_spanned!(id.span() => #support::id_of_stream(event)?)));
        let read = quote!(#support::read(event)?);
        let value = payload::reading(self.shape, &read, given.as_slice());
        quote! {
            #name if source.is(#from) => {
                ::core::result::Result::Ok(#support::Decoded::One(#value))
            }
        }
    }
}

fn check_names(variants: &[InputVariant<'_>]) -> Result<()> {
    let from = |variant: &InputVariant<'_>| variant.from.as_ref().map(LitStr::value);
    for (n, variant) in variants.iter().enumerate() {
        let same = |earlier: &InputVariant<'_>| {
            earlier.name == variant.name && from(earlier) == from(variant)
        };
        if variants[..n].iter().any(same) {
            let message = format!("two variants read `{}` of the same context", variant.name);
            return Err(Error::new(variant.shape.variant.ident.span(), message));
        }
    }
    Ok(())
}
