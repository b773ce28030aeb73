//! A library among files that must stay where they are: canaries beside it, above it, and behind links that lead out of
//! it. Whether one of them left, or anything outside changed, is asked here.

use crate::contract::served::{PREFIXES, Reply, Served, encode, png};
use lumidex::settings::AccessControl;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Stands in everything outside, names included, where nothing asks for it.
pub(super) const CANARY: &str = "c4n4ry";
/// Stands in what is no media outside: it leaves nowhere, whatever the settings are.
pub(super) const SECRET: &str = "s3cr3t";

/// A base that the reference dialect stands under, with the iib dialect below it.
const BASE: &str = "/gallery";

pub(super) struct Ground {
    pub(super) served: Served,
    before: BTreeMap<PathBuf, Vec<u8>>,
    pub(super) is_confined: bool,
}

impl Ground {
    pub(super) fn new(access: AccessControl) -> Self {
        let served = Served::with(|settings, _| {
            settings.access = access;
            settings.base = BASE.to_owned();
            settings.opener = Some("/bin/true".into());
        });
        let top = served.dir.path().to_owned();
        let picture = png(&format!("{CANARY} in a prompt"));
        for (name, content) in [
            ("private/canary.png", picture.as_slice()),
            ("private/canary.txt", format!("{CANARY} {SECRET}").as_bytes()),
            ("private/canary-named.png", format!("{CANARY} {SECRET} no picture").as_bytes()),
            ("private/below/canary.png", &picture),
            ("pics-private/canary.png", &picture),
            ("pics.txt", format!("{CANARY} {SECRET}").as_bytes()),
            ("pic/canary.png", &picture),
            ("canary.png", &picture),
        ] {
            fs::create_dir_all(top.join(name).parent().unwrap()).unwrap();
            fs::write(top.join(name), content).unwrap();
        }
        let pics = top.join("pics");
        // Made after the library was indexed, as an intruder would.
        for (name, target) in [
            ("link.png", top.join("private/canary.png")),
            ("relative.png", PathBuf::from("../private/canary.png")),
            ("chain-2", top.join("private")),
            ("chain-1", PathBuf::from("chain-2")),
            ("sub/deep/up", PathBuf::from("../../..")),
            ("proc", PathBuf::from("/proc/self")),
            ("root", PathBuf::from("/")),
        ] {
            symlink(target, pics.join(name)).unwrap();
        }
        let is_confined = access == AccessControl::Enable;
        Self { before: outside(&top), served, is_confined }
    }

    /// With what is outside by now as what must not change.
    pub(super) fn guarding_now(self) -> Self {
        Self { before: outside(self.served.dir.path()), ..self }
    }

    /// Prefixes under which a route of the contract stands.
    pub(super) fn prefixes() -> [String; 3] {
        [BASE.to_owned(), PREFIXES[1].to_owned(), format!("{BASE}{}", PREFIXES[1])]
    }

    pub(super) fn top(&self) -> String {
        self.served.dir.path().to_str().unwrap().to_owned()
    }

    /// Ways to name what lies outside, and to leave what lies inside.
    pub(super) fn ways_out(&self) -> Vec<String> {
        let top = self.top();
        let pics = format!("{top}/pics");
        let mut ways = Vec::new();
        for canary in ["private/canary.png", "private/canary.txt", "private/canary-named.png", "private"] {
            ways.push(format!("{top}/{canary}"));
            ways.push(canary.to_owned());
            for up in ["..", "./..", "sub/../..", "sub//deep/../../..", ".../..//../pics/.."] {
                ways.push(format!("{pics}/{up}/{canary}"));
            }
        }
        for behind_a_link in [
            "out/canary.png",
            "out/canary.txt",
            "out/canary-named.png",
            "out",
            "out/below/../canary.png",
            "chain-1/canary.png",
            "chain-1/below/canary.png",
            "link.png",
            "relative.png",
            "sub/deep/up/private/canary.png",
            "sub/deep/up/canary.png",
            "proc/environ",
            "proc/cwd",
            "proc/root/etc/passwd",
            "root/etc/passwd",
        ] {
            ways.push(format!("{pics}/{behind_a_link}"));
        }
        // Alike at their beginning, and nothing more.
        for alike in ["pics-private/canary.png", "pics-private", "pics.txt", "pic/canary.png", "pic"] {
            ways.push(format!("{top}/{alike}"));
        }
        for elsewhere in [
            "/etc/passwd",
            "/etc",
            "/proc/self/environ",
            "/proc/self/root/etc/passwd",
            "/proc/self/fd/0",
            "/dev/zero",
            "/dev/stdin",
            "../../../../../../../../etc/passwd",
            "//etc/passwd",
            "/./etc//passwd",
            "file:///etc/passwd",
            "http://127.0.0.1/x.png",
            "~/canary.png",
        ] {
            ways.push(elsewhere.to_owned());
        }
        ways
    }

    /// Names that mean something to other systems and to who decodes twice. Here they name nothing, and so none of
    /// what lies outside.
    pub(super) fn tricks(&self) -> Vec<String> {
        let pics = format!("{}/pics", self.top());
        let mut tricks = Vec::new();
        for trick in [
            "..\\private\\canary.png",
            "..\\..\\private/canary.png",
            "%2e%2e/private/canary.png",
            "%2e%2e%2fprivate%2fcanary.png",
            "%252e%252e%252fprivate%252fcanary.png",
            "..%5cprivate%5ccanary.png",
            "..%c0%afprivate%c0%afcanary.png",
            "..%u2215private",
            "\u{2025}/private/canary.png",
            "..\u{ff0f}private\u{ff0f}canary.png",
            "out%00.png",
            "a.png::$DATA",
            "a.png.",
            "a.png ",
            "A.PNG",
            "CON",
            "aux.png",
            "..;/private/canary.png",
            "....//private/canary.png",
        ] {
            tricks.push(format!("{pics}/{trick}"));
        }
        tricks.push(format!("{pics} "));
        for trick in [
            "C:\\Windows\\win.ini",
            "C:canary.png",
            "\\\\?\\C:\\canary.png",
            "\\\\host\\share\\canary.png",
            "\\..\\..\\private\\canary.png",
            "file:..\\private",
        ] {
            tricks.push(trick.to_owned());
        }
        tricks
    }

    /// Whether it is the top folder or above it: those may be listed.
    pub(super) fn is_ancestor(&self, path: &str) -> bool {
        let pics = fs::canonicalize(self.served.path("")).unwrap();
        let cwd = self.served.dir.path();
        fs::canonicalize(cwd.join(path)).is_ok_and(|real| pics.starts_with(real))
    }

    /// Nothing of what must not leave is in the answer.
    #[track_caller]
    pub(super) fn assert_silent(&self, reply: &Reply, asked: &str, about: &str) {
        let word = if self.is_confined { CANARY } else { SECRET };
        // What was asked for may be said again.
        let said = holds(&reply.body, word) && !about.contains(word);
        let headers = format!("{:?}", reply.headers);
        assert!(!said && !headers.contains(word), "{asked} {about}: {}", reply.text());
        for of_the_system in ["root:x:0:0", "PATH=/"] {
            assert!(!holds(&reply.body, of_the_system), "{asked} {about}");
        }
    }

    /// Nothing outside was made, changed or removed.
    #[track_caller]
    pub(super) fn assert_untouched(&self) {
        let now = outside(self.served.dir.path());
        let differs = |path: &&PathBuf| self.before.get(*path) != now.get(*path);
        let changed: Vec<_> = self.before.keys().chain(now.keys()).filter(differs).collect();
        assert!(changed.is_empty(), "outside the library: {changed:?}");
    }

    pub(super) fn ask(&self, method: &str, uri: &str, body: &Value) -> Reply {
        self.served.ask(method, uri, body)
    }
}

/// How a path can be written into a query string so that it arrives as it is.
pub(super) fn written(path: &str) -> Vec<String> {
    let every: String = path.bytes().map(|byte| format!("%{byte:02x}")).collect();
    vec![
        encode(path),
        every,
        path.replace('%', "%25")
            .replace('+', "%2B")
            .replace('&', "%26")
            .replace(' ', "+")
            .replace('#', "%23"),
    ]
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

/// Everything beside the library and what it keeps.
fn outside(top: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if [top.join("pics"), top.join("data")].contains(&path) {
                continue;
            }
            let is_folder = fs::symlink_metadata(&path).unwrap().is_dir();
            let content = if is_folder { b"a folder".to_vec() } else { fs::read(&path).unwrap() };
            if is_folder {
                folders.push(path.clone());
            }
            found.insert(path, content);
        }
    }
    found
}
