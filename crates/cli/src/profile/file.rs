//! The file of the profiles, `headwater/profiles.toml` in the user's folder for settings.

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::PathBuf;

/// Only its owner reads it: an address may have a password in it.
const OWNER_ALONE: u32 = 0o600;

/// All profiles.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profiles {
    /// The one in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) used: Option<String>,
    #[serde(default)]
    pub(super) profile: BTreeMap<String, Entry>,
}

/// What a profile says.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) server: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) context: Option<String>,
}

impl Profiles {
    /// Those of the file; without a file there are none.
    pub(super) fn read() -> anyhow::Result<Self> {
        let Some(file) = place() else { return Ok(Self::default()) };
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error).context(file.display().to_string()),
        };
        toml::from_str(&text).with_context(|| file.display().to_string())
    }

    /// Takes the file's place whole, or leaves it as it was.
    pub(super) fn write(&self) -> anyhow::Result<()> {
        let file = place().context("neither XDG_CONFIG_HOME nor HOME says where profiles go")?;
        let folder = file.parent().context("the file is in a folder")?;
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let next = file.with_extension("toml.next");
        let written = || -> anyhow::Result<()> {
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true).mode(OWNER_ALONE);
            let mut out = options.open(&next)?;
            out.set_permissions(Permissions::from_mode(OWNER_ALONE))?;
            out.write_all(toml::to_string_pretty(self)?.as_bytes())?;
            out.sync_all()?;
            Ok(fs::rename(&next, &file)?)
        };
        written().with_context(|| file.display().to_string())
    }
}

/// As the XDG's rules have it.
fn place() -> Option<PathBuf> {
    let absolute = |name: &str| {
        std::env::var_os(name).map(PathBuf::from).filter(|folder| folder.is_absolute())
    };
    let folder = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))?;
    Some(folder.join("headwater/profiles.toml"))
}
