//! What attributes say about the item behind them.

/// `#[test]` of any harness: the last word of the path is `test`.
pub(super) fn is_test_attr(attr: &syn::Attribute) -> bool {
    attr.path().segments.last().is_some_and(|last| last.ident == "test")
}

/// `#[cfg(test)]` or `#[cfg(all(test, …))]`; `any(test, …)` is built for others too.
pub(super) fn is_cfg_test(attr: &syn::Attribute) -> bool {
    let tokens = tokens_of(attr).replace(' ', "");
    attr.path().is_ident("cfg") && (tokens == "test" || tokens.starts_with("all(test,"))
}

fn tokens_of(attr: &syn::Attribute) -> String {
    match &attr.meta {
        syn::Meta::List(list) => list.tokens.to_string(),
        _ => String::new(),
    }
}

/// `#[tokio::test(start_paused = true)]`: there a sleep moves the clock and takes no time.
pub(super) fn runs_on_paused_clock(attr: &syn::Attribute) -> bool {
    is_test_attr(attr) && tokens_of(attr).replace(' ', "").contains("start_paused=true")
}
