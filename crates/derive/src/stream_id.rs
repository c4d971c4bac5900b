//! `#[derive(StreamId)] #[stream("order")] pub struct OrderId(String);`

use crate::payload::support;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, LitStr, Result, Type};

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    check_newtype(input)?;
    let category = category(input)?;
    let (name, support) = (&input.ident, support());
    let conversions = conversions(name, &support);
    let values = values(name);
    Ok(quote! {
        impl #support::StreamId for #name {
            const CATEGORY: &'static str = #category;
        }
        #conversions
        #values
    })
}

fn check_newtype(input: &DeriveInput) -> Result<()> {
    let is_string = |ty: &Type| matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == "String"));
    match &input.data {
        Data::Struct(data) if input.generics.params.is_empty() => match &data.fields {
            Fields::Unnamed(fields)
                if fields.unnamed.len() == 1 && is_string(&fields.unnamed[0].ty) =>
            {
                Ok(())
            }
            _ => Err(Error::new_spanned(&input.ident, SHAPE)),
        },
        _ => Err(Error::new_spanned(&input.ident, SHAPE)),
    }
}

const SHAPE: &str = "a stream id is a newtype: `struct OrderId(String);`";

fn category(input: &DeriveInput) -> Result<LitStr> {
    let Some(attr) = input.attrs.iter().find(|attr| attr.path().is_ident("stream")) else {
        let message = "which category? Write `#[stream(\"order\")]`";
        return Err(Error::new_spanned(&input.ident, message));
    };
    let category: LitStr = attr.parse_args()?;
    let text = category.value();
    let why = if text.is_empty() {
        "a category says something"
    } else if text.contains('-') {
        "a category has no `-`: what follows the first one is the id"
    } else if text.starts_with('$') {
        "`$` is kept for the system's own streams"
    } else if text.chars().any(char::is_control) {
        "a category has no control characters"
    } else {
        return Ok(category);
    };
    Err(Error::new(category.span(), why))
}

fn conversions(name: &syn::Ident, support: &TokenStream) -> TokenStream {
    quote! {
        impl #name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl ::core::convert::From<&str> for #name {
            fn from(text: &str) -> Self {
                Self(::std::string::String::from(text))
            }
        }
        impl ::core::convert::From<::std::string::String> for #name {
            fn from(text: ::std::string::String) -> Self {
                Self(text)
            }
        }
        impl ::core::convert::From<#name> for ::std::string::String {
            fn from(id: #name) -> Self {
                id.0
            }
        }
        impl ::core::str::FromStr for #name {
            type Err = #support::InvalidName;
            fn from_str(text: &str) -> ::core::result::Result<Self, Self::Err> {
                #support::check_id::<Self>(text)?;
                ::core::result::Result::Ok(Self::from(text))
            }
        }
        impl ::core::convert::AsRef<str> for #name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
        impl #support::serde::Serialize for #name {
            fn serialize<S: #support::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
        impl<'de> #support::serde::Deserialize<'de> for #name {
            fn deserialize<D: #support::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                #support::deserialize_id::<Self, D>(deserializer).map(Self)
            }
        }
    }
}

fn values(name: &syn::Ident) -> TokenStream {
    let text = name.to_string();
    quote! {
        impl ::core::clone::Clone for #name {
            fn clone(&self) -> Self {
                Self(::core::clone::Clone::clone(&self.0))
            }
        }
        impl ::core::cmp::PartialEq for #name {
            fn eq(&self, other: &Self) -> bool {
                self.0 == other.0
            }
        }
        impl ::core::cmp::Eq for #name {}
        impl ::core::cmp::PartialOrd for #name {
            fn partial_cmp(&self, other: &Self) -> ::core::option::Option<::core::cmp::Ordering> {
                ::core::option::Option::Some(::core::cmp::Ord::cmp(self, other))
            }
        }
        impl ::core::cmp::Ord for #name {
            fn cmp(&self, other: &Self) -> ::core::cmp::Ordering {
                ::core::cmp::Ord::cmp(&self.0, &other.0)
            }
        }
        impl ::core::hash::Hash for #name {
            fn hash<H: ::core::hash::Hasher>(&self, state: &mut H) {
                ::core::hash::Hash::hash(&self.0, state);
            }
        }
        impl ::core::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.debug_tuple(#text).field(&self.0).finish()
            }
        }
        impl ::core::fmt::Display for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(&self.0)
            }
        }
    }
}
