//! The program: reads what was typed and has it done.

mod asked;
mod serving;

use anyhow::Context as _;
use clap::Parser as _;
use lumidex::cli::config::ConfigAction;
use lumidex::cli::talk::{PARTLY, USAGE};
use lumidex::cli::{self, Args, COMMANDS, Command};
use lumidex::serve;
use lumidex::settings::{Environment, Settings, SettingsError};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    return_memory_when_idle();
    let done = match Args::parse().into_command() {
        Command::Inspect { json, files } => inspect(&files, json),
        Command::Serve(flags) => serving::serve(*flags),
        Command::Config { action } => config(&action),
        Command::Completions { shell } => written(|out| out.write_all(&cli::completions(shell))),
        Command::Man { folder } => man(&folder),
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

/// Says what the settings are. Those that mean nothing are an error of whoever wrote them.
fn config(action: &ConfigAction) -> anyhow::Result<ExitCode> {
    let environment = Environment::of_process()?;
    if let ConfigAction::Path { flags } = action {
        return written(|out| cli::config::path(flags, &environment, out));
    }
    let flags = action.flags();
    let settings = Settings::resolve(flags.clone(), &environment, &COMMANDS)?;
    if let (ConfigAction::Check { .. }, Err(refused)) = (action, serve::check(&settings)) {
        eprintln!("lumidex: {refused}");
        return Ok(ExitCode::from(USAGE));
    }
    let environment = environment.with_file(flags)?;
    written(|out| cli::config::config(action, &settings, &environment, out))
}

fn man(folder: &Path) -> anyhow::Result<ExitCode> {
    let n = cli::man_pages(folder).with_context(|| format!("cannot write into `{}`", folder.display()))?;
    written(|out| writeln!(out, "{n} pages are in {}", folder.display()))
}

/// Whoever read our output has seen enough when it breaks off.
fn written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<ExitCode> {
    match write(&mut io::stdout().lock()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("cannot write the output")
        }
        _ => Ok(ExitCode::SUCCESS),
    }
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
