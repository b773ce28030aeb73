//! The real program, killed while topics are found: after the next start the job goes on to its end, finds what an
//! undisturbed one finds, and of what was bought no more is bought again than was under way.

use crate::live::{PATIENCE, Program, command, pictures};
use crate::support::upstream::Mock;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Instant;

const FILES: u32 = 120;
const BATCH: usize = 4;
const KILLS: usize = 6;
/// Titles asked for at once.
const TITLES: usize = 5;

fn start(data: &Path, folders: &[&Path], mock: &Mock) -> Program {
    let mut command = command(data);
    command.env("OPENAI_BASE_URL", mock.base()).env("OPENAI_API_KEY", "sk-mock");
    command.env("EMBEDDING_MODEL", "mock-embed").env("AI_MODEL", "mock-chat");
    Program::start_as(command, folders)
}

fn named(mock: &Mock) {
    mock.chats(|_| json!({ "title": "A title", "keywords": ["one"] }).to_string());
}

fn begun(program: &Program, pics: &Path) -> String {
    let body = json!({ "folder_paths": [pics], "threshold": 0.6, "batch_size": BATCH });
    let started = program.reference("/db/cluster_iib_output_job_start", &body);
    started["job_id"].as_str().unwrap_or_else(|| panic!("{started}")).to_owned()
}

fn status(program: &Program, id: &str) -> Value {
    program.get(&format!("/infinite_image_browsing/db/cluster_iib_output_job_status?job_id={id}"))
}

fn finished(program: &Program, id: &str) -> Value {
    let began = Instant::now();
    loop {
        let job = status(program, id);
        match job["status"].as_str() {
            Some("completed") => return job["result"].clone(),
            Some("running") => assert!(began.elapsed() < PATIENCE, "{job}"),
            _ => panic!("{job}"),
        }
        std::thread::yield_now();
    }
}

/// Which images are together, whatever the order.
fn together(result: &Value) -> BTreeSet<BTreeSet<String>> {
    let paths = |list: &Value| {
        list.as_array().unwrap().iter().map(|path| path.as_str().unwrap().to_owned()).collect()
    };
    result["clusters"].as_array().unwrap().iter().map(|cluster| paths(&cluster["paths"])).collect()
}

#[test]
fn a_job_that_is_killed_again_and_again_ends_and_buys_nothing_twice() {
    let dir = tempfile::tempdir().unwrap();
    let pics = dir.path().join("pics");
    pictures(&pics, FILES);
    let undisturbed = Mock::start();
    named(&undisturbed);
    let program = start(&dir.path().join("undisturbed"), &[&pics], &undisturbed);
    program.reference("/db/update_image_data", &json!({}));
    let want = together(&finished(&program, &begun(&program, &pics)));
    assert!(!want.is_empty());
    drop(program);
    let n_asked = undisturbed.asked().len();
    assert!(n_asked > 3 * KILLS, "{n_asked} requests are too few to be killed among");

    let (data, mock) = (dir.path().join("data"), Mock::start());
    named(&mock);
    let mut program = start(&data, &[&pics], &mock);
    program.reference("/db/update_image_data", &json!({}));
    let id = begun(&program, &pics);
    for kill in 1..=KILLS {
        // Some die while vectors come, the last while titles do.
        let (began, wanted) = (Instant::now(), n_asked * kill / (KILLS + 1));
        while mock.asked().len() < wanted {
            let n = mock.asked().len();
            assert!(began.elapsed() < PATIENCE, "{kill}: {n} of {wanted}: {}", status(&program, &id));
            std::thread::yield_now();
        }
        program.kill();
        program = start(&data, &[], &mock);
        // Whoever asks for a job sets it going again.
        let job = status(&program, &id);
        assert_eq!(job["status"], "running", "after {kill} kills: {job}");
    }
    assert_eq!(together(&finished(&program, &id)), want);
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    mock.batches().into_iter().flatten().for_each(|text| *times.entry(text).or_default() += 1);
    let distinct: BTreeSet<String> = undisturbed.batches().into_iter().flatten().collect();
    assert_eq!(times.keys().cloned().collect::<BTreeSet<_>>(), distinct, "every prompt was bought");
    let again: usize = times.values().map(|n| n - 1).sum();
    assert!(again <= KILLS * BATCH, "{again} texts were bought again over {KILLS} kills");
    let titles =
        |mock: &Mock| mock.asked().iter().filter(|asked| asked.path.ends_with("completions")).count();
    assert!(titles(&mock) <= titles(&undisturbed) + KILLS * TITLES);
    // Kept, and found again without asking anybody.
    let n = mock.asked().len();
    program.kill();
    let program = start(&data, &[], &mock);
    assert_eq!(together(&finished(&program, &id)), want);
    assert_eq!(mock.asked().len(), n);
}
