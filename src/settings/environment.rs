//! Environment variables, `.env` files and the configuration file, asked for by the keys of settings; and where each
//! setting comes from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::file::ConfigFile;
use super::known::{KNOWN, Known};
use super::{
    AccessControl, Cors, Flags, HiddenTexts, Lang, LogFormat, Permission, Secret, SettingsError, cors,
};
use crate::sys::{PathError, files, paths};

/// Longest `.env` that is read.
const ENV_FILE_BYTES_MAX: u64 = 64 * 1024;

/// Names the configuration file.
const CONFIG: &str = "LUMIDEX_CONFIG";

/// The original knows only whether hidden texts are read.
const HIDDEN_TEXTS_TOO: &str = "IIB_ENABLE_SD_WEBUI_STEALTH_PARSER";

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
    /// Where the platform wants its configuration file.
    pub config: Option<PathBuf>,
}

/// Variables, with those of `.env` files where the process has none, what the configuration file says, and the place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<String, Variable>,
    file: ConfigFile,
    place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Variable {
    value: String,
    /// The `.env` file it stands in; `None` when the process has it.
    from: Option<PathBuf>,
}

impl Environment {
    /// Of this process, with the `.env` files of the working directory and beside the program; without the
    /// configuration file.
    ///
    /// # Errors
    /// [`SettingsError::File`] when there is a `.env` that cannot be read, or no working directory.
    pub fn of_process() -> Result<Self, SettingsError> {
        let cwd = std::env::current_dir()
            .map_err(PathError::doing("find the working directory", Path::new(".")))?;
        let mut variables = BTreeMap::new();
        let beside = std::env::current_exe().ok().and_then(|program| program.parent().map(Path::to_owned));
        for folder in beside.iter().chain([&cwd]) {
            let file = folder.join(".env");
            match files::read_at_most(&file, ENV_FILE_BYTES_MAX) {
                Ok(bytes) => {
                    let read = parse_env_file(&String::from_utf8_lossy(&bytes)).into_iter();
                    let from = Some(file);
                    variables
                        .extend(read.map(|(name, value)| (name, Variable { value, from: from.clone() })));
                }
                Err(error) if error.is_absent() => {}
                Err(error) => return Err(error.into()),
            }
        }
        // Variables that are not text are none of ours.
        variables.extend(std::env::vars_os().filter_map(|(name, value)| {
            let value = value.into_string().ok()?;
            Some((name.into_string().ok()?, Variable { value, from: None }))
        }));
        let place = Place {
            cwd,
            home: directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned()),
            data_dir: paths::default_data_dir(),
            config: paths::default_config_file(),
        };
        Ok(Self { variables, file: ConfigFile::default(), place })
    }

    /// With these variables only.
    #[must_use]
    pub fn with(place: Place, variables: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| {
            ((*name).to_owned(), Variable { value: (*value).to_owned(), from: None })
        };
        Self { variables: variables.iter().map(owned).collect(), file: ConfigFile::default(), place }
    }

    /// The same with what the configuration file says: the one that was typed, that `LUMIDEX_CONFIG` names, or that is
    /// at the platform's place for it.
    ///
    /// # Errors
    /// [`SettingsError::File`] when one that was named cannot be read, [`SettingsError::Config`] when it says what means
    /// nothing.
    pub fn with_file(&self, flags: &Flags) -> Result<Self, SettingsError> {
        let named = self.config_named(flags);
        let file = ConfigFile::read(named.as_deref(), &self.place)?;
        Ok(Self { file, ..self.clone() })
    }

    /// Where the configuration file is read from; whether there is one is not looked at.
    #[must_use]
    pub fn config_path(&self, flags: &Flags) -> Option<PathBuf> {
        self.config_named(flags).or_else(|| self.place.config.clone())
    }

    fn config_named(&self, flags: &Flags) -> Option<PathBuf> {
        let variable = || self.variable(CONFIG).map(PathBuf::from);
        let named = flags.config.clone().or_else(variable)?;
        Some(paths::absolute_normal(&named, &self.place.cwd))
    }

    /// The configuration file that was read, if there is one.
    pub(super) fn file_read(&self) -> Option<PathBuf> {
        self.file.path.clone()
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// Our own names are few, and a misspelt one would silently be the default.
    pub(super) fn refuse_unknown(&self) -> Result<(), SettingsError> {
        let ours = |name: &&str| name.starts_with("LUMIDEX_");
        let known = || KNOWN.iter().flat_map(|known| known.names).copied().filter(ours).chain([CONFIG]);
        let is_unknown = |name: &&String| {
            ours(&name.as_str()) && !name.starts_with(FOR_TESTS) && known().all(|known| known != *name)
        };
        match self.variables.keys().find(is_unknown) {
            None => Ok(()),
            Some(name) => {
                Err(SettingsError::Unknown { name: name.clone(), suggestion: nearest(name, known()) })
            }
        }
    }

    /// Where a setting comes from: a flag, a variable, a line of the file, or nowhere.
    #[must_use]
    pub fn origin(&self, known: &Known, flags: &Flags) -> String {
        if known.typed.is_some_and(|typed| typed(flags)) {
            return if known.key == "folders" {
                "the command line".to_owned()
            } else {
                format!("--{}", known.key)
            };
        }
        if let Some(name) = self.name_set(known) {
            return match &self.variables[name].from {
                None => name.to_owned(),
                Some(file) => format!("{name} in {}", file.display()),
            };
        }
        self.file.place_of(known).unwrap_or_else(|| "default".to_owned())
    }

    /// What a setting is called where it was set, for saying what is wrong with it.
    pub(super) fn called(&self, key: &'static str) -> String {
        let known = known(key);
        let in_file = || self.file.place_of(known).map(|place| format!("`{key}` in {place}"));
        self.name_set(known).map(str::to_owned).or_else(in_file).unwrap_or_else(|| known.names[0].to_owned())
    }

    /// The variable that sets a setting.
    fn name_set(&self, known: &Known) -> Option<&'static str> {
        known.names.iter().copied().find(|name| self.variable(name).is_some())
    }

    /// Whether a variable sets it.
    pub(super) fn is_variable(&self, key: &'static str) -> bool {
        self.name_set(known(key)).is_some()
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|variable| variable.value.trim()).filter(|value| !value.is_empty())
    }

    /// A setting's text, if it is set and not blank.
    pub(super) fn text(&self, key: &'static str) -> Option<String> {
        let known = known(key);
        let variable = known.names.iter().find_map(|name| self.variable(name)).map(str::to_owned);
        variable.or_else(|| self.file.text(known))
    }

    pub(super) fn path(&self, key: &'static str) -> Option<PathBuf> {
        self.text(key).map(PathBuf::from)
    }

    pub(super) fn paths(&self, key: &'static str) -> Vec<PathBuf> {
        self.list(key).into_iter().map(PathBuf::from).collect()
    }

    pub(super) fn secret(&self, key: &'static str) -> Option<Secret> {
        self.text(key).map(Secret)
    }

    /// Entries apart by commas in a variable, or the list of the file.
    pub(super) fn list(&self, key: &'static str) -> Vec<String> {
        let known = known(key);
        let entries = match known.names.iter().find_map(|name| self.variable(name)) {
            Some(value) => value.split(',').map(str::to_owned).collect(),
            None => self.file.list(known).unwrap_or_default(),
        };
        let trimmed = entries.iter().map(|entry| entry.trim().to_owned());
        trimmed.filter(|entry| !entry.is_empty()).collect()
    }

    pub(super) fn number<N: FromStr>(&self, key: &'static str) -> Result<Option<N>, SettingsError> {
        let Some(value) = self.text(key) else { return Ok(None) };
        match value.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(self.wrong(key, value, "a number in its range")),
        }
    }

    pub(super) fn is_on(&self, key: &'static str) -> Result<bool, SettingsError> {
        let Some(value) = self.text(key) else { return Ok(false) };
        is_on(&value).ok_or_else(|| self.wrong(key, value, "`true` or `false`"))
    }

    /// A value that means nothing, under the name it was set by.
    pub(super) fn wrong(&self, key: &'static str, value: String, expected: &'static str) -> SettingsError {
        SettingsError::Value { name: self.called(key), value, expected }
    }

    pub(super) fn hidden_texts(&self) -> Result<HiddenTexts, SettingsError> {
        const KEY: &str = "hidden-texts";
        let text = match (self.variable("LUMIDEX_HIDDEN_TEXTS"), self.variable(HIDDEN_TEXTS_TOO)) {
            (Some(value), _) => Some(value.to_owned()),
            (None, Some(value)) => match is_on(value) {
                Some(true) => return Ok(HiddenTexts::Always),
                Some(false) => None,
                None => {
                    let (name, value) = (HIDDEN_TEXTS_TOO.to_owned(), value.to_owned());
                    return Err(SettingsError::Value { name, value, expected: "`true` or `false`" });
                }
            },
            (None, None) => self.file.text(known(KEY)),
        };
        match text.as_deref() {
            None | Some("cheap") => Ok(HiddenTexts::Cheap),
            Some("always") => Ok(HiddenTexts::Always),
            Some("never") => Ok(HiddenTexts::Never),
            Some(value) => Err(self.wrong(KEY, value.to_owned(), "`never`, `cheap` or `always`")),
        }
    }

    pub(super) fn access(&self) -> Result<AccessControl, SettingsError> {
        const KEY: &str = "access-control";
        match self.text(KEY).as_deref() {
            None | Some("auto") => Ok(AccessControl::Auto),
            Some("enable") => Ok(AccessControl::Enable),
            Some("disable") => Ok(AccessControl::Disable),
            Some(value) => Err(self.wrong(KEY, value.to_owned(), "`enable`, `disable` or `auto`")),
        }
    }

    /// Any word that is not known allows nothing to be written, as in the original.
    pub(super) fn permission(&self) -> Permission {
        match self.text("permission").as_deref() {
            None | Some("read-write") => Permission::ReadWrite,
            Some("write-only") => Permission::WriteOnly,
            Some("no-access") => Permission::NoAccess,
            Some(_) => Permission::ReadOnly,
        }
    }

    pub(super) fn cors(&self) -> Result<Cors, SettingsError> {
        const KEY: &str = "allow-cors";
        let origins = self.list(KEY);
        if origins.is_empty() {
            return Ok(Cors::None);
        }
        match origins.iter().find(|origin| !origin.contains("://") && *origin != "*") {
            None => Ok(cors(origins)),
            Some(value) => {
                Err(self.wrong(KEY, value.clone(), "origins such as `https://example.org`, or `*`"))
            }
        }
    }

    pub(super) fn lang(&self) -> Lang {
        match self.text("lang").as_deref() {
            Some("zh") => Lang::Zh,
            Some("en") => Lang::En,
            _ => Lang::Auto,
        }
    }

    pub(super) fn log_format(&self) -> Result<LogFormat, SettingsError> {
        const KEY: &str = "log-format";
        match self.text(KEY).as_deref() {
            None | Some("text") => Ok(LogFormat::Text),
            Some("json") => Ok(LogFormat::Json),
            Some(value) => Err(self.wrong(KEY, value.to_owned(), "`text` or `json`")),
        }
    }

    pub(super) fn notices(&self) -> Vec<String> {
        let is_set = |(name, _): &&(&str, &str)| self.variable(name).is_some();
        let notice = |(name, reason): &(&str, &str)| format!("{name} has no effect: {reason}");
        WITHOUT_EFFECT.iter().filter(is_set).map(notice).collect()
    }
}

fn known(key: &'static str) -> &'static Known {
    Known::named(key).expect("settings are asked for by keys of the table")
}

fn is_on(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => None,
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

/// Letters to insert, remove or change, or neighbours to swap, to get from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    // What it takes from the first letters of the one to the first letters of the other.
    let mut rows = vec![(0..=to.len()).collect::<Vec<usize>>()];
    for (nth, letter) in from.iter().enumerate() {
        let above = &rows[nth];
        let mut row = vec![nth + 1];
        for at in 0..to.len() {
            let change = above[at] + usize::from(*letter != to[at]);
            let mut least = change.min(row[at] + 1).min(above[at + 1] + 1);
            if nth > 0 && at > 0 && *letter == to[at - 1] && from[nth - 1] == to[at] {
                least = least.min(rows[nth - 1][at - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
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
        assert_eq!(nearest("prot", ["host", "port"]), Some("port"));
        assert_eq!(nearest("holiday", ["inspect", "serve"]), None);
        assert_eq!(
            nearest("LUMIDEX_PROT", KNOWN.iter().flat_map(|known| known.names).copied()),
            Some("LUMIDEX_PORT")
        );
    }
}
