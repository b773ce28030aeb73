//! What becomes of files that have been missing for long: what was read from them goes, what a person
//! did stays, and who followed the ledger goes on following it.

use crate::faults::image::Op;
use crate::faults::shim::Shim;
use crate::support::watched::{PATIENCE, Watched, until};
use lumidex::ledger::backup::{self, Existing};
use lumidex::ledger::{Elsewhere, Ledger, Observation, Reader, Seen, SharedText, Sweepable, Swept};
use lumidex::projection::Projection;
use lumidex::projection::follower::catch_up;
use lumidex::projection::tags::TagsProjection;
use lumidex::projection::text::TextProjection;
use lumidex::sys::{Stop, Stopper};
use lumidex_schema::checkpoint::{Checkpoint, StartEmpty};
use lumidex_schema::feed::Subject;
use lumidex_schema::id::{ImageId, Seq, TextId, Timestamp};
use lumidex_schema::media::MediaKind;
use lumidex_schema::path::RelPath;
use lumidex_schema::record::{Fingerprint, Image, PathType, Presence, Question, Row, Sighting};
use lumidex_schema::tag::TagKind;
use lumidex_schema::{format, layout, tables};
use redb::{ReadableDatabase, ReadableTable};
use std::cell::Cell;
use std::fs;
use std::sync::Arc;
use std::time::Instant;

/// Images missing since before this are due.
const BEFORE: i64 = 100;

struct Home {
    ledger: Ledger,
    dir: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = Self { ledger: Ledger::open(&dir.path().join(layout::LEDGER)).unwrap(), dir };
        home.ledger.add_extra_path(b"/p", &[PathType::Scanned]).unwrap();
        home
    }

    fn reopened(self) -> Self {
        let Self { ledger, dir } = self;
        drop(ledger);
        Self { ledger: Ledger::open(&dir.path().join(layout::LEDGER)).unwrap(), dir }
    }

    fn reader(&self) -> Reader {
        self.ledger.reader().unwrap()
    }

    /// Reports a file with content of its own; its image.
    fn see(&self, path: &str, content: u8) -> ImageId {
        self.ledger.observe(vec![seen(&self.ledger, path, content)]).unwrap();
        self.at(path).unwrap()
    }

    fn at(&self, path: &str) -> Option<ImageId> {
        Some(self.reader().present_at(format!("/p/{path}").as_bytes()).unwrap()?.0)
    }

    fn image(&self, id: ImageId) -> Option<Image> {
        self.reader().image(id).unwrap()
    }

    fn miss(&self, id: ImageId, at: i64) {
        let file = self.reader().sighted(id, &self.image(id).unwrap()).unwrap();
        let missing = Observation::Missing { file, copies: Vec::new(), at: Timestamp(at) };
        self.ledger.observe(vec![missing]).unwrap();
    }

    fn sweep(&self) -> Swept {
        self.sweep_followed(Seq(u64::MAX))
    }

    fn sweep_followed(&self, followed: Seq) -> Swept {
        self.ledger.sweep(due(followed), &Stop::never()).unwrap()
    }

    /// Both projections, brought up to date and closed; what they remember.
    fn follow(&self) -> [Checkpoint; 2] {
        let (mut tags, mut text) = self.projections();
        catch_up(&mut tags, &self.ledger, &Stop::never(), &mut |_, _| {}).unwrap();
        catch_up(&mut text, &self.ledger, &Stop::never(), &mut |_, _| {}).unwrap();
        [tags.checkpoint().unwrap(), text.checkpoint().unwrap()]
    }

    fn projections(&self) -> (TagsProjection, TextProjection) {
        let path = |name| self.dir.path().join(name);
        (TagsProjection::open(&path(layout::TAGS)), TextProjection::open(&path(layout::TEXT)))
    }

    /// What the ledger says to their checkpoints.
    fn judged(&self) -> [Result<Seq, StartEmpty>; 2] {
        let (tags, text) = self.projections();
        let judge = |checkpoint: Result<Checkpoint, StartEmpty>, format| {
            checkpoint.and_then(|found| found.judge(format, self.reader().history(found.seen).unwrap()))
        };
        [judge(tags.checkpoint(), format::TAGS.current), judge(text.checkpoint(), format::TEXT.current)]
    }
}

fn due(followed: Seq) -> Sweepable {
    Sweepable { before: Timestamp(BEFORE), followed, max: usize::MAX }
}

fn swept(removed: u64, stripped: u64) -> Swept {
    Swept { removed, stripped }
}

fn seen(ledger: &Ledger, path: &str, content: u8) -> Observation {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let tags = vec![(TagKind::Pos, format!("word {content}"))];
    Observation::Seen(Box::new(Seen {
        root: ledger.reader().unwrap().roots().unwrap()[0].0,
        folder: RelPath::from_bytes(folder),
        name: name.as_bytes().to_vec(),
        sighting: Sighting { size: 3, modified: Timestamp(1), ..Sighting::default() },
        media: MediaKind::Image,
        fingerprint: Fingerprint([content; 16]),
        pixel_width: 4,
        pixel_height: 2,
        text: Some(Arc::new(SharedText::new(format!("text {content}"), tags))),
        holes: vec![7],
        rule_tags: Vec::new(),
        complaints: 1,
        note: lumidex_schema::note::Note::default(),
        elsewhere: Elsewhere::default(),
    }))
}

/// How many rows of each table are about an image: images, paths, formers, links, feed.
fn rows_of(home: Home, id: ImageId) -> ([usize; 5], Home) {
    let Home { ledger, dir } = home;
    drop(ledger);
    let db = redb::Database::open(dir.path().join(layout::LEDGER)).unwrap();
    let txn = db.begin_read().unwrap();
    let count = |rows: &mut dyn Iterator<Item = bool>| rows.filter(|is_its| *is_its).count();
    let images = txn.open_table(tables::IMAGES).unwrap();
    let paths = txn.open_table(tables::PATHS).unwrap();
    let formers = txn.open_table(tables::FORMERS).unwrap();
    let links = txn.open_table(tables::LINKS).unwrap();
    let feed = txn.open_table(tables::FEED).unwrap();
    let counts = [
        count(&mut images.iter().unwrap().map(|row| row.unwrap().0.value() == id.0)),
        count(&mut paths.iter().unwrap().map(|row| row.unwrap().1.value().0 == id.0)),
        count(&mut formers.iter().unwrap().map(|row| row.unwrap().0.value() == id.0)),
        count(&mut links.iter().unwrap().map(|row| row.unwrap().0.value().0 == id.0)),
        count(
            &mut feed
                .iter()
                .unwrap()
                .map(|row| Subject::decode(row.unwrap().1.value()) == Some(Subject::Image(id))),
        ),
    ];
    drop((images, paths, formers, links, feed, txn, db));
    (counts, Home { ledger: Ledger::open(&dir.path().join(layout::LEDGER)).unwrap(), dir })
}

#[test]
fn an_image_with_a_cover_is_one_that_somebody_did_something_to() {
    let home = Home::new();
    let (plain, covered) = (home.see("a.png", 1), home.see("b.png", 2));
    home.ledger.choose_cover(covered, Some(vec![1, 2, 3])).unwrap();
    home.miss(plain, 1);
    home.miss(covered, 1);
    home.sweep();
    assert_eq!(home.image(plain), None);
    assert!(home.image(covered).is_some());
    assert_eq!(home.reader().cover(covered).unwrap(), Some(vec![1, 2, 3]));
}

#[test]
fn only_what_has_been_missing_for_long_goes() {
    let home = Home::new();
    home.ledger.add_extra_path(b"/other", &[PathType::Scanned]).unwrap();
    let ids: Vec<ImageId> = (1..=4).map(|n| home.see(&format!("{n}.png"), n)).collect();
    for (id, at) in ids.iter().zip([BEFORE - 1, BEFORE, BEFORE + 50]) {
        home.miss(*id, at);
    }
    assert_eq!(home.sweep(), swept(1, 0));
    assert_eq!(home.image(ids[0]), None);
    assert!(ids[1..].iter().all(|id| home.image(*id).is_some_and(|image| image.text != TextId::NONE)));
    assert_eq!(home.at("4.png"), Some(ids[3]));
    // Another has nothing to do, and changes nothing.
    let head = home.ledger.head();
    assert_eq!((home.sweep(), home.ledger.head()), (swept(0, 0), head));
    // What a person does not want any more is hidden, and not missing.
    home.ledger.remove_extra_path(b"/p", &[]).unwrap();
    assert_eq!(home.image(ids[3]).unwrap().presence, Presence::Retired);
    let long = Sweepable { before: Timestamp(i64::MAX), ..due(Seq(u64::MAX)) };
    assert_eq!(home.ledger.sweep(long, &Stop::never()).unwrap(), swept(2, 0));
    assert_eq!(home.image(ids[3]).unwrap().text, TextId(4));
}

#[test]
fn an_image_that_nobody_did_anything_to_leaves_no_row_and_its_id_is_not_given_again() {
    let home = Home::new();
    let id = home.see("f/a.png", 1);
    // Rewritten in place, and given a tag by a rule.
    let Observation::Seen(mut rewritten) = seen(&home.ledger, "f/a.png", 1) else { panic!() };
    rewritten.fingerprint = Fingerprint([2; 16]);
    rewritten.rule_tags = vec!["by rule".to_owned()];
    home.ledger.observe(vec![Observation::Seen(rewritten)]).unwrap();
    assert_eq!(home.at("f/a.png"), Some(id));
    home.miss(id, 1);
    let number = home.image(id).unwrap().seq;
    let (rows, home) = rows_of(home, id);
    assert_eq!(rows, [1; 5], "there is something to remove");
    let head = home.ledger.head();
    assert_eq!(home.sweep(), swept(1, 0));
    let history = home.reader().history(head).unwrap();
    assert_eq!((history.horizon, history.head), (number, head.next()));
    assert_eq!(home.reader().last_image().unwrap(), id);
    let (rows, home) = rows_of(home, id);
    assert_eq!(rows, [0; 5]);
    assert_eq!(home.ledger.head(), head.next(), "numbers go on after a restart");
    // Neither its content nor its place brings it back.
    assert_eq!(home.see("f/a.png", 2), id.next());
    assert_eq!(home.see("f/b.png", 1), id.next().next());
}

#[test]
fn a_place_that_another_has_taken_stays_with_it() {
    let home = Home::new();
    let id = home.see("a.png", 1);
    home.miss(id, 1);
    let other = home.see("a.png", 2);
    assert_ne!(other, id);
    assert_eq!(home.sweep(), swept(1, 0));
    assert_eq!(home.at("a.png"), Some(other));
}

#[test]
fn what_a_person_did_stays_and_is_found_again_by_content() {
    let home = Home::new();
    let ids: Vec<ImageId> = (1..=4).map(|n| home.see(&format!("old/{n}.png"), n)).collect();
    let (_, tag) = home.ledger.make_tag("mine").unwrap();
    let (_, gone) = home.ledger.make_tag("gone").unwrap();
    home.ledger.put_tag(tag, vec![ids[0]]).unwrap();
    home.ledger.put_tag(tag, vec![ids[1]]).unwrap();
    home.ledger.take_tag(tag, vec![ids[1]]).unwrap();
    // Of this only the record of decisions knows.
    home.ledger.put_tag(gone, vec![ids[2]]).unwrap();
    home.ledger.remove_tag(gone).unwrap();
    ids.iter().for_each(|id| home.miss(*id, 1));
    assert_eq!(home.sweep(), swept(1, 3));
    assert_eq!(home.image(ids[3]), None);
    for (nth, id) in ids[..3].iter().enumerate() {
        let image = home.image(*id).unwrap();
        assert_eq!(image.fingerprint, Fingerprint([nth as u8 + 1; 16]));
        assert_eq!(image.name, format!("{}.png", nth + 1).into_bytes());
        let derived = (image.text, image.holes.len(), image.pixel_width, image.size_tag.0, image.complaints);
        assert_eq!(derived, (TextId::NONE, 0, 0, 0, 0));
    }
    assert_eq!(home.sweep(), swept(0, 0), "there is nothing left to take");
    let home = home.reopened();
    for (n, id) in (1..).zip(&ids[..3]) {
        assert_eq!(home.see(&format!("new/{n}.png"), n), *id);
        let image = home.image(*id).unwrap();
        assert_eq!(home.reader().generation_text(&image).unwrap(), format!("text {n}"));
        assert_eq!((image.pixel_width, image.holes), (4, vec![7]));
    }
    assert_eq!(home.reader().custom_tag_ids_of(ids[0]).unwrap(), [tag]);
    assert_eq!(home.reader().custom_tag_ids_of(ids[1]).unwrap(), []);
    home.follow();
    let state = home.projections().0.reader();
    assert_eq!(state.read().posting(tag).to_bitmap().iter().collect::<Vec<_>>(), [ids[0].0]);
}

#[test]
fn what_a_person_is_asked_about_stays_until_it_is_settled() {
    let home = Home::new();
    let (_, tag) = home.ledger.make_tag("mine").unwrap();
    let (one, two) = (home.see("a/x.png", 1), home.see("b/y.png", 1));
    home.ledger.put_tag(tag, vec![one]).unwrap();
    home.miss(one, 1);
    home.miss(two, 1);
    let arrived = home.see("c/z.png", 1);
    let reviews = home.reader().reviews(10).unwrap();
    let expected = Question::Ambiguous { arrived, missing: vec![one, two] };
    assert_eq!(reviews[0].1.question, expected);
    assert_eq!(home.sweep(), swept(0, 2));
    assert_eq!(home.reader().reviews(10).unwrap(), reviews);
    // The one that nobody tagged can still be the answer.
    home.ledger.settle_review(reviews[0].0, Some(two)).unwrap();
    assert_eq!(home.at("c/z.png"), Some(two));
    assert_eq!(home.reader().custom_tag_ids_of(one).unwrap(), [tag]);
    assert_eq!(home.sweep(), swept(0, 0));
}

#[test]
fn who_has_followed_goes_on_and_who_has_not_starts_from_nothing() {
    let home = Home::new();
    let ids: Vec<ImageId> = (1..=3).map(|n| home.see(&format!("{n}.png"), n)).collect();
    let behind = home.follow();
    home.miss(ids[0], 1);
    // Until all have followed its absence for good, it is not taken.
    let followed = behind.iter().map(|checkpoint| checkpoint.applied).min().unwrap();
    assert_eq!(home.sweep_followed(followed), swept(0, 0));
    let absent = home.image(ids[0]).unwrap().seq;
    assert_eq!(home.sweep_followed(Seq(absent.0 - 1)), swept(0, 0));
    let caught_up = home.follow();
    assert_eq!(home.sweep_followed(caught_up[0].applied), swept(1, 0));
    let home = home.reopened();
    assert_eq!(home.judged(), caught_up.map(|checkpoint| Ok(checkpoint.applied)));
    home.follow();
    // Who has not followed would show what is gone for ever.
    home.miss(ids[1], 1);
    assert_eq!(home.sweep(), swept(1, 0));
    assert_eq!(home.judged(), [Err(StartEmpty::BehindHorizon); 2]);
    home.follow();
    assert_eq!(home.projections().0.reader().read().order.ids(), [ids[2].0]);
    assert_eq!(home.judged().map(|judged| judged.is_ok()), [true; 2]);
}

#[test]
fn it_is_done_in_small_transactions_and_ends_when_told() {
    const BATCH: usize = 4_096;
    let dir = tempfile::tempdir().unwrap();
    let shim = Shim::recording(dir.path());
    let ledger = Ledger::open_on(shim.storage(), &dir.path().join(layout::LEDGER)).unwrap();
    let home = Home { ledger, dir };
    home.ledger.add_extra_path(b"/p", &[PathType::Scanned]).unwrap();
    let fill = |n: usize| {
        let names: Vec<String> = (0..n).map(|nth| format!("{nth}.png")).collect();
        let all = names.iter().map(|name| seen(&home.ledger, name, 1)).collect();
        home.ledger.observe(all).unwrap();
        let ids: Vec<ImageId> = names.iter().map(|name| home.at(name).unwrap()).collect();
        let missing = |id: &ImageId| Observation::Missing {
            file: home.reader().sighted(*id, &home.image(*id).unwrap()).unwrap(),
            copies: Vec::new(),
            at: Timestamp(1),
        };
        home.ledger.observe(ids.iter().map(missing).collect()).unwrap();
    };
    fill(2 * BATCH + 1);
    let stopper = Stopper::new();
    stopper.trigger();
    assert_eq!(home.ledger.sweep(due(Seq(u64::MAX)), &stopper.stop()).unwrap(), swept(0, 0));
    let some = Sweepable { max: 1, ..due(Seq(u64::MAX)) };
    shim.acknowledge(1);
    assert_eq!(home.ledger.sweep(some, &Stop::never()).unwrap(), swept(1, 0));
    shim.acknowledge(2);
    assert_eq!(home.sweep(), swept(2 * BATCH as u64, 0));
    shim.acknowledge(3);
    home.ledger.observe(vec![seen(&home.ledger, "new.png", 2)]).unwrap();
    assert_eq!(home.reader().n_images().unwrap(), 1);
    let step = Cell::new(0);
    let mut syncs = [0; 4];
    for (_, op) in &shim.take_journal().ops {
        match op {
            Op::Acknowledged(nth) => step.set(*nth),
            Op::Synced => syncs[step.get()] += 1,
            _ => {}
        }
    }
    assert!(syncs[1] > 0 && syncs[2] == 2 * syncs[1], "{syncs:?}");
}

#[test]
fn a_copy_made_afterwards_is_equal_and_can_be_used() {
    let home = Home::new();
    let ids: Vec<ImageId> = (1..=6).map(|n| home.see(&format!("{n}.png"), n)).collect();
    let (_, tag) = home.ledger.make_tag("mine").unwrap();
    home.ledger.put_tag(tag, vec![ids[0]]).unwrap();
    ids[..3].iter().for_each(|id| home.miss(*id, 1));
    assert_eq!(home.sweep(), swept(2, 1));
    let path = home.dir.path().join("copy.redb");
    let copied = backup::copy(&home.reader(), &path, Existing::Keep, &Stop::never(), &mut |_, _| {}).unwrap();
    assert_eq!(backup::check(&path).unwrap(), copied);
    let copy = Ledger::open(&path).unwrap();
    let (mine, its) = (home.reader(), copy.reader().unwrap());
    assert_eq!((mine.n_images().unwrap(), its.n_images().unwrap()), (4, 4));
    assert_eq!(mine.feed_after(Seq::ZERO, 1_000).unwrap(), its.feed_after(Seq::ZERO, 1_000).unwrap());
    let of = |reader: &Reader| reader.history(copied.head).unwrap();
    assert_eq!(of(&mine), of(&its));
    assert!(of(&its).horizon > Seq::ZERO);
    assert_eq!(
        its.image(ids[0]).unwrap().map(|image| image.encode()),
        home.image(ids[0]).map(|i| i.encode())
    );
    assert_eq!(its.custom_tag_ids_of(ids[0]).unwrap(), [tag]);
}

#[test]
fn a_library_takes_only_what_its_indexes_have_followed_for_good() {
    let mut watched = Watched::with(lumidex::intake::WatchSettings::default(), |pics| {
        for n in 0..4 {
            fs::write(pics.join(format!("{n}.png")), crate::support::watched::picture(&format!("cat {n}")))
                .unwrap();
        }
    });
    let gone = [watched.image("0.png"), watched.image("1.png")];
    let tag = watched.library().make_tag("mine").unwrap();
    watched.library().put_tag(tag, vec![gone[0]]).unwrap();
    let kept = fs::read(watched.path("0.png")).unwrap();
    ["0.png", "1.png"].iter().for_each(|name| fs::remove_file(watched.path(name)).unwrap());
    watched.await_found("cat", &["2.png", "3.png"]);
    // A text index that only ever saw images come and go makes that durable in its own time.
    watched.write("4.png", "cat 4");
    watched.await_found("cat", &["2.png", "3.png", "4.png"]);
    let all = Cell::new(Swept::default());
    let began = Instant::now();
    until(
        "everything missing is swept",
        || {
            let now = watched.library().sweep(Timestamp(i64::MAX)).unwrap();
            let before = all.get();
            all.set(swept(before.removed + now.removed, before.stripped + now.stripped));
            all.get() == swept(1, 1)
        },
        || format!("{:?}", all.get()),
    );
    assert!(began.elapsed() < PATIENCE);
    watched.stop();
    let data = watched.dir.path().join("data");
    let ledger = Ledger::open(&data.join(layout::LEDGER)).unwrap();
    let reader = ledger.reader().unwrap();
    assert_eq!(reader.image(gone[1]).unwrap(), None);
    let found = [
        TagsProjection::open(&data.join(layout::TAGS)).checkpoint(),
        TextProjection::open(&data.join(layout::TEXT)).checkpoint(),
    ];
    for (found, format) in found.into_iter().zip([format::TAGS.current, format::TEXT.current]) {
        let found = found.unwrap();
        let history = reader.history(found.seen).unwrap();
        assert!(history.horizon > Seq::ZERO);
        assert_eq!(found.judge(format, history), Ok(found.applied), "it goes on after a restart");
    }
    drop((reader, ledger));
    watched.start();
    fs::write(watched.path("back.png"), kept).unwrap();
    watched.library().update().unwrap();
    assert_eq!(watched.image("back.png"), gone[0]);
    let tags = watched.library().reader().unwrap().custom_tag_ids_of(gone[0]).unwrap();
    assert_eq!(tags, [tag]);
    watched.await_found("cat 0", &["back.png"]);
}
