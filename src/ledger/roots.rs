//! Which root a path belongs to, and what changes when a person adds or removes folders.
//!
//! Two rules keep tags on their pictures: an image belongs to the outermost wanted root that
//! contains it, and every directory has at most one folder row, whichever root holds it now.

use super::ReadError;
use super::txn::Tables;
use lumidex_schema::feed::Subject;
use lumidex_schema::id::{FolderId, ImageId, RootId};
use lumidex_schema::path::{self, RelPath};
use lumidex_schema::record::{Folder, Image, Presence, Root, Row};
use redb::ReadableTable;

/// A directory as a place below a root.
pub(super) struct LocatedRoot {
    pub(super) root: RootId,
    pub(super) below: RelPath,
}

/// The root a directory belongs to: the wanted one that contains it, else the deepest retired one.
pub(super) fn locate(roots: &[(RootId, Root)], directory: &[u8]) -> Option<LocatedRoot> {
    roots
        .iter()
        .filter_map(|(id, root)| Some((*id, root, path::below(directory, &root.path)?)))
        .max_by_key(|(_, root, _)| (!root.retired, root.path.len()))
        .map(|(root, _, below)| LocatedRoot { root, below: RelPath::from_bytes(below) })
}

/// Makes the set of wanted roots what the extra paths ask for, re-homing folders with the same
/// ids and hiding the images of what is no longer wanted.
pub(super) fn settle(tables: &mut Tables<'_>) -> Result<(), ReadError> {
    let wanted = outermost(tables)?;
    let mut roots = tables.all_roots()?;
    for path in &wanted {
        match roots.iter_mut().find(|(_, root)| root.path == *path) {
            Some((_, root)) if !root.retired => {}
            Some((id, root)) => {
                root.retired = false;
                root.walked = None;
                tables.put_root(*id, root)?;
            }
            None => {
                let root = Root { path: path.clone(), walked: None, retired: false };
                let id = tables.add_root(&root)?;
                roots.push((id, root));
            }
        }
    }
    for (id, root) in &mut roots {
        if !root.retired && !wanted.contains(&root.path) {
            root.retired = true;
            tables.put_root(*id, root)?;
        }
    }
    rehome(tables, &roots)
}

/// The extra paths that lie in no other extra path.
fn outermost(tables: &Tables<'_>) -> Result<Vec<Vec<u8>>, ReadError> {
    let mut paths = Vec::new();
    for entry in tables.extra_paths.range::<&[u8]>(..)? {
        paths.push(entry?.0.value().to_vec());
    }
    let inner = |path: &[u8]| paths.iter().any(|other| other != path && path::below(path, other).is_some());
    Ok(paths.iter().filter(|path| !inner(path)).cloned().collect())
}

/// Gives every folder to the root it now belongs to; hides the images of folders whose root is
/// retired.
fn rehome(tables: &mut Tables<'_>, roots: &[(RootId, Root)]) -> Result<(), ReadError> {
    let mut folders = Vec::new();
    for entry in tables.folders.range::<u32>(..)? {
        let (id, row) = entry?;
        folders.push((FolderId(id.value()), Folder::decode(row.value())?));
    }
    for (id, folder) in folders {
        let Some((_, home)) = roots.iter().find(|(known, _)| *known == folder.root) else { continue };
        let absolute = path::absolute(&home.path, folder.path.as_bytes(), b"");
        let Some(place) = locate(roots, &absolute) else { continue };
        if place.root != folder.root {
            tables.move_folder(id, &folder, place.root, place.below)?;
        }
        if roots.iter().any(|(known, root)| *known == place.root && root.retired) {
            retire_images(tables, id)?;
        }
    }
    Ok(())
}

fn retire_images(tables: &mut Tables<'_>, folder: FolderId) -> Result<(), ReadError> {
    for (name, id) in tables.present_in(folder)? {
        let Some(image) = tables.image(id)? else { continue };
        hide(tables, id, image, &name, Presence::Retired)?;
    }
    Ok(())
}

/// Stores an image as not present: its path is kept, its sighting forgotten.
pub(super) fn hide(
    tables: &mut Tables<'_>,
    id: ImageId,
    mut image: Image,
    name: &[u8],
    presence: Presence,
) -> Result<(), ReadError> {
    tables.paths.insert((image.folder.0, name), (id.0, 0))?;
    image.presence = presence;
    image.seq = tables.renumber(Some(image.seq), Subject::Image(id))?;
    tables.images.insert(id.0, image.encode().as_slice())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wanted_root_wins_over_a_deeper_retired_one() {
        let root =
            |id, path: &[u8], retired| (RootId(id), Root { path: path.to_vec(), walked: None, retired });
        let roots = [root(1, b"/p/inner", true), root(2, b"/p", false), root(3, b"/q", true)];
        let place = |directory: &[u8]| locate(&roots, directory).map(|at| (at.root.0, at.below));
        assert_eq!(place(b"/p/inner/x"), Some((2, RelPath::from_bytes(&b"inner/x"[..]))));
        assert_eq!(place(b"/q"), Some((3, RelPath::root())));
        assert_eq!(place(b"/pp"), None);
    }
}
