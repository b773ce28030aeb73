//! The review list: what is asked, and what becomes of the answers.

use super::served::{Reply, Served, png, write_at};
use lumidex::ledger::{Elsewhere, Observation, Seen};
use lumidex::settings::Settings;
use lumidex_schema::id::Timestamp;
use lumidex_schema::path::RelPath;
use lumidex_schema::record::Sighting;
use serde_json::{Value, json};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

/// A picture whose pixels nobody else has.
fn pixels(pair: [u8; 2], text: &str) -> Vec<u8> {
    let mut bytes = png(text);
    let at = bytes.windows(2).position(|two| two == [0x80, 0x80]).unwrap();
    bytes[at..at + 2].copy_from_slice(&pair);
    bytes
}

fn write(served: &Served, below: &str, content: &[u8], nth: u64) {
    write_at(&served.path(below).into(), content, Duration::from_secs(2_000_000_000 + nth));
}

fn update(served: &Served) {
    served.library.update().unwrap();
}

fn reviews(served: &Served) -> Vec<Value> {
    let reply = served.ask("GET", "/api/v1/review", &Value::Null);
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["reviews"].as_array().unwrap().clone()
}

fn settle(served: &Served, number: &Value, take: &Value) -> Reply {
    served.ask("POST", "/api/v1/review", &json!({ "number": number, "take": take }))
}

fn tags(served: &Served, below: &str) -> Vec<String> {
    let path = served.path(below);
    let answer = served.get("POST", "/db/get_image_tags", &json!({ "paths": [&path] }));
    let tags = answer[&path].as_array().cloned().unwrap_or_default();
    tags.iter().map(|tag| tag["name"].as_str().unwrap().to_owned()).collect()
}

/// Two pictures of the same content, tagged apart and both gone, and a file that could be either.
fn ambiguous(change: impl FnOnce(&mut Settings, &Path)) -> (Served, Value) {
    let served = Served::with(change);
    let content = pixels([1, 2], "a twin");
    write(&served, "one.png", &content, 1);
    update(&served);
    write(&served, "two.png", &content, 2);
    update(&served);
    served.tagged("first", &["one.png"]);
    served.tagged("second", &["two.png"]);
    for gone in ["one.png", "two.png"] {
        std::fs::remove_file(served.path(gone)).unwrap();
    }
    update(&served);
    write(&served, "sub/back.png", &content, 3);
    update(&served);
    let mut open = reviews(&served);
    assert_eq!(open.len(), 1, "{open:?}");
    (served, open.remove(0))
}

#[test]
fn a_file_that_could_be_either_of_two_is_asked_about() {
    let (served, open) = ambiguous(|_, _| {});
    assert_eq!((&open["kind"], &open["place"]), (&json!("ambiguous"), &json!(served.path("sub/back.png"))));
    assert_eq!((&open["tags"], open["at"].is_f64()), (&json!([]), true));
    assert!(open["text"].as_str().unwrap().ends_with('.'));
    let choices = open["choices"].as_array().unwrap();
    let shown: Vec<Value> =
        choices.iter().map(|choice| json!([choice["path"], choice["present"], choice["tags"]])).collect();
    assert_eq!(
        shown,
        [
            json!([served.path("one.png"), false, ["first"]]),
            json!([served.path("two.png"), false, ["second"]]),
        ]
    );
    assert_eq!(served.ask("GET", "/api/v1/status", &Value::Null).json()["reviews"], 1);
    assert!(served.ask("GET", "/metrics", &Value::Null).text().contains("\nlumidex_reviews 1\n"));

    let (number, second) = (&open["number"], &choices[1]["image"]);
    for (number, take, status) in [
        (&json!(999_999), &Value::Null, 404),
        (&Value::Null, &Value::Null, 400),
        (number, &open["image"], 400),
        (number, &json!(999_999), 400),
        (number, &json!(-1), 400),
        (number, &json!("x"), 400),
    ] {
        let reply = settle(&served, number, take);
        assert_eq!(reply.status, status, "{number} {take} {}", reply.text());
        reply.assert_problem();
    }
    assert_eq!(settle(&served, number, second).json(), Value::Null);
    assert_eq!(reviews(&served), [] as [Value; 0]);
    assert_eq!(tags(&served, "sub/back.png"), ["second"]);
    assert_eq!(settle(&served, number, second).status, 404, "what is settled is settled");
    assert_eq!(served.ask("GET", "/api/v1/status", &Value::Null).json()["reviews"], 0);
}

#[test]
fn keeping_leaves_all_as_it_is() {
    let (served, open) = ambiguous(|_, _| {});
    assert_eq!(settle(&served, &open["number"], &Value::Null).json(), Value::Null);
    assert_eq!(reviews(&served), [] as [Value; 0]);
    assert_eq!(tags(&served, "sub/back.png"), [] as [&str; 0]);
}

#[test]
fn two_that_were_worked_on_can_be_made_one() {
    let served = Served::new();
    let content = pixels([3, 4], "a copy");
    write(&served, "old.png", &content, 1);
    update(&served);
    served.tagged("first", &["old.png"]);
    // As told by an event: no walk has looked whether the old one is still there.
    write(&served, "copy.png", &content, 2);
    let old =
        served.library.reader().unwrap().image_at(served.path("old.png").as_bytes()).unwrap().unwrap().1;
    let file = std::fs::metadata(served.path("copy.png")).unwrap();
    let copy = Seen {
        root: served.library.reader().unwrap().roots().unwrap()[0].0,
        folder: RelPath::from_bytes(b""),
        name: b"copy.png".to_vec(),
        sighting: Sighting {
            size: file.len(),
            modified: Timestamp(file.mtime() * 1_000_000_000 + file.mtime_nsec()),
            inode: file.ino(),
            ..Sighting::default()
        },
        media: old.media,
        fingerprint: old.fingerprint,
        pixel_width: old.pixel_width,
        pixel_height: old.pixel_height,
        text: None,
        holes: Vec::new(),
        rule_tags: Vec::new(),
        complaints: 0,
        note: lumidex_schema::note::Note::default(),
        elsewhere: Elsewhere::default(),
    };
    served.library.ledger().observe(vec![Observation::Seen(Box::new(copy))]).unwrap();
    served.tagged("second", &["copy.png"]);
    std::fs::remove_file(served.path("old.png")).unwrap();
    update(&served);
    let open = reviews(&served);
    assert_eq!((open.len(), &open[0]["kind"], &open[0]["tags"]), (1, &json!("both"), &json!(["second"])));
    let take = &open[0]["choices"][0]["image"];
    assert_eq!(settle(&served, &open[0]["number"], take).json(), Value::Null);
    let mut both = tags(&served, "copy.png");
    both.sort();
    assert_eq!(both, ["first", "second"]);
}

#[test]
fn a_file_that_was_rewritten_can_be_another_picture() {
    let served = Served::new();
    write(&served, "x.png", &pixels([5, 6], "a cat\nSteps: 5, Sampler: Euler, Seed: 1"), 1);
    update(&served);
    served.tagged("cat", &["x.png"]);
    write(&served, "x.png", &pixels([7, 8], "a ship\nSteps: 9, Sampler: DDIM, Seed: 2"), 2);
    update(&served);
    let open = reviews(&served);
    let choice = &open[0]["choices"][0];
    assert_eq!((&open[0]["kind"], &choice["present"]), (&json!("replaced"), &json!(true)));
    assert_eq!((&choice["path"], &choice["tags"]), (&json!(served.path("x.png")), &json!(["cat"])));
    assert_eq!(settle(&served, &open[0]["number"], &choice["image"]).json(), Value::Null);
    assert_eq!(tags(&served, "x.png"), [] as [&str; 0]);
}

#[test]
fn what_may_not_be_shown_is_not_asked_about() {
    let (served, open) = ambiguous(|_, _| {});
    let (number, first) = (open["number"].clone(), open["choices"][0]["image"].clone());
    for (allowed, n_open) in [("pics/sub", 1), ("pics/sub/deep", 0)] {
        let narrow = served.served_again(|settings, dir| settings.allowed_paths = vec![dir.join(allowed)]);
        let reply = narrow("GET", &Value::Null);
        let open = reply.json()["reviews"].as_array().unwrap().clone();
        assert_eq!(open.len(), n_open, "{allowed}");
        assert!(!reply.text().contains("one.png"), "{}", reply.text());
        let status = narrow("POST", &json!({ "number": number, "take": first })).status;
        assert_eq!(status, if n_open == 1 { 400 } else { 404 }, "{allowed}");
    }
    assert_eq!(reviews(&served).len(), 1);
}
