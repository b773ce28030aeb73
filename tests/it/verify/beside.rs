//! Looking writes nothing, also where nothing can be written, and works beside a server; what changes something does
//! not, and says who is in the way.
//! The command itself is tried in `index-tools/tests/looking.rs`.

use super::home::{Home, copy_all};
use super::look;
use crate::live::Program;
use lumidex::sys::Stop;
use lumidex_index_tools::compact::compact;
use lumidex_index_tools::doctor::doctor;
use lumidex_index_tools::reindex::Library;
use lumidex_index_tools::repair::Repair;
use lumidex_index_tools::stats::stats;
use lumidex_index_tools::verify::verify;
use lumidex_schema::layout;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

/// Bytes and times of everything in a folder, and of the folders.
fn trace(folder: &Path) -> BTreeMap<PathBuf, (SystemTime, Vec<u8>)> {
    let (mut seen, mut waiting) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(path) = waiting.pop() {
        let metadata = fs::metadata(&path).unwrap();
        let bytes = if metadata.is_dir() { Vec::new() } else { fs::read(&path).unwrap() };
        if metadata.is_dir() {
            waiting.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        seen.insert(path, (metadata.modified().unwrap(), bytes));
    }
    seen
}

#[test]
fn looking_changes_neither_a_byte_nor_a_time() {
    let data = Home::shared().copy();
    // As it is after a kill: nothing was closed. The lock file is of a process that is gone.
    let before = trace(data.path());
    look(data.path());
    let never = Stop::never();
    assert!(stats(data.path(), &never, &mut |_, _| {}).unwrap().library.decisions > 5);
    doctor(data.path(), 3, &never).unwrap();
    assert_eq!(trace(data.path()), before);
}

#[test]
fn an_unclosed_library_is_looked_at_as_it_stands() {
    let home = Home::shared();
    let dir = tempfile::tempdir().unwrap();
    copy_all(home.copy().path(), &dir.path().join("data"));
    let program = Program::start(&dir.path().join("data"), &[]);
    program.reference("/db/add_custom_tag", &json!({ "tag_name": "late" }));
    program.kill();
    let before = trace(&dir.path().join("data"));
    let verified = look(&dir.path().join("data"));
    assert!(verified.findings.is_empty() && verified.unlooked.is_empty(), "{verified:#?}");
    assert_eq!(trace(&dir.path().join("data")), before);
}

#[test]
fn a_served_library_is_looked_at_and_not_changed() {
    let home = Home::shared();
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    copy_all(home.copy().path(), &data);
    let program = Program::start(&data, &[]);
    program.reference("/db/update_image_data", &json!({}));
    let never = Stop::never();
    let verified = verify(&data, &never, &mut |_, _, _| {}).unwrap();
    assert!(verified.findings.is_empty() && verified.served, "{verified:#?}");
    let counted = stats(&data, &never, &mut |_, _| {}).unwrap().library;
    assert_eq!(counted.images["present"], u64::from(super::home::PICTURES));
    assert_eq!(doctor(&data, 3, &never).unwrap()["images"], super::home::PICTURES);
    // A damaged file that nobody holds is found all the same.
    fs::write(data.join(layout::TOPICS).join("broken.json"), "{").unwrap();
    let verified = verify(&data, &never, &mut |_, _, _| {}).unwrap();
    assert_eq!(verified.findings.told[0].place, "topics/broken.json");
    let refusals = [
        Repair::plan(&data, &never, &mut |_, _, _| {}).err().unwrap().to_string(),
        compact(&data, &never, &mut |_, _| {}).unwrap_err().to_string(),
        Library::open(&data).err().unwrap().to_string(),
    ];
    for refusal in refusals {
        let process = format!("process {}", program.child.id());
        assert!(refusal.contains(&process) && refusal.ends_with("stop it first"), "{refusal}");
    }
}

/// While pictures arrive and tags are put on, what is served is right at every moment.
#[test]
fn a_library_that_changes_is_not_found_to_be_wrong() {
    let home = Home::shared();
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    copy_all(home.copy().path(), &data);
    let program = Program::start(&data, &[]);
    program.reference("/db/update_image_data", &json!({}));
    let found = program.reference("/db/search_by_substr", &json!({ "surstr": "" }));
    let paths: Vec<&str> =
        found["files"].as_array().unwrap().iter().map(|file| file["fullpath"].as_str().unwrap()).collect();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let tag = program.reference("/db/add_custom_tag", &json!({ "tag_name": "busy" }))["id"].clone();
            for path in paths.iter().cycle().take_while(|_| !is_over.load(Ordering::SeqCst)) {
                let toggle = json!({ "img_path": path, "tag_id": tag });
                program.reference("/db/toggle_custom_tag_to_img", &toggle);
                let text = format!("words {path}\nSteps: 2, Seed: 7");
                program.reference("/update_exif", &json!({ "path": path, "exif": text }));
            }
        });
        for _ in 0..5 {
            let verified = verify(&data, &Stop::never(), &mut |_, _, _| {});
            is_over.store(
                verified.as_ref().is_ok_and(|verified| !verified.findings.is_empty()),
                Ordering::SeqCst,
            );
            let verified = verified.unwrap();
            assert!(verified.findings.is_empty(), "{verified:#?}");
        }
        is_over.store(true, Ordering::SeqCst);
    });
}

#[test]
fn stores_get_smaller_and_stay_what_they_were() {
    let data = Home::shared().copy();
    let before = super::Person::of(data.path());
    let stores = compact(data.path(), &Stop::never(), &mut |_, _| {}).unwrap();
    assert!(stores.iter().any(|store| store.place == layout::LEDGER), "{stores:?}");
    assert!(stores.iter().all(|store| store.after <= store.before), "{stores:?}");
    super::assert_clean(data.path());
    assert_eq!(super::Person::of(data.path()), before);
}
