//! 18.15: whatever goes wrong, the page shows a text. Every error is JSON with one under `detail`; only a key
//! that is missing is told by an object (`key.rs`).

use super::page::encoded;
use super::served::Served;
use serde_json::{Value, json};

reading!(every_error_is_a_text);

fn every_error_is_a_text(served: &Served) {
    let page = served.page();
    let gone = served.pics("odd/gone.png");
    let (there, folder) = (served.pics("odd/a b.png"), served.pics("odd"));
    let film = served.pics("odd/film.mp4");
    let search = |key: &str, value: Value| {
        let mut body = json!({ "cursor": "", "regexp": "", "surstr": "x", "path_only": false, "folder_paths": [],
            "media_type": "all" });
        body[key] = value;
        body
    };
    let tags = |key: &str, value: Value| {
        let mut body = json!({ "and_tags": [], "or_tags": [], "not_tags": [], "folder_paths_str": "",
            "folder_paths": [], "random_sort": false, "cursor": "" });
        body[key] = value;
        body
    };
    let topics = |folder: &str| json!({ "threshold": 0.9, "min_cluster_size": 2, "lang": "en", "folder_paths": [folder] });
    for (route, body, status) in [
        ("/db/search_by_substr", search("regexp", json!("[")), 400),
        ("/db/search_by_substr", search("regexp", json!("(?=x)y")), 400),
        ("/db/search_by_substr", search("cursor", json!("2026-11-22 16:12:38|69")), 400),
        ("/db/search_by_substr", search("media_type", json!("text")), 400),
        ("/db/match_images_by_tags", tags("and_tags", json!([99_999_999])), 404),
        ("/db/match_images_by_tags", tags("and_tags", json!(["x"])), 400),
        ("/db/match_images_by_tags", tags("cursor", json!("nonsense")), 400),
        ("/db/add_custom_tag", json!({ "tag_name": " " }), 400),
        (
            "/db/add_custom_tag",
            json!({ "tag_name": "a name of more than eight words and of more than forty characters" }),
            400,
        ),
        ("/db/toggle_custom_tag_to_img", json!({ "tag_id": 1, "img_path": gone }), 404),
        (
            "/db/toggle_custom_tag_to_img",
            json!({ "tag_id": 1, "img_path": served.more() + "/m-00.png" }),
            400,
        ),
        ("/db/toggle_custom_tag_to_img", json!({ "tag_id": 99_999_999, "img_path": there }), 404),
        ("/db/batch_update_image_tag", json!({ "tag_id": 1, "img_paths": [there], "action": "swap" }), 400),
        ("/db/rename", json!({ "path": gone, "name": "x.png" }), 404),
        ("/db/rename", json!({ "path": there, "name": "film.mp4" }), 400),
        ("/mkdirs", json!({ "dest_folder": there }), 400),
        ("/delete_files", json!({ "file_paths": [gone] }), 400),
        ("/delete_files", json!({ "file_paths": [folder] }), 400),
        (
            "/copy_files",
            json!({ "file_paths": [there], "dest": gone, "create_dest_folder": false, "continue_on_error": false }),
            400,
        ),
        (
            "/move_files",
            json!({ "file_paths": [gone], "dest": folder, "create_dest_folder": false, "continue_on_error": false }),
            404,
        ),
        ("/flatten_folder", json!({ "folder_path": gone, "dry_run": true }), 400),
        ("/zip", json!({ "paths": [gone], "compress": false, "pack_only": false }), 400),
        ("/update_exif", json!({ "path": gone, "exif": "x" }), 404),
        (
            "/set_target_frame_as_video_cover",
            json!({ "path": film, "base64_img": "?", "updated_time": "" }),
            400,
        ),
        ("/db/extra_paths", json!({ "types": ["walk"], "path": gone }), 400),
        ("/db/extra_paths", json!({ "types": ["preset"], "path": folder }), 400),
        ("/db/alias_extra_path", json!({ "path": folder, "alias": "x" }), 400),
        ("/app_fe_setting", json!({ "name": "global", "value": "{" }), 400),
        ("/open_folder", json!({ "path": below_nothing(served) }), 404),
        ("/db/cluster_iib_output_job_start", topics(&gone), 400),
        ("/db/cluster_iib_output_cached", topics(&gone), 400),
        (
            "/db/search_iib_output_by_prompt",
            json!({ "query": " ", "top_k": 80, "ensure_embed": true, "folder_paths": [folder] }),
            400,
        ),
        ("/db/cluster_tag_graph", json!({ "folder_paths": [], "lang": "en" }), 400),
        ("/db/cluster_tag_graph", json!({ "folder_paths": [gone], "lang": "en" }), 400),
        (
            "/db/cluster_tag_graph_cluster_paths",
            json!({ "topic_cluster_cache_key": "00", "cluster_id": "topic_0" }),
            404,
        ),
        ("/db/build_iib_output_embeddings", json!({ "folder": gone, "recursive": true }), 400),
        (
            "/db/organize_files_start",
            json!({ "folder_paths": [gone], "lang": "en", "dest_folder": folder,
            "min_cluster_size": 3, "action": "move", "recursive": true }),
            400,
        ),
        ("/db/organize_files_confirm", json!({ "job_id": "nothing" }), 404),
        ("/no_such_route", json!({}), 404),
    ] {
        page.refused("POST", route, &body, status);
    }
    let [gone_path, there_path, folder_path] = [&gone, &there, &folder].map(|path| encoded(path));
    for (route, status) in [
        ("/files".to_owned(), 400),
        (format!("/files?folder_path={there_path}"), 400),
        (format!("/image-thumbnail?path={gone_path}&size=512x512&t=0"), 404),
        (format!("/image-thumbnail?path={there_path}&size=512&t=0"), 400),
        (format!("/video_cover?path={gone_path}&mt=0"), 404),
        (format!("/video_cover?path={}&mt=0", encoded(&served.pics("odd/gone.mp4"))), 404),
        (format!("/video_cover?path={}&mt=0", encoded(&served.pics("odd/read me.md"))), 400),
        (format!("/file?path={gone_path}&t=0"), 404),
        (format!("/file?path={folder_path}&t=0"), 400),
        (format!("/stream_video?path={gone_path}"), 404),
        (format!("/img/gone.png?path={gone_path}&t=0"), 404),
        (format!("/img/other.png?path={there_path}&t=0"), 400),
        ("/db/cluster_iib_output_job_status?job_id=nothing".to_owned(), 404),
        ("/db/organize_files_status?job_id=nothing".to_owned(), 404),
        ("/mkdirs".to_owned(), 405),
    ] {
        page.refused("GET", &route, &Value::Null, status);
    }
    // Texts and metadata are read as they come: where there is nothing, they are empty and no error.
    assert_eq!(page.text_of(&gone), "");
    assert_eq!(page.get(&format!("/image_exif?path={gone_path}")), json!({}));
    assert_eq!(page.post("/image_geninfo_batch", &json!({ "paths": [gone, there] }))[&gone], "");
    assert_eq!(page.tags_of(&[&gone]), json!({}));
    assert_eq!(page.post("/batch_top_4_media_info", &json!({ "paths": [gone] })), json!({}));
    assert_eq!(page.post("/batch_get_files_info", &json!({ "paths": [gone] })), json!({}));
}

fn below_nothing(served: &Served) -> String {
    served.pics("odd/no such folder") + "/"
}
