//! Planning to flatten a folder: media files of all folders below go up into it, with their sidecars;
//! folders that are empty then are removed. What walks pass over is left alone.

use super::{Planner, step};
use crate::files::place::{digest, join, name_of, on_disk, shown};
use crate::files::problem::{Problem, Wrong};
use crate::files::roots::Roots;
use crate::files::siblings::{media_of, sidecars_of};
use crate::files::{Files, Preview, WishError};
use crate::intake::beside::stem;
use crate::intake::rules::{IGNORE_FILE, Ignores, is_passed_over};
use crate::limits::files as limits;
use crate::sys::tree::{Kind, Listing, Tree};
use lumidex_schema::media::MediaKind;
use lumidex_schema::operation::Act;
use lumidex_schema::path::{RelPath, below};
use std::collections::HashSet;

/// What is found below the folder, in the order it is to be done.
enum Found {
    /// Paths that go up together: files, and last the sidecars they share.
    Files { media: Vec<Vec<u8>>, sidecars: Vec<Vec<u8>> },
    /// A folder that holds nothing any more.
    Empty(Vec<u8>),
}

/// What flattening would do; nothing is journaled.
///
/// # Errors
/// As for the real thing.
pub(crate) fn preview(files: &Files, folder: &[u8]) -> Result<Preview, WishError> {
    let roots = Roots::read(&files.ledger.reader()?)?;
    let looked = || {
        let walk = Walk::of(files.tree.as_ref(), &roots, folder)?;
        let mut names = Names::new(&walk.top);
        let is_stopped = || files.stop.is_stopped();
        walk.visit(&mut |found| {
            names.enter(&found);
            if is_stopped() {
                Err(WishError::Busy("the program is stopping".to_owned()).into())
            } else {
                Ok(())
            }
        })?;
        Ok(Preview { files: names.files, conflicts: names.conflicts })
    };
    looked().map_err(|wrong| match wrong {
        Wrong::Item(problem) => problem.into_error(),
        Wrong::Whole(error) => error,
    })
}

impl Planner<'_> {
    pub(super) fn flatten(&mut self, folder: &[u8]) -> Result<(), Wrong> {
        let roots = Roots::read(&self.reader)?;
        let walk = Walk::of(self.tree(), &roots, folder)?;
        let device = self.tree().look_through(&on_disk(folder))?.map_or(0, |look| look.sighting.device);
        let mut names = Names::new(&walk.top);
        walk.visit(&mut |found| {
            self.go_on()?;
            names.enter(&found);
            // With one conflict nothing is done; the others are still to be told.
            if names.conflicts.is_empty() { self.flatten_one(folder, device, found) } else { Ok(()) }
        })?;
        match names.conflicts.first() {
            None => Ok(()),
            Some(first) => Err(Problem::refused(format!(
                "{} names are used more than once, {} among them",
                names.conflicts.len(),
                shown(first)
            ))
            .into()),
        }
    }

    fn flatten_one(&mut self, folder: &[u8], device: u64, found: Found) -> Result<(), Wrong> {
        match found {
            Found::Empty(path) => {
                let look = self.looked_at(&path)?;
                Ok(self.draft.add(vec![step(Act::RemoveFolder, &path, Vec::new(), None, Some(&look))])?)
            }
            Found::Files { media, sidecars } => {
                let mut steps = Vec::with_capacity(media.len() + sidecars.len());
                for from in media.iter().chain(&sidecars) {
                    let look = self.looked_at(from)?;
                    if look.sighting.device != device {
                        self.space.add(device, folder, look.sighting.size);
                    }
                    let to = join(folder, name_of(from));
                    steps.push(step(Act::MoveFile, from, to, self.image_at(from)?, Some(&look)));
                }
                Ok(self.draft.add(steps)?)
            }
        }
    }
}

/// Names in the folder once everything is in it.
struct Names<'a> {
    top: &'a Listing,
    entered: HashSet<u128>,
    files: u64,
    conflicts: Vec<Vec<u8>>,
}

impl<'a> Names<'a> {
    fn new(top: &'a Listing) -> Self {
        Self { top, entered: HashSet::new(), files: 0, conflicts: Vec::new() }
    }

    fn enter(&mut self, found: &Found) {
        let Found::Files { media, sidecars } = found else { return };
        self.files += media.len() as u64;
        for path in media.iter().chain(sidecars) {
            let name = name_of(path);
            let is_conflict = !self.entered.insert(digest(name)) || self.top.kind_of(name).is_some();
            if is_conflict
                && self.conflicts.len() < limits::ERRORS_TOLD_MAX
                && !self.conflicts.iter().any(|known| known == name)
            {
                self.conflicts.push(name.to_vec());
            }
        }
    }
}

/// A walk over the folders below one.
struct Walk<'a> {
    tree: &'a dyn Tree,
    roots: &'a Roots,
    folder: &'a [u8],
    /// What is in the folder itself.
    top: Listing,
    ignores: Ignores,
    /// Where rules are relative to: the root, or outside of all roots the folder itself.
    base: &'a [u8],
}

type Visit<'v> = &'v mut dyn FnMut(Found) -> Result<(), Wrong>;

impl<'a> Walk<'a> {
    fn of(tree: &'a dyn Tree, roots: &'a Roots, folder: &'a [u8]) -> Result<Self, Wrong> {
        roots.outside_trash(folder)?;
        match tree.look_through(&on_disk(folder))? {
            Some(look) if look.kind == Kind::Folder => {}
            Some(_) => return Err(Problem::refused(format!("{} is no folder", shown(folder))).into()),
            None => return Err(Problem::refused(format!("{} does not exist", shown(folder))).into()),
        }
        let base = roots.root_of(folder).unwrap_or(folder);
        let mut walk = Self {
            tree,
            roots,
            folder,
            top: tree.list(&on_disk(folder))?,
            ignores: Ignores::default(),
            base,
        };
        walk.ignores = walk.rules_above();
        Ok(walk)
    }

    /// The rules of the folders above, the root's first. Those that cannot be read are left out, as by
    /// walks.
    fn rules_above(&self) -> Ignores {
        let mut ignores = Ignores::default();
        let mut reached = RelPath::root();
        for name in self.relative(self.folder).as_bytes().split(|byte| *byte == b'/') {
            if !name.is_empty() {
                ignores = read_rules(ignores, self.base, &reached);
                reached = reached.join(name);
            }
        }
        ignores
    }

    fn relative(&self, path: &[u8]) -> RelPath {
        RelPath::from_bytes(below(path, self.base).unwrap_or_default())
    }

    fn visit(&self, visit: Visit<'_>) -> Result<(), Wrong> {
        let ignores = self.rules_of(&self.top, self.ignores.clone(), self.folder);
        for (name, kind) in self.top.iter() {
            if kind == Kind::Folder && !self.is_left(&ignores, self.folder, name, true) {
                self.visit_below(&join(self.folder, name), &ignores, 1, visit)?;
            }
        }
        Ok(())
    }

    /// Whether the folder is empty in the end.
    fn visit_below(
        &self,
        folder: &[u8],
        ignores: &Ignores,
        depth: usize,
        visit: Visit<'_>,
    ) -> Result<bool, Wrong> {
        if depth > limits::DEPTH_MAX {
            return Err(Problem::refused(format!("{} is too deep", shown(folder))).into());
        }
        let listing = self.tree.list(&on_disk(folder))?;
        let ignores = self.rules_of(&listing, ignores.clone(), folder);
        let mut n_left = listing.len();
        for (name, kind) in listing.iter() {
            if self.is_left(&ignores, folder, name, kind == Kind::Folder) {
                continue;
            }
            if kind == Kind::Folder {
                n_left -= usize::from(self.visit_below(&join(folder, name), &ignores, depth + 1, visit)?);
            } else if let Some(found) = self.found(&listing, &ignores, folder, (name, kind)) {
                if let Found::Files { media, sidecars } = &found {
                    n_left -= media.len() + sidecars.len();
                }
                visit(found)?;
            }
        }
        // A folder of the library stays, though it be empty.
        let is_empty = n_left == 0 && self.roots.may_go(folder).is_ok();
        if is_empty {
            visit(Found::Empty(folder.to_vec()))?;
        }
        Ok(is_empty)
    }

    /// A media file with those it shares sidecars with, at the first of them; sidecars that are shared
    /// with one that stays stay.
    fn found(
        &self,
        listing: &Listing,
        ignores: &Ignores,
        folder: &[u8],
        (name, kind): (&[u8], Kind),
    ) -> Option<Found> {
        let goes = |name: &[u8], kind| {
            kind == Kind::File
                && MediaKind::of_name(name).is_some()
                && !self.is_left(ignores, folder, name, false)
        };
        if !goes(name, kind) {
            return None;
        }
        let sidecars = sidecars_of(listing, stem(name));
        let family = if sidecars.is_empty() { Vec::new() } else { media_of(listing, stem(name)) };
        let all_go = family.iter().all(|name| listing.kind_of(name).is_some_and(|kind| goes(name, kind)));
        match family.first() {
            Some(first) if all_go => (first == name).then(|| Found::Files {
                media: family.iter().map(|name| join(folder, name)).collect(),
                sidecars: sidecars.iter().map(|name| join(folder, name)).collect(),
            }),
            _ => Some(Found::Files { media: vec![join(folder, name)], sidecars: Vec::new() }),
        }
    }

    fn is_left(&self, ignores: &Ignores, folder: &[u8], name: &[u8], is_folder: bool) -> bool {
        is_passed_over(name) || ignores.ignores(&self.relative(folder), name, is_folder)
    }

    fn rules_of(&self, listing: &Listing, outer: Ignores, folder: &[u8]) -> Ignores {
        match listing.kind_of(IGNORE_FILE) {
            Some(Kind::File) => read_rules(outer, self.base, &self.relative(folder)),
            _ => outer,
        }
    }
}

fn read_rules(outer: Ignores, base: &[u8], folder: &RelPath) -> Ignores {
    outer.reading(base, folder).map_or(outer, |(ignores, _)| ignores)
}
