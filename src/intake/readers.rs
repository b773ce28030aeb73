//! Reads one media file: opens it without blocking or following links, lets an interpreter read its
//! metadata, and puts what it says in the ledger's words. Knows no dialect and decodes no pixels.

use std::fs::File;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use lumidex_schema::media::MediaKind;
use lumidex_schema::note::Note;
use lumidex_schema::path::RelPath;
use lumidex_schema::record::Fingerprint;

use super::beside::{Besides, LOG_NAME, SIDECAR_ENDINGS, sidecar_names, stem};
use super::claims;
use super::progress::Progress;
use super::walk::{Seen, WalkedRoot};
use super::way::{Way, is_link};
use crate::ledger::{self, Elsewhere, Ledger, SharedText};
use crate::limits::metadata::SIDECAR_BYTES_MAX;
use crate::metadata::{self, Beside, ReadAt};
use crate::sys::{PathError, paths};

/// An open media file of a fixed length, read by position.
#[derive(Debug)]
pub(super) struct MediaFile {
    file: File,
    /// Length when it was opened; what was appended since is not read.
    len: u64,
}

impl MediaFile {
    pub(super) fn new(file: File, len: u64) -> Self {
        Self { file, len }
    }
}

impl ReadAt for MediaFile {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let n_wanted = rest.min(buf.len());
        let buf = &mut buf[..n_wanted];
        #[cfg(unix)]
        {
            std::os::unix::fs::FileExt::read_at(&self.file, buf, offset)
        }
        #[cfg(windows)]
        {
            std::os::windows::fs::FileExt::seek_read(&self.file, buf, offset)
        }
    }
}

/// What a media file says.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Content identity.
    pub fingerprint: Fingerprint,
    /// Width in pixels; 0 when unknown.
    pub pixel_width: u32,
    /// Height in pixels; 0 when unknown.
    pub pixel_height: u32,
    /// The shared part of its generation text.
    pub text: Option<Arc<SharedText>>,
    /// The values of the text's holes.
    pub holes: Vec<u64>,
    /// Tags that a person's rules give it.
    pub rule_tags: Vec<String>,
    /// How many things were wrong with it.
    pub complaints: u16,
    /// How reading it went; the time it took is added to it.
    pub note: Note,
}

/// Reads metadata. Each reader thread has its own, which may keep what it met before.
pub trait Interpret {
    /// What the file says, and what stands beside it, which is given in the order in which it is to be
    /// believed; `None` when the content is not what the name promises, so that it is not
    /// indexed.
    ///
    /// # Errors
    /// Only when the file cannot be read; never because of what it holds.
    fn interpret(
        &mut self,
        file: &dyn ReadAt,
        name: &[u8],
        media: MediaKind,
        beside: &[Beside<'_>],
    ) -> io::Result<Option<Facts>>;
}

/// What reading a file gave.
#[derive(Debug)]
pub(super) enum Outcome {
    Read(Box<ledger::Seen>),
    /// Not media after all.
    NotMedia,
    /// Gone or unreadable; what the ledger knows of it stays.
    Nothing,
}

/// Reads the file that was seen at this place, where one is known or not.
pub(super) fn read(
    ledger: &Ledger,
    root: &WalkedRoot,
    folder: &RelPath,
    seen: Seen,
    is_known: bool,
    interpreter: &mut dyn Interpret,
    progress: &Progress,
) -> Outcome {
    let way = Way::to(root, folder);
    let path = way.path().join(paths::from_bytes(&seen.name));
    let looked = Instant::now();
    match read_facts(&way, &path, &seen, interpreter, progress) {
        Ok(Some((sighting, facts))) => {
            progress.add(&progress.bytes, sighting.size);
            progress.add(&progress.complaints, u64::from(facts.complaints));
            let Facts { fingerprint, pixel_width, pixel_height, text, holes, rule_tags, complaints, note } =
                facts;
            let mut read = Box::new(ledger::Seen {
                root: root.id,
                folder: folder.clone(),
                name: seen.name,
                sighting,
                media: seen.media,
                fingerprint,
                pixel_width,
                pixel_height,
                text,
                holes,
                rule_tags,
                complaints,
                note,
                elsewhere: Elsewhere::default(),
            });
            let is_there =
                claims::look(ledger, &way, &paths::to_bytes(path.as_os_str()), is_known, &mut read);
            read.elsewhere.looked = Some(looked);
            // Where it went it is found by itself.
            if is_there { Outcome::Read(read) } else { Outcome::Nothing }
        }
        Ok(None) => {
            progress.add(&progress.skipped, 1);
            Outcome::NotMedia
        }
        Err(error) => {
            // A file that is gone by now, or that turned into a link, is settled by the next walk.
            if !error.is_absent() && !is_link(&error.source) {
                progress.complain(&error);
            }
            Outcome::Nothing
        }
    }
}

fn read_facts(
    way: &Way,
    path: &Path,
    seen: &Seen,
    interpreter: &mut dyn Interpret,
    progress: &Progress,
) -> Result<Option<(lumidex_schema::record::Sighting, Facts)>, PathError> {
    let began = Instant::now();
    let Some((file, mut sighting)) = way.open(&seen.name)? else { return Ok(None) };
    let around = seen.besides.as_deref().map(|listed| Around::read(way, &seen.name, listed, progress));
    let around = around.unwrap_or_default();
    sighting.sidecar = around.found.sighted();
    let file = MediaFile::new(file, sighting.size);
    // The interpreter keeps nothing half done that a later file could meet: its cache is only ever
    // extended by whole entries.
    let interpreted = catch_unwind(AssertUnwindSafe(|| {
        interpreter.interpret(&file, &seen.name, seen.media, &around.beside())
    }));
    let mut facts = match interpreted {
        Ok(Ok(Some(facts))) => facts,
        Ok(Ok(None)) => return Ok(None),
        Ok(Err(error)) => return Err(PathError::doing("read", path)(error)),
        Err(_) => {
            progress.complain(&format_args!("the reader panicked on `{}`", path.display()));
            Facts { complaints: 1, note: metadata::note_of_panic(), ..Facts::default() }
        }
    };
    if around.n_bad > 0 {
        facts.complaints = facts.complaints.saturating_add(around.n_bad);
        facts.note.complaints |= 1 << metadata::Complaint::SidecarUnreadable { limit: 0 }.kind();
    }
    facts.note = Note { reader: metadata::VERSION, ..facts.note }
        .took(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));
    Ok(Some((sighting, facts)))
}

/// What stands beside a file, read.
#[derive(Debug, Default)]
pub(super) struct Around {
    /// Endings with content, in the order in which they are believed.
    texts: Vec<(&'static [u8], Vec<u8>)>,
    /// What was found, for the sighting.
    found: Besides,
    /// How many could not be used.
    n_bad: u16,
}

impl Around {
    /// Reads what was listed. Of what cannot be read, what was listed is remembered, not to try again and
    /// again.
    fn read(way: &Way, name: &[u8], listed: &Besides, progress: &Progress) -> Self {
        let mut around = Self { found: listed.clone(), ..Self::default() };
        for (nth, sidecar) in sidecar_names(stem(name)) {
            if listed.files[nth].is_none() {
                continue;
            }
            match read_sidecar(way, &sidecar) {
                Ok(Some((content, found))) => {
                    around.found.files[nth] = Some(found);
                    match content {
                        Some(content) => around.texts.push((SIDECAR_ENDINGS[nth], content)),
                        None => around.n_bad += 1,
                    }
                }
                Ok(None) => around.n_bad += 1,
                Err(error) => {
                    progress.complain(&error);
                    around.n_bad += 1;
                }
            }
        }
        around
    }

    /// The same for the metadata room: the log first.
    pub(super) fn beside(&self) -> Vec<Beside<'_>> {
        let logged = self.found.logged.as_deref();
        let logged = logged.map(|text| Beside { name: LOG_NAME, bytes: text.as_bytes() });
        let texts = self.texts.iter().map(|(name, bytes)| Beside { name, bytes });
        logged.into_iter().chain(texts).collect()
    }
}

pub(super) type SidecarFound = (u64, lumidex_schema::id::Timestamp);

/// A sidecar's content, `None` where it is too long to be read, and what was found of it.
pub(super) type SidecarRead = (Option<Vec<u8>>, SidecarFound);

/// Content with size and time; `None` when it is not a regular file.
fn read_sidecar(way: &Way, name: &[u8]) -> Result<Option<SidecarRead>, PathError> {
    let Some((file, sighting)) = way.open(name)? else { return Ok(None) };
    let found = (sighting.size, sighting.modified);
    let path = || way.path().join(paths::from_bytes(name));
    let content = content_of(file).map_err(|error| PathError::doing("read", &path())(error))?;
    Ok(Some((content, found)))
}

/// The content of a sidecar, `None` where it is too long to be read.
pub(super) fn content_of(file: File) -> io::Result<Option<Vec<u8>>> {
    let size = file.metadata()?.len();
    if size > SIDECAR_BYTES_MAX {
        return Ok(None);
    }
    let mut content = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    file.take(SIDECAR_BYTES_MAX).read_to_end(&mut content)?;
    Ok(Some(content))
}
