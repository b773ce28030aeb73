//! Paths as bytes and back. Every byte sequence a Unix file system allows comes back unchanged;
//! elsewhere names are Unicode and `/` separates.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

/// The bytes of a path or name.
#[must_use]
pub fn to_bytes(path: impl AsRef<OsStr>) -> Vec<u8> {
    let name = path.as_ref();
    #[cfg(unix)]
    {
        std::os::unix::ffi::OsStrExt::as_bytes(name).to_vec()
    }
    #[cfg(not(unix))]
    {
        name.to_string_lossy().replace('\\', "/").into_bytes()
    }
}

/// The path or name with these bytes.
#[must_use]
pub fn from_bytes(bytes: &[u8]) -> PathBuf {
    #[cfg(unix)]
    {
        PathBuf::from(<OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes))
    }
    #[cfg(not(unix))]
    {
        PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
    }
}

/// `path` made absolute against `base` (itself absolute) and lexically normal: no `.`, no `..`,
/// no repeated or trailing separator. Symbolic links are not resolved.
#[must_use]
pub fn absolute_normal(path: &Path, base: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in base.join(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                // The parent of the top is the top.
                normal.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => normal.push(component),
        }
    }
    normal
}

/// Where this system keeps a program's data, for lumidex; `None` when it names no such place.
#[must_use]
pub fn default_data_dir() -> Option<PathBuf> {
    Some(directories::ProjectDirs::from("", "", "lumidex")?.data_local_dir().to_owned())
}

/// Where this system keeps a program's configuration, for lumidex; `None` when it names no such place.
#[must_use]
pub fn default_config_file() -> Option<PathBuf> {
    Some(directories::ProjectDirs::from("", "", "lumidex")?.config_dir().join("config.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_and_separators_disappear() {
        let base = Path::new("/home/ada");
        for (given, normal) in [
            ("pics", "/home/ada/pics"),
            ("./pics//2024/", "/home/ada/pics/2024"),
            ("../bob/./x", "/home/bob/x"),
            ("/a/../../b", "/b"),
            ("..", "/home"),
            ("/", "/"),
        ] {
            assert_eq!(absolute_normal(Path::new(given), base), Path::new(normal), "{given}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn any_bytes_come_back() {
        for bytes in [&b"a/\xff\xfe"[..], b"", b"\n \xc3"] {
            assert_eq!(to_bytes(from_bytes(bytes)), bytes);
        }
    }
}
