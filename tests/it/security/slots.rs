//! Where clients write paths: every parameter of every route that is one, with what else such a request needs to be
//! understood.

use super::ground::Ground;
use serde_json::{Value, json};

/// Stands where the path goes.
pub(super) const HERE: &str = "\u{1}here";

pub(super) struct Slot {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) asked: Asked,
}

pub(super) enum Asked {
    /// A parameter of the query.
    Query(&'static str),
    /// A text somewhere in a body.
    Body(Value),
}

/// Routes whose answers are checked for paths and that take none.
pub(super) const TAKE_NONE: [&str; 5] = [
    "/db/random_images",
    "/review",
    "/undo",
    "/db/cluster_tag_graph_cluster_paths",
    "/db/organize_files_confirm",
];

pub(super) fn slots(ground: &Ground) -> Vec<Slot> {
    let pics = ground.served.path("");
    let picture = ground.served.path("a.png");
    let get = |path, name| Slot { method: "GET", path, asked: Asked::Query(name) };
    let post = |path, body: Value| Slot { method: "POST", path, asked: Asked::Body(body) };
    vec![
        get("/search", "folder"),
        get("/image", "path"),
        get("/file", "path"),
        get("/workflow", "path"),
        get("/similar", "path"),
        get("/files", "folder_path"),
        get("/image-thumbnail", "path"),
        get("/video_cover", "path"),
        get("/stream_video", "path"),
        get("/img/{filename}", "path"),
        get("/image_geninfo", "path"),
        get("/image_exif", "path"),
        get("/db/img_selected_custom_tag", "path"),
        Slot { method: "POST", path: "/send_img_path", asked: Asked::Query("path") },
        post("/roots/accept_empty", json!({ "path": HERE })),
        post("/text/revert", json!({ "path": HERE })),
        post("/delete_files", json!({ "file_paths": [HERE] })),
        post("/delete_files", json!({ "file_paths": [HERE], "permanent": true })),
        post("/mkdirs", json!({ "dest_folder": HERE })),
        post("/mkdirs", json!({ "dest_folder": format!("{HERE}/new/folder") })),
        post("/copy_files", json!({ "file_paths": [HERE], "dest": pics })),
        post("/copy_files", json!({ "file_paths": [picture], "dest": HERE, "create_dest_folder": true })),
        post("/copy_files", json!({ "file_paths": [HERE], "dest": pics, "continue_on_error": true })),
        post("/move_files", json!({ "file_paths": [HERE], "dest": pics })),
        post("/move_files", json!({ "file_paths": [picture], "dest": HERE, "create_dest_folder": true })),
        post("/foresee", json!({ "action": "move", "file_paths": [HERE], "dest": pics })),
        post(
            "/foresee",
            json!({ "action": "copy", "file_paths": [picture], "dest": HERE, "create_dest_folder": true }),
        ),
        post("/foresee", json!({ "action": "trash", "file_paths": [HERE] })),
        post("/db/rename", json!({ "path": HERE, "name": "renamed.png" })),
        post("/flatten_folder", json!({ "folder_path": HERE, "dry_run": true })),
        post("/flatten_folder", json!({ "folder_path": HERE, "dry_run": false })),
        post("/batch_get_files_info", json!({ "paths": [HERE] })),
        post("/check_path_exists", json!({ "paths": [HERE] })),
        post("/zip", json!({ "paths": [HERE] })),
        post("/zip", json!({ "paths": [picture, HERE], "compress": true })),
        post("/zip", json!({ "paths": [HERE], "pack_only": true })),
        post("/batch_top_4_media_info", json!({ "paths": [HERE] })),
        post("/set_target_frame_as_video_cover", json!({ "path": HERE, "base64_img": "aGVsbG8=" })),
        post("/image_geninfo_batch", json!({ "paths": [HERE] })),
        post("/update_exif", json!({ "path": HERE, "exif": "x" })),
        post("/db/search_by_substr", json!({ "folder_paths": [HERE] })),
        post("/db/match_images_by_tags", json!({ "folder_paths": [HERE] })),
        post("/db/get_image_tags", json!({ "paths": [HERE] })),
        post("/db/toggle_custom_tag_to_img", json!({ "img_path": HERE, "tag_id": 1 })),
        post("/db/batch_update_image_tag", json!({ "img_paths": [HERE], "action": "add", "tag_id": 1 })),
        post("/db/build_iib_output_embeddings", json!({ "folder": HERE })),
        post("/db/cluster_iib_output_job_start", json!({ "folder_paths": [HERE] })),
        post("/db/cluster_iib_output_job_start", json!({ "folder": HERE })),
        post("/db/cluster_iib_output_cached", json!({ "folder": HERE })),
        post("/db/search_iib_output_by_prompt", json!({ "query": "cat", "folder_paths": [HERE] })),
        post("/db/search_iib_output_by_prompt", json!({ "query": "cat", "folder": HERE })),
        post("/db/cluster_tag_graph", json!({ "folder_paths": [HERE] })),
        post("/db/organize_files_start", json!({ "folder_paths": [HERE] })),
        post("/db/organize_files_start", json!({ "folder_paths": [pics], "dest_folder": HERE })),
        post("/db/extra_paths", json!({ "path": HERE, "types": ["scanned"] })),
        Slot {
            method: "DELETE",
            path: "/db/extra_paths",
            asked: Asked::Body(json!({ "path": HERE, "types": [] })),
        },
        post("/db/alias_extra_path", json!({ "path": HERE, "alias": "x" })),
        post("/open_folder", json!({ "path": HERE })),
        post("/open_with_default_app", json!({ "path": HERE })),
    ]
}

/// The body with this path where one goes.
pub(super) fn filled(body: &Value, path: &str) -> Value {
    match body {
        Value::String(text) => Value::String(text.replace(HERE, path)),
        Value::Array(items) => items.iter().map(|item| filled(item, path)).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), filled(value, path))).collect())
        }
        other => other.clone(),
    }
}
