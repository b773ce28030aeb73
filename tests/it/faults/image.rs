//! What a power cut leaves: a journal of changes, and the images of a folder it allows for.
//!
//! A file's bytes are durable after a sync of that file, its name after a sync of its folder.
//! What was done since may be lost, kept, or torn: of each write any of its sectors may have
//! arrived, of each folder any of its changes, in any combination.

use fastrand::Rng;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Sectors arrive whole.
const SECTOR: u64 = 512;

/// One change; the path it is about stands beside it.
#[derive(Clone, Debug)]
pub enum Op {
    Created,
    Wrote(u64, Box<[u8]>),
    SetLen(u64),
    Synced,
    Renamed(PathBuf),
    Removed,
    RemovedFolder,
    SyncedFolder,
    /// Not a change: so many steps of the script were answered before this.
    Acknowledged(usize),
}

/// Changes below one folder, in the order in which they happened.
#[derive(Debug)]
pub struct Journal {
    root: PathBuf,
    /// What was there before, durably.
    base: Files,
    pub ops: Vec<(PathBuf, Op)>,
}

/// Files by path, relative to the folder.
pub type Files = BTreeMap<PathBuf, Vec<u8>>;

/// What becomes of changes that no sync made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Lost,
    Kept,
    Torn(u64),
}

impl Journal {
    pub fn of(root: &Path) -> Self {
        let mut base = Files::new();
        gather(root, root, &mut base);
        Self { root: root.to_owned(), base, ops: Vec::new() }
    }

    pub fn push(&mut self, op: Op) {
        self.ops.push((PathBuf::new(), op));
    }

    pub fn push_at(&mut self, path: &Path, op: Op) {
        let path = self.relative(path);
        self.ops.push((path, op));
    }

    pub fn renamed(&mut self, from: &Path, to: &Path) {
        let to = self.relative(to);
        self.push_at(from, Op::Renamed(to));
    }

    /// The text index names its folder by where links lead; the names below are the same.
    fn relative(&self, path: &Path) -> PathBuf {
        let real = self.root.canonicalize().unwrap();
        path.strip_prefix(&self.root).or_else(|_| path.strip_prefix(real)).unwrap().to_owned()
    }
}

fn gather(root: &Path, folder: &Path, files: &mut Files) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(root, &path, files);
        } else {
            files.insert(path.strip_prefix(root).unwrap().to_owned(), std::fs::read(&path).unwrap());
        }
    }
}

/// Writes an image to an empty folder.
pub fn restore(files: &Files, folder: &Path) {
    for (path, bytes) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

/// A file's content, whatever its names.
#[derive(Clone, Default)]
struct Inode {
    durable: Vec<u8>,
    pending: Vec<Op>,
}

/// A change of names: what is taken away, what is put.
#[derive(Clone)]
struct Naming {
    taken: Option<PathBuf>,
    put: Option<(PathBuf, usize)>,
}

/// The folder while a journal is replayed.
pub struct Replay {
    inodes: Vec<Inode>,
    live: BTreeMap<PathBuf, usize>,
    durable: BTreeMap<PathBuf, usize>,
    pending: BTreeMap<PathBuf, Vec<Naming>>,
    /// How many steps of the script had been answered.
    pub acknowledged: usize,
}

impl Replay {
    pub fn of(journal: &Journal) -> Self {
        let mut replay = Self {
            inodes: Vec::new(),
            live: BTreeMap::new(),
            durable: BTreeMap::new(),
            pending: BTreeMap::new(),
            acknowledged: 0,
        };
        for (path, bytes) in &journal.base {
            replay.live.insert(path.clone(), replay.inodes.len());
            replay.inodes.push(Inode { durable: bytes.clone(), pending: Vec::new() });
        }
        replay.durable = replay.live.clone();
        replay
    }

    /// One more change happens.
    pub fn apply(&mut self, path: &Path, op: &Op) {
        match op {
            Op::Created => {
                let nth = self.inodes.len();
                self.inodes.push(Inode::default());
                self.name(path, Naming { taken: None, put: Some((path.into(), nth)) });
            }
            Op::Wrote(..) | Op::SetLen(_) => {
                if let Some(nth) = self.live.get(path) {
                    self.inodes[*nth].pending.push(op.clone());
                }
            }
            Op::Synced => {
                if let Some(nth) = self.live.get(path) {
                    let inode = &mut self.inodes[*nth];
                    let pending = std::mem::take(&mut inode.pending);
                    pending.iter().for_each(|op| write(&mut inode.durable, op));
                }
            }
            Op::Renamed(to) => {
                let put = self.live.get(path).map(|nth| (to.clone(), *nth));
                self.name(path, Naming { taken: Some(path.into()), put });
            }
            Op::Removed => self.name(path, Naming { taken: Some(path.into()), put: None }),
            Op::RemovedFolder => {
                let below: Vec<PathBuf> = self.live.keys().filter(|p| p.starts_with(path)).cloned().collect();
                for file in below {
                    self.name(&file, Naming { taken: Some(file.clone()), put: None });
                }
            }
            Op::SyncedFolder => {
                for naming in self.pending.remove(path).unwrap_or_default() {
                    rename(&mut self.durable, &naming);
                }
            }
            Op::Acknowledged(steps) => self.acknowledged = *steps,
        }
    }

    fn name(&mut self, path: &Path, naming: Naming) {
        rename(&mut self.live, &naming);
        self.pending.entry(path.parent().unwrap().into()).or_default().push(naming);
    }

    /// What a cut at this moment leaves.
    pub fn cut(&self, fate: Fate) -> Files {
        let mut rng = Rng::with_seed(if let Fate::Torn(seed) = fate { seed } else { 0 });
        let mut is_kept = move || match fate {
            Fate::Lost => false,
            Fate::Kept => true,
            Fate::Torn(_) => rng.bool(),
        };
        let mut names = self.durable.clone();
        for naming in self.pending.values().flatten() {
            if is_kept() {
                rename(&mut names, naming);
            }
        }
        let content = |nth: usize| {
            let inode = &self.inodes[nth];
            let mut bytes = inode.durable.clone();
            for op in &inode.pending {
                match op {
                    Op::Wrote(offset, data) => {
                        for (at, sector) in sectors(*offset, data) {
                            if is_kept() {
                                write(&mut bytes, &Op::Wrote(at, sector.into()));
                            }
                        }
                    }
                    other if is_kept() => write(&mut bytes, other),
                    _ => {}
                }
            }
            bytes
        };
        let nths: Vec<usize> = names.values().copied().collect();
        names.into_keys().zip(nths.into_iter().map(content)).collect()
    }
}

fn sectors(offset: u64, data: &[u8]) -> Vec<(u64, &[u8])> {
    let (mut all, mut at, mut rest) = (Vec::new(), offset, data);
    while !rest.is_empty() {
        let n = ((SECTOR - at % SECTOR) as usize).min(rest.len());
        all.push((at, &rest[..n]));
        (at, rest) = (at + n as u64, &rest[n..]);
    }
    all
}

fn write(bytes: &mut Vec<u8>, op: &Op) {
    match op {
        Op::SetLen(len) => bytes.resize(*len as usize, 0),
        Op::Wrote(offset, data) => {
            let from = *offset as usize;
            bytes.resize(bytes.len().max(from + data.len()), 0);
            bytes[from..from + data.len()].copy_from_slice(data);
        }
        _ => unreachable!("nothing else waits for a sync of the file"),
    }
}

fn rename(names: &mut BTreeMap<PathBuf, usize>, naming: &Naming) {
    if let Some(taken) = &naming.taken {
        names.remove(taken);
    }
    if let Some((path, nth)) = &naming.put {
        names.insert(path.clone(), *nth);
    }
}
