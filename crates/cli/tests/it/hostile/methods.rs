//! Every method of every service of the port, as the `.proto` files say: a new one is attacked by
//! itself.

use std::path::Path;

/// Paths as gRPC has them: `/package.Service/Method`.
pub(super) fn all() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wire/proto");
    let mut paths = Vec::new();
    visit(&root, &mut paths);
    assert!(paths.len() > 20, "the methods were not found: {paths:?}");
    paths
}

fn visit(directory: &Path, paths: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).expect("the folder of the .proto files") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            visit(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            read(&std::fs::read_to_string(&path).expect("a .proto file"), paths);
        }
    }
}

fn read(text: &str, paths: &mut Vec<String>) {
    let (mut package, mut service) = (String::new(), String::new());
    for line in text.lines().map(str::trim) {
        let named = |word| line.strip_prefix(word).map(|rest: &str| name(rest));
        if let Some(name) = named("package ") {
            package = name;
        } else if let Some(name) = named("service ") {
            service = name;
        } else if let Some(method) = named("rpc ") {
            paths.push(format!("/{package}.{service}/{method}"));
        }
    }
}

fn name(rest: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    rest.chars().take_while(|c| is_part(*c)).collect()
}
