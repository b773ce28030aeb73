//! 18.1: what the page asks for when it is opened, over an empty library as well, and what happens the first
//! time a folder is added (18.13, 18.6.2).

use super::page::{Page, below};
use super::served::{FOLDER_TYPES, Served};
use super::shapes::{tags, texts};
use serde_json::{Value, json};

reading!(a_page_is_loaded);

/// Folders that start pages offer, beside the working folder and the home of the person.
const USUAL_OUTPUT: [&str; 6] = [
    "outputs/extras-images",
    "outputs/img2img-grids",
    "outputs/img2img-images",
    "log/images",
    "outputs/txt2img-grids",
    "outputs/txt2img-images",
];

fn a_page_is_loaded(served: &Served) {
    let page = served.page();
    let setting = loads(&page);
    assert_eq!(
        setting["extra_paths"],
        json!([{ "path": served.pics(""), "types": FOLDER_TYPES, "alias": "" }])
    );
    assert_eq!((&setting["is_readonly"], &setting["enable_access_control"]), (&json!(false), &json!(false)));
    let again = page.get("/global_setting");
    assert_eq!(again["app_fe_setting"]["global"], kept(), "what the first visit keeps");
}

/// What the page keeps right after the first visit.
fn kept() -> Value {
    json!({ "lang": "en", "gridSize": [1, null, 2.5], "shortcut": { "toggle_tag_like": "" }, "text": "\"\\ 猫\n" })
}

/// The whole of a first load; gives the settings of the server.
#[track_caller]
pub(super) fn loads(page: &Page) -> Value {
    let setting = starts(page);
    let version = page.get("/version");
    for key in ["tag", "hash"] {
        assert!(version[key].is_null() || version[key].is_string(), "{version}");
    }
    page.keeps("global", &kept());
    setting
}

/// Steps 3 and 4: what the server is like, and which of the usual folders there are.
#[track_caller]
pub(super) fn starts(page: &Page) -> Value {
    let setting = page.get("/global_setting");
    for key in ["global_setting", "app_fe_setting"] {
        assert!(setting[key].is_object(), "{key}");
    }
    for key in ["cwd", "home", "sd_cwd", "launch_mode"] {
        assert!(setting[key].is_string(), "{key}");
    }
    for key in ["is_win", "enable_access_control", "export_fe_fn", "is_readonly"] {
        assert!(setting[key].is_boolean(), "{key}");
    }
    assert_eq!(setting["launch_mode"], "server", "without the menus of a host");
    let custom = tags(&setting["all_custom_tags"]);
    assert!(custom.iter().all(|tag| tag.kind == "custom"), "{custom:?}");
    assert!(custom.iter().any(|tag| tag.name == "like"), "the heart needs it");
    for folder in setting["extra_paths"].as_array().expect("an array of folders") {
        assert!(folder["path"].is_string() && folder["alias"].is_string(), "{folder}");
        let types = texts(&folder["types"]);
        let known = |word: &&str| FOLDER_TYPES.contains(word) || *word == "cli_access_only";
        assert!(!types.is_empty() && types.iter().all(known), "{folder}");
    }
    let [cwd, home] = ["sd_cwd", "home"].map(|key| setting[key].as_str().unwrap().to_owned());
    let mut usual: Vec<String> = USUAL_OUTPUT.iter().map(|folder| below(&cwd, folder)).collect();
    usual.extend([cwd.clone(), home.clone(), below(&home, "Desktop")]);
    let there = page.post("/check_path_exists", &json!({ "paths": usual }));
    for folder in &usual {
        assert!(there[folder].is_boolean(), "{folder} in {there}");
    }
    usual.sort_unstable();
    usual.dedup();
    assert_eq!(there.as_object().unwrap().len(), usual.len(), "{there}");
    setting
}

/// From nothing to a library: the first load, a folder of every type, and the button that makes the index.
#[track_caller]
pub(super) fn begins(served: &Served) {
    let page = served.page();
    loads(&page);
    let info = page.get("/db/basic_info");
    assert_eq!(
        (&info["img_count"], &info["expired"], &info["expired_dirs"]),
        (&json!(0), &json!(false), &json!([]))
    );
    let folder = served.pics("");
    for kind in FOLDER_TYPES {
        assert_eq!(page.post("/check_path_exists", &json!({ "paths": [folder] })), json!({ &folder: true }));
        page.does("POST", "/db/extra_paths", &json!({ "types": [kind], "path": folder }));
        starts(&page);
    }
    let info = page.get("/db/basic_info");
    assert_eq!((&info["img_count"], &info["expired"]), (&json!(0), &json!(true)));
    assert_eq!(info["expired_dirs"], json!([folder]));
    assert_eq!(page.get("/db/expired_dirs"), json!({ "expired": true, "expired_dirs": [folder] }));
    page.does("POST", "/db/update_image_data", &json!({}));
    let info = page.get("/db/basic_info");
    assert_eq!((&info["img_count"], &info["expired"]), (&json!(served.n_images()), &json!(false)));
    assert_eq!(info["expired_dirs"], json!([]));
}

#[test]
fn every_page_opens_over_a_library_that_is_empty() {
    let served = Served::empty();
    let page = served.page();
    // Without a folder, then with one that holds nothing.
    for _ in 0..2 {
        loads(&page);
        assert_eq!(page.list(&served.pics("")).len(), 0);
        let info = page.get("/db/basic_info");
        assert_eq!(info["img_count"], 0);
        let known = tags(&info["tags"]);
        assert!(known.iter().any(|tag| tag.name == "like" && tag.count == 0));
        assert!(known.iter().all(|tag| tag.count == 0), "{known:?}");
        let nothing = json!({ "files": [], "cursor": { "has_next": false, "next": "" } });
        for (route, body) in [
            (
                "search_by_substr",
                json!({ "cursor": "", "regexp": "", "surstr": "x", "path_only": false,
                "folder_paths": [], "media_type": "all" }),
            ),
            (
                "match_images_by_tags",
                json!({ "and_tags": [1], "or_tags": [], "not_tags": [],
                "folder_paths_str": "", "folder_paths": [], "random_sort": false, "cursor": "" }),
            ),
        ] {
            assert_eq!(page.post(&format!("/db/{route}"), &body), nothing, "{route}");
        }
        assert_eq!(page.get("/db/random_images"), json!([]));
        let trend = page.get("/db/stats/trend");
        assert_eq!((&trend["total_images"], &trend["total_disk_usage"]), (&json!(0), &json!(0)));
        for key in
            ["daily_contributions", "monthly_trends", "top_models", "top_samplers", "top_lora", "top_source"]
        {
            assert_eq!(trend[key], json!([]), "{key}");
        }
        let scope = json!({ "threshold": 0.9, "min_cluster_size": 2, "lang": "en", "folder_paths": [served.pics("")] });
        let kept = page.post("/db/cluster_iib_output_cached", &scope);
        assert_eq!(
            (&kept["cache_hit"], &kept["result"], &kept["stale"]),
            (&json!(false), &Value::Null, &json!(true))
        );
        page.refused(
            "POST",
            "/db/cluster_tag_graph",
            &json!({ "folder_paths": [served.pics("")], "lang": "en" }),
            400,
        );
        page.does("POST", "/db/extra_paths", &json!({ "types": ["scanned"], "path": served.pics("") }));
        page.does("POST", "/db/update_image_data", &json!({}));
        assert_eq!(page.get("/db/expired_dirs"), json!({ "expired": false, "expired_dirs": [] }));
    }
}

#[test]
fn the_icon_that_browsers_ask_for_unasked_is_there() {
    let served = Served::empty();
    let reply = served.page().ask_host("GET", "/favicon.ico", &Value::Null, &[]);
    assert_eq!((reply.status, reply.header("content-type")), (200, "image/svg+xml"));
}
