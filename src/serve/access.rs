//! Which paths a client may name: everything is decided on the components of resolved paths.
//!
//! A path has two forms. The *lexical* one (absolute, no `.`, `..` or doubled separators, symlinks
//! untouched) names files everywhere in answers and in the ledger. The *real* one (symlinks
//! resolved) decides trust and is what is opened, through [`crate::sys::rooted`]. Refuses to know HTTP methods and stores.

use super::limits::PATH_BYTES_MAX;
use super::policy::Paths;
use super::problem::Problem;
use super::reach;
use crate::library::Granted;
use crate::settings::Settings;
use crate::sys::paths::{absolute_normal, from_bytes, to_bytes};
use crate::sys::rooted::{Allowed, Bounds, Reach};
use crate::sys::tree::Kind;
use lumidex_schema::path::{below, display, from_display};
use std::path::{Path, PathBuf};

pub(crate) use crate::sys::rooted::Standing;

/// What is trusted at the moment.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    is_limited: bool,
    bounds: Bounds,
}

/// A path a client named, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Lexical form, as the ledger and answers have it.
    pub(crate) path: Vec<u8>,
    /// What stands there, to be looked at and opened.
    pub(crate) file: Allowed,
}

impl Place {
    /// How it lies to the roots.
    pub(crate) fn standing(&self) -> Standing {
        self.file.standing()
    }

    /// What it is; `None` when there is nothing, or it cannot be looked at.
    pub(crate) fn kind(&self) -> Option<Kind> {
        self.file.look().ok().flatten().map(|look| look.kind)
    }
}

impl Access {
    /// From the settings and the folders the library holds.
    pub(crate) fn new(settings: &Settings, extra_paths: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let Granted { only, besides } = opened(settings);
        let is_limited = only.is_some();
        let roots = match only {
            Some(only) => only,
            None => extra_paths.into_iter().chain(besides).collect(),
        };
        // A list of allowed folders holds even when access control is off (contract 13.3).
        Self { is_limited, bounds: Bounds::new(roots, reach::is_confined(settings) || is_limited) }
    }

    /// As it bears on images of the index, whose paths lie below the roots in any case: asks
    /// neither the library nor the disk beyond the allowed folders.
    pub(crate) fn of_images(settings: &Settings) -> Self {
        if settings.allowed_paths.is_empty() {
            return Self { is_limited: false, bounds: Bounds::new([], reach::is_confined(settings)) };
        }
        Self::new(settings, [])
    }

    /// Whether only some of the index may be shown.
    pub(crate) fn is_limited(&self) -> bool {
        self.is_limited
    }

    /// Whether reads and writes are confined to the roots.
    pub(crate) fn is_confined(&self) -> bool {
        self.bounds.is_confined()
    }

    /// Whether the lexical path is a root or lies below one: what `is_under_scanned_path` says.
    pub(crate) fn is_under_root(&self, path: &[u8]) -> bool {
        self.bounds.is_under_root(path)
    }

    /// Checks the lexical path for what a route does with it.
    ///
    /// # Errors
    /// 403 when it may not be named there.
    pub(crate) fn check(&self, path: Vec<u8>, wanted: Paths) -> Result<Place, Problem> {
        let reach = match wanted {
            Paths::None => return Err(Problem::internal("checking a path", &"the route takes none")),
            Paths::Read | Paths::Write => Reach::Within,
            Paths::List => Reach::WithinOrAbove,
        };
        match self.bounds.check(&path, reach) {
            Some(file) => Ok(Place { path, file }),
            None => {
                let shown = display(&path);
                Err(Problem::forbidden(format!("`{shown}` lies outside the folders this server may show")))
            }
        }
    }

    /// The folders a search is to be limited to, so that nothing outside the allowed paths is
    /// found and pages stay full: `None` when no limit is needed.
    pub(crate) fn narrowed(&self, folders: Option<Vec<Vec<u8>>>) -> Option<Vec<Vec<u8>>> {
        if !self.is_limited {
            return folders;
        }
        let allowed = || self.bounds.roots().map(<[u8]>::to_vec);
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
        self.may_show(path) || self.bounds.is_above(path)
    }

    /// What an entry of a folder leads to when it is a link, if it may be followed and shown: it leads into a root, or
    /// a root was given by a path that goes through it.
    pub(crate) fn followed(&self, path: &[u8]) -> Option<Allowed> {
        let target = self.bounds.check(path, Reach::WithinOrAbove)?;
        let may = !self.is_confined() || target.standing() == Standing::Inside || self.bounds.is_above(path);
        may.then_some(target)
    }

    /// Whether what is no link, and lies at this path, is a root or leads to one.
    pub(crate) fn leads_in(&self, path: &[u8]) -> bool {
        self.bounds
            .check(path, Reach::WithinOrAbove)
            .is_some_and(|place| place.standing() != Standing::Outside)
    }
}

/// The folders that clients are confined to by these settings; `None` when they are not.
#[must_use]
pub fn granted(settings: &Settings) -> Option<Granted> {
    let granted = opened(settings);
    (reach::is_confined(settings) || granted.only.is_some()).then_some(granted)
}

/// The folders that settings open to clients beside those the library holds.
fn opened(settings: &Settings) -> Granted {
    let bytes = |folders: &[PathBuf]| folders.iter().map(to_bytes).collect::<Vec<_>>();
    let only = (!settings.allowed_paths.is_empty()).then(|| bytes(&settings.allowed_paths));
    Granted { only, besides: [bytes(&settings.cli_paths), bytes(&settings.host_folders)].concat() }
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
            access.check(lexical(path, dir.path()).unwrap(), wanted).map(|place| place.standing()).ok()
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
        assert_eq!(place.standing(), Standing::Outside);
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
