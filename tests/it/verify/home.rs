//! A data folder with something of everything in it, made once for all tests, and what a person did in it.

use lumidex::intake::IntakeSettings;
use lumidex::ledger::backup::{Existing, copy};
use lumidex::ledger::paid::Paid;
use lumidex::ledger::{AbsentFile, Brought, Deeds, Ledger, Reader, SharedText, Taken, Whose, Worded};
use lumidex::library::{Library, LibraryOptions};
use lumidex::projection::follower::catch_up;
use lumidex::projection::thumbs::{CacheBounds, Ffmpeg, Frame, Identity, Source, Thumbs};
use lumidex::projection::vectors::VectorsProjection;
use lumidex::sys::Stop;
use lumidex::sys::storage::Disk;
use lumidex_index_tools::synth;
use lumidex_schema::id::{ImageId, TagId, Timestamp};
use lumidex_schema::layout;
use lumidex_schema::media::MediaKind;
use lumidex_schema::operation::{Act, OperationKind, OperationState, Step, StepState};
use lumidex_schema::pending::Candidate;
use lumidex_schema::record::{Fingerprint, PathType};
use lumidex_topics::Unwatched;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use tempfile::TempDir;

/// Pictures in it.
pub(super) const PICTURES: u32 = 60;

/// See the module.
pub(super) struct Home {
    dir: TempDir,
}

static HOME: OnceLock<Home> = OnceLock::new();

impl Home {
    /// The one that all tests copy.
    pub(super) fn shared() -> &'static Self {
        HOME.get_or_init(Self::make)
    }

    pub(super) fn pictures(&self) -> PathBuf {
        self.dir.path().join("pics")
    }

    /// A copy of the data folder.
    pub(super) fn copy(&self) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        copy_all(&self.dir.path().join("data"), copy.path());
        copy
    }

    /// As [`Home::copy`], with nothing to bring rows back from.
    pub(super) fn copy_without_backups(&self) -> TempDir {
        let copy = self.copy();
        fs::remove_dir_all(copy.path().join(layout::BACKUPS)).unwrap();
        copy
    }

    /// A server starts, looks at all files, and ends.
    pub(super) fn walk(&self, data: &Path) {
        let library = open(data);
        library.update().unwrap();
    }

    fn make() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = Self { dir };
        let (pics, data) = (home.pictures(), home.dir.path().join("data"));
        synth::Library::new(11, PICTURES).write_to(&pics, 0..PICTURES, &|_| {}).unwrap();
        let library = open(&data);
        let path = lumidex::sys::paths::to_bytes(&pics);
        library.ledger().add_extra_path(&path, &[PathType::Scanned]).unwrap();
        library.update().unwrap();
        decide(library.ledger());
        library.update().unwrap();
        drop(library);
        fill(&data, &pics);
        home
    }
}

fn open(data: &Path) -> Library {
    let options = LibraryOptions {
        data_dir: data.to_owned(),
        intake: IntakeSettings::default(),
        watch: None,
        granted: None,
    };
    loop {
        match Library::open(&options) {
            // See `look`.
            Err(error) if error.to_string().contains("in use by") => std::thread::yield_now(),
            library => return library.unwrap(),
        }
    }
}

/// Something of everything that a person can do.
fn decide(ledger: &Ledger) {
    let (_, red) = ledger.make_tag("red").unwrap();
    let (_, gone) = ledger.make_tag("gone").unwrap();
    let image = ImageId;
    ledger.color_tag(red, "#ff0000").unwrap();
    ledger.put_tag(red, (1..20).map(image).collect()).unwrap();
    ledger.put_tag(TagId(1), vec![image(2), image(3)]).unwrap();
    ledger.take_tag(red, vec![image(4)]).unwrap();
    ledger.put_tag(gone, vec![image(5)]).unwrap();
    ledger.remove_tag(gone).unwrap();
    ledger.rule_tag("ruled", &[image(6), image(7)]).unwrap();
    ledger.put_setting("global", "{\"a\": 1}").unwrap();
    let set = ledger.put_setting("other", "2").unwrap();
    ledger.undo(set).unwrap();
    let words = "a picture of mine\nSteps: 3, Seed: \0, Sampler: x";
    let shared = Arc::new(SharedText::new(words.to_owned(), Vec::new()));
    let text = Worded { shared: Arc::clone(&shared), holes: vec![77], rule_tags: Vec::new() };
    ledger.edit_text(image(8), Some(text.clone())).unwrap();
    ledger.choose_cover(image(9), Some(b"RIFF a cover".to_vec())).unwrap();
    operation(ledger, image(10));
    let absent = |name: &str| AbsentFile {
        path: format!("/nowhere/{name}").into_bytes(),
        elsewhere: Some(Candidate::None),
        was_missing: false,
    };
    let by_name = Brought {
        source: b"/elsewhere/x.png".to_vec(),
        size: 123_456_789,
        fingerprint: Fingerprint::default(),
        whose: Whose::Absent(absent("x.png")),
        deeds: Deeds { tags: vec![red], text: Some(text), ..Deeds::default() },
    };
    let by_content = Brought {
        source: b"/elsewhere/y.png".to_vec(),
        size: 987_654_321,
        fingerprint: Fingerprint([9; 16]),
        whose: Whose::Absent(absent("y.png")),
        deeds: Deeds { refused: vec![red], cover: Some(b"RIFF".to_vec()), ..Deeds::default() },
    };
    ledger.bring(vec![by_name, by_content]).unwrap();
}

/// An operation of two steps that came to its end. No file is touched.
fn operation(ledger: &Ledger, image: ImageId) {
    let step = |nth: u32| Step {
        item: nth,
        act: Act::CopyFile,
        from: format!("/outside/{nth}.png").into_bytes(),
        to: format!("/outside/copies/{nth}.png").into_bytes(),
        image: Some(image),
        before: None,
        after: None,
        state: StepState::Pending,
    };
    let number = ledger.begin_operation(OperationKind::Copy, 2, vec![step(0), step(1)], true).unwrap();
    let steps = vec![(StepState::Done, None), (StepState::Failed("it was in the way".to_owned()), None)];
    let end = Some(OperationState::Done);
    ledger.take_steps(number, Taken { steps, end, ..Taken::default() }).unwrap();
}

/// What else stands in a data folder: vectors, what was paid for, thumbnails, a backup, kept results.
fn fill(data: &Path, pics: &Path) {
    let ledger = Ledger::open(&data.join(layout::LEDGER)).unwrap();
    let paid = Paid::at(&data.join(layout::PAID));
    paid.put_vectors("bought", &[([1; 32], vec![0.6, 0.8]), ([2; 32], vec![1.0, 0.0])]).unwrap();
    paid.put_title("a title", "{\"title\": \"red things\"}").unwrap();
    let mut vectors = VectorsProjection::open(&data.join(layout::VECTORS));
    catch_up(&mut vectors, &ledger, &Stop::never(), &mut |_, _| {}).unwrap();
    vectors.reader(ledger.clone(), paid.clone()).ready_builtin(&mut Unwatched).unwrap();
    let backups = data.join(layout::BACKUPS);
    fs::create_dir_all(&backups).unwrap();
    let reader = ledger.reader().unwrap();
    let made = backups.join("ledger-20261122T161238Z.redb");
    copy(&reader, &made, Existing::Keep, &Stop::never(), &mut |_, _| {}).unwrap();
    paid.copy_into(&backups.join(layout::PAID), &Stop::never()).unwrap();
    thumbnails(&data.join(layout::THUMBS), pics);
    for kept in [layout::TOPICS, layout::ORGANIZE] {
        fs::create_dir_all(data.join(kept)).unwrap();
        let name = format!("{}.json", "0a".repeat(16));
        fs::write(data.join(kept).join(name), br#"{"format": 1, "turn": 1, "record": {"kept": true}}"#)
            .unwrap();
    }
}

fn thumbnails(folder: &Path, pics: &Path) {
    let bounds = CacheBounds { bytes: 64 << 20, segment_bytes: 4 << 20 };
    let thumbs = Thumbs::open(Arc::new(Disk), folder, bounds, Ffmpeg::default());
    for nth in 0..4u8 {
        let path = pics.join(format!("thumb-source-{nth}.png"));
        image::RgbImage::from_pixel(40, 30, image::Rgb([nth * 60, 9, 9])).save(&path).unwrap();
        let bytes = fs::metadata(&path).unwrap().len();
        let name = lumidex::sys::paths::to_bytes(&path);
        let opened = path.clone();
        let source =
            Source::new(Identity::of_file(&name, bytes, Timestamp(1)), MediaKind::Image, move || {
                fs::File::open(&opened)
            });
        thumbs.get(&source, Frame::COMMON, &Stop::never()).unwrap();
        fs::remove_file(&path).unwrap();
    }
}

pub(super) fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy_all(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// What a person did to an image: its custom tags, those taken off included, its generation text if it was given, and
/// its cover.
type Done = (Vec<String>, Option<String>, Option<Vec<u8>>);

/// Everything a person did, by names and not by ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Person {
    /// By path.
    images: BTreeMap<String, Done>,
    tags: BTreeMap<String, String>,
    settings: Vec<(String, String)>,
    folders: Vec<(Vec<u8>, Vec<&'static str>)>,
    decisions: usize,
    operations: usize,
    waiting: u64,
}

impl Person {
    /// Of a ledger that nobody has open. What was put in for damage to be found counts as nothing.
    pub(super) fn of(data: &Path) -> Self {
        let reader = Reader::as_it_stands(&data.join(layout::LEDGER)).unwrap();
        let mut person = Self { waiting: reader.n_pending().unwrap(), ..Self::default() };
        let name = |tag| reader.tag(tag).unwrap().map_or_else(|| format!("{tag}"), |tag| tag.name);
        for n in 1..=reader.last_image().unwrap().0.min(100_000) {
            let Ok(Some(image)) = reader.image(ImageId(n)) else { continue };
            let mut tags: Vec<String> = Vec::new();
            for (tag, link) in reader.links_of(ImageId(n)).unwrap() {
                tags.push(format!("{link:?} {}", name(tag)));
            }
            tags.sort();
            let edit = reader.edit(ImageId(n)).unwrap().map(|_| reader.generation_text(&image).unwrap());
            let cover = reader.cover(ImageId(n)).unwrap();
            if !tags.is_empty() || edit.is_some() || cover.is_some() {
                let path = String::from_utf8(reader.path_of(&image).unwrap()).unwrap();
                person.images.insert(path, (tags, edit, cover));
            }
        }
        for (_, tag) in reader.custom_tags().unwrap() {
            person.tags.insert(tag.name, tag.color);
        }
        person.settings = reader.settings().unwrap();
        for (path, entry) in reader.extra_paths().unwrap() {
            person.folders.push((path, entry.types.iter().map(|known| known.word()).collect()));
        }
        person.decisions = reader.decisions(10_000).map_or(0, |decisions| decisions.len());
        person.operations = reader.operations(None, 10_000).map_or(0, |operations| operations.len());
        person
    }
}
