//! Contract 11.5 and what goes with it: texts given by hand, rules put to every image, how reading went.

use super::served::Served;
use lumidex_schema::record::PathType;
use lumidex_schema::tag::TagKind;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

const EDIT: &str =
    "a heron in reeds, dusk\nNegative prompt: smoke\nSteps: 12, Sampler: DDIM, Seed: 99, Model: reedmix";

fn edit(served: &Served, below: &str, text: &str) {
    let body = json!({ "path": served.path(below), "exif": text });
    let answer = served.get("POST", "/update_exif", &body);
    assert_eq!(answer["success"], true);
}

fn text(served: &Served, below: &str) -> String {
    let route = format!("/image_geninfo?path={}", served.encoded(below));
    served.get("GET", &route, &Value::Null).as_str().unwrap().to_owned()
}

fn found(served: &Served, text: &str) -> Vec<String> {
    let answer = served.get("POST", "/db/search_by_substr", &json!({ "surstr": text }));
    let files = answer["files"].as_array().unwrap().iter();
    files.map(|file| file["name"].as_str().unwrap().to_owned()).collect()
}

fn n_with(served: &Served, kind: TagKind, name: &str) -> usize {
    let tag = served.tag(kind, name);
    let body = json!({ "and_tags": [tag], "or_tags": [], "not_tags": [] });
    served.get("POST", "/db/match_images_by_tags", &body)["files"].as_array().unwrap().len()
}

#[test]
fn a_text_given_by_hand_is_shown_searched_and_gives_the_tags() {
    let served = Served::new();
    let before = fs::read(served.path("a.png")).unwrap();
    let custom = served.tagged("mine", &["a.png"]);
    edit(&served, "a.png", EDIT);
    assert_eq!(text(&served, "a.png"), EDIT);
    assert_eq!(found(&served, "heron in reeds"), ["a.png"]);
    assert_eq!(n_with(&served, TagKind::Pos, "dusk"), 1);
    assert_eq!(n_with(&served, TagKind::Model, "reedmix"), 1);
    let tags = served.get("POST", "/db/get_image_tags", &json!({ "paths": [served.path("a.png")] }));
    assert_eq!(tags[served.path("a.png")][0]["id"], custom);
    assert_eq!(fs::read(served.path("a.png")).unwrap(), before, "the file is not touched");
    let shown =
        served.ask("GET", &format!("/api/v1/image?path={}", served.encoded("a.png")), &Value::Null).json();
    assert_eq!(
        (&shown["edited"], &shown["recipe"]["positive"]),
        (&json!(true), &json!("a heron in reeds, dusk"))
    );
}

#[test]
fn a_text_given_by_hand_survives_whatever_becomes_of_the_file() {
    let served = Served::new();
    edit(&served, "a.png", EDIT);
    let path = served.path("a.png");
    // Touched.
    let file = fs::File::options().append(true).open(&path).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    served.get("POST", "/db/update_image_data", &json!({}));
    assert_eq!(text(&served, "a.png"), EDIT);
    // Saved again with another text and the same picture.
    fs::write(&path, super::served::png("a duck\nSteps: 3, Seed: 4")).unwrap();
    served.get("POST", "/db/update_image_data", &json!({}));
    assert_eq!(text(&served, "a.png"), EDIT);
    // Read again, with everything else.
    served.get("POST", "/db/rebuild_index", &json!({}));
    assert_eq!(text(&served, "a.png"), EDIT);
    // Moved behind our back.
    fs::rename(&path, served.path("moved.png")).unwrap();
    served.get("POST", "/db/update_image_data", &json!({}));
    assert_eq!(text(&served, "moved.png"), EDIT);
    // Renamed by us.
    let renaming = json!({ "path": served.path("moved.png"), "name": "named.png" });
    served.get("POST", "/db/rename", &renaming);
    assert_eq!(
        (text(&served, "named.png"), found(&served, "heron in reeds")),
        (EDIT.to_owned(), vec!["named.png".to_owned()])
    );
}

#[test]
fn a_text_given_by_hand_is_taken_back_by_undo_and_by_asking() {
    let served = Served::new();
    let before = text(&served, "a.png");
    edit(&served, "a.png", EDIT);
    edit(&served, "a.png", "another\nSteps: 1, Seed: 2");
    let undo = |want: &str| {
        let reply = served.ask("POST", "/api/v1/undo", &json!({}));
        assert_eq!(reply.status, 200, "{:?}", reply.text());
        assert_eq!(text(&served, "a.png"), want);
    };
    undo(EDIT);
    let history = served.ask("GET", "/api/v1/undo", &Value::Null).json();
    assert_eq!(history["deeds"][0]["kind"], "text_edited");
    edit(&served, "a.png", "third\nSteps: 1, Seed: 2");
    undo(EDIT);
    let body = json!({ "path": served.path("a.png") });
    assert_eq!(served.ask("POST", "/api/v1/text/revert", &body).status, 200);
    assert_eq!(text(&served, "a.png"), before);
    undo(EDIT);
}

#[test]
fn what_cannot_be_edited_is_refused() {
    let served = Served::new();
    served.refused("POST", "/update_exif", &json!({ "path": served.path("none.png"), "exif": "x" }), 404);
    served.refused("POST", "/update_exif", &json!({ "path": served.path("a.png") }), 400);
    served.refused("POST", "/update_exif", &json!({ "exif": "x" }), 400);
    let long = "x".repeat((1 << 20) + 1);
    served.refused("POST", "/update_exif", &json!({ "path": served.path("a.png"), "exif": long }), 400);
    assert!(text(&served, "a.png").starts_with("a cat"));
}

#[test]
fn a_prompt_without_settings_and_an_empty_text_can_be_given() {
    let served = Served::new();
    edit(&served, "a.png", "just a heron");
    assert!(text(&served, "a.png").starts_with("just a heron"));
    assert_eq!(n_with(&served, TagKind::Pos, "just a heron"), 1);
    edit(&served, "a.png", "");
    assert_eq!(text(&served, "a.png"), "");
    edit(&served, "a.png", "{\"not\": \"a prompt\"}");
    assert_eq!(text(&served, "a.png"), "{\"not\": \"a prompt\"}");
}

fn set_rules(served: &Served, rules: &Value) {
    let body = json!({ "name": "auto_tag_rules", "value": rules.to_string() });
    served.get("POST", "/app_fe_setting", &body);
}

fn rule(tag: &str, field: &str, operator: &str, value: &str) -> Value {
    json!([{ "tag": tag, "filters": [{ "field": field, "operator": operator, "value": value }] }])
}

#[test]
fn rules_are_put_to_every_image_on_request_and_respect_what_a_person_took_off() {
    let served = Served::new();
    set_rules(&served, &rule("ruled", "Seed", "regex", "."));
    let apply = || served.ask("POST", "/api/v1/auto-tags/apply", &json!({})).json();
    let first = apply();
    let matched = first["matched"].as_u64().unwrap();
    assert!(matched > 1, "{first}");
    assert_eq!(n_with(&served, TagKind::Custom, "ruled") as u64, matched);
    let tag = served.tag(TagKind::Custom, "ruled");
    served.get(
        "POST",
        "/db/toggle_custom_tag_to_img",
        &json!({ "img_path": served.path("a.png"), "tag_id": tag }),
    );
    apply();
    assert_eq!(n_with(&served, TagKind::Custom, "ruled") as u64, matched - 1, "what was taken off stays off");
    // One undo takes off what the rules put on, another what was taken off by hand before it.
    served.get("POST", "/db/remove_custom_tag", &json!({ "tag_id": tag }));
    apply();
    assert_eq!(
        n_with(&served, TagKind::Custom, "ruled") as u64,
        matched,
        "a tag that is made again is a new one"
    );
    assert_eq!(served.ask("POST", "/api/v1/undo", &json!({})).status, 200);
    assert_eq!(n_with(&served, TagKind::Custom, "ruled"), 0);
}

#[test]
fn a_rule_sees_the_text_that_was_given_by_hand() {
    let served = Served::new();
    set_rules(&served, &rule("reeds", "Model", "equals", "REEDMIX"));
    edit(&served, "a.png", EDIT);
    assert_eq!(n_with(&served, TagKind::Custom, "reeds"), 1, "as soon as it is given");
    set_rules(&served, &rule("smoky", "neg_prompt", "contains", "smoke"));
    served.ask("POST", "/api/v1/auto-tags/apply", &json!({}));
    assert_eq!(n_with(&served, TagKind::Custom, "smoky"), 1, "and with all the others");
}

#[test]
fn the_doctor_counts_who_wrote_the_files_and_why_others_say_nothing() {
    let served = Served::new();
    fs::write(served.path("bare.png"), super::served::png("")).unwrap();
    fs::write(served.path("empty.png"), b"").unwrap();
    served.get("POST", "/db/update_image_data", &json!({}));
    edit(&served, "a.png", EDIT);
    let told = served.ask("GET", "/api/v1/doctor?examples=1000", &Value::Null).json();
    let images = told["images"].as_u64().unwrap();
    let sum = |groups: &str| -> u64 {
        told[groups].as_object().unwrap().values().map(|group| group["files"].as_u64().unwrap()).sum()
    };
    assert_eq!((sum("writers"), sum("containers")), (images, images), "{told}");
    assert!(told["writers"]["a1111"]["files"].as_u64().unwrap() > 0, "{told}");
    assert_eq!(sum("without"), told["writers"]["none"]["files"].as_u64().unwrap(), "{told}");
    let silent = told["without"]["no-text"]["examples"].as_array().unwrap();
    assert!(silent.contains(&json!(served.path("bare.png"))), "{told}");
    assert_eq!(told["complaints"]["empty"]["examples"], json!([served.path("empty.png")]), "{told}");
    assert_eq!((&told["outdated"], &told["edited"]), (&json!(0), &json!(1)));
    assert_eq!(told["slowest"].as_array().unwrap().len() as u64, images);
    assert_eq!(served.ask("GET", "/api/v1/doctor?examples=x", &Value::Null).status, 400);
}

#[test]
fn the_doctor_names_no_file_that_may_not_be_shown() {
    let served = Served::new();
    let other = served.dir.path().join("private");
    served.library.add_extra_path(other.as_os_str().as_bytes(), &[PathType::Scanned]).unwrap();
    served.library.update().unwrap();
    let everything = served.ask("GET", "/api/v1/doctor?examples=1000", &Value::Null).text();
    assert!(everything.contains("/private/"), "{everything}");
    served.library.remove_extra_path(other.as_os_str().as_bytes(), &[]).unwrap();
    let told = served.ask("GET", "/api/v1/doctor?examples=1000", &Value::Null).text();
    assert!(!told.contains("/private/"), "{told}");
}

#[test]
fn graphs_are_given_as_they_stand_in_the_file() {
    let served = Served::new();
    let of = |path: &str| served.ask("GET", &format!("/api/v1/workflow?path={path}"), &Value::Null);
    let plain = of(&served.encoded("a.png"));
    assert_eq!((plain.status, plain.json()), (200, json!({ "api": null, "editor": null })));
    assert_eq!(of(&served.encoded("none.png")).status, 404);
    let graph = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/images/comfyui/graph.png");
    fs::copy(graph, served.path("graph.png")).unwrap();
    let told = of(&served.encoded("graph.png")).json();
    assert!(told["api"].as_str().unwrap().contains("\"class_type\": \"KSampler\""), "{told}");
    assert_eq!(told["editor"], Value::Null, "one without nodes is none");
}
