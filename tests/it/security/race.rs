//! Class 3: a folder that is a link at one moment and a folder at the next, while clients read it, copy from it and put
//! things into it. Whatever they get, it is never what the link leads to.

use super::ground::{CANARY, Ground};
use crate::support::record::Record;
use lumidex::settings::AccessControl;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// How many rounds are raced; each has a seed, and its own library.
const ROUNDS: &str = "LUMIDEX_RACE_ROUNDS";
/// Turns in a round: each asks all there is to be asked once.
const TURNS: u64 = 60;
/// Turns after which the library is walked.
const WALKED_EVERY: u64 = 6;

/// A library in which `swap` is a folder with a picture, and `other` a link to a folder outside with pictures of the
/// same names, which take each other's name again and again.
fn raced(turn: impl Fn(&Ground, u64)) -> (Ground, u64) {
    let ground = Ground::new(AccessControl::Enable);
    let (top, pics) = (ground.top(), ground.served.path(""));
    let picture = fs::read(ground.served.path("a.png")).unwrap();
    for folder in ["swap", "put"] {
        fs::create_dir(format!("{pics}{folder}")).unwrap();
    }
    for name in ["x.png", "x.txt"] {
        fs::write(format!("{pics}swap/{name}"), &picture).unwrap();
        fs::copy(format!("{top}/private/canary.png"), format!("{top}/private/{name}")).unwrap();
    }
    let logged = format!(
        "<div id=\"x_png\" class=\"image-container\"><img src='x.png'/><table class='metadata'>\
         <tr><td class='label'>Prompt</td><td class='value'>{CANARY}</td></tr></table></div>"
    );
    fs::write(format!("{top}/private/log.html"), logged).unwrap();
    fs::write(format!("{pics}swap/log.html"), "<body></body>").unwrap();
    symlink(format!("{top}/private"), format!("{pics}other")).unwrap();
    let ground = ground.guarding_now();
    let (is_over, n_swaps) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (swap, other) = (format!("{pics}swap"), format!("{pics}other"));
            while !is_over.load(Ordering::Relaxed) {
                renameat_with(CWD, &swap, CWD, &other, RenameFlags::EXCHANGE).unwrap();
                n_swaps.fetch_add(1, Ordering::Relaxed);
            }
        });
        for nth in 0..TURNS {
            turn(&ground, nth);
        }
        is_over.store(true, Ordering::Relaxed);
    });
    (ground, n_swaps.into_inner())
}

/// One turn; how many answers were of the folder, and how many refused.
fn turn(ground: &Ground, nth: u64, counts: &[AtomicU64; 2]) {
    let picture = ground.served.path("swap/x.png");
    let encoded = crate::contract::served::encode(&picture);
    let folder = ground.served.path("swap");
    let put = ground.served.path("put");
    for uri in [
        format!("/iib/file?path={encoded}"),
        format!("/iib/stream_video?path={encoded}"),
        format!("/iib/image_geninfo?path={encoded}"),
        format!("/iib/image_exif?path={encoded}"),
        format!("/api/v1/image?path={encoded}"),
        format!("/iib/files?folder_path={}", crate::contract::served::encode(&folder)),
    ] {
        count(ground, "GET", &uri, &Value::Null, counts);
    }
    let into = format!("{put}/{nth}");
    for (uri, body) in [
        ("/iib/zip", json!({ "paths": [picture] })),
        ("/iib/image_geninfo_batch", json!({ "paths": [picture] })),
        ("/iib/mkdirs", json!({ "dest_folder": format!("{folder}/made-{nth}") })),
        ("/iib/copy_files", json!({ "file_paths": [picture], "dest": into, "create_dest_folder": true })),
        ("/iib/copy_files", json!({ "file_paths": [ground.served.path("b.png")], "dest": folder })),
        (
            "/iib/move_files",
            json!({ "file_paths": [format!("{into}/x.png")], "dest": format!("{folder}/made-{nth}") }),
        ),
        ("/iib/delete_files", json!({ "file_paths": [format!("{folder}/b.png")] })),
    ] {
        count(ground, "POST", uri, &body, counts);
    }
    assert_no_canary_in(Path::new(&put));
    if nth.is_multiple_of(WALKED_EVERY) {
        count(ground, "POST", "/iib/db/update_image_data", &json!({}), counts);
        let found = ground.ask("POST", "/iib/db/search_by_substr", &json!({ "surstr": CANARY })).json();
        assert_eq!(found["files"], json!([]), "a walk read what lies outside");
    }
}

fn count(ground: &Ground, method: &str, uri: &str, body: &Value, counts: &[AtomicU64; 2]) {
    let reply = ground.ask(method, uri, body);
    ground.assert_silent(&reply, uri, "");
    counts[usize::from(reply.status != 200)].fetch_add(1, Ordering::Relaxed);
}

fn assert_no_canary_in(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_no_canary_in(&path);
        } else {
            let content = fs::read(&path).unwrap();
            let holds = content.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
            assert!(!holds, "{} came from outside", path.display());
        }
    }
}

#[test]
fn whoever_swaps_a_folder_for_a_link_gets_nothing_and_puts_nothing_outside() {
    let rounds = std::env::var(ROUNDS).map_or(1, |rounds| rounds.parse().unwrap());
    let mut record = Record::open("link_race", ["swaps", "answered", "refused"]);
    for seed in 1..=rounds {
        if record.has(seed) {
            continue;
        }
        let began = Instant::now();
        let counts = [AtomicU64::new(0), AtomicU64::new(0)];
        let (ground, swaps) = raced(|ground, nth| turn(ground, nth, &counts));
        ground.assert_untouched();
        let [answered, refused] = counts.map(AtomicU64::into_inner);
        assert!(swaps > 0 && answered + refused > 0, "{swaps} swaps, {answered} answers, {refused} refusals");
        record.add(seed, [swaps, answered, refused], began.elapsed());
    }
    println!("swaps, answered, refused: {:?}", record.totals());
}
