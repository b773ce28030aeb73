//! The journal of operations on files, and how images follow it: here a ledger whose files are only
//! spoken of.

mod keeping;
mod late;
mod moving;

use lumidex::ledger::{Elsewhere, Ledger, Observation, Reader, Relocation, Seen, Sighted, Taken};
use lumidex_schema::id::{ImageId, RootId, Seq, TagId, Timestamp};
use lumidex_schema::media::MediaKind;
use lumidex_schema::operation::{Act, OperationKind, Step, StepState};
use lumidex_schema::path::RelPath;
use lumidex_schema::record::{Fingerprint, Image, PathType, Presence, Sighting};
use std::time::SystemTime;

/// A ledger with the roots `/p` and `/q`.
pub struct Home {
    pub ledger: Ledger,
    pub dir: tempfile::TempDir,
}

/// A file that is spoken of: inode and birth time make it the file it is, `content` what is in it.
#[derive(Clone, Copy, Debug)]
pub struct File {
    pub inode: u64,
    pub content: u8,
}

/// A file whose content nobody else has.
pub const fn file(inode: u64) -> File {
    File { inode, content: inode as u8 }
}

impl File {
    pub fn sighting(self) -> Sighting {
        let created = Timestamp(1_000 + self.inode as i64);
        Sighting {
            size: 10 + u64::from(self.content),
            modified: Timestamp(5_000 + i64::from(self.content)),
            created,
            inode: self.inode,
            device: 1,
            sidecar: None,
        }
    }
}

impl Home {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&dir.path().join("l.redb")).unwrap();
        for root in ["/p", "/q"] {
            ledger.add_extra_path(root.as_bytes(), &[PathType::Scanned]).unwrap();
        }
        Self { ledger, dir }
    }

    pub fn reopened(self) -> Self {
        let Self { ledger, dir } = self;
        drop(ledger);
        Self { ledger: Ledger::open(&dir.path().join("l.redb")).unwrap(), dir }
    }

    pub fn reader(&self) -> Reader {
        self.ledger.reader().unwrap()
    }

    fn root(&self, path: &str) -> RootId {
        let roots = self.reader().roots().unwrap();
        roots.iter().find(|(_, root)| root.path == path.as_bytes()).unwrap().0
    }

    /// What an event would tell of a file at an absolute path.
    pub fn seen(&self, path: &str, file: File) -> Seen {
        let (directory, name) = path.rsplit_once('/').unwrap();
        Seen {
            root: self.root(&path[..2]),
            folder: RelPath::from_bytes(directory[2..].trim_start_matches('/')),
            name: name.as_bytes().to_vec(),
            sighting: file.sighting(),
            media: MediaKind::Image,
            fingerprint: Fingerprint([file.content; 16]),
            pixel_width: 4,
            pixel_height: 2,
            text: None,
            holes: Vec::new(),
            rule_tags: Vec::new(),
            complaints: 0,
            note: lumidex_schema::note::Note::default(),
            elsewhere: Elsewhere::default(),
        }
    }

    pub fn tell(&self, seen: Seen) {
        self.ledger.observe(vec![Observation::Seen(Box::new(seen))]).unwrap();
    }

    /// A file arrived; its image.
    pub fn see(&self, path: &str, file: File) -> ImageId {
        self.tell(self.seen(path, file));
        self.at(path).unwrap_or_else(|| panic!("there is an image at {path}"))
    }

    /// As [`Home::see`], with a tag of the path's name put on.
    pub fn tagged(&self, path: &str, file: File) -> ImageId {
        let id = self.see(path, file);
        let (_, tag) = self.ledger.make_tag(path).unwrap();
        self.ledger.put_tag(tag, vec![id]).unwrap();
        id
    }

    pub fn at(&self, path: &str) -> Option<ImageId> {
        Some(self.reader().present_at(path.as_bytes()).unwrap()?.0)
    }

    pub fn image(&self, id: ImageId) -> Image {
        self.reader().image(id).unwrap().unwrap()
    }

    pub fn tags(&self, id: ImageId) -> Vec<TagId> {
        self.reader().custom_tag_ids_of(id).unwrap()
    }

    pub fn is_missing(&self, id: ImageId) -> bool {
        matches!(self.image(id).presence, Presence::Missing { .. })
    }

    pub fn sighted(&self, id: ImageId) -> Sighted {
        self.reader().sighted(id, &self.image(id)).unwrap()
    }

    pub fn miss(&self, file: Sighted, copies: Vec<Sighted>) {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let at = Timestamp(i64::try_from(since.as_nanos()).unwrap());
        self.ledger.observe(vec![Observation::Missing { file, copies, at }]).unwrap();
    }

    /// Applies an operation of these moves, in one chunk.
    pub fn relocate(&self, relocations: Vec<Relocation>) -> Seq {
        let steps: Vec<Step> = relocations.iter().map(step).collect();
        let operation = self.begin(steps.clone());
        self.take(operation, 0, steps.len(), relocations);
        operation
    }

    pub fn begin(&self, steps: Vec<Step>) -> Seq {
        let items = u32::try_from(steps.len()).unwrap();
        self.ledger.begin_operation(OperationKind::Move, items, steps, true).unwrap()
    }

    pub fn take(&self, operation: Seq, first: u32, n: usize, relocations: Vec<Relocation>) {
        let steps = vec![(StepState::Done, None); n];
        let taken = Taken { first, steps, relocations, ..Taken::default() };
        self.ledger.take_steps(operation, taken).unwrap();
    }
}

pub fn step(relocation: &Relocation) -> Step {
    let (act, image, from, to, before) = match relocation {
        Relocation::File { image, from, to, sighting } => {
            (Act::MoveFile, Some(*image), from.clone(), to.clone(), *sighting)
        }
        Relocation::Gone { image, from } => {
            (Act::RemoveFile, Some(*image), from.clone(), Vec::new(), Sighting::default())
        }
        Relocation::Folder { from, to } => {
            (Act::MoveFolder, None, from.clone(), to.clone(), Sighting::default())
        }
    };
    Step { item: 0, act, from, to, image, before: Some(before), after: None, state: StepState::Pending }
}

/// This image's file went there.
pub fn moved(image: ImageId, from: &str, to: &str, file: File) -> Relocation {
    let (from, to) = (from.as_bytes().to_vec(), to.as_bytes().to_vec());
    Relocation::File { image, from, to, sighting: file.sighting() }
}

pub fn gone(image: ImageId, from: &str) -> Relocation {
    Relocation::Gone { image, from: from.as_bytes().to_vec() }
}

pub fn folder(from: &str, to: &str) -> Relocation {
    Relocation::Folder { from: from.as_bytes().to_vec(), to: to.as_bytes().to_vec() }
}
