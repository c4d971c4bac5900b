//! Derives for events, inputs, commands, timers, refusals and stream ids.
//!
//! Why: an enum says everything there is to say about a set of events; names, JSON and the rules
//! of older shapes follow from it. A derive adds nothing that a person could not have written.
//!
//! All code that comes out names one path, `::headwater`, which is the facade crate, or in
//! Headwater's own tests `extern crate headwater_framework as headwater;`.
//!
//! Not here: what the traits promise (see the crate `framework`, where all are documented).

mod attr;
mod command;
mod event;
mod input;
mod payload;
mod personal;
mod refusal;
mod said;
mod shape;
mod stream_id;
#[cfg(test)]
mod tests;
mod timer;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// A typed id on a newtype over `String`: `#[stream("order")]` names its category.
///
/// Writes `StreamId`, and Clone, Eq, Ord, Hash, Debug, Display, serde, `From<&str>`,
/// `From<String>`, `FromStr` and `as_str`.
#[proc_macro_derive(StreamId, attributes(stream))]
pub fn stream_id(input: TokenStream) -> TokenStream {
    answer(stream_id::derive(&parse_macro_input!(input as DeriveInput)))
}

/// What own deciders record, on an enum. Writes `Event` and `Input`.
///
/// On the enum: `#[event(prefix = "Order", public, retired("OrderFlagged"))]`.
/// On a variant: `#[event(name = "…", public, version = 2, was(CreatedV1), upcast = split)]`:
/// `was` lists the older shapes from version 1 on, each `Into` the enum; or, with `upcast`, the one
/// older shape goes through that function, which may answer with several events.
/// On a field: `#[tag("course")]`, and of serde `rename`, `alias` and `default`; on one of type
/// `Personal<…>`: `#[personal(subject = customer)]`, which names the field that says whom it is about.
#[proc_macro_derive(Event, attributes(event, tag, serde, personal))]
pub fn event(input: TokenStream) -> TokenStream {
    answer(event::derive(&parse_macro_input!(input as DeriveInput)))
}

/// A reader's own words for events, on an enum. Writes `Input`.
///
/// On the enum, or on a variant, which wins: `#[input(from = "customers", id = "order")]`; without
/// `from` the events are of the own context; the `id` field is the stream's id instead of payload.
/// On a variant: `#[input(name = "…")]` where the event's name is not the variant's.
#[proc_macro_derive(Input, attributes(input, serde))]
pub fn input(input: TokenStream) -> TokenStream {
    answer(input::derive(&parse_macro_input!(input as DeriveInput)))
}

/// What may be asked of a decider, on an enum. Writes `Command`.
///
/// On the enum, or on a variant: `#[command(public)]`: other services may ask it. For what this service
/// asks of another one, on the enum: `#[command(to = "customers", id = "customer")]`, which also writes
/// `Request`; `id` names the field that says what it is about, and on a variant wins.
#[proc_macro_derive(Command, attributes(command, serde))]
pub fn command(input: TokenStream) -> TokenStream {
    answer(command::derive(&parse_macro_input!(input as DeriveInput)))
}

/// What a saga wakes itself with, on an enum. Writes `Timer`.
#[proc_macro_derive(Timer, attributes(serde))]
pub fn timer(input: TokenStream) -> TokenStream {
    answer(timer::derive(&parse_macro_input!(input as DeriveInput)))
}

/// A typed no, on an enum. Writes `Refusal`, `Display` and `Error`.
///
/// On each variant: `#[refusal(conflict, "only {left} are left")]`; the kinds are `invalid`,
/// `forbidden`, `not_found`, `conflict`. On the enum: `#[refusal(code = "order")]` where the
/// first part of the codes is not the type's name without `Refusal`.
#[proc_macro_derive(Refusal, attributes(refusal))]
pub fn refusal(input: TokenStream) -> TokenStream {
    answer(refusal::derive(&parse_macro_input!(input as DeriveInput)))
}

fn answer(result: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    result.unwrap_or_else(|error| error.to_compile_error()).into()
}
