//! `#[derive(Command)]`: a command's name and JSON; who else may ask it, or whom it is asked of.

use crate::payload::support;
use crate::shape::{self, Shape};
use crate::{attr, said};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Error, LitStr, Result};

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let all = Keys::of(&input.attrs, "`public`, or `to` and `id`, on the enum", true)?;
    let shapes = shape::variants(input)?;
    let keys =
        |shape: &Shape<'_>| Keys::of(&shape.variant.attrs, "`public` and `id` on a variant", false);
    let own = attr::all(shapes.iter().map(keys))?;
    let public = shapes.iter().zip(&own).filter(|(_, own)| all.public || own.public);
    let public: Vec<_> = public.map(|(shape, _)| shape.name()).collect();
    let request = match &all.to {
        Some(_) if !public.is_empty() => {
            let message = "a request is another service's command: that one says what is public";
            return Err(Error::new_spanned(&input.ident, message));
        }
        Some(to) => request(input, &shapes, &own, &all, to)?,
        None => match all.id.iter().chain(own.iter().filter_map(|own| own.id.as_ref())).next() {
            Some(id) => return Err(Error::new(id.span(), "`id` belongs to a request: add `to`")),
            None => TokenStream::new(),
        },
    };
    let (name, support, said) = (&input.ident, support(), said::functions(&shapes));
    Ok(quote! {
        impl #support::Command for #name {
            const PUBLIC: &'static [&'static str] = &[#(#public),*];
            #said
        }
        #request
    })
}

/// What is said on the enum or on a variant.
#[derive(Default)]
struct Keys {
    public: bool,
    to: Option<LitStr>,
    id: Option<LitStr>,
}

impl Keys {
    fn of(attrs: &[syn::Attribute], known: &str, on_enum: bool) -> Result<Self> {
        let mut keys = Self::default();
        attr::each_key(attrs, "command", known, |meta| {
            if meta.path.is_ident("public") {
                keys.public = true;
                Ok(true)
            } else if meta.path.is_ident("to") && on_enum {
                attr::text(meta, &mut keys.to)
            } else if meta.path.is_ident("id") {
                attr::text(meta, &mut keys.id)
            } else {
                Ok(false)
            }
        })?;
        Ok(keys)
    }
}

/// The implementation of `Request`.
fn request(
    input: &DeriveInput,
    shapes: &[Shape<'_>],
    own: &[Keys],
    all: &Keys,
    to: &LitStr,
) -> Result<TokenStream> {
    let (name, support) = (&input.ident, support());
    let target = |(shape, own): (&Shape<'_>, &Keys)| {
        let variant = &shape.variant.ident;
        let Some(id) = own.id.as_ref().or(all.id.as_ref()) else {
            let message = "which field says what it is about? add `id = \"…\"` beside `to`";
            return Err(Error::new_spanned(variant, message));
        };
        let field = shape.fields().iter().find(|field| *field.ident == id.value());
        let Some(field) = field.map(|field| field.ident) else {
            let message = format!("no field `{}` to say what it is about", id.value());
            return Err(Error::new_spanned(variant, message));
        };
        Ok(quote_spanned! { variant.span() =>
            Self::#variant { #field, .. } => ::std::string::ToString::to_string(#field),
        })
    };
    let targets = attr::all(shapes.iter().zip(own).map(target))?;
    Ok(quote! {
        impl #support::Request for #name {
            const TO: &'static str = #to;
            fn target(&self) -> ::std::string::String {
                match self { #(#targets)* }
            }
        }
    })
}
