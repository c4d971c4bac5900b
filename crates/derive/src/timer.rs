//! `#[derive(Timer)]`: a timer's name and JSON.

use crate::payload::support;
use crate::said;
use crate::shape;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Result};

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let shapes = shape::variants(input)?;
    let (name, support, said) = (&input.ident, support(), said::functions(&shapes));
    Ok(quote! {
        impl #support::Timer for #name {
            #said
        }
    })
}
