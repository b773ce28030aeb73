//! 18.8 and the tags of 18.6: hearts, tags put on one picture or many, made, coloured and removed, and the index
//! rebuilt.

use super::first_load::starts;
use super::page::{Page, SCREEN};
use super::searching::{by_tags, by_text, opens, paths, scrolled};
use super::served::Served;
use super::shapes::{Entry, Tag, found, tag, tags};
use serde_json::{Value, json};

changing!(a_heart_is_pressed, a_tag_is_made_used_and_removed, an_index_is_rebuilt);

/// The newest pictures.
fn newest(page: &Page) -> Vec<Entry> {
    found(&page.post("/db/search_by_substr", &by_text(""))).0
}

/// Whether a picture has a tag, as the page knows it: an absent key is none.
fn has(page: &Page, path: &str, tag: &Tag) -> bool {
    let given = page.tags_of(&[path]);
    given.get(path).is_some_and(|given| tags(given).iter().any(|given| given.id == tag.id))
}

/// As the page makes one: it looks at what there is first.
#[track_caller]
pub(super) fn made(page: &Page, name: &str) -> Tag {
    opens(page);
    let made = tag(&page.post("/db/add_custom_tag", &json!({ "tag_name": name })));
    assert_eq!((made.kind.as_str(), made.name.as_str()), ("custom", name));
    made
}

/// Puts it on, or takes it off, and asks what the picture has then; whether it is on.
#[track_caller]
pub(super) fn toggled(page: &Page, tag: &Tag, path: &str) -> bool {
    let said = page.post("/db/toggle_custom_tag_to_img", &json!({ "tag_id": tag.id, "img_path": path }));
    let is_removed = said["is_remove"].as_bool().unwrap_or_else(|| panic!("`is_remove`: {said}"));
    assert_eq!(has(page, path, tag), !is_removed);
    !is_removed
}

fn known(page: &Page, id: u64) -> Option<Tag> {
    opens(page).into_iter().find(|tag| tag.id == id)
}

fn a_heart_is_pressed(served: &mut Served) {
    let page = served.page();
    let custom = tags(&starts(&page)["all_custom_tags"]);
    let like = custom.iter().find(|tag| tag.name == "like").unwrap();
    let shown = newest(&page);
    let mut all: Vec<&str> = shown.iter().take(3).map(|entry| entry.path.as_str()).collect();
    let odd = page.list(&served.pics("odd"));
    all.extend(odd.iter().filter(|entry| entry.media().is_some()).map(|entry| entry.path.as_str()));
    for path in all {
        let before = has(&page, path, like);
        let count = known(&page, like.id).unwrap().count;
        assert_eq!(toggled(&page, like, path), !before, "{path}");
        assert_eq!(known(&page, like.id).unwrap().count, if before { count - 1 } else { count + 1 });
        assert_eq!(toggled(&page, like, path), before, "{path}");
    }
    page.refused("POST", "/db/remove_custom_tag", &json!({ "tag_id": like.id }), 400);
}

fn a_tag_is_made_used_and_removed(served: &mut Served) {
    let page = served.page();
    let rain = made(&page, "walks in rain");
    assert_eq!((rain.count, rain.color.as_str()), (0, ""));
    assert_eq!(made(&page, "walks in rain").id, rain.id, "once more, it is the same");
    let custom = tags(&starts(&page)["all_custom_tags"]);
    assert!(custom.iter().any(|tag| tag.id == rain.id));

    let shown = newest(&page);
    let several: Vec<&str> = shown.iter().take(SCREEN).map(|entry| entry.path.as_str()).collect();
    let batch = |action: &str, paths: &[&str]| {
        let body = json!({ "tag_id": rain.id, "action": action, "img_paths": paths });
        page.does("POST", "/db/batch_update_image_tag", &body);
        page.tags_of(paths)
    };
    for _ in 0..2 {
        let given = batch("add", &several);
        assert_eq!(given.as_object().unwrap().len(), several.len());
    }
    let search = by_tags(&[&rain], &[], &[]);
    let with = scrolled(&page, "/db/match_images_by_tags", &search);
    assert_eq!(paths(&with), several.iter().copied().collect());
    assert_eq!(known(&page, rain.id).unwrap().count, SCREEN as u64);
    let taken = batch("remove", &several[..10]);
    let has_rain = |path: &&&str| {
        taken.get(**path).is_some_and(|given| tags(given).iter().any(|given| given.id == rain.id))
    };
    assert_eq!(several[..10].iter().filter(has_rain).count(), 0, "{taken}");
    assert_eq!(known(&page, rain.id).unwrap().count, SCREEN as u64 - 10);

    // The page sends the whole tag.
    let mut coloured = rain.whole.clone();
    coloured["color"] = json!("#ff8800");
    page.does("POST", "/db/update_tag", &coloured);
    let shown = known(&page, rain.id).unwrap();
    assert_eq!((shown.color.as_str(), shown.name.as_str()), ("#ff8800", "walks in rain"));

    page.does("POST", "/db/remove_custom_tag", &json!({ "tag_id": rain.id }));
    assert_eq!(known(&page, rain.id), None);
    assert!(several.iter().all(|path| !has(&page, path, &rain)));
    page.refused("POST", "/db/match_images_by_tags", &search, 404);
}

fn an_index_is_rebuilt(served: &mut Served) {
    let page = served.page();
    let empty = made(&page, "on no picture");
    let kept = made(&page, "stays through a rebuild");
    let path = newest(&page).remove(0).path;
    if !has(&page, &path, &kept) {
        toggled(&page, &kept, &path);
    }
    // One tag, no folder, nothing found: the page offers to rebuild.
    assert_eq!(scrolled(&page, "/db/match_images_by_tags", &by_tags(&[&empty], &[], &[])).len(), 0);
    let before = opens(&page);
    page.does("POST", "/db/rebuild_index", &Value::Null);
    assert_eq!(opens(&page), before, "ids, names, colours and counts");
    assert!(has(&page, &path, &kept));
    assert_eq!(page.get("/db/basic_info")["expired"], false);
}
