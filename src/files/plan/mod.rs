//! Planning: everything about a wish is checked before anything is touched, and its steps go to the
//! journal as they are found.

mod across;
mod evade;
mod file;
mod flatten;
mod folder;
mod mistakes;
mod returned;
mod reverse;
mod space;

use super::draft::Draft;
use super::place::{digest, folders_above, join, name_of, on_disk, shown};
use super::problem::{Problem, Wrong};
use super::roots::Roots;
use super::running::{Ending, Run};
use super::siblings::Siblings;
use super::{Files, Foreseen, Placing, Wish, WishError};
use crate::intake::beside::{SIDECAR_ENDINGS, sidecar_parts};
use crate::ledger::Reader;
use crate::limits::files as limits;
use crate::sys::tree::{Look, Tree};
use lumidex_schema::id::{ImageId, Seq};
use lumidex_schema::media::MediaKind;
use lumidex_schema::operation::{Act, OperationKind, Step, StepState};
use returned::Returned;
use space::Space;
use std::collections::{HashMap, HashSet};

pub(super) use flatten::preview;
pub(super) use mistakes::Mistakes;
pub(super) use reverse::reverse;

/// A wish that was planned and can be applied.
pub(super) struct Plan {
    /// `None` when there is nothing to do.
    pub(super) operation: Option<Seq>,
    /// Items that cannot be done.
    pub(super) mistakes: Mistakes,
}

/// What to do about an item that cannot be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AtProblem {
    /// Nothing at all.
    Refuse,
    /// What comes before it.
    End,
    /// All others.
    GoOn,
}

/// What is to become of files.
pub(super) enum Aim {
    Copy(Destination),
    Move(Destination),
    /// To this name.
    Rename(Vec<u8>),
    Trash,
    Remove,
}

/// A folder that files go to.
#[derive(Clone)]
pub(super) struct Destination {
    folder: Vec<u8>,
    /// It, or the nearest above it that is there already.
    existing: Vec<u8>,
    device: u64,
    /// What is done about a name that is taken.
    at_taken: AtTaken,
}

/// What to do about a name that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AtTaken {
    /// The item cannot be done.
    Refuse,
    /// It gets another name.
    Evade,
}

impl Wish {
    /// What the history calls it.
    #[must_use]
    pub const fn kind(&self) -> OperationKind {
        match self {
            Self::Copy { .. } => OperationKind::Copy,
            Self::Move { .. } => OperationKind::Move,
            Self::Rename { .. } => OperationKind::Rename,
            Self::Delete { for_good: false, .. } => OperationKind::Delete,
            Self::Delete { for_good: true, .. } => OperationKind::DeleteForGood,
            Self::Flatten { .. } => OperationKind::Flatten,
            Self::MakeFolder { .. } => OperationKind::MakeFolder,
            Self::Organize { .. } => OperationKind::Organize,
        }
    }

    pub(super) const fn at_problem(&self) -> AtProblem {
        match self {
            Self::Copy { go_on: true, .. }
            | Self::Move { go_on: true, .. }
            | Self::Organize { .. }
            | Self::Flatten { .. } => AtProblem::GoOn,
            Self::Delete { .. } => AtProblem::End,
            Self::Copy { .. } | Self::Move { .. } | Self::Rename { .. } | Self::MakeFolder { .. } => {
                AtProblem::Refuse
            }
        }
    }

    fn n_paths(&self) -> usize {
        match self {
            Self::Copy { files, .. } | Self::Move { files, .. } | Self::Delete { files, .. } => files.len(),
            Self::Organize { folders, .. } => folders.iter().map(|(_, files)| files.len() + 1).sum(),
            Self::Rename { .. } | Self::Flatten { .. } | Self::MakeFolder { .. } => 1,
        }
    }
}

/// See the top of the file.
///
/// # Errors
/// When nothing is to be done at all; then no trace of the plan is left.
pub(super) fn plan(files: &Files, run: &Run, wish: &Wish) -> Result<Plan, WishError> {
    not_too_many(wish)?;
    let mut planner = Planner::new(files, run)?;
    let planned = planner.plan(wish).and_then(|()| planner.space.check(files.tree.as_ref()));
    planner.finish(planned)
}

/// What a wish would do; nothing is journaled.
///
/// # Errors
/// As for the real thing.
pub(super) fn foresee(files: &Files, run: &Run, wish: &Wish) -> Result<Foreseen, WishError> {
    not_too_many(wish)?;
    let mut planner = Planner::new(files, run)?;
    planner.draft.only_foresee();
    let planned = planner.plan(wish).and_then(|()| planner.space.check(files.tree.as_ref()));
    match planned {
        Ok(()) => {
            Ok(Foreseen { places: planner.draft.into_foreseen(), errors: planner.mistakes.into_told() })
        }
        Err(Wrong::Item(problem)) => Err(problem.into_error()),
        Err(Wrong::Whole(error)) => Err(error),
    }
}

fn not_too_many(wish: &Wish) -> Result<(), WishError> {
    if wish.n_paths() > limits::PATHS_PER_WISH_MAX {
        return Err(WishError::Refused(format!(
            "{} files at once are too many; at most {} are taken",
            wish.n_paths(),
            limits::PATHS_PER_WISH_MAX
        )));
    }
    Ok(())
}

pub(super) struct Planner<'a> {
    files: &'a Files,
    run: &'a Run,
    reader: Reader,
    /// Looks since the reader was begun.
    n_looks: usize,
    roots: Roots,
    draft: Draft<'a>,
    mistakes: Mistakes,
    /// Places that steps will take.
    claimed: HashSet<u128>,
    /// Folders that steps will make.
    made: HashSet<u128>,
    /// What was planned or found to be impossible.
    handled: HashSet<u128>,
    /// What was asked for.
    wished: HashSet<u128>,
    siblings: Siblings,
    /// By a place that was taken, the number of the last that was tried in its stead.
    evaded: HashMap<u128, u32>,
    /// By the place of the sidecar of a stem that files will have there, whether they bring one along.
    stems: HashMap<u128, bool>,
    /// Of roots, by path.
    devices: HashMap<Vec<u8>, u64>,
    space: Space,
    /// Read when it is first asked for.
    returned: Option<Returned>,
}

impl<'a> Planner<'a> {
    fn new(files: &'a Files, run: &'a Run) -> Result<Self, WishError> {
        let reader = files.ledger.reader()?;
        Ok(Self {
            files,
            run,
            roots: Roots::read(&reader)?,
            reader,
            n_looks: 0,
            draft: Draft::new(files, run),
            mistakes: Mistakes::default(),
            claimed: HashSet::new(),
            made: HashSet::new(),
            handled: HashSet::new(),
            wished: HashSet::new(),
            siblings: Siblings::default(),
            evaded: HashMap::new(),
            stems: HashMap::new(),
            devices: HashMap::new(),
            space: Space::default(),
            returned: None,
        })
    }

    fn finish(mut self, planned: Result<(), Wrong>) -> Result<Plan, WishError> {
        let finished = match planned {
            Ok(()) => self.draft.finish(),
            Err(Wrong::Item(problem)) => Err(problem.into_error()),
            Err(Wrong::Whole(error)) => Err(error),
        };
        match finished {
            Ok(operation) => Ok(Plan { operation, mistakes: self.mistakes }),
            Err(error) => {
                self.draft.forget();
                Err(error)
            }
        }
    }

    fn plan(&mut self, wish: &Wish) -> Result<(), Wrong> {
        let at_problem = wish.at_problem();
        match wish {
            Wish::Copy { files, into, make_folder, .. } => {
                let aim = Aim::Copy(self.destination(into, *make_folder)?);
                self.all(&aim, files, at_problem)
            }
            Wish::Move { files, into, make_folder, .. } => {
                let aim = Aim::Move(self.destination(into, *make_folder)?);
                self.all(&aim, files, at_problem)
            }
            Wish::Organize { folders, placing } => self.organize(folders, *placing),
            Wish::Rename { path, name } => {
                is_name(name)?;
                self.all(&Aim::Rename(name.clone()), std::slice::from_ref(path), at_problem)
            }
            Wish::Delete { files, for_good } => {
                self.all(if *for_good { &Aim::Remove } else { &Aim::Trash }, files, at_problem)
            }
            Wish::Flatten { folder } => self.flatten(folder),
            Wish::MakeFolder { folder } => {
                self.roots.outside_trash(folder)?;
                self.make_folders(folder).map(drop)
            }
        }
    }

    fn all(&mut self, aim: &Aim, paths: &[Vec<u8>], at_problem: AtProblem) -> Result<(), Wrong> {
        self.wished = paths.iter().map(|path| digest(path)).collect();
        for path in paths {
            self.go_on()?;
            match self.one(aim, path) {
                Err(Wrong::Item(problem)) => {
                    if at_problem == AtProblem::Refuse {
                        return Err(problem.into());
                    }
                    self.mistakes.add(path, problem);
                    if at_problem == AtProblem::End {
                        break;
                    }
                }
                planned => planned?,
            }
        }
        // When nothing at all can be deleted, that is why.
        match self.mistakes.first() {
            Some(problem) if at_problem == AtProblem::End && self.draft.is_empty() => {
                Err(problem.clone().into())
            }
            _ => Ok(()),
        }
    }

    /// A folder that cannot be had is told with each of its files.
    fn organize(&mut self, folders: &[(Vec<u8>, Vec<Vec<u8>>)], placing: Placing) -> Result<(), Wrong> {
        for (into, files) in folders {
            let destination = match self.destination(into, true) {
                Ok(destination) => Destination { at_taken: AtTaken::Evade, ..destination },
                Err(Wrong::Item(problem)) => {
                    files.iter().for_each(|path| self.mistakes.add(path, problem.clone()));
                    continue;
                }
                Err(whole) => return Err(whole),
            };
            let aim = match placing {
                Placing::Move => Aim::Move(destination),
                Placing::Copy => Aim::Copy(destination),
            };
            self.all(&aim, files, AtProblem::GoOn)?;
        }
        Ok(())
    }

    fn one(&mut self, aim: &Aim, path: &[u8]) -> Result<(), Wrong> {
        if !self.handled.insert(digest(path)) {
            return Ok(());
        }
        self.roots.outside_trash(path)?;
        if matches!(aim, Aim::Trash | Aim::Remove) && self.roots.root_of(path).is_none() {
            return Err(Problem::refused(format!(
                "{} lies in no folder of the library, so it is not deleted; add its folder first",
                shown(path)
            ))
            .into());
        }
        if matches!(aim, Aim::Move(_))
            && let Some(above) = folders_above(path).find(|above| self.wished.contains(&digest(above)))
        {
            let (path, above) = (shown(path), shown(above));
            return Err(Problem::refused(format!("{path} goes with {above}, which is moved as well")).into());
        }
        let look = self.tree().look(&on_disk(path))?;
        match look.ok_or_else(|| Problem::unknown(format!("{} does not exist", shown(path))))? {
            folder if folder.kind == crate::sys::tree::Kind::Folder => self.folder(aim, path, folder),
            _ => self.file(aim, path),
        }
    }

    fn tree(&self) -> &'a dyn Tree {
        self.files.tree.as_ref()
    }

    /// To be asked now and then: whether planning is to end, and for a newer reader, so that none is
    /// held for long.
    fn go_on(&mut self) -> Result<(), WishError> {
        match self.run.ending() {
            Some(Ending::Asked) => {
                return Err(WishError::Refused("it was stopped before anything was done".to_owned()));
            }
            Some(Ending::Program) => {
                return Err(WishError::Busy("the program is stopping".to_owned()));
            }
            None => {}
        }
        self.n_looks += 1;
        if self.n_looks > limits::STEPS_JOURNALED_AT_ONCE {
            (self.reader, self.n_looks) = (self.files.ledger.reader()?, 0);
        }
        Ok(())
    }

    /// The image that is known at this place.
    fn image_at(&self, path: &[u8]) -> Result<Option<ImageId>, WishError> {
        if MediaKind::of_name(name_of(path)).is_none() || self.roots.root_of(path).is_none() {
            return Ok(None);
        }
        Ok(self.reader.present_at(path)?.map(|(image, _)| image))
    }

    /// Sets a place aside for what is at `from` now.
    fn claim(&mut self, from: &[u8], to: &[u8]) -> Result<(), Wrong> {
        self.roots.outside_trash(to)?;
        self.set_aside(from, to)
    }

    /// As [`Planner::claim`], in a trash as well.
    fn set_aside(&mut self, from: &[u8], to: &[u8]) -> Result<(), Wrong> {
        if from == to {
            return Err(Problem::refused(format!("{} is there already", shown(from))).into());
        }
        if self.claimed.contains(&digest(to)) {
            let to = shown(to);
            return Err(Problem::taken(format!("more than one file would become {to}")).into());
        }
        if self.tree().look(&on_disk(to))?.is_some() && !self.is_other_case(from, to)? {
            return Err(Problem::taken(format!("{} exists already", shown(to))).into());
        }
        self.claimed.insert(digest(to));
        Ok(())
    }

    /// Whether `to` stands for `from` itself, on a disk that does not tell such names apart.
    fn is_other_case(&self, from: &[u8], to: &[u8]) -> Result<bool, Wrong> {
        let folder = super::place::folder_of(to);
        if super::place::folder_of(from) != folder {
            return Ok(false);
        }
        let looks = (self.tree().look(&on_disk(from))?, self.tree().look(&on_disk(to))?);
        let (Some(one), Some(other)) = looks else { return Ok(false) };
        let is_same = (one.sighting.inode, one.sighting.device)
            == (other.sighting.inode, other.sighting.device)
            && one.sighting.inode != 0;
        Ok(is_same && self.tree().list(&on_disk(folder))?.kind_of(name_of(to)).is_none())
    }
}

fn step(act: Act, from: &[u8], to: Vec<u8>, image: Option<ImageId>, before: Option<&Look>) -> Step {
    let before = before.map(|look| look.sighting);
    Step { item: 0, act, from: from.to_vec(), to, image, before, after: None, state: StepState::Pending }
}

/// Refuses what is no single path component.
fn is_name(name: &[u8]) -> Result<(), Problem> {
    const NAME_BYTES_MAX: usize = 255;
    let why = match name {
        b"" => "it is empty",
        b"." | b".." => "it means a folder",
        _ if name.contains(&b'/') => "it holds a `/`",
        _ if cfg!(windows) && name.contains(&b'\\') => "it holds a `\\`",
        _ if name.contains(&0) => "it holds a NUL",
        _ if name.len() > NAME_BYTES_MAX => "it has more than 255 bytes",
        _ => return Ok(()),
    };
    Err(Problem::refused(format!("{} is no name for a file: {why}", shown(name))))
}

impl Destination {
    fn place(&self, path: &[u8]) -> Vec<u8> {
        self.nth_place(path, 0)
    }

    /// The place of a sidecar whose files have their nth.
    fn nth_sidecar(&self, path: &[u8], nth: u32) -> Vec<u8> {
        let name = name_of(path);
        match sidecar_parts(name) {
            Some((stem, ending)) if nth > 0 => {
                let number = format!(" ({nth})");
                join(&self.folder, &[stem, number.as_bytes(), SIDECAR_ENDINGS[ending]].concat())
            }
            _ => join(&self.folder, name),
        }
    }

    /// The nth place of those that are tried; 0 is the one it should have.
    fn nth_place(&self, path: &[u8], nth: u32) -> Vec<u8> {
        let name = name_of(path);
        if nth == 0 {
            return join(&self.folder, name);
        }
        // As sidecars are found: what is before the last dot, if something is.
        let dot = name.iter().rposition(|byte| *byte == b'.').filter(|dot| *dot > 0);
        let (stem, ending) = name.split_at(dot.unwrap_or(name.len()));
        join(&self.folder, &[stem, format!(" ({nth})").as_bytes(), ending].concat())
    }
}
