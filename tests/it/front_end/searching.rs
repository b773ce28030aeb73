//! 18.6, 18.7, 18.9 and 18.14: searches by tags and by pieces of text, pictures at random, trends.

use super::page::{Page, SCREEN};
use super::served::Served;
use super::shapes::{Entry, Tag, assert_once, files, found, tags, texts};
use lumidex_schema::tag::TagKind;
use serde_json::{Value, json};
use std::collections::BTreeSet;

reading!(
    images_are_found_by_tags,
    pages_at_random_leave_none_out,
    images_are_found_by_text,
    random_images,
    trends
);

/// Images of a page when the client does not say.
const PAGE: usize = 200;
/// Tags with more images are not followed to the end.
const FOLLOWED: u64 = 600;

/// What a search page opens with: tags, and an update first where something is new.
#[track_caller]
pub(super) fn opens(page: &Page) -> Vec<Tag> {
    let mut info = page.get("/db/basic_info");
    assert!(info["expired"].is_boolean());
    if info["img_count"].as_u64().expect("a number") > 0 && info["expired"] == true {
        page.does("POST", "/db/update_image_data", &json!({}));
        info = page.get("/db/basic_info");
    }
    texts(&info["expired_dirs"]);
    tags(&info["tags"])
}

/// A search by tags as the page asks, from the ids of its boxes.
pub(super) fn by_tags(and: &[&Tag], or: &[&Tag], not: &[&Tag]) -> Value {
    let ids = |tags: &[&Tag]| -> Vec<u64> {
        let boxes = tags.iter().map(|tag| format!("toggle-tag-{}", tag.id));
        boxes.map(|id| id.rsplit('-').next().unwrap().parse().unwrap()).collect()
    };
    json!({ "and_tags": ids(and), "or_tags": ids(or), "not_tags": ids(not), "folder_paths_str": "",
        "folder_paths": [], "random_sort": false, "cursor": "" })
}

/// A search by text as the page asks.
pub(super) fn by_text(surstr: &str) -> Value {
    json!({ "cursor": "", "regexp": "", "surstr": surstr, "path_only": false, "folder_paths": [], "media_type": "all" })
}

/// All pages of a search. Each is full but the last, and nothing stands on two.
#[track_caller]
pub(super) fn scrolled(page: &Page, route: &str, body: &Value) -> Vec<Entry> {
    let (mut body, mut all, mut cursors) = (body.clone(), Vec::new(), BTreeSet::new());
    loop {
        let (entries, next) = found(&page.post(route, &body));
        let n = entries.len();
        all.extend(entries);
        let Some(next) = next else { break };
        assert_eq!(n, PAGE, "a page is full");
        assert!(cursors.insert(next.clone()), "a cursor leads back");
        body["cursor"] = json!(next);
    }
    assert_once(&all);
    all
}

#[track_caller]
fn scrolled_tags(page: &Page, body: &Value) -> Vec<Entry> {
    scrolled(page, "/db/match_images_by_tags", body)
}

pub(super) fn paths(entries: &[Entry]) -> BTreeSet<&str> {
    entries.iter().map(|entry| entry.path.as_str()).collect()
}

fn images_are_found_by_tags(served: &Served) {
    let page = served.page();
    let known = opens(&page);
    // Of each section the tag with the most images that are followed to their end.
    let mut sections = 0;
    for kind in TagKind::ALL {
        let section = known.iter().filter(|tag| tag.kind == kind.word() && tag.count <= FOLLOWED);
        let Some(tag) = section.max_by_key(|tag| tag.count) else { continue };
        let entries = scrolled_tags(&page, &by_tags(&[tag], &[], &[]));
        assert_eq!(entries.len() as u64, tag.count, "{tag:?}");
        assert!(entries.is_sorted_by(|a, b| a.date >= b.date), "the newest first");
        let first: Vec<&Entry> = entries.iter().take(SCREEN).collect();
        page.shows(&first);
        sections += 1;
    }
    assert!(sections >= 6, "{sections}");

    let of = |kind: TagKind, name: &str| {
        known.iter().find(|tag| tag.kind == kind.word() && tag.name == name).unwrap()
    };
    let [images, films] = ["Image", "Video"].map(|name| of(TagKind::MediaType, name));
    let mut pos: Vec<&Tag> = known.iter().filter(|tag| tag.kind == "pos" && tag.count <= FOLLOWED).collect();
    pos.sort_by_key(|tag| tag.count);
    let [.., one, other] = pos[..] else { panic!("{pos:?}") };
    let all = scrolled_tags(&page, &by_tags(&[images], &[], &[]));
    assert_eq!(all.len(), served.n_images() - 2, "all but a film and a sound");
    assert_eq!(scrolled_tags(&page, &by_tags(&[films], &[], &[])).len(), 1);
    let [with_one, with_other] = [one, other].map(|tag| scrolled_tags(&page, &by_tags(&[tag], &[], &[])));
    let either: BTreeSet<&str> = paths(&with_one).union(&paths(&with_other)).copied().collect();
    assert_eq!(paths(&scrolled_tags(&page, &by_tags(&[], &[one, other], &[]))), either);
    let both: BTreeSet<&str> = paths(&with_one).intersection(&paths(&with_other)).copied().collect();
    assert_eq!(paths(&scrolled_tags(&page, &by_tags(&[one, other], &[], &[]))), both);
    let rest: BTreeSet<&str> = paths(&all).difference(&paths(&with_one)).copied().collect();
    assert_eq!(paths(&scrolled_tags(&page, &by_tags(&[images], &[], &[one]))), rest);

    let odd = served.pics("odd");
    let mut scope = by_tags(&[images], &[], &[]);
    (scope["folder_paths_str"], scope["folder_paths"]) = (json!(odd), json!([odd]));
    let there =
        page.list(&odd).into_iter().filter(|entry| entry.media() == Some("image")).collect::<Vec<_>>();
    assert_eq!(paths(&scrolled_tags(&page, &scope)), paths(&there));
    // A tab that is looked at again.
    assert_eq!(page.get("/db/expired_dirs"), json!({ "expired": false, "expired_dirs": [] }));
}

fn pages_at_random_leave_none_out(served: &Served) {
    let page = served.page();
    let known = opens(&page);
    let media = |name: &str| known.iter().find(|tag| tag.kind == "Media Type" && tag.name == name).unwrap();
    let mut body = by_tags(&[], &[media("Image"), media("Video"), media("Audio")], &[]);
    let newest = scrolled_tags(&page, &body);
    assert_eq!(newest.len(), served.n_images());
    body["random_sort"] = json!(true);
    let shuffled = scrolled_tags(&page, &body);
    assert_eq!(paths(&shuffled), paths(&newest));
    assert!(shuffled.iter().map(|entry| &entry.path).ne(newest.iter().map(|entry| &entry.path)));
}

fn images_are_found_by_text(served: &Served) {
    let page = served.page();
    opens(&page);
    // Somebody types what stands in a picture that is shown.
    let (shown, _) = found(&page.post("/db/search_by_substr", &by_text("")));
    let told = page.shows(&shown.iter().take(SCREEN).collect::<Vec<_>>());
    let (path, text) =
        told.as_object().unwrap().iter().find(|(_, text)| text.as_str().unwrap().len() > 40).unwrap();
    let needle: String = text.as_str().unwrap().chars().take(24).collect::<String>().to_uppercase();
    let entries = scrolled(&page, "/db/search_by_substr", &by_text(&needle));
    assert!(paths(&entries).contains(path.as_str()), "`{needle}` finds {path}");
    for screen in entries.chunks(SCREEN) {
        let paths: Vec<&str> = screen.iter().map(|entry| entry.path.as_str()).collect();
        let texts = page.post("/image_geninfo_batch", &json!({ "paths": paths }));
        for path in paths {
            let holds = |text: &str| text.to_uppercase().contains(&needle);
            assert!(holds(path) || holds(texts[path].as_str().unwrap()), "`{needle}` in {path}");
        }
    }
    // Somebody looks for names only, then for a kind of file.
    let mut names = by_text("/odd/");
    names["path_only"] = json!(true);
    assert_eq!(scrolled(&page, "/db/search_by_substr", &names).len(), 8);
    for (media, n) in [("image", 6), ("video", 1), ("all", 8)] {
        names["media_type"] = json!(media);
        assert_eq!(scrolled(&page, "/db/search_by_substr", &names).len(), n, "{media}");
    }
    let mut odd = by_text("");
    odd["folder_paths"] = json!([served.pics("odd")]);
    assert_eq!(scrolled(&page, "/db/search_by_substr", &odd).len(), 8);
    odd["folder_paths"] = json!([served.pics("nowhere")]);
    assert_eq!(scrolled(&page, "/db/search_by_substr", &odd).len(), 0);
    for (literal, n) in [("100%25 + c&d#e?=;.png", 1), ("%", 1), ("oddly named", 7)] {
        let mut body = by_text(literal);
        body["folder_paths"] = json!([served.pics("odd")]);
        assert_eq!(scrolled(&page, "/db/search_by_substr", &body).len(), n, "`{literal}`");
    }
    let mut regexp = by_text("");
    regexp["folder_paths"] = json!([served.pics("odd")]);
    regexp["regexp"] = json!(r"picture \d, ODDLY\s+named$");
    assert_eq!(scrolled(&page, "/db/search_by_substr", &regexp).len(), 6);
    regexp["regexp"] = json!("(");
    page.refused("POST", "/db/search_by_substr", &regexp, 400);
}

fn random_images(served: &Served) {
    let page = served.page();
    let once = files(&page.get("/db/random_images"));
    assert_eq!(once.len(), 128);
    page.shows(&once.iter().take(SCREEN).collect::<Vec<_>>());
    let twice = files(&page.get("/db/random_images"));
    assert_ne!(paths(&once), paths(&twice));
    let known: Vec<&str> = once.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(page.looked_up(&known).len(), known.len());
    assert!(known.iter().all(|path| path.starts_with(&served.pics(""))));
}

fn trends(served: &Served) {
    let page = served.page();
    let trend = page.get("/db/stats/trend");
    let counted = |key: &str, name: &str| -> Vec<(String, u64)> {
        let list = trend[key].as_array().unwrap_or_else(|| panic!("`{key}` is an array"));
        list.iter()
            .map(|one| (one[name].as_str().unwrap().to_owned(), one["count"].as_u64().unwrap()))
            .collect()
    };
    let days = counted("daily_contributions", "date");
    let months = counted("monthly_trends", "month");
    for (date, count) in &days {
        assert!(
            jiff::civil::Date::strptime("%Y-%m-%d", date).is_ok() && date.len() == 10 && *count > 0,
            "{date}"
        );
    }
    assert!(days.is_sorted_by(|a, b| a.0 < b.0) && months.is_sorted_by(|a, b| a.0 < b.0));
    for (month, count) in &months {
        let of_month = days.iter().filter(|(date, _)| date.starts_with(&format!("{month}-")));
        assert_eq!(of_month.map(|(_, count)| count).sum::<u64>(), *count, "{month}");
    }
    assert_eq!(days.iter().map(|(_, count)| count).sum::<u64>(), served.n_images() as u64);
    assert_eq!(trend["total_images"], served.n_images());
    let all = scrolled(&page, "/db/search_by_substr", &by_text(""));
    assert_eq!(trend["total_disk_usage"], all.iter().map(|entry| entry.bytes).sum::<u64>());
    let known = opens(&page);
    for (key, kind) in [
        ("top_models", "Model"),
        ("top_samplers", "Sampler"),
        ("top_lora", "lora"),
        ("top_source", "Source Identifier"),
    ] {
        let top = counted(key, "name");
        assert!(top.len() <= 20 && top.is_sorted_by(|a, b| a.1 >= b.1), "{key}");
        for (name, count) in &top {
            let tag = known.iter().find(|tag| tag.kind == kind && &tag.name == name);
            assert_eq!(tag.map(|tag| tag.count), Some(*count), "{key} {name}");
        }
    }
    assert!(!counted("top_source", "name").is_empty());
}
