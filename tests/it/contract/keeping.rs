//! Nothing is lost, as clients see it: what people did outlives what happens to files and folders.

use super::served::{FIRST_DATE, Served, encode, names, png, write_at};
use lumidex_schema::record::PathType;
use serde_json::{Value, json};
use std::os::unix::ffi::OsStrExt as _;
use std::time::Duration;

fn find(served: &Served, text: &str) -> Value {
    served.get("POST", "/db/search_by_substr", &json!({ "surstr": text }))
}

fn tags_of(served: &Served, path: &str) -> Vec<String> {
    let answer = served.get("POST", "/db/get_image_tags", &json!({ "paths": [path] }));
    let tags = answer.get(path).and_then(Value::as_array).cloned().unwrap_or_default();
    tags.iter().map(|tag| tag["name"].as_str().unwrap().to_owned()).collect()
}

fn update(served: &Served) {
    served.check("POST", "/db/update_image_data", &json!({}), 200, &Value::Null);
}

#[test]
fn a_file_that_is_rewritten_in_place_is_noticed_and_keeps_its_id_and_tags() {
    let served = Served::new();
    served.tagged("fav", &["a.png"]);
    let before = find(&served, "fluffy")["files"][0]["id"].clone();
    let size = std::fs::metadata(served.path("a.png")).unwrap().len();
    let rewritten =
        png("a cat, 100% Fluffz\nNegative prompt: dog_house\nSteps: 20, Sampler: Euler a, Seed: 1");
    assert_eq!(rewritten.len() as u64, size, "only the nanoseconds tell");
    write_at(&served.path("a.png").into(), &rewritten, FIRST_DATE + Duration::from_nanos(1));
    update(&served);
    assert_eq!(names(&find(&served, "fluffy")), [] as [&str; 0]);
    assert_eq!(find(&served, "fluffz")["files"][0]["id"], before);
    assert_eq!(tags_of(&served, &served.path("a.png")), ["fav"]);
}

#[test]
fn rebuilding_keeps_what_people_did() {
    let served = Served::new();
    let tag = served.tagged("fav", &["a.png"]);
    served.get("POST", "/db/update_tag", &json!({ "id": tag, "color": "red" }));
    served.get("POST", "/app_fe_setting", &json!({ "name": "global", "value": "{\"a\":1}" }));
    let pics = served.path("").trim_end_matches('/').to_owned();
    served.get("POST", "/db/alias_extra_path", &json!({ "path": pics, "alias": "Mine" }));
    let known = || {
        let tags = served.get("GET", "/db/basic_info", &Value::Null)["tags"].clone();
        let setting = served.get("GET", "/global_setting", &Value::Null);
        (tags, setting["app_fe_setting"].clone(), setting["extra_paths"].clone())
    };
    let before = known();
    served.check("POST", "/db/rebuild_index", &Value::Null, 200, &Value::Null);
    assert_eq!(known(), before);
    assert_eq!(tags_of(&served, &served.path("a.png")), ["fav"]);
}

#[test]
fn a_folder_that_is_away_is_offline_and_nothing_of_it_is_lost() {
    let served = Served::new();
    let tag = served.tagged("fav", &["a.png"]);
    let (pics, away) = (served.dir.path().join("pics"), served.dir.path().join("unplugged"));
    std::fs::rename(&pics, &away).unwrap();
    update(&served);
    let answer = find(&served, "fluffy");
    assert_eq!((names(&answer), &answer["files"][0]["offline"]), (vec!["a.png"], &json!(true)));
    assert_eq!(served.get("GET", "/db/basic_info", &Value::Null)["img_count"], 7);
    assert_eq!(served.get("GET", "/db/random_images", &Value::Null), json!([]));
    assert_eq!(served.get("GET", "/db/extra_paths", &Value::Null)[0]["path"], json!(pics));
    let status = served.ask("GET", "/api/v1/status", &Value::Null).json();
    assert_eq!(status["roots"][0]["offline"], true);
    let text = served.get("GET", &format!("/image_geninfo?path={}", served.encoded("a.png")), &Value::Null);
    assert!(text.as_str().unwrap().starts_with("a cat"));
    served.refused("GET", &format!("/file?path={}", served.encoded("a.png")), &Value::Null, 404);
    // Nobody can say that it is empty while there is nothing to look at.
    let reply = served.ask("POST", "/api/v1/roots/accept_empty", &json!({ "path": pics }));
    assert_eq!(reply.status, 400);
    assert!(reply.json()["detail"].as_str().unwrap().contains("cannot be opened"), "{}", reply.json());
    assert_eq!(served.get("GET", "/db/basic_info", &Value::Null)["img_count"], 7);
    // What lies where the drive belongs is not read, and the answer does not blame the file.
    std::fs::create_dir(&pics).unwrap();
    std::fs::write(pics.join("other.png"), png("an otter")).unwrap();
    update(&served);
    let body = json!({ "img_path": served.path("other.png"), "tag_id": tag });
    let reply = served.ask("POST", "/iib/db/toggle_custom_tag_to_img", &body);
    assert_eq!(reply.status, 400);
    assert!(reply.json()["detail"].as_str().unwrap().contains("is offline"), "{}", reply.json());
    std::fs::remove_dir_all(&pics).unwrap();

    std::fs::rename(&away, &pics).unwrap();
    update(&served);
    assert_eq!(find(&served, "fluffy")["files"][0].get("offline"), None);
    assert_eq!(tags_of(&served, &served.path("a.png")), ["fav"]);
}

#[test]
fn a_removed_folder_hides_its_images_and_brings_their_tags_back() {
    let served = Served::new();
    served.tagged("fav", &["a.png"]);
    let pics = json!(served.path("").trim_end_matches('/'));
    served.check(
        "DELETE",
        "/db/extra_paths",
        &json!({ "path": pics, "types": ["scanned"] }),
        200,
        &Value::Null,
    );
    assert_eq!(served.get("GET", "/db/basic_info", &Value::Null)["img_count"], 0);
    served.check("POST", "/db/extra_paths", &json!({ "path": pics, "types": ["walk"] }), 200, &Value::Null);
    update(&served);
    assert_eq!(served.get("GET", "/db/basic_info", &Value::Null)["img_count"], 7);
    assert_eq!(tags_of(&served, &served.path("a.png")), ["fav"]);
}

#[test]
fn under_a_linked_root_every_route_has_the_same_form_of_a_path() {
    let served = Served::with(|settings, dir| {
        settings.access = lumidex::settings::AccessControl::Enable;
        std::fs::create_dir_all(dir.join("real")).unwrap();
        std::fs::write(dir.join("real/linked.png"), png("through a link")).unwrap();
        std::os::unix::fs::symlink(dir.join("real"), dir.join("link")).unwrap();
    });
    let link = served.dir.path().join("link");
    served.library.add_extra_path(link.as_os_str().as_bytes(), &[PathType::Scanned]).unwrap();
    update(&served);
    let path = link.join("linked.png").to_str().unwrap().to_owned();
    assert_eq!(find(&served, "through a link")["files"][0]["fullpath"], path);
    let tag = served.tagged("fav", &[]);
    let body = json!({ "img_path": path, "tag_id": tag });
    served.check(
        "POST",
        "/db/batch_update_image_tag",
        &json!({ "img_paths": [path], "tag_id": tag, "action": "add" }),
        200,
        &Value::Null,
    );
    assert_eq!(tags_of(&served, &path), ["fav"]);
    assert_eq!(served.get("POST", "/db/toggle_custom_tag_to_img", &body), json!({ "is_remove": true }));
    let file = served.ask("GET", &format!("/iib/file?path={}", encode(&path)), &Value::Null);
    assert_eq!((file.status, file.header("cache-control")), (200, "public, max-age=31536000"));
    let scoped = served.get("POST", "/db/search_by_substr", &json!({ "folder_paths": [link] }));
    assert_eq!(names(&scoped), ["linked.png"]);
}
