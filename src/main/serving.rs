//! Serving: opens the library, listens, stops when told. And what is done to a whole library without serving it.

use crate::asked;
use anyhow::Context as _;
use lumidex::cli::asking::Asking;
use lumidex::cli::{self, Command};
use lumidex::intake::{IntakeSettings, WatchSettings};
use lumidex::library::{Asking as AskingUpstream, Library, LibraryOptions, Making, UpkeepSettings};
use lumidex::serve;
use lumidex::settings::{Environment, Flags, LogFormat, MakingFirst, Settings, TagGraph};
use lumidex::sys::{Stopper, Supervisor, lock, paths};
use lumidex::topics::GraphEffort;
use lumidex::upstream::Upstream;
use lumidex_schema::layout;
use lumidex_schema::record::PathType;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// How long closing may take after the last request; then the process leaves. The ledger is
/// transactional, and followers catch up at the next start.
const CLOSE_WAIT: Duration = Duration::from_secs(4);

/// Serves, or makes small pictures instead.
///
/// # Errors
/// When the library cannot be opened, or nothing can be listened on.
pub(super) fn serve(flags: Flags) -> anyhow::Result<ExitCode> {
    let settings = Settings::resolve(flags, &Environment::of_process()?, &cli::COMMANDS)?;
    log_to_stderr(&settings);
    for notice in &settings.notices {
        eprintln!("note: {notice}");
    }
    // Refused settings are told before anything is opened.
    serve::check(&settings)?;
    let options = LibraryOptions {
        data_dir: settings.data_dir.clone(),
        intake: intake_of(&settings),
        watch: Some(WatchSettings::default()),
        granted: serve::granted(&settings),
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
    let supervisor = supervisor(&stopper);
    let bar = cli::show_progress(library.intake().progress_counters(), stopper.stop());
    let engine: Arc<dyn serve::Engine> = Arc::clone(&library) as _;
    let served = serve::run(engine, settings.clone(), stopper.stop(), |address| {
        if let Err(error) = library.announce(&address.to_string()) {
            tracing::warn!(error = &error as &dyn std::error::Error, "tools will not find this server");
        }
        // Said last: whoever reads it may ask, or look into the lock file, at once.
        println!("lumidex serves http://{address}/");
        if let Some(supervisor) = supervisor {
            told(supervisor.ready(&format!("serves http://{address}/")));
            tokio::spawn(give_signs_of_life(supervisor));
        }
        tokio::spawn(stop_on_signals(stopper.clone()));
        library.intake().request_update();
        if settings.open
            && let Err(error) = cli::open_in_browser(&format!("http://{address}/"))
        {
            tracing::warn!(%error, "the page was not opened");
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

/// Who started the program and wants to be told how it is; it is told of its end already here.
fn supervisor(stopper: &Stopper) -> Option<Arc<Supervisor>> {
    let supervisor = match Supervisor::of_process() {
        Ok(supervisor) => Arc::new(supervisor?),
        Err(error) => {
            tracing::warn!(%error, "who started the program cannot be told how it is");
            return None;
        }
    };
    let last = Arc::clone(&supervisor);
    stopper.stop().when_stopped(move || told(last.stopping()));
    Some(supervisor)
}

fn told(said: std::io::Result<()>) {
    if let Err(error) = said {
        tracing::warn!(%error, "who started the program was not told how it is");
    }
}

/// From the threads that answer requests: when they stand still, so do these.
async fn give_signs_of_life(supervisor: Arc<Supervisor>) {
    let Some(every) = supervisor.sign_of_life() else { return };
    let mut clock = tokio::time::interval(every);
    loop {
        clock.tick().await;
        told(supervisor.alive());
    }
}

/// Whom the settings let be asked.
pub(super) fn asking_of(settings: &Settings) -> anyhow::Result<AskingUpstream> {
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

/// How files are read.
pub(super) fn intake_of(settings: &Settings) -> IntakeSettings {
    IntakeSettings { hidden: settings.hidden_texts.into(), ..IntakeSettings::default() }
}

/// Reads every file again: the server does it while it serves; without one it is done here.
///
/// # Errors
/// When the library cannot be opened or read.
pub(super) fn reparse(asking: Asking) -> anyhow::Result<ExitCode> {
    let settings = Settings::resolve(asking.flags(), &Environment::of_process()?, &cli::COMMANDS)?;
    if lock::holder_of(&settings.data_dir)?.is_some() || !settings.data_dir.join(layout::LEDGER).exists() {
        let command = Command::Doctor { asking, reparse: true, report: None, examples: 0 };
        return asked::run_by(&command, &settings);
    }
    let library = Library::open(&LibraryOptions {
        data_dir: settings.data_dir.clone(),
        intake: intake_of(&settings),
        watch: None,
        granted: serve::granted(&settings),
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

/// As the settings say; otherwise what a person must know. A filter that means nothing is as good as none.
fn log_to_stderr(settings: &Settings) {
    use std::io::IsTerminal;
    let asked = settings.log.as_deref().and_then(|log| tracing_subscriber::EnvFilter::try_new(log).ok());
    let filter = asked.unwrap_or_else(|| tracing_subscriber::EnvFilter::new("lumidex=info,warn"));
    let colours =
        std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    let log =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr);
    match settings.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
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
