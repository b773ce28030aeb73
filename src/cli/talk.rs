//! What a command works with: who answers its questions, whom it asks for consent, where its answer and its
//! messages go. Data goes to `out`, and nothing else does; messages go to `note`. Knows no command.

use super::asking::{Answerer, Reply, Request};
use super::terminal::plain;
use serde_json::{Value, json};
use std::error::Error;
use std::io::{self, BufRead, Write};
use std::path::Path;

/// The version of everything that `--json` writes. It is raised when a field goes or changes its meaning; fields
/// that are added leave it as it is.
pub const SCHEMA: u32 = 1;

/// Exit status when some of it was done.
pub const PARTLY: u8 = 3;
/// Exit status when there is no such thing.
pub const NOT_FOUND: u8 = 4;
/// Exit status of what was not understood, as the parser of arguments gives it.
pub const USAGE: u8 = 2;

/// How a command ended that was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// As was wanted.
    Done,
    /// Some of it could not be done; told.
    Partly,
    /// There was nothing of what was named; told.
    NothingFound,
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    /// The library refused it.
    #[error("{text}")]
    Refused {
        /// The status of HTTP.
        status: u16,
        /// Its words.
        text: String,
    },
    /// What was typed cannot be meant.
    #[error("{0}")]
    Usage(String),
    /// Nobody agreed.
    #[error("nothing was done; with --yes it is done without asking")]
    Left,
    /// Nobody answered.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// The answer cannot be written.
    #[error("cannot write the output")]
    Output(#[from] io::Error),
    /// What was to be read cannot be.
    #[error("cannot read {what}")]
    Input {
        /// From where.
        what: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Halt {
    /// The exit status that says it. Whoever reads our output and has seen enough is no error.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Refused { status: 404, .. } => NOT_FOUND,
            Self::Usage(_) => USAGE,
            Self::Refused { .. } | Self::Left | Self::NoAnswer(_) | Self::Output(_) | Self::Input { .. } => 1,
        }
    }
}

impl Ended {
    /// The exit status that says it.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Partly => PARTLY,
            Self::NothingFound => NOT_FOUND,
        }
    }
}

/// What commands give.
pub type Outcome = Result<Ended, Halt>;

/// How a command speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// The command, as its answers name it: `tags list`.
    pub command: &'static str,
    /// As JSON.
    pub is_json: bool,
    /// No messages, and nothing of what merely says that it was done.
    pub is_quiet: bool,
    /// A person reads the output.
    pub is_terminal: bool,
}

/// Why nobody answered.
pub type NoAnswer = Box<dyn Error + Send + Sync>;

/// Who answers, and who is told.
pub struct Talk<'a> {
    /// Answers a request.
    pub ask: &'a mut dyn FnMut(&Request) -> Result<Reply, NoAnswer>,
    /// Whoever that is.
    pub who: &'a Answerer,
    /// Whether a person agrees to what was shown; `None` when nobody can be asked.
    pub agree: &'a mut dyn FnMut(&str) -> Option<bool>,
    /// What is going on, for as long as it does.
    pub progress: &'a mut dyn FnMut(&str),
    /// Messages.
    pub note: &'a mut dyn FnMut(&str),
    /// Standard input.
    pub input: &'a mut dyn BufRead,
    /// The answer.
    pub out: &'a mut dyn Write,
    /// How it is spoken.
    pub manner: Manner,
    /// What relative paths are relative to.
    pub cwd: &'a Path,
}

impl Talk<'_> {
    /// What the library says to a request that it does not refuse.
    ///
    /// # Errors
    /// [`Halt`] when it refuses, or nobody answers.
    pub fn asked(&mut self, request: &Request) -> Result<Reply, Halt> {
        let reply = (self.ask)(request)?;
        match reply.refusal() {
            Some(text) => Err(Halt::Refused { status: reply.status, text }),
            None => Ok(reply),
        }
    }

    /// The body of an answer.
    ///
    /// # Errors
    /// As [`Talk::asked`].
    pub fn body(&mut self, request: &Request) -> Result<Value, Halt> {
        Ok(self.asked(request)?.body)
    }

    /// A path that was typed, as requests name it.
    #[must_use]
    pub fn path(&self, typed: &Path) -> String {
        let absolute = crate::sys::paths::absolute_normal(typed, self.cwd);
        lumidex_schema::path::display(&crate::sys::paths::to_bytes(absolute))
    }

    /// Writes the whole answer as one document.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn document(&mut self, data: &Value) -> io::Result<()> {
        (self.progress)("");
        writeln!(self.out, "{:#}", enveloped(self.manner.command, data))
    }

    /// Writes one of many answers as a line.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn line(&mut self, data: &Value) -> io::Result<()> {
        writeln!(self.out, "{}", enveloped(self.manner.command, data))
    }

    /// Says that something was done: as JSON with the number by which it is undone, or in these words and with
    /// the command for that; nothing when it is to be quiet.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn done(&mut self, words: &str, data: Value, deeds: &[u64]) -> Outcome {
        if self.manner.is_json {
            let mut data = data;
            data["undo"] = json!(deeds);
            self.document(&data)?;
        } else if !self.manner.is_quiet {
            // What was going on is over; its line makes room.
            (self.progress)("");
            writeln!(self.out, "{}", plain(words))?;
            if !deeds.is_empty() {
                let numbers: Vec<String> = deeds.iter().rev().map(u64::to_string).collect();
                writeln!(self.out, "`lumidex undo {}` takes it back", numbers.join(" "))?;
            }
        }
        Ok(Ended::Done)
    }

    /// Goes on only if a person agrees, or said so beforehand.
    ///
    /// # Errors
    /// [`Halt::Left`] otherwise.
    pub fn consent(&mut self, question: &str, is_given: bool) -> Result<(), Halt> {
        self.out.flush()?;
        if is_given || (self.agree)(&plain(question)) == Some(true) { Ok(()) } else { Err(Halt::Left) }
    }

    /// A message, unless it is to be quiet. What a terminal would obey stays text.
    pub fn say(&mut self, words: &str) {
        if !self.manner.is_quiet {
            (self.note)(&plain(words));
        }
    }

    /// A message about what went wrong; these are always told.
    pub fn complain(&mut self, words: &str) {
        (self.note)(&plain(words));
    }
}

/// The one form of everything that `--json` writes.
#[must_use]
pub fn enveloped(command: &str, data: &Value) -> Value {
    json!({ "schema": SCHEMA, "command": command, "data": data })
}

/// `1 picture`, `1,234 pictures`.
#[must_use]
pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", super::terminal::grouped(n), if n == 1 { one } else { many })
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// What came of a command that was played with a library that answers these, in this order.
    pub(in crate::cli) struct Played {
        pub(in crate::cli) outcome: Outcome,
        pub(in crate::cli) asked: Vec<Request>,
        pub(in crate::cli) said: String,
        pub(in crate::cli) noted: Vec<String>,
    }

    /// The stage of such a play.
    pub(in crate::cli) struct Stage<'a> {
        pub(in crate::cli) manner: Manner,
        pub(in crate::cli) who: Answerer,
        pub(in crate::cli) agrees: Option<bool>,
        pub(in crate::cli) input: &'a [u8],
        pub(in crate::cli) answers: &'a [(u16, Value)],
    }

    impl Default for Stage<'_> {
        fn default() -> Self {
            let manner = Manner { command: "test", ..Manner::default() };
            Self { manner, who: Answerer::Folder, agrees: None, input: b"", answers: &[] }
        }
    }

    pub(in crate::cli) fn play(stage: &Stage<'_>, run: impl FnOnce(&mut Talk<'_>) -> Outcome) -> Played {
        let (mut asked, mut noted, mut out) = (Vec::new(), Vec::new(), Vec::new());
        let (mut answers, mut input) = (stage.answers.iter(), stage.input);
        let mut talk = Talk {
            ask: &mut |request: &Request| {
                asked.push(request.clone());
                let (status, body) = answers.next().unwrap().clone();
                Ok(Reply { status, body, deed: Some(7) })
            },
            who: &stage.who,
            agree: &mut |_| stage.agrees,
            progress: &mut |_| {},
            note: &mut |said: &str| noted.push(said.to_owned()),
            input: &mut input,
            out: &mut out,
            manner: stage.manner,
            cwd: Path::new("/w"),
        };
        let outcome = run(&mut talk);
        Played { outcome, asked, said: String::from_utf8(out).unwrap(), noted }
    }

    #[test]
    fn every_end_has_its_status() {
        let refused = |status| Halt::Refused { status, text: String::new() }.code();
        assert_eq!([refused(404), refused(400), refused(500)], [NOT_FOUND, 1, 1]);
        assert_eq!([Halt::Left.code(), Halt::Usage(String::new()).code()], [1, USAGE]);
        assert_eq!(Halt::Output(io::ErrorKind::BrokenPipe.into()).code(), 0);
        assert_eq!(Halt::Output(io::ErrorKind::StorageFull.into()).code(), 1);
        assert_eq!(
            [Ended::Done, Ended::Partly, Ended::NothingFound].map(Ended::code),
            [0, PARTLY, NOT_FOUND]
        );
    }

    #[test]
    fn what_was_done_is_told_with_what_takes_it_back() {
        let told = |manner| {
            play(&Stage { manner, ..Stage::default() }, |talk| {
                talk.done("moved `a\u{1b}[2J`", json!({ "moved": 1 }), &[3, 5])
            })
        };
        assert_eq!(told(Manner::default()).said, "moved `a\u{fffd}[2J`\n`lumidex undo 5 3` takes it back\n");
        assert_eq!(told(Manner { is_quiet: true, ..Manner::default() }).said, "");
        let json = told(Manner { command: "move", is_json: true, ..Manner::default() }).said;
        let want = json!({ "schema": 1, "command": "move", "data": { "moved": 1, "undo": [3, 5] } });
        assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), want);
    }
}
