//! 18.13: folders added, named and removed, and everything the page keeps, which a restart leaves as it is.

use super::first_load::{loads, starts};
use super::page::{Page, below};
use super::searching::{by_tags, by_text, opens, scrolled};
use super::served::{FOLDER_TYPES, MORE, Served};
use super::shapes::tags;
use super::tagging::{made, toggled};
use lumidex_index_tools::synth::png;
use serde_json::{Value, json};
use std::fs;

changing!(
    a_folder_is_added_named_and_removed,
    what_is_kept_is_there_after_a_restart,
    rules_tag_what_arrives,
    a_folder_that_changed_is_told_from_the_others,
);

/// The entry of a folder among those that start pages list.
fn entry(page: &Page, path: &str) -> Option<Value> {
    let setting = starts(page);
    let folders = setting["extra_paths"].as_array().unwrap();
    folders.iter().find(|folder| folder["path"] == path).cloned()
}

fn a_folder_is_added_named_and_removed(served: &mut Served) {
    let page = served.page();
    let more = served.more();
    page.does("POST", "/db/update_image_data", &json!({}));
    let n = page.get("/db/basic_info")["img_count"].as_u64().unwrap();
    assert_eq!(entry(&page, &more), None);
    for (nth, kind) in FOLDER_TYPES.iter().enumerate() {
        assert_eq!(page.post("/check_path_exists", &json!({ "paths": [more] })), json!({ &more: true }));
        page.does("POST", "/db/extra_paths", &json!({ "types": [kind], "path": more }));
        let types = &FOLDER_TYPES[..=nth];
        assert_eq!(entry(&page, &more).unwrap(), json!({ "path": more, "types": types, "alias": "" }));
    }
    assert_eq!(page.get("/db/expired_dirs"), json!({ "expired": true, "expired_dirs": [more] }));
    opens(&page);
    assert_eq!(page.get("/db/basic_info")["img_count"], n + MORE as u64);
    let shown = page.opened(&more);
    assert!(shown.len() == MORE && shown.iter().all(|entry| entry.is_indexed));
    let tag = made(&page, "of another folder");
    assert!(toggled(&page, &tag, &shown[0].path));

    let named = page.post("/db/alias_extra_path", &json!({ "path": more, "alias": "Mehr & mehr, 猫" }));
    assert_eq!(named, json!({ "path": more, "types": FOLDER_TYPES, "alias": "Mehr & mehr, 猫" }));
    assert_eq!(entry(&page, &more).unwrap(), named);

    for (nth, kind) in FOLDER_TYPES.iter().enumerate() {
        assert_eq!(page.get("/db/basic_info")["img_count"], n + MORE as u64, "while any type is left");
        page.does("DELETE", "/db/extra_paths", &json!({ "types": [kind], "path": more }));
        let left = entry(&page, &more).map(|entry| entry["types"].clone());
        assert_eq!(left, (nth < 2).then(|| json!(&FOLDER_TYPES[nth + 1..])));
    }
    assert_eq!(page.get("/db/basic_info")["img_count"], n);
    assert_eq!(scrolled(&page, "/db/match_images_by_tags", &by_tags(&[&tag], &[], &[])).len(), 0);
    page.refused("POST", "/db/alias_extra_path", &json!({ "path": more, "alias": "x" }), 400);
    let nowhere = below(&more, "nowhere");
    assert_eq!(page.post("/check_path_exists", &json!({ "paths": [nowhere] })), json!({ &nowhere: false }));
    page.refused("POST", "/db/extra_paths", &json!({ "types": ["walk"], "path": nowhere }), 400);

    // What a person did there is not lost with the folder.
    page.does("POST", "/db/extra_paths", &json!({ "types": ["walk"], "path": more }));
    opens(&page);
    assert_eq!(scrolled(&page, "/db/match_images_by_tags", &by_tags(&[&tag], &[], &[])).len(), 1);
    page.does("DELETE", "/db/extra_paths", &json!({ "types": ["walk"], "path": more }));
}

fn what_is_kept_is_there_after_a_restart(served: &mut Served) {
    let page = served.page();
    loads(&page);
    let scope = json!({ "folder_paths": [served.pics("odd")] });
    let snapshot = json!({ "id": "k1", "time": 1_795_363_958_250_i64, "tabs": [{ "panes": [{ "type": "local" }], "id": "猫" }] });
    for (name, value) in [
        ("fullscreen_layout", json!({ "enable": true, "panelWidth": 384, "alwaysOn": true })),
        ("topic_search_scope", scope.clone()),
        ("workspace_snapshot_k1", snapshot.clone()),
        ("workspace_snapshot_gone", snapshot),
        ("auto_tag_rules", json!([])),
    ] {
        page.keeps(name, &value);
    }
    for _ in 0..2 {
        page.does("DELETE", "/app_fe_setting", &json!({ "name": "workspace_snapshot_gone" }));
    }
    let root = served.pics("");
    page.post("/db/alias_extra_path", &json!({ "path": root, "alias": "all of it" }));
    let tag = made(&page, "kept over a restart");
    let path = served.pics("odd/a b.png");
    assert!(toggled(&page, &tag, &path));
    let asked = json!({ "threshold": 0.9, "min_cluster_size": 2, "lang": "en", "folder_paths": scope["folder_paths"] });
    let job = page.post("/db/cluster_iib_output_job_start", &asked);
    served
        .library()
        .topics()
        .wait(job["job_id"].as_str().unwrap(), std::time::Duration::from_secs(60))
        .unwrap();
    let told = |page: &Page| {
        let all = scrolled(page, "/db/search_by_substr", &by_text("oddly named"));
        json!({
            "setting": starts(page),
            "tags": page.get("/db/basic_info"),
            "given": page.tags_of(&[&path]),
            "topics": page.post("/db/cluster_iib_output_cached", &asked),
            "found": all.iter().map(|entry| entry.whole.clone()).collect::<Vec<_>>(),
            "trend": page.get("/db/stats/trend"),
        })
    };
    let before = told(&page);
    let kept = before["setting"]["app_fe_setting"].as_object().unwrap();
    for name in
        ["global", "fullscreen_layout", "topic_search_scope", "workspace_snapshot_k1", "auto_tag_rules"]
    {
        assert!(kept.contains_key(name), "{name}");
    }
    assert!(!kept.contains_key("workspace_snapshot_gone"));
    assert_eq!(before["topics"]["cache_hit"], true);
    drop(page);
    served.restart();

    let page = served.page();
    let after = told(&page);
    for (key, told) in before.as_object().unwrap() {
        assert_eq!(&after[key], told, "{key}");
    }
    page.post("/db/alias_extra_path", &json!({ "path": root, "alias": "" }));
}

fn rules_tag_what_arrives(served: &mut Served) {
    let page = served.page();
    let rules = json!([
        { "tag": "by a rule", "filters": [
            { "field": "pos_prompt", "operator": "contains", "value": "HERON" },
            { "field": "Steps", "operator": "equals", "value": "27" } ] },
        { "tag": "by no rule", "filters": [{ "field": "pos_prompt", "operator": "regex", "value": "(" }] },
        { "tag": "by nothing", "filters": [] },
    ]);
    page.keeps("auto_tag_rules", &rules);
    let folder = served.pics("~ruled");
    page.does("POST", "/mkdirs", &json!({ "dest_folder": folder }));
    for (nth, steps) in [(0, 27), (1, 28)] {
        let text =
            format!("a heron in reeds\nNegative prompt: gull\nSteps: {steps}, Sampler: Euler a, Seed: {nth}");
        fs::write(below(&folder, &format!("{nth}.png")), png(300_000 + nth, Some(&text))).unwrap();
    }
    page.does("POST", "/db/update_image_data", &json!({}));
    let [ruled, other] = [0, 1].map(|nth| below(&folder, &format!("{nth}.png")));
    let given = page.tags_of(&[&ruled, &other]);
    assert_eq!(given.as_object().unwrap().keys().collect::<Vec<_>>(), [&ruled]);
    assert_eq!(tags(&given[&ruled]).iter().map(|tag| tag.name.as_str()).collect::<Vec<_>>(), ["by a rule"]);
    page.keeps("auto_tag_rules", &json!([]));
}

fn a_folder_that_changed_is_told_from_the_others(served: &mut Served) {
    let page = served.page();
    let folder = served.pics("~changed");
    page.does("POST", "/mkdirs", &json!({ "dest_folder": folder }));
    // So that a second is enough to tell them apart.
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_600_000_000);
    fs::File::open(&folder).unwrap().set_modified(long_ago).unwrap();
    let listed = page.list(&served.pics(""));
    let folders: Vec<_> = listed.iter().filter(|entry| entry.is_folder).collect();
    let paths: Vec<&str> = folders.iter().map(|entry| entry.path.as_str()).collect();
    let same = page.post("/batch_get_files_info", &json!({ "paths": paths }));
    assert!(folders.iter().all(|entry| same[&entry.path] == entry.whole));
    fs::write(below(&folder, "new.png"), png(400_000, None)).unwrap();
    let changed = page.post("/batch_get_files_info", &json!({ "paths": paths }));
    for entry in folders {
        assert_eq!(changed[&entry.path] == entry.whole, entry.path != folder, "{}", entry.path);
    }
}
