//! What lies on the disk, as answers show it: one folder listed, or one file or folder looked at. Both
//! make an entry by the same function, because pages compare what the two say. Work is flat: one look
//! at the disk for an entry, two for a symbolic link; refuses to open files.

use super::access::{Access, Place, Standing};
use super::limits::LISTED_MAX;
use super::problem::Problem;
use super::server::Call;
use crate::intake::rules::TRASH;
use crate::sys::rooted::Folder;
use crate::sys::tree::{Kind, Look};
use lumidex_schema::api::FileInfo;
use lumidex_schema::id::ImageId;
use lumidex_schema::media::MediaKind;
use lumidex_schema::path::{absolute, display};
use std::cmp::Reverse;
use std::io::{self, ErrorKind};

/// Side folders that nobody wants to see: ours and Synology's. Other hidden folders are listed, for a
/// root may lie below one.
const LEFT_OUT: [&[u8]; 2] = [TRASH, b"@eaDir"];

/// Everything directly in a folder that may be shown: folders first, the latest made first. Nothing
/// when there is no such folder.
///
/// # Errors
/// 400 when it is no folder, cannot be read, or holds too much; 500 when the library cannot say what it
/// knows of it.
pub(crate) fn list(call: &Call<'_>, folder: &Place) -> Result<Vec<FileInfo>, Problem> {
    let opened = match folder.file.folder() {
        Err(error) if is_absent(folder, &error) => return Ok(Vec::new()),
        opened => opened.map_err(|error| unreadable(folder, &error))?,
    };
    let access = call.access()?;
    let known = call.engine().ids_in(&folder.path)?;
    let mut listed = Vec::new();
    let mut entry = |name: &[u8], kind: Option<Kind>| -> Result<(), Refusal> {
        if LEFT_OUT.contains(&name) {
            return Ok(());
        }
        let path = absolute(&folder.path, b"", name);
        let Some(look) = seen(access, folder, &opened, name, kind, &path)? else { return Ok(()) };
        if listed.len() == LISTED_MAX {
            return Err(Refusal::TooMany);
        }
        let id = known.binary_search_by(|(known, _)| known.as_slice().cmp(name)).ok().map(|at| known[at].1);
        listed.push(info(call, access, &path, &look, id));
        Ok(())
    };
    opened.entries(&mut entry).map_err(|refusal| match refusal {
        Refusal::TooMany => {
            let shown = display(&folder.path);
            Problem::bad(format!("`{shown}` holds more than {LISTED_MAX} files and folders"))
        }
        Refusal::Unreadable(error) => unreadable(folder, &error),
    })?;
    listed.sort_by(|a, b| {
        let key = |info: &FileInfo| (info.kind != "dir", Reverse(info.created_ns));
        key(a).cmp(&key(b)).then_with(|| a.name.cmp(&b.name))
    });
    Ok(listed)
}

/// The files and folders at these places, in the same order; `None` where there is none.
///
/// # Errors
/// 500 when the library cannot say what it knows of them.
pub(crate) fn look(call: &Call<'_>, places: &[Place]) -> Result<Vec<Option<FileInfo>>, Problem> {
    let access = call.access()?;
    let lexical: Vec<&[u8]> = places.iter().map(|place| place.path.as_slice()).collect();
    let hits = call.engine().images_at(&lexical)?;
    let infos = places.iter().zip(hits).map(|(place, hit)| {
        let look = place.file.look().ok()??;
        Some(info(call, access, &place.path, &look, hit.map(|hit| hit.id)))
    });
    Ok(infos.collect())
}

/// The one way an entry is made.
fn info(call: &Call<'_>, access: &Access, path: &[u8], look: &Look, id: Option<ImageId>) -> FileInfo {
    let is_folder = look.kind == Kind::Folder;
    let name = path.rsplit(|b| *b == b'/').next().filter(|name| !name.is_empty()).unwrap_or(path);
    FileInfo {
        kind: if is_folder { "dir" } else { "file" },
        id: id.filter(|_| !is_folder).map(ImageId::get),
        date_ns: look.sighting.modified.0,
        created_ns: look.sighting.created.0,
        bytes: if is_folder { 0 } else { look.sighting.size },
        name: display(name),
        fullpath: display(path),
        is_under_scanned_path: access.is_under_root(path),
        media_type: MediaKind::of_name(name).filter(|_| !is_folder).map(MediaKind::word),
        offline: call.is_offline(path),
    }
}

/// Why a listing ends.
enum Refusal {
    Unreadable(io::Error),
    TooMany,
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}

/// What is known of an entry of a folder, if it may be shown: links that lead nowhere, and with access
/// control those that lead outside, may not. Beside the way to a root nothing is looked at.
fn seen(
    access: &Access,
    folder: &Place,
    opened: &Folder,
    name: &[u8],
    kind: Option<Kind>,
    path: &[u8],
) -> io::Result<Option<Look>> {
    let mut look = None;
    if kind.is_none() {
        look = opened.look(name)?;
    }
    let Some(kind) = kind.or(look.map(|look| look.kind)) else { return Ok(None) };
    if kind == Kind::Link {
        return Ok(access.followed(path).and_then(|target| target.look().ok().flatten()));
    }
    if access.is_confined() && folder.standing() != Standing::Inside && !access.leads_in(path) {
        return Ok(None);
    }
    if look.is_some() { Ok(look) } else { opened.look(name) }
}

/// Whether there is nothing of that name, as opposed to something that is no folder.
fn is_absent(folder: &Place, error: &io::Error) -> bool {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::InvalidFilename => true,
        // It, or something above it, is a file.
        ErrorKind::NotADirectory => folder
            .file
            .open()
            .is_err_and(|error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)),
        _ => false,
    }
}

fn unreadable(folder: &Place, error: &io::Error) -> Problem {
    let shown = display(&folder.path);
    match error.kind() {
        ErrorKind::NotADirectory => Problem::bad(format!("`{shown}` is no folder")),
        _ => Problem::bad(format!("`{shown}` cannot be read: {error}")),
    }
}
