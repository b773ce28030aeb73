//! `lumidex config`: each setting with its value and where that comes from, whether all of them mean something, and
//! where the file is. Secrets are never shown.

use super::talk::enveloped;
use super::terminal::{plain, table};
use crate::settings::{Environment, Flags, KNOWN, Settings};
use clap::Subcommand;
use serde_json::{Value, json};
use std::io::{self, Write};

/// What can be asked about settings.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum ConfigAction {
    /// Show each setting, its value, and where that comes from
    Show {
        /// As JSON: {"schema": 1, "command": "config", "data": ...}
        #[arg(long)]
        json: bool,
        /// As if the program served with these.
        #[command(flatten)]
        flags: Box<Flags>,
    },
    /// Say whether the settings mean something; where they do not, the exit status is 2
    Check {
        /// Say nothing but what is wrong
        #[arg(long, short)]
        quiet: bool,
        /// As if the program served with these.
        #[command(flatten)]
        flags: Box<Flags>,
    },
    /// Say where the configuration file is read from, or would be
    Path {
        /// As if the program served with these.
        #[command(flatten)]
        flags: Box<Flags>,
    },
}

impl ConfigAction {
    /// What was typed with it.
    #[must_use]
    pub fn flags(&self) -> &Flags {
        match self {
            Self::Show { flags, .. } | Self::Check { flags, .. } | Self::Path { flags } => flags,
        }
    }
}

/// Says what was asked about settings that were found to mean something.
///
/// # Errors
/// Only what writing to `out` fails with.
pub fn config(
    action: &ConfigAction,
    settings: &Settings,
    environment: &Environment,
    out: &mut dyn Write,
) -> io::Result<()> {
    match action {
        ConfigAction::Show { json, flags } => show(*json, flags, settings, environment, out),
        ConfigAction::Check { quiet: true, .. } => Ok(()),
        ConfigAction::Check { .. } => match &settings.config {
            Some(path) => writeln!(out, "{} is fine", plain(&path.display().to_string())),
            None => writeln!(out, "the settings are fine; there is no file"),
        },
        ConfigAction::Path { .. } => Ok(()),
    }
}

/// Says where the file is read from. Whether there is one, and what it says, does not matter.
///
/// # Errors
/// Only what writing to `out` fails with.
pub fn path(flags: &Flags, environment: &Environment, out: &mut dyn Write) -> io::Result<()> {
    match environment.config_path(flags) {
        Some(path) => writeln!(out, "{}", plain(&path.display().to_string())),
        None => writeln!(out, "none: there is no home folder to look for it in"),
    }
}

fn show(
    is_json: bool,
    flags: &Flags,
    settings: &Settings,
    environment: &Environment,
    out: &mut dyn Write,
) -> io::Result<()> {
    let rows: Vec<(&str, Value, String)> = KNOWN
        .iter()
        .map(|known| (known.key, known.value(settings), environment.origin(known, flags)))
        .collect();
    if is_json {
        let rows: Vec<Value> = rows
            .iter()
            .map(|(key, value, from)| json!({ "key": key, "value": value, "from": from }))
            .collect();
        let file = settings.config.as_ref().map(|path| path.display().to_string());
        return writeln!(out, "{:#}", enveloped("config", &json!({ "file": file, "settings": rows })));
    }
    let mut lines = vec![["SETTING", "VALUE", "FROM"].map(str::to_owned)];
    for (key, value, from) in rows {
        lines.push([key.to_owned(), plain(&worded(&value)), plain(&from)]);
    }
    table(&lines, out)
}

fn worded(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "-".to_owned(),
        Value::Array(values) => values.iter().map(worded).collect::<Vec<_>>().join(", "),
        value => value.to_string(),
    }
}
