//! Generates the messages and services from `proto/`, without an installed `protoc`.
//!
//! Three things are done to our own protocol that the generator does not do by itself: texts stay
//! slices of the message they came in (they are checked where they become names), every message
//! knows its *shape* (what decoding it would allocate; see `src/shape.rs`), and its codec looks at
//! that shape first.

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet};
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Our own package, as descriptors name it.
const OWN: &str = ".headwater.v1.";

/// What stands for a recorded event in a page.
const RECORDED: &str = ".headwater.v1.Recorded";

fn main() -> Result<(), Box<dyn Error>> {
    let mut own = compile("proto", "proto/headwater")?;
    for file in &mut own.file {
        file.message_type.iter_mut().for_each(texts_as_bytes);
    }
    let shapes = shapes(&own)?;
    own.file.iter_mut().flat_map(|file| &mut file.message_type).for_each(events_as_recorded);
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("shapes.rs"), shapes)?;
    generator("headwater.rs")
        .codec_path("crate::codec::BoundedCodec")
        .extern_path(RECORDED, "crate::recorded::Recorded")
        .compile_fds(own)?;
    let mut kurrent = compile("proto/kurrent", "proto/kurrent")?;
    kurrent.file.iter_mut().for_each(without_read);
    generator("kurrent.rs").compile_fds(kurrent)?;
    Ok(())
}

/// The read of events is answered page by page, not message by message; see `src/kurrent_read.rs`.
fn without_read(file: &mut FileDescriptorProto) {
    for service in &mut file.service {
        let is_read = file.package.as_deref() == Some("event_store.client.streams");
        service.method.retain(|method| !(is_read && method.name() == "Read"));
    }
}

/// All `.proto` files below `folder`, whose imports are found below `root`.
fn compile(root: &str, folder: &str) -> Result<FileDescriptorSet, Box<dyn Error>> {
    println!("cargo::rerun-if-changed={folder}");
    let mut files = Vec::new();
    list(Path::new(folder), &mut files)?;
    files.sort();
    Ok(protox::compile(files, [root])?)
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "proto") {
            files.push(path);
        }
    }
    Ok(())
}

fn generator(into: &str) -> tonic_prost_build::Builder {
    tonic_prost_build::configure().build_transport(false).bytes(".").include_file(into)
}

/// `string` and `bytes` are the same on the wire; only what holds them differs.
fn texts_as_bytes(message: &mut DescriptorProto) {
    for field in message.field.iter_mut().filter(|field| field.r#type() == Type::String) {
        field.set_type(Type::Bytes);
    }
    message.nested_type.iter_mut().for_each(texts_as_bytes);
}

/// The events of a page are written as they are; see `src/recorded.rs`.
fn events_as_recorded(message: &mut DescriptorProto) {
    if ["Page", "StreamPage", "Events"].contains(&message.name()) {
        for field in message.field.iter_mut().filter(|field| field.name() == "events") {
            field.type_name = Some(RECORDED.to_owned());
        }
    }
}

/// The code of every message's shape.
fn shapes(set: &FileDescriptorSet) -> Result<String, Box<dyn Error>> {
    let mut code = String::new();
    for file in set.file.iter().filter(|file| file.package() == OWN.trim_matches('.')) {
        for message in &file.message_type {
            shape(&mut code, "", message)?;
            let (name, shape) = (message.name(), shape_name(message.name()));
            writeln!(code, "impl Shaped for crate::v1::{name} {{")?;
            writeln!(code, "    const SHAPE: &'static Shape = &{shape};\n}}")?;
        }
    }
    Ok(code)
}

fn shape(code: &mut String, outer: &str, message: &DescriptorProto) -> Result<(), Box<dyn Error>> {
    let own = format!("{outer}{}", message.name());
    for nested in &message.nested_type {
        shape(code, &format!("{own}."), nested)?;
    }
    writeln!(code, "static {}: Shape = Shape {{ fields: &[", shape_name(&own))?;
    for field in &message.field {
        if let Some(line) = shape_field(field)? {
            writeln!(code, "    {line},")?;
        }
    }
    writeln!(code, "] }};")?;
    Ok(())
}

/// A field that is repeated or holds a message; no other allocates by itself.
fn shape_field(field: &FieldDescriptorProto) -> Result<Option<String>, Box<dyn Error>> {
    let repeated = field.label() == Label::Repeated;
    let number = field.number();
    match (field.r#type(), repeated) {
        (Type::Message, _) => {
            let kind = field.type_name().strip_prefix(OWN).ok_or("a message of our own")?;
            let each =
                if repeated { format!("size_of::<crate::v1::{kind}>()") } else { "0".into() };
            let inner = shape_name(kind);
            Ok(Some(format!("Field {{ number: {number}, each: {each}, inner: Some(&{inner}) }}")))
        }
        (Type::Bytes, true) => {
            let each = "size_of::<bytes::Bytes>()";
            Ok(Some(format!("Field {{ number: {number}, each: {each}, inner: None }}")))
        }
        // As many bytes on the wire as in memory: it costs what it sent.
        (Type::Fixed64 | Type::Fixed32, true) => Ok(None),
        (_, true) => Err(format!("{} is a repeated number: give it a shape", field.name()).into()),
        (_, false) => Ok(None),
    }
}

fn shape_name(name: &str) -> String {
    name.replace('.', "_").to_uppercase()
}
