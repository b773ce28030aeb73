//! Commands that ask a library: finds who answers, and gives commands a terminal to speak to.

use crate::serving::{asking_of, intake_of};
use lumidex::cli::Command;
use lumidex::cli::asking::{Answerer, Reply, Request};
use lumidex::cli::talk::{Manner, NOT_FOUND, Talk};
use lumidex::cli::{self, COMMANDS};
use lumidex::library::{Library, LibraryOptions};
use lumidex::serve;
use lumidex::settings::{Environment, Settings};
use lumidex::sys::lock;
use lumidex_schema::layout;
use std::error::Error;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// How long a command that asks the data folder waits for what was not followed before the last end.
const CATCH_UP_WAIT: Duration = Duration::from_secs(5);

/// Asks the server that has the data folder open, or the folder when none has, and tells the answer.
///
/// # Errors
/// When the settings are wrong, or the library cannot be opened.
pub(super) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let asking = command.asking().cloned().unwrap_or_default();
    run_by(command, &Settings::resolve(asking.flags(), &Environment::of_process()?, &COMMANDS)?)
}

/// The same by settings that were resolved: a secret that came by standard input comes once.
///
/// # Errors
/// As [`run`].
pub(super) fn run_by(command: &Command, settings: &Settings) -> anyhow::Result<ExitCode> {
    let asking = command.asking().cloned().unwrap_or_default();
    let asked = match Asked::of(settings, command.wants_server())? {
        Some(asked) => asked,
        None => {
            eprintln!("lumidex: there is no library in `{}`", settings.data_dir.display());
            return Ok(ExitCode::from(NOT_FOUND));
        }
    };
    let is_watched = io::stderr().is_terminal() && !asking.quiet;
    let stdout = io::stdout();
    // Lines are handed on as they come to people, and in larger pieces to programs.
    let mut out: Box<dyn io::Write> = if stdout.is_terminal() {
        Box::new(stdout.lock())
    } else {
        Box::new(io::BufWriter::new(stdout.lock()))
    };
    let who = asked.who();
    let mut talk = Talk {
        ask: &mut |request: &Request| asked.ask(request),
        who: &who,
        agree: &mut agree,
        progress: &mut |said: &str| {
            if is_watched {
                eprint!("\r\x1b[K{said}");
                drop(io::stderr().flush());
            }
        },
        note: &mut |said: &str| eprintln!("{}{said}", if is_watched { "\r\x1b[K" } else { "" }),
        input: &mut io::BufReader::new(io::stdin()),
        out: &mut out,
        manner: Manner {
            command: "",
            is_json: asking.json,
            is_quiet: asking.quiet,
            is_terminal: stdout.is_terminal(),
        },
        cwd: &settings.cwd,
    };
    let outcome = command.run(&mut talk);
    // What was told before it went wrong is told all the same.
    let flushed = talk.out.flush().map_err(Into::into);
    if is_watched {
        eprint!("\r\x1b[K");
    }
    Ok(match outcome.and_then(|ended| flushed.map(|()| ended)) {
        Ok(ended) => ExitCode::from(ended.code()),
        Err(halt) => {
            if halt.code() != 0 {
                eprintln!("lumidex: {}", told(&halt));
            }
            ExitCode::from(halt.code())
        }
    })
}

/// An error with its causes, in one line that a terminal can show.
fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

/// Asks the person at the terminal, if there is one.
fn agree(question: &str) -> Option<bool> {
    if !io::stdin().is_terminal() {
        return None;
    }
    eprint!("\r\x1b[K{question} [y/N] ");
    drop(io::stderr().flush());
    let mut line = String::new();
    io::stdin().read_line(&mut line).ok()?;
    Some(line.trim().eq_ignore_ascii_case("y") || line.trim().eq_ignore_ascii_case("yes"))
}

/// Who answers commands.
enum Asked {
    /// The server that has the data folder open, with the key it may ask for.
    Server(Box<lock::Holder>, Option<String>),
    /// The data folder, open for as long as questions are asked.
    Folder(Arc<Library>, Box<Settings>),
    /// Nobody, for no server runs and none but a server was wanted.
    Nobody,
}

impl Asked {
    /// `None` when there is no library.
    fn of(settings: &Settings, wants_server: bool) -> anyhow::Result<Option<Self>> {
        if let Some(holder) = lock::holder_of(&settings.data_dir)? {
            let key = settings.secret.as_ref().map(|secret| secret.0.clone());
            return Ok(Some(Self::Server(Box::new(holder), key)));
        }
        if wants_server {
            return Ok(Some(Self::Nobody));
        }
        if !settings.data_dir.join(layout::LEDGER).exists() {
            return Ok(None);
        }
        Ok(Some(Self::Folder(open_folder(settings)?, Box::new(settings.clone()))))
    }

    fn ask(&self, request: &Request) -> Result<Reply, Box<dyn Error + Send + Sync>> {
        Ok(match self {
            Self::Server(holder, key) => cli::remote::ask(holder, key.as_deref(), request)?,
            Self::Folder(library, settings) => {
                serve::ask(Arc::clone(library) as _, Settings::clone(settings), request)?
            }
            Self::Nobody => return Err("no server runs".into()),
        })
    }

    fn who(&self) -> Answerer {
        match self {
            Self::Server(holder, _) => Answerer::Server(holder.address.clone().unwrap_or_default()),
            Self::Folder(..) | Self::Nobody => Answerer::Folder,
        }
    }
}

fn open_folder(settings: &Settings) -> anyhow::Result<Arc<Library>> {
    let options = LibraryOptions {
        data_dir: settings.data_dir.clone(),
        intake: intake_of(settings),
        watch: None,
        granted: serve::granted(settings),
    };
    let library = Arc::new(Library::open_asking(&options, asking_of(settings)?)?);
    // Counts would be of an index that has yet to catch up; one that fills itself is told as such.
    let is_caught_up = library.query().wait_visible(library.ledger().head(), CATCH_UP_WAIT);
    tracing::debug!(is_caught_up, "asking the data folder");
    library.query().n_images()?;
    Ok(library)
}
