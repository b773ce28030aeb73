//! The commands, a file each: what may be typed, and what is shown. What they do is in the library of this crate.

pub(crate) mod backup;
pub(crate) mod compact;
pub(crate) mod doctor;
pub(crate) mod reindex;
pub(crate) mod repair;
pub(crate) mod restore;
pub(crate) mod retag;
pub(crate) mod stats;
pub(crate) mod synth;
pub(crate) mod verify;

use std::io::{BufRead, IsTerminal, Write, stderr, stdin, stdout};
use std::path::PathBuf;
use std::time::SystemTime;

use lumidex_index_tools::access::Place;
use lumidex_schema::id::Timestamp;

/// What scripts are told, and people who look for it.
pub(crate) const EXIT_STATUS: &str = "Exit status: 0 done, 1 failed, 2 not understood, \
     3 something is not as it should be, 130 interrupted.";

/// Which library it is about.
#[derive(clap::Args)]
pub(crate) struct DataDir {
    /// The library's data folder
    #[arg(long, env = "LUMIDEX_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

impl DataDir {
    pub(crate) fn folder(self) -> anyhow::Result<PathBuf> {
        folder_of(self.data_dir)
    }
}

/// Which library it is about, and where its small pictures are.
#[derive(clap::Args)]
pub(crate) struct AllOf {
    #[command(flatten)]
    data_dir: DataDir,
    /// Where the server keeps thumbnails, if not in the data folder
    #[arg(long, env = "LUMIDEX_CACHE_DIR", value_name = "DIR")]
    cache_dir: Option<PathBuf>,
}

impl AllOf {
    pub(crate) fn place(self) -> anyhow::Result<Place> {
        let folder = self.data_dir.folder()?;
        Ok(match self.cache_dir {
            Some(cache) => Place::with_cache(&folder, &cache)?,
            None => Place::from(&folder),
        })
    }
}

pub(crate) fn folder_of(data_dir: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    let folder = data_dir.or_else(lumidex::sys::paths::default_data_dir);
    folder.ok_or_else(|| anyhow::anyhow!("this system names no data folder; use `--data-dir`"))
}

/// Asks at the terminal; without one nobody can say yes. `deed` says what `--yes` does.
pub(crate) fn is_agreed(question: &str, deed: &str) -> anyhow::Result<bool> {
    if !stdin().is_terminal() {
        anyhow::bail!("there is no terminal to ask at; add `--yes` to {deed}");
    }
    let _ = write!(stderr(), "{question} [y/N] ");
    let mut answer = String::new();
    stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Writes what was asked for. Whoever reads it may have gone, which is no failure.
fn answer(text: &str) -> anyhow::Result<()> {
    match stdout().write_all(text.as_bytes()).and_then(|()| stdout().flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

fn answer_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    answer(&format!("{}\n", serde_json::to_string_pretty(value)?))
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
