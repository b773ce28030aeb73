//! Moves between two disks that are killed on the way: they are finished, or were never begun.

use super::{Kept, Two, kept};
use crate::live::Program;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// Kills when nobody asks for more; otherwise one for so many cycles of the mixed load.
const KILLS_DEFAULT: u64 = 4;
const CYCLES_PER_KILL: u64 = 5;

#[test]
fn a_move_to_another_disk_that_is_killed_is_finished_or_never_begun() {
    let asked = std::env::var("LUMIDEX_CRASH_CYCLES").ok();
    let kills = asked.map_or(KILLS_DEFAULT, |cycles| {
        (cycles.parse::<u64>().unwrap() / CYCLES_PER_KILL).max(KILLS_DEFAULT)
    });
    let Some(mut two) = Two::new(240) else { return };
    let mut rng = fastrand::Rng::with_seed(11);
    let (base, ids) = (kept(&two.here), two.ids());
    let mut guess = Duration::from_millis(300);
    let (mut finished, mut again) = (0, 0);
    for nth in 0..kills {
        // Files one by one, or a folder with everything in it; to it and back.
        let is_folder = nth % 2 == 0;
        let chosen: Vec<_> = if is_folder {
            vec![two.here.join("set")]
        } else {
            ids.keys()
                .map(Path::new)
                .filter(|path| path.parent() == Some(&two.here))
                .map(Path::to_owned)
                .collect()
        };
        let body = json!({ "file_paths": chosen, "dest": two.there });
        let mut is_done = false;
        for (route, body, expected) in [("/move_files", body, true), ("/api/v1/undo", json!({}), false)] {
            if route == "/api/v1/undo" && !is_done {
                break;
            }
            let life = guess.mul_f64(rng.f64() * 1.1);
            let began = Instant::now();
            let is_answered = std::thread::scope(|scope| {
                let asked = scope.spawn(|| {
                    let prefix = if route.starts_with("/api") { "" } else { "/infinite_image_browsing" };
                    let url = format!("{}{prefix}{route}", two.program.url);
                    let response = two.program.client.post(url).json(&body).send().ok()?;
                    assert_eq!(response.status(), 200, "{route}");
                    response.text().ok().map(|_| began.elapsed())
                });
                std::thread::sleep(life);
                kill_process(Pid::from_child(&two.program.child), Signal::KILL).unwrap();
                asked.join().unwrap()
            });
            two.program.child.wait().unwrap();
            guess = is_answered.unwrap_or(guess.mul_f64(1.2));
            while rng.u8(..3) > 0 {
                let program = Program::start(&two.data, &[]);
                std::thread::sleep(guess.mul_f64(rng.f64()));
                program.kill();
                again += 1;
            }
            two.program = Program::start(&two.data, &[]);
            // Whoever wants something done waits for what was begun.
            two.program.reference("/mkdirs", &json!({ "dest_folder": two.here }));
            assert_eq!(two.program.get("/api/v1/operations"), json!({ "running": [] }));
            let was_done = is_done;
            is_done = !kept(&two.there).is_empty();
            assert!(is_done == expected || is_answered.is_none(), "{route} was acknowledged");
            check(&two, &base, &ids, is_done, is_folder);
            finished += u64::from(is_done != was_done);
        }
        if is_done {
            // It was to be undone, and that was never begun.
            let (status, answer, _) = two.post("/api/v1/undo", &json!({}));
            assert_eq!(status, 200, "{answer}");
            check(&two, &base, &ids, false, is_folder);
        }
    }
    println!(
        "{kills} rounds between two disks: {finished} operations finished, {again} more kills while going on"
    );
}

fn check(
    two: &Two,
    base: &BTreeMap<String, Kept>,
    ids: &BTreeMap<String, u64>,
    is_done: bool,
    is_folder: bool,
) {
    let goes = |below: &str| {
        let is_in_set = below == "set" || below.starts_with("set/");
        is_done && if is_folder { is_in_set } else { !is_in_set }
    };
    let (gone, stayed): (BTreeMap<_, _>, BTreeMap<_, _>) =
        base.iter().map(|(path, kept)| (path.clone(), kept.clone())).partition(|(path, _)| goes(path));
    let differ = |one: &BTreeMap<String, Kept>, other: &BTreeMap<String, Kept>| -> Vec<String> {
        one.iter()
            .filter(|(path, kept)| other.get(*path) != Some(kept))
            .map(|(path, _)| path.clone())
            .collect()
    };
    for (folder, expected) in [(&two.there, gone), (&two.here, stayed)] {
        let there = kept(folder);
        assert!(
            there == expected,
            "{folder:?}: {:?} instead of {:?}",
            differ(&there, &expected),
            differ(&expected, &there)
        );
    }
    let expected: BTreeMap<String, u64> = ids
        .iter()
        .map(|(path, id)| {
            let below = Path::new(path).strip_prefix(&two.here).unwrap().to_str().unwrap();
            (if goes(below) { two.there.join(below).to_str().unwrap().to_owned() } else { path.clone() }, *id)
        })
        .collect();
    for _ in 0..2 {
        assert_eq!(two.ids(), expected, "each is the image it was");
        two.program.reference("/db/update_image_data", &json!({}));
    }
}
