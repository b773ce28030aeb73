//! Contract 1.3 to 1.8 and undo: what people do to files, over a real library, in both dialects.

use super::served::{PREFIXES, Reply, Served, names};
use lumidex::settings::{AccessControl, Permission};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// A fresh library for each dialect: what is done to files can be done once.
fn in_both(check: impl Fn(&Served, &dyn Fn(&str, &Value) -> Reply)) {
    for prefix in PREFIXES {
        let served = Served::new();
        check(&served, &|route, body| served.ask("POST", &format!("{prefix}{route}"), body));
    }
}

#[track_caller]
fn done(reply: &Reply, want: &Value) {
    assert_eq!((reply.status, &reply.json()), (200, want));
}

#[track_caller]
fn refused(reply: &Reply, status: u16, why: &str) {
    assert_eq!(reply.status, status, "{}", reply.text());
    reply.assert_problem();
    assert!(reply.text().contains(why), "{}", reply.text());
}

/// Takes back what this answer says was done.
#[track_caller]
fn undo(served: &Served, reply: &Reply) -> Reply {
    let number: u64 = reply.header("x-lumidex-deed").parse().unwrap();
    served.ask("POST", "/api/v1/undo", &json!({ "number": number }))
}

fn search(served: &Served, text: &str) -> Vec<String> {
    let reply = served.ask("GET", &format!("/api/v1/search?q={text}"), &Value::Null);
    let found = reply.json();
    found["files"].as_array().unwrap().iter().map(|f| f["fullpath"].as_str().unwrap().to_owned()).collect()
}

fn id_of(served: &Served, below: &str) -> Option<u64> {
    let path = served.path(below);
    let reply = served.ask("GET", "/api/v1/search?q=", &Value::Null).json();
    let file =
        reply["files"].as_array().unwrap().iter().find(|file| file["fullpath"] == json!(path)).cloned();
    file.and_then(|file| file["id"].as_u64())
}

fn tags(served: &Served, below: &str) -> Vec<String> {
    let path = served.path(below);
    let answer = served.get("POST", "/db/get_image_tags", &json!({ "paths": [&path] }));
    let tags = answer[&path].as_array().cloned().unwrap_or_default();
    tags.iter().map(|tag| tag["name"].as_str().unwrap().to_owned()).collect()
}

fn exists(served: &Served, below: &str) -> bool {
    Path::new(&served.path(below)).exists()
}

#[test]
fn a_moved_file_keeps_its_id_and_tags_and_is_found_at_once() {
    in_both(|served, post| {
        served.tagged("keep", &["a.png"]);
        fs::write(served.path("a.txt"), "beside").unwrap();
        let id = id_of(served, "a.png").unwrap();
        let reply =
            post("/move_files", &json!({ "file_paths": [served.path("a.png")], "dest": served.path("sub") }));
        done(&reply, &json!({ "errors": [] }));
        assert_eq!(id_of(served, "sub/a.png"), Some(id));
        assert_eq!(tags(served, "sub/a.png"), ["keep"]);
        assert_eq!(search(served, "fluffy"), [served.path("sub/a.png")]);
        assert!(exists(served, "sub/a.txt") && !exists(served, "a.txt") && !exists(served, "a.png"));
        assert_eq!(undo(served, &reply).status, 200);
        assert_eq!(id_of(served, "a.png"), Some(id));
        assert_eq!(tags(served, "a.png"), ["keep"]);
        assert!(exists(served, "a.txt") && !exists(served, "sub/a.png"));
    });
}

#[test]
fn moving_and_copying_never_overwrite() {
    in_both(|served, post| {
        fs::write(served.path("sub/a.png"), "another").unwrap();
        for route in ["/move_files", "/copy_files"] {
            let files = [served.path("a.png"), served.path("b.png")];
            let body = json!({ "file_paths": files, "dest": served.path("sub") });
            refused(&post(route, &body), 400, "a.png");
            assert!(exists(served, "a.png") && exists(served, "b.png") && !exists(served, "sub/b.png"));
            let mut going_on = body;
            going_on["continue_on_error"] = json!(true);
            let reply = post(route, &going_on);
            let errors = reply.json()["errors"].clone();
            assert_eq!((reply.status, errors.as_array().map(Vec::len)), (200, Some(1)), "{errors}");
            assert!(exists(served, "a.png") && exists(served, "sub/b.png"));
            assert_eq!(fs::read(served.path("sub/a.png")).unwrap(), b"another");
            assert_eq!(undo(served, &reply).status, 200);
            assert!(exists(served, "b.png") && !exists(served, "sub/b.png"));
        }
    });
}

#[test]
fn a_sidecar_in_the_way_stops_its_picture_too() {
    in_both(|served, post| {
        fs::write(served.path("a.txt"), "beside").unwrap();
        fs::write(served.path("sub/a.txt"), "another").unwrap();
        let id = id_of(served, "a.png");
        let body = json!({ "file_paths": [served.path("a.png")], "dest": served.path("sub") });
        refused(&post("/move_files", &body), 400, "a.txt");
        assert!(exists(served, "a.png") && !exists(served, "sub/a.png"));
        assert_eq!(id_of(served, "a.png"), id);
    });
}

#[test]
fn create_dest_folder_is_honoured_and_no_file_gets_a_folders_name() {
    in_both(|served, post| {
        for route in ["/copy_files", "/move_files"] {
            let mut body = json!({ "file_paths": [served.path("a.png")], "dest": served.path("new/er") });
            let reply = post(route, &body);
            refused(&reply, 400, "new/er");
            assert!(!exists(served, "new"));
            body["create_dest_folder"] = json!(true);
            let reply = post(route, &body);
            done(&reply, &json!({ "errors": [] }));
            assert!(exists(served, "new/er/a.png"));
            assert_eq!(undo(served, &reply).status, 200);
            assert!(!exists(served, "new") && exists(served, "a.png"));
            body["dest"] = json!(served.path("notes.txt"));
            refused(&post(route, &body), 400, "notes.txt");
        }
        let folder = json!({ "file_paths": [served.path("sub")], "dest": served.path("copy"), "create_dest_folder": true });
        refused(&post("/copy_files", &folder), 400, "sub");
    });
}

#[test]
fn a_moved_folder_takes_its_pictures_along() {
    in_both(|served, post| {
        served.tagged("deep", &["sub/deep/猫 100%20 ü.png"]);
        let id = id_of(served, "sub/deep/猫 100%20 ü.png").unwrap();
        let body = json!({ "file_paths": [served.path("sub")], "dest": served.path("box"), "create_dest_folder": true });
        let reply = post("/move_files", &body);
        done(&reply, &json!({ "errors": [] }));
        assert_eq!(id_of(served, "box/sub/deep/猫 100%20 ü.png"), Some(id));
        assert_eq!(tags(served, "box/sub/deep/猫 100%20 ü.png"), ["deep"]);
        refused(
            &post(
                "/move_files",
                &json!({ "file_paths": [served.path("box")], "dest": served.path("box/sub") }),
            ),
            400,
            "box",
        );
        assert_eq!(undo(served, &reply).status, 200);
        assert_eq!(id_of(served, "sub/deep/猫 100%20 ü.png"), Some(id));
    });
}

#[test]
fn rename_takes_the_sidecar_along_and_says_the_new_path() {
    in_both(|served, post| {
        fs::write(served.path("a.txt"), "beside").unwrap();
        let id = id_of(served, "a.png").unwrap();
        let reply = post("/db/rename", &json!({ "path": served.path("a.png"), "name": "-x 'y'\n.png" }));
        assert_eq!((reply.status, &reply.json()["new_path"]), (200, &json!(served.path("-x 'y'\n.png"))));
        assert!(exists(served, "-x 'y'\n.txt") && !exists(served, "a.txt"));
        assert_eq!(id_of(served, "-x 'y'\n.png"), Some(id));
        assert_eq!(undo(served, &reply).status, 200);
        assert!(exists(served, "a.png") && exists(served, "a.txt"));
        refused(
            &post("/db/rename", &json!({ "path": served.path("none.png"), "name": "x.png" })),
            404,
            "none.png",
        );
        refused(&post("/db/rename", &json!({ "path": served.path("a.png"), "name": "b.png" })), 400, "b.png");
        for name in ["", ".", "..", "x/y", "../out.png", "/etc/x"] {
            refused(&post("/db/rename", &json!({ "path": served.path("a.png"), "name": name })), 400, "name");
        }
        refused(&post("/db/rename", &json!({ "path": served.path(""), "name": "other" })), 400, "");
        assert!(exists(served, "a.png"));
    });
}

#[test]
fn renaming_a_folder_rewrites_the_paths_of_everything_below() {
    in_both(|served, post| {
        let (shallow, deep) = (id_of(served, "sub/c.png"), id_of(served, "sub/deep/猫 100%20 ü.png"));
        let reply = post("/db/rename", &json!({ "path": served.path("sub"), "name": "renamed" }));
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(id_of(served, "renamed/c.png"), shallow);
        assert_eq!(id_of(served, "renamed/deep/猫 100%20 ü.png"), deep);
        served.library.update().unwrap();
        assert_eq!(id_of(served, "renamed/c.png"), shallow);
        assert_eq!(undo(served, &reply).status, 200);
        assert_eq!(id_of(served, "sub/c.png"), shallow);
    });
}

#[test]
fn a_deleted_file_comes_back_with_all_a_person_did() {
    in_both(|served, post| {
        served.tagged("keep", &["a.png"]);
        fs::write(served.path("a.txt"), "beside").unwrap();
        let id = id_of(served, "a.png").unwrap();
        let reply = post("/delete_files", &json!({ "file_paths": [served.path("a.png")] }));
        done(&reply, &json!({ "ok": true }));
        assert!(!exists(served, "a.png") && !exists(served, "a.txt"));
        assert_eq!(search(served, "fluffy"), Vec::<String>::new());
        served.library.update().unwrap();
        assert_eq!(search(served, "fluffy"), Vec::<String>::new(), "the trash is not walked");
        assert_eq!(undo(served, &reply).status, 200);
        assert_eq!(id_of(served, "a.png"), Some(id));
        assert_eq!(tags(served, "a.png"), ["keep"]);
        assert_eq!(fs::read(served.path("a.txt")).unwrap(), b"beside");
    });
}

#[test]
fn deleting_a_text_file_or_an_empty_folder_is_no_error() {
    in_both(|served, post| {
        fs::create_dir(served.path("empty")).unwrap();
        let both = [served.path("notes.txt"), served.path("empty")];
        let reply = post("/delete_files", &json!({ "file_paths": both }));
        done(&reply, &json!({ "ok": true }));
        assert!(!exists(served, "notes.txt") && !exists(served, "empty"));
        assert_eq!(undo(served, &reply).status, 200);
        assert!(exists(served, "notes.txt") && exists(served, "empty"));
        refused(&post("/delete_files", &json!({ "file_paths": [served.path("sub")] })), 400, "sub");
        refused(&post("/delete_files", &json!({ "file_paths": [served.path("none.png")] })), 400, "none.png");
        refused(&post("/delete_files", &json!({ "file_paths": [served.path("")] })), 400, "");
        refused(&post("/delete_files", &json!({})), 400, "file_paths");
        assert!(exists(served, "sub/c.png"));
    });
}

#[test]
fn a_shared_sidecar_goes_with_the_last_of_its_pictures() {
    in_both(|served, post| {
        fs::copy(served.path("b.png"), served.path("b.webp")).unwrap();
        fs::write(served.path("b.txt"), "of both").unwrap();
        done(
            &post("/delete_files", &json!({ "file_paths": [served.path("b.png")] })),
            &json!({ "ok": true }),
        );
        assert!(exists(served, "b.txt"));
        done(
            &post("/delete_files", &json!({ "file_paths": [served.path("b.webp")] })),
            &json!({ "ok": true }),
        );
        assert!(!exists(served, "b.txt"));
    });
}

#[test]
fn what_is_deleted_for_good_is_gone_and_says_so() {
    in_both(|served, post| {
        let reply =
            post("/delete_files", &json!({ "file_paths": [served.path("a.png")], "permanent": true }));
        done(&reply, &json!({ "ok": true }));
        refused(&undo(served, &reply), 400, "for good");
        let deeds = served.ask("GET", "/api/v1/undo", &Value::Null).json();
        assert_eq!(deeds["deeds"][0]["kind"], "delete_permanently");
        assert!(deeds["deeds"][0]["lasting"].is_string());
    });
}

#[test]
fn a_file_in_the_way_of_a_new_folder_is_a_bad_request() {
    in_both(|served, post| {
        let make = |below: &str| post("/mkdirs", &json!({ "dest_folder": served.path(below) }));
        let reply = make("x/y/z");
        done(&reply, &Value::Null);
        assert!(Path::new(&served.path("x/y/z")).is_dir());
        done(&make("x/y"), &Value::Null);
        refused(&make("notes.txt"), 400, "notes.txt");
        refused(&make("notes.txt/below"), 400, "notes.txt");
        assert_eq!(undo(served, &reply).status, 200);
        assert!(!exists(served, "x"));
    });
}

#[test]
fn flattening_is_tried_first_and_conflicts_stop_it() {
    in_both(|served, post| {
        let (c, deep) = (id_of(served, "sub/c.png"), id_of(served, "sub/deep/猫 100%20 ü.png"));
        let folder = served.path("");
        let reply = post("/flatten_folder", &json!({ "folder_path": folder }));
        let want =
            json!({ "success": true, "total_files": 2, "conflicts": [], "moved_files": 0, "errors": [] });
        done(&reply, &want);
        assert!(exists(served, "sub/c.png"), "a dry run moves nothing");
        fs::write(served.path("sub/a.png"), "same name").unwrap();
        let reply = post("/flatten_folder", &json!({ "folder_path": folder, "dry_run": null }));
        assert_eq!(
            (&reply.json()["success"], &reply.json()["conflicts"]),
            (&json!(false), &json!(["a.png"]))
        );
        let real = json!({ "folder_path": folder, "dry_run": false });
        refused(&post("/flatten_folder", &real), 400, "a.png");
        fs::remove_file(served.path("sub/a.png")).unwrap();
        let reply = post("/flatten_folder", &real);
        let want =
            json!({ "success": true, "total_files": 2, "conflicts": [], "moved_files": 2, "errors": [] });
        done(&reply, &want);
        assert_eq!((id_of(served, "c.png"), id_of(served, "猫 100%20 ü.png")), (c, deep));
        assert!(!exists(served, "sub"));
        assert_eq!(undo(served, &reply).status, 200);
        assert_eq!((id_of(served, "sub/c.png"), id_of(served, "sub/deep/猫 100%20 ü.png")), (c, deep));
        refused(&post("/flatten_folder", &json!({ "folder_path": served.path("a.png") })), 400, "a.png");
        refused(&post("/flatten_folder", &json!({ "folder_path": served.path("none") })), 400, "none");
    });
}

#[test]
fn a_missing_source_is_not_found() {
    in_both(|served, post| {
        for route in ["/copy_files", "/move_files"] {
            let body = json!({ "file_paths": [served.path("none.png")], "dest": served.path("sub") });
            refused(&post(route, &body), 404, "none.png");
            let mut going_on = body;
            going_on["continue_on_error"] = json!(true);
            assert_eq!(post(route, &going_on).json()["errors"].as_array().map(Vec::len), Some(1));
        }
    });
}

#[test]
fn destinations_are_checked_like_sources() {
    let served = Served::with(|settings, _| settings.access = AccessControl::Enable);
    let private = served.dir.path().join("private").to_str().unwrap().to_owned();
    let inside = served.path("a.png");
    for prefix in PREFIXES {
        let ask = |route: &str, body: Value| served.ask("POST", &format!("{prefix}{route}"), &body);
        for route in ["/copy_files", "/move_files"] {
            let secret = format!("{private}/real.png");
            refused(&ask(route, json!({ "file_paths": [&inside], "dest": &private })), 403, "outside");
            refused(
                &ask(route, json!({ "file_paths": [secret], "dest": served.path("sub") })),
                403,
                "outside",
            );
            refused(
                &ask(route, json!({ "file_paths": [&inside], "dest": served.path("out") })),
                403,
                "outside",
            );
            let up = format!("{}/../private", served.path(""));
            refused(&ask(route, json!({ "file_paths": [&inside], "dest": up })), 403, "outside");
        }
        refused(&ask("/mkdirs", json!({ "dest_folder": format!("{private}/new") })), 403, "outside");
        refused(&ask("/mkdirs", json!({ "dest_folder": served.path("out/new") })), 403, "outside");
        refused(
            &ask("/delete_files", json!({ "file_paths": [format!("{private}/secret.txt")] })),
            403,
            "outside",
        );
        refused(
            &ask("/delete_files", json!({ "file_paths": [served.path("out/secret.txt")] })),
            403,
            "outside",
        );
        refused(
            &ask("/db/rename", json!({ "path": format!("{private}/real.png"), "name": "x.png" })),
            403,
            "outside",
        );
        refused(
            &ask("/flatten_folder", json!({ "folder_path": &private, "dry_run": false })),
            403,
            "outside",
        );
    }
    assert!(Path::new(&private).join("secret.txt").exists() && exists(&served, "a.png"));
}

#[test]
fn a_read_only_server_changes_no_file() {
    let served = Served::with(|settings, _| settings.permission = Permission::ReadOnly);
    let (a, sub) = (served.path("a.png"), served.path("sub"));
    for prefix in PREFIXES {
        for (route, body) in [
            ("/move_files", json!({ "file_paths": [&a], "dest": &sub })),
            ("/copy_files", json!({ "file_paths": [&a], "dest": &sub })),
            ("/delete_files", json!({ "file_paths": [&a] })),
            ("/db/rename", json!({ "path": &a, "name": "x.png" })),
            ("/mkdirs", json!({ "dest_folder": served.path("new") })),
            ("/flatten_folder", json!({ "folder_path": served.path(""), "dry_run": false })),
        ] {
            refused(&served.ask("POST", &format!("{prefix}{route}"), &body), 403, "read-only");
        }
    }
    assert!(exists(&served, "a.png") && !exists(&served, "new"));
}

#[test]
fn what_changed_since_is_not_undone() {
    let served = Served::new();
    let post = |route: &str, body: Value| served.ask("POST", &format!("/iib{route}"), &body);
    let moved =
        post("/move_files", json!({ "file_paths": [served.path("a.png")], "dest": served.path("sub") }));
    fs::write(served.path("a.png"), "another picture").unwrap();
    refused(&undo(&served, &moved), 400, "a.png");
    assert!(exists(&served, "sub/a.png"));
    fs::remove_file(served.path("a.png")).unwrap();
    assert_eq!(undo(&served, &moved).status, 200);
    refused(&undo(&served, &moved), 400, "undone");
    refused(&served.ask("POST", "/api/v1/undo", &json!({ "number": 987_654 })), 404, "987654");
}

#[test]
fn undoing_an_undo_does_it_again() {
    let served = Served::new();
    let body =
        json!({ "file_paths": [served.path("a.png"), served.path("b.png")], "dest": served.path("sub") });
    let moved = served.ask("POST", "/iib/move_files", &body);
    let undone = undo(&served, &moved);
    assert!(exists(&served, "a.png"));
    let again = undo(&served, &undone);
    assert_eq!(again.status, 200, "{}", again.text());
    assert!(!exists(&served, "a.png") && exists(&served, "sub/a.png") && exists(&served, "sub/b.png"));
}

#[test]
fn the_newest_deed_is_undone_first_and_the_list_says_what_became_of_it() {
    let served = Served::new();
    served.tagged("mood", &["a.png"]);
    let renamed =
        served.ask("POST", "/iib/db/rename", &json!({ "path": served.path("b.png"), "name": "z.png" }));
    let deeds = served.ask("GET", "/api/v1/undo", &Value::Null).json();
    let kinds: Vec<&str> =
        deeds["deeds"].as_array().unwrap().iter().map(|deed| deed["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds[..3], ["rename", "tag_put", "tag_made"]);
    assert_eq!(deeds["deeds"][0]["number"].to_string(), renamed.header("x-lumidex-deed"));
    let undo = || served.ask("POST", "/api/v1/undo", &json!({}));
    assert_eq!(undo().json()["undone"], deeds["deeds"][0]["number"]);
    assert!(exists(&served, "b.png"));
    let number = &deeds["deeds"][1]["number"];
    let reply = served.ask("POST", "/api/v1/undo", &json!({ "number": number }));
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(tags(&served, "a.png"), Vec::<String>::new());
    let after = served.ask("GET", "/api/v1/undo", &Value::Null).json();
    let tag_put = after["deeds"].as_array().unwrap().iter().find(|deed| deed["number"] == *number).unwrap();
    assert_eq!(tag_put["undone_by"], reply.json()["number"]);
}

#[test]
fn the_trash_is_neither_listed_nor_searched_and_can_be_emptied() {
    let served = Served::new();
    let delete = served.ask("POST", "/iib/delete_files", &json!({ "file_paths": [served.path("a.png")] }));
    assert_eq!(delete.status, 200);
    assert!(exists(&served, ".lumidex-trash"));
    served.library.update().unwrap();
    let found = served.ask("GET", "/api/v1/search?q=", &Value::Null).json();
    assert!(!names(&found).contains(&"a.png"));
    let purged = served.ask("POST", "/api/v1/trash/purge", &json!({})).json();
    assert_eq!((&purged["operations"], &purged["files"]), (&json!(1), &json!(1)));
    refused(&undo(&served, &delete), 400, "");
}

#[test]
fn a_decision_says_its_number_and_one_that_changed_nothing_does_not() {
    let served = Served::new();
    let tag = served.tagged("mood", &[]);
    let toggle = json!({ "img_path": served.path("a.png"), "tag_id": tag });
    let on = served.ask("POST", "/iib/db/toggle_custom_tag_to_img", &toggle);
    let add = json!({ "img_paths": [served.path("a.png")], "action": "add", "tag_id": tag });
    let again = served.ask("POST", "/iib/db/batch_update_image_tag", &add);
    assert_eq!((again.status, again.header("x-lumidex-deed")), (200, ""));
    assert_eq!(undo(&served, &on).status, 200);
    assert_eq!(tags(&served, "a.png"), Vec::<String>::new());
    let colour = json!({ "id": tag, "color": "#123456" });
    let coloured = served.ask("POST", "/iib/db/update_tag", &colour);
    assert_eq!(undo(&served, &coloured).status, 200);
    let folder = served.dir.path().join("private").to_str().unwrap().to_owned();
    let added = served.ask("POST", "/iib/db/extra_paths", &json!({ "path": &folder, "types": ["scanned"] }));
    assert_eq!(undo(&served, &added).status, 200);
    let paths = served.get("GET", "/db/extra_paths", &Value::Null);
    assert!(paths.as_array().unwrap().iter().all(|entry| entry["path"] != json!(folder)), "{paths}");
}
