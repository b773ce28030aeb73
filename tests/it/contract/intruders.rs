//! Nobody gets in: paths that try to leave the roots, on every route that takes one.

use super::served::{Served, names};
use lumidex::serve::routes;
use lumidex::settings::AccessControl;
use serde_json::{Value, json};

/// Ways to name a file that lies outside.
fn ways_out(served: &Served) -> Vec<String> {
    let top = served.dir.path().to_str().unwrap();
    let pics = format!("{top}/pics");
    vec![
        format!("{top}/private/secret.txt"),
        format!("{top}/private/real.png"),
        format!("{pics}/../private/secret.txt"),
        format!("{pics}/sub/../../private/real.png"),
        format!("{pics}/./../private//real.png"),
        format!("{pics}/out/real.png"),
        format!("{pics}/out/secret.txt"),
        format!("{pics}-private/x.png"),
        "private/real.png".to_owned(),
        "../../../../../../../../etc/passwd".to_owned(),
        "/etc/passwd".to_owned(),
        "/proc/self/environ".to_owned(),
        "/proc/self/root/etc/passwd".to_owned(),
        "/dev/zero".to_owned(),
        top.to_owned(),
        "/".to_owned(),
    ]
}

/// How a path can be written into a query string.
fn encodings(path: &str) -> Vec<String> {
    let every: String = path.bytes().map(|byte| format!("%{byte:02x}")).collect();
    vec![
        path.replace('%', "%25").replace(' ', "%20"),
        every,
        path.replace("..", "%2e%2E").replace('/', "%2F"),
    ]
}

#[test]
fn with_access_control_no_route_reads_outside() {
    let served = Served::with(|settings, _| settings.access = AccessControl::Enable);
    // Ancestors of a root may be looked at, nothing more.
    let top = served.dir.path().to_str().unwrap().to_owned();
    let is_ancestor = |path: &str| path == "/" || path == top;
    // These answer with paths and take none.
    let takes_none = ["/db/random_images", "/review", "/undo"];
    for row in routes().filter(|row| row.paths && row.method == "GET" && !takes_none.contains(&row.path)) {
        let is_listing = row.path == "/files";
        for path in ways_out(&served) {
            if is_listing && is_ancestor(&path) {
                continue;
            }
            for encoded in encodings(&path) {
                let prefix = row.prefix.replace("{B}", "/iib");
                let route = row.path.replace("{filename}", "real.png");
                let name = match row.path {
                    "/files" => "folder_path",
                    "/search" => "folder",
                    _ => "path",
                };
                let reply = served.ask("GET", &format!("{prefix}{route}?{name}={encoded}"), &Value::Null);
                assert_eq!(reply.status, 403, "{} {encoded} {:?}", row.path, reply.text());
                reply.assert_problem();
            }
        }
    }
    let tag = served.tagged("fav", &[]);
    for path in ways_out(&served) {
        served.refused("POST", &format!("/send_img_path?path={}", encodings(&path)[1]), &Value::Null, 403);
        let want = json!({ &path: is_ancestor(&path) });
        served.check("POST", "/check_path_exists", &json!({ "paths": [path] }), 200, &want);
        if !is_ancestor(&path) {
            served.refused("POST", "/batch_get_files_info", &json!({ "paths": [path] }), 403);
        }
        for (method, route, body) in [
            ("POST", "/image_geninfo_batch", json!({ "paths": [path] })),
            ("POST", "/batch_top_4_media_info", json!({ "paths": [path] })),
            ("POST", "/zip", json!({ "paths": [served.path("a.png"), path] })),
            ("POST", "/zip", json!({ "paths": [path], "pack_only": true })),
            ("POST", "/db/get_image_tags", json!({ "paths": [served.path("a.png"), path] })),
            ("POST", "/db/search_by_substr", json!({ "folder_paths": [path] })),
            ("POST", "/db/match_images_by_tags", json!({ "folder_paths": [path] })),
            ("POST", "/db/toggle_custom_tag_to_img", json!({ "img_path": path, "tag_id": tag })),
            (
                "POST",
                "/db/batch_update_image_tag",
                json!({ "img_paths": [path], "action": "add", "tag_id": tag }),
            ),
            ("POST", "/db/extra_paths", json!({ "path": path, "types": ["scanned"] })),
            ("DELETE", "/db/extra_paths", json!({ "path": path, "types": [] })),
            ("POST", "/db/alias_extra_path", json!({ "path": path, "alias": "x" })),
            ("POST", "/db/build_iib_output_embeddings", json!({ "folder": path })),
            ("POST", "/db/cluster_iib_output_job_start", json!({ "folder_paths": [served.path(""), path] })),
            ("POST", "/db/cluster_iib_output_cached", json!({ "folder": path })),
            ("POST", "/db/search_iib_output_by_prompt", json!({ "query": "x", "folder_paths": [path] })),
            ("POST", "/db/cluster_tag_graph", json!({ "folder_paths": [path] })),
            ("POST", "/db/organize_files_start", json!({ "folder_paths": [path] })),
            (
                "POST",
                "/db/organize_files_start",
                json!({ "folder_paths": [served.path("")], "dest_folder": path }),
            ),
            ("POST", "/open_folder", json!({ "path": path })),
            ("POST", "/open_with_default_app", json!({ "path": path })),
        ] {
            served.refused(method, route, &body, 403);
        }
    }
}

#[test]
fn encodings_that_are_decoded_twice_elsewhere_name_nothing_here() {
    let served = Served::with(|settings, _| settings.access = AccessControl::Enable);
    for (path, status) in [
        ("%252e%252e%2fprivate%2freal.png", 404),
        ("..%255cprivate%255creal.png", 404),
        ("..%5cprivate%5creal.png", 404),
        ("%c0%ae%c0%ae/private/real.png", 404),
        ("out%00.png", 400),
        ("a.png%00.txt", 400),
        ("a.png.", 404),
        ("a.png%20", 404),
        ("a.png::$DATA", 404),
    ] {
        let base = served.encoded("").trim_end_matches("%2F").to_owned();
        let reply = served.ask("GET", &format!("/iib/file?path={base}/{path}"), &Value::Null);
        assert_eq!(reply.status, status, "{path} {:?}", reply.text());
        reply.assert_problem();
    }
}

#[test]
fn without_access_control_only_media_by_content_leaves_the_roots() {
    let served = Served::new();
    let file = |below: &str| {
        served.ask("GET", &format!("/iib/file?path={}", below.replace(' ', "%20")), &Value::Null)
    };
    let private = served.dir.path().join("private");
    let private = private.to_str().unwrap();
    assert_eq!(file(&format!("{private}/real.png")).status, 200);
    assert_eq!(file(&format!("{private}/real.png")).header("cache-control"), "");
    for refused in [
        format!("{private}/secret.txt"),
        format!("{private}/fake.png"),
        served.path("out/secret.txt"),
        served.path("out/fake.png"),
        "/etc/passwd".to_owned(),
    ] {
        let reply = file(&refused);
        assert_eq!(reply.status, 403, "{refused}");
        reply.assert_problem();
    }
    assert_eq!(file(&served.path("notes.txt")).status, 200, "inside, everything is served");
    assert_eq!(file(&served.path("broken.png")).status, 200);
}

#[test]
fn allowed_paths_confine_searches_too() {
    let served = Served::with(|settings, dir| settings.allowed_paths = vec![dir.join("pics/sub")]);
    let find = |body: &Value| served.get("POST", "/db/search_by_substr", body);
    assert_eq!(names(&find(&json!({}))), ["c.png", "猫 100%20 ü.png"]);
    assert_eq!(names(&find(&json!({ "folder_paths": [served.path("sub/deep")] }))), ["猫 100%20 ü.png"]);
    served.refused("POST", "/db/search_by_substr", &json!({ "folder_paths": [served.path("")] }), 403);
    let mut random = names(&served.get("GET", "/db/random_images", &Value::Null))
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>();
    random.sort();
    assert_eq!(random, ["c.png", "猫 100%20 ü.png"]);
    served.refused("GET", &format!("/file?path={}", served.encoded("a.png")), &Value::Null, 403);
    assert_eq!(served.ask("GET", "/api/v1/search?q=fluffy", &Value::Null).json()["files"], json!([]));
}

#[test]
fn a_link_into_the_allowed_paths_opens_nothing_else() {
    let served = Served::with(|settings, dir| {
        settings.allowed_paths = vec![dir.join("pics/sub")];
        std::os::unix::fs::symlink(dir.join("pics/sub"), dir.join("way-in")).unwrap();
    });
    let way_in = served.dir.path().join("way-in");
    let answer = served.get("POST", "/db/search_by_substr", &json!({ "folder_paths": [way_in] }));
    assert_eq!(names(&answer), [] as [&str; 0]);
}
