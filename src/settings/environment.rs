//! Environment variables and the `.env` file: every name lumidex listens to, listed in one place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::{AccessControl, Cors, HiddenTexts, Lang, Permission, Secret, SettingsError, cors};
use crate::sys::{PathError, files, paths};

/// Longest `.env` that is read.
const ENV_FILE_BYTES_MAX: u64 = 64 * 1024;

/// Our own names. Others that begin so are errors, because they are misspelt.
const OWN: [&str; 22] = [
    "LUMIDEX_HOST",
    "LUMIDEX_PORT",
    "LUMIDEX_DATA_DIR",
    "LUMIDEX_BASE",
    "LUMIDEX_UI_DIR",
    "LUMIDEX_READ_ONLY",
    "LUMIDEX_ALLOW_CORS",
    "LUMIDEX_ALLOW_HOST",
    "LUMIDEX_TRUSTED_PROXY",
    "LUMIDEX_ENABLE_SHUTDOWN",
    "LUMIDEX_SECRET_KEY",
    "LUMIDEX_BACKUP_MAX",
    "LUMIDEX_MISSING_RETENTION_DAYS",
    "LUMIDEX_CACHE_DIR",
    "LUMIDEX_OPENAI_BASE_URL",
    "LUMIDEX_OPENAI_API_KEY",
    "LUMIDEX_EMBEDDING_MODEL",
    "LUMIDEX_AI_MODEL",
    "LUMIDEX_TOPIC_TITLE_MODEL",
    "LUMIDEX_HIDDEN_TEXTS",
    "LUMIDEX_LOG",
    "LUMIDEX_LOG_FORMAT",
];

/// What begins so speaks to the tests, which start the program with their own variables set.
const FOR_TESTS: &str = "LUMIDEX_TEST_";

/// Names of the original that mean nothing here, with the reason.
const WITHOUT_EFFECT: [(&str, &str); 6] = [
    ("IIB_DB_PATH", "the index lies in the data folder, see --data-dir"),
    ("IIB_EMBEDDING_DEBUG", "batches are logged with RUST_LOG=lumidex=debug"),
    ("IIB_PROMPT_NORMALIZE", "prompts are always cleaned of what everybody writes into them"),
    ("IIB_PROMPT_NORMALIZE_MODE", "prompts are cleaned in one way"),
    ("TWELVELABS_API_KEY", "only OpenAI-compatible services are called"),
    ("TWELVE_LABS_API_KEY", "only OpenAI-compatible services are called"),
];

/// What the program stands in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Working directory, absolute.
    pub cwd: PathBuf,
    /// Home folder of the user.
    pub home: Option<PathBuf>,
    /// Where the platform wants a program's data.
    pub data_dir: Option<PathBuf>,
}

/// Variables, with those of `.env` files where the process has none, and the place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    place: Place,
}

impl Environment {
    /// Of this process, with the `.env` files of the working directory and beside the program.
    ///
    /// # Errors
    /// [`SettingsError::File`] when there is a `.env` that cannot be read, or no working directory.
    pub fn of_process() -> Result<Self, SettingsError> {
        let cwd = std::env::current_dir()
            .map_err(PathError::doing("find the working directory", Path::new(".")))?;
        let mut variables = BTreeMap::new();
        let beside = std::env::current_exe().ok().and_then(|program| program.parent().map(Path::to_owned));
        for folder in beside.iter().chain([&cwd]) {
            match files::read_at_most(&folder.join(".env"), ENV_FILE_BYTES_MAX) {
                Ok(bytes) => variables.extend(parse_env_file(&String::from_utf8_lossy(&bytes))),
                Err(error) if error.is_absent() => {}
                Err(error) => return Err(error.into()),
            }
        }
        // Variables that are not text are none of ours.
        variables.extend(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        );
        let place = Place {
            cwd,
            home: directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned()),
            data_dir: paths::default_data_dir(),
        };
        Ok(Self { variables, place })
    }

    /// With these variables only.
    #[must_use]
    pub fn with(place: Place, variables: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self { variables: variables.iter().map(owned).collect(), place }
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// Our own names are few, and a misspelt one would silently be the default.
    pub(super) fn refuse_unknown(&self) -> Result<(), SettingsError> {
        let is_unknown = |name: &&String| {
            name.starts_with("LUMIDEX_") && !name.starts_with(FOR_TESTS) && !OWN.contains(&name.as_str())
        };
        match self.variables.keys().find(is_unknown) {
            None => Ok(()),
            Some(name) => Err(SettingsError::Unknown { name: name.clone(), suggestion: nearest(name, OWN) }),
        }
    }

    /// The first of these that is set and not blank.
    pub(super) fn text(&self, names: &[&str]) -> Option<String> {
        let value = |name: &&str| self.variables.get(*name).map(|value| value.trim());
        names.iter().filter_map(value).find(|value| !value.is_empty()).map(str::to_owned)
    }

    pub(super) fn path(&self, names: &[&str]) -> Option<PathBuf> {
        self.text(names).map(PathBuf::from)
    }

    pub(super) fn secret(&self, names: &[&str]) -> Option<Secret> {
        self.text(names).map(Secret)
    }

    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let value = self.text(&[name]).unwrap_or_default();
        value.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
    }

    pub(super) fn number<N: FromStr>(&self, name: &str) -> Result<Option<N>, SettingsError> {
        let Some(value) = self.text(&[name]) else { return Ok(None) };
        match value.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => {
                Err(SettingsError::Value { name: name.to_owned(), value, expected: "a number in its range" })
            }
        }
    }

    pub(super) fn is_on(&self, name: &str) -> Result<bool, SettingsError> {
        let Some(value) = self.text(&[name]) else { return Ok(false) };
        match value.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Ok(true),
            "0" | "false" | "no" | "off" => Ok(false),
            _ => Err(SettingsError::Value { name: name.to_owned(), value, expected: "`true` or `false`" }),
        }
    }

    /// The original knows only whether hidden texts are read.
    pub(super) fn hidden_texts(&self) -> Result<HiddenTexts, SettingsError> {
        const NAME: &str = "LUMIDEX_HIDDEN_TEXTS";
        match self.text(&[NAME]).as_deref() {
            None if self.is_on("IIB_ENABLE_SD_WEBUI_STEALTH_PARSER")? => Ok(HiddenTexts::Always),
            None | Some("cheap") => Ok(HiddenTexts::Cheap),
            Some("always") => Ok(HiddenTexts::Always),
            Some("never") => Ok(HiddenTexts::Never),
            Some(value) => Err(SettingsError::Value {
                name: NAME.to_owned(),
                value: value.to_owned(),
                expected: "`never`, `cheap` or `always`",
            }),
        }
    }

    pub(super) fn access(&self) -> Result<AccessControl, SettingsError> {
        const NAME: &str = "IIB_ACCESS_CONTROL";
        match self.text(&[NAME]).as_deref() {
            None | Some("auto") => Ok(AccessControl::Auto),
            Some("enable") => Ok(AccessControl::Enable),
            Some("disable") => Ok(AccessControl::Disable),
            Some(value) => Err(SettingsError::Value {
                name: NAME.to_owned(),
                value: value.to_owned(),
                expected: "`enable`, `disable` or `auto`",
            }),
        }
    }

    /// Any word that is not known allows nothing to be written, as in the original.
    pub(super) fn permission(&self) -> Permission {
        match self.text(&["IIB_ACCESS_CONTROL_PERMISSION"]).as_deref() {
            None | Some("read-write") => Permission::ReadWrite,
            Some("write-only") => Permission::WriteOnly,
            Some("no-access") => Permission::NoAccess,
            Some(_) => Permission::ReadOnly,
        }
    }

    pub(super) fn cors(&self) -> Result<Cors, SettingsError> {
        const NAME: &str = "LUMIDEX_ALLOW_CORS";
        let origins = self.list(NAME);
        if origins.is_empty() {
            return Ok(Cors::None);
        }
        match origins.iter().find(|origin| !origin.contains("://") && *origin != "*") {
            None => Ok(cors(origins)),
            Some(value) => Err(SettingsError::Value {
                name: NAME.to_owned(),
                value: value.clone(),
                expected: "origins such as `https://example.org`, or `*`",
            }),
        }
    }

    pub(super) fn lang(&self) -> Lang {
        match self.text(&["IIB_SERVER_LANG"]).as_deref() {
            Some("zh") => Lang::Zh,
            Some("en") => Lang::En,
            _ => Lang::Auto,
        }
    }

    pub(super) fn notices(&self) -> Vec<String> {
        let is_set = |(name, _): &&(&str, &str)| self.text(&[name]).is_some();
        let notice = |(name, reason): &(&str, &str)| format!("{name} has no effect: {reason}");
        WITHOUT_EFFECT.iter().filter(is_set).map(notice).collect()
    }
}

/// Lines `NAME=value`, with an optional `export`, quotes and comments. Lines that are none of this
/// are passed over.
fn parse_env_file(text: &str) -> Vec<(String, String)> {
    let line = |line: &str| {
        let line = line.trim();
        let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() || name.starts_with('#') {
            return None;
        }
        let quoted = ['"', '\''].iter().find_map(|quote| {
            let rest = value.strip_prefix(*quote)?;
            Some(&rest[..rest.find(*quote)?])
        });
        let value = match quoted {
            Some(quoted) => quoted,
            None if value.starts_with('#') => "",
            None => value.split(" #").next().unwrap_or_default().trim_end(),
        };
        Some((name.to_owned(), value.to_owned()))
    };
    text.trim_start_matches('\u{feff}').lines().filter_map(line).collect()
}

/// The known word that differs least, if it differs little.
pub(super) fn nearest(word: &str, known: impl IntoIterator<Item = &'static str>) -> Option<&'static str> {
    known
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).max(1))
        .map(|(_, candidate)| candidate)
}

/// Letters to insert, remove or change to get from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (nth, letter) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], nth + 1);
        for at in 0..to.len() {
            let change = diagonal + usize::from(letter != to[at]);
            diagonal = row[at + 1];
            row[at + 1] = change.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn env_files_have_quotes_comments_and_noise() {
        let text =
            "\u{feff}# note\nexport A=1\n B = two words # c\nC=\"x # y\"\nD='z' # c\nnoise\n=x\nE=\nF= # c\n";
        let read = parse_env_file(text);
        let expected = [("A", "1"), ("B", "two words"), ("C", "x # y"), ("D", "z"), ("E", ""), ("F", "")];
        let read: Vec<_> = read.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(read, expected);
    }

    #[test]
    fn only_what_differs_little_is_suggested() {
        assert_eq!(nearest("serch", ["serve", "search"]), Some("search"));
        assert_eq!(nearest("insepct", ["inspect", "serve"]), Some("inspect"));
        assert_eq!(nearest("holiday", ["inspect", "serve"]), None);
        assert_eq!(nearest("LUMIDEX_PROT", OWN), Some("LUMIDEX_PORT"));
    }
}
