//! What servers and distributors take: the unit of systemd and what it relies on, the Dockerfile, the configuration to
//! begin with.

use lumidex::settings::{Environment, Flags, KNOWN, Place, Settings};
use std::collections::BTreeMap;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn packaging(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(packaging(name)).unwrap()
}

/// Sections of a unit, each with its entries; an entry may stand there several times.
fn unit(text: &str) -> BTreeMap<String, Vec<(String, String)>> {
    let mut sections: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let mut section = String::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.to_owned();
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("`{line}` is no entry"));
        sections.entry(section.clone()).or_default().push((key.to_owned(), value.to_owned()));
    }
    sections
}

#[test]
fn the_unit_is_sound_and_hardened() {
    let sections = unit(&read("lumidex.service"));
    assert_eq!(sections.keys().collect::<Vec<_>>(), ["Install", "Service", "Unit"]);
    let service: BTreeMap<&str, &str> =
        sections["Service"].iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    for (key, value) in [
        ("Type", "notify"),
        ("User", "lumidex"),
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("PrivateTmp", "yes"),
        ("PrivateDevices", "yes"),
        ("RestrictSUIDSGID", "yes"),
        ("CapabilityBoundingSet", ""),
        ("StateDirectory", "lumidex"),
    ] {
        assert_eq!(service.get(key), Some(&value), "{key}");
    }
    assert!(service.contains_key("WatchdogSec") && service.contains_key("SystemCallFilter"));
    let mut words = service["ExecStart"].split(' ');
    assert!(words.next().unwrap().starts_with('/'), "systemd looks for no program");
    let typed = std::iter::once("lumidex").chain(words);
    let parsed = <lumidex::cli::Args as clap::Parser>::try_parse_from(typed);
    assert!(parsed.is_ok(), "the program understands what the unit tells it");
    for (_, set) in sections["Service"].iter().filter(|(key, _)| key == "Environment") {
        let name = set.split('=').next().unwrap();
        assert!(KNOWN.iter().any(|known| known.names.contains(&name)), "{name}");
    }
    verified_by_systemd();
}

/// Where systemd is, it has no complaint of its own, but that the program is not installed.
fn verified_by_systemd() {
    let folder = tempfile::tempdir().unwrap();
    let text = read("lumidex.service").replace("/usr/bin/lumidex", env!("CARGO_BIN_EXE_lumidex"));
    let file = folder.path().join("lumidex.service");
    std::fs::write(&file, text).unwrap();
    let Ok(output) = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&file).output() else {
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    // Units of the machine may have faults of their own.
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("lumidex.service")).collect();
    assert_eq!(ours, Vec::<&str>::new(), "{said}");
}

/// Starts the program under a supervisor that listens here; what it is told.
fn supervised(address: &str, socket: &UnixDatagram) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("pics")).unwrap();
    socket.set_read_timeout(Some(crate::live::PATIENCE)).unwrap();
    let mut command = crate::live::command(&folder.path().join("data"));
    command.arg(folder.path().join("pics")).env("NOTIFY_SOCKET", address).env("WATCHDOG_USEC", "200000");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let heard = || {
        let mut bytes = [0; 4096];
        let n = socket.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..n]).into_owned()
    };
    let ready = heard();
    assert!(ready.starts_with("READY=1\nSTATUS=serves http://127.0.0.1:"), "{ready}");
    assert!(ready.ends_with(&format!("MAINPID={}\n", child.id())), "{ready}");
    assert_eq!([heard(), heard()], ["WATCHDOG=1\n", "WATCHDOG=1\n"]);
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let mut last = heard();
    while last == "WATCHDOG=1\n" {
        last = heard();
    }
    assert_eq!(last, "STOPPING=1\n");
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_supervisor_is_told_that_it_is_ready_alive_and_stopping() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    supervised(path.to_str().unwrap(), &socket);
}

#[cfg(target_os = "linux")]
#[test]
fn a_supervisor_behind_an_abstract_name_is_told_too() {
    use std::os::linux::net::SocketAddrExt as _;
    let name = format!("lumidex-supervisor-{}", std::process::id());
    let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).unwrap();
    let socket = UnixDatagram::bind_addr(&address).unwrap();
    supervised(&format!("@{name}"), &socket);
}

#[test]
fn a_supervisor_that_is_not_there_keeps_nobody_from_serving() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = crate::live::command(folder.path());
    command.env("NOTIFY_SOCKET", "/nowhere/notify").env("WATCHDOG_USEC", "100000");
    let program = crate::live::Program::start_as(command, &[]);
    assert_eq!(program.get("/healthz")["status"], "ok");
}

/// Instructions of a Dockerfile with their arguments, continued lines joined.
fn instructions(text: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut open = String::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        open.push_str(line.trim_end_matches('\\'));
        if line.ends_with('\\') {
            continue;
        }
        let (word, rest) = open.split_once(' ').unwrap_or((&open, ""));
        all.push((word.to_owned(), rest.trim().to_owned()));
        open.clear();
    }
    assert!(open.is_empty(), "the last line goes on");
    all
}

#[test]
fn the_dockerfile_makes_an_image_that_nobody_owns_and_docker_can_ask() {
    const WORDS: [&str; 11] = [
        "FROM",
        "RUN",
        "WORKDIR",
        "COPY",
        "ENV",
        "USER",
        "VOLUME",
        "EXPOSE",
        "HEALTHCHECK",
        "ENTRYPOINT",
        "CMD",
    ];
    let text = read("Dockerfile");
    let all = instructions(&text);
    assert!(all.iter().all(|(word, _)| WORDS.contains(&word.as_str())), "{all:?}");
    let mut stages: Vec<(String, Vec<(String, String)>)> = Vec::new();
    for (word, rest) in all {
        if word == "FROM" {
            let name = rest.split(" AS ").nth(1).unwrap_or("the image").to_owned();
            stages.push((name, Vec::new()));
        }
        stages.last_mut().expect("it begins with FROM").1.push((word, rest));
    }
    let names: Vec<String> = stages.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names, ["build", "with-ffmpeg", "the image"]);
    for (stage, instructions) in &stages {
        for (word, rest) in instructions {
            if let Some(from) = rest.strip_prefix("--from=").and_then(|rest| rest.split(' ').next()) {
                assert!(word == "COPY" && names.iter().any(|name| name == from), "{stage}: {rest}");
            }
            if word == "RUN" {
                let is_sound = Command::new("sh").args(["-n", "-c", rest]).status().unwrap().success();
                assert!(is_sound, "{stage}: {rest}");
            }
            if ["ENTRYPOINT", "CMD", "VOLUME"].contains(&word.as_str()) {
                assert!(serde_json::from_str::<Vec<String>>(rest).is_ok(), "{stage}: {rest}");
            }
        }
        if stage == "build" {
            continue;
        }
        let one = |wanted: &str| {
            let found: Vec<&str> = instructions
                .iter()
                .filter(|(word, _)| word == wanted)
                .map(|(_, rest)| rest.as_str())
                .collect();
            assert_eq!(found.len(), 1, "{stage} {wanted}");
            found[0].to_owned()
        };
        let user: u32 = one("USER").split(':').next().unwrap().parse().unwrap();
        assert!(user > 0, "{stage}: not as root");
        let check = one("HEALTHCHECK");
        let asked: Vec<String> = serde_json::from_str(&check[check.find('[').unwrap()..]).unwrap();
        assert_eq!(asked[1..], ["health", "--quiet"]);
        for set in one("ENV").split(' ') {
            let name = set.split('=').next().unwrap();
            assert!(KNOWN.iter().any(|known| known.names.contains(&name)), "{stage}: {name}");
        }
        let program: Vec<String> = serde_json::from_str(&one("ENTRYPOINT")).unwrap();
        let arguments: Vec<String> = serde_json::from_str(&one("CMD")).unwrap();
        assert!(
            <lumidex::cli::Args as clap::Parser>::try_parse_from(program.iter().chain(&arguments)).is_ok()
        );
    }
    let manifest = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let version =
        manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap().trim_matches('"');
    assert!(text.contains(&format!("FROM rust:{version}-")), "the toolchain is the oldest that is supported");
}

#[test]
fn what_the_image_is_built_from_is_there() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let kept = read("Dockerfile.dockerignore");
    for name in kept.lines().filter_map(|line| line.strip_prefix('!')) {
        assert!(top.join(name).exists(), "{name}");
    }
    for member in
        ["src", "schema", "metadata", "topics", "index-tools", "benches", "Cargo.toml", "Cargo.lock"]
    {
        assert!(kept.lines().any(|line| line == format!("!{member}")), "{member} is needed");
    }
}

#[test]
fn the_configuration_to_begin_with_is_one() {
    let text = read("config.toml");
    let place =
        Place { cwd: "/".into(), home: Some("/home".into()), data_dir: Some("/data".into()), config: None };
    let resolved = |file: &Path| {
        let flags = Flags { config: Some(file.to_owned()), ..Flags::default() };
        Settings::resolve(flags, &Environment::with(place.clone(), &[]), &[])
    };
    let as_it_is = resolved(&packaging("config.toml")).unwrap();
    assert_eq!(as_it_is.listen.to_string(), "127.0.0.1:8000");
    // Whatever is taken out of comments means something.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    let is_setting = |line: &&str| KNOWN.iter().any(|known| line.starts_with(&format!("{} = ", known.key)));
    let lines: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# ")).filter(is_setting).collect();
    assert!(lines.len() > 10, "{lines:?}");
    std::fs::write(&file, lines.join("\n")).unwrap();
    assert_eq!(resolved(&file).unwrap().allowed_hosts, ["pics.example.org"]);
}
