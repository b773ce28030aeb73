//! A library whose images were never files: observations go straight into the ledger.

use lumidex::ledger::{Elsewhere, Ledger, Observation, Seen, SharedText};
use lumidex::projection::Follower;
use lumidex::projection::tags::TagsProjection;
use lumidex::projection::text::TextProjection;
use lumidex::query::{Engine, Search, Sources};
use lumidex_schema::id::{ImageId, RootId, Timestamp};
use lumidex_schema::media::MediaKind;
use lumidex_schema::path::RelPath;
use lumidex_schema::record::{Fingerprint, PathType, Sighting};
use lumidex_schema::tag::TagKind;
use lumidex_schema::{layout, text};
use std::path::Path;
use std::sync::Arc;

/// One image, as intake would report it.
#[derive(Clone, Debug)]
pub struct Picture {
    pub folder: String,
    pub name: String,
    pub date: i64,
    pub text: String,
    pub tags: Vec<(TagKind, String)>,
    pub media: MediaKind,
}

/// Ledger, followers and engine over a data folder.
pub struct Fileless {
    pub engine: Engine,
    pub ledger: Ledger,
    pub root: RootId,
    _followers: (Follower, Follower),
}

/// Opens the ledger of a data folder, follows it, and answers from it. Nothing walks.
pub fn followed(dir: &Path) -> (Engine, Ledger, (Follower, Follower)) {
    let ledger = Ledger::open(&dir.join(layout::LEDGER)).unwrap();
    let tags = TagsProjection::open(&dir.join(layout::TAGS));
    let text = TextProjection::open(&dir.join(layout::TEXT));
    let (tags_reader, text_reader) = (tags.reader(), text.reader());
    let tags = Follower::start(Box::new(tags), ledger.clone()).unwrap();
    let text = Follower::start(Box::new(text), ledger.clone()).unwrap();
    let engine = Engine::new(Sources {
        ledger: ledger.clone(),
        tags: tags_reader,
        tags_follower: tags.state().clone(),
        text: text_reader,
        text_follower: text.state().clone(),
    });
    (engine, ledger, (tags, text))
}

impl Fileless {
    /// Opens the data folder; the root is `/r`.
    pub fn open(dir: &Path) -> Self {
        let (engine, ledger, followers) = followed(dir);
        ledger.add_extra_path(b"/r", &[PathType::Scanned]).unwrap();
        let root = ledger.reader().unwrap().roots().unwrap()[0].0;
        Self { engine, ledger, root, _followers: followers }
    }

    /// Reports pictures and waits until searches show them; ids in the order given.
    pub fn see(&self, pictures: &[Picture]) -> Vec<ImageId> {
        let observations = pictures.iter().map(|picture| self.observation(picture)).collect();
        let head = self.ledger.observe(observations).unwrap();
        assert!(self.engine.wait_visible(head, lumidex::limits::VISIBLE_WAIT), "followers reach {head}");
        let reader = self.ledger.reader().unwrap();
        let path =
            |p: &Picture| lumidex_schema::path::absolute(b"/r", p.folder.as_bytes(), p.name.as_bytes());
        pictures.iter().map(|p| reader.image_at(&path(p)).unwrap().unwrap().0).collect()
    }

    fn observation(&self, picture: &Picture) -> Observation {
        let Picture { folder, name, date, text, tags, media } = picture;
        let split = text::split(text);
        let shared = SharedText::new(split.template, tags.clone());
        Observation::Seen(Box::new(Seen {
            root: self.root,
            folder: RelPath::from_bytes(folder.as_bytes()),
            name: name.as_bytes().to_vec(),
            sighting: Sighting { size: 1, modified: Timestamp(*date), ..Sighting::default() },
            media: *media,
            fingerprint: Fingerprint([1; 16]),
            pixel_width: 8,
            pixel_height: 8,
            text: (!text.is_empty()).then(|| Arc::new(shared)),
            holes: split.holes,
            rule_tags: Vec::new(),
            complaints: 0,
            note: lumidex_schema::note::Note::default(),
            elsewhere: Elsewhere::default(),
        }))
    }

    /// All pages of a search, as ids; checks what holds of every page.
    pub fn all(&self, search: &Search) -> Vec<ImageId> {
        let (mut search, mut ids) = (search.clone(), Vec::new());
        loop {
            let page = self.engine.search(&search).unwrap();
            ids.extend(page.hits.iter().map(|hit| hit.id));
            assert!(
                page.hits.len() == search.size || !page.cursor.has_next,
                "a page is full unless it is the last"
            );
            assert!(!page.hits.is_empty() || ids.is_empty(), "no page is empty but an only one");
            if !page.cursor.has_next {
                assert_eq!(page.cursor.next, "");
                return ids;
            }
            search.cursor = page.cursor.next;
        }
    }
}
