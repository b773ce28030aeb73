//! Contract sections 1.1, 1.2, 1.10 and 11.2: what there is, asked by path.

use super::served::{PREFIXES, Served, encode, names, png, write_at};
use lumidex::settings::AccessControl;
use lumidex_schema::record::PathType;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Duration;

fn list(served: &Served, path: &str) -> Value {
    served.get("GET", &format!("/files?folder_path={}", encode(path)), &Value::Null)
}

fn entry<'a>(listing: &'a Value, name: &str) -> &'a Value {
    let files = listing["files"].as_array().unwrap();
    files.iter().find(|file| file["name"] == name).unwrap_or_else(|| panic!("{name} in {listing}"))
}

fn sorted_names(listing: &Value) -> Vec<&str> {
    let mut names = names(listing);
    names.sort_unstable();
    names
}

#[test]
fn a_folder_lists_everything_directly_in_it() {
    let served = Served::new();
    fs::create_dir_all(served.path(".lumidex-trash/x")).unwrap();
    fs::create_dir_all(served.path("@eaDir")).unwrap();
    fs::create_dir_all(served.path(".hidden")).unwrap();
    std::os::unix::fs::symlink("gone", served.path("dangling.png")).unwrap();
    std::os::unix::fs::symlink("a.png", served.path("link.png")).unwrap();
    let listing = list(&served, &served.path(""));
    assert_eq!(
        sorted_names(&listing),
        [
            ".hidden",
            "<img src=x onerror=alert(1)>.png",
            "a.png",
            "b.png",
            "broken.png",
            "drawing.svg",
            "link.png",
            "noise.wav",
            "notes.txt",
            "out",
            "page.html",
            "sub",
        ]
    );
    let kinds: Vec<&str> =
        listing["files"].as_array().unwrap().iter().map(|file| file["type"].as_str().unwrap()).collect();
    assert_eq!(kinds[..3], ["dir"; 3], "folders first");
    assert_eq!(kinds[3..], ["file"; 9]);
    // With or without a slash, in detours: the same folder under one form of its path.
    for same in
        [served.path("").trim_end_matches('/').to_owned(), served.path("sub/../."), served.path("sub//..//")]
    {
        assert_eq!(list(&served, &same), listing, "{same}");
    }
}

#[test]
fn a_listed_file_has_every_key_in_both_dialects() {
    let served = Served::new();
    let route = format!("/files?folder_path={}", served.encoded(""));
    let [reference, iib] =
        PREFIXES.map(|prefix| served.ask("GET", &format!("{prefix}{route}"), &Value::Null).json());
    let (file, other) = (entry(&reference, "a.png"), entry(&iib, "a.png"));
    let bytes = fs::metadata(served.path("a.png")).unwrap().len();
    let created = fs::metadata(served.path("a.png")).unwrap().created();
    let keys = |file: &Value| file.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        keys(file),
        [
            "bytes",
            "created_date",
            "created_time",
            "date",
            "fullpath",
            "id",
            "is_under_scanned_path",
            "media_type",
            "name",
            "size",
            "type",
        ]
    );
    assert_eq!(keys(other), keys(file));
    assert_eq!(file["date"], 1_795_363_958.25);
    if let Ok(created) = created {
        let since = created.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
        assert!((file["created_time"].as_f64().unwrap() - since).abs() < 1e-5);
    }
    for file in [file, other] {
        assert_eq!(file["bytes"], bytes);
        assert_eq!(file["fullpath"], served.path("a.png"));
        assert_eq!((&file["type"], &file["media_type"]), (&json!("file"), &json!("image")));
        assert_eq!(file["is_under_scanned_path"], true);
    }
    let text = other["date"].as_str().unwrap();
    assert_eq!((text.len(), &text[4..5], &text[10..11]), (19, "-", " "));
    let found = served.get("POST", "/db/search_by_substr", &json!({ "surstr": "fluffy" }));
    assert_eq!(&found["files"][0], file, "searches show the same object");
    let folder = entry(&iib, "sub");
    assert_eq!((&folder["type"], &folder["size"], &folder["bytes"]), (&json!("dir"), &json!("-"), &json!(0)));
    assert_eq!(entry(&iib, "notes.txt").get("id"), None);
    assert_eq!(entry(&iib, "notes.txt").get("media_type"), None);
}

#[test]
fn a_listing_is_sorted_by_birth_and_then_by_name() {
    let served = Served::new();
    let listing = list(&served, &served.path(""));
    let keys: Vec<(bool, f64, &str)> = listing["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| {
            let created = file["created_time"].as_f64().unwrap();
            (file["type"] == "file", -created, file["name"].as_str().unwrap())
        })
        .collect();
    assert!(keys.is_sorted_by(|a, b| a.partial_cmp(b).is_some_and(std::cmp::Ordering::is_le)), "{keys:?}");
}

#[test]
fn a_folder_is_the_same_object_in_a_listing_and_in_a_batch() {
    let served = Served::new();
    std::os::unix::fs::symlink("sub", served.path("by-link")).unwrap();
    let top = served.dir.path().to_str().unwrap().to_owned();
    for prefix in PREFIXES {
        for folder in [top.clone(), served.path(""), served.path("sub")] {
            let route = format!("{prefix}/files?folder_path={}", encode(&folder));
            let listing = served.ask("GET", &route, &Value::Null).json();
            for file in listing["files"].as_array().unwrap() {
                let path = file["fullpath"].as_str().unwrap();
                let body = json!({ "paths": [path] });
                let batch = served.ask("POST", &format!("{prefix}/batch_get_files_info"), &body).json();
                assert_eq!(batch, json!({ path: file }), "{prefix} {path}");
            }
        }
    }
    // A root is under a scan root, whatever it is listed in; what lies beside it is not.
    let listing = list(&served, &top);
    assert_eq!(entry(&listing, "pics")["is_under_scanned_path"], true);
    assert_eq!(entry(&listing, "private")["is_under_scanned_path"], false);
}

#[test]
fn what_is_no_folder_is_an_error_and_what_is_not_there_is_empty() {
    let served = Served::new();
    std::os::unix::fs::symlink("loop", served.path("loop")).unwrap();
    for missing in ["gone", "gone/deeper", "a.png/deeper"] {
        let route = format!("/files?folder_path={}", served.encoded(missing));
        served.check("GET", &route, &Value::Null, 200, &json!({ "files": [] }));
    }
    let route = format!("/files?folder_path=%2F{}", "x".repeat(300));
    served.check("GET", &route, &Value::Null, 200, &json!({ "files": [] }));
    for no_folder in ["a.png", "loop"] {
        served.refused(
            "GET",
            &format!("/files?folder_path={}", served.encoded(no_folder)),
            &Value::Null,
            400,
        );
    }
    served.refused("GET", "/files", &Value::Null, 400);
    served.refused("GET", "/files?folder_path=", &Value::Null, 400);
    served.refused("GET", "/files?folder_path=%2Fa%00", &Value::Null, 400);
}

/// Section 17, line 22.
#[test]
fn a_name_that_is_no_text_does_not_break_a_listing() {
    let served = Served::new();
    let odd = Path::new(&served.path("")).join(std::ffi::OsStr::from_bytes(b"caf\xe9.png"));
    fs::copy(served.path("a.png"), &odd).unwrap();
    let route = format!("/files?folder_path={}", served.encoded(""));
    for prefix in PREFIXES {
        let listing = served.ask("GET", &format!("{prefix}{route}"), &Value::Null).json();
        let file = entry(&listing, "caf\u{fffd}E9.png");
        let path = file["fullpath"].as_str().unwrap();
        let body = json!({ "paths": [path] });
        let batch = served.ask("POST", &format!("{prefix}/batch_get_files_info"), &body).json();
        assert_eq!(&batch[path], file, "and is accepted back");
        let exists = served.ask("POST", &format!("{prefix}/check_path_exists"), &body).json();
        assert_eq!(exists, json!({ path: true }));
    }
}

#[test]
fn an_ancestor_lists_only_the_way_to_a_root() {
    let served = Served::with(|settings, dir| {
        settings.access = AccessControl::Enable;
        fs::create_dir_all(dir.join("elsewhere")).unwrap();
        std::os::unix::fs::symlink(dir.join("private"), dir.join("to-private")).unwrap();
        std::os::unix::fs::symlink(dir.join("pics/sub"), dir.join("to-sub")).unwrap();
        fs::write(dir.join("letter.txt"), "").unwrap();
    });
    std::os::unix::fs::symlink("..", served.path("up")).unwrap();
    std::os::unix::fs::symlink("sub", served.path("inside")).unwrap();
    let top = served.dir.path();
    assert_eq!(sorted_names(&list(&served, top.to_str().unwrap())), ["pics", "to-sub"]);
    // From the top of the file system one component leads to the next.
    let mut path = std::path::PathBuf::from("/");
    for component in top.join("pics").components().skip(1) {
        let listing = list(&served, path.to_str().unwrap());
        let name = component.as_os_str().to_str().unwrap();
        assert_eq!(entry(&listing, name)["type"], "dir");
        if !path.starts_with(top) {
            assert_eq!(names(&listing).len(), 1, "{listing}");
        }
        path.push(component);
    }
    let inside = list(&served, &served.path(""));
    let links: Vec<&str> =
        sorted_names(&inside).into_iter().filter(|name| ["out", "up", "inside"].contains(name)).collect();
    assert_eq!(links, ["inside"], "links that lead outside are left out");
    for outside in [top.join("private"), top.join("elsewhere"), top.join("to-private"), "/etc".into()] {
        let outside = outside.to_str().unwrap();
        served.refused("GET", &format!("/files?folder_path={}", encode(outside)), &Value::Null, 403);
        served.refused("POST", "/batch_get_files_info", &json!({ "paths": [outside] }), 403);
    }
    let batch = served.get("POST", "/batch_get_files_info", &json!({ "paths": [top.to_str().unwrap()] }));
    assert_eq!(batch[top.to_str().unwrap()]["type"], "dir", "an ancestor may be looked at");
}

/// Section 17, line 34.
#[test]
fn under_a_root_behind_a_link_all_routes_agree_on_one_form_of_each_path() {
    for access in [AccessControl::Enable, AccessControl::Disable] {
        let served = Served::with(|settings, dir| {
            settings.access = access;
            fs::create_dir_all(dir.join("drive/real")).unwrap();
            fs::create_dir_all(dir.join("home")).unwrap();
            fs::write(dir.join("home/letter.txt"), "").unwrap();
            fs::write(dir.join("drive/real/x.png"), png("by a link")).unwrap();
            std::os::unix::fs::symlink(dir.join("drive/real"), dir.join("home/root")).unwrap();
        });
        let root = served.dir.path().join("home/root");
        served.library.add_extra_path(root.as_os_str().as_bytes(), &[PathType::Scanned]).unwrap();
        served.library.update().unwrap();
        let path = root.join("x.png").to_str().unwrap().to_owned();
        let listing = list(&served, root.to_str().unwrap());
        let file = entry(&listing, "x.png");
        assert_eq!((&file["fullpath"], &file["is_under_scanned_path"]), (&json!(path), &json!(true)));
        assert!(file["id"].is_number(), "{file}");
        let found = served.get("POST", "/db/search_by_substr", &json!({ "surstr": "by a link" }));
        assert_eq!(&found["files"][0], file);
        let batch = served.get("POST", "/batch_get_files_info", &json!({ "paths": [path] }));
        assert_eq!(&batch[&path], file);
        let covers = served.get("POST", "/batch_top_4_media_info", &json!({ "paths": [root] }));
        assert_eq!(&covers[root.to_str().unwrap()][0], file);
        assert_eq!(served.ask("GET", &format!("/iib/file?path={}", encode(&path)), &Value::Null).status, 200);
        // People get there by the way they gave.
        let home = list(&served, served.dir.path().join("home").to_str().unwrap());
        assert_eq!(entry(&home, "root")["is_under_scanned_path"], true);
        let is_alone = names(&home) == ["root"];
        assert_eq!(is_alone, access == AccessControl::Enable, "{home}");
    }
}

/// Section 17, line 21.
#[test]
fn a_batch_leaves_out_what_is_not_there_and_keeps_the_texts_it_was_sent() {
    let served = Served::new();
    let odd = served.path("sub/../a.png");
    let paths = [served.path("a.png"), odd.clone(), served.path("gone.png"), served.path("sub")];
    let batch = served.get("POST", "/batch_get_files_info", &json!({ "paths": paths, "more": 1 }));
    assert_eq!(batch.as_object().unwrap().len(), 3);
    assert_eq!(batch[&odd], batch[&paths[0]]);
    assert_eq!(batch[&odd]["fullpath"], paths[0]);
    assert_eq!(batch[&paths[3]]["type"], "dir");
    for empty in [json!({}), json!({ "paths": null }), json!({ "paths": [] })] {
        for route in ["/batch_get_files_info", "/check_path_exists", "/batch_top_4_media_info"] {
            served.check("POST", route, &empty, 200, &json!({}));
        }
    }
    served.refused("POST", "/batch_get_files_info", &json!({ "paths": [""] }), 400);
}

#[test]
fn every_path_that_is_asked_exists_or_not() {
    let served = Served::with(|settings, _| settings.access = AccessControl::Enable);
    std::os::unix::fs::symlink("gone", served.path("dangling.png")).unwrap();
    let top = served.dir.path().to_str().unwrap();
    let long = "/x".repeat(20_000);
    let want = json!({
        served.path("a.png"): true,
        served.path("sub/"): true,
        served.path(""): true,
        top: true,
        "/": true,
        "pics/a.png": true,
        served.path("gone"): false,
        served.path("a.png/x"): false,
        served.path("dangling.png"): false,
        served.path("out/real.png"): false,
        format!("{top}/private"): false,
        "/etc/passwd": false,
        "": false,
        "a\u{0}b": false,
        long: false,
    });
    let paths: Vec<&String> = want.as_object().unwrap().keys().collect();
    served.check("POST", "/check_path_exists", &json!({ "paths": paths }), 200, &want);
    let open = Served::new();
    open.check("POST", "/check_path_exists", &json!({ "paths": ["/etc"] }), 200, &json!({ "/etc": true }));
}

#[test]
fn the_cover_of_a_folder_is_its_newest_by_birth() {
    let served = Served::new();
    // Dates and births disagree: what is made later is dated earlier.
    for nth in 0..6_u64 {
        let path = Path::new(&served.path("sub")).join(format!("{nth}.png"));
        write_at(&path, &png(&format!("n {nth}")), Duration::from_secs(1_000_000 - nth));
        // A birth is told apart by the clock of the file system, which may be coarse.
        let born = || fs::metadata(&path).unwrap().created().ok();
        while born().is_some()
            && born()
                == nth.checked_sub(1).and_then(|before| {
                    fs::metadata(path.with_file_name(format!("{before}.png"))).unwrap().created().ok()
                })
        {
            fs::remove_file(&path).unwrap();
            write_at(&path, &png(&format!("n {nth}")), Duration::from_secs(1_000_000 - nth));
        }
    }
    fs::write(served.path("sub/sound.mp3"), b"ID3").unwrap();
    served.get("POST", "/db/update_image_data", &json!({}));
    let folder = served.path("sub");
    let ask = |paths: &[&str]| served.get("POST", "/batch_top_4_media_info", &json!({ "paths": paths }));
    let answer = ask(&[&folder]);
    assert_eq!(names(&answer[&folder]), ["5.png", "4.png", "3.png", "2.png"]);
    assert_eq!(answer[&folder][0]["media_type"], "image");
    assert_eq!(&answer[&folder][0], entry(&list(&served, &folder), "5.png"));
    // As sent, each once; unknown folders are left out.
    let slashed = format!("{folder}/");
    let answer = ask(&[&slashed, &folder, &served.path("gone"), &served.path("a.png")]);
    assert_eq!(answer.as_object().unwrap().keys().collect::<Vec<_>>(), [&folder, &slashed]);
    assert_eq!(answer[&slashed], answer[&folder]);
    // The folder's own, not those below it; sounds are no covers.
    let top = served.path("");
    let shown = ask(&[&top]);
    assert!(names(&shown[&top]).iter().all(|name| !["c.png", "noise.wav"].contains(name)), "{shown}");
    // The disk is not asked, and what is known to be gone is not shown.
    fs::remove_file(served.path("sub/5.png")).unwrap();
    assert_eq!(names(&ask(&[&folder])[&folder])[0], "5.png");
    served.get("POST", "/db/update_image_data", &json!({}));
    assert_eq!(names(&ask(&[&folder])[&folder]), ["4.png", "3.png", "2.png", "1.png"]);
}

#[test]
fn covers_are_of_folders_that_may_be_read() {
    let served = Served::with(|settings, dir| settings.allowed_paths = vec![dir.join("pics/sub")]);
    served.refused("POST", "/batch_top_4_media_info", &json!({ "paths": [served.path("")] }), 403);
    let folder = served.path("sub");
    let answer = served.get("POST", "/batch_top_4_media_info", &json!({ "paths": [folder] }));
    assert_eq!(names(&answer[&folder]), ["c.png"]);
}
