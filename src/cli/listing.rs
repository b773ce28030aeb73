//! How files are listed: as a table for people, as bare paths for other programs, as JSON Lines. Knows nothing of how
//! they were found.

use super::talk::Talk;
use super::terminal::{plain, text, when};
use clap::Args;
use lumidex_schema::path::from_display;
use serde_json::{Value, json};
use std::io;

/// How files are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
pub struct Listing {
    /// Paths alone, one a line; so it is wherever the output is no terminal
    #[arg(long, conflicts_with = "print0")]
    pub paths: bool,
    /// Paths alone, separated by NUL, for names that hold line breaks
    #[arg(long, short = '0')]
    pub print0: bool,
}

/// A file of an answer, as `--json` shows it.
#[must_use]
pub(super) fn as_json(file: &Value) -> Value {
    json!({
        "path": file["fullpath"], "id": file["id"], "date": file["date"], "created": file["created_time"],
        "bytes": file["bytes"], "media_type": file["media_type"], "offline": file["offline"] == true,
    })
}

impl Listing {
    /// Writes one file; `columns` stand before its path in a table.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn file(self, data: &Value, columns: &str, talk: &mut Talk<'_>) -> io::Result<()> {
        let path = data["path"].as_str().unwrap_or_default();
        if self.print0 {
            talk.out.write_all(&from_display(path))?;
            return talk.out.write_all(b"\0");
        }
        if talk.manner.is_json {
            return talk.line(data);
        }
        if !talk.manner.is_terminal {
            talk.out.write_all(&from_display(path))?;
            return talk.out.write_all(b"\n");
        }
        if self.paths {
            return writeln!(talk.out, "{}", plain(path));
        }
        let mark = if data["offline"] == true { "  (offline)" } else { "" };
        writeln!(talk.out, "{columns}  {}{mark}", plain(path))
    }
}

/// When a file was changed, and how large it is.
pub(super) fn date_and_size(file: &Value) -> String {
    let date = file["date"].as_f64().map_or_else(String::new, when);
    format!("{date:16}  {:>10}", text(&file["size"]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::talk::tests::{Stage, play};
    use super::super::talk::{Ended, Manner};
    use super::*;

    fn listed(listing: Listing, manner: Manner) -> String {
        let data = json!({ "path": "/a/\u{fffd}ff\n\u{1b}.png", "offline": true });
        let mut bytes = Vec::new();
        play(&Stage { manner, ..Stage::default() }, |talk| {
            let mut out = Vec::new();
            let mut inner = Talk {
                ask: talk.ask,
                who: talk.who,
                agree: talk.agree,
                progress: talk.progress,
                note: talk.note,
                input: talk.input,
                out: &mut out,
                manner: talk.manner,
                cwd: talk.cwd,
            };
            listing.file(&data, "cols", &mut inner)?;
            bytes = out;
            Ok(Ended::Done)
        });
        String::from_utf8_lossy(&bytes.iter().map(|b| if *b == 0xff { b'?' } else { *b }).collect::<Vec<_>>())
            .into()
    }

    #[test]
    fn programs_get_the_bytes_of_a_name_and_people_what_a_terminal_can_show() {
        let piped = Manner::default();
        let terminal = Manner { is_terminal: true, ..piped };
        let zero = Listing { print0: true, ..Listing::default() };
        assert_eq!(listed(Listing::default(), piped), "/a/?\n\u{1b}.png\n");
        assert_eq!(listed(zero, piped), "/a/?\n\u{1b}.png\0");
        assert_eq!(listed(zero, terminal), "/a/?\n\u{1b}.png\0");
        assert_eq!(
            listed(Listing { paths: true, ..Listing::default() }, terminal),
            "/a/\u{fffd}ff\u{fffd}\u{fffd}.png\n"
        );
        assert_eq!(
            listed(Listing::default(), terminal),
            "cols  /a/\u{fffd}ff\u{fffd}\u{fffd}.png  (offline)\n"
        );
        let json = listed(Listing::default(), Manner { is_json: true, ..terminal });
        assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["data"]["offline"], true);
    }
}
