//! One document a line, as Elasticsearch, OpenSearch and Quickwit take them, with the configuration of an index beside.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use lumidex::ledger::Reader;
use lumidex::ledger::backup::Existing;
use lumidex::sys::{Beside, PathError, Stop};
use lumidex_schema::document::{elasticsearch, quickwit};
use serde_json::json;

use super::documents::Documents;
use super::{ExportError, Stage, name};

/// Where documents go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// To standard output; no configuration.
    Output,
    /// To this file, with configurations beside it.
    File(&'a Path, Existing),
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ndjson {
    /// Documents.
    pub documents: u64,
    /// Index configurations: for Elasticsearch, then for Quickwit.
    pub configurations: Vec<PathBuf>,
}

/// Writes the images of a library that are there. With `bulk`, each document follows a line that names the index
/// and its id, as `_bulk` wants it; without, there is nothing but documents.
///
/// # Errors
///
/// [`ExportError`]; files are as they were.
pub fn ndjson(
    reader: &Reader,
    target: Target<'_>,
    index: &str,
    bulk: bool,
    stop: &Stop,
    progress: &mut dyn FnMut(Stage),
) -> Result<Ndjson, ExportError> {
    let bulk = bulk.then_some(index);
    match target {
        Target::Output => {
            let mut out = BufWriter::new(io::stdout().lock());
            let documents = write(reader, &mut out, bulk, stop, progress, &ExportError::Output)?;
            Ok(Ndjson { documents, configurations: Vec::new() })
        }
        Target::File(path, existing) => {
            let configurations =
                [(".elasticsearch.json", elasticsearch()), (".quickwit.json", quickwit(index))];
            let configurations = configurations.map(|(ending, config)| (named(path, ending), config));
            let paths = || configurations.iter().map(|(path, _)| path.as_path());
            for path in paths().chain([path]) {
                if existing == Existing::Keep && std::fs::symlink_metadata(path).is_ok() {
                    return Err(ExportError::Exists { path: path.to_owned() });
                }
            }
            let mut documents = 0;
            whole(path, existing, &mut |out| {
                let failed = |error| PathError::doing("write", path)(error).into();
                documents = write(reader, out, bulk, stop, progress, &failed)?;
                Ok(())
            })?;
            for (path, config) in &configurations {
                whole(path, existing, &mut |out| {
                    writeln!(out, "{config:#}").map_err(|error| PathError::doing("write", path)(error).into())
                })?;
            }
            Ok(Ndjson { documents, configurations: paths().map(Path::to_owned).collect() })
        }
    }
}

fn write(
    reader: &Reader,
    out: &mut dyn Write,
    bulk: Option<&str>,
    stop: &Stop,
    progress: &mut dyn FnMut(Stage),
    failed: &dyn Fn(io::Error) -> ExportError,
) -> Result<u64, ExportError> {
    let mut documents = Documents::of(reader)?;
    let all = documents.all();
    let (mut n, mut line) = (0, Vec::new());
    while let Some(some) = documents.next_some()? {
        for document in some {
            line.clear();
            if let Some(index) = bulk {
                let action = json!({ "index": { "_index": index, "_id": document.id.to_string() } });
                writeln!(line, "{action}").map_err(failed)?;
            }
            serde_json::to_writer(&mut line, &document).map_err(|error| failed(error.into()))?;
            line.push(b'\n');
            out.write_all(&line).map_err(failed)?;
            n += 1;
        }
        if stop.is_stopped() {
            return Err(ExportError::Stopped);
        }
        progress(Stage::Documents(documents.done(), all));
    }
    out.flush().map_err(failed)?;
    Ok(n)
}

/// A file that has its name only when it is whole.
pub(super) fn whole(
    path: &Path,
    existing: Existing,
    fill: &mut dyn FnMut(&mut dyn Write) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let beside = Beside::of(path);
    let file = File::create_new(beside.path()).map_err(PathError::doing("create", beside.path()))?;
    let mut out = BufWriter::new(file);
    fill(&mut out)?;
    out.flush().map_err(PathError::doing("write", path))?;
    drop(out);
    name(beside, path, existing)
}

fn named(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}
