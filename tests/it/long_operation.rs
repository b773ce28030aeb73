//! One operation on very many files: the server answers others meanwhile, says how far it is, needs
//! little memory, and can be stopped in the middle.

use crate::live::Program;
use crate::support::watched::picture;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

const FILES: usize = 20_000;
/// Steps after which it is asked to stop: some words to the ledger later, and long before the end.
const STOPPED_AFTER: u64 = 3_000;
/// Bytes of memory that it may take beyond what was taken before; all its paths, three times, are less.
const MEMORY_MAX: u64 = 96 << 20;

#[test]
fn a_move_of_twenty_thousand_files_holds_nobody_up_and_can_be_stopped_in_the_middle() {
    let dir = tempfile::tempdir().unwrap();
    let pics = dir.path().join("pics");
    for folder in ["in", "out"] {
        fs::create_dir_all(pics.join(folder)).unwrap();
    }
    let paths: Vec<_> = (0..FILES).map(|nth| pics.join(format!("in/{nth:05}.png"))).collect();
    for (nth, path) in paths.iter().enumerate() {
        fs::write(path, picture(&format!("a heron, number {nth}"))).unwrap();
    }
    let program = Program::start(&dir.path().join("data"), &[&pics]);
    program.reference("/db/update_image_data", &json!({}));
    let ids = ids(&program);
    assert_eq!(ids.len(), FILES);
    let memory = memory(&program);
    let body = json!({ "file_paths": paths, "dest": pics.join("out") });
    let url = format!("{}/infinite_image_browsing/move_files", program.url);
    let (status, answer, deed, seen) = std::thread::scope(|scope| {
        let asked = scope.spawn(|| {
            let response = program.client.post(&url).json(&body).send().unwrap();
            let status = response.status().as_u16();
            let deed: u64 = response.headers()["x-lumidex-deed"].to_str().unwrap().parse().unwrap();
            (status, response.json::<Value>().unwrap(), deed)
        });
        let seen = stopped_on_the_way(&program);
        let (status, answer, deed) = asked.join().unwrap();
        (status, answer, deed, seen)
    });
    assert_eq!(status, 400, "{answer}");
    assert_eq!(deed, seen.number);
    let why = answer["detail"].as_str().unwrap();
    assert!(why.contains("stopped") && why.contains("were done before it"), "{why}");
    assert!(seen.greetings > 0, "others are answered while it is under way");
    let more = seen.memory_max.saturating_sub(memory);
    assert!(more < MEMORY_MAX, "{more} bytes");
    println!(
        "{} greetings, {} sights of it, {} KiB more memory; {why}",
        seen.greetings,
        seen.sights,
        more >> 10
    );
    // Some are there and the others here, each once, and known where it is.
    let (here, there) = (count(&pics.join("in")), count(&pics.join("out")));
    assert!(
        there >= usize::try_from(STOPPED_AFTER).unwrap() && here > 0 && here + there == FILES,
        "{here} {there}"
    );
    let done: usize = why.split_whitespace().filter_map(|word| word.parse().ok()).next_back().unwrap();
    assert_eq!(done, there, "{why}");
    let now = self::ids(&program);
    assert!(now.keys().all(|path| Path::new(path).exists()));
    assert_eq!(by_name(&now), by_name(&ids), "each is the image it was");
    assert_eq!(program.get("/api/v1/operations"), json!({ "running": [] }));
    let undone = program.post("/api/v1/undo", &json!({ "number": deed })).unwrap();
    assert_eq!(undone["done"], there, "{undone}");
    assert_eq!((count(&pics.join("in")), count(&pics.join("out"))), (FILES, 0));
    assert_eq!(self::ids(&program), ids);
}

struct Sights {
    number: u64,
    sights: u64,
    /// Greetings answered while it was under way: it was so before and after them.
    greetings: u64,
    memory_max: u64,
}

/// Looks at what is going on until it is far enough, and stops it.
fn stopped_on_the_way(program: &Program) -> Sights {
    let (mut seen, began) = (Sights { number: 0, sights: 0, greetings: 0, memory_max: 0 }, Instant::now());
    let mut taken = 0;
    loop {
        assert!(began.elapsed() < Duration::from_secs(60), "it never came so far");
        let is_greeted = program.get("/infinite_image_browsing/hello") == "hello";
        assert!(is_greeted);
        seen.memory_max = seen.memory_max.max(memory(program));
        let running = program.get("/api/v1/operations");
        let Some(operation) = running["running"].as_array().unwrap().first() else {
            assert_eq!(taken, 0, "it is over before it was stopped");
            continue;
        };
        assert_eq!((&operation["kind"], &operation["stopping"]), (&json!("move"), &json!(false)));
        let now = operation["taken"].as_u64().unwrap();
        assert!(now >= taken && now <= operation["steps"].as_u64().unwrap(), "{operation}");
        taken = now;
        seen.greetings += u64::from(seen.sights > 0);
        seen.sights += 1;
        if taken >= STOPPED_AFTER {
            seen.number = operation["number"].as_u64().unwrap();
            let stopped = program.post("/api/v1/operations/stop", &json!({ "number": seen.number })).unwrap();
            assert_eq!(stopped, Value::Null);
            return seen;
        }
    }
}

fn ids(program: &Program) -> BTreeMap<String, u64> {
    let mut ids = BTreeMap::new();
    let mut cursor = Value::Null;
    loop {
        let page = program
            .reference("/db/search_by_substr", &json!({ "surstr": "", "size": 10_000, "cursor": cursor }));
        for file in page["files"].as_array().unwrap() {
            let id = file["id"].as_u64().unwrap();
            assert_eq!(ids.insert(file["fullpath"].as_str().unwrap().to_owned(), id), None);
        }
        if page["cursor"]["has_next"] != true {
            return ids;
        }
        cursor = page["cursor"]["next"].clone();
    }
}

fn by_name(ids: &BTreeMap<String, u64>) -> BTreeMap<&str, u64> {
    ids.iter().map(|(path, id)| (path.rsplit('/').next().unwrap(), *id)).collect()
}

fn count(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

/// Bytes of memory of its own; 0 where the system does not say.
fn memory(program: &Program) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", program.child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).and_then(|kib| kib.parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}
