//! Paths that a command is about: typed, or read from standard input where `-` stands. Any bytes that a name may hold
//! come through; refuses to look at the disk.

use super::talk::{Halt, Talk};
use crate::sys::paths::from_bytes;
use clap::Args;
use std::io::BufRead as _;
use std::path::{Path, PathBuf};

/// Longest path that is read, in bytes.
const PATH_BYTES_MAX: usize = 16 << 10;

/// Paths as they are typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct TypedPaths {
    /// Files; `-` reads them from standard input, one a line
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Paths on standard input are separated by NUL, as `lumidex search -0` and `find -print0` write them
    #[arg(long, short = '0')]
    pub null: bool,
}

impl TypedPaths {
    /// Hands on each path as it was typed, until `take` says otherwise. What is on standard input is read as it is
    /// needed.
    ///
    /// # Errors
    /// What `take` says, and [`Halt::Input`] when standard input cannot be read.
    pub(super) fn each(
        &self,
        talk: &mut Talk<'_>,
        mut take: impl FnMut(&mut Talk<'_>, &Path) -> Result<(), Halt>,
    ) -> Result<(), Halt> {
        for path in &self.paths {
            if path != Path::new("-") {
                take(talk, path)?;
                continue;
            }
            let ends = if self.null { 0 } else { b'\n' };
            while let Some(path) = next(talk, ends)? {
                take(talk, &path)?;
            }
        }
        Ok(())
    }

    /// All of them, as requests name them.
    ///
    /// # Errors
    /// As [`TypedPaths::each`].
    pub(super) fn all(&self, talk: &mut Talk<'_>) -> Result<Vec<String>, Halt> {
        let mut all = Vec::new();
        self.each(talk, |talk, path| {
            all.push(talk.path(path));
            Ok(())
        })?;
        Ok(all)
    }
}

/// The next path on standard input. Empty ones are passed over.
fn next(talk: &mut Talk<'_>, ends: u8) -> Result<Option<PathBuf>, Halt> {
    let failed = |source| Halt::Input { what: "standard input".to_owned(), source };
    loop {
        let mut bytes = Vec::new();
        let mut read = std::io::Read::take(&mut *talk.input, PATH_BYTES_MAX as u64 + 1);
        let n_bytes = read.read_until(ends, &mut bytes);
        if n_bytes.map_err(failed)? == 0 {
            return Ok(None);
        }
        if bytes.len() > PATH_BYTES_MAX {
            return Err(Halt::Usage(format!(
                "a path on standard input is longer than {PATH_BYTES_MAX} bytes"
            )));
        }
        if bytes.last() == Some(&ends) {
            bytes.pop();
        }
        if !bytes.is_empty() {
            return Ok(Some(from_bytes(&bytes)));
        }
    }
}

/// What stands on standard input, as text.
///
/// # Errors
/// [`Halt::Input`] when it cannot be read or is no text; [`Halt::Usage`] when it is longer than `max` bytes.
pub(super) fn text_of_input(talk: &mut Talk<'_>, max: usize) -> Result<String, Halt> {
    let mut text = String::new();
    let mut read = std::io::Read::take(&mut *talk.input, max as u64 + 1);
    std::io::Read::read_to_string(&mut read, &mut text)
        .map_err(|source| Halt::Input { what: "standard input".to_owned(), source })?;
    if text.len() > max {
        return Err(Halt::Usage(format!("what stands on standard input is longer than {max} bytes")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::talk::Ended;
    use super::super::talk::tests::{Stage, play};
    use super::*;

    fn read(paths: &[&str], null: bool, input: &[u8]) -> Vec<String> {
        let typed = TypedPaths { paths: paths.iter().map(PathBuf::from).collect(), null };
        let mut all = Vec::new();
        let played = play(&Stage { input, ..Stage::default() }, |talk| {
            all = typed.all(talk)?;
            Ok(Ended::Done)
        });
        played.outcome.unwrap();
        all
    }

    #[test]
    fn paths_come_from_the_line_and_from_standard_input() {
        assert_eq!(
            read(&["a", "-", "/c"], false, b"b b\n\n/x/../y\xff"),
            ["/w/a", "/w/b b", "/y\u{fffd}FF", "/c"]
        );
        assert_eq!(read(&["-"], true, b"a\nb\0\0c\0"), ["/w/a\nb", "/w/c"]);
        assert_eq!(read(&["./-"], true, b"x"), ["/w/-"]);
        assert!(read(&["-"], false, b"").is_empty());
    }

    #[test]
    fn a_path_without_an_end_is_refused() {
        let typed = TypedPaths { paths: vec!["-".into()], null: false };
        let input = vec![b'x'; PATH_BYTES_MAX + 1];
        let played = play(&Stage { input: &input, ..Stage::default() }, |talk| {
            typed.all(talk)?;
            Ok(Ended::Done)
        });
        assert_eq!(played.outcome.unwrap_err().code(), super::super::talk::USAGE);
    }
}
