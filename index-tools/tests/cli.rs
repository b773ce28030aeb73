//! The tools as their user meets them: what is written, what is said, how they end.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Output, Stdio};

use lumidex::ledger::Ledger;
use lumidex_schema::layout;

fn tool(arguments: &[&str], data: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_index-tools"));
    command.args(arguments).arg("--data-dir").arg(data).stdin(Stdio::null()).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_ledger_is_backed_up_and_put_back() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let file = dir.path().join("copy.redb").to_str().unwrap().to_owned();
    let absent = tool(&["backup", &file], &data);
    assert_eq!(absent.status.code(), Some(1));
    assert!(said(&absent).contains("there is no library in"), "{}", said(&absent));

    std::fs::create_dir_all(&data).unwrap();
    let open = || Ledger::open(&data.join(layout::LEDGER)).unwrap();
    open().put_setting("a", "1").unwrap();
    let made = tool(&["backup", &file], &data);
    assert!(made.status.success() && said(&made).contains("wrote and checked"), "{}", said(&made));
    let again = tool(&["backup", &file], &data);
    assert_eq!(again.status.code(), Some(1));
    assert!(said(&again).contains("`--force`"), "{}", said(&again));
    assert!(tool(&["backup", &file, "--force"], &data).status.success());

    open().put_setting("a", "2").unwrap();
    let unasked = tool(&["restore", &file], &data);
    assert_eq!(unasked.status.code(), Some(1));
    assert!(said(&unasked).contains("`--yes`"), "{}", said(&unasked));
    let setting = || open().reader().unwrap().setting("a").unwrap().unwrap();
    assert_eq!(setting(), "2");
    let restored = tool(&["restore", &file, "--yes"], &data);
    assert!(restored.status.success() && said(&restored).contains("before-restore-"), "{}", said(&restored));
    assert_eq!(setting(), "1");
    std::fs::write(&file, "rubbish").unwrap();
    let refused = tool(&["restore", &file, "--yes"], &data);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("cannot be restored"), "{}", said(&refused));
    assert_eq!(setting(), "1");
}

#[test]
fn a_restore_that_is_killed_leaves_the_old_ledger_or_the_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let ledger = data.join(layout::LEDGER);
    std::fs::create_dir_all(&data).unwrap();
    let put = |value: &str| Ledger::open(&ledger).unwrap().put_setting("a", value).unwrap();
    put("\"old\"");
    // Large enough for a restore to take its time.
    Ledger::open(&ledger).unwrap().put_setting("b", &format!("\"{}\"", "x".repeat(3 << 20))).unwrap();
    let file = dir.path().join("copy.redb").to_str().unwrap().to_owned();
    assert!(tool(&["backup", &file], &data).status.success());
    for nth in 0..12 {
        put("\"newer\"");
        let mut command = Command::new(env!("CARGO_BIN_EXE_index-tools"));
        command.args(["restore", &file, "--yes", "--data-dir"]).arg(&data);
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Wherever it is by then.
        std::thread::sleep(std::time::Duration::from_millis(nth * 3));
        child.kill().unwrap();
        child.wait().unwrap();
        let value = Ledger::open(&ledger).unwrap().reader().unwrap().setting("a").unwrap().unwrap();
        assert!(["\"old\"", "\"newer\""].contains(&value.as_str()), "{value}");
    }
    assert!(tool(&["restore", &file, "--yes"], &data).status.success());
}

#[test]
fn rules_are_put_to_a_library_that_nobody_serves() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let absent = tool(&["retag"], &data);
    assert!(
        !absent.status.success() && said(&absent).contains("there is no library in"),
        "{}",
        said(&absent)
    );
    std::fs::create_dir_all(&data).unwrap();
    let rules = r#"[{"tag": "t", "filters": [{"field": "Seed", "operator": "equals", "value": "1"}]}]"#;
    Ledger::open(&data.join(layout::LEDGER)).unwrap().put_setting("auto_tag_rules", rules).unwrap();
    let put = tool(&["retag"], &data);
    assert!(put.status.success() && said(&put).contains("rules were put to 0 images"), "{}", said(&put));
    let _held = lumidex::sys::DirLock::take(&data).unwrap();
    let refused = tool(&["retag"], &data);
    assert!(!refused.status.success() && said(&refused).contains("stop it first"), "{}", said(&refused));
}

#[test]
fn what_was_exported_is_brought_into_an_empty_folder() {
    let dir = tempfile::tempdir().unwrap();
    let (data, other) = (dir.path().join("data"), dir.path().join("other"));
    let file = dir.path().join("mine.zip").to_str().unwrap().to_owned();
    let absent = tool(&["export", &file], &data);
    assert_eq!(absent.status.code(), Some(1));
    assert!(said(&absent).contains("there is no library in") && !data.exists(), "{}", said(&absent));
    assert_eq!(tool(&["export"], &data).status.code(), Some(2));
    assert_eq!(tool(&["export", &file, "--xmp-beside"], &data).status.code(), Some(2));
    assert_eq!(tool(&["export", "--ndjson", "-", "--index", "Bad Name"], &data).status.code(), Some(2));

    std::fs::create_dir_all(&data).unwrap();
    let ledger = Ledger::open(&data.join(layout::LEDGER)).unwrap();
    ledger.put_setting("app_fe_setting", r#"{"theme":"dark"}"#).unwrap();
    ledger.make_tag("kept").unwrap();
    drop(ledger);
    let made = tool(&["export", &file], &data);
    assert!(made.status.success() && said(&made).contains("1 settings"), "{}", said(&made));
    let again = tool(&["export", &file], &data);
    assert_eq!(again.status.code(), Some(1));
    assert!(said(&again).contains("`--force`"), "{}", said(&again));
    assert!(tool(&["export", &file, "--force", "--records", "--vectors"], &data).status.success());

    let looked = tool(&["import", &file, "--dry-run"], &other);
    let shown = String::from_utf8_lossy(&looked.stdout).into_owned();
    assert!(looked.status.success() && shown.contains("settings: app_fe_setting"), "{shown}");
    assert!(!other.exists(), "looking makes nothing");
    assert!(tool(&["import", &file, "--yes"], &other).status.success());
    let reader = Ledger::open(&other.join(layout::LEDGER)).unwrap();
    let reader = reader.reader().unwrap();
    assert_eq!(reader.setting("app_fe_setting").unwrap().as_deref(), Some(r#"{"theme":"dark"}"#));
    assert!(reader.custom_tags().unwrap().iter().any(|(_, tag)| tag.name == "kept"));
}

#[test]
fn documents_on_standard_output_are_all_that_stands_there() {
    let dir = tempfile::tempdir().unwrap();
    Ledger::open(&dir.path().join(layout::LEDGER)).unwrap();
    let made = tool(&["export", "--ndjson", "-"], dir.path());
    assert!(made.status.success() && made.stdout.is_empty(), "{}", said(&made));
    assert!(said(&made).contains("wrote 0 documents"), "{}", said(&made));
}
