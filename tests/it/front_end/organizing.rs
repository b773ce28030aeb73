//! 18.11: a folder put in order by topics: its vectors, a job, the preview a person changes, and the moves.

use super::page::{Page, below, encoded};
use super::served::Served;
use crate::support::watched::until;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeSet;

changing!(a_folder_is_organized_by_moving, a_folder_is_organized_by_copying);

fn a_folder_is_organized_by_moving(served: &mut Served) {
    organized(served, "move", "~moved");
}

fn a_folder_is_organized_by_copying(served: &mut Served) {
    organized(served, "copy", "~copied");
}

fn organized(served: &Served, action: &str, into: &str) {
    let page = served.page();
    let (folder, listing) = served.folder_of_images(&page, 40);
    let images = listing.iter().filter(|entry| entry.media().is_some()).count();
    let dest = served.pics(into);
    let made = page.post("/db/build_iib_output_embeddings", &json!({ "folder": folder, "recursive": true }));
    assert!(made["count"].as_u64().expect("a number") > 0, "{made}");
    let started = page.post(
        "/db/organize_files_start",
        &json!({ "folder_paths": [folder], "lang": "en", "dest_folder": dest, "min_cluster_size": 3,
            "action": action, "recursive": true }),
    );
    let id = started["job_id"].as_str().expect("a text");
    let ready = ended(&page, id, &["preview_ready", "done", "error"]);
    assert_eq!(ready["status"], "preview_ready", "{}", ready["error"]);
    let preview = &ready["preview"];
    let clusters = check_preview(&page, preview, &dest);
    assert!(preview["total_files"].as_u64().unwrap() <= images as u64);
    assert!(clusters.len() > 1, "{preview}");

    // One folder gets another name, the smallest is left out.
    let (named, left_out) = (&clusters[0], clusters.last().unwrap());
    page.post(
        "/db/organize_files_confirm",
        &json!({ "job_id": id, "folder_edits": [{ "cluster_id": named.id, "new_folder_name": "Named by hand" }],
            "skip_cluster_ids": [left_out.id] }),
    );
    let done = ended(&page, id, &["done", "error"]);
    assert_eq!(done["status"], "done", "{}", done["error"]);
    assert_eq!(texts_of(&done["result"]["errors"]), 0, "{}", done["result"]);

    // The folder is shown again, and the one that was filled.
    let left: BTreeSet<String> = page.list(&folder).into_iter().map(|entry| entry.path).collect();
    let placed: Vec<String> =
        page.list(&below(&dest, "Named by hand")).into_iter().map(|entry| entry.name).collect();
    for from in &named.from {
        let name = from.rsplit('/').next().unwrap();
        assert!(placed.iter().any(|placed| placed == name), "{name} in {placed:?}");
        assert_eq!(left.contains(from), action == "copy", "{from}");
    }
    assert!(left_out.from.iter().all(|from| left.contains(from)));
    assert_eq!(done["result"]["moved_count"], moved(preview, &left_out.id));
    page.does("POST", "/db/update_image_data", &json!({}));
    let found = page.looked_up(&[&below(&dest, "Named by hand")]);
    assert!(found.len() == 1 && found[0].is_folder && found[0].is_indexed);
}

/// A cluster of the preview.
struct Previewed {
    id: String,
    from: Vec<String>,
}

/// What the preview dialog reads; clusters with files, as it lists them.
fn check_preview(page: &Page, preview: &Value, dest: &str) -> Vec<Previewed> {
    assert_eq!(preview["dest_folder"], *dest);
    assert!(preview["noise"].is_object() && preview["noise"]["size"].is_u64(), "{}", preview["noise"]);
    let mut total = preview["noise"]["file_mappings"].as_array().expect("an array").len();
    let mut clusters = Vec::new();
    for cluster in preview["clusters"].as_array().expect("an array") {
        let mappings = cluster["file_mappings"].as_array().expect("an array");
        assert_eq!(cluster["size"], mappings.len());
        assert!(!cluster["suggested_folder_name"].as_str().expect("a text").is_empty());
        let from = mappings.iter().map(|mapping| mapping["src_path"].as_str().expect("a text").to_owned());
        clusters.push(Previewed {
            id: cluster["cluster_id"].as_str().expect("a text").to_owned(),
            from: from.collect(),
        });
        total += mappings.len();
        // A pointer rests on it.
        let path = encoded(mappings[0]["src_path"].as_str().unwrap());
        let route = format!("/image-thumbnail?path={path}&t=1795363958250&size=512x512");
        assert_eq!(page.ask("GET", &route, &Value::Null, &[]).status, 200, "{route}");
    }
    assert_eq!(preview["total_files"], total);
    clusters
}

/// Files that are not left out.
fn moved(preview: &Value, left_out: &str) -> usize {
    let mappings = preview["all_mappings"].as_array().unwrap();
    mappings.iter().filter(|mapping| mapping["cluster_id"] != left_out).count()
}

fn texts_of(errors: &Value) -> usize {
    errors.as_array().expect("an array").len()
}

/// Asks until the page stops asking.
#[track_caller]
fn ended(page: &Page, id: &str, ends: &[&str]) -> Value {
    let last = RefCell::new(Value::Null);
    let is_ended = || {
        let job = page.get_of("/db/organize_files_status", "job_id", id);
        let status = job["status"].as_str().expect("a text").to_owned();
        assert!(["queued", "running", "preview_ready", "moving", "done", "error"].contains(&status.as_str()));
        let progress = &job["progress"];
        assert!(progress["stage"].is_string(), "{progress}");
        if status == "running" {
            for count in ["embedded_done", "to_embed", "clusters_done", "clusters_total"] {
                assert!(progress[count].is_u64(), "{progress}");
            }
        }
        *last.borrow_mut() = job;
        ends.contains(&status.as_str())
    };
    until("the job comes to rest", is_ended, || last.borrow()["progress"].to_string());
    last.into_inner()
}
