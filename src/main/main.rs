//! The program: reads what was typed and has it done.

mod asked;
mod serving;

use anyhow::Context as _;
use clap::Parser as _;
use lumidex::cli::talk::{PARTLY, USAGE};
use lumidex::cli::{self, Args, Command};
use lumidex::settings::SettingsError;
use std::io;
use std::process::ExitCode;

#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    return_memory_when_idle();
    let done = match Args::parse().into_command() {
        Command::Inspect { json, files } => inspect(&files, json),
        Command::Serve(flags) => serving::serve(*flags),
        Command::Doctor { asking, reparse: true, .. } => serving::reparse(asking),
        command => asked::run(&command),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("lumidex: {error:#}");
            if error.is::<SettingsError>() { ExitCode::from(USAGE) } else { ExitCode::FAILURE }
        }
    }
}

/// Without it the allocator gives memory back only while it is asked for more.
fn return_memory_when_idle() {
    #[cfg(not(target_env = "msvc"))]
    // Where the system gives no thread for it, memory is merely returned later.
    let _ = tikv_jemalloc_ctl::background_thread::write(true);
}

fn inspect(files: &[std::path::PathBuf], json: bool) -> anyhow::Result<ExitCode> {
    match cli::inspect::inspect(files, json, &mut io::stdout().lock()) {
        Ok(true) => Ok(ExitCode::SUCCESS),
        // Some files could be read, some not.
        Ok(false) => Ok(ExitCode::from(PARTLY)),
        // Whoever read our output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error).context("cannot write the output"),
    }
}
