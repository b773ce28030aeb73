//! Planning a file: together with its sidecars, and with the files that share it.

use super::{Aim, Destination, Planner, step};
use crate::files::place::{digest, folder_of, join, name_of, on_disk, shown};
use crate::files::problem::{Problem, Wrong};
use crate::files::siblings::Family;
use crate::files::trash;
use crate::intake::beside::{SIDECAR_ENDINGS, sidecar_parts, stem};
use crate::sys::tree::{Kind, Look};
use lumidex_schema::operation::{Act, Step};

/// Files that are done all or not at all.
pub(super) struct Group {
    pub(super) files: Vec<Vec<u8>>,
    pub(super) sidecars: Vec<Vec<u8>>,
}

impl Planner<'_> {
    pub(super) fn file(&mut self, aim: &Aim, path: &[u8]) -> Result<(), Wrong> {
        let family = self.siblings.of(self.tree(), path)?;
        let group = self.group(aim, path, family);
        for file in group.files.iter().chain(&group.sidecars) {
            self.handled.insert(digest(file));
        }
        let mut steps = Vec::new();
        match self.free_steps_of(aim, &group, &mut steps) {
            Ok(()) => {
                self.count_space(aim, &steps)?;
                Ok(self.draft.add(steps)?)
            }
            Err(Wrong::Item(problem)) => {
                for step in &steps {
                    self.claimed.remove(&digest(&step.to));
                }
                for other in group.files.iter().filter(|other| *other != path) {
                    let because = format!("it has a sidecar in common with {}: ", shown(path));
                    self.mistakes.add(other, Problem::refused(because + problem.text()));
                }
                Err(Wrong::Item(problem))
            }
            Err(whole) => Err(whole),
        }
    }

    /// Sidecars go with the last of the files that share them, so with all of them at once or not at
    /// all; a copy of them goes with the copy of any.
    fn group(&self, aim: &Aim, path: &[u8], family: Option<Family>) -> Group {
        let alone = || Group { files: vec![path.to_vec()], sidecars: Vec::new() };
        let Some(Family { media, sidecars }) = family else { return alone() };
        let n_all = media.len();
        let files: Vec<_> = media.into_iter().filter(|file| self.wished.contains(&digest(file))).collect();
        let is_taken = match aim {
            Aim::Copy(_) => !files.is_empty(),
            Aim::Move(_) | Aim::Rename(_) | Aim::Trash | Aim::Remove => files.len() == n_all,
        };
        if is_taken { Group { files, sidecars } } else { alone() }
    }

    pub(super) fn steps_of(
        &mut self,
        aim: &Aim,
        group: &Group,
        nth: u32,
        steps: &mut Vec<Step>,
    ) -> Result<(), Wrong> {
        for file in &group.files {
            let to = match aim {
                Aim::Rename(name) => join(folder_of(file), name),
                _ => self.place(aim, file, nth)?,
            };
            let step = self.step_of(aim, file, to)?;
            steps.push(step);
        }
        for sidecar in &group.sidecars {
            let to = match aim {
                Aim::Rename(name) => join(folder_of(sidecar), &renamed(sidecar, name)),
                Aim::Copy(destination) | Aim::Move(destination) => destination.nth_sidecar(sidecar, nth),
                Aim::Trash | Aim::Remove => self.place(aim, sidecar, nth)?,
            };
            // `a.png` renamed to `a.jpg` keeps them where they are.
            if to != *sidecar {
                let step = self.step_of(aim, sidecar, to)?;
                steps.push(step);
            }
        }
        Ok(())
    }

    fn place(&mut self, aim: &Aim, path: &[u8], nth: u32) -> Result<Vec<u8>, Wrong> {
        match aim {
            Aim::Copy(destination) | Aim::Move(destination) => Ok(destination.nth_place(path, nth)),
            Aim::Rename(name) => Ok(join(folder_of(path), name)),
            Aim::Remove => Ok(Vec::new()),
            Aim::Trash => {
                let token = self.draft.token()?;
                let root = self.roots.root_of(path);
                let place = root.and_then(|root| trash::place(root, &token, path));
                Ok(place.ok_or_else(|| Problem::refused(format!("{} has no trash", shown(path))))?)
            }
        }
    }

    fn step_of(&mut self, aim: &Aim, from: &[u8], to: Vec<u8>) -> Result<Step, Wrong> {
        let look = self.source(aim, from)?;
        match aim {
            Aim::Remove => {}
            Aim::Trash => self.set_aside(from, &to)?,
            Aim::Copy(_) | Aim::Move(_) | Aim::Rename(_) => self.claim(from, &to)?,
        }
        let act = match aim {
            Aim::Copy(_) => Act::CopyFile,
            Aim::Move(_) | Aim::Rename(_) | Aim::Trash => Act::MoveFile,
            Aim::Remove => Act::RemoveFile,
        };
        Ok(step(act, from, to, self.image_at(from)?, Some(&look)))
    }

    /// What is to be done something with; of a link to be copied, what it leads to.
    fn source(&self, aim: &Aim, path: &[u8]) -> Result<Look, Wrong> {
        let on_disk = on_disk(path);
        let look = match aim {
            Aim::Copy(_) => self.tree().look_through(&on_disk)?,
            _ => self.tree().look(&on_disk)?,
        };
        let look = look.ok_or_else(|| Problem::unknown(format!("{} does not exist", shown(path))))?;
        match (aim, look.kind) {
            (_, Kind::Folder) => {
                Err(Problem::refused(format!("{} is a folder; only files are copied", shown(path))).into())
            }
            (Aim::Copy(_), Kind::Special | Kind::Link) => {
                Err(Problem::refused(format!("{} is no regular file", shown(path))).into())
            }
            (Aim::Move(destination), Kind::Special) if destination.device != look.sighting.device => {
                Err(special_across(path).into())
            }
            _ => Ok(look),
        }
    }

    fn count_space(&mut self, aim: &Aim, steps: &[Step]) -> Result<(), Wrong> {
        for step in steps {
            let Some(before) = step.before else { continue };
            match aim {
                Aim::Copy(Destination { existing, device, .. }) => {
                    self.space.add(*device, existing, before.size);
                }
                Aim::Move(Destination { existing, device, .. }) if *device != before.device => {
                    self.space.add(*device, existing, before.size);
                }
                Aim::Trash => self.count_trash(&step.from, before.device, before.size)?,
                Aim::Move(_) | Aim::Rename(_) | Aim::Remove => {}
            }
        }
        Ok(())
    }

    /// A root may hold folders of other disks, whose files are copied to its trash.
    fn count_trash(&mut self, path: &[u8], device: u64, bytes: u64) -> Result<(), Wrong> {
        let Some(root) = self.roots.root_of(path) else { return Ok(()) };
        let root_device = match self.devices.get(root) {
            Some(device) => *device,
            None => {
                let look = self.tree().look_through(&on_disk(root))?;
                let device = look.map_or(device, |look| look.sighting.device);
                self.devices.insert(root.to_vec(), device);
                device
            }
        };
        if root_device != device {
            self.space.add(root_device, root, bytes);
        }
        Ok(())
    }
}

/// The name of a sidecar once its file has this name.
fn renamed(sidecar: &[u8], media: &[u8]) -> Vec<u8> {
    let ending = sidecar_parts(name_of(sidecar)).map_or(&b""[..], |(_, nth)| SIDECAR_ENDINGS[nth]);
    [stem(media), ending].concat()
}

pub(super) fn special_across(path: &[u8]) -> Problem {
    let name = shown(name_of(path));
    Problem::refused(format!("{name} is a pipe, socket or device, which cannot be moved to another disk"))
}
