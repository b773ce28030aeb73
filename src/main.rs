//! The program: reads what was typed, opens the library, serves it, stops when told.

use anyhow::Context;
use clap::Parser;
use lumidex::cli::asking::{self, Answerer, Asking, Reply, Request, RootsAction, Topic, TrashAction};
use lumidex::cli::organize::{Ended, OrganizeArgs, Talk};
use lumidex::cli::{self, Args, Command};
use lumidex::intake::{IntakeSettings, WatchSettings};
use lumidex::library::{Asking as AskingUpstream, Library, LibraryOptions, Making, UpkeepSettings};
use lumidex::serve;
use lumidex::settings::{Environment, Flags, MakingFirst, Settings, TagGraph};
use lumidex::sys::{Stopper, lock, paths};
use lumidex::topics::GraphEffort;
use lumidex::upstream::Upstream;
use lumidex_schema::layout;
use lumidex_schema::path::display;
use lumidex_schema::record::PathType;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// How long closing may take after the last request; then the process leaves. The ledger is
/// transactional, and followers catch up at the next start.
const CLOSE_WAIT: Duration = Duration::from_secs(4);

/// How long a command that asks the data folder waits for what was not followed before the last end.
const CATCH_UP_WAIT: Duration = Duration::from_secs(5);

/// Exit status when there is no such thing.
const NOT_FOUND: u8 = 4;

fn main() -> ExitCode {
    return_memory_when_idle();
    let done = match Args::parse().into_command() {
        Command::Inspect { json, files } => inspect(&files, json),
        Command::Serve(flags) => serve(*flags),
        Command::Status(asking) => ask(asking, Topic::Status, |_| Request::status()),
        Command::Roots { asking, action: None } => ask(asking, Topic::Roots, |_| Request::status()),
        Command::Roots { asking, action: Some(RootsAction::AcceptEmpty { path }) } => {
            ask(asking, Topic::Done, |settings| {
                let path = paths::absolute_normal(&path, &settings.cwd);
                Request::accept_empty(&display(&paths::to_bytes(path)))
            })
        }
        Command::Undo { asking, list: true, number: _ } => {
            ask(asking, Topic::History, |_| Request::history())
        }
        Command::Undo { asking, list: false, number } => {
            ask(asking, Topic::Undone, |_| Request::undo(number))
        }
        Command::Organize(args) => organize(&args),
        Command::Doctor { asking, reparse: true, .. } => reparse(asking),
        Command::Doctor { asking, reparse: false, report: None, examples } => {
            ask(asking, Topic::Doctor, |_| Request::doctor(examples))
        }
        Command::Doctor { asking, reparse: false, report: Some(file), .. } => report(asking, &file),
        Command::Trash { asking, action: TrashAction::Purge } => {
            ask(asking, Topic::Purged, |_| Request::purge_trash())
        }
        Command::Review { asking, action } => {
            let topic = if action.is_some() { Topic::Done } else { Topic::Review };
            ask(asking, topic, |_| Request::review(action.as_ref()))
        }
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("lumidex: {error:#}");
            ExitCode::FAILURE
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
    match cli::inspect::inspect(files, json, &mut std::io::stdout().lock()) {
        Ok(true) => Ok(ExitCode::SUCCESS),
        // Some files could be read, some not.
        Ok(false) => Ok(ExitCode::from(3)),
        // Whoever read our output has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error).context("cannot write the output"),
    }
}

fn serve(flags: Flags) -> anyhow::Result<ExitCode> {
    let settings = Settings::resolve(flags, &Environment::of_process()?, &cli::COMMANDS)?;
    log_to_stderr();
    for notice in &settings.notices {
        eprintln!("note: {notice}");
    }
    // Refused settings are told before anything is opened.
    serve::check(&settings)?;
    let options = LibraryOptions {
        data_dir: settings.data_dir.clone(),
        intake: intake_of(&settings),
        watch: Some(WatchSettings::default()),
    };
    if let Some(config) = &settings.upstream {
        eprintln!("note: what is asked of an AI goes to {}", config.origin());
    }
    let library = Arc::new(Library::open_asking(&options, asking_of(&settings)?)?);
    for folder in settings.folders.iter().chain(&settings.host_folders) {
        let path = paths::to_bytes(folder);
        // Told to the ledger itself: listening must not wait for projections that refill themselves.
        library.ledger().add_extra_path(&path, &[PathType::Scanned])?;
    }
    if let Some(folder) = &settings.cache_dir {
        library.keep_pictures_below(folder);
    }
    if settings.making.is_asked() {
        return make_pictures(&library, settings.making);
    }
    if library.reader()?.extra_paths()?.is_empty() {
        let found = cli::generator_folders(settings.home.as_deref(), &settings.cwd);
        eprintln!("{}", cli::nothing_to_serve(&found));
    }
    let upkeep = UpkeepSettings {
        backups_max: settings.backups_max,
        missing_retention_days: settings.missing_retention_days,
    };
    library.keep_up(upkeep).context("the thread that looks after the library cannot be started")?;
    library.make_pictures_ahead().context("the thread that makes thumbnails cannot be started")?;
    let stopper = Stopper::new();
    let bar = cli::show_progress(library.intake().progress_counters(), stopper.stop());
    let engine: Arc<dyn serve::Engine> = Arc::clone(&library) as _;
    let served = serve::run(engine, settings.clone(), stopper.stop(), |address| {
        if let Err(error) = library.announce(&address.to_string()) {
            tracing::warn!(error = &error as &dyn std::error::Error, "tools will not find this server");
        }
        // Said last: whoever reads it may ask, or look into the lock file, at once.
        println!("lumidex serves http://{address}/");
        tokio::spawn(stop_on_signals(stopper.clone()));
        library.intake().request_update();
        if settings.open {
            cli::open_in_browser(&format!("http://{address}/"));
        }
    });
    stopper.trigger();
    library.begin_stop();
    leave_after(CLOSE_WAIT);
    drop(bar.map(std::thread::JoinHandle::join));
    drop(library);
    served?;
    Ok(ExitCode::SUCCESS)
}

/// Whom the settings let be asked.
fn asking_of(settings: &Settings) -> anyhow::Result<AskingUpstream> {
    let TagGraph { tags_max, tags_sent, within, attempts } = settings.tag_graph;
    let graph = GraphEffort { tags_max, tags_sent, within, attempts };
    let upstream = settings.upstream.as_ref().map(|config| Upstream::new(config.clone()).map(Arc::new));
    Ok(AskingUpstream { upstream: upstream.transpose()?, graph })
}

/// Makes the small pictures of the whole library. Interrupted, the next run goes on where it was.
fn make_pictures(library: &Library, making: MakingFirst) -> anyhow::Result<ExitCode> {
    let stopper = Stopper::new();
    let bar = cli::show_progress(library.intake().progress_counters(), stopper.stop());
    let updated = library.update();
    stopper.trigger();
    drop(bar.map(std::thread::JoinHandle::join));
    updated?;
    let MakingFirst { thumbnails, covers, is_verbose } = making;
    let pictures = thumbnails.map(|frame| ("thumbnails", Making::Thumbnails(frame)));
    for (what, which) in pictures.into_iter().chain(covers.then_some(("covers", Making::Covers))) {
        let bar = cli::MakingBar::of(what);
        let built = library.make_all_pictures(which, &library.stop(), &|built, all| bar.show(built, all))?;
        println!("{}", bar.finish(built));
        if is_verbose {
            let kept = library.thumbs().kept();
            println!("{} are kept in {} bytes", kept.entries, kept.bytes);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks the server that has the data folder open, or the folder when none has, and tells the answer.
fn ask(asking: Asking, topic: Topic, request: impl FnOnce(&Settings) -> Request) -> anyhow::Result<ExitCode> {
    let as_json = asking.json;
    let (reply, who) = match reply(asking, request)? {
        Ok(answered) => answered,
        Err(code) => return Ok(code),
    };
    match asking::tell(topic, &reply.body, &who, as_json, &mut std::io::stdout().lock()) {
        // Whoever read our output has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        told => told.map(|()| ExitCode::SUCCESS).context("cannot write the output"),
    }
}

fn intake_of(settings: &Settings) -> IntakeSettings {
    IntakeSettings { hidden: settings.hidden_texts.into(), ..IntakeSettings::default() }
}

/// Reads every file again: the server does it while it serves; without one it is done here.
fn reparse(asking: Asking) -> anyhow::Result<ExitCode> {
    let flags = Flags { data_dir: asking.data_dir.clone(), ..Flags::default() };
    let settings = Settings::resolve(flags, &Environment::of_process()?, &cli::COMMANDS)?;
    if lock::holder_of(&settings.data_dir)?.is_some() || !settings.data_dir.join(layout::LEDGER).exists() {
        return ask(asking, Topic::Reparse, |_| Request::reparse());
    }
    let library = Library::open(&LibraryOptions {
        data_dir: settings.data_dir.clone(),
        intake: intake_of(&settings),
        watch: None,
    })?;
    let stopper = Stopper::new();
    let bar = cli::show_progress(library.intake().progress_counters(), stopper.stop());
    let rebuilt = library.rebuild();
    stopper.trigger();
    drop(bar.map(std::thread::JoinHandle::join));
    rebuilt?;
    println!("read {} files again", library.progress().read);
    Ok(ExitCode::SUCCESS)
}

/// Writes a sample of the library's files that gives nothing of what people wrote away.
fn report(asking: Asking, file: &std::path::Path) -> anyhow::Result<ExitCode> {
    let (reply, _) = match reply(asking, |_| Request::doctor(cli::doctor::REPORT_EXAMPLES))? {
        Ok(answered) => answered,
        Err(code) => return Ok(code),
    };
    let report = cli::doctor::report(&reply.body);
    let n_samples = report["samples"].as_array().map_or(0, Vec::len);
    std::fs::write(file, format!("{report:#}\n"))
        .with_context(|| format!("cannot write `{}`", file.display()))?;
    println!(
        "wrote how {n_samples} files are built to `{}`; look through it before you send it",
        file.display()
    );
    Ok(ExitCode::SUCCESS)
}

/// Shows what would go where, and has it done when a person agrees.
fn organize(args: &OrganizeArgs) -> anyhow::Result<ExitCode> {
    use std::io::{IsTerminal, Write};
    let flags = Flags { data_dir: args.asking.data_dir.clone(), ..Flags::default() };
    let settings = Settings::resolve(flags, &Environment::of_process()?, &cli::COMMANDS)?;
    let Some(asked) = Asked::of(&settings)? else { return Ok(ExitCode::from(NOT_FOUND)) };
    let is_watched = std::io::stderr().is_terminal();
    let mut out = std::io::stdout().lock();
    let mut talk = Talk {
        ask: &mut |request: &Request| asked.ask(request),
        agree: &mut |question: &str| {
            if !std::io::stdin().is_terminal() {
                return None;
            }
            eprint!("{question} [y/N] ");
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).ok()?;
            Some(line.trim().eq_ignore_ascii_case("y") || line.trim().eq_ignore_ascii_case("yes"))
        },
        progress: &mut |said: &str| {
            if is_watched {
                eprint!("\r\x1b[K{said}");
                drop(std::io::stderr().flush());
            }
        },
        out: &mut out,
    };
    let ended = cli::organize::organize(args, &settings.cwd, &mut talk);
    if is_watched {
        eprint!("\r\x1b[K");
    }
    Ok(match ended? {
        Ended::Done => ExitCode::SUCCESS,
        Ended::Partly => ExitCode::from(3),
        Ended::Left => {
            eprintln!("lumidex: nothing was done; with --yes it is done without asking");
            ExitCode::FAILURE
        }
        Ended::Refused(status, why) => {
            eprintln!("lumidex: {why}");
            if status == 404 { ExitCode::from(NOT_FOUND) } else { ExitCode::FAILURE }
        }
    })
}

/// An answer and who gave it; the exit status where there was a refusal, which is told.
fn reply(
    asking: Asking,
    request: impl FnOnce(&Settings) -> Request,
) -> anyhow::Result<Result<(Reply, Answerer), ExitCode>> {
    let flags = Flags { data_dir: asking.data_dir, ..Flags::default() };
    let settings = Settings::resolve(flags, &Environment::of_process()?, &cli::COMMANDS)?;
    let request = request(&settings);
    let Some(asked) = Asked::of(&settings)? else { return Ok(Err(ExitCode::from(NOT_FOUND))) };
    let reply = asked.ask(&request)?;
    if let Some(refusal) = reply.refusal() {
        eprintln!("lumidex: {refusal}");
        let code = if reply.status == 404 { ExitCode::from(NOT_FOUND) } else { ExitCode::FAILURE };
        return Ok(Err(code));
    }
    Ok(Ok((reply, asked.who())))
}

/// Who answers commands.
enum Asked {
    /// The server that has the data folder open, with the key it may ask for.
    Server(Box<lock::Holder>, Option<String>),
    /// The data folder, open for as long as questions are asked.
    Folder(Arc<Library>, Box<Settings>),
}

impl Asked {
    /// `None` when there is no library, which is told.
    fn of(settings: &Settings) -> anyhow::Result<Option<Self>> {
        if let Some(holder) = lock::holder_of(&settings.data_dir)? {
            let key = settings.secret.as_ref().map(|secret| secret.0.clone());
            return Ok(Some(Self::Server(Box::new(holder), key)));
        }
        if !settings.data_dir.join(layout::LEDGER).exists() {
            eprintln!("lumidex: there is no library in `{}`", settings.data_dir.display());
            return Ok(None);
        }
        Ok(Some(Self::Folder(open_folder(settings)?, Box::new(settings.clone()))))
    }

    fn ask(&self, request: &Request) -> anyhow::Result<Reply> {
        Ok(match self {
            Self::Server(holder, key) => cli::remote::ask(holder, key.as_deref(), request)?,
            Self::Folder(library, settings) => {
                serve::ask(Arc::clone(library) as _, Settings::clone(settings), request)?
            }
        })
    }

    fn who(&self) -> Answerer {
        match self {
            Self::Server(holder, _) => Answerer::Server(holder.address.clone().unwrap_or_default()),
            Self::Folder(..) => Answerer::Folder,
        }
    }
}

fn open_folder(settings: &Settings) -> anyhow::Result<Arc<Library>> {
    let options =
        LibraryOptions { data_dir: settings.data_dir.clone(), intake: intake_of(settings), watch: None };
    let library = Arc::new(Library::open_asking(&options, asking_of(settings)?)?);
    // Counts would be of an index that has yet to catch up; one that fills itself is told as such.
    let is_caught_up = library.query().wait_visible(library.ledger().head(), CATCH_UP_WAIT);
    tracing::debug!(is_caught_up, "asking the data folder");
    library.query().n_images()?;
    Ok(library)
}

/// `RUST_LOG` says how much; without it, what a person must know.
fn log_to_stderr() {
    use std::io::IsTerminal;
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("lumidex=info,warn"));
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
}

/// The first signal stops gracefully, the second at once.
async fn stop_on_signals(stopper: Stopper) {
    signal().await;
    stopper.trigger();
    signal().await;
    std::process::exit(130);
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return drop(tokio::signal::ctrl_c().await);
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn signal() {
    drop(tokio::signal::ctrl_c().await);
}

fn leave_after(wait: Duration) {
    std::thread::spawn(move || {
        std::thread::sleep(wait);
        tracing::warn!("closing takes too long; leaving, nothing is lost");
        std::process::exit(0);
    });
}
