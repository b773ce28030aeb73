//! What lies on the disk, as answers show it: one folder listed, or one file or folder looked at. Both
//! make an entry by the same function, because pages compare what the two say. Work is flat: one look
//! at the disk for an entry, two for a symbolic link; refuses to open files.

use super::access::{Access, Place, Standing};
use super::limits::LISTED_MAX;
use super::problem::Problem;
use super::server::Call;
use crate::intake::rules::TRASH;
use crate::sys::paths::to_bytes;
use lumidex_schema::api::FileInfo;
use lumidex_schema::id::ImageId;
use lumidex_schema::media::MediaKind;
use lumidex_schema::path::{absolute, display};
use std::cmp::Reverse;
use std::fs::{self, DirEntry, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::time::SystemTime;

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
    let entries = match fs::read_dir(&folder.real) {
        Err(error) if is_absent(folder, &error) => return Ok(Vec::new()),
        opened => opened.map_err(|error| unreadable(folder, &error))?,
    };
    let access = call.access()?;
    let known = call.engine().ids_in(&folder.path)?;
    let mut listed = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| unreadable(folder, &error))?;
        let name = to_bytes(entry.file_name());
        let path = absolute(&folder.path, b"", &name);
        if LEFT_OUT.contains(&name.as_slice()) {
            continue;
        }
        let Some(metadata) = seen(access, folder, &entry, &path)? else { continue };
        if listed.len() == LISTED_MAX {
            let shown = display(&folder.path);
            return Err(Problem::bad(format!("`{shown}` holds more than {LISTED_MAX} files and folders")));
        }
        let id = known.binary_search_by(|(known, _)| known.as_slice().cmp(&name)).ok().map(|at| known[at].1);
        listed.push(info(call, access, &path, &metadata, id));
    }
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
        let metadata = fs::metadata(&place.real).ok()?;
        Some(info(call, access, &place.path, &metadata, hit.map(|hit| hit.id)))
    });
    Ok(infos.collect())
}

/// The one way an entry is made.
fn info(call: &Call<'_>, access: &Access, path: &[u8], metadata: &Metadata, id: Option<ImageId>) -> FileInfo {
    let is_folder = metadata.is_dir();
    let name = path.rsplit(|b| *b == b'/').next().filter(|name| !name.is_empty()).unwrap_or(path);
    FileInfo {
        kind: if is_folder { "dir" } else { "file" },
        id: id.filter(|_| !is_folder).map(ImageId::get),
        date_ns: nanos(metadata.mtime(), metadata.mtime_nsec()),
        created_ns: created(metadata),
        bytes: if is_folder { 0 } else { metadata.len() },
        name: display(name),
        fullpath: display(path),
        is_under_scanned_path: access.is_under_root(path),
        media_type: MediaKind::of_name(name).filter(|_| !is_folder).map(MediaKind::word),
        offline: call.is_offline(path),
    }
}

/// What is known of an entry of a folder, if it may be shown: links that lead nowhere, and with access
/// control those that lead outside, may not. Beside the way to a root nothing is looked at.
fn seen(access: &Access, folder: &Place, entry: &DirEntry, path: &[u8]) -> Result<Option<Metadata>, Problem> {
    let refused = |error: &io::Error| unreadable(folder, error);
    let kind = match entry.file_type() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        kind => kind.map_err(|error| refused(&error))?,
    };
    if kind.is_symlink() {
        if access.is_confined() && !access.may_follow(path) {
            return Ok(None);
        }
        return Ok(fs::metadata(entry.path()).ok());
    }
    if access.is_confined() && folder.standing != Standing::Inside && !access.leads_in(path, &entry.path()) {
        return Ok(None);
    }
    match entry.metadata() {
        // Gone since its name was read.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        metadata => metadata.map(Some).map_err(|error| refused(&error)),
    }
}

/// Whether there is nothing of that name, as opposed to something that is no folder.
fn is_absent(folder: &Place, error: &io::Error) -> bool {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::InvalidFilename => true,
        // It, or something above it, is a file.
        ErrorKind::NotADirectory => fs::symlink_metadata(&folder.real).is_err(),
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

/// Birth time, or inode-change time where there is none: as the ledger has it.
fn created(metadata: &Metadata) -> i64 {
    let born = metadata.created().ok().and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    let born = born.and_then(|since| i64::try_from(since.as_nanos()).ok());
    born.unwrap_or_else(|| nanos(metadata.ctime(), metadata.ctime_nsec()))
}

fn nanos(seconds: i64, nanos: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(nanos)
}
