//! Decisions are undone exactly, undoing is undone in turn, and nothing that was decided since is
//! overridden.

use crate::journal::{Home, file};
use lumidex::ledger::{DecideError, Ledger, Observation, Reader};
use lumidex::limits::COVER_BYTES_MAX;
use lumidex_schema::id::{ImageId, Seq, TagId, Timestamp};
use lumidex_schema::operation::OperationKind;
use lumidex_schema::record::{Action, Decision, ExtraPath, Link, PathType, Question, Row};
use lumidex_schema::tables;
use redb::{ReadableDatabase, ReadableTable};

/// What a person could see, as text.
fn shown(reader: &Reader) -> String {
    let mut out = String::new();
    for id in 1..=reader.last_image().unwrap().0 {
        let id = ImageId(id);
        let (tags, cover) = (reader.custom_tag_ids_of(id).unwrap(), reader.cover(id).unwrap());
        out += &format!("{id} {tags:?} {cover:?}\n");
    }
    for (id, tag) in reader.custom_tags().unwrap() {
        out += &format!("{id} {} {:?}\n", tag.name, tag.color);
    }
    let roots: Vec<_> = reader.roots().unwrap().into_iter().filter(|(_, root)| !root.retired).collect();
    out += &format!("{:?} {:?} {roots:?}", reader.settings().unwrap(), reader.extra_paths().unwrap());
    out
}

/// As [`shown`], with what rules may not put on again, read without the code under test.
fn held(home: Home) -> (Home, String) {
    let Home { ledger, dir } = home;
    let mut out = shown(&ledger.reader().unwrap());
    drop(ledger);
    let db = redb::ReadOnlyDatabase::open(dir.path().join("l.redb")).unwrap();
    for row in db.begin_read().unwrap().open_table(tables::LINKS).unwrap().iter().unwrap() {
        let (key, link) = row.unwrap();
        out += &format!("\n{:?} {:?}", key.value(), Link::decode(link.value()).unwrap());
    }
    drop(db);
    (Home { ledger: Ledger::open(&dir.path().join("l.redb")).unwrap(), dir }, out)
}

fn why(refused: Result<Seq, DecideError>) -> String {
    match refused.unwrap_err() {
        DecideError::CannotUndo { why, .. } => why,
        other => panic!("{other}"),
    }
}

/// A file that a rule puts tags on.
fn ruled(home: &Home, path: &str, inode: u64, rule_tags: &[&str]) -> ImageId {
    let mut seen = home.seen(path, file(inode));
    seen.rule_tags = rule_tags.iter().map(|tag| (*tag).to_owned()).collect();
    home.ledger.observe(vec![Observation::Seen(Box::new(seen))]).unwrap();
    home.at(path).unwrap()
}

/// One decision of many kinds; its number, if it was one.
fn decide(home: &Home, images: &[ImageId], dice: &mut fastrand::Rng) -> Option<Seq> {
    let ledger = &home.ledger;
    let tags = home.reader().custom_tags().unwrap();
    let tag = tags[dice.usize(..tags.len())].0;
    let some: Vec<ImageId> = images.iter().copied().filter(|_| dice.bool()).collect();
    let head = ledger.head();
    let name = format!("name {}", dice.u8(..5));
    let path = ["/p", "/p/x", "/q", "/r"][dice.usize(..4)].as_bytes();
    let types = [[PathType::Scanned], [PathType::Walk]][dice.usize(..2)];
    let _ = match dice.u8(..11) {
        0 => ledger.make_tag(&name).map(|(seq, _)| seq),
        1 => ledger.remove_tag(tag),
        2 => ledger.color_tag(tag, ["", "#f00", "#0f0"][dice.usize(..3)]),
        3 | 4 => ledger.put_tag(tag, some),
        5 => ledger.take_tag(tag, some),
        6 => ledger.toggle_tag(tag, images[dice.usize(..images.len())]).map(|(seq, _)| seq),
        7 => ledger.put_setting(&name, &dice.u8(..3).to_string()),
        8 => ledger.remove_setting(&name),
        9 if dice.bool() => ledger.add_extra_path(path, &types),
        9 if dice.bool() => ledger.alias_extra_path(path, &name).map(|(seq, _)| seq),
        9 => ledger.remove_extra_path(path, &types),
        _ => ledger.choose_cover(images[0], dice.bool().then(|| vec![dice.u8(..2)])),
    };
    let latest = home.reader().decisions(1).unwrap()[0].0;
    (latest > head).then_some(latest)
}

#[test]
fn undoing_in_reverse_gives_back_what_was_and_undoing_that_what_became_of_it() {
    for seed in 0..4 {
        let mut dice = fastrand::Rng::with_seed(seed);
        let home = Home::new();
        let rules = ["by rule", "name 1"];
        let images: Vec<ImageId> =
            (0..6).map(|n| ruled(&home, &format!("/p/{n}.png"), n, &rules[..(n % 3) as usize])).collect();
        // Refused before anything is undone.
        let by_rule = home.reader().custom_tags_of(images[1]).unwrap()[0].0;
        home.ledger.take_tag(by_rule, vec![images[1]]).unwrap();
        let (home, before) = held(home);
        let done: Vec<Seq> = (0..45).filter_map(|_| decide(&home, &images, &mut dice)).collect();
        assert!(done.len() > 20, "{}", done.len());
        let (home, after) = held(home);
        let undo = |home: &Home, all: &[Seq]| -> Vec<Seq> {
            let undo = |seq: &Seq| {
                let by = home.ledger.undo(*seq).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
                assert_eq!(home.reader().undone_by(*seq).unwrap(), Some(by));
                by
            };
            all.iter().rev().map(undo).collect()
        };
        let undone = undo(&home, &done);
        let (home, now) = held(home);
        assert_eq!(now, before, "seed {seed}");
        let redone = undo(&home, &undone);
        let (home, now) = held(home);
        assert_eq!(now, after, "seed {seed}, done again");
        undo(&home, &redone);
        assert_eq!(held(home).1, before, "seed {seed}, undone again");
    }
}

#[test]
fn a_rule_does_not_add_again_what_undoing_took_off() {
    let home = Home::new();
    let id = ruled(&home, "/p/a.png", 1, &["by rule"]);
    let tag = home.tags(id)[0];
    // Refused, put on, and that undone: refused again.
    home.ledger.take_tag(tag, vec![id]).unwrap();
    let put = home.ledger.put_tag(tag, vec![id]).unwrap();
    assert_eq!(home.tags(id), [tag]);
    home.ledger.undo(put).unwrap();
    ruled(&home, "/p/a.png", 1, &["by rule"]);
    assert!(home.tags(id).is_empty());
    // Never refused: a rule may put it on.
    let other = home.see("/p/b.png", file(2));
    let put = home.ledger.put_tag(tag, vec![other]).unwrap();
    home.ledger.undo(put).unwrap();
    assert!(home.tags(other).is_empty());
    ruled(&home, "/p/b.png", 2, &["by rule"]);
    assert_eq!(home.tags(other), [tag]);
    // What a rule had put on is the rule's again.
    let put = home.ledger.put_tag(tag, vec![other]).unwrap();
    assert!(home.ledger.undo(put).unwrap() > put);
    assert_eq!(home.tags(other), [tag]);
}

#[test]
fn a_removed_tag_comes_back_as_itself() {
    let home = Home::new();
    let ids = [home.see("/p/a.png", file(1)), home.see("/p/b.png", file(2))];
    let (_, tag) = home.ledger.make_tag("mine").unwrap();
    home.ledger.color_tag(tag, "#123").unwrap();
    home.ledger.put_tag(tag, ids.to_vec()).unwrap();
    let removed = home.ledger.remove_tag(tag).unwrap();
    let by = home.ledger.undo(removed).unwrap();
    let record = home.reader().tag(tag).unwrap().unwrap();
    assert_eq!((record.color.as_str(), record.removed), ("#123", false));
    assert_eq!(ids.map(|id| home.tags(id)), [[tag], [tag]]);
    assert_eq!(home.ledger.make_tag("mine").unwrap().1, tag, "its name finds it");
    home.ledger.undo(by).unwrap();
    assert!(home.tags(ids[0]).is_empty());
    // Its name was given to another meanwhile.
    home.ledger.make_tag("mine").unwrap();
    let redone = home.reader().undone_by(by).unwrap().unwrap();
    assert!(why(home.ledger.undo(redone)).contains("another tag `mine`"));
}

#[test]
fn what_was_decided_about_again_is_not_overridden() {
    let home = Home::new();
    let ledger = &home.ledger;
    let ids = [home.see("/p/a.png", file(1)), home.see("/p/b.png", file(2))];
    let (_, tag) = ledger.make_tag("mine").unwrap();
    let made = home.reader().decisions(1).unwrap()[0].0;
    let put = ledger.put_tag(tag, vec![ids[0]]).unwrap();
    let other = ledger.put_tag(tag, vec![ids[1]]).unwrap();
    let taken = ledger.take_tag(tag, vec![ids[0]]).unwrap();
    assert!(why(ledger.undo(put)).contains(&format!("decision `{taken}`")));
    assert!(why(ledger.undo(made)).contains(&format!("decision `{put}`")));
    let colored = ledger.color_tag(tag, "#111").unwrap();
    let again = ledger.color_tag(tag, "#222").unwrap();
    assert!(why(ledger.undo(colored)).contains(&format!("decision `{again}`")));
    let set = ledger.put_setting("s", "1").unwrap();
    let reset = ledger.put_setting("s", "2").unwrap();
    assert!(why(ledger.undo(set)).contains(&format!("decision `{reset}` changed the setting")));
    let added = ledger.add_extra_path(b"/z", &[PathType::Walk]).unwrap();
    let alias = ledger.alias_extra_path(b"/z", "Z").unwrap().0;
    assert!(why(ledger.undo(added)).contains(&format!("decision `{alias}` changed the folder")));
    let cover = ledger.choose_cover(ids[0], Some(vec![1])).unwrap();
    let newer = ledger.choose_cover(ids[0], Some(vec![2])).unwrap();
    assert!(why(ledger.undo(cover)).contains(&format!("decision `{newer}` chose another cover")));
    // About another image, nothing stands in the way.
    ledger.undo(other).unwrap();
    // What was undone does not either.
    ledger.undo(taken).unwrap();
    ledger.undo(put).unwrap();
    assert!(home.tags(ids[0]).is_empty());
    assert!(why(ledger.undo(put)).contains("undone before"));
    let removed = ledger.remove_tag(tag).unwrap();
    assert!(why(ledger.undo(again)).contains(&format!("decision `{removed}` removed the tag")));
}

#[test]
fn what_cannot_be_undone_here_is_refused_and_changes_nothing() {
    let home = Home::new();
    let operation = home.ledger.begin_operation(OperationKind::Copy, 0, Vec::new(), true).unwrap();
    let head = home.ledger.head();
    assert!(why(home.ledger.undo(operation)).contains("operation on files"));
    assert!(matches!(home.ledger.undo(Seq(9_999)), Err(DecideError::UnknownDecision(Seq(9_999)))));
    assert_eq!(home.ledger.head(), head);
}

/// Stores decisions as they were written long ago, or by an earlier program.
fn rewrite(home: Home, number: Seq, change: impl FnOnce(&mut Decision)) -> Home {
    let Home { ledger, dir } = home;
    drop(ledger);
    let path = dir.path().join("l.redb");
    let db = redb::Database::create(&path).unwrap();
    let txn = db.begin_write().unwrap();
    {
        let mut table = txn.open_table(tables::DECISIONS).unwrap();
        let mut decision = Decision::decode(table.get(number.0).unwrap().unwrap().value()).unwrap();
        change(&mut decision);
        table.insert(number.0, decision.encode().as_slice()).unwrap();
    }
    txn.commit().unwrap();
    drop(db);
    Home { ledger: Ledger::open(&path).unwrap(), dir }
}

#[test]
fn what_was_decided_more_than_ninety_days_ago_stays() {
    let home = Home::new();
    let set = home.ledger.put_setting("s", "1").unwrap();
    let days = |n: i64| n * 24 * 3_600 * 1_000_000_000;
    let home = rewrite(home, set, |decision| decision.at = Timestamp(decision.at.0 - days(91)));
    assert!(why(home.ledger.undo(set)).contains("90 days"));
    let home = rewrite(home, set, |decision| decision.at = Timestamp(decision.at.0 + days(2)));
    home.ledger.undo(set).unwrap();
    assert_eq!(home.reader().setting("s").unwrap(), None);
}

#[test]
fn decisions_of_earlier_formats_are_undone_without_letting_rules_in() {
    let home = Home::new();
    let id = home.see("/p/a.png", file(1));
    let (_, tag) = home.ledger.make_tag("mine").unwrap();
    let put = home.ledger.put_tag(tag, vec![id]).unwrap();
    let home = rewrite(home, put, |decision| decision.action = Action::TagPut { tag, images: vec![id] });
    let by = home.ledger.undo(put).unwrap();
    assert!(home.tags(id).is_empty());
    ruled(&home, "/p/a.png", 1, &["mine"]);
    assert!(home.tags(id).is_empty(), "whether it was refused is not known, so it is");
    home.ledger.undo(by).unwrap();
    let taken = home.ledger.take_tag(tag, vec![id]).unwrap();
    let old = Action::TagTaken { tag, images: vec![id] };
    let home = rewrite(home, taken, |decision| decision.action = old);
    home.ledger.undo(taken).unwrap();
    assert_eq!(home.tags(id), [tag]);
    let removed = home.ledger.remove_tag(tag).unwrap();
    let old = Action::TagRemoved { tag, images: vec![id] };
    let home = rewrite(home, removed, |decision| decision.action = old);
    home.ledger.undo(removed).unwrap();
    assert_eq!(home.tags(id), [tag]);
}

#[test]
fn an_extra_path_that_comes_back_brings_its_images() {
    let home = Home::new();
    let id = home.tagged("/p/a.png", file(1));
    home.ledger.alias_extra_path(b"/p", "P").unwrap();
    let removed = home.ledger.remove_extra_path(b"/p", &[]).unwrap();
    assert_eq!(home.at("/p/a.png"), None);
    home.ledger.undo(removed).unwrap();
    let entry = ExtraPath { types: vec![PathType::Scanned], alias: "P".to_owned() };
    assert_eq!(home.reader().extra_paths().unwrap()[0].1, entry);
    assert_eq!(home.see("/p/a.png", file(1)), id);
    assert_eq!(home.tags(id).len(), 1);
}

#[test]
fn covers_are_bounded_kept_and_undone() {
    let home = Home::new();
    let id = home.see("/p/a.mp4", file(1));
    let large = home.ledger.choose_cover(id, Some(vec![0; COVER_BYTES_MAX + 1]));
    assert!(matches!(large, Err(DecideError::CoverTooLarge(_))));
    assert!(matches!(home.ledger.choose_cover(ImageId(99), None), Err(DecideError::UnknownImage(_))));
    let before = home.image(id).seq;
    home.ledger.choose_cover(id, Some(vec![7; COVER_BYTES_MAX])).unwrap();
    assert!(home.image(id).seq > before, "whoever shows it is told");
    let second = home.ledger.choose_cover(id, None).unwrap();
    let home = home.reopened();
    assert_eq!(home.reader().cover(id).unwrap(), None);
    home.ledger.undo(second).unwrap();
    assert_eq!(home.reader().cover(id).unwrap(), Some(vec![7; COVER_BYTES_MAX]));
}

/// The open questions about identity.
fn questions(home: &Home) -> Vec<(Seq, Question)> {
    home.reader().reviews(9).unwrap().into_iter().map(|(seq, review)| (seq, review.question)).collect()
}

/// Everything about two images that undoing has to give back.
fn both(home: &Home, ids: [ImageId; 2]) -> String {
    let reader = home.reader();
    let one = |id| {
        let image = home.image(id);
        let at = reader.path_of(&image).unwrap();
        let at = String::from_utf8(at).unwrap();
        let there = reader.image_at(at.as_bytes()).unwrap().map(|(there, _)| there);
        let tags: Vec<TagId> = reader.custom_tag_ids_of(id).unwrap();
        format!("{at} {:?} {there:?} {tags:?} {:?} {:?}", image.presence, image.fingerprint, image.sighting)
    };
    ids.map(one).join("\n")
}

#[test]
fn an_answer_about_a_lost_image_is_taken_back_and_given_again() {
    let home = Home::new();
    let twin = crate::journal::File { inode: 2, content: 1 };
    let arrived = crate::journal::File { inode: 3, content: 1 };
    let lost = [home.tagged("/p/a.png", file(1)), home.tagged("/p/b.png", twin)];
    for id in lost {
        home.miss(home.sighted(id), Vec::new());
    }
    let newer = home.see("/q/c.png", arrived);
    let (_, tag) = home.ledger.make_tag("later").unwrap();
    home.ledger.put_tag(tag, vec![newer]).unwrap();
    let asked = questions(&home);
    assert!(matches!(asked[0].1, Question::Ambiguous { .. }));
    let before = both(&home, [lost[1], newer]);
    let settled = home.ledger.settle_review(asked[0].0, Some(lost[1])).unwrap();
    let after = both(&home, [lost[1], newer]);
    assert_eq!((home.at("/q/c.png"), home.tags(lost[1]).len()), (Some(lost[1]), 2));
    let by = home.ledger.undo(settled).unwrap();
    assert_eq!(both(&home, [lost[1], newer]), before);
    assert_eq!(home.at("/q/c.png"), Some(newer));
    assert_eq!(questions(&home)[0].1, asked[0].1, "it is asked again");
    let again = home.ledger.undo(by).unwrap();
    assert_eq!(both(&home, [lost[1], newer]), after);
    // Once something was done to the image, it is too late.
    let put = home.ledger.put_tag(TagId(1), vec![lost[1]]).unwrap();
    assert!(why(home.ledger.undo(again)).contains(&format!("decision `{put}`")));
    home.ledger.undo(put).unwrap();
    home.miss(home.sighted(lost[1]), Vec::new());
    assert!(why(home.ledger.undo(again)).contains("moved on"));
}

#[test]
fn an_answer_about_a_replaced_picture_is_taken_back() {
    let home = Home::new();
    let told = |content: u8, text: &str| {
        let mut seen = home.seen("/p/a.png", crate::journal::File { inode: 1, content });
        let split = lumidex_schema::text::split(text);
        let shared = lumidex::ledger::SharedText::new(split.template, Vec::new());
        (seen.text, seen.holes) = (Some(std::sync::Arc::new(shared)), split.holes);
        home.tell(seen);
    };
    told(1, "one");
    let id = home.at("/p/a.png").unwrap();
    home.ledger.put_tag(TagId(1), vec![id]).unwrap();
    told(2, "another");
    let asked = questions(&home);
    assert!(matches!(asked[0].1, Question::Replaced { .. }));
    let before = both(&home, [id, id]);
    let settled = home.ledger.settle_review(asked[0].0, Some(id)).unwrap();
    let newer = home.at("/p/a.png").unwrap();
    assert!(newer != id && home.is_missing(id));
    let by = home.ledger.undo(settled).unwrap();
    assert_eq!(both(&home, [id, id]), before);
    assert_eq!(questions(&home).len(), 1);
    home.ledger.undo(by).unwrap();
    assert!(home.is_missing(id) && home.at("/p/a.png").is_some());
}

#[test]
fn a_question_that_was_closed_is_opened_again() {
    let home = Home::new();
    let twin = crate::journal::File { inode: 2, content: 1 };
    let lost = [home.tagged("/p/a.png", file(1)), home.tagged("/p/b.png", twin)];
    for id in lost {
        home.miss(home.sighted(id), Vec::new());
    }
    home.see("/q/c.png", crate::journal::File { inode: 3, content: 1 });
    let asked = questions(&home);
    let closed = home.ledger.settle_review(asked[0].0, None).unwrap();
    assert!(questions(&home).is_empty());
    let by = home.ledger.undo(closed).unwrap();
    assert_eq!(questions(&home)[0].1, asked[0].1);
    home.ledger.undo(by).unwrap();
    assert!(questions(&home).is_empty());
}
