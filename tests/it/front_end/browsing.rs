//! 18.2 to 18.4: a folder opened from the top of the file system, by itself, and as one endless list.

use super::first_load::starts;
use super::page::{Page, SCREEN, below};
use super::served::Served;
use super::shapes::{Entry, assert_once, sorted};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;

reading!(
    a_folder_is_opened_from_the_top,
    a_folder_is_opened_by_itself,
    a_tree_is_walked,
    a_component_that_is_missing_lists_nothing,
    dates_are_those_of_the_files,
);

fn a_folder_is_opened_from_the_top(served: &Served) {
    let page = served.page();
    let setting = starts(&page);
    let root = setting["extra_paths"][0]["path"].as_str().unwrap();
    let listing = page.opened(root);
    assert!(listing.iter().all(|entry| entry.is_indexed));
    let folders = descended(&page, listing);
    assert!(folders > 1);
    // Whatever files are called.
    let odd = page.opened(&below(root, "odd"));
    let texts = page.shows(&sorted(&odd));
    for entry in odd.iter().filter(|entry| entry.media() == Some("image")) {
        assert!(texts[&entry.path].as_str().unwrap().contains("oddly named"), "{} in {texts}", entry.path);
    }
}

/// Opens the first folder of a list, and its first, down to one without any, scrolling in each; how many.
fn descended(page: &Page, mut listing: Vec<Entry>) -> usize {
    let mut n = 0;
    loop {
        let shown = sorted(&listing);
        for screen in shown.chunks(SCREEN).take(2) {
            page.shows(screen);
        }
        match shown.first().filter(|first| first.is_folder) {
            Some(folder) => listing = page.list(&folder.path),
            None => break n,
        }
        n += 1;
    }
}

fn a_folder_is_opened_by_itself(served: &Served) {
    let page = served.page();
    let listing = page.list(&served.pics(""));
    let opened = page.opened(&served.pics(""));
    assert_eq!(wholes(&listing), wholes(&opened));
    descended(&page, listing);
}

fn wholes(entries: &[Entry]) -> Vec<&serde_json::Value> {
    entries.iter().map(|entry| &entry.whole).collect()
}

/// Folders one at a time, depth first, as far as the list is scrolled.
struct Walk<'a> {
    page: &'a Page,
    ahead: Vec<String>,
    folders: Vec<Entry>,
    media: Vec<Entry>,
}

impl Walk<'_> {
    fn scrolled_to(&mut self, n: usize) {
        while self.media.len() < n
            && let Some(folder) = self.ahead.pop()
        {
            let listing = self.page.list(&folder);
            let (folders, files): (Vec<&Entry>, Vec<&Entry>) =
                sorted(&listing).into_iter().partition(|entry| entry.is_folder);
            self.ahead.extend(folders.iter().rev().map(|entry| entry.path.clone()));
            self.folders.extend(folders.into_iter().cloned());
            self.media.extend(files.into_iter().cloned());
        }
    }
}

fn a_tree_is_walked(served: &Served) {
    let page = served.page();
    let root = served.pics("");
    let known = page.looked_up(&[&root]);
    assert!(known.len() == 1 && known[0].is_folder && known[0].is_indexed);
    assert_eq!(wholes(&page.list(&root)), wholes(&page.list(&root)), "asked for twice, it is the same");
    let mut walk = Walk { page: &page, ahead: vec![root.clone()], folders: known, media: Vec::new() };
    for screen in 0..3 {
        let (from, to) = (screen * SCREEN, (screen + 1) * SCREEN);
        walk.scrolled_to(to + 50);
        page.shows(&walk.media[from..to].iter().collect::<Vec<_>>());
    }
    walk.scrolled_to(usize::MAX);
    assert_once(&walk.media);
    assert_eq!(walk.media.len(), served.n_images(), "all of the tree, once");

    // The tab is looked at again: had any folder another answer than it had in its list, all would be read anew.
    let paths: Vec<&str> = walk.folders.iter().map(|entry| entry.path.as_str()).collect();
    let again = page.post("/batch_get_files_info", &json!({ "paths": paths }));
    assert_eq!(again.as_object().unwrap().len(), walk.folders.len());
    for folder in &walk.folders {
        assert_eq!(again[&folder.path], folder.whole);
    }
    let parent = page.list(served.dir.to_str().unwrap());
    let listed = parent.iter().find(|entry| entry.path == root).unwrap();
    assert_eq!(again[&root], listed.whole);
}

fn a_component_that_is_missing_lists_nothing(served: &Served) {
    let page = served.page();
    let missing = served.pics("odd/nothing of that name/deeper");
    assert_eq!(page.list(&missing).len(), 0);
    let there = page.post("/check_path_exists", &json!({ "paths": [missing, served.pics("odd")] }));
    assert_eq!(there, json!({ &missing: false, served.pics("odd"): true }));
    assert_eq!(page.looked_up(&[&missing, &served.pics("odd/empty")]).len(), 1, "missing paths are absent");
    assert_eq!(page.list(&served.pics("odd/empty")).len(), 0);
}

fn dates_are_those_of_the_files(served: &Served) {
    let page = served.page();
    let mut listing = page.list(&served.pics(""));
    listing.extend(page.list(&served.pics("odd")));
    let mut seen = BTreeSet::new();
    for entry in listing.iter().filter(|entry| !entry.name.contains('\u{fffd}')) {
        let metadata = fs::metadata(&entry.path).unwrap();
        let local = |time| Timestamp::try_from(time).unwrap().to_zoned(TimeZone::system());
        let modified = local(metadata.modified().unwrap());
        assert_eq!(entry.date, modified.strftime("%Y-%m-%d %H:%M:%S").to_string(), "{}", entry.path);
        assert_eq!(entry.bytes, if entry.is_folder { 0 } else { metadata.len() });
        seen.insert(entry.is_folder);
    }
    assert_eq!(seen.len(), 2, "folders and files");
}
