//! `index-tools export`: what is typed, how far it is, and what was written.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgGroup, Args};
use indicatif::{HumanBytes, HumanCount, ProgressBar};
use lumidex::ledger::backup::Existing;
use lumidex_index_tools::export::{Contents, ExportError, Stage, Target, Where, archive, ndjson, sidecars};
use lumidex_index_tools::reading::Standing;
use lumidex_schema::archive as members;

use crate::commands::DataDir;
use crate::commands::backup::show_copying;
use crate::signals::Signals;
use crate::terminal::{bar, remark, show};

/// What was typed after `export`.
#[derive(Args)]
#[command(group(ArgGroup::new("what").required(true).args(["file", "ndjson", "xmp", "xmp_beside"])))]
pub(crate) struct Exporting {
    /// The archive to write
    file: Option<PathBuf>,
    /// Put every image into the archive too, as its file says it is: for other programs
    #[arg(long, requires = "file")]
    records: bool,
    /// Put into the archive too what an AI service was paid for: vectors, titles, groups of tags
    #[arg(long, requires = "file")]
    vectors: bool,
    /// Write one search document a line for Elasticsearch, OpenSearch or Quickwit, and configurations of an
    /// index beside; `-` is standard output
    #[arg(long, value_name = "FILE")]
    ndjson: Option<PathBuf>,
    /// Name of the index, for the configuration of Quickwit and for `--bulk`
    #[arg(long, value_name = "NAME", default_value = "lumidex", value_parser = index_name)]
    index: String,
    /// Before each document a line as `_bulk` wants it
    #[arg(long, requires = "ndjson")]
    bulk: bool,
    /// Write an XMP file for each picture you did something to, below this folder
    #[arg(long, value_name = "FOLDER")]
    xmp: Option<PathBuf>,
    /// Write them beside the pictures; files of other programs are left alone
    #[arg(long)]
    xmp_beside: bool,
    /// Replace files that exist
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    data_dir: DataDir,
}

/// What Elasticsearch and Quickwit both take.
fn index_name(text: &str) -> Result<String, String> {
    let is_one = (3..=255).contains(&text.len())
        && text.starts_with(|letter: char| letter.is_ascii_lowercase())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte));
    let name = || text.to_owned();
    is_one.then(name).ok_or_else(|| "3 to 255 of a-z, 0-9, - and _, a letter first".to_owned())
}

pub(crate) fn export(arguments: Exporting, signals: &Signals) -> anyhow::Result<ExitCode> {
    match run(arguments, signals) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => match error.downcast_ref::<ExportError>() {
            // Whoever read our output has seen enough.
            Some(ExportError::Output(cause)) if cause.kind() == std::io::ErrorKind::BrokenPipe => {
                Ok(ExitCode::SUCCESS)
            }
            _ => Err(error),
        },
    }
}

fn run(arguments: Exporting, signals: &Signals) -> anyhow::Result<()> {
    let folder = arguments.data_dir.folder()?;
    let existing = if arguments.force { Existing::Replace } else { Existing::Keep };
    let bar = bar("opening", 0);
    let library =
        Standing::open(&folder, arguments.vectors, &signals.stop, &mut |stage| show_copying(&bar, stage))?;
    let stop = &signals.stop;
    let mut told = |stage| told(&bar, stage);
    let said = if let Some(file) = &arguments.file {
        let contents = Contents { records: arguments.records, vectors: arguments.vectors };
        let done = archive(&library, file, existing, contents, stop, &mut told)?;
        let n = |member| HumanCount(done.lines.get(member).copied().unwrap_or(0));
        format!(
            "wrote {}, {}: {} files, {} tags, {} folders, {} settings, {} covers, {} records, {} vectors\n\
             `index-tools import {}` brings it into a library",
            file.display(),
            HumanBytes(done.bytes),
            n(members::FILES),
            n(members::TAGS),
            n(members::FOLDERS),
            n(members::SETTINGS),
            HumanCount(done.covers),
            n(members::DOCUMENTS),
            n(members::VECTORS),
            file.display(),
        )
    } else if let Some(file) = &arguments.ndjson {
        let is_output = file.as_os_str() == "-";
        let target = if is_output { Target::Output } else { Target::File(file, existing) };
        let (index, bulk) = (&arguments.index, arguments.bulk);
        let done = ndjson(&library.reader, target, index, bulk, stop, &mut told)?;
        let mut said = format!("wrote {} documents", HumanCount(done.documents));
        for path in done.configurations {
            said.push_str(&format!("\nan index for them: {}", path.display()));
        }
        said
    } else {
        let place = arguments.xmp.as_deref().map_or(Where::Beside, Where::Below);
        let done = sidecars(&library.reader, place, stop, &mut told)?;
        format!(
            "{} XMP files written, {} were so already, {} are of other programs and stayed; {} files are not there",
            HumanCount(done.written),
            HumanCount(done.same),
            HumanCount(done.foreign),
            HumanCount(done.absent),
        )
    };
    bar.finish_and_clear();
    remark(&said);
    Ok(())
}

fn told(bar: &ProgressBar, stage: Stage) {
    match stage {
        Stage::Files(done, total) => show(bar, "writing what you did to files", done, total),
        Stage::Documents(done, total) => show(bar, "writing images", done, total),
        Stage::Vectors(done, total) => show(bar, "writing vectors", done, total),
    }
}
