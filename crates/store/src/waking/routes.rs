//! Routes: from what an event is to the readers that may want it.
//!
//! Why: of an item every part must match, so a reader stands under one part only: the one that
//! most likely says the least. What a route leads to is asked itself whether its query matches.
//!
//! Invariant: R3, an event that a query matches leads to its reader.

use hashbrown::HashMap;
use headwater_model::{Query, QueryItem};
use std::collections::BTreeMap;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Readers by what they asked for, each named by a number.
#[derive(Default)]
pub(super) struct Routes {
    /// Of names that share a hash the readers get each other's events, and see that they are not theirs.
    by_name: HashMap<u64, Vec<usize>>,
    by_prefix: HashMap<String, Vec<usize>>,
    /// How many prefixes there are of each length.
    prefix_lengths: BTreeMap<usize, usize>,
    of_everything: Vec<usize>,
}

/// Which name of an event; the numbers keep equal names of different kinds apart.
#[derive(Clone, Copy)]
enum Part {
    Stream = 1,
    Category = 2,
    Type = 3,
    Tag = 4,
}

enum Route<'q> {
    Everything,
    Name(u64),
    Prefix(&'q str),
}

fn name(part: Part, name: &str) -> u64 {
    xxh3_64_with_seed(name.as_bytes(), part as u64)
}

/// The routes of a query. The same one may come twice.
fn routes(query: &Query) -> Vec<Route<'_>> {
    match query.items.as_slice() {
        [] => vec![Route::Everything],
        items => items.iter().flat_map(routes_of_item).collect(),
    }
}

fn routes_of_item(item: &QueryItem) -> Vec<Route<'_>> {
    let named = |part, texts: &mut dyn Iterator<Item = &str>| {
        texts.map(|text| Route::Name(name(part, text))).collect()
    };
    if !item.streams.is_empty() {
        named(Part::Stream, &mut item.streams.iter().map(|stream| stream.as_str()))
    } else if let Some(tag) = item.tags.first() {
        named(Part::Tag, &mut std::iter::once(tag.as_str()))
    } else if !item.stream_prefixes.is_empty() {
        item.stream_prefixes.iter().map(|prefix| Route::Prefix(prefix)).collect()
    } else if !item.types.is_empty() {
        named(Part::Type, &mut item.types.iter().map(|named| named.as_str()))
    } else if !item.categories.is_empty() {
        named(Part::Category, &mut item.categories.iter().map(|category| category.as_str()))
    } else {
        vec![Route::Everything]
    }
}

impl Routes {
    pub(super) fn add(&mut self, query: &Query, reader: usize) {
        for route in routes(query) {
            match route {
                Route::Everything => self.of_everything.push(reader),
                Route::Name(hash) => self.by_name.entry(hash).or_default().push(reader),
                Route::Prefix(prefix) => {
                    let readers = self.by_prefix.entry_ref(prefix).or_insert_with(|| {
                        *self.prefix_lengths.entry(prefix.len()).or_default() += 1;
                        Vec::new()
                    });
                    readers.push(reader);
                }
            }
        }
    }

    pub(super) fn remove(&mut self, query: &Query, reader: usize) {
        let leave = |readers: &mut Vec<usize>| {
            readers.retain(|other| *other != reader);
            readers.is_empty()
        };
        for route in routes(query) {
            match route {
                Route::Everything => drop(leave(&mut self.of_everything)),
                Route::Name(hash) => {
                    if self.by_name.get_mut(&hash).is_some_and(leave) {
                        self.by_name.remove(&hash);
                    }
                }
                Route::Prefix(prefix) => {
                    if self.by_prefix.get_mut(prefix).is_some_and(leave) {
                        self.by_prefix.remove(prefix);
                        self.forget_length(prefix.len());
                    }
                }
            }
        }
    }

    fn forget_length(&mut self, length: usize) {
        let count = self.prefix_lengths.get_mut(&length);
        let count = count.expect("the length of each prefix was counted");
        *count -= 1;
        if *count == 0 {
            self.prefix_lengths.remove(&length);
        }
    }

    /// The readers that may want any event.
    pub(super) fn of_everything(&self) -> &[usize] {
        &self.of_everything
    }

    /// Names the others that may want an event, some of them perhaps more than once.
    pub(super) fn each<'t>(
        &self,
        stream: &str,
        event_type: &str,
        tags: impl Iterator<Item = &'t str>,
        mut lead: impl FnMut(usize),
    ) {
        if !self.by_name.is_empty() {
            let category = stream.split_once('-').map_or(stream, |(category, _)| category);
            let names =
                [(Part::Stream, stream), (Part::Category, category), (Part::Type, event_type)];
            let names = names.into_iter().chain(tags.map(|tag| (Part::Tag, tag)));
            for readers in names.filter_map(|(part, text)| self.by_name.get(&name(part, text))) {
                readers.iter().copied().for_each(&mut lead);
            }
        }
        for length in self.prefix_lengths.keys() {
            let Some(front) = stream.get(..*length) else { continue };
            if let Some(readers) = self.by_prefix.get(front) {
                readers.iter().copied().for_each(&mut lead);
            }
        }
    }
}
