//! Questions to a library, as requests to its own routes, and its answers. Whether a server answers or the data
//! folder itself, commands do not know; what they ask, this does not.

use crate::settings::Flags;
use clap::Args;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::borrow::Cow;
use std::path::PathBuf;

/// What stands for itself in a query string.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Flags of every command that asks a library.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct Asking {
    /// As JSON: {"schema": 1, "command": ..., "data": ...}
    #[arg(long, global = true)]
    pub json: bool,
    /// Say nothing but the answer and what went wrong
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Folder of the index [default: the platform's data folder] [env: LUMIDEX_DATA_DIR]
    #[arg(long, value_name = "DIR", alias = "data_dir", global = true)]
    pub data_dir: Option<PathBuf>,
    /// Configuration file [default: see `lumidex config path`] [env: LUMIDEX_CONFIG]
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// File whose first line is the secret key of the server that is asked; `-` reads it from standard input
    /// [env: LUMIDEX_SECRET_FILE]
    #[arg(long, value_name = "FILE", alias = "secret_file", global = true)]
    pub secret_file: Option<PathBuf>,
}

/// A question to a library, as one of its own routes.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// `GET`, `POST` or `DELETE`.
    pub method: &'static str,
    /// Below the host root.
    pub route: Cow<'static, str>,
    /// `null` is none.
    pub body: Value,
    /// It may take as long as it wants.
    pub is_unhurried: bool,
}

/// What the library said.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The JSON of the body; `null` when it is none.
    pub body: Value,
    /// The number by which what was done is undone.
    pub deed: Option<u64>,
}

/// Who gave the answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answerer {
    /// A server that listens here.
    Server(String),
    /// The data folder, for no server runs.
    Folder,
}

impl Request {
    /// Asks for something.
    #[must_use]
    pub fn get(route: impl Into<Cow<'static, str>>) -> Self {
        Self { method: "GET", route: route.into(), body: Value::Null, is_unhurried: false }
    }

    /// The same with these parameters.
    #[must_use]
    pub fn with(route: &str, parameters: &[(&str, &str)]) -> Self {
        let pair = |(name, value): &(&str, &str)| format!("{name}={}", utf8_percent_encode(value, PLAIN));
        let pairs: Vec<String> = parameters.iter().map(pair).collect();
        Self::get(if pairs.is_empty() { route.to_owned() } else { format!("{route}?{}", pairs.join("&")) })
    }

    /// Has something done.
    #[must_use]
    pub fn post(route: impl Into<Cow<'static, str>>, body: Value) -> Self {
        Self { method: "POST", route: route.into(), body, is_unhurried: false }
    }

    /// Has something removed.
    #[must_use]
    pub fn delete(route: impl Into<Cow<'static, str>>, body: Value) -> Self {
        Self { method: "DELETE", ..Self::post(route, body) }
    }

    /// What may take as long as it wants.
    #[must_use]
    pub fn unhurried(self) -> Self {
        Self { is_unhurried: true, ..self }
    }

    /// What is going on.
    #[must_use]
    pub fn status() -> Self {
        Self::get("/api/v1/status")
    }
}

impl Reply {
    /// Why it was refused; `None` when it was done.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        if (200..300).contains(&self.status) {
            return None;
        }
        let detail = self.body["detail"].as_str().map(str::to_owned);
        Some(detail.unwrap_or_else(|| format!("the library answered with status {}", self.status)))
    }

    /// The number by which what was done is undone, for those who list several.
    #[must_use]
    pub fn deeds(&self) -> Vec<u64> {
        self.deed.into_iter().collect()
    }
}

impl Asking {
    /// What it says of the settings of the program.
    #[must_use]
    pub fn flags(&self) -> Flags {
        Flags {
            data_dir: self.data_dir.clone(),
            config: self.config.clone(),
            secret_file: self.secret_file.clone(),
            ..Flags::default()
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use serde_json::json;

    #[test]
    fn refusals_are_told_in_the_words_of_the_library() {
        let reply = |status, body| Reply { status, body, deed: None }.refusal();
        assert_eq!(reply(200, Value::Null), None);
        assert_eq!(reply(404, json!({ "detail": "no such question" })).unwrap(), "no such question");
        assert_eq!(reply(500, Value::Null).unwrap(), "the library answered with status 500");
    }

    #[test]
    fn parameters_arrive_as_they_are() {
        let request = Request::with("/x", &[("path", "/a b/%&=ü\n"), ("n", "1")]);
        assert_eq!(request.route, "/x?path=/a%20b/%25%26%3D%C3%BC%0A&n=1");
        assert_eq!(Request::with("/x", &[]).route, "/x");
    }
}
