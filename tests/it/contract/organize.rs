//! Contract 7 and steps 2 to 6 of 18.11: organizing files as a job with a preview, in both dialects.

use super::served::{PREFIXES, Reply, Served};
use crate::support::topics::{Given, Said};
use crate::support::upstream::{self, Mock};
use crate::support::watched::until;
use lumidex::settings::{AccessControl, Permission};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::sync::Arc;

const FOXES: Said = ("Red foxes", &["fox", "red"], &["a.png", "sub/c.png"]);
const DOGS: Said = ("Dogs: blue", &["dog"], &["b.png"]);
const REST: &str = "sub/deep/猫 100%20 ü.png";

/// A fresh library for each dialect, with these topics: what is done to files can be done once.
fn in_both(topics: &[Said], noise: &[&'static str], check: impl Fn(&Served, &str, &Arc<Given>)) {
    for prefix in PREFIXES {
        let given = Given::new(topics, noise);
        check(&Served::finding(&given, |_, _| {}), prefix, &given);
    }
}

fn post(served: &Served, prefix: &str, route: &str, body: &Value) -> Reply {
    served.ask("POST", &format!("{prefix}/db/organize_files_{route}"), body)
}

fn job(served: &Served, prefix: &str, id: &str) -> Value {
    let reply = served.ask("GET", &format!("{prefix}/db/organize_files_status?job_id={id}"), &Value::Null);
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

/// Polls as clients do until it stops changing by itself.
#[track_caller]
fn ended(served: &Served, prefix: &str, id: &str) -> Value {
    let ask = || job(served, prefix, id);
    let is_ended =
        |job: &Value| ["preview_ready", "done", "error"].contains(&job["status"].as_str().unwrap());
    until("the job comes to rest", || is_ended(&ask()), || ask().to_string());
    ask()
}

#[track_caller]
fn start(served: &Served, prefix: &str, body: &Value) -> String {
    let reply = post(served, prefix, "start", body);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let answer = reply.json();
    let id = answer["job_id"].as_str().unwrap();
    assert_eq!((answer.as_object().unwrap().len(), id.len()), (1, 32));
    id.to_owned()
}

#[track_caller]
fn confirm(served: &Served, prefix: &str, body: &Value) -> Value {
    let reply = post(served, prefix, "confirm", body);
    assert_eq!((reply.status, reply.json()), (200, json!({ "ok": true, "job_id": body["job_id"] })));
    ended(served, prefix, body["job_id"].as_str().unwrap())
}

/// As the page of the original asks.
fn asked(served: &Served) -> Value {
    json!({ "folder_paths": [served.path("")], "lang": "en", "dest_folder": served.path("sorted"),
        "min_cluster_size": 3, "action": "move", "recursive": true })
}

fn exists(served: &Served, below: &str) -> bool {
    Path::new(&served.path(below)).exists()
}

fn tags(served: &Served, below: &str) -> Vec<String> {
    let path = served.path(below);
    let answer = served.get("POST", "/db/get_image_tags", &json!({ "paths": [&path] }));
    let tags = answer[&path].as_array().cloned().unwrap_or_default();
    tags.iter().map(|tag| tag["name"].as_str().unwrap().to_owned()).collect()
}

fn undo(served: &Served, job: &Value) -> Reply {
    served.ask("POST", "/api/v1/undo", &json!({ "number": job["result"]["operation"] }))
}

#[test]
fn files_are_organized_as_the_page_asks_for_it() {
    in_both(&[FOXES, DOGS], &[REST], |served, prefix, given| {
        served.tagged("keep", &["a.png"]);
        fs::write(served.path("a.txt"), "beside").unwrap();
        fs::create_dir_all(served.path("sorted/RED FOXES")).unwrap();
        let id = start(served, prefix, &asked(served));
        let ready = ended(served, prefix, &id);
        let mapping = |from: &str, folder: &str, name: &str, cluster: &str, is_noise: bool| {
            json!({ "src_path": served.path(from), "dest_folder_name": folder, "cluster_id": cluster,
                "dest_path": served.path(&format!("sorted/{folder}/{name}")), "is_noise": is_noise })
        };
        let foxes = [
            mapping("a.png", "RED FOXES", "a.png", "topic_0", false),
            mapping("sub/c.png", "RED FOXES", "c.png", "topic_0", false),
        ];
        let dogs = [mapping("b.png", "Dogs blue", "b.png", "topic_1", false)];
        let rest = [mapping(REST, "Unsorted", "猫 100%20 ü.png", "__noise__", true)];
        let all: Vec<&Value> = foxes.iter().chain(&dogs).chain(&rest).collect();
        assert_eq!(
            ready["preview"],
            json!({ "job_id": id, "dest_folder": served.path("sorted"), "total_files": 4, "errors": [],
                "clusters": [
                    { "cluster_id": "topic_0", "suggested_folder_name": "RED FOXES", "title": "Red foxes",
                        "keywords": ["fox", "red"], "size": 2, "file_mappings": foxes },
                    { "cluster_id": "topic_1", "suggested_folder_name": "Dogs blue", "title": "Dogs: blue",
                        "keywords": ["dog"], "size": 1, "file_mappings": dogs }],
                "noise": { "cluster_id": "__noise__", "suggested_folder_name": "Unsorted", "title": "Unsorted",
                    "keywords": [], "size": 1, "file_mappings": rest },
                "all_mappings": all })
        );
        assert_eq!(
            ready["req"],
            json!({ "folder_paths": [served.path("").trim_end_matches('/')], "dest_folder": served.path("sorted"),
                "threshold": 0.9, "min_cluster_size": 3, "lang": "en", "recursive": true,
                "folder_naming": "title", "max_folder_name_length": 50, "action": "move",
                "handle_noise": "unsorted", "noise_folder_name": "Unsorted" })
        );
        assert_eq!((&ready["progress"]["stage"], ready.get("result")), (&json!("preview_ready"), None));
        assert_eq!(given.asked.lock()[0].existing_folder_names, ["RED FOXES"]);
        assert_eq!(given.asked.lock()[0].min_cluster_size, 3);
        assert!(exists(served, "a.png") && !exists(served, "sorted/Dogs blue"), "nothing is touched yet");

        let edits = json!({ "job_id": id, "folder_edits": [{ "cluster_id": "topic_1", "new_folder_name": "a/b:" }],
            "skip_cluster_ids": ["__noise__", "nobody"] });
        let done = confirm(served, prefix, &edits);
        assert_eq!((&done["status"], &done["progress"]["stage"]), (&json!("done"), &json!("done")));
        assert_eq!((&done["result"]["moved_count"], &done["result"]["errors"]), (&json!(3), &json!([])));
        assert_eq!(done["result"]["created_folders"], json!([served.path("sorted/a b")]));
        assert_eq!(
            (&done["progress"]["moved_done"], &done["progress"]["moved_total"]),
            (&json!(3), &json!(3))
        );
        assert_eq!(done["preview"], ready["preview"], "it stays in later answers");
        for path in [
            "sorted/RED FOXES/a.png",
            "sorted/RED FOXES/a.txt",
            "sorted/RED FOXES/c.png",
            "sorted/a b/b.png",
            REST,
        ] {
            assert!(exists(served, path), "{path}");
        }
        assert_eq!(tags(served, "sorted/RED FOXES/a.png"), ["keep"]);
        assert!(!exists(served, "a.png") && !exists(served, "a.txt") && !exists(served, "sorted/Unsorted"));

        assert_eq!(undo(served, &done).status, 200);
        assert!(exists(served, "a.png") && exists(served, "a.txt") && exists(served, "sub/c.png"));
        assert!(!exists(served, "sorted/a b") && exists(served, "sorted/RED FOXES"));
        assert_eq!(tags(served, "a.png"), ["keep"]);
    });
}

#[test]
fn two_quick_confirms_run_an_organize_job_once() {
    in_both(&[FOXES], &[], |served, prefix, _| {
        let id = start(served, prefix, &asked(served));
        ended(served, prefix, &id);
        let body = json!({ "job_id": id });
        let ask = || post(served, prefix, "confirm", &body).status;
        let mut said = [ask(), ask()];
        said.sort_unstable();
        assert_eq!(said, [200, 400]);
        let done = ended(served, prefix, &id);
        assert_eq!(done["result"]["moved_count"], 2);
        let history = served.ask("GET", "/api/v1/undo", &Value::Null).json();
        let organized = history["deeds"].as_array().unwrap().iter().filter(|deed| deed["kind"] == "organize");
        assert_eq!(organized.count(), 1);
        assert_eq!(ask(), 400, "and not after it either");
    });
}

#[test]
fn what_is_wrong_is_said_before_anything_begins() {
    let given = Given::new(&[FOXES], &[]);
    let served = Served::finding(&given, |_, _| {});
    let with = |key: &str, value: Value| {
        let mut body = asked(&served);
        body[key] = value;
        body
    };
    for (body, status) in [
        (with("folder_paths", json!([])), 400),
        (with("folder_paths", Value::Null), 400),
        (with("folder_paths", json!([served.path("none")])), 400),
        (with("folder_paths", json!([served.path("a.png")])), 400),
        (with("dest_folder", json!(served.path("a.png"))), 400),
        (with("folder_naming", json!("name")), 400),
        (with("folder_naming", json!("template")), 400),
        (with("template", json!("{nothing}")), 400),
        (with("action", json!("link")), 400),
        (with("handle_noise", json!("drop")), 400),
        (with("recursive", json!("yes")), 400),
        (with("lang", json!("x".repeat(2_000))), 400),
    ] {
        served.refused("POST", "/db/organize_files_start", &body, status);
    }
    served.refused("GET", "/db/organize_files_status", &Value::Null, 400);
    served.refused("GET", "/db/organize_files_status?job_id=none", &Value::Null, 404);
    served.refused("POST", "/db/organize_files_confirm", &json!({}), 400);
    served.refused("POST", "/db/organize_files_confirm", &json!({ "job_id": "none" }), 404);
    assert!(given.asked.lock().is_empty());
    let text = served.ask("POST", "/iib/db/organize_files_start", &with("template", json!("ab{x"))).text();
    assert!(text.contains("character 3"), "{text}");
}

#[test]
fn only_who_may_write_there_may_organize() {
    let given = Given::new(&[FOXES], &[]);
    let served = Served::finding(&given, |settings, _| settings.access = AccessControl::Enable);
    let private = served.dir.path().join("private").to_str().unwrap().to_owned();
    let mut body = asked(&served);
    body["dest_folder"] = json!(private);
    served.refused("POST", "/db/organize_files_start", &body, 403);
    body["dest_folder"] = json!(served.path("out/x"));
    served.refused("POST", "/db/organize_files_start", &body, 403);
    body["folder_paths"] = json!([private]);
    served.refused("POST", "/db/organize_files_start", &body, 403);
    // A folder of the destination that is a link that leads out.
    let mut body = asked(&served);
    body["dest_folder"] = json!(served.path(""));
    let id = start(&served, PREFIXES[0], &body);
    ended(&served, PREFIXES[0], &id);
    let edits = json!([{ "cluster_id": "topic_0", "new_folder_name": "out" }]);
    let confirm = json!({ "job_id": id, "folder_edits": edits });
    served.refused("POST", "/db/organize_files_confirm", &confirm, 403);
    assert!(exists(&served, "a.png"));

    let read_only =
        Served::finding(&Given::new(&[], &[]), |settings, _| settings.permission = Permission::ReadOnly);
    read_only.refused("POST", "/db/organize_files_start", &asked(&read_only), 403);
    read_only.refused("POST", "/db/organize_files_confirm", &json!({ "job_id": "x" }), 403);
    read_only.refused("GET", "/db/organize_files_status?job_id=x", &Value::Null, 404);
}

#[test]
fn noise_is_moved_listed_or_counted() {
    for (mode, total, noise_mappings) in [("unsorted", 3, 1), ("leave", 2, 1), ("skip", 2, 0)] {
        in_both(&[FOXES], &[REST], |served, prefix, _| {
            let mut body = asked(served);
            (body["handle_noise"], body["noise_folder_name"]) = (json!(mode), json!("Red: foxes"));
            let id = start(served, prefix, &body);
            let preview = ended(served, prefix, &id)["preview"].clone();
            let noise = &preview["noise"];
            assert_eq!((&preview["total_files"], &noise["size"]), (&json!(total), &json!(1)), "{mode}");
            let listed = noise["file_mappings"].as_array().unwrap();
            assert_eq!(listed.len(), noise_mappings, "{mode}");
            assert_eq!(preview["all_mappings"].as_array().unwrap().len(), total, "{mode}");
            match mode {
                "unsorted" => assert_eq!(noise["suggested_folder_name"], "Red foxes_1"),
                _ => assert_eq!(noise["suggested_folder_name"], ""),
            }
            if mode == "leave" {
                assert_eq!(
                    (&listed[0]["dest_path"], &listed[0]["dest_folder_name"]),
                    (&json!(served.path(REST)), &json!(""))
                );
            }
            let done = confirm(served, prefix, &json!({ "job_id": id }));
            assert_eq!(done["result"]["moved_count"], total);
            assert_eq!(exists(served, REST), mode != "unsorted", "{mode}");
        });
    }
}

#[test]
fn organizing_never_overwrites() {
    in_both(&[("X", &[], &["a.png", "sub/a.png", "sub/deep/a.png"])], &[], |served, prefix, _| {
        for (below, says) in [("sub/a.png", "second"), ("sub/deep/a.png", "third")] {
            fs::write(served.path(below), super::served::png(says)).unwrap();
        }
        fs::create_dir_all(served.path("sorted/X")).unwrap();
        fs::write(served.path("sorted/X/a (1).png"), "another").unwrap();
        served.library.update().unwrap();
        let content = |below: &str| fs::read(served.path(below)).unwrap();
        let before = ["a.png", "sub/a.png", "sub/deep/a.png"].map(content);
        let id = start(served, prefix, &asked(served));
        let ready = ended(served, prefix, &id);
        let places: Vec<&str> = ready["preview"]["all_mappings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|mapping| mapping["dest_path"].as_str().unwrap().rsplit('/').next().unwrap())
            .collect();
        assert_eq!(places, ["a.png", "a (2).png", "a (3).png"]);
        // Somebody is quicker.
        fs::write(served.path("sorted/X/a (2).png"), "quicker").unwrap();
        let done = confirm(served, prefix, &json!({ "job_id": id }));
        assert_eq!(done["result"]["moved_count"], 3);
        let errors = done["result"]["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 2, "it is said that names are others: {errors:?}");
        assert_eq!(
            (&errors[0]["src"], &errors[0]["renamed"]),
            (&json!(served.path("sub/a.png")), &json!(true))
        );
        assert_eq!(errors[0]["dest"], json!(served.path("sorted/X/a (3).png")));
        let after = ["sorted/X/a.png", "sorted/X/a (3).png", "sorted/X/a (4).png"].map(content);
        assert_eq!(after, before);
        assert_eq!(content("sorted/X/a (1).png"), b"another");
        assert_eq!(content("sorted/X/a (2).png"), b"quicker");
        assert_eq!(undo(served, &done).status, 200);
        assert_eq!(["a.png", "sub/a.png", "sub/deep/a.png"].map(content), before);
    });
}

#[test]
fn copies_leave_everything_where_it_is() {
    in_both(&[FOXES], &[], |served, prefix, _| {
        served.tagged("keep", &["a.png"]);
        fs::write(served.path("a.txt"), "beside").unwrap();
        let mut body = asked(served);
        body["action"] = json!("copy");
        let id = start(served, prefix, &body);
        ended(served, prefix, &id);
        let done = confirm(served, prefix, &json!({ "job_id": id }));
        assert_eq!(done["result"]["moved_count"], 2);
        for name in ["a.png", "a.txt"] {
            let copy = fs::read(served.path(&format!("sorted/Red foxes/{name}"))).unwrap();
            assert_eq!(copy, fs::read(served.path(name)).unwrap());
        }
        assert_eq!(
            (tags(served, "a.png"), tags(served, "sorted/Red foxes/a.png")),
            (vec!["keep".to_owned()], vec![])
        );
        served.library.update().unwrap();
        assert!(tags(served, "sorted/Red foxes/a.png").is_empty(), "a copy is a picture of its own");
        assert_eq!(undo(served, &done).status, 200);
        assert!(exists(served, "a.png") && !exists(served, "sorted"));
    });
}

#[test]
fn folders_are_named_by_a_template_without_topics() {
    in_both(&[], &[], |served, prefix, given| {
        let mut body = asked(served);
        (body["folder_naming"], body["template"]) = (json!("template"), json!("{sampler}/{date:%Y-%m}"));
        (body["folder_paths"], body["recursive"]) = (json!([served.path("")]), json!(false));
        let id = start(served, prefix, &body);
        let ready = ended(served, prefix, &id);
        assert!(given.asked.lock().is_empty(), "no topics are needed");
        let folders: Vec<&str> = ready["preview"]["clusters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|cluster| cluster["suggested_folder_name"].as_str().unwrap())
            .collect();
        assert_eq!(folders, ["DDIM/2026-11", "Euler a/2026-11", "unknown/2026-11"]);
        assert_eq!(
            (&ready["req"]["template"], &ready["preview"]["noise"]["size"]),
            (&json!("{sampler}/{date:%Y-%m}"), &json!(0))
        );
        let skip = &ready["preview"]["clusters"][2]["cluster_id"];
        let done = confirm(served, prefix, &json!({ "job_id": id, "skip_cluster_ids": [skip] }));
        assert_eq!(done["result"]["moved_count"], 2);
        assert!(
            exists(served, "sorted/DDIM/2026-11/b.png") && exists(served, "sorted/Euler a/2026-11/a.png")
        );
        assert!(exists(served, "broken.png"));
        assert_eq!(undo(served, &done).status, 200);
        assert!(!exists(served, "sorted") && exists(served, "b.png"));
    });
}

#[test]
fn a_job_that_fails_says_why_and_touches_nothing() {
    let served = Served::new();
    let mock = Mock::start();
    mock.decide(|_| Some(upstream::Reply::Status(401, "who are you".to_owned())));
    served.library.use_upstream(Arc::new(mock.upstream()));
    for prefix in PREFIXES {
        let id = start(&served, prefix, &asked(&served));
        let failed = ended(&served, prefix, &id);
        assert_eq!((&failed["status"], &failed["progress"]["stage"]), (&json!("error"), &json!("error")));
        assert!(failed["error"].as_str().is_some_and(|why| why.contains("who are you")), "{failed}");
        served.refused("POST", "/db/organize_files_confirm", &json!({ "job_id": id }), 400);
    }
    assert!(exists(&served, "a.png"));
}

#[test]
fn a_preview_can_be_asked_for_in_short() {
    let given = Given::new(&[FOXES], &[REST]);
    let served = Served::finding(&given, |_, _| {});
    let id = start(&served, PREFIXES[0], &asked(&served));
    ended(&served, PREFIXES[0], &id);
    let short = served.get("GET", &format!("/db/organize_files_status?job_id={id}&samples=1"), &Value::Null);
    let preview = &short["preview"];
    assert_eq!((&preview["total_files"], &preview["all_mappings"]), (&json!(3), &json!([])));
    assert_eq!(preview["clusters"][0]["file_mappings"].as_array().unwrap().len(), 1);
    assert_eq!(preview["clusters"][0]["size"], 2);
}
