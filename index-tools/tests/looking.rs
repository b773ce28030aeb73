//! `verify`, `repair`, `stats`, `doctor`, `compact` and `reindex` as their user meets them: what is said where, and how
//! they end. What they find is tested in `tests/it/verify`.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, SystemTime};

use lumidex::ledger::Ledger;
use lumidex_index_tools::reindex::{Library, Part};
use lumidex_index_tools::synth;
use lumidex_schema::layout;
use lumidex_schema::record::PathType;
use serde_json::{Value, json};

fn command(arguments: &[&str], data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_index-tools"));
    command.args(arguments).arg("--data-dir").arg(data).stdin(Stdio::null());
    command
}

fn tool(arguments: &[&str], data: &Path) -> Output {
    command(arguments, data).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn answered(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A library of so many pictures, with its indexes filled.
fn library(dir: &Path, pictures: u32) -> PathBuf {
    let (pics, data) = (dir.join("pics"), dir.join("data"));
    synth::Library::new(3, pictures).write_to(&pics, 0..pictures, &|_| {}).unwrap();
    fs::create_dir_all(&data).unwrap();
    let ledger = Ledger::open(&data.join(layout::LEDGER)).unwrap();
    ledger.add_extra_path(&lumidex::sys::paths::to_bytes(&pics), &[PathType::Scanned]).unwrap();
    drop(ledger);
    let filled = tool(&["reindex", "--from-files"], &data);
    assert!(filled.status.success(), "{}", said(&filled));
    data
}

/// Bytes and times of everything in a folder.
fn trace(folder: &Path) -> BTreeMap<PathBuf, (SystemTime, Vec<u8>)> {
    let (mut seen, mut waiting) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(path) = waiting.pop() {
        let metadata = fs::metadata(&path).unwrap();
        let mut bytes = Vec::new();
        if metadata.is_dir() {
            waiting.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            bytes = fs::read(&path).unwrap();
        }
        seen.insert(path, (metadata.modified().unwrap(), bytes));
    }
    seen
}

#[test]
fn what_only_looks_leaves_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let data = library(dir.path(), 40);
    let before = trace(&data);
    for arguments in [&["verify"][..], &["verify", "--json"], &["stats"], &["stats", "--json"], &["doctor"]] {
        let ended = tool(arguments, &data);
        assert_eq!(ended.status.code(), Some(0), "{arguments:?}: {}{}", answered(&ended), said(&ended));
        assert_eq!(trace(&data), before, "{arguments:?}");
    }
    let stats: Value = serde_json::from_slice(&tool(&["stats", "--json"], &data).stdout).unwrap();
    assert_eq!((&stats["schema"], &stats["library"]["images"]["present"]), (&json!(1), &json!(40)));
    let doctor: Value = serde_json::from_slice(&tool(&["doctor", "--json"], &data).stdout).unwrap();
    assert_eq!(doctor["images"], 40);
}

#[test]
fn what_is_found_is_told_mended_and_not_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let data = library(dir.path(), 40);
    fs::write(data.join(layout::TAGS), "rubbish").unwrap();
    let verified = tool(&["verify"], &data);
    let told = answered(&verified);
    assert_eq!(verified.status.code(), Some(3), "{told}");
    for part in [layout::TAGS, "(file-sound)", "expected ", "found ", "to mend  empty it"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(said(&verified).contains("index-tools repair"), "{}", said(&verified));
    assert_eq!(tool(&["repair", "--dry-run"], &data).status.code(), Some(3));
    let unasked = tool(&["repair"], &data);
    assert_eq!(unasked.status.code(), Some(1));
    assert!(said(&unasked).contains("`--yes`"), "{}", said(&unasked));
    assert_eq!(fs::read(data.join(layout::TAGS)).unwrap(), b"rubbish");
    let mended = tool(&["repair", "--yes", "--json"], &data);
    assert_eq!(mended.status.code(), Some(0), "{}", said(&mended));
    let answer: Value = serde_json::from_slice(&mended.stdout).unwrap();
    assert_eq!(answer["found"]["findings"][0]["mend"], "refill");
    assert_eq!(answer["left"]["findings"], json!([]));
    let quiet = tool(&["verify", "--quiet"], &data);
    assert_eq!(
        (quiet.status.code(), answered(&quiet), said(&quiet)),
        (Some(0), String::new(), String::new())
    );
    let compacted = tool(&["compact"], &data);
    assert_eq!(compacted.status.code(), Some(0), "{}", said(&compacted));
    assert!(answered(&compacted).contains("ledger.redb: "), "{}", answered(&compacted));
    assert_eq!(tool(&["verify"], &data).status.code(), Some(0));
}

#[test]
fn where_there_is_no_library_none_is_made() {
    let absent = tempfile::tempdir().unwrap();
    for command in ["verify", "repair", "stats", "doctor", "compact", "reindex", "retag"] {
        let refused = tool(&[command], absent.path());
        assert_eq!(refused.status.code(), Some(1), "{command}");
        assert!(said(&refused).contains("there is no library in"), "{}", said(&refused));
    }
    assert_eq!(fs::read_dir(absent.path()).unwrap().count(), 0);
}

#[test]
fn a_ledger_of_a_newer_program_is_not_judged() {
    let dir = tempfile::tempdir().unwrap();
    let data = library(dir.path(), 4);
    let db = redb::Database::open(data.join(layout::LEDGER)).unwrap();
    let txn = db.begin_write().unwrap();
    txn.open_table(lumidex_schema::tables::META).unwrap().insert("format", 10_000).unwrap();
    txn.commit().unwrap();
    drop(db);
    for arguments in [&["verify"][..], &["repair", "--yes"]] {
        let refused = tool(arguments, &data);
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}");
        assert!(said(&refused).contains("format 10000"), "{}", said(&refused));
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_it_soon_and_is_told_from_a_failure() {
    let dir = tempfile::tempdir().unwrap();
    let data = library(dir.path(), 2_000);
    let mut interrupted = 0;
    for nth in 0..40 {
        let child = command(&["reindex", "text"], &data)
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(10 + nth * 5));
        let pid = child.id().to_string();
        Command::new("kill").args(["-INT", &pid]).status().unwrap();
        let ended = child.wait_with_output().unwrap();
        match ended.status.code() {
            Some(130) => {
                assert!(said(&ended).contains("stopped"), "{}", said(&ended));
                interrupted += 1;
            }
            // Before it heeded signals, or when it was done.
            code => assert!(code.is_none() || code == Some(0), "{code:?} {}", said(&ended)),
        }
        child_is_over(&data);
        if interrupted > 2 {
            break;
        }
    }
    assert!(interrupted > 0);
    assert!(tool(&["reindex", "--resume"], &data).status.success());
    assert_eq!(tool(&["verify"], &data).status.code(), Some(0));
}

#[cfg(unix)]
#[test]
fn writing_a_synthetic_library_can_be_interrupted_and_gone_on_with() {
    let dir = tempfile::tempdir().unwrap();
    let pictures = dir.path().join("pics");
    let synth = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_index-tools"));
        command.arg("synth").arg(&pictures).args(["--images", "4000"]).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command
    };
    let child = synth().spawn().unwrap();
    // From then on it heeds signals.
    while !pictures.exists() {
        std::thread::yield_now();
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130), "{}", said(&ended));
    assert!(said(&ended).contains("the same again goes on"), "{}", said(&ended));
    let before = trace(&pictures);
    assert!(synth().output().unwrap().status.success());
    let after = trace(&pictures);
    assert!(before.len() < after.len());
    let files = before.iter().filter(|(path, _)| path.is_file());
    assert!(files.clone().all(|(path, file)| after.get(path) == Some(file)), "what was there stayed");
}

/// Nobody holds the folder any more.
fn child_is_over(data: &Path) {
    while lumidex::sys::lock::holder_of(data).unwrap().is_some() {
        std::thread::yield_now();
    }
}

/// Kills while indexes are filled: so many in the suite, as many as `LUMIDEX_REINDEX_KILLS` says when asked.
#[test]
fn filling_that_is_killed_anywhere_is_gone_on_with() {
    let kills: u64 = std::env::var("LUMIDEX_REINDEX_KILLS").map_or(12, |kills| kills.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let data = library(dir.path(), 1_500);
    let mut cut_short = 0;
    for nth in 0..kills {
        let arguments: &[&str] = match nth % 5 {
            0 => &["reindex"],
            1 => &["reindex", "text"],
            2 => &["reindex", "--resume"],
            3 => &["reindex", "--from-files"],
            _ => &["reindex", "--from-files", "--resume"],
        };
        let mut child =
            command(arguments, &data).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        // Wherever it is by then.
        std::thread::sleep(Duration::from_millis(20 + nth * 37 % 700));
        let is_over = child.try_wait().unwrap().is_some();
        cut_short += u64::from(!is_over);
        child.kill().unwrap();
        child.wait().unwrap();
        child_is_over(&data);
        // Shorter than the ledger perhaps, and never wrong.
        let verified = tool(&["verify"], &data);
        assert_eq!(
            verified.status.code(),
            Some(0),
            "after {nth}: {}{}",
            answered(&verified),
            said(&verified)
        );
    }
    assert!(cut_short * 3 > kills, "{cut_short} of {kills}");
    assert!(tool(&["reindex", "--from-files", "--resume"], &data).status.success());
    let library = Library::open(&data).unwrap();
    for part in Part::ALL {
        let mut first = None;
        library
            .go_on(part, &lumidex::sys::Stop::never(), &mut |applied, _| {
                first.get_or_insert(applied);
            })
            .unwrap();
        assert_eq!(first, Some(library.ledger().head()), "{} was whole", part.word());
    }
    drop(library);
    assert_eq!(tool(&["verify"], &data).status.code(), Some(0));
}
