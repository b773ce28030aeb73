//! Which paths a client may name: everything is decided on the components of resolved paths.
//!
//! A path has two forms. The *lexical* one (absolute, no `.`, `..` or doubled separators, symlinks
//! untouched) names files everywhere in answers and in the ledger. The *real* one (symlinks
//! resolved) decides trust and is what is opened. Refuses to know HTTP methods and stores.

use super::limits::PATH_BYTES_MAX;
use super::policy::Paths;
use super::problem::Problem;
use super::reach;
use crate::settings::Settings;
use crate::sys::paths::{absolute_normal, from_bytes, to_bytes};
use lumidex_schema::path::{below, display, from_display};
use std::path::{Path, PathBuf};

/// What is trusted at the moment.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    is_confined: bool,
    is_limited: bool,
    roots: Vec<Root>,
}

#[derive(Clone, Debug)]
struct Root {
    lexical: Vec<u8>,
    real: PathBuf,
}

/// A path a client named, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Lexical form, as the ledger and answers have it.
    pub(crate) path: Vec<u8>,
    /// Real form, to be opened.
    pub(crate) real: PathBuf,
    /// How it lies to the roots.
    pub(crate) standing: Standing,
}

/// How a path lies to the roots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Is a root or lies below one.
    Inside,
    /// A root lies below it, or was given by a path that goes through it.
    Above,
    /// Neither.
    Outside,
}

impl Access {
    /// From the settings and the folders the library holds.
    pub(crate) fn new(settings: &Settings, extra_paths: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let is_limited = !settings.allowed_paths.is_empty();
        let given = settings.cli_paths.iter().chain(&settings.host_folders);
        let lexical: Vec<Vec<u8>> = if is_limited {
            settings.allowed_paths.iter().map(to_bytes).collect()
        } else {
            extra_paths.into_iter().chain(given.map(to_bytes)).collect()
        };
        let roots = lexical.into_iter().map(|path| Root { real: resolve(&from_bytes(&path)), lexical: path });
        // A list of allowed folders holds even when access control is off (contract 13.3).
        let is_confined = reach::is_confined(settings) || is_limited;
        Self { is_confined, is_limited, roots: roots.collect() }
    }

    /// As it bears on images of the index, whose paths lie below the roots in any case: asks
    /// neither the library nor the disk beyond the allowed folders.
    pub(crate) fn of_images(settings: &Settings) -> Self {
        if settings.allowed_paths.is_empty() {
            return Self { is_confined: reach::is_confined(settings), is_limited: false, roots: Vec::new() };
        }
        Self::new(settings, [])
    }

    /// Whether only some of the index may be shown.
    pub(crate) fn is_limited(&self) -> bool {
        self.is_limited
    }

    /// Whether reads and writes are confined to the roots.
    pub(crate) fn is_confined(&self) -> bool {
        self.is_confined
    }

    /// Whether the lexical path is a root or lies below one: what `is_under_scanned_path` says.
    pub(crate) fn is_under_root(&self, path: &[u8]) -> bool {
        self.roots.iter().any(|root| below(path, &root.lexical).is_some())
    }

    /// Checks the lexical path for what a route does with it.
    ///
    /// # Errors
    /// 403 when it may not be named there.
    pub(crate) fn check(&self, path: Vec<u8>, wanted: Paths) -> Result<Place, Problem> {
        let real = resolve(&from_bytes(&path));
        let standing = self.standing(&path, &real);
        let may = match (wanted, standing) {
            (Paths::None, _) => return Err(Problem::internal("checking a path", &"the route takes none")),
            (Paths::Read | Paths::Write | Paths::List, Standing::Inside) => true,
            (Paths::List, Standing::Above) => true,
            (Paths::Read | Paths::Write, Standing::Above) => !self.is_confined,
            (Paths::Read | Paths::Write | Paths::List, Standing::Outside) => !self.is_confined,
        };
        if may {
            return Ok(Place { path, real, standing });
        }
        Err(Problem::forbidden(format!("`{}` lies outside the folders this server may show", display(&path))))
    }

    /// The folders a search is to be limited to, so that nothing outside the allowed paths is
    /// found and pages stay full: `None` when no limit is needed.
    pub(crate) fn narrowed(&self, folders: Option<Vec<Vec<u8>>>) -> Option<Vec<Vec<u8>>> {
        if !self.is_limited {
            return folders;
        }
        let allowed = || self.roots.iter().map(|root| root.lexical.clone());
        let Some(folders) = folders else { return Some(allowed().collect()) };
        let mut narrowed = Vec::new();
        for folder in folders {
            if self.is_under_root(&folder) {
                narrowed.push(folder);
            } else {
                narrowed.extend(allowed().filter(|root| below(root, &folder).is_some()));
            }
        }
        Some(narrowed)
    }

    /// Whether the index may answer with this image, without a look at the disk: walks follow no
    /// symlinks, so a path of the index lies where it says.
    pub(crate) fn may_show(&self, path: &[u8]) -> bool {
        !self.is_limited || self.is_under_root(path)
    }

    /// Whether a root of the index may be named: something of it may be shown.
    pub(crate) fn may_name(&self, path: &[u8]) -> bool {
        self.may_show(path) || self.roots.iter().any(|root| below(&root.lexical, path).is_some())
    }

    /// Whether a symbolic link at this path may be followed and shown: it leads into a root, or a root
    /// was given by a path that goes through it.
    pub(crate) fn may_follow(&self, path: &[u8]) -> bool {
        let is_inside = |real: &Path| self.roots.iter().any(|root| real.starts_with(&root.real));
        self.is_above(path) || is_inside(&resolve(&from_bytes(path)))
    }

    /// Whether what is no link, and lies at this path, is a root or leads to one.
    pub(crate) fn leads_in(&self, path: &[u8], real: &Path) -> bool {
        self.standing(path, real) != Standing::Outside
    }

    fn standing(&self, path: &[u8], real: &Path) -> Standing {
        if self.roots.iter().any(|root| real.starts_with(&root.real)) {
            Standing::Inside
        } else if self.is_above(path) || self.roots.iter().any(|root| root.real.starts_with(real)) {
            Standing::Above
        } else {
            Standing::Outside
        }
    }

    /// Whether a root was given by a path that goes through this one. A root behind a link has two ways
    /// that lead to it, and people go by the one they gave.
    fn is_above(&self, path: &[u8]) -> bool {
        self.roots.iter().any(|root| below(&root.lexical, path).is_some())
    }
}

/// The lexical form of a path as a client wrote it; relative ones start at `cwd`.
///
/// # Errors
/// 400 when it is empty, too long, or holds a NUL, which no file name can.
pub(crate) fn lexical(given: &str, cwd: &Path) -> Result<Vec<u8>, Problem> {
    let bytes = from_display(given);
    if bytes.is_empty() {
        return Err(Problem::bad("a path is empty"));
    }
    if bytes.len() > PATH_BYTES_MAX {
        return Err(Problem::bad(format!("a path is longer than {PATH_BYTES_MAX} bytes")));
    }
    if bytes.contains(&0) {
        return Err(Problem::bad("a path holds a NUL character"));
    }
    Ok(to_bytes(absolute_normal(&from_bytes(&bytes), cwd)))
}

/// The path with the symlinks of its existing part resolved; what does not exist is appended.
fn resolve(path: &Path) -> PathBuf {
    let mut rest = Vec::new();
    let mut head = path;
    loop {
        if let Ok(mut real) = head.canonicalize() {
            real.extend(rest.iter().rev());
            return real;
        }
        match (head.parent(), head.file_name()) {
            (Some(parent), Some(name)) => {
                rest.push(name);
                head = parent;
            }
            _ => return path.to_owned(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::reach::tests::settings;
    use super::*;
    use crate::settings::AccessControl;
    use std::os::unix::fs::symlink;

    fn access(dir: &Path, control: AccessControl) -> Access {
        let settings = Settings { access: control, ..settings(dir) };
        Access::new(&settings, [to_bytes(dir.join("pics"))])
    }

    fn world() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["pics/a", "pics-private", "elsewhere"] {
            std::fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        symlink(dir.path().join("elsewhere"), dir.path().join("pics/out")).unwrap();
        symlink(dir.path().join("pics/a"), dir.path().join("elsewhere/in")).unwrap();
        symlink("loop", dir.path().join("pics/loop")).unwrap();
        dir
    }

    #[test]
    fn trust_follows_components_of_resolved_paths() {
        let dir = world();
        let access = access(dir.path(), AccessControl::Enable);
        let may = |path: &str, wanted| {
            access.check(lexical(path, dir.path()).unwrap(), wanted).map(|place| place.standing).ok()
        };
        for inside in [
            "pics",
            "pics/",
            "pics/a/x.png",
            "pics/./a//x.png",
            "elsewhere/in/x.png",
            "elsewhere/../pics",
            "pics/loop",
        ] {
            assert_eq!(may(inside, Paths::Write), Some(Standing::Inside), "{inside}");
        }
        for outside in [
            "pics-private",
            "pics-private/x",
            "pics/out",
            "pics/out/x",
            "pics/../elsewhere",
            "pics\\..\\x",
            "/etc/passwd",
            "pics..",
            "pics /a",
        ] {
            assert_eq!(may(outside, Paths::Read), None, "{outside}");
            assert_eq!(may(outside, Paths::List), None, "{outside}");
        }
        assert_eq!(may("/", Paths::List), Some(Standing::Above));
        assert_eq!(may(".", Paths::List), Some(Standing::Above));
        assert_eq!(may(".", Paths::Read), None);
    }

    #[test]
    fn without_access_control_everything_may_be_named() {
        let dir = world();
        let access = access(dir.path(), AccessControl::Disable);
        let place = access.check(lexical("pics/out/x", dir.path()).unwrap(), Paths::Read).unwrap();
        assert_eq!(place.standing, Standing::Outside);
    }

    #[test]
    fn allowed_paths_narrow_searches_and_hold_without_access_control() {
        let dir = world();
        let bytes = |path: &str| lexical(path, dir.path()).unwrap();
        let settings = Settings {
            access: AccessControl::Disable,
            allowed_paths: vec![dir.path().join("pics/a")],
            ..settings(dir.path())
        };
        let access = Access::new(&settings, [bytes("pics")]);
        assert!(access.check(bytes("pics/b.png"), Paths::Read).is_err());
        assert_eq!(access.narrowed(None), Some(vec![bytes("pics/a")]));
        assert_eq!(access.narrowed(Some(vec![bytes("pics")])), Some(vec![bytes("pics/a")]));
        assert_eq!(access.narrowed(Some(vec![bytes("pics/a/b")])), Some(vec![bytes("pics/a/b")]));
        assert_eq!(access.narrowed(Some(vec![bytes("pics-private")])), Some(vec![]));
    }

    #[test]
    fn a_path_no_file_can_have_is_refused() {
        let cwd = Path::new("/w");
        assert!(lexical("", cwd).is_err());
        assert!(lexical("/a\0b", cwd).is_err());
        assert!(lexical(&"x".repeat(PATH_BYTES_MAX + 1), cwd).is_err());
        assert_eq!(lexical("../../x/..", cwd).unwrap(), b"/");
        assert_eq!(lexical("a\u{fffd}FFb", cwd).unwrap(), b"/w/a\xffb");
    }
}
