//! Payloads: a variant's fields as a JSON object, out and in.
//!
//! Picture: for `Created { customer: CustomerId, total: Money }`
//! ```text
//!   out  struct Payload<'a> { customer: &'a CustomerId, total: &'a Money }   Serialize
//!   in   struct Payload { customer: CustomerId, total: Money }               Deserialize
//! ```

use crate::personal;
use crate::shape::{Content, NamedField, Shape};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

/// Where everything that derived code needs is found.
pub(crate) fn support() -> TokenStream {
    quote!(::headwater::derived)
}

/// The pattern that binds all the variant's content, for a `match` on `&self`.
pub(crate) fn pattern(shape: &Shape<'_>) -> TokenStream {
    let variant = &shape.variant.ident;
    match &shape.content {
        Content::Nothing => quote!(Self::#variant { .. }),
        Content::Named(fields) => {
            let names = fields.iter().map(|field| field.ident);
            quote!(Self::#variant { #(#names),* })
        }
        Content::Wrapped(_) => quote!(Self::#variant(wrapped)),
    }
}

/// An expression for what serde writes, where [`pattern`] has bound the content.
pub(crate) fn writing(shape: &Shape<'_>) -> TokenStream {
    let support = support();
    match &shape.content {
        Content::Nothing => quote!(#support::Empty {}),
        Content::Wrapped(_) => quote!(wrapped),
        Content::Named(fields) => {
            let serde = serde_crate();
            let members = fields.iter().map(|field| {
                let (name, ty, rename) = (field.ident, field.ty, rename(field));
                quote!(#rename #name: &'payload #ty)
            });
            let names = fields.iter().map(|field| field.ident);
            quote!({
                #[derive(#support::serde::Serialize)]
                #[serde(crate = #serde)]
                struct Payload<'payload> { #(#members),* }
                Payload { #(#names),* }
            })
        }
    }
}

/// An expression for the variant, with its fields read by `read` (an expression that gives any
/// type serde can read, and may use `?`), and the fields in `given` taken from there.
pub(crate) fn reading(
    shape: &Shape<'_>,
    read: &TokenStream,
    given: &[(&syn::Ident, TokenStream)],
) -> TokenStream {
    let (support, variant) = (support(), &shape.variant.ident);
    match &shape.content {
        Content::Nothing => quote!(Self::#variant {}),
        Content::Wrapped(ty) => quote!(Self::#variant({ let wrapped: #ty = #read; wrapped })),
        Content::Named(fields) => {
            let is_given = |field: &&NamedField<'_>| given.iter().any(|(n, _)| *n == field.ident);
            let read_fields: Vec<_> = fields.iter().filter(|field| !is_given(field)).collect();
            let given = given.iter().map(|(name, value)| quote!(#name: #value));
            if read_fields.is_empty() {
                return quote!(Self::#variant { #(#given),* });
            }
            let serde = serde_crate();
            let members = read_fields.iter().map(|field| {
                let (name, ty, keys) = (field.ident, field.ty, reading_keys(field));
                quote!(#keys #name: #ty)
            });
            let names = read_fields.iter().map(|field| field.ident);
            quote!({
                #[derive(#support::serde::Deserialize)]
                #[serde(crate = #serde)]
                struct Payload { #(#members),* }
                let payload: Payload = #read;
                Self::#variant { #(#names: payload.#names,)* #(#given),* }
            })
        }
    }
}

/// The fields of the payload as constants, for the schema lock.
pub(crate) fn fields(shape: &Shape<'_>, except: Option<&syn::Ident>) -> TokenStream {
    let support = support();
    let field = |name: String, ty: &syn::Type, optional: bool| {
        let kind = quote!(#ty).to_string().replace(' ', "");
        let personal = personal::is_personal(ty);
        quote!(#support::Field {
            name: #name,
            kind: #kind,
            optional: #optional,
            personal: #personal,
        })
    };
    let list: Vec<_> = match &shape.content {
        Content::Nothing => Vec::new(),
        Content::Wrapped(ty) => vec![field(String::new(), ty, false)],
        Content::Named(fields) => fields
            .iter()
            .filter(|named| Some(named.ident) != except)
            .map(|named| field(named.stored_name(), named.ty, named.is_optional()))
            .collect(),
    };
    quote!(&[#(#list),*])
}

fn serde_crate() -> String {
    "::headwater::derived::serde".to_owned()
}

fn rename(field: &NamedField<'_>) -> TokenStream {
    match &field.serde.rename {
        Some(name) => quote!(#[serde(rename = #name)]),
        None => TokenStream::new(),
    }
}

fn reading_keys(field: &NamedField<'_>) -> TokenStream {
    let rename = rename(field);
    let aliases = field.serde.alias.iter().map(|name| quote!(#[serde(alias = #name)]));
    let default = match &field.serde.default {
        None => TokenStream::new(),
        Some(None) => quote_spanned!(field.ident.span() => #[serde(default)]),
        Some(Some(path)) => quote_spanned!(path.span() => #[serde(default = #path)]),
    };
    quote!(#rename #(#aliases)* #default)
}
