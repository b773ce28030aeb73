//! The secret key by a file or by standard input: of a server, of who asks it, what wins over what, and what is no key.

use crate::live::{Program, client, command, pictures};
use lumidex_schema::layout;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const KEY: &str = "0p3n s3s4m3";

struct Ground {
    dir: tempfile::TempDir,
}

impl Ground {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    /// A file for its owner's eyes, or for everyone's.
    fn file(&self, name: &str, content: &[u8], mode: u32) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// A server with this command, and what it said.
    fn serves(&self, run: Command) -> (Program, String) {
        let log = fs::File::create(self.path("log")).unwrap();
        let program = Program::start_logging(run, &[], Stdio::from(log));
        (program, fs::read_to_string(self.path("log")).unwrap())
    }

    /// A command that ends.
    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut run = Command::new(env!("CARGO_BIN_EXE_lumidex"));
        run.env_clear().env("HOME", self.dir.path()).current_dir(self.dir.path());
        run.args(arguments).envs(variables.iter().copied()).stdin(Stdio::null()).output().unwrap()
    }
}

/// It wants this key and no other, and shows it nowhere.
#[track_caller]
fn assert_guarded(program: &Program, said: &str) {
    let status = |key: Option<&str>| {
        let asked = client().get(format!("{}/api/v1/status", program.url));
        key.map_or(asked.try_clone().unwrap(), |key| asked.bearer_auth(key)).send().unwrap().status().as_u16()
    };
    assert_eq!([None, Some("another"), Some(KEY)].map(status), [401, 401, 200]);
    let arguments = fs::read_to_string(format!("/proc/{}/cmdline", program.child.id())).unwrap();
    let variables = fs::read(format!("/proc/{}/environ", program.child.id())).unwrap();
    let variables = String::from_utf8_lossy(&variables);
    for shown in [said, &arguments, &variables] {
        assert!(!shown.contains(KEY), "{shown}");
    }
}

#[test]
fn a_server_takes_its_key_from_a_file_however_that_is_named() {
    let ground = Ground::new();
    let file = ground.file("key", format!("{KEY}\r\nanother line\n").as_bytes(), 0o600);
    let config = ground.file("config.toml", b"secret-file = \"key\"\n", 0o600);
    let named = |set: &dyn Fn(&mut Command)| {
        let mut run = command(&ground.data());
        run.current_dir(ground.dir.path());
        set(&mut run);
        let (program, said) = ground.serves(run);
        assert_guarded(&program, &said);
        assert!(!said.contains("may read it"), "{said}");
    };
    named(&|run| {
        run.arg("--secret-file").arg(&file);
    });
    named(&|run| {
        run.args(["--secret-file", "key"]);
    });
    named(&|run| {
        run.env("LUMIDEX_SECRET_FILE", &file);
    });
    named(&|run| {
        run.arg("--config").arg(&config);
    });
    // A flag wins over variables, those over the file.
    named(&|run| {
        run.args(["--secret-file", "key"]).env("LUMIDEX_SECRET_KEY", "another");
    });
    let other = ground.file("other.toml", b"secret-key = \"another\"\n", 0o600);
    named(&|run| {
        run.env("LUMIDEX_SECRET_FILE", &file).arg("--config").arg(&other);
    });
}

#[test]
fn a_server_takes_its_key_from_standard_input_and_reads_one_line() {
    let ground = Ground::new();
    let (reader, mut writer) = std::io::pipe().unwrap();
    writeln!(writer, "{KEY}").unwrap();
    let mut run = command(&ground.data());
    // It stays open: nothing waits for its end.
    run.args(["--secret-file", "-"]).stdin(Stdio::from(reader));
    let (program, said) = ground.serves(run);
    assert_guarded(&program, &said);
    drop(writer);
}

#[test]
fn a_key_that_everyone_may_read_is_told() {
    let ground = Ground::new();
    let file = ground.file("key", KEY.as_bytes(), 0o644);
    let mut run = command(&ground.data());
    run.arg("--secret-file").arg(&file);
    let (program, said) = ground.serves(run);
    assert_guarded(&program, &said);
    let want = format!(
        "note: `{}` holds the secret key, and every user of this machine may read it",
        file.display()
    );
    assert!(said.contains(&want), "{said}");
}

#[test]
fn who_asks_a_server_finds_the_key_in_the_same_way() {
    let ground = Ground::new();
    let file = ground.file("key", KEY.as_bytes(), 0o600);
    pictures(&ground.path("pics"), 2);
    let mut run = command(&ground.data());
    run.arg("--secret-file").arg(&file).arg(ground.path("pics"));
    let (_program, _) = ground.serves(run);
    forget_token(&ground.data());
    let data = ground.data().display().to_string();
    let asked = |arguments: &[&str], variables: &[(&str, &str)]| {
        let output = ground.run(&[&["status", "--json", "--data-dir", &data], arguments].concat(), variables);
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    assert!(!asked(&[], &[]).0, "the key is needed");
    let path = file.to_str().unwrap();
    for (arguments, variables) in [
        (&["--secret-file", path][..], &[][..]),
        (&[], &[("LUMIDEX_SECRET_FILE", path)]),
        (&[], &[("LUMIDEX_SECRET_KEY", KEY)]),
    ] {
        let (is_done, said) = asked(arguments, variables);
        assert!(is_done, "{arguments:?} {variables:?} {said}");
    }
    let (reader, mut writer) = std::io::pipe().unwrap();
    writeln!(writer, "{KEY}").unwrap();
    let mut run = Command::new(env!("CARGO_BIN_EXE_lumidex"));
    run.env_clear().env("HOME", ground.dir.path()).args(["doctor", "--reparse", "--data-dir", &data]);
    let output = run.args(["--secret-file", "-"]).stdin(Stdio::from(reader)).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let other = ground.file("other", b"another", 0o600);
    assert!(!asked(&["--secret-file", other.to_str().unwrap()], &[]).0);
    // By standard input, of which the command gets what follows.
    let (reader, mut writer) = std::io::pipe().unwrap();
    write!(writer, "{KEY}\n{}\n", ground.path("pics/none.png").display()).unwrap();
    drop(writer);
    let mut run = Command::new(env!("CARGO_BIN_EXE_lumidex"));
    run.env_clear().env("HOME", ground.dir.path()).args([
        "show",
        "--secret-file",
        "-",
        "--data-dir",
        &data,
        "-",
    ]);
    let output = run.stdin(Stdio::from(reader)).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("none.png") && !said.contains(KEY), "{said}");
}

/// As if the server had left no token in its lock file.
fn forget_token(data: &Path) {
    let lock = data.join(layout::LOCK);
    let text = fs::read_to_string(&lock).unwrap();
    let mut said: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(said.as_object_mut().unwrap().remove("token").is_some(), "{text}");
    fs::write(&lock, said.to_string()).unwrap();
}

#[test]
fn what_is_no_key_is_refused_and_not_said() {
    let ground = Ground::new();
    for (name, content) in
        [("empty", &b""[..]), ("blank", b"  \nhush\n"), ("binary", b"hush\xff\n"), ("long", &[b'x'; 2_000])]
    {
        ground.file(name, content, 0o600);
    }
    fs::create_dir(ground.path("folder")).unwrap();
    for (file, why) in [
        ("empty", "is empty"),
        ("blank", "is empty"),
        ("binary", "is not UTF-8"),
        ("long", "is longer than 1024 bytes"),
        ("absent", "cannot open"),
        ("folder", "cannot read"),
        ("-", "the first line of standard input is to be the secret key, and it is empty"),
    ] {
        for word in [&["serve", "--port", "0", "--data-dir", "data"][..], &["config", "check"], &["status"]] {
            let output = ground.run(&[word, &["--secret-file", file]].concat(), &[]);
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{word:?} {file} {said}");
            assert!(said.contains(why) && !said.contains("hush") && !said.contains("xxxx"), "{file}: {said}");
        }
    }
    let both = [("LUMIDEX_SECRET_FILE", "empty"), ("IIB_SECRET_KEY", "hush")];
    let output = ground.run(&["config", "check"], &both);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("IIB_SECRET_KEY and LUMIDEX_SECRET_FILE both give the secret key"), "{said}");
    assert!(!said.contains("hush") && !ground.path("data").exists());
}

#[test]
fn where_the_key_comes_from_is_shown_and_the_key_is_not() {
    let ground = Ground::new();
    let file = ground.file("key", KEY.as_bytes(), 0o600);
    let output = ground.run(&["config", "show", "--secret-file", "key"], &[]);
    let said = String::from_utf8(output.stdout).unwrap();
    let row = |key: &str| {
        let line = said.lines().find(|line| line.starts_with(&format!("{key} "))).unwrap();
        line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(row("secret-file"), ["secret-file", file.to_str().unwrap(), "--secret-file"]);
    assert_eq!(row("secret-key"), ["secret-key", "-", "default"]);
    assert!(!said.contains(KEY));
}
