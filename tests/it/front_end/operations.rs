//! 18.12: what a person does to files, each followed by the list that is shown again.

use super::page::{Page, below, encoded};
use super::searching::{by_tags, paths, scrolled};
use super::served::Served;
use super::shapes::{Entry, Tag, texts};
use super::tagging::{made, toggled};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::io::{Cursor, Read as _};

changing!(
    files_are_dragged_into_a_folder,
    files_are_sent_to_a_folder_that_is_not_there_yet,
    files_and_folders_are_renamed,
    files_are_deleted,
    a_tree_is_flattened,
    files_are_downloaded,
    other_programs_are_started,
);

/// A folder with images, and the first of them.
fn images(served: &Served, page: &Page, n: usize) -> (String, Vec<Entry>) {
    let (folder, listing) = served.folder_of_images(page, n);
    let images = listing.into_iter().filter(|entry| entry.media() == Some("image")).take(n);
    (folder, images.collect())
}

/// A new folder, which is shown in the one it is in.
fn new_folder(served: &Served, page: &Page, name: &str) -> String {
    let folder = served.pics(name);
    page.does("POST", "/mkdirs", &json!({ "dest_folder": folder }));
    let listed = page.list(&served.pics(""));
    assert!(listed.iter().any(|entry| entry.is_folder && entry.path == folder));
    folder
}

fn names(page: &Page, folder: &str) -> BTreeSet<String> {
    page.list(folder).into_iter().map(|entry| entry.name).collect()
}

fn sent(entries: &[Entry], dest: &str, create: bool, go_on: bool) -> Value {
    let paths: Vec<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
    json!({ "file_paths": paths, "dest": dest, "create_dest_folder": create, "continue_on_error": go_on })
}

/// Where the images with this tag are.
fn with(page: &Page, tag: &Tag) -> BTreeSet<String> {
    let found = scrolled(page, "/db/match_images_by_tags", &by_tags(&[tag], &[], &[]));
    found.into_iter().map(|entry| entry.path).collect()
}

fn files_are_dragged_into_a_folder(served: &mut Served) {
    let page = served.page();
    let dest = new_folder(served, &page, "~dragged to");
    let (folder, some) = images(served, &page, 4);
    let tag = made(&page, "dragged");
    for entry in &some {
        assert!(toggled(&page, &tag, &entry.path));
    }
    let own: BTreeSet<String> = some.iter().map(|entry| entry.name.clone()).collect();

    assert_eq!(page.post("/copy_files", &sent(&some[..2], &dest, false, false)), json!({ "errors": [] }));
    assert!(names(&page, &dest).is_superset(&some[..2].iter().map(|entry| entry.name.clone()).collect()));
    assert!(names(&page, &folder).is_superset(&own), "copies leave all where it was");
    assert_eq!(with(&page, &tag), some.iter().map(|entry| entry.path.clone()).collect());

    // Two are there already: nothing is overwritten, and the others go, or nothing does.
    page.refused("POST", "/move_files", &sent(&some, &dest, false, false), 400);
    let copies: Vec<Vec<u8>> =
        some[..2].iter().map(|entry| fs::read(below(&dest, &entry.name)).unwrap()).collect();
    let said = page.post("/move_files", &sent(&some, &dest, false, true));
    assert_eq!(texts(&said["errors"]).len(), 2, "{said}");
    for (entry, copy) in some[..2].iter().zip(copies) {
        assert_eq!(fs::read(below(&dest, &entry.name)).unwrap(), copy);
    }
    assert!(names(&page, &dest).is_superset(&own));
    let left = names(&page, &folder);
    assert!(some[..2].iter().all(|entry| left.contains(&entry.name)));
    assert!(some[2..].iter().all(|entry| !left.contains(&entry.name)));
    let places = some[..2]
        .iter()
        .map(|entry| entry.path.clone())
        .chain(some[2..].iter().map(|entry| below(&dest, &entry.name)));
    assert_eq!(with(&page, &tag), places.collect(), "tags go along");
    page.refused("POST", "/copy_files", &sent(&some[..1], &below(&dest, "nowhere"), false, false), 400);
}

fn files_are_sent_to_a_folder_that_is_not_there_yet(served: &mut Served) {
    let page = served.page();
    let (folder, some) = images(served, &page, 2);
    let dest = served.pics("~sent to/a new one/猫");
    assert_eq!(page.post("/copy_files", &sent(&some, &dest, true, false)), json!({ "errors": [] }));
    assert!(some.iter().all(|entry| names(&page, &dest).contains(&entry.name)));
    let other = served.pics("~sent to/another");
    assert_eq!(page.post("/move_files", &sent(&some, &other, true, false)), json!({ "errors": [] }));
    assert!(some.iter().all(|entry| names(&page, &other).contains(&entry.name)));
    assert!(some.iter().all(|entry| !names(&page, &folder).contains(&entry.name)));
    // What was copied is found by the next update, what was moved at once.
    let found = |folder: &str| {
        let mut body = super::searching::by_text("");
        body["folder_paths"] = json!([folder]);
        let found = scrolled(&page, "/db/search_by_substr", &body);
        paths(&found).into_iter().filter(|path| !path.ends_with(".txt")).count()
    };
    assert_eq!(found(&other), 2);
    page.does("POST", "/db/update_image_data", &json!({}));
    assert_eq!((found(&other), found(&dest)), (2, 2));
}

fn files_and_folders_are_renamed(served: &mut Served) {
    let page = served.page();
    let dest = new_folder(served, &page, "~renamed");
    let (_, some) = images(served, &page, 2);
    page.post("/move_files", &sent(&some, &dest, false, false));
    let tag = made(&page, "renamed");
    let [one, other] = [0, 1].map(|nth| below(&dest, &some[nth].name));
    assert!(toggled(&page, &tag, &one));
    let end = one.rsplit('.').next().unwrap();
    let name = format!("named anew, 100%20 猫.{end}");
    let said = page.post("/db/rename", &json!({ "path": one, "name": name }));
    let renamed = said["new_path"].as_str().expect("a text");
    assert_eq!(renamed, below(&dest, &name));
    let listed = names(&page, &dest);
    assert!(listed.contains(&name) && !listed.contains(&some[0].name));
    assert!(page.tags_of(&[renamed]).get(renamed).is_some(), "its tags are shown under the new name");
    assert_eq!(page.tags_of(&[&one]), json!({}));

    let taken = json!({ "path": other, "name": name });
    page.refused("POST", "/db/rename", &taken, 400);
    page.refused("POST", "/db/rename", &json!({ "path": one, "name": "x.png" }), 404);
    page.refused("POST", "/db/rename", &json!({ "path": renamed, "name": "../x.png" }), 400);

    let said = page.post("/db/rename", &json!({ "path": dest, "name": "~renamed as a whole" }));
    let folder = said["new_path"].as_str().unwrap();
    assert_eq!(folder, served.pics("~renamed as a whole"));
    assert!(names(&page, &served.pics("")).contains("~renamed as a whole"));
    assert!(names(&page, folder).contains(&name));
    assert_eq!(with(&page, &tag), [below(folder, &name)].into());
}

fn files_are_deleted(served: &mut Served) {
    let page = served.page();
    let dest = new_folder(served, &page, "~deleted");
    let (_, some) = images(served, &page, 3);
    page.post("/move_files", &sent(&some, &dest, false, false));
    let tag = made(&page, "deleted");
    let here: Vec<String> = some.iter().map(|entry| below(&dest, &entry.name)).collect();
    for path in &here {
        assert!(toggled(&page, &tag, path));
    }
    page.refused("POST", "/delete_files", &json!({ "file_paths": [dest] }), 400);
    assert_eq!(page.post("/delete_files", &json!({ "file_paths": [here[0]] })), json!({ "ok": true }));
    assert!(!names(&page, &dest).contains(&some[0].name));
    assert_eq!(with(&page, &tag), here[1..].iter().cloned().collect());
    page.refused("POST", "/delete_files", &json!({ "file_paths": [here[0]] }), 400);
    let rest = page.list(&dest).into_iter().filter(|entry| entry.media().is_some());
    let rest: Vec<String> = rest.map(|entry| entry.path).collect();
    assert_eq!(page.post("/delete_files", &json!({ "file_paths": rest })), json!({ "ok": true }));
    assert_eq!(page.list(&dest).len(), 0);
    assert_eq!(with(&page, &tag).len(), 0);
    assert_eq!(page.post("/delete_files", &json!({ "file_paths": [dest] })), json!({ "ok": true }));
    assert!(!names(&page, &served.pics("")).contains("~deleted"));
}

fn a_tree_is_flattened(served: &mut Served) {
    let page = served.page();
    let top = new_folder(served, &page, "~flat");
    let (_, some) = images(served, &page, 3);
    for (nth, entry) in some.iter().enumerate() {
        let dest = below(&top, ["one", "one/deep", "two"][nth]);
        page.post("/move_files", &sent(std::slice::from_ref(entry), &dest, true, false));
    }
    let copy = sent(
        &[page.looked_up(&[&below(&top, &format!("two/{}", some[2].name))]).remove(0)],
        &below(&top, "one"),
        false,
        false,
    );
    page.post("/copy_files", &copy);
    let ask = |dry_run: bool| json!({ "folder_path": top, "dry_run": dry_run });
    let planned = page.post("/flatten_folder", &ask(true));
    assert_eq!((&planned["success"], &planned["total_files"]), (&json!(false), &json!(4)));
    assert_eq!(texts(&planned["conflicts"]), [some[2].name.as_str()]);
    assert_eq!((&planned["moved_files"], &planned["errors"]), (&json!(0), &json!([])));
    page.refused("POST", "/flatten_folder", &ask(false), 400);

    page.post("/delete_files", &json!({ "file_paths": [below(&top, &format!("one/{}", some[2].name))] }));
    let planned = page.post("/flatten_folder", &ask(true));
    let wanted =
        json!({ "success": true, "total_files": 3, "conflicts": [], "moved_files": 0, "errors": [] });
    assert_eq!(planned, wanted);
    let done = page.post("/flatten_folder", &ask(false));
    assert_eq!(
        (&done["success"], &done["total_files"], &done["moved_files"]),
        (&json!(true), &json!(3), &json!(3))
    );
    assert_eq!((&done["conflicts"], &done["errors"]), (&json!([]), &json!([])));
    let media = page.list(&top).into_iter().filter(|entry| entry.media().is_some());
    assert_eq!(
        media.map(|entry| entry.name).collect::<BTreeSet<_>>(),
        some.iter().map(|entry| entry.name.clone()).collect()
    );
    page.refused(
        "POST",
        "/flatten_folder",
        &json!({ "folder_path": below(&top, &some[0].name), "dry_run": true }),
        400,
    );
}

fn files_are_downloaded(served: &mut Served) {
    let page = served.page();
    let odd = page.list(&served.pics("odd"));
    let some: Vec<&Entry> = odd.iter().filter(|entry| !entry.is_folder).collect();
    let paths: Vec<&str> = some.iter().map(|entry| entry.path.as_str()).collect();
    for compress in [false, true] {
        let body = json!({ "paths": paths, "compress": compress, "pack_only": false });
        let blob = page.ask("POST", "/zip", &body, &[]);
        assert_eq!((blob.status, blob.header("content-type")), (200, "application/zip"));
        let mut archive = zip::ZipArchive::new(Cursor::new(blob.body)).unwrap();
        assert_eq!(archive.len(), some.len());
        for (nth, entry) in some.iter().enumerate() {
            let mut file = archive.by_index(nth).unwrap();
            let mut content = Vec::new();
            file.read_to_end(&mut content).unwrap();
            assert_eq!(content.len() as u64, entry.bytes, "{}", entry.path);
        }
    }
    page.does("POST", "/zip", &json!({ "paths": paths, "compress": false, "pack_only": true }));
    // The page reads the blob again to find the text.
    page.refused(
        "POST",
        "/zip",
        &json!({ "paths": [served.pics("odd")], "compress": false, "pack_only": false }),
        400,
    );
    for entry in &some {
        let (path, date, name) = (encoded(&entry.path), encoded(&entry.date), encoded(&entry.name));
        let file =
            page.ask("GET", &format!("/file?path={path}&t={date}&disposition={name}"), &Value::Null, &[]);
        assert_eq!((file.status, file.body.len() as u64), (200, entry.bytes), "{}", entry.path);
        assert!(file.header("content-disposition").starts_with("attachment; filename*=UTF-8''"));
    }
}

fn other_programs_are_started(served: &mut Served) {
    let page = served.page();
    page.does("POST", "/open_folder", &json!({ "path": served.pics("odd/") + "/" }));
    page.does("POST", "/open_folder", &json!({ "path": served.pics("odd/a b.png") }));
    page.does("POST", "/open_with_default_app", &json!({ "path": served.pics("odd/a b.png") }));
    page.refused("POST", "/open_with_default_app", &json!({ "path": served.pics("odd/gone.png") }), 404);
}
