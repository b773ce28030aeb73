//! The real program, killed while it moves files into folders: after the next start the job ends, every file
//! is where the preview said, and is the image it was; and all of it is undone in one step.

use crate::live::{PATIENCE, Program, pictures};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Rounds when nobody asks for more; otherwise one for so many cycles of the mixed load.
const KILLS_DEFAULT: u64 = 4;
const CYCLES_PER_KILL: u64 = 5;
const FILES: u32 = 300;

#[test]
fn a_job_that_is_killed_while_files_are_moved_is_finished() {
    let asked = std::env::var("LUMIDEX_CRASH_CYCLES").ok();
    let kills = asked.map_or(KILLS_DEFAULT, |cycles| {
        (cycles.parse::<u64>().unwrap() / CYCLES_PER_KILL).max(KILLS_DEFAULT)
    });
    let dir = tempfile::tempdir().unwrap();
    let (pics, data) = (dir.path().join("pics"), dir.path().join("data"));
    pictures(&pics, FILES);
    let mut program = Program::start(&data, &[&pics]);
    program.reference("/db/update_image_data", &json!({}));
    let (base, ids) = (contents(&pics), ids(&program));
    let mut rng = fastrand::Rng::with_seed(3);
    let mut guess = Duration::from_millis(200);
    let mut cut_short = 0;
    for _ in 0..kills {
        let body = json!({ "folder_paths": [&pics], "recursive": true, "dest_folder": dir.path().join("pics/sorted"),
            "template": "{model}/{sampler}" });
        let id = program.reference("/db/organize_files_start", &body)["job_id"].as_str().unwrap().to_owned();
        let ready = rests(&program, &id);
        assert_eq!(ready["status"], "preview_ready", "{ready}");
        let places: BTreeMap<String, String> = ready["preview"]["all_mappings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|mapping| {
                let text = |key: &str| mapping[key].as_str().unwrap().to_owned();
                (text("src_path"), text("dest_path"))
            })
            .collect();
        assert_eq!(places.len(), FILES as usize);
        let began = Instant::now();
        program.reference("/db/organize_files_confirm", &json!({ "job_id": id }));
        std::thread::sleep(guess.mul_f64(rng.f64()));
        let is_done = status(&program, &id)["status"] == "done";
        kill_process(Pid::from_child(&program.child), Signal::KILL).unwrap();
        program.child.wait().unwrap();
        guess = if is_done { began.elapsed().min(guess) } else { guess.mul_f64(1.1) };
        cut_short += u64::from(!is_done);
        // Killed again before, or while, it is settled.
        if rng.bool() {
            let again = Program::start(&data, &[]);
            std::thread::sleep(guess.mul_f64(rng.f64() / 2.0));
            again.kill();
        }
        program = Program::start(&data, &[]);
        let done = rests(&program, &id);
        assert_eq!(done["status"], "done", "{}", done["error"]);
        assert_eq!(done["result"]["moved_count"], FILES, "{}", done["result"]);
        let moved: BTreeMap<String, Vec<u8>> = base
            .iter()
            .map(|(path, held)| (places.get(path).unwrap_or(path).clone(), held.clone()))
            .collect();
        let images = |is_moved: bool| -> BTreeMap<String, u64> {
            let place = |path: &String| if is_moved { places[path].clone() } else { path.clone() };
            ids.iter().map(|(path, id)| (place(path), *id)).collect()
        };
        assert!(media(&contents(&pics)) == media(&moved), "every file is where the preview said");
        assert_eq!(self::ids(&program), images(true), "and is the image it was");
        let undone = program.post("/api/v1/undo", &json!({ "number": done["result"]["operation"] })).unwrap();
        assert!(undone["number"].is_number(), "{undone}");
        assert!(contents(&pics) == base, "byte for byte");
        program.reference("/db/update_image_data", &json!({}));
        assert_eq!(self::ids(&program), images(false));
    }
    println!("{kills} jobs were confirmed, {cut_short} of them killed before they were done");
}

fn status(program: &Program, id: &str) -> Value {
    program.get(&format!("/infinite_image_browsing/db/organize_files_status?job_id={id}"))
}

fn rests(program: &Program, id: &str) -> Value {
    let began = Instant::now();
    loop {
        let job = status(program, id);
        if ["preview_ready", "done", "error"].contains(&job["status"].as_str().unwrap()) {
            return job;
        }
        assert!(began.elapsed() < PATIENCE, "{job}");
        std::thread::yield_now();
    }
}

fn ids(program: &Program) -> BTreeMap<String, u64> {
    let found = program.reference("/db/search_by_substr", &json!({ "surstr": "", "size": 1_000 }));
    let files = found["files"].as_array().unwrap().iter();
    files.map(|file| (file["fullpath"].as_str().unwrap().to_owned(), file["id"].as_u64().unwrap())).collect()
}

/// What every file holds, by absolute path.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.append(&mut contents(&path));
        } else {
            all.insert(path.to_str().unwrap().to_owned(), fs::read(path).unwrap());
        }
    }
    all
}

/// Without sidecars, which go along.
fn media(all: &BTreeMap<String, Vec<u8>>) -> BTreeMap<&String, &Vec<u8>> {
    all.iter().filter(|(path, _)| !path.ends_with(".txt")).collect()
}
