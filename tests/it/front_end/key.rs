//! 13.1 to 13.3 as the front end meets them: the key it prompts for, a server that may not be written to, and
//! one that shows nothing but its folders.

use super::first_load::{loads, starts};
use super::page::{SCREEN, encoded};
use super::served::Served;
use super::shapes::sorted;
use lumidex::serve::routes;
use lumidex::settings::{AccessControl, Permission, Secret};
use serde_json::{Value, json};
use sha2::Digest as _;

reading!(
    the_key_is_asked_for_and_its_cookie_then_works,
    a_server_that_may_not_be_written_to_is_read,
    a_confined_server_is_browsed_from_the_top,
);

const KEY: &str = "a key, 猫";

fn the_key_is_asked_for_and_its_cookie_then_works(served: &Served) {
    let mut page = served.page_of(|settings| settings.secret = Some(Secret(KEY.to_owned())));
    let wanted = json!({ "detail": { "type": "secret_verification_failed" } });
    let hidden = page.ask("GET", "/global_setting", &Value::Null, &[]);
    assert_eq!((hidden.status, hidden.json()), (401, wanted.clone()));
    page.set_cookie(cookie("another key"));
    let hidden = page.ask("GET", "/global_setting", &Value::Null, &[]);
    assert_eq!((hidden.status, hidden.json()), (401, wanted.clone()));
    page.set_cookie("theme=dark".to_owned());
    for row in routes().filter(|row| row.prefix == "{B}" && row.auth) {
        let route = row.path.replace("{filename}", "a.png");
        let reply = page.ask(row.method, &route, &Value::Null, &[]);
        assert_eq!((reply.status, reply.json()), (401, wanted.clone()), "{route}");
    }
    assert_eq!(page.get("/hello"), "hello");

    page.set_cookie(format!("theme=dark; {}", cookie(KEY)));
    loads(&page);
    // Pictures carry the cookie by themselves.
    let listing = page.opened(&served.pics("odd"));
    page.shows(&sorted(&listing));
    let film = encoded(&served.pics("odd/film.mp4"));
    assert_eq!(page.ask("GET", &format!("/stream_video?path={film}"), &Value::Null, &[]).status, 200);
}

/// As the page computes it.
fn cookie(key: &str) -> String {
    let digest = sha2::Sha256::digest(format!("{key}_ciallo"));
    format!("IIB_S={}", digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

fn a_server_that_may_not_be_written_to_is_read(served: &Served) {
    let page = served.page_of(|settings| settings.permission = Permission::ReadOnly);
    assert_eq!(starts(&page)["is_readonly"], true, "so the page keeps nothing");
    let listing = page.opened(&served.pics("odd"));
    page.shows(&sorted(&listing));
    // Asked for without a person's doing, whenever a search is opened.
    page.does("POST", "/db/update_image_data", &json!({}));
    assert_eq!(page.get("/db/basic_info")["img_count"], served.n_images());
    let scope =
        json!({ "threshold": 0.9, "min_cluster_size": 2, "lang": "en", "folder_paths": [served.pics("")] });
    assert!(
        page.post("/db/cluster_iib_output_cached", &scope)["stale"].is_boolean(),
        "nothing is found anew for it"
    );
    let image = served.pics("odd/a b.png");
    for (route, body) in [
        ("/app_fe_setting", json!({ "name": "global", "value": "{}" })),
        ("/db/toggle_custom_tag_to_img", json!({ "tag_id": 1, "img_path": image })),
        ("/db/rename", json!({ "path": image, "name": "b.png" })),
        ("/delete_files", json!({ "file_paths": [image] })),
        ("/db/rebuild_index", Value::Null),
        ("/db/cluster_iib_output_job_start", scope.clone()),
    ] {
        page.refused("POST", route, &body, 403);
    }
    assert_eq!(page.looked_up(&[&image]).len(), 1);
}

fn a_confined_server_is_browsed_from_the_top(served: &Served) {
    let page = served.page_of(|settings| settings.access = AccessControl::Enable);
    let setting = starts(&page);
    assert_eq!(setting["enable_access_control"], true);
    let root = setting["extra_paths"][0]["path"].as_str().unwrap();
    let listing = page.opened(root);
    page.shows(&sorted(&listing).into_iter().take(SCREEN).collect::<Vec<_>>());
    let first = root.split('/').nth(1).unwrap();
    let top: Vec<String> = page.list("/").into_iter().map(|entry| entry.name).collect();
    assert_eq!(top, [first], "nothing but the way there");
    let outside = served.more();
    page.refused("GET", &format!("/files?folder_path={}", encoded(&outside)), &Value::Null, 403);
    let there = page.post("/check_path_exists", &json!({ "paths": [outside, root] }));
    assert_eq!(there, json!({ &outside: false, root: true }));
}
