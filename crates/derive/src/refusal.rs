//! `#[derive(Refusal)]`: kind, code and message of each no.

use crate::attr;
use crate::payload::support;
use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::{Data, DeriveInput, Error, Fields, Ident, LitStr, Result, Token, Variant};

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(Error::new_spanned(&input.ident, "this is derived on an enum"));
    };
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(&input.generics, "plain data only: no type parameters"));
    }
    let family = family(input)?;
    let variants = attr::all(data.variants.iter().map(RefusalVariant::of))?;
    let (name, support) = (&input.ident, support());
    let kinds = variants.iter().map(RefusalVariant::kind_arm);
    let codes = variants.iter().map(|variant| {
        let (ident, code) =
            (&variant.variant.ident, attr::snake(&variant.variant.ident.to_string()));
        let code = format!("{family}.{code}");
        quote!(Self::#ident { .. } => #code,)
    });
    let texts = variants.iter().map(RefusalVariant::text_arm);
    Ok(quote! {
        impl #support::Refusal for #name {
            fn kind(&self) -> #support::RefusalKind {
                match *self { #(#kinds)* }
            }
            fn code(&self) -> &'static str {
                match *self { #(#codes)* }
            }
        }
        impl ::core::fmt::Display for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self { #(#texts)* }
            }
        }
        impl ::core::error::Error for #name {}
    })
}

/// The first part of the codes: the type's name without `Refusal`, unless said otherwise.
fn family(input: &DeriveInput) -> Result<String> {
    let mut code = None;
    attr::each_key(&input.attrs, "refusal", "`code` on the enum", |meta| {
        if meta.path.is_ident("code") { attr::text(meta, &mut code) } else { Ok(false) }
    })?;
    if let Some(code) = code {
        return Ok(code.value());
    }
    let name = input.ident.to_string();
    let short = name.strip_suffix("Refusal").filter(|short| !short.is_empty());
    Ok(attr::snake(short.unwrap_or(&name)))
}

/// A variant, with what is said on it.
struct RefusalVariant<'a> {
    variant: &'a Variant,
    kind: Ident,
    text: LitStr,
}

/// `conflict, "the order exists already"`
struct Said {
    kind: Ident,
    text: LitStr,
}

impl Parse for Said {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let kind = input.parse()?;
        input.parse::<Token![,]>()?;
        let text = input.parse()?;
        input.parse::<Option<Token![,]>>()?;
        Ok(Self { kind, text })
    }
}

impl<'a> RefusalVariant<'a> {
    fn of(variant: &'a Variant) -> Result<Self> {
        let Some(attr) = variant.attrs.iter().find(|attr| attr.path().is_ident("refusal")) else {
            let message = "why not? Write `#[refusal(conflict, \"…\")]`";
            return Err(Error::new_spanned(variant, message));
        };
        let Said { kind, text } = attr.parse_args()?;
        let kind = match kind.to_string().as_str() {
            "invalid" => Ident::new("Invalid", kind.span()),
            "forbidden" => Ident::new("Forbidden", kind.span()),
            "not_found" => Ident::new("NotFound", kind.span()),
            "conflict" => Ident::new("Conflict", kind.span()),
            _ => {
                let message = "the kinds are `invalid`, `forbidden`, `not_found` and `conflict`";
                return Err(Error::new(kind.span(), message));
            }
        };
        Ok(Self { variant, kind, text })
    }

    fn kind_arm(&self) -> TokenStream {
        let (support, ident, kind) = (support(), &self.variant.ident, &self.kind);
        quote!(Self::#ident { .. } => #support::RefusalKind::#kind,)
    }

    /// Fields can be named in the text: `{left}`; of a tuple, `{_0}`.
    fn text_arm(&self) -> TokenStream {
        let (ident, text) = (&self.variant.ident, &self.text);
        let (pattern, names): (TokenStream, Vec<Ident>) = match &self.variant.fields {
            Fields::Unit => (quote!(Self::#ident), Vec::new()),
            Fields::Named(fields) => {
                let names: Vec<_> = fields.named.iter().filter_map(|f| f.ident.clone()).collect();
                (quote!(Self::#ident { #(#names),* }), names)
            }
            Fields::Unnamed(fields) => {
                let names: Vec<_> =
                    (0..fields.unnamed.len()).map(|n| format_ident!("_{n}")).collect();
                (quote!(Self::#ident(#(#names),*)), names)
            }
        };
        let write = quote_spanned!(text.span() => ::core::write!(f, #text));
        quote!(#pattern => { let _ = (#(&#names,)*); #write })
    }
}
