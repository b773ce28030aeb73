//! Pages in a folder: parsed once, told from their former version, and bounded in memory.

use std::fs;

use lumidex_schema::id::RootId;
use lumidex_schema::path::RelPath;

use super::*;
use crate::intake::walk::WalkedRoot;
use crate::sys::paths;

/// A page that gives each of these pictures its prompt.
pub(in crate::intake) fn page(entries: &[(&str, &str)]) -> String {
    let blocks = entries.iter().map(|(name, prompt)| {
        let id = name.replace('.', "_");
        format!(
            "<div id=\"{id}\" class=\"image-container\"><img src='{name}'/><table class='metadata'>\n\
             <tr><td class='label'>Prompt</td><td class='value'>{prompt}</td></tr>\n\
             <tr><td class='label'>Steps</td><td class='value'>30</td></tr></table></div>\n\n"
        )
    });
    format!("<!DOCTYPE html><body>\n{}</body>", blocks.collect::<String>())
}

pub(in crate::intake) fn way_to(root: &Path, folder: &str) -> Way {
    let root = WalkedRoot { id: RootId(1), path: paths::to_bytes(root) };
    Way::to(&root, &RelPath::from_bytes(folder.as_bytes()))
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn way(&self) -> Way {
        way_to(self.path(), "")
    }

    /// Another inode each time, because clocks of file systems are coarse.
    fn write(&self, entries: &[(&str, &str)]) {
        let beside = self.path().join("beside");
        fs::write(&beside, page(entries)).unwrap();
        fs::rename(beside, self.path().join("log.html")).unwrap();
    }
}

#[test]
fn g1_a_page_is_parsed_once_for_any_number_of_pictures() {
    let folder = Folder::new();
    let names: Vec<String> = (0..50_000).map(|nth| format!("{nth}.png")).collect();
    folder.write(&names.iter().map(|name| (name.as_str(), "a fox")).collect::<Vec<_>>());
    let logs = Logs::default();
    for name in &names {
        assert!(logs.known(&folder.way(), &Pulse::default()).unwrap().get(name).is_some());
    }
    logs.of(&folder.way(), &Pulse::default()).unwrap();
    assert_eq!(logs.n_parsed(), 1);
    assert!(logs.kept.lock().n_bytes <= 50_000 * 400, "{} bytes", logs.kept.lock().n_bytes);
    folder.write(&[("1.png", "a bear")]);
    assert_eq!(logs.known(&folder.way(), &Pulse::default()).unwrap().len(), 50_000, "until it is told");
    assert_eq!(logs.of(&folder.way(), &Pulse::default()).unwrap().len(), 1);
    assert_eq!(logs.n_parsed(), 2);
    fs::remove_file(folder.path().join("log.html")).unwrap();
    assert!(
        logs.of(&folder.way(), &Pulse::default()).is_none()
            && logs.known(&folder.way(), &Pulse::default()).is_none()
    );
    assert_eq!((logs.n_parsed(), logs.kept.lock().n_bytes), (2, 0));
}

#[test]
fn what_changed_is_told_by_name_where_all_was_compared_before() {
    let folder = Folder::new();
    let logs = Logs::default();
    let changed = |max| {
        let mut names = logs.changed(&folder.way(), false, max, &Pulse::default())?;
        names.sort();
        Some(names)
    };
    folder.write(&[("a.png", "a fox"), ("b.png", "a bear")]);
    assert_eq!(changed(9), None, "nobody compared it yet");
    logs.of(&folder.way(), &Pulse::default()).unwrap();
    assert_eq!(changed(9), Some(vec![]));
    folder.write(&[("c.png", "a hare"), ("b.png", "a bear"), ("a.png", "an owl")]);
    assert_eq!(changed(9), Some(vec!["a.png".to_owned(), "c.png".to_owned()]));
    folder.write(&[("b.png", "a bear")]);
    assert_eq!(changed(1), None, "too many");
    folder.write(&[("b.png", "a heron")]);
    assert_eq!(changed(9), None, "what were too many is not compared yet");
    logs.of(&folder.way(), &Pulse::default()).unwrap();
    fs::remove_file(folder.path().join("log.html")).unwrap();
    assert_eq!(changed(9), Some(vec!["b.png".to_owned()]));
    assert_eq!(changed(9), None);
}

#[test]
fn what_is_not_used_is_given_back() {
    let folders: Vec<Folder> = (0..4).map(|_| Folder::new()).collect();
    let long = "x".repeat(1 << 19);
    let names: Vec<String> = (0..48).map(|nth| format!("{nth}.png")).collect();
    let logs = Logs::default();
    for folder in &folders[..3] {
        folder.write(&names.iter().map(|name| (name.as_str(), long.as_str())).collect::<Vec<_>>());
        logs.of(&folder.way(), &Pulse::default()).unwrap();
    }
    folders[3].write(&[("a.png", "a fox")]);
    logs.of(&folders[3].way(), &Pulse::default()).unwrap();
    assert!(logs.kept.lock().n_bytes > LOGS_KEPT_BYTES);
    logs.rest();
    assert!(logs.kept.lock().n_bytes <= LOGS_KEPT_BYTES);
    assert!(logs.known(&folders[3].way(), &Pulse::default()).is_some());
    assert_eq!(logs.n_parsed(), 4, "the one used last stayed");
}

#[cfg(unix)]
#[test]
fn a_log_behind_a_link_is_not_read() {
    use std::os::unix::fs::symlink;
    let (inside, outside) = (Folder::new(), Folder::new());
    outside.write(&[("a.png", "a secret")]);
    fs::create_dir(inside.path().join("real")).unwrap();
    symlink(outside.path().join("log.html"), inside.path().join("real/log.html")).unwrap();
    symlink(outside.path(), inside.path().join("link")).unwrap();
    fs::create_dir(outside.path().join("below")).unwrap();
    fs::copy(outside.path().join("log.html"), outside.path().join("below/log.html")).unwrap();
    let (logs, pulse) = (Logs::default(), Pulse::default());
    for folder in ["real", "link", "link/below"] {
        let way = way_to(inside.path(), folder);
        assert!(logs.of(&way, &pulse).is_none() && logs.known(&way, &pulse).is_none(), "{folder}");
        assert_eq!(logs.changed(&way, true, 9, &pulse), None, "{folder}");
    }
    assert_eq!(logs.n_parsed(), 0);
    // Whoever gave the root may have given a link.
    let root = inside.path().join("link");
    assert_eq!(logs.of(&way_to(&root, ""), &pulse).unwrap().len(), 1);
}
