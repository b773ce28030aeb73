//! Nothing opens the files of people but what was judged: whoever opens, lists or looks at something by its path stands
//! in a list, with why that is no file of a person's choosing.

use std::fs;
use std::path::Path;

/// What opens, lists, looks or changes by a path.
const BY_PATH: [&str; 27] = [
    "File::open",
    "File::create",
    "File::options",
    "OpenOptions",
    "fs::read",
    "fs::write",
    "fs::metadata",
    "fs::symlink_metadata",
    "fs::remove",
    "fs::rename",
    "fs::copy",
    "fs::hard_link",
    "fs::create_dir",
    "fs::set_permissions",
    ".canonicalize(",
    "rustix::fs::open",
    "openat(",
    ".symlink_metadata()",
    ".read_dir()",
    ".read_link()",
    ".exists()",
    ".try_exists()",
    "DiskTree",
    "files::open(",
    "files::read_at_most(",
    "Alone::open(",
    "open_named(",
];

/// Files of `src` that do so, and why they may.
const MAY: [(&str, &str); 35] = [
    ("src/sys/rooted/mod.rs", "judges paths, and is what the others go through"),
    ("src/sys/rooted/opening.rs", "opens below a handle"),
    ("src/sys/tree/mod.rs", "names who does"),
    ("src/sys/tree/rooted.rs", "holds the folders, and leaves them to `disk.rs` where nothing is confined"),
    ("src/sys/tree/disk.rs", "takes the steps of operations, in folders that `tree/rooted.rs` holds"),
    ("src/sys/tree/copying.rs", "as `disk.rs`"),
    ("src/sys/tree/look.rs", "as `disk.rs`"),
    ("src/sys/moving.rs", "as `disk.rs`"),
    ("src/sys/files.rs", "for the data folder"),
    ("src/sys/beside.rs", "for the data folder"),
    ("src/sys/lock.rs", "the lock of the data folder"),
    ("src/sys/storage/disk.rs", "the stores"),
    ("src/sys/storage/compact.rs", "the stores"),
    ("src/intake/watch/system.rs", "how many watches the system allows"),
    (
        "src/intake/listing.rs",
        "folders that were opened below a root, where a system lists none by its handle",
    ),
    ("src/intake/way.rs", "what `alone.rs` is given"),
    ("src/intake/alone.rs", "a file named by whoever starts the program"),
    ("src/projection/vectors/edition.rs", "the data folder"),
    ("src/projection/vectors/verify.rs", "the data folder"),
    ("src/projection/vectors/projection.rs", "the data folder"),
    ("src/projection/tags/projection.rs", "the data folder"),
    ("src/projection/tags/verify.rs", "the data folder"),
    ("src/projection/text/store.rs", "the data folder"),
    ("src/projection/thumbs/cache/mod.rs", "the data folder"),
    ("src/projection/thumbs/cache/verify.rs", "the data folder"),
    ("src/topics/shelf.rs", "the data folder"),
    ("src/topics/cached.rs", "when a folder of the library changed"),
    ("src/serve/kept.rs", "archives in the data folder"),
    ("src/serve/holder.rs", "who has the port, from the system's tables"),
    ("src/serve/front.rs", "the front end that is hosted, which compares what is resolved"),
    ("src/library/upkeep.rs", "backups in the data folder"),
    ("src/main/", "whether there is a data folder"),
    ("src/settings/", "settings, by whoever starts the program"),
    ("src/cli/", "by whoever starts the program"),
    ("src/ledger/", "the ledger and its copies"),
];

/// Code without comments and without tests, which stand at the end of their file.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\n#[allow").next().unwrap_or_default();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let line = |line: &str| line.split("//").next().unwrap_or_default().to_owned();
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Who opens by a path and may not.
fn strangers(files: &[(String, String)]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in files {
        let is_test = path.ends_with("/tests.rs") || path.contains("/tests/");
        if is_test || MAY.iter().any(|(may, _)| path == may || may.ends_with('/') && path.starts_with(may)) {
            continue;
        }
        let code = code(text);
        found
            .extend(BY_PATH.iter().filter(|call| code.contains(*call)).map(|call| format!("{path}: {call}")));
    }
    found
}

fn sources() -> Vec<(String, String)> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    let mut folders = vec![top.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
                files.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    files
}

#[test]
fn no_other_code_opens_files_by_a_path() {
    let sources = sources();
    let found = strangers(&sources);
    assert!(
        found.is_empty(),
        "these open by a path; let them take `sys::rooted::Allowed`:\n{}",
        found.join("\n")
    );
    let bad = [
        ("src/serve/routes/x.rs", "fn f(p: &Path) { std::fs::read(p); }"),
        ("src/files/x.rs", "let file = File::open(&path)?;"),
        ("src/intake/x.rs", "use std::fs;\nfs::read_dir(folder)"),
        ("src/organize/x.rs", "let Ok(listing) = DiskTree.list(&folder) else { return };"),
        ("src/intake/y.rs", "path.symlink_metadata().is_ok()"),
    ];
    let bad = bad.map(|(path, text)| (path.to_owned(), text.to_owned()));
    assert_eq!(strangers(&bad).len(), bad.len());
    for (may, _) in MAY {
        let is_there = sources.iter().any(|(path, text)| {
            (path == may || may.ends_with('/') && path.starts_with(may))
                && BY_PATH.iter().any(|call| code(text).contains(call))
        });
        assert!(is_there, "{may} opens nothing any more");
    }
}

#[test]
fn only_the_check_makes_what_may_be_opened() {
    let makers = sources().into_iter().filter(|(_, text)| code(text).contains("Allowed {"));
    let makers: Vec<String> = makers.map(|(path, _)| path).collect();
    assert_eq!(makers, ["src/sys/rooted/mod.rs"]);
}
