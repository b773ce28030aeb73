//! `index-tools reindex`.

use std::io::{Write, stderr};
use std::process::ExitCode;

use clap::ValueEnum;
use indicatif::{MultiProgress, ProgressBar};
use lumidex_index_tools::reindex::{Library, Part, ReindexError};
use lumidex_schema::id::Seq;

use super::DataDir;
use crate::signals::Signals;
use crate::terminal::{bar, beside, remark, show};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to fill again [default: all]
    #[arg(value_enum)]
    parts: Vec<Named>,
    #[command(flatten)]
    data_dir: DataDir,
    /// Read every file again first, changed or not
    #[arg(long)]
    from_files: bool,
    /// Go on where an interrupted run ended, instead of starting over
    #[arg(long)]
    resume: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Named {
    /// Full-text index
    Text,
    /// Tags, folders and the order by date
    Tags,
    /// Prompts; their vectors are made again by the server
    Vectors,
    /// Everything
    All,
}

pub(crate) fn run(arguments: Args, signals: &Signals) -> anyhow::Result<ExitCode> {
    let Args { parts, data_dir, from_files, resume } = arguments;
    let library = Library::open(&data_dir.folder()?)?;
    if from_files {
        read_again(&library, resume, signals)?;
    }
    let is_named = |part: Part| {
        let named = match part {
            Part::Text => Named::Text,
            Part::Tags => Named::Tags,
            Part::Vectors => Named::Vectors,
        };
        parts.is_empty() || parts.contains(&Named::All) || parts.contains(&named)
    };
    let parts = Part::ALL.into_iter().filter(|part| is_named(*part));
    let together = MultiProgress::new();
    let parts: Vec<(Part, ProgressBar)> =
        parts.map(|part| (part, beside(&together, bar(part.word(), 0)))).collect();
    // They only read the ledger, each fills a store of its own, and most of the time each uses one core.
    let fill = |(part, bar): (Part, ProgressBar)| {
        let mut told = |applied: Seq, head: Seq| show(&bar, part.word(), applied.0, head.0);
        match resume {
            true => library.go_on(part, &signals.stop, &mut told)?,
            false => library.refill(part, &signals.stop, &mut told)?,
        }
        bar.finish_and_clear();
        remark(&format!("{} filled again in {:.1} s", part.word(), bar.elapsed().as_secs_f64()));
        Ok::<(), ReindexError>(())
    };
    let fill = &fill;
    std::thread::scope(|scope| {
        let threads: Vec<_> = parts.into_iter().map(|part| scope.spawn(move || fill(part))).collect();
        let filled: Vec<_> = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect();
        filled.into_iter().collect::<Result<(), _>>()
    })?;
    Ok(ExitCode::SUCCESS)
}

fn read_again(library: &Library, resume: bool, signals: &Signals) -> anyhow::Result<()> {
    let bar = bar("reading", 0);
    // More may be found while it walks, so the end moves.
    let told = &mut |progress: &lumidex::intake::ProgressSnapshot| {
        show(&bar, "reading", progress.read, progress.to_read);
    };
    let summary = match resume {
        true => library.go_on_reading(&signals.stop, told)?,
        false => library.read_again(&signals.stop, told)?,
    };
    bar.finish_and_clear();
    let progress = &summary.progress;
    let seconds = progress.elapsed.as_secs_f64();
    remark(&format!("read {} files again in {seconds:.1} s", progress.read));
    if progress.unreadable > 0 {
        // Worth knowing also for who wants it quiet.
        let _ = writeln!(stderr(), "{} could not be read, among them:", progress.unreadable);
        for complaint in &progress.complaints_kept {
            let _ = writeln!(stderr(), "  {complaint}");
        }
    }
    if !summary.offline.is_empty() {
        remark(&format!("{} roots were offline; their images were kept", summary.offline.len()));
    }
    Ok(())
}
