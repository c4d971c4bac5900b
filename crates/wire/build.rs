//! Generates the messages and services from `proto/`, without an installed `protoc`.

use prost::Message as _;
use std::error::Error;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    generate("proto", "proto/headwater", "headwater.rs")?;
    generate("proto/kurrent", "proto/kurrent", "kurrent.rs")
}

/// All `.proto` files below `folder`, whose imports are found below `root`, into one tree of modules.
fn generate(root: &str, folder: &str, into: &str) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={folder}");
    let mut files = Vec::new();
    list(Path::new(folder), &mut files)?;
    files.sort();
    let descriptors = protox::compile(files, [root])?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join(into).with_extension("bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        .build_transport(false)
        .bytes(".")
        .include_file(into)
        .compile_fds(descriptors)?;
    Ok(())
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
