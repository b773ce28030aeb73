//! The configuration file: TOML, one key for each setting, no sections. What it says that means nothing is told with
//! its place, all of it at once.

use super::environment::nearest;
use super::known::{KNOWN, Kind, Known};
use super::{Place, SettingsError};
use crate::sys::files;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// Longest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What a file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ConfigFile {
    /// Where it is; `None` when there is none.
    pub(super) path: Option<PathBuf>,
    /// By key.
    values: BTreeMap<&'static str, Said>,
}

/// A value, and the line it stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    value: Given,
    line: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Given {
    Text(String),
    List(Vec<String>),
}

/// Something in the file that means nothing, with its place; lines and columns are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
    /// What is wrong.
    pub text: String,
}

impl ConfigFile {
    /// Reads the file that was named, or the one at the platform's place for it if there is one.
    ///
    /// # Errors
    /// [`SettingsError::File`] when it cannot be read, [`SettingsError::Config`] when it says what means nothing.
    pub(super) fn read(named: Option<&Path>, place: &Place) -> Result<Self, SettingsError> {
        let Some(path) = named.or(place.config.as_deref()) else { return Ok(Self::default()) };
        let bytes = match files::read_at_most(path, FILE_BYTES_MAX) {
            Err(error) if named.is_none() && error.is_absent() => return Ok(Self::default()),
            read => read?,
        };
        let wrong = |mistakes| SettingsError::Config { path: path.to_owned(), mistakes };
        let text = String::from_utf8(bytes).map_err(|error| {
            let (line, column) = place_of(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
            wrong(vec![Mistake { line, column, text: "the file is not UTF-8".to_owned() }])
        })?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        let values = parse(&text, folder, place.home.as_deref()).map_err(wrong)?;
        Ok(Self { path: Some(path.to_owned()), values })
    }

    /// The text of a setting.
    pub(super) fn text(&self, known: &Known) -> Option<String> {
        match &self.values.get(known.key)?.value {
            Given::Text(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
            Given::List(list) => Some(list.join(",")).filter(|list| !list.is_empty()),
        }
    }

    /// The list of a setting.
    pub(super) fn list(&self, known: &Known) -> Option<Vec<String>> {
        match &self.values.get(known.key)?.value {
            Given::Text(text) => Some(vec![text.clone()]),
            Given::List(list) => Some(list.clone()),
        }
    }

    /// Where a setting stands, as `/a/config.toml:3`.
    pub(super) fn place_of(&self, known: &Known) -> Option<String> {
        let Said { line, .. } = self.values.get(known.key)?;
        Some(format!("{}:{line}", self.path.as_ref()?.display()))
    }
}

fn parse(
    text: &str,
    folder: &Path,
    home: Option<&Path>,
) -> Result<BTreeMap<&'static str, Said>, Vec<Mistake>> {
    let at = |span: &Range<usize>| place_of(&text.as_bytes()[..span.start.min(text.len())]);
    let mistake = |span: &Range<usize>, text: String| {
        let (line, column) = at(span);
        Mistake { line, column, text }
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut mistakes: Vec<Mistake> = errors
        .iter()
        .map(|error| mistake(&error.span().unwrap_or_default(), error.message().replace('\n', " ")))
        .collect();
    let mut values = BTreeMap::new();
    for (key, value) in table.get_ref() {
        let Some(known) = Known::named(key.get_ref()) else {
            let suggestion = nearest(&key.get_ref().replace('_', "-"), KNOWN.iter().map(|known| known.key));
            let meant = suggestion.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
            mistakes.push(mistake(&key.span(), format!("there is no setting `{}`{meant}", key.get_ref())));
            continue;
        };
        match given(known.kind, value.get_ref(), folder, home) {
            Some(given) => {
                values.insert(known.key, Said { value: given, line: at(&key.span()).0 });
            }
            None => {
                let expected = expected(known.kind);
                mistakes.push(mistake(&value.span(), format!("`{}` is {expected}", known.key)));
            }
        }
    }
    mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
    if mistakes.is_empty() { Ok(values) } else { Err(mistakes) }
}

/// The value, if it is of its kind.
fn given(kind: Kind, value: &DeValue<'_>, folder: &Path, home: Option<&Path>) -> Option<Given> {
    let text = |value: &DeValue<'_>| match value {
        DeValue::String(text) => Some(text.to_string()),
        _ => None,
    };
    let list = |value: &DeValue<'_>| match value {
        DeValue::Array(values) => {
            values.iter().map(|value| text(value.get_ref())).collect::<Option<Vec<_>>>()
        }
        value => Some(vec![text(value)?]),
    };
    let placed = |text: String| match (text.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest).display().to_string(),
        _ => folder.join(text).display().to_string(),
    };
    match kind {
        Kind::Text | Kind::Secret => text(value).map(Given::Text),
        Kind::OneOf(words) => text(value).filter(|text| words.contains(&text.as_str())).map(Given::Text),
        Kind::Path => text(value).map(|text| Given::Text(if text.is_empty() { text } else { placed(text) })),
        Kind::Paths => list(value).map(|list| Given::List(list.into_iter().map(placed).collect())),
        Kind::List => list(value).map(Given::List),
        Kind::Number => match value {
            DeValue::Integer(number) if number.radix() == 10 => Some(Given::Text(number.as_str().to_owned())),
            _ => None,
        },
        Kind::Switch => match value {
            DeValue::Boolean(is_on) => Some(Given::Text(is_on.to_string())),
            _ => None,
        },
    }
}

fn expected(kind: Kind) -> String {
    match kind {
        Kind::Text | Kind::Secret | Kind::Path => "a text in quotes".to_owned(),
        Kind::Paths | Kind::List => "a list of texts, such as [\"a\", \"b\"]".to_owned(),
        Kind::Number => "a number".to_owned(),
        Kind::Switch => "`true` or `false`".to_owned(),
        Kind::OneOf(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
            format!("one of {}", words.join(", "))
        }
    }
}

/// Line and column behind these bytes.
fn place_of(before: &[u8]) -> (usize, usize) {
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    (line, String::from_utf8_lossy(&before[start..]).chars().count() + 1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(text: &str) -> Result<BTreeMap<&'static str, Said>, Vec<Mistake>> {
        parse(text, Path::new("/etc/lumidex"), Some(Path::new("/home/ada")))
    }

    #[test]
    fn paths_are_of_the_file_and_home_is_known() {
        let values =
            read("data-dir = \"data\"\nfolders = [\"~/pics\", \"/x\", \"y\"]\nui-dir = \"\"").unwrap();
        let said = |value, line| Said { value, line };
        assert_eq!(values["data-dir"], said(Given::Text("/etc/lumidex/data".into()), 1));
        let folders = ["/home/ada/pics", "/x", "/etc/lumidex/y"].map(str::to_owned).to_vec();
        assert_eq!(values["folders"], said(Given::List(folders), 2));
        assert_eq!(values["ui-dir"], said(Given::Text(String::new()), 3));
    }

    #[test]
    fn all_that_means_nothing_is_told_with_its_place() {
        let text = "port = 8000\nprot = 1\nread-only = \"yes\"\n\n  lang = \"fr\"\n[serve]\nport = 2\n";
        let told: Vec<_> = read(text).unwrap_err().into_iter().map(|m| (m.line, m.column, m.text)).collect();
        let want = [
            (2, 1, "there is no setting `prot`; did you mean `port`?"),
            (3, 13, "`read-only` is `true` or `false`"),
            (5, 10, "`lang` is one of \"auto\", \"en\", \"zh\""),
            (6, 2, "there is no setting `serve`"),
        ];
        assert_eq!(told, want.map(|(line, column, text)| (line, column, text.to_owned())));
        let broken = read("port = \nhost = \"a\"").unwrap_err();
        assert_eq!(broken[0].line, 1, "{broken:?}");
        assert!(read("data_dir = \"x\"").unwrap_err()[0].text.contains("`data-dir`"));
        for wrong in ["port = -1.5", "port = 0x10", "host = 1", "allow-host = [1]", "open = 1"] {
            assert_eq!(read(wrong).unwrap_err().len(), 1, "{wrong}");
        }
    }
}
