//! The output folders of a Stable Diffusion web UI, from its configuration.

use std::path::{Path, PathBuf};

use super::{Flags, SettingsError};
use crate::sys::{files, paths};

/// Longest configuration that is read.
const CONFIG_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Keys that name output folders, with the shortcut of allow-lists for some.
const KEYS: [(&str, Option<&str>); 8] = [
    ("outdir_txt2img_samples", Some("txt2img")),
    ("outdir_img2img_samples", Some("img2img")),
    ("outdir_save", Some("save")),
    ("outdir_extras_samples", Some("extra")),
    ("outdir_grids", None),
    ("outdir_img2img_grids", None),
    ("outdir_samples", None),
    ("outdir_txt2img_grids", None),
];

/// What the host program's configuration says.
#[derive(Debug, Default)]
pub(super) struct HostUi {
    /// Output folders, absolute.
    pub(super) folders: Vec<PathBuf>,
    shortcuts: Vec<(&'static str, PathBuf)>,
}

impl HostUi {
    /// The folders a shortcut stands for; `None` when the entry is no shortcut.
    pub(super) fn allowed(&self, entry: &str) -> Option<Vec<PathBuf>> {
        let is_shortcut = KEYS.iter().any(|(_, shortcut)| *shortcut == Some(entry));
        let named = self.shortcuts.iter().filter(|(shortcut, _)| *shortcut == entry);
        is_shortcut.then(|| named.map(|(_, path)| path.clone()).collect())
    }
}

/// Reads the configuration, if one is named. Relative folders are relative to the configuration's
/// folder if so asked, otherwise to `cwd`.
pub(super) fn read(flags: &Flags, cwd: &Path) -> Result<HostUi, SettingsError> {
    let config = match (&flags.sd_webui_config, &flags.sd_webui_dir) {
        (Some(config), _) => paths::absolute_normal(config, cwd),
        (None, Some(dir)) => paths::absolute_normal(&dir.join("config.json"), cwd),
        (None, None) => return Ok(HostUi::default()),
    };
    let is_relative_to_config = flags.sd_webui_path_relative_to_config || flags.sd_webui_dir.is_some();
    let bytes = files::read_at_most(&config, CONFIG_BYTES_MAX)?;
    let object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&bytes).map_err(|_| SettingsError::HostConfig { path: config.clone() })?;
    let base = if is_relative_to_config { config.parent().unwrap_or(cwd) } else { cwd };
    let mut host = HostUi::default();
    for (key, shortcut) in KEYS {
        let named = object.get(key).and_then(serde_json::Value::as_str).map(str::trim);
        let Some(folder) = named.filter(|folder| !folder.is_empty()) else { continue };
        let folder = paths::absolute_normal(Path::new(folder), base);
        host.shortcuts.extend(shortcut.map(|shortcut| (shortcut, folder.clone())));
        host.folders.push(folder);
    }
    Ok(host)
}
