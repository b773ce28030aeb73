//! Measures the whole program from outside: starts the real binary over a synthetic library, asks
//! it over HTTP, and prints a table.
//!
//! ```text
//! cargo bench --bench figures -- --images 20000
//! ```
//!
//! It knows the wire and the process, nothing of what is inside. Nothing here asserts a time: the
//! numbers are for reading. The library is kept in the system's temporary folder and used again;
//! data folders are removed.

mod client;
mod front_end;
mod indexing;
mod library;
mod live;
mod machine;
mod media;
mod needles;
mod operations;
mod pressure;
mod report;
mod search;
mod server;
mod stat_walk;

use std::path::PathBuf;

use clap::Parser;

/// Measures lumidex over a synthetic library.
#[derive(Parser)]
struct Arguments {
    /// Images in the library
    #[arg(long, default_value_t = 20_000)]
    images: u32,
    /// Seed of the library
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Requests per kind of search
    #[arg(long, default_value_t = 400)]
    requests: usize,
    /// Where the library and data folders go; the system's temporary folder by default
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Only what watching costs and how soon it finds: a first index, then files written live
    #[arg(long)]
    live: bool,
    /// Only what moving many files costs
    #[arg(long)]
    operations: bool,
    /// Only thumbnails over many connections
    #[arg(long)]
    thumbnails: bool,
    /// Only what files cost: streams, archives, listings
    #[arg(long)]
    media: bool,
    /// Only what the original's front end asks at once, of a library with many tags
    #[arg(long)]
    front_end: bool,
    /// Another program to measure than the one built with this bench
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Cargo says this to every bench
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let dir = arguments.dir.unwrap_or_else(std::env::temp_dir);
    let binary = arguments.binary.unwrap_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_lumidex")));
    let library = library::prepare(&dir, arguments.seed, arguments.images)?;
    // The program's log lies beside its data folder.
    let work = tempfile::Builder::new().prefix("lumidex-figures-").tempdir_in(&dir)?;
    let program = server::Program { binary, library: library.folder.clone(), data: work.path().join("data") };

    let mut report = report::Report::new(&library);
    if arguments.operations {
        operations::operations(&program, &library, &dir, &mut report)?;
        report.print();
        return Ok(());
    }
    if arguments.thumbnails {
        pressure::thumbnails(&program, &library, &mut report)?;
        report.print();
        return Ok(());
    }
    if arguments.media {
        media::media(&program, &dir, &mut report)?;
        report.print();
        return Ok(());
    }
    if arguments.front_end {
        front_end::front_end(&program, &dir, &mut report)?;
        report.print();
        return Ok(());
    }
    indexing::first_index(&program, &library, &mut report)?;
    if arguments.live {
        live::live(&program, &library, &mut report)?;
        report.print();
        return Ok(());
    }
    indexing::disk(&program, &library, &mut report)?;
    search::all(&program, &library, arguments.requests, &mut report)?;
    indexing::rescan(&program, &library, &mut report)?;
    live::live(&program, &library, &mut report)?;
    indexing::restarts(&program, &library, &mut report)?;
    report.print();
    Ok(())
}
