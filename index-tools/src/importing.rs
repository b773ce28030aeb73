//! `index-tools import`: asks, shows how far it is, and ends between two batches when told to.

use std::io::{Write, stderr, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lumidex_index_tools::import::{Import, ImportError, Mapping, PathMap, Stage};

use crate::commands::{folder_of, is_agreed};
use crate::signals::{INTERRUPTED, Signals};
use crate::terminal::bar;

pub(crate) fn import(
    file: &Path,
    data_dir: Option<PathBuf>,
    mappings: &[Mapping],
    dry_run: bool,
    yes: bool,
) -> anyhow::Result<ExitCode> {
    let folder = folder_of(data_dir)?;
    let map = PathMap::new(mappings, &std::env::current_dir()?).map_err(anyhow::Error::msg)?;
    let signals = Signals::heed()?;
    match run(file, &folder, map, (dry_run, yes), &signals) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) if matches!(error.downcast_ref::<ImportError>(), Some(ImportError::Stopped)) => {
            let _ = writeln!(stderr(), "{error}");
            Ok(ExitCode::from(INTERRUPTED))
        }
        Err(error) => Err(error),
    }
}

fn run(
    file: &Path,
    folder: &Path,
    map: PathMap,
    (dry_run, yes): (bool, bool),
    signals: &Signals,
) -> anyhow::Result<()> {
    let bar = bar("reading", 0);
    let mut told = |stage| {
        let (verb, done, total) = match stage {
            Stage::Reading(rows) => ("reading rows", rows, 0),
            Stage::Comparing(done, total) => ("comparing files", done, total),
            Stage::Vectors(done, total) => ("reading vectors", done, total),
            Stage::Writing(done, total) => ("writing files", done, total),
        };
        bar.set_message(verb);
        bar.set_length(total);
        bar.set_position(done);
    };
    let import = Import::plan(folder, file, map, &signals.stop, &mut told)?;
    bar.set_message("");
    bar.reset();
    let shown = import.report();
    bar.suspend(|| stdout().write_all(shown.as_bytes()))?;
    if import.is_empty() {
        let _ = writeln!(stderr(), "there is nothing to bring: all of it is here already, or stays behind");
        return Ok(());
    }
    if dry_run {
        let _ = writeln!(stderr(), "nothing was changed; without `--dry-run` it is done");
        return Ok(());
    }
    let question = format!("Bring this into {}?", folder.display());
    if !yes && !signals.while_waiting(|| bar.suspend(|| is_agreed(&question, "bring it in")))? {
        anyhow::bail!("nothing was changed");
    }
    let done = import.apply(&mut told)?;
    bar.finish_and_clear();
    let _ = writeln!(stderr(), "{done}");
    let _ = writeln!(stderr(), "`lumidex undo --list` shows what can be taken back");
    Ok(())
}
