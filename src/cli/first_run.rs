//! What to say when there is nothing to serve: how to name a folder, and which ones there are.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Where generators put their pictures, below the home folder.
const BELOW_HOME: [&str; 18] = [
    "stable-diffusion-webui/outputs",
    "stable-diffusion-webui/output",
    "stable-diffusion-webui-forge/outputs",
    "stable-diffusion-webui-reForge/outputs",
    "sd-webui-forge-classic/outputs",
    "automatic/outputs",
    "sdnext/outputs",
    "ComfyUI/output",
    "comfy/ComfyUI/output",
    "Documents/ComfyUI/output",
    "Fooocus/outputs",
    "InvokeAI/outputs",
    "invokeai/outputs",
    "SwarmUI/Output",
    "StableSwarmUI/Output",
    "StabilityMatrix/Data/Images",
    "easy-diffusion/outputs",
    "Pictures/DiffusionBee",
];

/// The same below the working directory: the program may stand beside the generator.
const BELOW_CWD: [&str; 5] = ["outputs", "output", "Output", "../outputs", "../output"];

/// Output folders of generators that exist, each real folder once.
#[must_use]
pub fn generator_folders(home: Option<&Path>, cwd: &Path) -> Vec<PathBuf> {
    let below_home = home.into_iter().flat_map(|home| BELOW_HOME.iter().map(|below| home.join(below)));
    let below_cwd = BELOW_CWD.iter().map(|below| crate::sys::paths::absolute_normal(Path::new(below), cwd));
    let mut met = HashSet::new();
    // A file system that ignores case answers to both spellings.
    let is_first = |path: &PathBuf| path.is_dir() && path.canonicalize().is_ok_and(|real| met.insert(real));
    below_home.chain(below_cwd).filter(is_first).collect()
}

/// What to do when no folder was ever given; `found` are the folders to offer.
#[must_use]
pub fn nothing_to_serve(found: &[PathBuf]) -> String {
    let mut text = String::from("There is no folder to serve yet. Name the folder your pictures are in:\n\n");
    if found.is_empty() {
        text.push_str("    lumidex ~/Pictures\n");
        return text;
    }
    for folder in found {
        text.push_str(&format!("    lumidex {}\n", quoted(folder)));
    }
    text.push_str("\nThese folders of image generators were found here; any other will do as well.\n");
    text
}

/// As a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-~+:\\".contains(c);
    if text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;

    use super::*;

    #[test]
    fn folders_of_generators_are_found_once_and_offered() {
        let home = tempfile::tempdir().unwrap();
        let comfy = home.path().join("ComfyUI");
        fs::create_dir_all(comfy.join("output")).unwrap();
        fs::create_dir_all(home.path().join("Fooocus")).unwrap();
        fs::write(home.path().join("Fooocus/outputs"), "no folder").unwrap();
        let found = generator_folders(Some(home.path()), &comfy);
        assert_eq!(found, [comfy.join("output")]);
        assert!(nothing_to_serve(&found).contains(&format!("lumidex {}\n", comfy.join("output").display())));
        assert!(nothing_to_serve(&[]).contains("lumidex ~/Pictures"));
        assert_eq!(quoted(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }
}
