//! Planning folders: those that are moved, renamed or removed, and those that files go to.

use super::{Aim, AtTaken, Destination, Planner, step};
use crate::files::place::{digest, folder_of, folders_above, join, on_disk, shown};
use crate::files::problem::{Problem, Wrong};
use crate::sys::tree::{Kind, Look};
use lumidex_schema::operation::Act;
use lumidex_schema::path::below;

impl Planner<'_> {
    pub(super) fn folder(&mut self, aim: &Aim, path: &[u8], look: Look) -> Result<(), Wrong> {
        match aim {
            Aim::Copy(_) => {
                Err(Problem::refused(format!("{} is a folder; only files are copied", shown(path))).into())
            }
            Aim::Move(destination) => self.move_folder(path, look, destination),
            Aim::Rename(name) => {
                self.roots.may_go(path)?;
                let to = join(folder_of(path), name);
                self.claim(path, &to)?;
                Ok(self.draft.add(vec![step(Act::MoveFolder, path, to, None, Some(&look))])?)
            }
            Aim::Trash | Aim::Remove => self.remove_folder(path, look),
        }
    }

    fn move_folder(&mut self, path: &[u8], look: Look, destination: &Destination) -> Result<(), Wrong> {
        self.roots.may_go(path)?;
        if below(&destination.folder, path).is_some() {
            return Err(Problem::refused(format!("{} cannot be moved into itself", shown(path))).into());
        }
        let to = destination.place(path);
        self.claim(path, &to)?;
        if look.sighting.device == destination.device {
            Ok(self.draft.add(vec![step(Act::MoveFolder, path, to, None, Some(&look))])?)
        } else {
            self.move_across(path, &to, destination)
        }
    }

    /// Only empty folders are removed; what is removed with it in the same wish does not count.
    fn remove_folder(&mut self, path: &[u8], look: Look) -> Result<(), Wrong> {
        self.roots.may_go(path)?;
        let listing = self.tree().list(&on_disk(path))?;
        if listing.iter().any(|(name, _)| !self.handled.contains(&digest(&join(path, name)))) {
            return Err(Problem::refused(format!("{} is not empty", shown(path))).into());
        }
        Ok(self.draft.add(vec![step(Act::RemoveFolder, path, Vec::new(), None, Some(&look))])?)
    }

    /// The folder that files are to go to; made along the way if that is wanted.
    pub(super) fn destination(&mut self, folder: &[u8], make: bool) -> Result<Destination, Wrong> {
        self.roots.outside_trash(folder)?;
        match self.tree().look_through(&on_disk(folder))? {
            Some(look) if look.kind == Kind::Folder => Ok(Destination {
                folder: folder.to_vec(),
                existing: folder.to_vec(),
                device: look.sighting.device,
                at_taken: AtTaken::Refuse,
            }),
            Some(_) => Err(Problem::refused(format!("{} is no folder", shown(folder))).into()),
            None if make => {
                let (existing, device) = self.make_folders(folder)?;
                Ok(Destination { folder: folder.to_vec(), existing, device, at_taken: AtTaken::Refuse })
            }
            None => Err(Problem::refused(format!("the folder {} does not exist", shown(folder))).into()),
        }
    }

    /// Plans a folder and those above it, as far as they are missing. Gives the nearest one that is
    /// there, and its device.
    pub(super) fn make_folders(&mut self, folder: &[u8]) -> Result<(Vec<u8>, u64), Wrong> {
        let mut missing = Vec::new();
        for path in std::iter::once(folder).chain(folders_above(folder)) {
            let in_the_way = || Problem::refused(format!("{} is in the way: it is no folder", shown(path)));
            match self.tree().look_through(&on_disk(path))? {
                Some(look) if look.kind == Kind::Folder => {
                    let make = |path: &Vec<u8>| step(Act::MakeFolder, b"", path.clone(), None, None);
                    self.draft.add(missing.iter().rev().map(make).collect())?;
                    return Ok((path.to_vec(), look.sighting.device));
                }
                Some(_) => return Err(in_the_way().into()),
                // A link that leads nowhere.
                None if self.tree().look(&on_disk(path))?.is_some() => return Err(in_the_way().into()),
                None if self.made.insert(digest(path)) => missing.push(path.to_vec()),
                None => {}
            }
        }
        Err(Problem::unknown(format!("there is nothing above {}", shown(folder))).into())
    }
}
