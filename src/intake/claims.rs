//! Whether images of the same content as a file that was just read are still where they were. What is
//! not there any more was moved, and the ledger pairs the two; what is there makes the file a copy.

use lumidex_schema::fold::fold;
use lumidex_schema::id::Timestamp;
use lumidex_schema::path::display;
use lumidex_schema::record::{Fingerprint, Image, Presence, Sighting};

use super::alone::Alone;
use super::listing::{EntryType, Links, Names, OpenFolder, Stat};
use crate::ledger::{self, Ledger, Observation, ReadError, Reader, Sighted};
use crate::sys::paths;

/// Files looked for on behalf of one that was read. Of content that more files share, those that are
/// gone are found when their own absence is.
const LOOKED_FOR_MAX: usize = 8;

/// Looks for the images that have something to do with what was read at `path`, where a file is known
/// or not.
pub(super) fn look(ledger: &Ledger, path: &[u8], is_known: bool, read: &mut ledger::Seen) {
    let looked = ledger.alike(&read.fingerprint, &read.sighting).and_then(|alike| {
        if !is_known && alike.is_empty() {
            return Ok(());
        }
        let reader = ledger.reader()?;
        let known = reader.present_at(path)?.map(|(_, image)| image);
        if known.as_ref().is_some_and(|known| known.fingerprint == read.fingerprint) {
            return Ok(());
        }
        let content = (&read.fingerprint, &read.sighting);
        let (gone, _) = look_for(ledger, &reader, content, path)?;
        read.gone = gone;
        if let Some(known) = known {
            let (_, copies) = look_for(ledger, &reader, (&known.fingerprint, &known.sighting), path)?;
            read.copies = copies;
        }
        Ok(())
    });
    if let Err(error) = looked {
        // The walks to come will notice.
        tracing::debug!(error = &error as &dyn std::error::Error, "not compared with what is known");
    }
}

/// That a file is missing, with the files of the same content that are not.
pub(super) fn missing(ledger: &Ledger, file: Sighted, at: Timestamp) -> Observation {
    let looked = ledger.reader().and_then(|reader| {
        let Some(image) = reader.image(file.image)? else { return Ok(Vec::new()) };
        let path = reader.path_of(&image)?;
        Ok(look_for(ledger, &reader, (&image.fingerprint, &image.sighting), &path)?.1)
    });
    Observation::Missing { file, copies: looked.unwrap_or_default(), at }
}

/// Images of this content in other places than `path`: those whose files are gone from there, and
/// those whose files are there.
fn look_for(
    ledger: &Ledger,
    reader: &Reader,
    (content, sighting): (&Fingerprint, &Sighting),
    path: &[u8],
) -> Result<(Vec<Sighted>, Vec<Sighted>), ReadError> {
    let (mut gone, mut there) = (Vec::new(), Vec::new());
    for id in ledger.alike(content, sighting)? {
        let Some(image) = reader.image(id)?.filter(|image| image.fingerprint == *content) else { continue };
        if matches!(image.presence, Presence::Missing { .. }) {
            continue;
        }
        let known = reader.path_of(&image)?;
        if known == path {
            continue;
        }
        let found = if is_there(&known, &image, path, sighting) { &mut there } else { &mut gone };
        found.push(Sighted::of(id, &image));
        if gone.len() + there.len() == LOOKED_FOR_MAX {
            break;
        }
    }
    Ok((gone, there))
}

/// Whether `path` still holds what the ledger says of it. What cannot be looked at is taken to be there,
/// unless nothing of that name is: then its drive may be away, and its content was found elsewhere.
fn is_there(path: &[u8], image: &Image, elsewhere: &[u8], found: &Sighting) -> bool {
    let stat = match look_at(path, elsewhere, found) {
        Ok(Some(stat)) => stat,
        Ok(None) => return false,
        Err(error) => return !is_absence(&error),
    };
    let was = (image.sighting.size, image.sighting.modified, image.sighting.inode);
    if stat.entry_type != EntryType::File {
        return false;
    }
    (stat.sighting.size, stat.sighting.modified, stat.sighting.inode) == was || holds(path, image.fingerprint)
}

fn is_absence(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

/// The file of exactly this name. Where file systems take letters of either case for the same, a file
/// whose name changed in case only answers to its former name too; its folder says how it is called.
fn look_at(path: &[u8], elsewhere: &[u8], found: &Sighting) -> std::io::Result<Option<Stat>> {
    let (folder, name) = split(path);
    let open = OpenFolder::open(&paths::from_bytes(folder), Links::Follow)?;
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

fn holds(path: &[u8], content: Fingerprint) -> bool {
    match Alone::open(&paths::from_bytes(path)).and_then(|file| file.reading()) {
        Ok(reading) => reading.fingerprint == content,
        Err(error) => !is_absence(&error),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;

    use lumidex_schema::media::MediaKind;

    use super::*;

    fn sighting_of(path: &Path) -> Sighting {
        look_at(path.as_os_str().as_encoded_bytes(), b"/x", &Sighting::default()).unwrap().unwrap().sighting
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

    fn there(path: &Path, image: &Image) -> bool {
        is_there(path.as_os_str().as_encoded_bytes(), image, b"/elsewhere/b.png", &Sighting::default())
    }

    #[test]
    fn a_file_is_there_while_its_name_holds_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        std::fs::write(&path, b"one").unwrap();
        let image = image_of(&path);
        assert!(there(&path, &image));
        // Written again with the same content it is another file by its looks only.
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, b"one").unwrap();
        assert!(there(&path, &image));
        std::fs::write(&path, b"two").unwrap();
        assert!(!there(&path, &image));
        std::fs::remove_file(&path).unwrap();
        assert!(!there(&path, &image));
        std::fs::create_dir(&path).unwrap();
        assert!(!there(&path, &image));
        assert!(!there(&path.join("b.png"), &image), "its folder is gone");
    }
}
