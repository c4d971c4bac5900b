//! What commands and timers have in common: a name and a JSON object, out and in.

use crate::payload::{self, support};
use crate::shape::Shape;
use proc_macro2::TokenStream;
use quote::quote;

/// The functions `encode` and `decode` of an enum with these variants.
pub(crate) fn functions(shapes: &[Shape<'_>]) -> TokenStream {
    let support = support();
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
    quote! {
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
}
