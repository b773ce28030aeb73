//! Whether images of the same content as a file that was just read are still where they were. What is
//! not there any more was moved, and the ledger pairs the two; what is there makes the file a copy.

use lumidex_schema::fold::fold;
use lumidex_schema::id::{ImageId, Seq, Timestamp};
use lumidex_schema::path::display;
use lumidex_schema::record::{Fingerprint, Image, Presence, Sighting};

use super::alone::Alone;
use super::listing::{EntryType, Names, Stat};
use super::way::{Way, is_absent, is_link};
use crate::ledger::{self, Elsewhere, Ledger, Observation, ReadError, Reader, Sighted, WriteError};

/// Files looked for on behalf of one that was read. Of content that more files share, those that are
/// gone are found when their own absence is.
const LOOKED_FOR_MAX: usize = 8;

/// Images asked about of one snapshot of the ledger: one for each would cost more than the answer, and
/// one held for long would keep the ledger from re-using its pages.
const SNAPSHOT_IMAGES_MAX: usize = 256;

/// Looks for the images that have something to do with what was read at `path`, where a file is known
/// or not. Whether the file is still there: what was moved on while it was looked at would be taken for
/// a copy of itself.
pub(super) fn look(ledger: &Ledger, way: &Way, path: &[u8], is_known: bool, read: &mut ledger::Seen) -> bool {
    let looked = ledger.alike(&read.fingerprint, &read.sighting).and_then(|alike| {
        if !is_known && alike.is_empty() {
            return Ok(true);
        }
        let reader = ledger.reader()?;
        let known = reader.present_at(path)?.map(|(_, image)| image);
        let is_as_before = |known: &Image| {
            known.fingerprint == read.fingerprint && known.sighting.is_same_file(&read.sighting)
        };
        if known.as_ref().is_some_and(is_as_before) {
            return Ok(true);
        }
        let content = (&read.fingerprint, &read.sighting);
        let mut elsewhere = look_for(ledger, &reader, content, path)?;
        elsewhere.copies = match known {
            Some(known) => look_for(ledger, &reader, (&known.fingerprint, &known.sighting), path)?.copies,
            None => Vec::new(),
        };
        read.elsewhere = elsewhere;
        // Last, so that it and its copies were there together.
        let stat = look_at(way, path, b"", &Sighting::default());
        Ok(stat.is_ok_and(|stat| stat.is_some_and(|stat| stat.sighting.inode == read.sighting.inode)))
    });
    looked.unwrap_or_else(|error| {
        // The walks to come will notice.
        tracing::debug!(error = &error as &dyn std::error::Error, "not compared with what is known");
        true
    })
}

/// That files are missing, each with the files of the same content that are not.
pub(super) fn missing(
    ledger: &Ledger,
    files: &[Sighted],
    at: Timestamp,
) -> impl Iterator<Item = Observation> {
    files.chunks(SNAPSHOT_IMAGES_MAX).flat_map(move |files| {
        let reader = ledger.reader();
        let copies = |file: &Sighted| copies_of(ledger, reader.as_ref().ok(), file.image);
        let missing = |file: &Sighted| Observation::Missing { file: *file, copies: copies(file), at };
        files.iter().map(missing).collect::<Vec<_>>()
    })
}

/// Looks for the content of images whose place others took with what was told last, and tells where it
/// is; the ledger's head then, if there was anything to tell.
pub(super) fn tell_displaced(ledger: &Ledger, at: Timestamp) -> Result<Option<Seq>, WriteError> {
    let displaced = ledger.take_displaced();
    let mut sought = Vec::new();
    for images in displaced.chunks(SNAPSHOT_IMAGES_MAX) {
        let reader = ledger.reader();
        for image in images {
            let copies = copies_of(ledger, reader.as_ref().ok(), *image);
            if !copies.is_empty() {
                sought.push(Observation::Sought { image: *image, copies, at });
            }
        }
    }
    if sought.is_empty() {
        return Ok(None);
    }
    match ledger.observe(sought) {
        Ok(head) => Ok(Some(head)),
        Err(error) => {
            ledger.give_back_displaced(displaced);
            Err(error)
        }
    }
}

/// None where the ledger cannot be read: the walks to come will find them.
fn copies_of(ledger: &Ledger, reader: Option<&Reader>, image: ImageId) -> Vec<Sighted> {
    let look = |reader: &Reader| -> Result<Vec<Sighted>, ReadError> {
        let Some(image) = reader.image(image)? else { return Ok(Vec::new()) };
        let path = reader.path_of(&image)?;
        Ok(look_for(ledger, reader, (&image.fingerprint, &image.sighting), &path)?.copies)
    };
    reader.and_then(|reader| look(reader).ok()).unwrap_or_default()
}

/// What is in other places than `path` where images are known that have this content, or had it.
fn look_for(
    ledger: &Ledger,
    reader: &Reader,
    (content, sighting): (&Fingerprint, &Sighting),
    path: &[u8],
) -> Result<Elsewhere, ReadError> {
    let mut elsewhere = Elsewhere::default();
    let mut n_looked_for = 0;
    for id in ledger.alike(content, sighting)? {
        let Some(image) = reader.image(id)? else { continue };
        let has_content = image.fingerprint == *content;
        let had_content =
            !has_content && reader.former(id)?.is_some_and(|former| former.fingerprint == *content);
        if matches!(image.presence, Presence::Missing { .. }) || !(has_content || had_content) {
            continue;
        }
        let known = reader.path_of(&image)?;
        if known == path {
            continue;
        }
        let file = reader.sighted(id, &image)?;
        match state_of((&Way::to_image(reader, &image)?, &known), &image, path, sighting) {
            State::Gone => elsewhere.gone.push(file),
            State::Altered => elsewhere.altered.push(file),
            State::Same if has_content => elsewhere.copies.push(file),
            State::Same => {}
        }
        n_looked_for += 1;
        if n_looked_for == LOOKED_FOR_MAX {
            break;
        }
    }
    Ok(elsewhere)
}

/// What is at a place where an image is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Its content, or nobody can tell.
    Same,
    /// Other content.
    Altered,
    /// No file.
    Gone,
}

/// What `path` holds of what the ledger says of it. What cannot be looked at is taken to be there,
/// unless nothing of that name is: then its drive may be away, and its content was found elsewhere.
fn state_of((way, path): (&Way, &[u8]), image: &Image, elsewhere: &[u8], found: &Sighting) -> State {
    let stat = match look_at(way, path, elsewhere, found) {
        Ok(Some(stat)) if stat.entry_type == EntryType::File => stat,
        Ok(_) => return State::Gone,
        Err(error) if is_absence(&error) => return State::Gone,
        Err(_) => return State::Same,
    };
    let was = (image.sighting.size, image.sighting.modified, image.sighting.inode);
    if (stat.sighting.size, stat.sighting.modified, stat.sighting.inode) == was {
        return State::Same;
    }
    match Alone::on(way, split(path).1).and_then(|file| file.reading()) {
        Ok(reading) if reading.fingerprint != image.fingerprint => State::Altered,
        Err(error) if is_absence(&error) => State::Gone,
        Ok(_) | Err(_) => State::Same,
    }
}

/// Behind a link in the way walks find nothing either.
fn is_absence(error: &std::io::Error) -> bool {
    is_absent(error) || is_link(error)
}

/// The file of exactly this name. Where file systems take letters of either case for the same, a file
/// whose name changed in case only answers to its former name too; its folder says how it is called.
fn look_at(way: &Way, path: &[u8], elsewhere: &[u8], found: &Sighting) -> std::io::Result<Option<Stat>> {
    let (folder, name) = split(path);
    let open = way.folder()?;
    let mut names = Names::default();
    names.push(name);
    let stat = open.stat(&names, 0)?;
    let (other_folder, other_name) = split(elsewhere);
    let is_one_file = stat.sighting.inode != 0 && stat.sighting.inode == found.inode;
    if is_one_file && folder == other_folder && fold(&display(name)) == fold(&display(other_name)) {
        let mut is_listed = false;
        open.entries(|listed, _| {
            is_listed = listed == name;
            !is_listed
        })?;
        return Ok(is_listed.then_some(stat));
    }
    Ok(Some(stat))
}

fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (&path[..slash.max(1)], &path[slash + 1..]),
        None => (b"/", path),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;

    use lumidex_schema::media::MediaKind;

    use super::*;
    use crate::intake::logs::tests::way_to;

    /// Below the folder that the path lies in.
    fn way_of(path: &Path) -> Way {
        way_to(path.parent().unwrap(), "")
    }

    fn sighting_of(path: &Path) -> Sighting {
        let found = look_at(&way_of(path), path.as_os_str().as_encoded_bytes(), b"/x", &Sighting::default());
        found.unwrap().unwrap().sighting
    }

    fn image_of(path: &Path) -> Image {
        let reading = Alone::open(path).unwrap().reading().unwrap();
        Image {
            sighting: sighting_of(path),
            fingerprint: reading.fingerprint,
            media: MediaKind::Image,
            ..Image::default()
        }
    }

    fn state(path: &Path, image: &Image) -> State {
        state_by(&way_of(path), path, image)
    }

    fn state_by(way: &Way, path: &Path, image: &Image) -> State {
        let path = path.as_os_str().as_encoded_bytes();
        state_of((way, path), image, b"/elsewhere/b.png", &Sighting::default())
    }

    #[test]
    fn a_file_is_there_while_its_name_holds_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        std::fs::write(&path, b"one").unwrap();
        let image = image_of(&path);
        assert_eq!(state(&path, &image), State::Same);
        // Written again with the same content it is another file by its looks only.
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, b"one").unwrap();
        assert_eq!(state(&path, &image), State::Same);
        std::fs::write(&path, b"two").unwrap();
        assert_eq!(state(&path, &image), State::Altered);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(state(&path, &image), State::Gone);
        std::fs::create_dir(&path).unwrap();
        assert_eq!(state(&path, &image), State::Gone);
        assert_eq!(state(&path.join("b.png"), &image), State::Gone, "its folder is none");
    }

    #[cfg(unix)]
    #[test]
    fn what_lies_behind_a_link_is_not_there() {
        let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = root.path().join("sub/below/a.png");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::create_dir(outside.path().join("below")).unwrap();
        std::fs::write(&path, b"one").unwrap();
        let (image, way) = (image_of(&path), way_to(root.path(), "sub/below"));
        assert_eq!(state_by(&way, &path, &image), State::Same);
        std::fs::rename(&path, outside.path().join("below/a.png")).unwrap();
        std::fs::remove_dir_all(root.path().join("sub")).unwrap();
        std::os::unix::fs::symlink(outside.path(), root.path().join("sub")).unwrap();
        assert!(path.exists());
        assert_eq!(state_by(&way, &path, &image), State::Gone);
    }
}
