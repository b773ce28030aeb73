//! Reads our own archive. Everything in it is proven by its digest before anything is planned; each line is read by
//! itself, so memory is bounded whatever the file claims.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use lumidex::ledger::Deeds;
use lumidex::sys::Stop;
use lumidex_schema::archive::{
    self as format, FileLine, FolderLine, Manifest, SettingLine, TagLine, cover_name, from_hex,
};
use lumidex_schema::pending::UNKNOWN_SIZE;
use lumidex_schema::record::Fingerprint;
use lumidex_schema::tag::{self, TagKind};
use serde::de::DeserializeOwned;
use zip::ZipArchive;
use zip::result::ZipError;

use super::ImportError;
use super::complaints::{Complaints, one_line};
use super::source::{Source, SourceFile, SourceTag};

/// What a zip file begins with.
const MAGIC: [u8; 4] = *b"PK\x03\x04";
/// Bytes of the manifest.
const MANIFEST_BYTES_MAX: u64 = 1 << 20;
/// Bytes of a line: a setting has at most 16 MiB, written as text within text.
const LINE_BYTES_MAX: u64 = 64 << 20;
/// Lines of a member.
const LINES_MAX: u64 = 256 << 20;
/// Bytes of all texts given by hand.
const TEXTS_BYTES_MAX: usize = 1 << 30;
/// Lines between two words about how far it is.
const TOLD_EVERY: u64 = 4_096;

/// An archive that is open.
#[derive(Debug)]
pub(super) struct Archive {
    path: PathBuf,
    zip: ZipArchive<BufReader<File>>,
    manifest: Manifest,
    stop: Stop,
}

impl Archive {
    /// Whether a file begins as a zip file does.
    pub(super) fn is_one(path: &Path) -> Result<bool, ImportError> {
        let mut head = [0; 4];
        let read = File::open(path).and_then(|file| file.take(4).read_exact(&mut head));
        match read {
            Ok(()) => Ok(head == MAGIC),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(source) => Err(ImportError::File { path: path.to_owned(), source }),
        }
    }

    /// Opens an archive and looks at its manifest.
    pub(super) fn open(path: &Path, stop: &Stop) -> Result<Self, ImportError> {
        let file = File::open(path).map_err(|source| ImportError::File { path: path.to_owned(), source })?;
        let damaged = |why: String| ImportError::Archive { path: path.to_owned(), why };
        let mut zip = ZipArchive::new(BufReader::new(file))
            .map_err(|error| damaged(format!("it is a zip file that cannot be read ({error})")))?;
        let foreign = || damaged("it is a zip file of something else".to_owned());
        let mut text = Vec::new();
        {
            let member = zip.by_name(format::MANIFEST).map_err(|_| foreign())?;
            let read = member.take(MANIFEST_BYTES_MAX).read_to_end(&mut text);
            read.map_err(|error| damaged(format!("its manifest cannot be read ({error})")))?;
        }
        // Whose it is and of which version, before anything of another version is expected to fit.
        let said: serde_json::Value = serde_json::from_slice(&text).map_err(|_| foreign())?;
        if said["archive"] != format::WORD {
            return Err(foreign());
        }
        if said["version"].as_u64().is_none_or(|version| version > u64::from(format::VERSION)) {
            return Err(damaged(format!(
                "it is of version {}, this program knows {}: use a newer program",
                one_line(&said["version"].to_string()),
                format::VERSION
            )));
        }
        let manifest =
            serde_json::from_value(said).map_err(|error| damaged(format!("its manifest: {error}")))?;
        Ok(Self { path: path.to_owned(), zip, manifest, stop: stop.clone() })
    }

    /// Reads everything but what was paid for; `progress` hears how many lines were read.
    pub(super) fn read(&mut self, progress: &mut dyn FnMut(u64)) -> Result<Source, ImportError> {
        let mut source = Source { has_shown_paths: true, ..Source::default() };
        let mut places: HashMap<u32, u32> = HashMap::new();
        let mut complaints = Complaints::default();
        self.lines(format::TAGS, &mut complaints, &mut |line: TagLine, complaints| {
            let Some(kind) = TagKind::ALL.into_iter().find(|kind| kind.word() == line.kind) else {
                complaints.add(format::TAGS, "are of a kind that is not known here", &line.name);
                return Ok(());
            };
            if !tag::is_valid_name(&line.name) {
                complaints.add(format::TAGS, "have a name that no tag may have here", &line.name);
                return Ok(());
            }
            source.tag_ids.insert(line.number.into(), (line.kind, line.name.clone()));
            if kind == TagKind::Custom {
                places.insert(line.number, source.tags.len() as u32);
                source.tags.push(SourceTag { name: line.name, color: line.color });
            } else {
                source.other_tags.push((kind, line.name));
            }
            Ok(())
        })?;
        self.lines(format::FOLDERS, &mut complaints, &mut |line: FolderLine, _| {
            source.folders.push((line.path, line.types.join("+"), line.alias));
            Ok(())
        })?;
        self.lines(format::SETTINGS, &mut complaints, &mut |line: SettingLine, complaints| {
            if serde_json::from_str::<serde::de::IgnoredAny>(&line.json).is_ok() {
                source.settings.push((line.name, line.json));
            } else {
                complaints.add(format::SETTINGS, "have a value that is no JSON", &line.name);
            }
            Ok(())
        })?;
        let (mut n, mut text_bytes) = (0, 0);
        let mut alike: HashMap<(Vec<u8>, u64), bool> = HashMap::new();
        self.lines(format::FILES, &mut complaints, &mut |line: FileLine, complaints| {
            n += 1;
            if n % TOLD_EVERY == 0 {
                progress(n);
            }
            text_bytes += line.text.as_ref().map_or(0, String::len);
            if text_bytes > TEXTS_BYTES_MAX {
                complaints.add(
                    format::FILES,
                    "have a text given by hand beyond what can be held",
                    &line.path,
                );
                return Ok(());
            }
            if let Some(file) = file_of(line, &places, complaints) {
                let name = file.path.rsplit('/').next().unwrap_or_default().as_bytes().to_vec();
                alike.entry((name, file.size)).and_modify(|is_alone| *is_alone = false).or_insert(true);
                source.files.push(file);
            }
            Ok(())
        })?;
        for file in &mut source.files {
            let name = file.path.rsplit('/').next().unwrap_or_default().as_bytes().to_vec();
            file.is_unique = file.size != UNKNOWN_SIZE && alike.get(&(name, file.size)) == Some(&true);
        }
        source.complaints = complaints;
        Ok(source)
    }

    /// Reads the lines of a member, if it is there, and proves them when the last was read: whoever writes does so
    /// only after a reading that came to its end.
    pub(super) fn lines<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        complaints: &mut Complaints,
        each: &mut dyn FnMut(T, &mut Complaints) -> Result<(), ImportError>,
    ) -> Result<(), ImportError> {
        let Some(said) = self.manifest.members.get(name).cloned() else { return Ok(()) };
        let path = self.path.clone();
        let damaged = |why: &dyn std::fmt::Display| ImportError::Archive {
            path: path.clone(),
            why: format!("`{name}` in it {why}"),
        };
        let member = self.zip.by_name(name).map_err(|_| damaged(&"is not there"))?;
        let mut member = BufReader::new(member);
        let (mut hasher, mut line) = (blake3::Hasher::new(), Vec::new());
        let (mut n, mut n_bytes) = (0, 0);
        loop {
            line.clear();
            let read = member.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line);
            let read = read.map_err(|error| damaged(&format!("cannot be read ({error})")))? as u64;
            if read == 0 {
                break;
            }
            n += 1;
            n_bytes += read;
            if n > said.lines.min(LINES_MAX) || n_bytes > said.bytes || line.last() != Some(&b'\n') {
                return Err(damaged(&"is longer than it says, or has a line that is too long"));
            }
            hasher.update(&line);
            match serde_json::from_slice(&line) {
                Ok(line) => each(line, complaints)?,
                Err(error) => complaints.add(name, "cannot be understood", &format!("line {n}: {error}")),
            }
            if n % TOLD_EVERY == 0 && self.stop.is_stopped() {
                return Err(ImportError::Stopped);
            }
        }
        let is_so = n == said.lines
            && n_bytes == said.bytes
            && hasher.finalize().to_hex().as_str().eq_ignore_ascii_case(&said.blake3);
        if is_so { Ok(()) } else { Err(damaged(&"is not what was written")) }
    }

    /// How many lines a member says it has.
    pub(super) fn count(&self, name: &str) -> u64 {
        self.manifest.members.get(name).map_or(0, |member| member.lines)
    }

    /// A cover, proven by its name; `None` when it is not there or is not what its name says.
    pub(super) fn cover(&mut self, name: &str) -> Result<Option<Vec<u8>>, ImportError> {
        let failed = |source| ImportError::File { path: self.path.clone(), source };
        let mut webp = Vec::new();
        match self.zip.by_name(name) {
            Ok(member) => {
                member.take(Deeds::COVER_BYTES_MAX as u64 + 1).read_to_end(&mut webp).map_err(failed)?
            }
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(failed(error.into())),
        };
        Ok((webp.len() <= Deeds::COVER_BYTES_MAX && cover_name(&webp) == name).then_some(webp))
    }
}

fn file_of(line: FileLine, places: &HashMap<u32, u32>, complaints: &mut Complaints) -> Option<SourceFile> {
    let FileLine { path, size, content, missing, tags, refused, ruled, text, cover } = line;
    if path.is_empty() || path.contains('\0') {
        complaints.add(format::FILES, "have a path that no file can have", &path);
        return None;
    }
    let fingerprint = match &content {
        None => Fingerprint::default(),
        Some(digits) => match from_hex(digits) {
            Some(bytes) => Fingerprint(bytes),
            None => {
                complaints.add(format::FILES, "have a content that is no fingerprint", &path);
                Fingerprint::default()
            }
        },
    };
    let mut known = |numbers: Vec<u32>| {
        let mut known: Vec<u32> = Vec::with_capacity(numbers.len());
        for number in numbers {
            match places.get(&number) {
                Some(place) => known.push(*place),
                None => complaints.add(format::FILES, "name a tag that is not there", &path),
            }
        }
        known.sort_unstable();
        known.dedup();
        known
    };
    let (tags, refused, ruled) = (known(tags), known(refused), known(ruled));
    let size = size.unwrap_or(UNKNOWN_SIZE);
    let was_missing = missing;
    Some(SourceFile {
        path,
        size,
        fingerprint,
        was_missing,
        tags,
        refused,
        ruled,
        text,
        cover,
        is_unique: false,
    })
}
