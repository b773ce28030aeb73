//! What may be named, and that nothing else is opened.

#![allow(clippy::unwrap_used)]

use super::opening::unix::{READING, Root, by_components, open_below, root_of};
use super::*;
use proptest::prelude::*;
use std::fs;
use std::os::unix::fs::symlink;

/// `pics` with `a/x`, and beside it what must not be reached.
fn world() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for folder in ["pics/a", "pics-private", "elsewhere"] {
        fs::create_dir_all(dir.path().join(folder)).unwrap();
    }
    for (name, content) in [("pics/a/x", "inside"), ("pics-private/x", "canary"), ("elsewhere/x", "canary")] {
        fs::write(dir.path().join(name), content).unwrap();
    }
    dir
}

fn bounds(dir: &Path) -> Bounds {
    Bounds::new([paths::to_bytes(dir.join("pics"))], true)
}

fn text(place: &Allowed) -> io::Result<String> {
    io::read_to_string(place.open()?)
}

#[test]
fn a_folder_that_became_a_link_since_it_was_judged_is_not_followed() {
    let dir = world();
    let at = |name: &str| dir.path().join(name);
    let place = bounds(dir.path()).check(&paths::to_bytes(at("pics/a/x")), Reach::Within).unwrap();
    assert_eq!(text(&place).unwrap(), "inside");
    fs::rename(at("pics/a"), at("pics/b")).unwrap();
    for target in [at("elsewhere"), PathBuf::from("../elsewhere"), PathBuf::from("b")] {
        symlink(&target, at("pics/a")).unwrap();
        assert!(place.open().is_err(), "{target:?}");
        assert!(place.look().is_err(), "{target:?}");
        fs::remove_file(at("pics/a")).unwrap();
    }
    fs::create_dir(at("pics/a")).unwrap();
    symlink(at("elsewhere/x"), at("pics/a/x")).unwrap();
    assert!(place.open().is_err(), "a link in place of the file");
    assert_eq!(place.look().unwrap(), None);
    let folder = bounds(dir.path()).check(&paths::to_bytes(at("pics/b")), Reach::Within).unwrap();
    fs::rename(at("pics/b"), at("pics/c")).unwrap();
    symlink(at("elsewhere"), at("pics/b")).unwrap();
    assert!(folder.folder().is_err());
    // The root itself, once it is another.
    fs::rename(at("pics"), at("gone")).unwrap();
    symlink(at("elsewhere"), at("pics")).unwrap();
    assert!(place.open().is_err());
}

#[test]
fn what_stands_at_a_path_is_opened_by_whichever_way_the_system_offers() {
    let dir = world();
    let root = root_of(&dir.path().join("pics"), Root::Real).unwrap();
    symlink("a", dir.path().join("pics/link")).unwrap();
    symlink(dir.path(), dir.path().join("pics/up")).unwrap();
    for open in [open_below, by_components] {
        assert!(open(&root, Path::new("a/x"), READING).is_ok());
        assert!(open(&root, Path::new(""), READING).is_ok());
        for refused in
            ["link/x", "up/elsewhere/x", "../elsewhere/x", "a/../../elsewhere/x", "/etc/passwd", "a/none"]
        {
            assert!(open(&root, Path::new(refused), READING).is_err(), "{refused}");
        }
    }
    assert!(open_below(&root, Path::new("up"), READING).is_err());
    assert!(by_components(&root, Path::new("up"), READING).is_err());
}

#[test]
fn only_regular_files_are_opened() {
    let dir = world();
    rustix::fs::mkfifoat(rustix::fs::CWD, dir.path().join("pics/pipe"), 0o600.into()).unwrap();
    let open = |name: &str| {
        let path = paths::to_bytes(dir.path().join("pics").join(name));
        bounds(dir.path()).check(&path, Reach::Within).unwrap().open().map_err(|error| error.kind())
    };
    assert_eq!(open("pipe").unwrap_err(), io::ErrorKind::InvalidInput);
    assert_eq!(open("a").unwrap_err(), io::ErrorKind::IsADirectory);
    assert_eq!(open("none").unwrap_err(), io::ErrorKind::NotFound);
    assert!(super::open_below(&dir.path().join("pics"), Path::new("a/x")).is_ok());
}

#[test]
fn what_lies_beside_a_file_is_in_its_folder() {
    let dir = world();
    let bounds = bounds(dir.path());
    let place = bounds.check(&paths::to_bytes(dir.path().join("pics/a/x")), Reach::Within).unwrap();
    assert_eq!(text(&place.sibling(b"x").unwrap()).unwrap(), "inside");
    for name in [&b""[..], b".", b"..", b"../../elsewhere/x", b"/etc/passwd"] {
        assert_eq!(place.sibling(name), None, "{name:?}");
    }
    let root = bounds.check(&paths::to_bytes(dir.path().join("pics")), Reach::Within).unwrap();
    assert_eq!(root.sibling(b"elsewhere"), None, "a root's siblings are outside");
}

/// Names that are alike at their beginning, go up, or mean something elsewhere.
const NAMES: [&str; 10] = ["a", "ab", "a.", "a b", ".a", "A", "a\\..", "a%2f", "..a", "b"];

fn path() -> impl Strategy<Value = Vec<&'static str>> {
    proptest::collection::vec(proptest::sample::select(&NAMES[..]), 0..5)
}

proptest! {
    /// allowed(p) exactly when some root is an ancestor of p by whole components.
    #[test]
    fn what_is_allowed_has_a_root_above_it_by_components(
        roots in proptest::collection::vec(path(), 0..4),
        asked in path(),
        is_confined in any::<bool>(),
    ) {
        // Nothing of it exists, so no link has a say.
        let top = "/nonexistent-lumidex";
        let written = |parts: &[&str]| format!("{top}/{}", parts.join("/")).trim_end_matches('/').as_bytes().to_vec();
        let bounds = Bounds::new(roots.iter().map(|root| written(root)), is_confined);
        let is_inside = roots.iter().any(|root| asked.starts_with(root));
        let is_above = roots.iter().any(|root| root.starts_with(&asked));
        let place = bounds.check(&written(&asked), Reach::Within);
        prop_assert_eq!(place.is_some(), is_inside || !is_confined);
        let place = bounds.check(&written(&asked), Reach::WithinOrAbove);
        prop_assert_eq!(place.is_some(), is_inside || is_above || !is_confined);
        if let Some(place) = place {
            let want = if is_inside { Standing::Inside } else if is_above { Standing::Above } else { Standing::Outside };
            prop_assert_eq!(place.standing(), want);
        }
    }
}
