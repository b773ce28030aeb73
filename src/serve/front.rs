//! The front end of the original, as it was built: files of one directory, in which the path it was built for is
//! replaced by the one it stands under. Refuses to know what it does and of which release it is.

use super::limits::{FRONT_FILE_BYTES_MAX, FRONT_KEPT_BYTES_MAX};
use super::range::Version;
use crate::settings::BASE_DEFAULT;
use crate::sys::{PathError, files};
use axum::body::Bytes;
use memchr::memmem;
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// Its first page.
pub(crate) const INDEX: &str = "index.html";
/// Where builds put files whose names hold a hash of what they hold.
const HASHED_FOLDER: &str = "assets/";

/// Why a directory cannot be hosted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// There is no such directory, or it cannot be looked at.
    #[error("the front end's folder `{}` cannot be read: {why}", dir.display())]
    Unreadable {
        /// As given, absolute.
        dir: PathBuf,
        /// The system's reason.
        why: String,
    },
    /// It is something else.
    #[error("the front end's folder `{}` is no folder", dir.display())]
    NoFolder {
        /// As given, absolute.
        dir: PathBuf,
    },
    /// It holds no built front end.
    #[error(
        "the front end's folder `{}` holds no `{INDEX}`{}; --ui-dir wants a built front end, with its `assets`",
        dir.display(),
        near.as_ref().map_or(String::new(), |near| format!(", but `{}` does", near.display()))
    )]
    NotBuilt {
        /// As given, absolute.
        dir: PathBuf,
        /// A folder below it that holds one.
        near: Option<PathBuf>,
    },
}

/// A built front end.
#[derive(Debug)]
pub(crate) struct FrontEnd {
    /// Resolved, so that what is resolved can be compared with it.
    dir: PathBuf,
    kept: Mutex<Kept>,
}

/// A file of it, ready to be sent.
#[derive(Debug)]
pub(crate) struct Asset {
    pub(crate) bytes: Bytes,
    pub(crate) kind: &'static str,
    pub(crate) version: Version,
    /// Its name changes with what it holds.
    pub(crate) is_lasting: bool,
    read_as: (SystemTime, u64),
}

/// Files by their names and where the front end stands, as they were sent last.
#[derive(Debug, Default)]
struct Kept {
    assets: HashMap<(String, String), Arc<Asset>>,
    n_bytes: usize,
}

impl FrontEnd {
    /// Of this directory.
    ///
    /// # Errors
    /// [`Unusable`] when there is no built front end in it.
    pub(crate) fn open(dir: &Path) -> Result<Self, Unusable> {
        let unreadable =
            |error: std::io::Error| Unusable::Unreadable { dir: dir.to_owned(), why: error.to_string() };
        let resolved = dir.canonicalize().map_err(unreadable)?;
        if !resolved.metadata().map_err(unreadable)?.is_dir() {
            return Err(Unusable::NoFolder { dir: dir.to_owned() });
        }
        if !resolved.join(INDEX).is_file() {
            let near = ["dist", "vue/dist"].map(|below| dir.join(below));
            let near = near.into_iter().find(|near| near.join(INDEX).is_file());
            return Err(Unusable::NotBuilt { dir: dir.to_owned(), near });
        }
        Ok(Self { dir: resolved, kept: Mutex::default() })
    }

    /// The file of this name, for a front end that stands under `at`; `None` when there is none that may be sent.
    ///
    /// # Errors
    /// [`PathError`] when it is there and cannot be read.
    pub(crate) fn asset(&self, name: &str, at: &str) -> Result<Option<Arc<Asset>>, PathError> {
        let Some(path) = self.resolved(name) else { return Ok(None) };
        let metadata = path.metadata().map_err(PathError::doing("look at", &path))?;
        let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let read_as = (modified, metadata.len());
        let key = (name.to_owned(), at.to_owned());
        // A front end may be built anew while it is hosted.
        if let Some(known) = self.kept.lock().assets.get(&key)
            && known.read_as == read_as
        {
            return Ok(Some(Arc::clone(known)));
        }
        let content = files::read_at_most(&path, FRONT_FILE_BYTES_MAX)?;
        let kind = kind(name);
        let is_rewritten = name == INDEX || kind == JAVASCRIPT;
        let content = if is_rewritten { moved(&content, at) } else { content };
        let digest = Sha256::digest(&content);
        let etag = format!("\"{}\"", digest[..16].iter().map(|b| format!("{b:02x}")).collect::<String>());
        let asset = Arc::new(Asset {
            bytes: content.into(),
            kind,
            version: Version { etag, modified },
            is_lasting: is_hashed(name),
            read_as,
        });
        self.kept.lock().insert(key, &asset);
        Ok(Some(asset))
    }

    /// The file of a name, when it lies in the directory, links followed.
    fn resolved(&self, name: &str) -> Option<PathBuf> {
        // Neither upwards nor sideways, on any platform, and nothing that was hidden on purpose.
        let is_plain =
            |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', ':', '\0']);
        if !name.split('/').all(is_plain) {
            return None;
        }
        let path = self.dir.join(name).canonicalize().ok()?;
        (path.starts_with(&self.dir) && path.is_file()).then_some(path)
    }
}

impl Kept {
    fn insert(&mut self, key: (String, String), asset: &Arc<Asset>) {
        if self.n_bytes + asset.bytes.len() > FRONT_KEPT_BYTES_MAX {
            *self = Self::default();
        }
        self.n_bytes += asset.bytes.len();
        if let Some(old) = self.assets.insert(key, Arc::clone(asset)) {
            self.n_bytes -= old.bytes.len();
        }
    }
}

/// The content with every occurrence of the path that front ends are built for replaced by this one.
fn moved(content: &[u8], at: &str) -> Vec<u8> {
    let mut moved = Vec::with_capacity(content.len());
    let mut rest = 0;
    for found in memmem::find_iter(content, BASE_DEFAULT) {
        moved.extend_from_slice(&content[rest..found]);
        moved.extend_from_slice(at.as_bytes());
        rest = found + BASE_DEFAULT.len();
    }
    moved.extend_from_slice(&content[rest..]);
    moved
}

/// Whether the name holds a hash of the content, as bundlers write it: eight or more hexadecimal digits, or eight
/// characters of base64url that are no word, before the extension.
fn is_hashed(name: &str) -> bool {
    let Some((stem, _)) = name.strip_prefix(HASHED_FOLDER).and_then(|name| name.rsplit_once('.')) else {
        return false;
    };
    let has = |part: &str, is: fn(&u8) -> bool| part.as_bytes().iter().any(is);
    let last = stem.rsplit(['-', '.']).next().unwrap_or_default();
    if last.len() >= 8 && last.len() < stem.len() && last.bytes().all(|b| b.is_ascii_hexdigit()) {
        return has(last, u8::is_ascii_digit);
    }
    let Some((before, last)) = stem.len().checked_sub(8).and_then(|at| stem.split_at_checked(at)) else {
        return false;
    };
    before.ends_with(['-', '.'])
        && last.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        && (has(last, u8::is_ascii_digit)
            || has(last, u8::is_ascii_uppercase) && has(last, u8::is_ascii_lowercase))
}

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// The media type of a name. A browser takes no script and no style sheet of another one.
fn kind(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension.to_ascii_lowercase().as_str() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => JAVASCRIPT,
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "ttf" => "font/ttf",
        "otf" => "font/otf",
        "mp3" => "audio/mpeg",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs;

    fn built() -> (tempfile::TempDir, FrontEnd) {
        let dir = tempfile::tempdir().unwrap();
        let dist = dir.path().join("dist");
        fs::create_dir_all(dist.join("assets")).unwrap();
        fs::write(dir.path().join("secret.txt"), "canary").unwrap();
        fs::write(dist.join(INDEX), "<script src=/infinite_image_browsing/fe-static/a.js>").unwrap();
        fs::write(
            dist.join("assets/index-3646b2ad.js"),
            "\"/infinite_image_browsing\"+`/infinite_image_browsing`",
        )
        .unwrap();
        let front = FrontEnd::open(&dist).unwrap();
        (dir, front)
    }

    fn text(front: &FrontEnd, name: &str, at: &str) -> Option<String> {
        let asset = front.asset(name, at).unwrap()?;
        Some(String::from_utf8(asset.bytes.to_vec()).unwrap())
    }

    #[test]
    fn the_path_it_was_built_for_becomes_the_one_it_stands_under() {
        let (_dir, front) = built();
        assert_eq!(text(&front, INDEX, "/iib").unwrap(), "<script src=/iib/fe-static/a.js>");
        assert_eq!(text(&front, "assets/index-3646b2ad.js", "/a/iib").unwrap(), "\"/a/iib\"+`/a/iib`");
        assert_eq!(text(&front, "assets/index-3646b2ad.js", "/iib").unwrap(), "\"/iib\"+`/iib`");
    }

    #[test]
    fn only_scripts_and_the_first_page_are_rewritten() {
        let (_dir, front) = built();
        fs::write(front.dir.join("a.css"), "/infinite_image_browsing").unwrap();
        assert_eq!(text(&front, "a.css", "/iib").unwrap(), "/infinite_image_browsing");
    }

    #[test]
    fn what_is_built_anew_is_sent_anew() {
        let (_dir, front) = built();
        let before = front.asset(INDEX, "/iib").unwrap().unwrap();
        assert!(Arc::ptr_eq(&before, &front.asset(INDEX, "/iib").unwrap().unwrap()), "rewritten once");
        fs::write(front.dir.join(INDEX), "another build, of another length").unwrap();
        let after = front.asset(INDEX, "/iib").unwrap().unwrap();
        assert_eq!(&after.bytes[..], b"another build, of another length");
        assert_ne!(before.version.etag, after.version.etag);
    }

    #[test]
    fn nothing_outside_is_sent() {
        let (dir, front) = built();
        let absolute = dir.path().join("secret.txt");
        for name in [
            "../secret.txt",
            "assets/../../secret.txt",
            "./../secret.txt",
            absolute.to_str().unwrap(),
            "..\\secret.txt",
            "assets/..\\..\\secret.txt",
            "",
            "/",
            "assets",
            "assets/",
            "assets//index-3646b2ad.js",
            ".hidden",
            "index.html\0.js",
            "C:/secret.txt",
        ] {
            assert_eq!(text(&front, name, "/iib"), None, "{name:?}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_link_that_leads_outside_is_no_file_of_it() {
        let (dir, front) = built();
        std::os::unix::fs::symlink(dir.path().join("secret.txt"), front.dir.join("leak.txt")).unwrap();
        std::os::unix::fs::symlink(dir.path(), front.dir.join("up")).unwrap();
        std::os::unix::fs::symlink(front.dir.join(INDEX), front.dir.join("same.html")).unwrap();
        assert_eq!(text(&front, "leak.txt", "/iib"), None);
        assert_eq!(text(&front, "up/secret.txt", "/iib"), None);
        assert!(text(&front, "same.html", "/iib").is_some());
    }

    #[test]
    fn kept_files_are_bounded() {
        let mut kept = Kept::default();
        let asset = |n_bytes: usize| {
            Arc::new(Asset {
                bytes: vec![0; n_bytes].into(),
                kind: "",
                version: Version { etag: String::new(), modified: SystemTime::UNIX_EPOCH },
                is_lasting: false,
                read_as: (SystemTime::UNIX_EPOCH, 0),
            })
        };
        for n in 0..40 {
            kept.insert((format!("{n}"), String::new()), &asset(FRONT_KEPT_BYTES_MAX / 8));
            kept.insert((format!("{n}"), String::new()), &asset(FRONT_KEPT_BYTES_MAX / 16));
            let held: usize = kept.assets.values().map(|asset| asset.bytes.len()).sum();
            assert_eq!(held, kept.n_bytes);
            assert!(held <= FRONT_KEPT_BYTES_MAX);
        }
    }

    #[test]
    fn hashed_names_are_told_from_words() {
        for name in [
            "index-3646b2ad.js",
            "Checkbox-03dcacff.js",
            "a.0123456789abcdef.css",
            "index-DiwrgTda.js",
            "x-a-_9Bc1d.js",
        ] {
            assert!(is_hashed(&format!("assets/{name}")), "{name}");
        }
        for name in
            ["index.js", "my-component.js", "app-settings.js", "deadbeef.js", "logo.svg", "-.js", "ü-ü.js"]
        {
            assert!(!is_hashed(&format!("assets/{name}")), "{name}");
        }
        assert!(!is_hashed("index-3646b2ad.js"), "only below {HASHED_FOLDER}");
    }

    #[test]
    fn what_is_no_built_front_end_is_refused_in_words() {
        let (dir, front) = built();
        let said = |dir: &Path| FrontEnd::open(dir).unwrap_err().to_string();
        assert!(
            said(&dir.path().join("none")).contains("cannot be read"),
            "{}",
            said(&dir.path().join("none"))
        );
        assert!(said(&front.dir.join(INDEX)).ends_with("is no folder"));
        let above = said(dir.path());
        assert!(above.contains("holds no `index.html`, but `") && above.contains("dist` does"), "{above}");
    }
}
