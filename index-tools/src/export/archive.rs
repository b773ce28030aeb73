//! Writes the archive: `lumidex_schema::archive` says what is in it. The same library gives the same members, whatever
//! numbers its ledger has given.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lumidex::ledger::Reader;
use lumidex::ledger::backup::Existing;
use lumidex::ledger::paid::Paid;
use lumidex::sys::{Beside, PathError, Stop};
use lumidex_schema::archive::{self as format, KeptLine, Manifest, Member, VectorLine, hex};
use serde::Serialize;
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::deeds::{self, Files, Tags};
use super::documents::Documents;
use super::{ExportError, Stage, name};
use crate::reading::Standing;

/// Vectors read at once.
const VECTORS_AT_ONCE: usize = 1_024;
/// Lines between two words about how far it is.
const TOLD_EVERY: u64 = 1_024;

/// What goes into an archive beside what a person did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Every image as its file says it is, for other programs.
    pub records: bool,
    /// What an upstream was paid for: vectors, titles, groups of tags.
    pub vectors: bool,
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Archived {
    /// Lines by member.
    pub lines: BTreeMap<&'static str, u64>,
    /// Covers of videos.
    pub covers: u64,
    /// Length of the file.
    pub bytes: u64,
}

/// Writes the archive of a library to `target`. It has its name only when it is whole and on the disk.
///
/// # Errors
///
/// [`ExportError`]; what has its name is as it was.
pub fn archive(
    library: &Standing,
    target: &Path,
    existing: Existing,
    contents: Contents,
    stop: &Stop,
    progress: &mut dyn FnMut(Stage),
) -> Result<Archived, ExportError> {
    if existing == Existing::Keep && std::fs::symlink_metadata(target).is_ok() {
        return Err(ExportError::Exists { path: target.to_owned() });
    }
    let beside = Beside::of(target);
    let file = File::create_new(beside.path()).map_err(PathError::doing("create", beside.path()))?;
    let mut writing = Writing {
        zip: ZipWriter::new(BufWriter::new(file)),
        members: BTreeMap::new(),
        lines: BTreeMap::new(),
        target,
        stop,
    };
    let covers = writing.deeds(&library.reader, progress)?;
    if contents.records {
        writing.documents(&library.reader, progress)?;
    }
    if contents.vectors {
        writing.paid(&library.paid, progress)?;
    }
    let (file, lines) = writing.finish()?;
    let bytes = file.metadata().map_err(PathError::doing("write", target))?.len();
    drop(file);
    name(beside, target, existing)?;
    Ok(Archived { lines, covers, bytes })
}

struct Writing<'a> {
    zip: ZipWriter<BufWriter<File>>,
    members: BTreeMap<String, Member>,
    lines: BTreeMap<&'static str, u64>,
    target: &'a Path,
    stop: &'a Stop,
}

/// The member that is being written.
struct Lines<'w, 'a> {
    writing: &'w mut Writing<'a>,
    name: &'static str,
    member: Member,
    hasher: blake3::Hasher,
    line: Vec<u8>,
}

impl Lines<'_, '_> {
    fn put(&mut self, line: &impl Serialize) -> Result<(), ExportError> {
        self.line.clear();
        let failed = |source: io::Error| PathError::doing("write", self.writing.target)(source);
        serde_json::to_writer(&mut self.line, line).map_err(|error| failed(error.into()))?;
        self.line.push(b'\n');
        self.hasher.update(&self.line);
        self.member.lines += 1;
        self.member.bytes += self.line.len() as u64;
        self.writing.zip.write_all(&self.line).map_err(failed)?;
        if self.writing.stop.is_stopped() { Err(ExportError::Stopped) } else { Ok(()) }
    }

    fn end(mut self) {
        self.member.blake3 = self.hasher.finalize().to_hex().to_string();
        self.writing.lines.insert(self.name, self.member.lines);
        self.writing.members.insert(self.name.to_owned(), self.member);
    }
}

impl<'a> Writing<'a> {
    fn lines(&mut self, name: &'static str) -> Result<Lines<'_, 'a>, ExportError> {
        self.begin(name, CompressionMethod::Deflated)?;
        let member = Member { lines: 0, bytes: 0, blake3: String::new() };
        Ok(Lines { writing: self, name, member, hasher: blake3::Hasher::new(), line: Vec::new() })
    }

    fn begin(&mut self, name: &str, how: CompressionMethod) -> Result<(), ExportError> {
        // Whether a member has more than 4 GiB is not known before it is written.
        let options = SimpleFileOptions::default().compression_method(how).large_file(true);
        self.zip.start_file(name, options).map_err(|error| self.failed(error.into()))
    }

    fn failed(&self, source: io::Error) -> ExportError {
        PathError::doing("write", self.target)(source).into()
    }

    fn all<T: Serialize>(&mut self, name: &'static str, lines: &[T]) -> Result<(), ExportError> {
        let mut member = self.lines(name)?;
        for line in lines {
            member.put(line)?;
        }
        member.end();
        Ok(())
    }

    /// What a person did; gives how many covers went along.
    fn deeds(&mut self, reader: &Reader, progress: &mut dyn FnMut(Stage)) -> Result<u64, ExportError> {
        let tags = Tags::read(reader)?;
        self.all(format::TAGS, &tags.lines)?;
        self.all(format::FOLDERS, &deeds::folders(reader)?)?;
        self.all(format::SETTINGS, &deeds::settings(reader, &tags)?)?;
        let files = Files::read(reader, &tags)?;
        let mut lines = self.lines(format::FILES)?;
        let mut has_covers = false;
        for (nth, file) in (0..).zip(files.iter()) {
            if let Some(file) = file? {
                has_covers |= file.cover.is_some();
                lines.put(&file.line)?;
            }
            if nth % TOLD_EVERY == 0 {
                progress(Stage::Files(nth, files.len()));
            }
        }
        lines.end();
        if has_covers { self.covers(&files) } else { Ok(0) }
    }

    fn covers(&mut self, files: &Files<'_>) -> Result<u64, ExportError> {
        let mut written = BTreeSet::new();
        for file in files.iter() {
            let Some(webp) = file?.and_then(|file| file.cover) else { continue };
            let name = format::cover_name(&webp);
            if written.contains(&name) {
                continue;
            }
            self.begin(&name, CompressionMethod::Stored)?;
            self.zip.write_all(&webp).map_err(|error| self.failed(error))?;
            written.insert(name);
        }
        Ok(written.len() as u64)
    }

    fn documents(&mut self, reader: &Reader, progress: &mut dyn FnMut(Stage)) -> Result<(), ExportError> {
        let mut documents = Documents::of(reader)?;
        let all = documents.all();
        let mut lines = self.lines(format::DOCUMENTS)?;
        while let Some(some) = documents.next_some()? {
            for document in some {
                lines.put(&document)?;
            }
            progress(Stage::Documents(documents.done(), all));
        }
        lines.end();
        Ok(())
    }

    fn paid(&mut self, paid: &Paid, progress: &mut dyn FnMut(Stage)) -> Result<(), ExportError> {
        let models = paid.models()?;
        let mut all = 0;
        for model in &models {
            all += paid.stats(model)?.count;
        }
        let mut lines = self.lines(format::VECTORS)?;
        let mut done = 0;
        for model in &models {
            let mut after = None;
            loop {
                let some = paid.vectors_after(model, after.as_ref(), VECTORS_AT_ONCE)?;
                let Some((last, _)) = some.last() else { break };
                after = Some(*last);
                for (prompt, vector) in &some {
                    let bytes: Vec<u8> = vector.iter().flat_map(|value| value.to_le_bytes()).collect();
                    let (prompt, vector) = (hex(prompt), BASE64.encode(bytes));
                    lines.put(&VectorLine { model: model.clone(), prompt, vector })?;
                }
                done += some.len() as u64;
                progress(Stage::Vectors(done, all));
            }
        }
        lines.end();
        let kept = |rows: Vec<(String, String)>| -> Vec<KeptLine> {
            rows.into_iter().map(|(key, json)| KeptLine { key, json }).collect()
        };
        self.all(format::TITLES, &kept(paid.titles()?))?;
        self.all(format::ABSTRACTIONS, &kept(paid.abstractions()?))
    }

    fn finish(mut self) -> Result<(File, BTreeMap<&'static str, u64>), ExportError> {
        let manifest = Manifest {
            archive: format::WORD.to_owned(),
            version: format::VERSION,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            made: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            members: std::mem::take(&mut self.members),
        };
        self.begin(format::MANIFEST, CompressionMethod::Deflated)?;
        serde_json::to_writer_pretty(&mut self.zip, &manifest).map_err(|error| self.failed(error.into()))?;
        let Self { zip, lines, target, .. } = self;
        let failed = PathError::doing("write", target);
        let ended = zip.finish().map_err(io::Error::from);
        let file = ended.and_then(|file| file.into_inner().map_err(io::IntoInnerError::into_error));
        Ok((file.map_err(failed)?, lines))
    }
}
