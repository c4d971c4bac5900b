//! How serde reads the tree of settings.
//!
//! Why: a flag is text whatever it stands for. Only the field that takes it knows whether `8080` is
//! a number or a name, so text is parsed by the type that asks, here.

use super::node::{Node, Value};
use super::{SettingsError, Source};
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use std::collections::btree_map;
use std::{fmt, vec};

/// Reads the whole tree.
pub(super) fn read<S: DeserializeOwned>(root: &Node) -> Result<S, SettingsError> {
    S::deserialize(Reader { node: root }).map_err(|error| {
        let setting = error.path.join(".");
        match error.what {
            What::Missing(field) => SettingsError::Missing { setting: join(&setting, field) },
            What::Unknown(known) => {
                SettingsError::Unknown { setting, source_of_it: error.source, known }
            }
            What::Wrong(why) => SettingsError::Wrong { setting, source_of_it: error.source, why },
        }
    })
}

/// The settings there are, as far as the type tells: those of an empty tree that names one too many.
pub(super) fn known<S: DeserializeOwned>() -> Vec<String> {
    let mut root = Node::default();
    // A name that no field can have, since it is no word.
    let asked = root.put(&["?".to_owned()], "", Source::Nowhere);
    match asked.and_then(|()| read::<S>(&root)) {
        Err(SettingsError::Unknown { known, .. }) => known,
        _ => Vec::new(),
    }
}

fn join(path: &str, field: &str) -> String {
    if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") }
}

/// What is wrong, and with which setting; the path grows on the way out.
#[derive(Debug)]
struct NodeError {
    path: Vec<String>,
    source: Source,
    what: What,
}

#[derive(Debug)]
enum What {
    Missing(&'static str),
    Unknown(Vec<String>),
    Wrong(String),
}

impl NodeError {
    fn of(what: What) -> Self {
        Self { path: Vec::new(), source: Source::Nowhere, what }
    }

    fn wrong(why: impl fmt::Display) -> Self {
        Self::of(What::Wrong(why.to_string()))
    }

    fn below(mut self, key: &str, node: &Node) -> Self {
        self.path.insert(0, key.to_owned());
        if self.source == Source::Nowhere {
            self.source = node.source();
        }
        self
    }
}

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::Missing(field) => write!(f, "`{field}` is missing"),
            What::Unknown(_) => f.write_str("nobody reads it"),
            What::Wrong(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for NodeError {}

impl serde::de::Error for NodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::wrong(message)
    }
    fn missing_field(field: &'static str) -> Self {
        Self::of(What::Missing(field))
    }
}

/// A node, being read.
#[derive(Clone, Copy)]
struct Reader<'n> {
    node: &'n Node,
}

impl Reader<'_> {
    /// The value with the type the file gave it; a table is put together again.
    fn typed(self) -> toml::Value {
        match self.node {
            Node::Leaf { value: Value::Typed(value), .. } => value.clone(),
            Node::Leaf { value: Value::Text(text), .. } => toml::Value::String(text.clone()),
            Node::Table(table) => toml::Value::Table(
                table.iter().map(|(key, node)| (key.clone(), Reader { node }.typed())).collect(),
            ),
        }
    }

    fn text(&self) -> Option<&str> {
        match self.node {
            Node::Leaf { value: Value::Text(text), .. } => Some(text),
            _ => None,
        }
    }
}

/// Text is parsed as the type that is asked for; a typed value goes on as it is.
macro_rules! parsed {
    ($($method:ident: $kind:ty, $visit:ident, $what:literal;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
            match self.text() {
                Some(text) => match text.parse::<$kind>() {
                    Ok(value) => visitor.$visit(value),
                    Err(_) => Err(NodeError::wrong(format!(concat!("`{}` is no ", $what), text))),
                },
                None => self.typed().$method(visitor).map_err(NodeError::wrong),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = NodeError;

    parsed! {
        deserialize_bool: bool, visit_bool, "truth value: write true or false";
        deserialize_i8: i8, visit_i8, "whole number from -128 to 127";
        deserialize_i16: i16, visit_i16, "whole number from -32768 to 32767";
        deserialize_i32: i32, visit_i32, "whole number of 32 bits";
        deserialize_i64: i64, visit_i64, "whole number";
        deserialize_u8: u8, visit_u8, "whole number from 0 to 255";
        deserialize_u16: u16, visit_u16, "whole number from 0 to 65535";
        deserialize_u32: u32, visit_u32, "whole number of 32 bits, from 0";
        deserialize_u64: u64, visit_u64, "whole number from 0";
        deserialize_f32: f32, visit_f32, "number";
        deserialize_f64: f64, visit_f64, "number";
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        match self.node {
            Node::Table(table) => visitor.visit_map(Fields { rest: table.iter(), value: None }),
            Node::Leaf { value: Value::Text(text), .. } => visitor.visit_str(text),
            Node::Leaf { .. } => self.typed().deserialize_any(visitor).map_err(NodeError::wrong),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, NodeError> {
        if let Node::Table(table) = self.node
            && let Some((key, node)) = table.iter().find(|(key, _)| !fields.contains(&key.as_str()))
        {
            let known = fields.iter().map(|field| (*field).to_owned()).collect();
            return Err(NodeError::of(What::Unknown(known)).below(key, node));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, NodeError> {
        visitor.visit_newtype_struct(self)
    }

    /// A list as text is its items with commas between.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        let Some(text) = self.text() else {
            return self.typed().deserialize_seq(visitor).map_err(NodeError::wrong);
        };
        let item = |text: &str| Node::Leaf {
            value: Value::Text(text.trim().to_owned()),
            source: self.node.source(),
        };
        let items: Vec<Node> = text.split(',').filter(|t| !t.trim().is_empty()).map(item).collect();
        visitor.visit_seq(Items { rest: items.into_iter() })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, NodeError> {
        match self.text() {
            Some(text) => {
                let variant: StrDeserializer<'_, NodeError> = text.into_deserializer();
                visitor.visit_enum(variant)
            }
            None => {
                self.typed().deserialize_enum(name, variants, visitor).map_err(NodeError::wrong)
            }
        }
    }

    forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct tuple tuple_struct map identifier
        ignored_any
    }
}

/// The settings of a table.
struct Fields<'n> {
    rest: btree_map::Iter<'n, String, Node>,
    value: Option<(&'n str, &'n Node)>,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = NodeError;
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, NodeError> {
        let Some((key, node)) = self.rest.next() else { return Ok(None) };
        self.value = Some((key, node));
        seed.deserialize(StrDeserializer::new(key)).map(Some)
    }
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, NodeError> {
        let (key, node) = self.value.take().expect("serde asks for a value after its key");
        seed.deserialize(Reader { node }).map_err(|error| error.below(key, node))
    }
}

/// The items of a list.
struct Items {
    rest: vec::IntoIter<Node>,
}

impl<'de> SeqAccess<'de> for Items {
    type Error = NodeError;
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, NodeError> {
        self.rest.next().map(|node| seed.deserialize(Reader { node: &node })).transpose()
    }
}
