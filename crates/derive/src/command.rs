//! `#[derive(Command)]`: a command's name and JSON.

use crate::attr;
use crate::payload::{self, support};
use crate::shape;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Result};

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let known = "no keys: a command's name is its variant's";
    attr::each_key(&input.attrs, "command", known, |_| Ok(false))?;
    let shapes = shape::variants(input)?;
    for shape in &shapes {
        attr::each_key(&shape.variant.attrs, "command", known, |_| Ok(false))?;
    }
    let (name, support) = (&input.ident, support());
    let encode = shapes.iter().map(|shape| {
        let (name, pattern) = (shape.name(), payload::pattern(shape));
        let payload = payload::writing(shape);
        quote!(#pattern => #support::new_command(#name, &#payload),)
    });
    let decode = shapes.iter().map(|shape| {
        let name = shape.name();
        let read = quote!(#support::read_command(name, payload)?);
        let value = payload::reading(shape, &read, &[]);
        quote!(#name => ::core::result::Result::Ok(#value),)
    });
    Ok(quote! {
        impl #support::Command for #name {
            fn encode(
                &self,
            ) -> ::core::result::Result<(&'static str, #support::Bytes), #support::EncodeError> {
                match self { #(#encode)* }
            }
            fn decode(
                name: &str,
                payload: &[u8],
            ) -> ::core::result::Result<Self, #support::DecodeError> {
                match name {
                    #(#decode)*
                    _ => ::core::result::Result::Err(#support::unknown_command(name)),
                }
            }
        }
    })
}
