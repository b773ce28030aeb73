//! Rules about the source tree itself: who may import whom, how long files are, what may stand at
//! the top level, and that the papers and the machine agree on the commands.
//!
//! Every rule is a function from a list of files to a list of complaints. It is run over the tree,
//! where it must find nothing, and over a bad sample, where it must find something.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

/// Rooms in the only direction imports may go: from right to left.
const ARROW: [&str; 17] = [
    "schema",
    "limits",
    "sys",
    "metadata",
    "ledger",
    "intake",
    "projection",
    "query",
    "upstream",
    "topics",
    "files",
    "organize",
    "settings",
    "cli",
    "library",
    "serve",
    "main",
];
/// What index-tools may see of lumidex; `schema` is a crate of its own.
const TOOLS_SEE: [&str; 5] = ["sys", "metadata", "ledger", "intake", "projection"];
/// Names that say nothing about what is inside.
const FORBIDDEN_NAMES: [&str; 11] = [
    "util", "utils", "common", "helper", "helpers", "types", "manager", "service", "services", "context",
    "misc",
];
/// What stands at the top level, beside files whose name begins with a dot.
const TOP_LEVEL: [&str; 20] = [
    "Cargo.toml",
    "Cargo.lock",
    "src",
    "schema",
    "metadata",
    "topics",
    "index-tools",
    "tests",
    "benches",
    "fixtures",
    "packaging",
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "deny.toml",
    "clippy.toml",
    "rustfmt.toml",
];
const LINES_MAX: usize = 500;

/// A file: path from the top of the repository, and text.
struct Source {
    path: String,
    text: String,
}

fn source(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), text: text.to_owned() }
}

/// All Rust files of the repository.
fn tree() -> Vec<Source> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    let mut folders: Vec<_> = ["src", "schema", "metadata", "topics", "index-tools", "tests", "benches"]
        .map(|name| top.join(name))
        .into_iter()
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let relative = path.strip_prefix(top).unwrap().to_str().unwrap().replace('\\', "/");
                files.push(Source { path: relative, text: fs::read_to_string(&path).unwrap() });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(files.len() > 20, "the tree was not found");
    files
}

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// Code without line comments, so that documentation may name any room.
fn code(text: &str) -> String {
    text.lines().map(|line| line.find("//").map_or(line, |at| &line[..at])).collect::<Vec<_>>().join("\n")
}

/// The room of a file of `src`, and how many `super` lead from its top level to the crate's.
fn room(path: &str) -> Option<(&str, usize)> {
    let inside = path.strip_prefix("src/")?.strip_suffix(".rs")?;
    let inside = inside.strip_suffix("/mod").unwrap_or(inside);
    let room = inside.split('/').next()?;
    Some((room, inside.split('/').count()))
}

fn rank(room: &str) -> Option<usize> {
    ARROW.iter().position(|known| *known == room)
}

/// First names of all paths that start with `prefix`, braces opened.
fn heads<'a>(code: &'a str, prefix: &str) -> Vec<&'a str> {
    let mut heads = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(group) => heads.extend(group_heads(group)),
            None => heads.push(first_name(rest)),
        }
    }
    heads
}

/// First names in `a::b, c::{d, e}, f}`.
fn group_heads(group: &str) -> Vec<&str> {
    let mut heads = Vec::new();
    let (mut depth, mut from) = (0, 0);
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                heads.push(first_name(group[from..at].trim_start()));
                from = at + 1;
                if letter == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

fn first_name(path: &str) -> &str {
    let end = path.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(path.len());
    &path[..end]
}

/// Imports that point right along the arrow.
fn upward_imports(files: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files {
        // `lib.rs` is the map of all rooms.
        let Some((own, depth)) = room(&file.path).filter(|(own, _)| *own != "lib") else { continue };
        let Some(own_rank) = rank(own) else {
            complaints.push(format!("{}: `{own}` has no place on the arrow", file.path));
            continue;
        };
        let code = code(&file.text);
        let mut seen = heads(&code, "crate::");
        seen.extend(heads(&code, "lumidex::"));
        for supers in depth..depth + 3 {
            seen.extend(heads(&code, &"super::".repeat(supers)));
        }
        for head in seen {
            if rank(head).is_some_and(|rank| rank > own_rank) {
                complaints.push(format!("{}: `{own}` must not know `{head}`", file.path));
            }
        }
    }
    complaints
}

/// What the other crates, and who names them, must not see.
fn foreign_imports(files: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files {
        let code = code(&file.text);
        if file.path.starts_with("schema/")
            && (code.contains("lumidex::") || code.contains("lumidex_index_tools"))
        {
            complaints.push(format!("{}: the schema must not know who uses it", file.path));
        }
        if file.path.starts_with("topics/")
            && ["lumidex::", "lumidex_schema", "lumidex_metadata", "lumidex_index_tools"]
                .iter()
                .any(|name| code.contains(name))
        {
            complaints
                .push(format!("{}: topics are of words and vectors, and know none of our crates", file.path));
        }
        if file.path.starts_with("src/") && code.contains("lumidex_index_tools") {
            complaints.push(format!("{}: only tests and benches see the tools", file.path));
        }
        if file.path.starts_with("index-tools/") {
            for head in heads(&code, "lumidex::") {
                if !TOOLS_SEE.contains(&head) {
                    complaints.push(format!("{}: tools must not know `{head}`", file.path));
                }
            }
        }
    }
    complaints
}

fn long_or_unopened(files: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files {
        let lines = file.text.lines().count();
        if lines > LINES_MAX {
            complaints.push(format!("{}: {lines} lines, {LINES_MAX} at most", file.path));
        }
        if !file.text.starts_with("//!") {
            complaints.push(format!("{}: does not open with what it is for", file.path));
        }
    }
    complaints
}

fn empty_names(files: &[Source]) -> Vec<String> {
    let says_nothing = |path: &&Source| {
        path.path.trim_end_matches(".rs").split('/').any(|part| FORBIDDEN_NAMES.contains(&part))
    };
    files.iter().filter(says_nothing).map(|file| format!("{}: a name that says nothing", file.path)).collect()
}

fn strangers(entries: &[String]) -> Vec<String> {
    let known = |name: &str| name == "target" || name.starts_with('.') || TOP_LEVEL.contains(&name);
    entries
        .iter()
        .filter(|name| !known(name))
        .map(|name| format!("{name}: not a thing of the top level"))
        .collect()
}

fn unlisted_tests(files: &[Source]) -> Vec<String> {
    let main = files.iter().find(|file| file.path == "tests/it/main.rs").map_or("", |file| &file.text);
    let mut complaints = Vec::new();
    for file in files {
        let Some(inside) = file.path.strip_prefix("tests/it/") else { continue };
        let module = inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs");
        if module != "main" && !main.lines().any(|line| line.trim() == format!("mod {module};")) {
            complaints.push(format!("{}: not listed in tests/it/main.rs", file.path));
        }
    }
    complaints
}

/// Commands in the shell blocks of a Markdown text.
fn commands(markdown: &str) -> Vec<&str> {
    let mut inside = false;
    let mut commands = Vec::new();
    for line in markdown.lines() {
        if line.starts_with("```") {
            inside = !inside && matches!(line, "```sh" | "```console" | "```bash");
        } else if inside && !line.trim().is_empty() {
            commands.push(line.split(" #").next().unwrap_or(line).trim());
        }
    }
    commands
}

fn papers_disagree(readme: &str, ci: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let commands = commands(readme);
    for due in ["cargo run --release -- ~/Pictures", "cargo test --workspace"] {
        if !commands.contains(&due) {
            complaints.push(format!("README.md does not show `{due}`"));
        }
    }
    for command in commands.iter().filter(|command| command.starts_with("cargo test")) {
        if !ci.lines().any(|line| line.trim() == *command) {
            complaints.push(format!(".ci/run does not run `{command}`"));
        }
    }
    complaints
}

/// Flags and variables of the README's tables that nothing knows.
fn unknown_settings(readme: &str, help: &str, sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for line in readme.lines().filter(|line| line.starts_with("| `")) {
        let first_cell = line.split('|').nth(1).unwrap_or_default();
        for name in first_cell.split('`').skip(1).step_by(2).filter_map(|term| term.split(' ').next()) {
            let is_known = match name {
                flag if flag.starts_with("--") => {
                    help.split_whitespace().any(|word| word.trim_matches(',') == flag)
                }
                // Names of variables may be put together from a prefix and the flag.
                variable if variable.starts_with("LUMIDEX_") || variable.starts_with("IIB_") => {
                    help.contains(variable) || sources.iter().any(|file| file.text.contains(variable))
                }
                _ => true,
            };
            if !is_known {
                complaints.push(format!("README.md names `{name}`, which does not exist"));
            }
        }
    }
    complaints
}

#[track_caller]
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn rooms_look_only_to_the_left() {
    none(&upward_imports(&tree()));
    for (path, text) in [
        ("src/ledger/writer.rs", "use crate::intake::Walk;"),
        ("src/ledger/writer.rs", "use crate::{sys::Stop, serve::{a, b}};"),
        ("src/ledger/mod.rs", "fn f() { super::query::ask() }"),
        ("src/query/plan.rs", "mod tests { use super::super::super::serve; }"),
        ("src/sys.rs", "let x = crate::ledger::open();"),
        ("src/attic/mod.rs", ""),
    ] {
        assert_eq!(upward_imports(&[source(path, text)]).len(), 1, "{path}: {text}");
    }
    for (path, text) in [
        ("src/intake/walk.rs", "use crate::{limits, ledger::{self, Reader}, intake::Rules};"),
        ("src/ledger/mod.rs", "//! Feeds [`crate::projection`].\nuse super::sys;"),
        ("src/ledger/feed.rs", "use super::reader; use super::files;"),
        ("src/lib.rs", "pub mod serve;"),
    ] {
        none(&upward_imports(&[source(path, text)]));
    }
}

#[test]
fn crates_see_what_they_may() {
    none(&foreign_imports(&tree()));
    for (path, text) in [
        ("schema/src/id.rs", "use lumidex::sys;"),
        ("topics/src/lib.rs", "use lumidex_schema::id;"),
        ("src/serve/mod.rs", "use lumidex_index_tools::synth;"),
        ("index-tools/src/main.rs", "use lumidex::{ledger::open, serve};"),
    ] {
        assert_eq!(foreign_imports(&[source(path, text)]).len(), 1, "{path}: {text}");
    }
    let schema = read("schema/Cargo.toml");
    assert!(!schema.contains("lumidex.workspace") && !schema.contains("lumidex-index-tools"));
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    none(&long_or_unopened(&tree()));
    let long = format!("//! Long.\n{}", "\n".repeat(LINES_MAX));
    assert_eq!(long_or_unopened(&[source("src/a.rs", &long), source("src/b.rs", "fn f() {}")]).len(), 2);
}

#[test]
fn names_say_something() {
    none(&empty_names(&tree()));
    assert_eq!(empty_names(&[source("src/common/a.rs", ""), source("src/query/helpers.rs", "")]).len(), 2);
}

#[test]
fn the_top_level_holds_what_the_design_lists() {
    let names = |folder: &Path| -> Vec<String> {
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        fs::read_dir(folder).unwrap().map(name).collect()
    };
    none(&strangers(&names(Path::new(env!("CARGO_MANIFEST_DIR")))));
    assert_eq!(strangers(&["notes.txt".to_owned(), ".gitignore".to_owned()]).len(), 1);
}

#[test]
fn every_integration_test_runs() {
    none(&unlisted_tests(&tree()));
    let files = [
        source("tests/it/main.rs", "mod live;\n// mod crash;"),
        source("tests/it/live.rs", ""),
        source("tests/it/crash.rs", ""),
        source("tests/it/support/mod.rs", ""),
    ];
    assert_eq!(unlisted_tests(&files).len(), 2);
}

#[test]
fn the_readme_and_ci_run_the_same_commands() {
    none(&papers_disagree(&read("README.md"), &read(".ci/run")));
    let readme = "```sh\ncargo run --release -- ~/Pictures\ncargo test --workspace  # all\n```\n";
    none(&papers_disagree(readme, "step tests\ncargo test --workspace\n"));
    assert_eq!(papers_disagree(readme, "cargo test\n").len(), 1);
    assert_eq!(papers_disagree("cargo test --workspace\n", "cargo test --workspace\n").len(), 2);
}

#[test]
fn the_readme_names_only_settings_that_exist() {
    let help = std::process::Command::new(env!("CARGO_BIN_EXE_lumidex")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let settings: Vec<_> = tree().into_iter().filter(|file| file.path.starts_with("src/")).collect();
    none(&unknown_settings(&read("README.md"), &help, &settings));
    let bad = "| `--host`, `--prot` | x |\n| `LUMIDEX_PROTT` | y |\n| `ledger.redb` | z |";
    assert_eq!(unknown_settings(bad, &help, &settings).len(), 2);
}
