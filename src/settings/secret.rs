//! The secret key: as it was given, or the first line of the file that was named, which may be standard input. Refuses
//! to know what it is for, and never says it.

use super::{Environment, Flags, Secret, SettingsError};
use crate::sys::{PathError, files, paths};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

/// Longest key that is read from a file, in bytes.
const BYTES_MAX: u64 = 1024;

/// What stands for standard input.
const STDIN: &str = "-";

const KEY: &str = "secret-key";
const FILE: &str = "secret-file";

/// Why the secret key cannot be taken from where it is said to be.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It is given in two ways, neither of which wins.
    #[error("{one} and {other} both give the secret key; set one of them")]
    Twice {
        /// As it was set.
        one: String,
        /// As it was set.
        other: String,
    },
    /// There is none.
    #[error("the first line of {from} is to be the secret key, and it is empty")]
    Empty {
        /// The file.
        from: String,
    },
    /// It is not UTF-8.
    #[error("the first line of {from} is to be the secret key, and it is not UTF-8")]
    NotText {
        /// The file.
        from: String,
    },
    /// It is no key.
    #[error("the first line of {from} is to be the secret key, and it is longer than {BYTES_MAX} bytes")]
    TooLong {
        /// The file.
        from: String,
    },
}

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) secret: Option<Secret>,
    /// Where it was read from, absolute; `-` for standard input.
    pub(super) file: Option<PathBuf>,
    /// What a person should know of it.
    pub(super) notice: Option<String>,
}

/// The key by the flag, else by a variable, else by the configuration file.
///
/// # Errors
/// [`SettingsError::Secret`], or [`SettingsError::File`] when the file cannot be read.
pub(super) fn secret(flags: &Flags, environment: &Environment) -> Result<Found, SettingsError> {
    let file = match &flags.secret_file {
        Some(typed) => Some(typed.clone()),
        None => match chosen(environment)? {
            Some(FILE) => environment.path(FILE),
            Some(_) => return Ok(Found { secret: environment.secret(KEY), ..Found::default() }),
            None => None,
        },
    };
    let Some(file) = file else { return Ok(Found::default()) };
    if file.as_os_str() == STDIN {
        let said = first_line(&mut io::stdin().lock(), Path::new("standard input"), "standard input")?;
        return Ok(Found { secret: Some(said), file: Some(file), notice: None });
    }
    let path = paths::absolute_normal(&file, &environment.place().cwd);
    let opened = files::open(&path)?;
    let notice = is_open_to_all(&opened).then(|| {
        format!("`{}` holds the secret key, and every user of this machine may read it", path.display())
    });
    let said = first_line(&mut BufReader::new(opened), &path, &format!("`{}`", path.display()))?;
    Ok(Found { secret: Some(said), file: Some(path), notice })
}

/// Which of the two settings counts: variables win over the configuration file, but nothing says which of two
/// variables was meant.
fn chosen(environment: &Environment) -> Result<Option<&'static str>, SettingsError> {
    let is_set = |key: &&&'static str| environment.text(key).is_some();
    let set: Vec<&'static str> = [KEY, FILE].iter().filter(is_set).copied().collect();
    let variables: Vec<&'static str> =
        set.iter().copied().filter(|key| environment.is_variable(key)).collect();
    let first = if variables.is_empty() { set } else { variables };
    if let [one, other] = first[..] {
        let called = |key| environment.called(key);
        return Err(SecretError::Twice { one: called(one), other: called(other) }.into());
    }
    Ok(first.first().copied())
}

fn first_line(from: &mut impl BufRead, path: &Path, called: &str) -> Result<Secret, SettingsError> {
    let from_called = || called.to_owned();
    let mut line = Vec::new();
    // With room for the end of the line, of two bytes at most.
    from.take(BYTES_MAX + 2).read_until(b'\n', &mut line).map_err(PathError::doing("read", path))?;
    let ended = line.strip_suffix(b"\n").map_or(&line[..], |line| line.strip_suffix(b"\r").unwrap_or(line));
    if ended.len() as u64 > BYTES_MAX {
        return Err(SecretError::TooLong { from: from_called() }.into());
    }
    let key = std::str::from_utf8(ended).map_err(|_| SecretError::NotText { from: from_called() })?;
    if key.trim().is_empty() {
        return Err(SecretError::Empty { from: from_called() }.into());
    }
    Ok(Secret(key.to_owned()))
}

/// Whether the file's permissions let everyone read it. What is no file, as a pipe, has none that matter.
fn is_open_to_all(file: &File) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o004 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        false
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn line(content: &[u8]) -> Result<String, String> {
        let read = first_line(&mut &*content, Path::new("x"), "`x`");
        read.map(|secret| secret.0).map_err(|error| error.to_string())
    }

    #[test]
    fn the_first_line_is_the_key_without_its_end() {
        for content in ["k e y", "k e y\n", "k e y\r\n", "k e y\nanother\n"] {
            assert_eq!(line(content.as_bytes()).unwrap(), "k e y", "{content:?}");
        }
        assert_eq!(line(" schlüssel\n".as_bytes()).unwrap(), " schlüssel", "nothing else is cut off");
        let longest = "x".repeat(1024);
        assert_eq!(line(longest.as_bytes()).unwrap(), longest);
        assert_eq!(line(format!("{longest}\r\n").as_bytes()).unwrap(), longest);
    }

    #[test]
    fn what_is_no_key_is_told_without_saying_it() {
        for (content, why) in [
            (&b""[..], "empty"),
            (b"\nkey", "empty"),
            (b" \t\r\n", "empty"),
            (b"hush\xff\n", "not UTF-8"),
            (&[b'h'; 1025], "longer than 1024 bytes"),
            (&[b'h'; 1 << 20], "longer than 1024 bytes"),
        ] {
            let said = line(content).unwrap_err();
            assert!(said.contains(why) && said.contains("`x`"), "{said}");
            assert!(!said.contains("hush") && !said.contains("hhhh"), "{said}");
        }
    }

    #[test]
    fn no_more_than_the_line_is_taken_from_what_others_read_on() {
        let mut input = &b"key\nthe rest"[..];
        assert_eq!(first_line(&mut input, Path::new("x"), "x").unwrap().0, "key");
        assert_eq!(input, b"the rest");
    }
}
