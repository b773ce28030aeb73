//! Archives of files as people download them: written as they go out, to something that cannot be
//! wound back, with memory that does not grow with the files. Refuses to write what is not so: a file
//! that is not the one that was asked for, or changes while it is read, ends the archive.

use crate::sys::files::PathError;
use crate::sys::rooted::Allowed;
use jiff::tz::TimeZone;
use lumidex_schema::fold::fold;
use lumidex_schema::path::display;
use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::fs::{File, Metadata};
use std::io::{self, Read as _, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use zip::CompressionMethod;
use zip::result::ZipError;
use zip::write::{SimpleFileOptions, StreamWriter, ZipWriter};

/// Bytes of a file read at once.
const CHUNK_BYTES: usize = 256 << 10;
/// A file of this length gets 64-bit lengths. Below it deflate, which makes what cannot be packed a
/// little longer, does not reach the 4 GiB where they are needed.
const LONG_BYTES: u64 = (4 << 30) - (64 << 20);

/// A file that is to be packed.
#[derive(Clone, Debug)]
pub struct Item {
    /// What it is called in the archive, as [`told_apart`] has it.
    pub name: String,
    /// The file, which may be read.
    pub file: Allowed,
    /// What it was when it was asked for.
    pub seen: Seen,
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    device: u64,
    inode: u64,
    /// Length in bytes.
    pub bytes: u64,
    /// Modification time, in seconds and nanoseconds since 1970.
    modified: (i64, i64),
}

/// How the bytes of files are put down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// As they are.
    Stored,
    /// Smaller, where that is possible.
    Deflated,
}

/// Why there is no archive.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A file cannot be read.
    #[error(transparent)]
    Read(#[from] PathError),
    /// A file is not what it was when it was asked for.
    #[error("`{}` changed while it was packed", .0.display())]
    Changed(PathBuf),
    /// The archive cannot be written, or nobody wants it any more.
    #[error("the archive cannot be written")]
    Write(#[source] io::Error),
}

impl Seen {
    /// Of a file with this metadata.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

/// Writes an archive of these files and gives back where it went. After an error nothing more is
/// written, so that what was written is no archive.
///
/// # Errors
/// [`PackError`].
pub fn pack<W: Write>(items: &[Item], packing: Packing, to: W) -> Result<W, PackError> {
    let is_over = Rc::new(Cell::new(false));
    let mut archive = ZipWriter::new_stream(Brittle { to, is_over: Rc::clone(&is_over) });
    let mut buffer = vec![0; CHUNK_BYTES];
    let zone = TimeZone::system();
    for item in items {
        if let Err(error) = pack_one(item, packing, &zone, &mut archive, &mut buffer) {
            // Dropping the writer would make an archive of what there is.
            is_over.set(true);
            return Err(error);
        }
    }
    match archive.finish() {
        Ok(stream) => Ok(stream.into_inner().to),
        Err(error) => Err(PackError::Write(error.into())),
    }
}

fn pack_one<W: Write>(
    item: &Item,
    packing: Packing,
    zone: &TimeZone,
    archive: &mut ZipWriter<StreamWriter<W>>,
    buffer: &mut [u8],
) -> Result<(), PackError> {
    let Item { name, file, seen } = item;
    let path = file.named();
    let mut file = file.open().map_err(PathError::doing("open", path))?;
    if look(&file, path)? != *seen {
        return Err(PackError::Changed(path.to_owned()));
    }
    let method = match packing {
        Packing::Stored => CompressionMethod::Stored,
        Packing::Deflated => CompressionMethod::Deflated,
    };
    let options = SimpleFileOptions::default()
        .compression_method(method)
        .large_file(seen.bytes >= LONG_BYTES)
        .last_modified_time(modified(seen, zone))
        .unix_permissions(0o644);
    archive.start_file(name.as_str(), options).map_err(|error: ZipError| PackError::Write(error.into()))?;
    let mut left = seen.bytes;
    loop {
        let n = match file.read(buffer) {
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(PathError::doing("read", path)(error).into()),
        };
        if n as u64 > left || (n == 0 && left > 0) {
            return Err(PackError::Changed(path.to_owned()));
        }
        if n == 0 {
            break;
        }
        left -= n as u64;
        archive.write_all(&buffer[..n]).map_err(PackError::Write)?;
    }
    if look(&file, path)? == *seen { Ok(()) } else { Err(PackError::Changed(path.to_owned())) }
}

fn look(file: &File, path: &Path) -> Result<Seen, PathError> {
    file.metadata().map(|metadata| Seen::of(&metadata)).map_err(PathError::doing("look at", path))
}

/// Local time, as archives have it; the year they begin with where it cannot be said.
fn modified(seen: &Seen, zone: &TimeZone) -> zip::DateTime {
    let (seconds, _) = seen.modified;
    let time = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let time = time.to_zoned(zone.clone()).datetime();
    let small = |n: i8| u8::try_from(n).unwrap_or_default();
    zip::DateTime::from_date_and_time(
        u16::try_from(time.year()).unwrap_or_default(),
        small(time.month()),
        small(time.day()),
        small(time.hour()),
        small(time.minute()),
        small(time.second()),
    )
    .unwrap_or_default()
}

/// Writes until the first error, and throws away what comes after it: the archive's writer wants to
/// end what it began even when that failed.
struct Brittle<W> {
    to: W,
    is_over: Rc<Cell<bool>>,
}

impl<W: Write> Write for Brittle<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_over.get() {
            return Ok(bytes.len());
        }
        match self.to.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            written => written.inspect_err(|_| self.is_over.set(true)),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.is_over.get() { Ok(()) } else { self.to.flush() }
    }
}

/// What files of these names are called in one archive: as they are where that harms nobody, and told
/// apart, also for file systems to which letters are alike in upper and lower case.
#[must_use]
pub fn told_apart<'a>(names: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let mut taken = HashSet::new();
    let mut next: HashMap<String, u64> = HashMap::new();
    let apart = |name: &'a [u8]| {
        let plain = harmless(&display(name));
        let key = fold(&plain);
        if taken.insert(key.clone()) {
            return plain;
        }
        let dot = plain.rfind('.').filter(|dot| *dot > 0).unwrap_or(plain.len());
        let (stem, extension) = plain.split_at(dot);
        let n = next.entry(key).or_insert(2);
        loop {
            let name = format!("{stem} ({n}){extension}");
            *n += 1;
            if taken.insert(fold(&name)) {
                return name;
            }
        }
    };
    names.into_iter().map(apart).collect()
}

/// A name that is one, wherever it is unpacked: no separator of any system, no drive, no way up.
fn harmless(name: &str) -> String {
    let mut plain: String =
        name.chars().map(|c| if c.is_control() || c == '/' || c == '\\' { '_' } else { c }).collect();
    if plain.as_bytes().get(1) == Some(&b':') {
        plain.replace_range(1..2, "_");
    }
    if ["", ".", ".."].contains(&plain.as_str()) { "_".to_owned() } else { plain }
}

#[cfg(test)]
mod tests;
