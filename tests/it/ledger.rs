//! What the ledger promises, through its public surface.

use lumidex::ledger::{
    DecideError, Elsewhere, Ledger, Observation, OpenError, Reader, Seen, SharedText, Sighted,
};
use lumidex_schema::feed::Subject;
use lumidex_schema::id::{ImageId, RootId, Seq, TagId, Timestamp};
use lumidex_schema::media::MediaKind;
use lumidex_schema::path::RelPath;
use lumidex_schema::record::{Action, Fingerprint, Image, Link, LinkChange, PathType, Presence, Sighting};
use lumidex_schema::tag::{LIKE, TagKind};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

struct Opened {
    ledger: Ledger,
    dir: tempfile::TempDir,
}

impl Opened {
    fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { ledger: Ledger::open(&dir.path().join("l.redb")).unwrap(), dir }
    }

    fn reopened(self) -> Self {
        let Self { ledger, dir } = self;
        drop(ledger);
        Self { ledger: Ledger::open(&dir.path().join("l.redb")).unwrap(), dir }
    }

    fn reader(&self) -> Reader {
        self.ledger.reader().unwrap()
    }

    fn add(&self, path: &str) {
        self.ledger.add_extra_path(path.as_bytes(), &[PathType::Scanned]).unwrap();
    }

    fn wanted_roots(&self) -> Vec<String> {
        let roots = self.reader().roots().unwrap().into_iter().filter(|(_, root)| !root.retired);
        roots.map(|(_, root)| String::from_utf8(root.path).unwrap()).collect()
    }

    fn root_of(&self, path: &str) -> RootId {
        let roots = self.reader().roots().unwrap();
        roots.iter().find(|(_, root)| root.path == path.as_bytes()).unwrap().0
    }

    /// Reports a file; its image.
    fn see(&self, root: &str, folder: &str, name: &str, text: &str) -> ImageId {
        self.ledger.observe(vec![seen(self.root_of(root), folder, name, text, 1)]).unwrap();
        let path = format!("{root}/{folder}/{name}").replace("//", "/");
        self.at(&path).unwrap().0
    }

    fn at(&self, path: &str) -> Option<(ImageId, Image)> {
        self.reader().present_at(path.as_bytes()).unwrap()
    }

    /// The feed holds each subject once, at the number of its record, in order, up to the head.
    fn check_feed(&self) {
        let reader = self.reader();
        let rows = reader.feed_after(Seq::ZERO, usize::MAX).unwrap();
        assert!(rows.is_sorted_by(|(a, _), (b, _)| a < b));
        let mut subjects: Vec<Subject> = Vec::new();
        for (seq, subject) in rows {
            let number = match subject {
                Subject::Image(id) => reader.image(id).unwrap().unwrap().seq,
                Subject::Text(id) => reader.text(id).unwrap().unwrap().seq,
                Subject::Folder(id) => reader.folder(id).unwrap().unwrap().seq,
                Subject::Tag(id) => reader.tag(id).unwrap().unwrap().seq,
            };
            assert_eq!(seq, number, "{subject:?}");
            assert!(seq <= reader.head().unwrap());
            assert!(!subjects.contains(&subject), "{subject:?} stands once");
            subjects.push(subject);
        }
        let images = subjects.iter().filter(|subject| matches!(subject, Subject::Image(_))).count();
        assert_eq!(images as u64, reader.n_images().unwrap());
    }
}

fn seen(root: RootId, folder: &str, name: &str, text: &str, modified: i64) -> Observation {
    let split = lumidex_schema::text::split(text);
    let tags = vec![(TagKind::Pos, "a".to_owned())];
    Observation::Seen(Box::new(Seen {
        root,
        folder: RelPath::from_bytes(folder.as_bytes()),
        name: name.as_bytes().to_vec(),
        sighting: Sighting { size: 3, modified: Timestamp(modified), ..Sighting::default() },
        media: MediaKind::Image,
        fingerprint: Fingerprint([9; 16]),
        pixel_width: 4,
        pixel_height: 2,
        text: Some(Arc::new(SharedText::new(split.template, tags))),
        holes: split.holes,
        rule_tags: Vec::new(),
        complaints: 0,
        note: lumidex_schema::note::Note::default(),
        elsewhere: Elsewhere::default(),
    }))
}

fn sighted(ledger: &Ledger, image: ImageId) -> Sighted {
    let reader = ledger.reader().unwrap();
    reader.sighted(image, &reader.image(image).unwrap().unwrap()).unwrap()
}

#[test]
fn a_file_rewritten_in_place_keeps_its_id_and_tags() {
    let opened = Opened::empty();
    opened.add("/p");
    let id = opened.see("/p", "x", "a.png", "one\nSeed: 1");
    let (_, tag) = opened.ledger.make_tag("mine").unwrap();
    opened.ledger.put_tag(tag, vec![id]).unwrap();
    assert_eq!(opened.see("/p", "x", "a.png", "two\nSeed: 2"), id);
    let reader = opened.reader();
    assert_eq!(reader.custom_tag_ids_of(id).unwrap(), [tag]);
    let image = reader.image(id).unwrap().unwrap();
    assert_eq!(reader.generation_text(&image).unwrap(), "two\nSeed: 2");
    opened.check_feed();
}

#[test]
fn images_of_a_batch_share_one_text_and_keep_their_seeds() {
    let opened = Opened::empty();
    opened.add("/p");
    let ids = ["1", "22"]
        .map(|seed| opened.see("/p", "", &format!("{seed}.png"), &format!("x\nSeed: {seed}, Steps: 3")));
    let opened = opened.reopened();
    // Known again after a restart, not stored twice.
    let third = opened.see("/p", "", "3.png", "x\nSeed: 3, Steps: 3");
    let reader = opened.reader();
    let image = |id| reader.image(id).unwrap().unwrap();
    assert_eq!(image(ids[0]).text, image(ids[1]).text);
    assert_eq!(image(ids[0]).text, image(third).text);
    assert_eq!(reader.generation_text(&image(ids[1])).unwrap(), "x\nSeed: 22, Steps: 3");
}

#[test]
fn a_missing_file_is_hidden_and_comes_back_as_itself() {
    let opened = Opened::empty();
    opened.add("/p");
    let id = opened.see("/p", "x", "a.png", "t");
    opened.ledger.put_tag(TagId(1), vec![id]).unwrap();
    opened
        .ledger
        .observe(vec![Observation::Missing {
            file: sighted(&opened.ledger, id),
            copies: Vec::new(),
            at: Timestamp(7),
        }])
        .unwrap();
    assert_eq!(opened.at("/p/x/a.png"), None);
    let folder = opened.reader().image(id).unwrap().unwrap();
    assert_eq!(folder.presence, Presence::Missing { since: Timestamp(7) });
    assert!(opened.reader().known_in(folder.folder).unwrap().is_empty(), "walks do not expect it");
    assert_eq!(opened.see("/p", "x", "a.png", "t"), id);
    assert_eq!(opened.reader().custom_tag_ids_of(id).unwrap(), [TagId(1)]);
    opened.check_feed();
}

#[test]
fn an_outer_root_takes_over_the_images_of_an_inner_one_with_the_same_ids() {
    let opened = Opened::empty();
    opened.add("/p/inner");
    let id = opened.see("/p/inner", "x", "a.png", "t");
    opened.add("/p");
    assert_eq!(opened.wanted_roots(), ["/p"]);
    assert_eq!(opened.at("/p/inner/x/a.png").unwrap().0, id);
    let outer = opened.see("/p", "other", "b.png", "t");
    // Without the outer one the inner one has its images back; the rest is hidden.
    opened.ledger.remove_extra_path(b"/p", &[]).unwrap();
    assert_eq!(opened.wanted_roots(), ["/p/inner"]);
    assert_eq!(opened.at("/p/inner/x/a.png").unwrap().0, id);
    assert_eq!(opened.at("/p/other/b.png"), None);
    assert_eq!(opened.reader().image(outer).unwrap().unwrap().presence, Presence::Retired);
    opened.check_feed();
}

#[test]
fn a_root_that_is_added_again_brings_its_tags_back() {
    let opened = Opened::empty();
    opened.add("/p");
    let id = opened.see("/p", "deep/x", "a.png", "t");
    opened.ledger.put_tag(TagId(1), vec![id]).unwrap();
    opened.ledger.remove_extra_path(b"/p", &[PathType::Scanned]).unwrap();
    assert_eq!(opened.wanted_roots(), [""; 0]);
    // Not as it was, but a folder of it.
    opened.add("/p/deep");
    assert_eq!(opened.see("/p/deep", "x", "a.png", "t"), id);
    assert_eq!(opened.reader().custom_tag_ids_of(id).unwrap(), [TagId(1)]);
    opened.check_feed();
}

#[test]
fn removing_one_type_of_an_extra_path_hides_nothing() {
    let opened = Opened::empty();
    opened.add("/p");
    opened.ledger.add_extra_path(b"/p", &[PathType::Walk]).unwrap();
    let id = opened.see("/p", "", "a.png", "t");
    opened.ledger.remove_extra_path(b"/p", &[PathType::Scanned]).unwrap();
    assert_eq!(opened.at("/p/a.png").unwrap().0, id);
    assert_eq!(opened.reader().extra_paths().unwrap()[0].1.types, [PathType::Walk]);
}

#[test]
fn a_refused_decision_writes_nothing() {
    let opened = Opened::empty();
    opened.add("/p");
    let id = opened.see("/p", "", "a.png", "t");
    let (head, ledger) = (opened.ledger.head(), &opened.ledger);
    let pos = opened.reader().tags_of_text(opened.at("/p/a.png").unwrap().1.text).unwrap()[0];
    assert!(matches!(
        ledger.put_tag(TagId(1), vec![id, ImageId(99)]),
        Err(DecideError::UnknownImage(ImageId(99)))
    ));
    assert!(matches!(ledger.put_tag(TagId(99), vec![id]), Err(DecideError::UnknownTag(TagId(99)))));
    assert!(matches!(ledger.put_tag(pos, vec![id]), Err(DecideError::NotCustom(_))));
    assert!(matches!(ledger.remove_tag(TagId(1)), Err(DecideError::Permanent(LIKE))));
    assert!(matches!(ledger.make_tag(" "), Err(DecideError::BadTagName(_))));
    assert!(matches!(ledger.put_setting("x", "{"), Err(DecideError::NotJson(_))));
    assert!(matches!(ledger.add_extra_path(b"/q", &[]), Err(DecideError::NoTypes)));
    assert!(matches!(ledger.alias_extra_path(b"/q", "Q"), Err(DecideError::UnknownExtraPath(_))));
    assert_eq!(opened.reader().head().unwrap(), head);
    assert!(opened.reader().custom_tag_ids_of(id).unwrap().is_empty());
}

#[test]
fn what_a_person_did_is_recorded_with_what_undoing_it_needs() {
    let opened = Opened::empty();
    opened.add("/p");
    let id = opened.see("/p", "", "a.png", "t");
    let (_, tag) = opened.ledger.make_tag("mine").unwrap();
    assert_eq!(opened.ledger.make_tag("mine").unwrap().1, tag, "making it again finds it");
    opened.ledger.color_tag(tag, "#f00").unwrap();
    assert!(!opened.ledger.toggle_tag(tag, id).unwrap().1);
    assert!(opened.ledger.toggle_tag(tag, id).unwrap().1);
    opened.ledger.put_tag(tag, vec![id, id]).unwrap();
    opened.ledger.remove_tag(tag).unwrap();
    let linked = |before, after| Action::TagLinked {
        tag,
        changes: vec![LinkChange { image: id, before, after: Some(after) }],
    };
    let actions: Vec<Action> = opened
        .reader()
        .decisions(6)
        .unwrap()
        .into_iter()
        .rev()
        .map(|(_, decision)| decision.action)
        .collect();
    assert_eq!(
        actions,
        [
            Action::TagMade { tag },
            Action::TagColored { tag, before: String::new() },
            linked(None, Link::Given),
            linked(Some(Link::Given), Link::Refused),
            linked(Some(Link::Refused), Link::Given),
            Action::TagDropped { tag, links: vec![(id, Link::Given)] },
        ]
    );
    let (_, again) = opened.ledger.make_tag("mine").unwrap();
    assert_ne!(again, tag, "an id is never given twice");
    opened.check_feed();
}

#[test]
fn a_rule_does_not_put_a_tag_back_that_a_person_took_off() {
    let opened = Opened::empty();
    opened.add("/p");
    let ruled = |modified| {
        let Observation::Seen(mut seen) = seen(opened.root_of("/p"), "", "a.png", "t", modified) else {
            panic!()
        };
        seen.rule_tags = vec!["by rule".to_owned()];
        opened.ledger.observe(vec![Observation::Seen(seen)]).unwrap();
        let id = opened.at("/p/a.png").unwrap().0;
        (id, opened.reader().custom_tags_of(id).unwrap())
    };
    let (id, tags) = ruled(1);
    assert_eq!(tags[0].1.name, "by rule");
    opened.ledger.take_tag(tags[0].0, vec![id]).unwrap();
    assert_eq!(ruled(2).1, []);
}

#[test]
fn a_ledger_of_a_newer_program_is_refused_with_the_way_out() {
    let opened = Opened::empty();
    let path = opened.dir.path().join("l.redb");
    drop(opened.ledger);
    set_format(&path, 99);
    let refused = Ledger::open(&path).err().unwrap();
    assert!(matches!(refused, OpenError::Newer { found: 99, known: 6 }), "{refused}");
    assert!(refused.to_string().contains("--data-dir"), "{refused}");
    set_format(&path, 1);
    assert!(Ledger::open(&path).is_ok(), "refusing changed nothing");
}

fn set_format(path: &Path, format: u64) {
    let db = redb::Database::create(path).unwrap();
    let txn = db.begin_write().unwrap();
    txn.open_table(lumidex_schema::tables::META).unwrap().insert("format", format).unwrap();
    txn.commit().unwrap();
}

#[test]
fn what_an_import_of_a_former_program_waits_for_is_still_waited_for() {
    let opened = Opened::empty();
    let path = opened.dir.path().join("l.redb");
    drop(opened.ledger);
    let db = redb::Database::create(&path).unwrap();
    let txn = db.begin_write().unwrap();
    {
        // Path, one tag, no text, no tags of rules, a time: as format 5 had it.
        let mut row = vec![8];
        row.extend_from_slice(b"/p/a.png");
        row.extend_from_slice(&[1, 1, 0, 0, 14]);
        let mut pending = txn.open_table(lumidex_schema::tables::PENDING).unwrap();
        pending.insert((&b"/old/a.png"[..], 10), row.as_slice()).unwrap();
    }
    txn.commit().unwrap();
    drop(db);
    set_format(&path, 5);
    let ledger = Ledger::open(&path).unwrap();
    let (waiting, _) = ledger.reader().unwrap().pending(b"/old/a.png", 10).unwrap().unwrap();
    assert_eq!((waiting.path.as_slice(), waiting.tags), (&b"/p/a.png"[..], vec![TagId(1)]));
    assert_eq!((waiting.at, waiting.was_missing, waiting.cover), (Timestamp(7), false, None));
    drop(ledger);
    // Once is enough.
    assert!(Ledger::open(&path).unwrap().reader().unwrap().pending(b"/old/a.png", 10).unwrap().is_some());
}

#[test]
fn what_is_no_ledger_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("text");
    std::fs::write(&text, "not a database, but somebody's notes, longer than a page header".repeat(100))
        .unwrap();
    let before = std::fs::read(&text).unwrap();
    assert!(matches!(Ledger::open(&text), Err(OpenError::Store { .. })));
    assert_eq!(std::fs::read(&text).unwrap(), before);
    let other = dir.path().join("other");
    let db = redb::Database::create(&other).unwrap();
    let txn = db.begin_write().unwrap();
    txn.open_table(redb::TableDefinition::<u8, u8>::new("x")).unwrap();
    txn.commit().unwrap();
    drop(db);
    assert!(matches!(Ledger::open(&other), Err(OpenError::Foreign { .. })));
}

#[test]
fn numbers_and_ids_go_on_after_a_restart() {
    let mut opened = Opened::empty();
    opened.add("/p");
    let mut given = BTreeMap::new();
    let mut head = Seq::ZERO;
    for round in 0..4 {
        for nth in 0..3 {
            let name = format!("{round}-{nth}.png");
            assert_eq!(given.insert(opened.see("/p", "", &name, "t"), name), None);
        }
        assert!(opened.ledger.head() > head);
        head = opened.ledger.head();
        opened = opened.reopened();
        assert_eq!(opened.ledger.head(), head);
    }
    opened.check_feed();
}
