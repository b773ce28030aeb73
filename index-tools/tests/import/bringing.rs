//! What comes from databases of every age into a library that knows the files, and what stays.

use std::collections::BTreeMap;

use lumidex::ledger::paid::Paid;
use lumidex::projection::vectors::prompt_hash;
use lumidex_schema::layout;
use lumidex_schema::tag::LIKE;

use crate::fixture::{Age, Iib, text_of};
use crate::home::Home;

/// Three images with tags, folders and whatever its age knows.
fn filled(home: &Home, age: Age) -> std::path::PathBuf {
    let iib = Iib::new(home.dir.path(), age);
    let (a, b) = (iib.image("/p/a.png", 10), iib.image("/p/x/b.png", 20));
    iib.image("/p/c.png", 30);
    let red = iib.tag("best of", "#ff0000");
    let auto = iib.tag_of("pos", "snow");
    iib.link(a, iib.like());
    iib.link(a, red);
    iib.link(b, red);
    iib.link(b, auto);
    iib.folder("/p", "scanned+walk", "mine");
    iib.folder("/elsewhere", "scanned-fixed", "");
    if age >= Age::Middle {
        iib.setting("global", r#"{"lang": "en"}"#);
        iib.setting("tag_graph_v1_abc", "{}");
        iib.setting("tag_abstraction_9", "{}");
    }
    if age == Age::Newest {
        iib.edited("/p/d.png", 40, "words of my own\nSteps: 9, Seed: 77, Sampler: mine");
    }
    iib.done()
}

#[test]
fn databases_of_every_age_are_read() {
    for age in Age::ALL {
        let home = Home::new();
        home.see(&[("a.png", 10), ("x/b.png", 20), ("c.png", 30), ("d.png", 40)]);
        let file = filled(&home, age);
        let before = std::fs::read(&file).unwrap();
        let done = home.import(&file, &[]);
        let state = home.state();
        let mut images = BTreeMap::from([
            ("/p/a.png".to_owned(), (vec!["best of".to_owned(), LIKE.to_owned()], None)),
            ("/p/x/b.png".to_owned(), (vec!["best of".to_owned()], None)),
        ]);
        if age == Age::Newest {
            let text = "words of my own\nSteps: 9, Seed: 77, Sampler: mine".to_owned();
            images.insert("/p/d.png".to_owned(), (Vec::new(), Some(text)));
        }
        assert_eq!(state.images, images, "{age:?}");
        let color = if age == Age::Newest { "#ff0000" } else { "" };
        let tags = [("best of", color), (LIKE, "")].map(|(name, color)| (name.to_owned(), color.to_owned()));
        assert_eq!(state.tags, BTreeMap::from(tags), "{age:?}");
        let alias = if age == Age::Oldest { "" } else { "mine" };
        assert_eq!(state.folders["/p"], (vec!["scanned", "walk"], alias.to_owned()), "{age:?}");
        assert_eq!(state.folders["/elsewhere"], (vec!["scanned-fixed"], String::new()), "{age:?}");
        let settings: Vec<_> = state.settings.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(settings, if age == Age::Oldest { vec![] } else { vec!["global"] }, "{age:?}");
        assert_eq!((done.files.linked, done.waiting), (3, 0), "{age:?}");
        assert_eq!(std::fs::read(&file).unwrap(), before, "the database is only read");

        let again = home.plan(&file, &[]);
        assert!(again.is_empty(), "{age:?}: {}", again.report());
        assert_eq!(again.complaints(), 0, "{age:?}: {}", again.report());
        let done = again.apply(&mut |_| {}).unwrap();
        assert_eq!((done.files.linked, done.folders, done.settings), (0, 0, 0), "{age:?}");
        assert_eq!(home.state(), state, "{age:?}");
    }
}

#[test]
fn a_library_that_is_not_there_yet_is_made_when_it_is_agreed_to() {
    let home = Home::new();
    std::fs::remove_dir_all(home.data()).unwrap();
    let file = filled(&home, Age::Newest);
    let plan = home.plan(&file, &[]);
    assert!(plan.report().contains("a new library"), "{}", plan.report());
    assert!(!home.data().exists());
    let done = plan.apply(&mut |_| {}).unwrap();
    assert_eq!((done.waiting, done.folders), (3, 2));
    assert_eq!(home.state().tags["best of"], "#ff0000");
}

#[test]
fn looking_changes_nothing() {
    let home = Home::new();
    home.see(&[("a.png", 10)]);
    let file = filled(&home, Age::Newest);
    let bytes = || std::fs::read(home.data().join(layout::LEDGER)).unwrap();
    let (before, names) = (bytes(), || std::fs::read_dir(home.data()).unwrap().count());
    let plan = home.plan(&file, &[]);
    assert!(!plan.is_empty());
    let report = plan.report();
    for said in [
        "1 new tag",
        "2 tags and 0 texts",
        "the folder /elsewhere as scanned-fixed",
        "not there at the moment",
    ] {
        assert!(report.contains(said), "{said}: {report}");
    }
    drop(plan);
    assert!(bytes() == before, "the ledger is as it was");
    assert_eq!(names(), 2, "the ledger and its lock");
}

#[test]
fn what_a_person_did_here_stays() {
    let home = Home::new();
    home.see(&[("a.png", 10), ("x/b.png", 20), ("d.png", 40)]);
    let file = filled(&home, Age::Newest);
    {
        let ledger = home.ledger();
        let (_, tag) = ledger.make_tag("best of").unwrap();
        ledger.color_tag(tag, "blue").unwrap();
        let (image, _) = ledger.reader().unwrap().image_at(b"/p/a.png").unwrap().unwrap();
        ledger.put_tag(tag, vec![image]).unwrap();
        ledger.take_tag(tag, vec![image]).unwrap();
        let (image, _) = ledger.reader().unwrap().image_at(b"/p/d.png").unwrap().unwrap();
        let here = lumidex::intake::worded(&ledger.reader().unwrap(), "words of here").unwrap();
        ledger.edit_text(image, Some(here)).unwrap();
        ledger.put_setting("global", r#"{"lang":"de"}"#).unwrap();
    }
    let plan = home.plan(&file, &[]);
    let report = plan.report();
    for said in [
        "1 tag on images: you decided about them otherwise here",
        "1 text: you gave those images others here",
        "the setting `global`: it has another value here",
        "the colour `#ff0000` of the tag `best of`: it has `blue` here",
        "2 settings that are caches",
    ] {
        assert!(report.contains(said), "{said}: {report}");
    }
    plan.apply(&mut |_| {}).unwrap();
    let state = home.state();
    assert_eq!(state.images["/p/a.png"], (vec![LIKE.to_owned()], None));
    assert_eq!(state.images["/p/d.png"].1.as_deref(), Some("words of here"));
    assert_eq!(state.tags["best of"], "blue");
    assert_eq!(state.settings, [("global".to_owned(), r#"{"lang":"de"}"#.to_owned())]);
    assert!(home.plan(&file, &[]).is_empty());
}

#[test]
fn everything_brought_can_be_taken_back() {
    let home = Home::new();
    home.see(&[("a.png", 10), ("x/b.png", 20), ("d.png", 40)]);
    let before = home.state();
    home.import(&filled(&home, Age::Newest), &[]);
    let ledger = home.ledger();
    let decisions = ledger.reader().unwrap().decisions(100).unwrap();
    // But for the root that was there before.
    for (number, _) in &decisions[..decisions.len() - 1] {
        ledger.undo(*number).unwrap();
    }
    drop(ledger);
    assert_eq!(home.state(), before);
}

#[test]
fn paths_of_another_machine_are_mapped() {
    let home = Home::new();
    home.see(&[("a.png", 10), ("new/b.png", 20)]);
    let iib = Iib::new(home.dir.path(), Age::Newest);
    let tag = iib.tag("t", "");
    for path in [r"D:\Pics\a.png", r"D:\pics\old\b.png", "/data/c.png"] {
        iib.link(iib.image(path, 99), tag);
    }
    iib.folder(r"D:\pics", "scanned", "Windows");
    iib.setting("quick", r#"{"at": ["D:\\pics\\old", "D:\\picsmore"], "name": "D"}"#);
    let file = iib.done();
    let unmapped = home.plan(&file, &[]).report();
    assert!(unmapped.contains(r"the folder `D:\pics`: that is no path of this machine"), "{unmapped}");
    assert!(unmapped.contains("--map 'D:/Pics=...'") || cfg!(windows), "{unmapped}");
    let maps = [r"D:\pics=/p", r"D:\pics\old=/p/new", "/data=/p/docker"];
    let done = home.import(&file, &maps);
    assert_eq!((done.files.linked, done.waiting), (2, 1));
    for path in ["/p/a.png", "/p/new/b.png"] {
        assert_eq!(home.tags(path), ["t"], "{path}");
    }
    assert_eq!(home.state().folders["/p"].1, "Windows");
    let quick: serde_json::Value = serde_json::from_str(&home.state().settings[0].1).unwrap();
    assert_eq!(quick, serde_json::json!({ "at": ["/p/new", "D:\\picsmore"], "name": "D" }));
    assert!(home.plan(&file, &maps).is_empty());
    home.see(&[("docker/c.png", 1)]);
    assert_eq!(home.tags("/p/docker/c.png"), ["t"]);
}

#[test]
fn saved_searches_name_the_tags_that_are_here() {
    let home = Home::new();
    for name in ["these", "take", "numbers"] {
        home.ledger().make_tag(name).unwrap();
    }
    let iib = Iib::new(home.dir.path(), Age::Newest);
    let (mine, pos) = (iib.tag("mine", ""), iib.tag_of("pos", "not here"));
    let json =
        format!(r#"{{"tabs":[{{"ids":{{"and_tags":[{mine},{pos}],"or_tags":["{mine}"],"size":{mine}}}}}]}}"#);
    iib.setting("workspace_snapshot_1", &json);
    let file = iib.done();
    home.import(&file, &[]);
    let id = home.ledger().make_tag("mine").unwrap().1.0;
    assert_ne!(i64::from(id), mine);
    let stored: serde_json::Value = serde_json::from_str(&home.state().settings[0].1).unwrap();
    let expected =
        serde_json::json!({ "tabs": [{ "ids": { "and_tags": [id], "or_tags": [id], "size": mine } }] });
    assert_eq!(stored, expected);
    assert!(home.plan(&file, &[]).is_empty());
}

#[test]
fn rules_are_added_to_those_that_are_here() {
    let home = Home::new();
    let rule = |tag: &str| {
        format!(r#"{{"tag":"{tag}","filters":[{{"field":"Seed","operator":"equals","value":"77"}}]}}"#)
    };
    home.ledger().put_setting("auto_tag_rules", &format!("[{}]", rule("here"))).unwrap();
    home.see(&[("d.png", 40)]);
    let iib = Iib::new(home.dir.path(), Age::Newest);
    iib.edited("/p/d.png", 40, "a fox\nSteps: 9, Seed: 77, Sampler: mine");
    iib.setting("auto_tag_rules", &format!("[{},{}]", rule("there"), rule("here")));
    let file = iib.done();
    assert!(home.plan(&file, &[]).report().contains("1 rule for tags"));
    home.import(&file, &[]);
    let rules: Vec<serde_json::Value> = serde_json::from_str(&home.state().settings[0].1).unwrap();
    assert_eq!(rules.iter().map(|rule| rule["tag"].as_str().unwrap()).collect::<Vec<_>>(), ["here", "there"]);
    assert_eq!(home.tags("/p/d.png"), ["here", "there"], "rules hold for texts that are brought");
    assert!(home.plan(&file, &[]).is_empty());
}

#[test]
fn vectors_come_to_the_prompts_they_are_of() {
    let home = Home::new();
    let iib = Iib::new(home.dir.path(), Age::Newest);
    let ids: Vec<i64> = (0..6).map(|n| iib.image(&format!("/p/{n}.png"), n)).collect();
    iib.vector(ids[0], "m", &[1.0, 2.0, 3.0]);
    iib.vector(ids[1], "m", &[4.0, 5.0]);
    iib.vector(ids[2], "m", &[f32::NAN, 0.0, 1.0]);
    iib.vector(ids[3], "other", &[0.5]);
    iib.connection.execute("UPDATE image SET exif = NULL WHERE id = ?", [ids[4]]).unwrap();
    iib.vector(ids[4], "m", &[1.0, 1.0, 1.0]);
    iib.connection
        .execute(
            "UPDATE image SET exif = (SELECT exif FROM image WHERE id = ?)  WHERE id = ?",
            [ids[0], ids[5]],
        )
        .unwrap();
    iib.vector(ids[5], "m", &[7.0, 7.0, 7.0]);
    iib.connection.execute("INSERT INTO topic_title_cache VALUES ('h', 't', '[]', 'm', '')", []).unwrap();
    let file = iib.done();
    let plan = home.plan(&file, &[]);
    let report = plan.report();
    for said in [
        "1 vector of prompts by `m`",
        "1 vectors by `m`: their images have no prompt",
        "1 vectors by `m`: they have more or fewer numbers",
        "1 of `image_embedding` hold no vector",
        "1 titles of topics",
    ] {
        assert!(report.contains(said), "{said}: {report}");
    }
    assert_eq!(plan.apply(&mut |_| {}).unwrap().vectors, 2);
    let paid = Paid::at(&home.data().join(layout::PAID));
    let hash = |path: &str| prompt_hash(&text_of(path)).unwrap();
    assert_eq!(
        paid.vectors("m", &[hash("/p/0.png"), hash("/p/1.png")]).unwrap(),
        [Some(vec![1.0, 2.0, 3.0]), None]
    );
    assert_eq!(paid.vectors("other", &[hash("/p/3.png")]).unwrap(), [Some(vec![0.5])]);
    drop(paid);
    assert!(home.plan(&file, &[]).is_empty());
}
