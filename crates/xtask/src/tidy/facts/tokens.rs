//! What stands in the tokens of macros and literals, which a syntax tree does not show.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::visit::Visit;

/// `area.what_happened`: two words of lower-case letters and underscores.
pub(in crate::tidy) fn is_error_code(text: &str) -> bool {
    let is_word =
        |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    text.split_once('.').is_some_and(|(area, what)| is_word(area) && is_word(what))
}

/// Where `.unwrap()` stands in the tokens of a macro call.
pub(super) fn unwraps_in(tokens: TokenStream) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut behind_dot = false;
    let mut behind_unwrap = None;
    for token in tokens {
        match &token {
            TokenTree::Group(group) => {
                if group.stream().is_empty() {
                    spans.extend(behind_unwrap);
                }
                spans.extend(unwraps_in(group.stream()));
                (behind_dot, behind_unwrap) = (false, None);
            }
            TokenTree::Ident(ident) => {
                behind_unwrap = (behind_dot && ident == "unwrap").then(|| ident.span());
                behind_dot = false;
            }
            TokenTree::Punct(punct) => {
                (behind_dot, behind_unwrap) = (punct.as_char() == '.', None);
            }
            TokenTree::Literal(_) => (behind_dot, behind_unwrap) = (false, None),
        }
    }
    spans
}

/// Assertions in a function, of any kind.
pub(super) fn asserts_in(body: &syn::Block) -> usize {
    struct Count(usize);
    impl<'ast> Visit<'ast> for Count {
        fn visit_macro(&mut self, call: &'ast syn::Macro) {
            let name = call.path.segments.last().map(|last| last.ident.to_string());
            self.0 += usize::from(name.is_some_and(|name| {
                name.starts_with("assert") || name.starts_with("debug_assert")
            }));
        }
    }
    let mut count = Count(0);
    count.visit_block(body);
    count.0
}
