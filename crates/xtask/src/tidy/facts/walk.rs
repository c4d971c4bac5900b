//! The walk over one file's syntax tree that collects its [`Facts`].
//!
//! Why one walk: whether code is for tests only, or a sleep costs time, depends on what encloses it.

use super::attributes::{is_cfg_test, is_test_attr, runs_on_paused_clock};
use super::tokens::{asserts_in, is_error_code, unwraps_in};
use super::{Facts, Function, Habit};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

#[derive(Default)]
pub(super) struct Walk {
    /// What was seen so far.
    pub(super) facts: Facts,
    /// How many enclosing items are for tests only.
    test_depth: usize,
    /// Whether the enclosing test runs on a paused clock, where a sleep costs no time.
    on_paused_clock: bool,
    /// Whether the enclosing function is called `code`.
    in_code_fn: bool,
    /// Whether the enclosing call makes a `Problem`, whose code is its argument.
    in_problem: bool,
}

impl Walk {
    /// A walk over a file that is built for tests only, or is not.
    pub(super) fn new(is_test: bool) -> Self {
        Self { test_depth: usize::from(is_test), ..Self::default() }
    }

    fn saw(&mut self, habit: Habit, span: proc_macro2::Span) {
        self.facts.habits.push((habit, span.start().line));
    }

    fn public(&mut self, visible: &syn::Visibility, ident: &syn::Ident) {
        if matches!(visible, syn::Visibility::Public(_)) && self.test_depth == 0 {
            self.public_ident(ident);
        }
    }

    fn public_ident(&mut self, ident: &syn::Ident) {
        self.facts.public_names.push((ident.to_string(), ident.span().start().line));
    }

    /// Walks a function, having noted its name, its length and how it is tested.
    fn function(
        &mut self,
        attrs: &[syn::Attribute],
        sig: &syn::Signature,
        body: &syn::Block,
        walk: impl FnOnce(&mut Self),
    ) {
        let is_test = attrs.iter().any(is_test_attr);
        let line = sig.fn_token.span.start().line;
        let lines = body.brace_token.span.close().end().line + 1 - line;
        let paused = attrs.iter().any(runs_on_paused_clock);
        let outer = (self.on_paused_clock, self.in_code_fn);
        let index = self.facts.functions.len();
        self.facts.functions.push(Function {
            name: sig.ident.to_string(),
            line,
            lines,
            is_test,
            in_test: is_test || self.test_depth > 0,
            asserts: 0,
        });
        self.on_paused_clock |= paused;
        self.in_code_fn = sig.ident == "code";
        self.for_tests(is_test || attrs.iter().any(is_cfg_test), walk);
        (self.on_paused_clock, self.in_code_fn) = outer;
        let asserts = asserts_in(body);
        self.facts.functions[index].asserts = asserts;
    }

    /// The code that `Problem::not_found("order")` makes.
    fn not_found_of(&self, call: &syn::ExprCall, function: &syn::ExprPath) -> Option<String> {
        let is = self.in_problem && function.path.segments.last()?.ident == "not_found";
        match call.args.first()? {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(what), .. }) if is => {
                Some(format!("{}.not_found", what.value()))
            }
            _ => None,
        }
    }

    fn for_tests(&mut self, only_for_tests: bool, walk: impl FnOnce(&mut Self)) {
        self.test_depth += usize::from(only_for_tests);
        walk(self);
        self.test_depth -= usize::from(only_for_tests);
    }
}

impl<'ast> Visit<'ast> for Walk {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.public(&item.vis, &item.sig.ident);
        self.function(&item.attrs, &item.sig, &item.block, |walk| visit::visit_item_fn(walk, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.public(&item.vis, &item.sig.ident);
        self.function(&item.attrs, &item.sig, &item.block, |walk| {
            visit::visit_impl_item_fn(walk, item);
        });
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        match &item.default {
            Some(body) => self.function(&item.attrs, &item.sig, body, |walk| {
                visit::visit_trait_item_fn(walk, item);
            }),
            None => visit::visit_trait_item_fn(self, item),
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let only_for_tests = item.attrs.iter().any(is_cfg_test);
        if only_for_tests && item.content.is_none() {
            self.facts.test_modules.push(item.ident.to_string());
        }
        self.for_tests(only_for_tests, |walk| visit::visit_item_mod(walk, item));
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if let Some(token) = item.unsafety {
            self.saw(Habit::Unsafe, token.span);
        }
        let only_for_tests = item.attrs.iter().any(is_cfg_test);
        self.for_tests(only_for_tests, |walk| visit::visit_item_impl(walk, item));
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.public(&item.vis, &item.ident);
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.public(&item.vis, &item.ident);
        if matches!(item.vis, syn::Visibility::Public(_)) && self.test_depth == 0 {
            item.variants.iter().for_each(|variant| self.public_ident(&variant.ident));
        }
        visit::visit_item_enum(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.public(&item.vis, &item.ident);
        if matches!(item.vis, syn::Visibility::Public(_)) && self.test_depth == 0 {
            for member in &item.items {
                if let syn::TraitItem::Fn(function) = member {
                    self.public_ident(&function.sig.ident);
                }
            }
        }
        visit::visit_item_trait(self, item);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.public(&item.vis, &item.ident);
        visit::visit_item_type(self, item);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.public(&item.vis, &item.ident);
        visit::visit_item_const(self, item);
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        if let Some(ident) = &field.ident {
            self.public(&field.vis, ident);
        }
        visit::visit_field(self, field);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if call.method == "unwrap" && call.args.is_empty() && self.test_depth == 0 {
            self.saw(Habit::Unwrap, call.method.span());
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let syn::Expr::Path(function) = &*call.func {
            let sleeps = function.path.segments.last().is_some_and(|last| last.ident == "sleep");
            if sleeps && self.test_depth > 0 && !self.on_paused_clock {
                self.saw(Habit::SleepInTest, call.span());
            }
            let outer = self.in_problem;
            self.in_problem = function.path.segments.iter().any(|part| part.ident == "Problem");
            if let Some(code) = self.not_found_of(call, function) {
                self.facts.dotted_words.insert(code);
            }
            visit::visit_expr_call(self, call);
            self.in_problem = outer;
            return;
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_unsafe(&mut self, block: &'ast syn::ExprUnsafe) {
        self.saw(Habit::Unsafe, block.unsafe_token.span);
        visit::visit_expr_unsafe(self, block);
    }

    fn visit_signature(&mut self, sig: &'ast syn::Signature) {
        if let syn::Safety::Unsafe(token) = &sig.safety {
            self.saw(Habit::Unsafe, token.span);
        }
        visit::visit_signature(self, sig);
    }

    fn visit_attribute(&mut self, attr: &'ast syn::Attribute) {
        for (name, habit) in [("allow", Habit::Allow), ("ignore", Habit::Ignore)] {
            if attr.path().is_ident(name) {
                self.saw(habit, attr.span());
            }
        }
        visit::visit_attribute(self, attr);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        if self.test_depth == 0 {
            for span in unwraps_in(call.tokens.clone()) {
                self.saw(Habit::Unwrap, span);
            }
        }
        visit::visit_macro(self, call);
    }

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        if self.test_depth == 0 && is_error_code(&text.value()) {
            self.facts.dotted_words.insert(text.value());
            if self.in_code_fn || self.in_problem {
                self.facts.error_codes.push((text.value(), text.span().start().line));
            }
        }
    }
}
