//! Class 14: what is handed to programs of the host: one absolute path, never a shell, and nothing that could be a program
//! itself.

use crate::contract::served::{Served, png};
use crate::support::watched::until;
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Names that mean something to shells, to options and to desktops.
const NAMES: [&str; 14] = [
    "-x.png",
    "--help.png",
    ";touch pwned;.png",
    "$(touch pwned).png",
    "`touch pwned`.png",
    "|touch pwned.png",
    "a\ntouch pwned\n.png",
    "' touch pwned '.png",
    "\" touch pwned \".png",
    "http:evil.test.png",
    "%u.png",
    "~.png",
    "*.png",
    "\u{1b}[2J.png",
];

/// With a program that writes down how often it was called, and with what.
fn recorded() -> (Served, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap().keep();
    let (opener, record) = (dir.join("opener"), dir.join("record"));
    fs::write(&record, "").unwrap();
    let script = format!("#!/bin/sh\nprintf '%s\\0' \"$#\" \"$@\" >> '{}'\n", record.display());
    fs::write(&opener, script).unwrap();
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).unwrap();
    let served = Served::with(|settings, _| settings.opener = Some(opener));
    (served, record)
}

fn told(record: &Path) -> Vec<String> {
    let text = fs::read_to_string(record).unwrap();
    text.split('\0').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[test]
fn a_program_gets_one_absolute_path_whatever_the_name_is() {
    let (served, record) = recorded();
    let mut want: Vec<String> = Vec::new();
    let mut open = |route: &str, path: &str, shown: &str| {
        let body = json!({ "path": path });
        let reply = served.ask("POST", &format!("/iib{route}"), &body);
        assert_eq!(reply.status, 200, "{path} {}", reply.text());
        want.extend(["1".to_owned(), shown.to_owned()]);
        until("it is started", || told(&record) == want, || format!("{:?}", told(&record)));
    };
    for name in NAMES {
        let path = served.path(name);
        fs::write(&path, png("a fox")).unwrap();
        open("/open_with_default_app", &path, &path);
        open("/open_folder", &path, served.path("").trim_end_matches('/'));
        let folder = served.path(&format!("in {name}"));
        fs::create_dir(&folder).unwrap();
        open("/open_folder", &folder, &folder);
    }
    for place in [served.dir.path().to_owned(), std::env::current_dir().unwrap()] {
        assert!(!place.join("pwned").exists(), "{}", place.display());
    }
    fs::remove_dir_all(record.parent().unwrap()).unwrap();
}

#[test]
fn what_could_be_a_program_is_not_opened() {
    let (served, record) = recorded();
    for (name, content) in [
        ("x.desktop", png("a fox")),
        ("x.sh", png("a fox")),
        ("x.png.sh", png("a fox")),
        ("x.exe", b"MZ".to_vec()),
        ("script.png", b"#!/bin/sh\ntouch pwned\n".to_vec()),
        ("entry.png", b"[Desktop Entry]\nExec=touch pwned\n".to_vec()),
        ("page.png", b"<script>1</script>".to_vec()),
        ("x.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec()),
        ("x.html", png("a fox")),
        ("x.pdf", png("a fox")),
    ] {
        let path = served.path(name);
        fs::write(&path, content).unwrap();
        let reply = served.ask("POST", "/iib/open_with_default_app", &json!({ "path": path }));
        assert_eq!(reply.status, 403, "{name} {}", reply.text());
    }
    for nothing in ["http://evil.test/x.png", "file:///etc/passwd", "javascript:1", "-x", "mailto:x.png"] {
        for route in ["/iib/open_with_default_app", "/iib/open_folder"] {
            let reply = served.ask("POST", route, &json!({ "path": nothing }));
            assert_eq!(reply.status, 404, "{route} {nothing} {}", reply.text());
        }
    }
    assert_eq!(told(&record), [] as [&str; 0]);
    fs::remove_dir_all(record.parent().unwrap()).unwrap();
}

#[test]
fn programs_are_started_in_few_places_and_never_a_shell() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut starters = Vec::new();
    let mut folders = vec![top.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for shell in ["\"/bin/sh\"", "\"sh\"", "\"bash\"", "\"cmd\"", "\"powershell\""] {
                assert!(!text.contains(shell), "{}: {shell}", path.display());
            }
            if text.contains("Command::new(") && !text.contains("impl Command") {
                starters.push(path.strip_prefix(top.join("src")).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    starters.sort();
    assert_eq!(starters, ["cli/browser.rs", "projection/thumbs/ffmpeg.rs", "serve/launch.rs"]);
}
