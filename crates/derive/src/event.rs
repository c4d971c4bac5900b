//! `#[derive(Event)]`: names, JSON, tags, and how older shapes are read.

use crate::attr;
use crate::payload::{self, support};
use crate::personal;
use crate::shape::{self, NamedField, Shape};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{DeriveInput, Error, LitInt, LitStr, Path, Result, Token, Type, parenthesized};

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let all = EnumKeys::of(input)?;
    let shapes = shape::variants(input)?;
    let variants = attr::all(shapes.iter().map(|shape| EventVariant::of(shape, &all)))?;
    check_names(&variants, &all)?;

    let (name, support) = (&input.ident, support());
    let types = variants.iter().map(EventVariant::input_type);
    let decode = variants.iter().map(EventVariant::decode_arm);
    let encode = attr::all(variants.iter().map(EventVariant::encode_arm))?;
    let retired = &all.retired;
    let retired_arm = match retired.as_slice() {
        [] => TokenStream::new(),
        names => quote!(#(#names)|* => ::core::result::Result::Ok(#support::Decoded::Retired),),
    };
    Ok(quote! {
        impl #support::Input for #name {
            const TYPES: &'static [#support::InputType] = &[#(#types),*];
            fn decode(
                _: #support::Source<'_>,
                event: &#support::RecordedEvent,
            ) -> ::core::result::Result<#support::Decoded<Self>, #support::DecodeError> {
                match event.event_type.as_str() {
                    #(#decode)*
                    #retired_arm
                    _ => ::core::result::Result::Err(#support::unknown_type(event)),
                }
            }
        }
        impl #support::Event for #name {
            const RETIRED: &'static [&'static str] = &[#(#retired),*];
            fn encode(
                &self,
                id: #support::EventId,
            ) -> ::core::result::Result<#support::NewEvent, #support::EncodeError> {
                match self { #(#encode)* }
            }
        }
    })
}

/// What is said on the enum.
#[derive(Default)]
struct EnumKeys {
    prefix: Option<LitStr>,
    public: bool,
    retired: Vec<LitStr>,
}

impl EnumKeys {
    fn of(input: &DeriveInput) -> Result<Self> {
        let mut keys = Self::default();
        let known = "`prefix`, `public` and `retired` on the enum";
        attr::each_key(&input.attrs, "event", known, |meta| {
            if meta.path.is_ident("prefix") {
                attr::text(meta, &mut keys.prefix)
            } else if meta.path.is_ident("public") {
                keys.public = true;
                Ok(true)
            } else if meta.path.is_ident("retired") {
                let names;
                parenthesized!(names in meta.input);
                keys.retired.extend(Punctuated::<LitStr, Token![,]>::parse_terminated(&names)?);
                Ok(true)
            } else {
                Ok(false)
            }
        })?;
        Ok(keys)
    }
}

/// A variant and what is said on it.
struct EventVariant<'a> {
    shape: &'a Shape<'a>,
    name: String,
    public: bool,
    version: u32,
    was: Vec<Type>,
    upcast: Option<Path>,
}

impl<'a> EventVariant<'a> {
    fn of(shape: &'a Shape<'a>, all: &EnumKeys) -> Result<Self> {
        let (mut name, mut public, mut version) = (None, all.public, None::<LitInt>);
        let (mut was, mut upcast) = (Vec::new(), None::<Path>);
        let known = "`name`, `public`, `version`, `was` and `upcast` on a variant";
        attr::each_key(&shape.variant.attrs, "event", known, |meta| {
            if meta.path.is_ident("name") {
                return attr::text(meta, &mut name);
            } else if meta.path.is_ident("public") {
                public = true;
            } else if meta.path.is_ident("version") {
                version = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("was") {
                let types;
                parenthesized!(types in meta.input);
                was.extend(Punctuated::<Type, Token![,]>::parse_terminated(&types)?);
            } else if meta.path.is_ident("upcast") {
                upcast = Some(meta.value()?.parse()?);
            } else {
                return Ok(false);
            }
            Ok(true)
        })?;
        let prefix = all.prefix.as_ref().map(LitStr::value).unwrap_or_default();
        let name = name.map_or_else(|| format!("{prefix}{}", shape.name()), |name| name.value());
        let version = check_version(shape, version.as_ref(), &was, upcast.as_ref())?;
        Ok(Self { shape, name, public, version, was, upcast })
    }

    fn input_type(&self) -> TokenStream {
        let (support, fields) = (support(), payload::fields(self.shape, None));
        let Self { name, public, version, .. } = self;
        quote!(#support::InputType {
            context: ::core::option::Option::None,
            name: #name,
            schema_version: #version,
            public: #public,
            fields: #fields,
        })
    }

    fn decode_arm(&self) -> TokenStream {
        let (support, name, version) = (support(), &self.name, self.version);
        let older = self.was.iter().zip(1_u32..).map(|(ty, version)| {
            let old = quote_spanned!(ty.span() => #support::read::<#ty>(event)?);
            let now = match &self.upcast {
                None => quote_spanned! { ty.span() =>
                    #support::Decoded::One(<Self as ::core::convert::From<#ty>>::from(#old))
                },
                Some(path) => quote_spanned! { path.span() =>
                    #support::Decoded::Many(
                        ::core::iter::IntoIterator::into_iter(#path(#old)).collect()
                    )
                },
            };
            quote!(#version => ::core::result::Result::Ok(#now),)
        });
        let current = payload::reading(self.shape, &quote!(#support::read(event)?), &[]);
        quote! {
            #name => match event.schema_version {
                #(#older)*
                #version => ::core::result::Result::Ok(#support::Decoded::One(#current)),
                _ => ::core::result::Result::Err(#support::newer_version(event, #version)),
            },
        }
    }

    fn encode_arm(&self) -> Result<TokenStream> {
        let (support, name, version) = (support(), &self.name, self.version);
        let (pattern, payload) = (payload::pattern(self.shape), payload::writing(self.shape));
        let tags: Vec<_> = attr::all(self.shape.fields().iter().map(tag_of))?;
        let tags = tags.into_iter().flatten();
        let personal = personal::checks(self.shape, name)?;
        Ok(quote! {
            #pattern => {
                #(#personal)*
                #support::new_event(id, #name, #version, &#payload, &[#(#tags),*])
            }
        })
    }
}

/// `#[tag("course")]` on a field: the tag `course:<value>`.
fn tag_of(field: &NamedField<'_>) -> Result<Option<TokenStream>> {
    let Some(attr) = field.attrs.iter().find(|attr| attr.path().is_ident("tag")) else {
        return Ok(None);
    };
    let key: LitStr = attr.parse_args()?;
    if key.value().is_empty() || key.value().contains(':') {
        let message = "a tag's key says something and has no `:`, which stands before the value";
        return Err(Error::new(key.span(), message));
    }
    let ident = field.ident;
    Ok(Some(quote_spanned!(field.ty.span() => (#key, #ident as &dyn ::core::fmt::Display))))
}

fn check_version(
    shape: &Shape<'_>,
    version: Option<&LitInt>,
    was: &[Type],
    upcast: Option<&Path>,
) -> Result<u32> {
    let at = |message: String| match version {
        Some(literal) => Error::new(literal.span(), message),
        None => Error::new_spanned(&shape.variant.ident, message),
    };
    let number: u32 = version.map_or(Ok(1), LitInt::base10_parse)?;
    if number == 0 {
        return Err(at("schema versions begin with 1".to_owned()));
    }
    let older = number as usize - 1;
    if was.len() != older {
        let message = format!(
            "version {number} has {older} older: list the shape of each in `was(…)`, from version 1 on"
        );
        return Err(at(message));
    }
    if let (Some(path), true) = (upcast, older != 1) {
        let message = "`upcast` reads one older shape; give several `From` implementations instead";
        return Err(Error::new_spanned(path, message));
    }
    Ok(number)
}

fn check_names(variants: &[EventVariant<'_>], all: &EnumKeys) -> Result<()> {
    for (n, variant) in variants.iter().enumerate() {
        if variants[..n].iter().any(|earlier| earlier.name == variant.name) {
            let message = format!("two variants are stored as `{}`", variant.name);
            return Err(Error::new_spanned(&variant.shape.variant.ident, message));
        }
        if let Some(retired) = all.retired.iter().find(|name| name.value() == variant.name) {
            let message = format!("`{}` is in use, so it is not retired", variant.name);
            return Err(Error::new(retired.span(), message));
        }
    }
    Ok(())
}
