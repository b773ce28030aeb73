//! Paths of another machine, or another operating system, as paths of this one. Pure.
//!
//! A path is compared by its components. One with a drive letter or of a share is Windows's: both slashes separate,
//! and case does not matter. In others only `/` separates, for a backslash may be part of a name.

use std::path::{Path, PathBuf};

use lumidex::sys::paths;

/// Where a path begins.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Anchor {
    /// `/`.
    Top,
    /// A drive letter, in upper case.
    Drive(char),
    /// `\\`, before the name of a server.
    Share,
    /// Wherever the program was.
    Nowhere,
}

/// A path taken apart, lexically normal.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts<'a> {
    anchor: Anchor,
    ignores_case: bool,
    names: Vec<&'a str>,
}

fn parts(text: &str) -> Parts<'_> {
    let (share, rest) = match text.strip_prefix(r"\\?\") {
        Some(rest) => match rest.strip_prefix(r"UNC\") {
            Some(rest) => (true, rest),
            None => (false, rest),
        },
        None => text.strip_prefix(r"\\").map_or((false, text), |rest| (true, rest)),
    };
    let mut letters = rest.chars();
    let drive = match (letters.next(), letters.next(), letters.next()) {
        (Some(letter), Some(':'), None | Some('/' | '\\')) if letter.is_ascii_alphabetic() => Some(letter),
        _ => None,
    };
    let (anchor, rest) = match drive {
        _ if share => (Anchor::Share, rest),
        Some(letter) => (Anchor::Drive(letter.to_ascii_uppercase()), &rest[2..]),
        None if rest.starts_with('/') => (Anchor::Top, rest),
        None => (Anchor::Nowhere, rest),
    };
    let ignores_case = match anchor {
        Anchor::Top => false,
        Anchor::Drive(_) | Anchor::Share => true,
        Anchor::Nowhere => rest.contains('\\') && !rest.contains('/'),
    };
    let is_separator = |letter: char| letter == '/' || (ignores_case && letter == '\\');
    let mut names = Vec::new();
    for name in rest.split(is_separator) {
        match name {
            "" | "." => {}
            // The parent of the top is the top.
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    Parts { anchor, ignores_case, names }
}

/// What remains of a path below another.
fn below<'p>(path: &Parts<'p>, old: &Parts<'_>) -> Option<Vec<&'p str>> {
    let is_same = |a: &str, b: &str| match path.ignores_case || old.ignores_case {
        true => a == b || a.to_lowercase() == b.to_lowercase(),
        false => a == b,
    };
    let begins = path.anchor == old.anchor
        && path.names.len() >= old.names.len()
        && path.names.iter().zip(&old.names).all(|(a, b)| is_same(a, b));
    begins.then(|| path.names[old.names.len()..].to_vec())
}

/// `OLD=NEW`: what lay in one folder lies in another here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    old: String,
    new: PathBuf,
}

impl std::str::FromStr for Mapping {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (old, new) = text.split_once('=').ok_or("write it as OLD=NEW")?;
        if parts(old).names.is_empty() && parts(old).anchor == Anchor::Nowhere {
            return Err("there is nothing before the `=`".to_owned());
        }
        if new.is_empty() {
            return Err("there is nothing after the `=`".to_owned());
        }
        Ok(Self { old: old.to_owned(), new: PathBuf::from(new) })
    }
}

/// All mappings of a run, those of the longest folders first.
#[derive(Clone, Debug, Default)]
pub struct PathMap {
    mappings: Vec<(String, Vec<u8>)>,
}

/// A path as it is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its bytes: absolute and lexically normal if it `is_here`.
    pub path: Vec<u8>,
    /// Whether it can be a path of this machine.
    pub is_here: bool,
    /// Whether a mapping says so.
    pub is_mapped: bool,
}

impl PathMap {
    /// From mappings in any order; a relative new folder is one below `cwd`.
    ///
    /// # Errors
    ///
    /// When two are of the same folder, with that folder.
    pub fn new(mappings: &[Mapping], cwd: &Path) -> Result<Self, String> {
        let mut map = Self::default();
        for Mapping { old, new } in mappings {
            if map.mappings.iter().any(|(other, _)| parts(other) == parts(old)) {
                return Err(format!("`{old}` is mapped twice"));
            }
            map.mappings.push((old.clone(), paths::to_bytes(paths::absolute_normal(new, cwd))));
        }
        map.mappings.sort_by_key(|(old, _)| std::cmp::Reverse(parts(old).names.len()));
        Ok(map)
    }

    /// Where a path of the other machine is.
    #[must_use]
    pub fn place(&self, text: &str) -> Placed {
        let path = parts(text);
        for (old, new) in &self.mappings {
            if let Some(rest) = below(&path, &parts(old)) {
                let path = lumidex_schema::path::absolute(new, rest.join("/").as_bytes(), b"");
                return Placed { path, is_here: true, is_mapped: true };
            }
        }
        let names = path.names.join("/");
        let (text, is_here) = match path.anchor {
            Anchor::Top => (format!("/{names}"), cfg!(unix)),
            Anchor::Drive(letter) => (format!("{letter}:/{names}"), cfg!(windows)),
            Anchor::Share => (format!("//{names}"), cfg!(windows)),
            Anchor::Nowhere => (names, false),
        };
        Placed { path: text.into_bytes(), is_here, is_mapped: false }
    }

    /// A path that a mapping is about, as text of this machine; `None` for every other text.
    #[must_use]
    pub fn mapped(&self, text: &str) -> Option<String> {
        let is_about = |old: &str| below(&parts(text), &parts(old)).is_some();
        let is_any = self.mappings.iter().any(|(old, _)| is_about(old));
        is_any.then(|| lumidex_schema::path::display(&self.place(text).path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(mappings: &[&str]) -> PathMap {
        let mappings: Vec<Mapping> = mappings.iter().map(|text| text.parse().unwrap()).collect();
        PathMap::new(&mappings, Path::new("/here")).unwrap()
    }

    fn placed(map: &PathMap, text: &str) -> String {
        String::from_utf8(map.place(text).path).unwrap()
    }

    #[test]
    fn drives_backslashes_and_case_of_windows() {
        let map = map(&[r"D:\pics=/mnt/pics", r"\\nas\Share=/mnt/nas", r"E:=/mnt/e"]);
        for (text, is) in [
            (r"D:\pics\2024\a b.png", "/mnt/pics/2024/a b.png"),
            (r"d:/PICS\x.png", "/mnt/pics/x.png"),
            (r"\\?\D:\pics\x.png", "/mnt/pics/x.png"),
            (r"D:\pics", "/mnt/pics"),
            (r"D:\picsmore\x.png", "D:/picsmore/x.png"),
            (r"\\NAS\share\x.png", "/mnt/nas/x.png"),
            (r"\\?\UNC\nas\share\x.png", "/mnt/nas/x.png"),
            (r"E:\x.png", "/mnt/e/x.png"),
            (r"E:\a\..\..\x.png", "/mnt/e/x.png"),
            ("/a/D:/pics", "/a/D:/pics"),
        ] {
            assert_eq!(placed(&map, text), is, "{text}");
        }
        assert!(!map.place(r"C:\x.png").is_here || cfg!(windows));
    }

    #[test]
    fn the_longest_folder_wins_by_components_and_only_once() {
        let map = map(&["/data=/mnt/all", "/data/new/best=/best", "/data/new=/data/x"]);
        for (text, is) in [
            ("/data/a.png", "/mnt/all/a.png"),
            ("/data/new/a.png", "/data/x/a.png"),
            ("/data/new/best/./b//c.png", "/best/b/c.png"),
            ("/data/newer/a.png", "/mnt/all/newer/a.png"),
            ("/dat/a.png", "/dat/a.png"),
            ("/DATA/a.png", "/DATA/a.png"),
        ] {
            assert_eq!(placed(&map, text), is, "{text}");
        }
    }

    #[test]
    fn a_backslash_of_unix_is_part_of_a_name() {
        let map = map(&["/a=/b", "out=rel"]);
        assert_eq!(placed(&map, r"/a/x\y.png"), r"/b/x\y.png");
        assert_eq!(placed(&map, "out/x.png"), "/here/rel/x.png");
        assert_eq!(placed(&map, r"out\x.png"), "/here/rel/x.png");
        assert!(!map.place("other/x.png").is_here);
    }

    #[test]
    fn only_texts_that_a_mapping_is_about_are_changed() {
        let map = map(&["/a/b=/c"]);
        assert_eq!(map.mapped("/a/b/x"), Some("/c/x".to_owned()));
        for text in ["/a/bc", "a/b", "", "/a"] {
            assert_eq!(map.mapped(text), None, "{text}");
        }
    }

    #[test]
    fn mappings_that_say_nothing_are_refused() {
        for bad in ["", "a", "=b", "a=", "="] {
            assert!(bad.parse::<Mapping>().is_err(), "{bad}");
        }
        let twice: Vec<Mapping> = [r"D:\a=/x", "d:/a=/y"].iter().map(|text| text.parse().unwrap()).collect();
        let refused = PathMap::new(&twice[..], Path::new("/"));
        // Names are compared as they are written; drives are not.
        assert!(refused.is_err());
    }
}
