//! The workspace as cargo sees it: its crates, where they are, what they depend on.
//!
//! Why: rules that read `cargo metadata` hold for every crate there is, also for one added today.

use anyhow::{Context, bail};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// All crates of the house.
pub(crate) struct Workspace {
    /// Where `Cargo.toml` with the `[workspace]` stands.
    pub(crate) root: PathBuf,
    /// Where builds go.
    pub(crate) target: PathBuf,
    /// In order of name.
    pub(crate) crates: Vec<Crate>,
}

/// One crate of the house.
#[derive(Deserialize)]
pub(crate) struct Crate {
    /// As cargo knows it: `headwater-store`.
    pub(crate) name: String,
    manifest_path: PathBuf,
    /// What it declares.
    pub(crate) dependencies: Vec<Dependency>,
    /// What can be switched on.
    pub(crate) features: BTreeMap<String, Vec<String>>,
    targets: Vec<Target>,
}

/// What cargo builds of a crate.
#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
    doctest: bool,
}

/// A line of `[dependencies]`, `[dev-dependencies]` or `[build-dependencies]`.
#[derive(Deserialize)]
pub(crate) struct Dependency {
    /// The crate's name on the registry, or in the house.
    pub(crate) name: String,
    /// What the code calls it, when that is another name.
    pub(crate) rename: Option<String>,
    /// `None` for an ordinary dependency, else `dev` or `build`.
    pub(crate) kind: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Crate>,
    target_directory: PathBuf,
    workspace_root: PathBuf,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn load() -> anyhow::Result<Self> {
        let output = Command::new(cargo())
            .args(["metadata", "--format-version", "1", "--no-deps"])
            .output()
            .context("cargo metadata did not start")?;
        if !output.status.success() {
            bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let metadata: Metadata = serde_json::from_slice(&output.stdout)?;
        let mut crates = metadata.packages;
        crates.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self { root: metadata.workspace_root, target: metadata.target_directory, crates })
    }

    /// The crate of this name that has this feature.
    pub(crate) fn has_feature(&self, name: &str, feature: &str) -> bool {
        self.crates.iter().any(|own| own.name == name && own.features.contains_key(feature))
    }

    /// A path below the root, as people write it.
    pub(crate) fn relative<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }
}

impl Crate {
    /// The crate's folder.
    pub(crate) fn folder(&self) -> &Path {
        self.manifest_path.parent().expect("a manifest stands in a folder")
    }

    /// Whether cargo runs the examples in its documentation; `None` for a crate without a library.
    pub(crate) fn runs_examples(&self) -> Option<bool> {
        let libraries = ["lib", "proc-macro"];
        let is_library = |t: &&Target| t.kind.iter().any(|kind| libraries.contains(&kind.as_str()));
        self.targets.iter().find(is_library).map(|target| target.doctest)
    }

    /// The folder's own name: `store` for `headwater-store`.
    pub(crate) fn short_name(&self) -> &str {
        self.folder().file_name().and_then(|name| name.to_str()).unwrap_or(&self.name)
    }
}

impl Dependency {
    /// What the code calls it.
    pub(crate) fn ident(&self) -> String {
        self.rename.as_deref().unwrap_or(&self.name).replace('-', "_")
    }
}

/// The cargo that runs this, so that its toolchain is the pinned one.
pub(crate) fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}
