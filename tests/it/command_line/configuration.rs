//! Settings: what wins over what, for every setting; what means nothing; what is shown.

use lumidex::settings::{Environment, Flags, KNOWN, Place, Settings};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A value for each kind of setting that is not the default: in the file, as a variable, as a flag.
fn values(key: &str) -> (&'static str, &'static str, &'static [&'static str]) {
    match key {
        "folders" => ("[\"/file\"]", "/variable", &["/flag"]),
        "host" => ("\"127.0.0.2\"", "127.0.0.3", &["--host", "127.0.0.4"]),
        "port" => ("2", "3", &["--port", "4"]),
        "data-dir" => ("\"/file\"", "/variable", &["--data-dir", "/flag"]),
        "base" => ("\"/file\"", "/variable", &["--base", "/flag"]),
        "ui-dir" => ("\"/file\"", "/variable", &["--ui-dir", "/flag"]),
        "permission" => ("\"write-only\"", "no-access", &[]),
        "access-control" => ("\"enable\"", "disable", &["--access-control", "enable"]),
        "allowed-paths" => ("[\"/file\"]", "/variable", &[]),
        "secret-key" => ("\"file\"", "variable", &[]),
        "secret-file" => ("\"key.file\"", "key.variable", &["--secret-file", "key.flag"]),
        "allow-cors" => (
            "[\"https://file.example\"]",
            "https://variable.example",
            &["--allow-cors", "https://flag.example"],
        ),
        "allow-host" => ("[\"file.example\"]", "variable.example", &["--allow-host", "flag.example"]),
        "trusted-proxy" => ("[\"10.0.0.2/32\"]", "10.0.0.3/32", &["--trusted-proxy", "10.0.0.4/32"]),
        "opener" => ("\"/file\"", "/variable", &["--opener", "/flag"]),
        "extra-paths" => ("[\"/file\"]", "/variable", &["--extra_paths", "/flag"]),
        "missing-retention-days" => ("2", "3", &["--missing-retention-days", "4"]),
        "hidden-texts" => ("\"always\"", "never", &["--hidden-texts", "always"]),
        "backup-max" => ("2", "3", &[]),
        "cache-dir" => ("\"/file\"", "/variable", &[]),
        "lang" => ("\"en\"", "zh", &[]),
        "trend-max-tags"
        | "tag-graph-max-tags"
        | "tag-graph-tags-sent"
        | "tag-graph-seconds"
        | "tag-graph-attempts" => ("2", "3", &[]),
        "openai-base-url" => ("\"http://file.example\"", "http://variable.example", &[]),
        "openai-api-key" => ("\"file\"", "variable", &[]),
        "embedding-model" | "ai-model" | "topic-title-model" | "log" => ("\"file\"", "variable", &[]),
        "generate-image-cache-size" => ("\"2x2\"", "3x3", &["--generate-image-cache-size", "4x4"]),
        "log-format" => ("\"json\"", "text", &[]),
        _ => ("true", "true", &[]),
    }
}

fn flags(arguments: &[&str]) -> Flags {
    use clap::Parser as _;
    let typed = ["lumidex", "serve"].iter().chain(arguments).copied();
    match lumidex::cli::Args::try_parse_from(typed).unwrap().into_command() {
        lumidex::cli::Command::Serve(flags) => *flags,
        other => panic!("{other:?}"),
    }
}

struct Shelf {
    folder: tempfile::TempDir,
}

impl Shelf {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.json"), "{\"outdir_save\":\"/save\"}").unwrap();
        for from in ["file", "variable", "flag"] {
            std::fs::write(folder.path().join(format!("key.{from}")), format!("key of a {from}\n")).unwrap();
        }
        Self { folder }
    }

    fn file(&self, text: &str) -> PathBuf {
        let file = self.folder.path().join("config.toml");
        std::fs::write(&file, text).unwrap();
        file
    }

    fn environment(&self, variables: &[(&str, &str)]) -> Environment {
        let path = self.folder.path();
        let place = Place {
            cwd: path.to_owned(),
            home: Some(path.to_owned()),
            data_dir: Some(path.join("data")),
            config: Some(path.join("config.toml")),
        };
        Environment::with(place, variables)
    }

    fn resolved(&self, typed: &[&str], variables: &[(&str, &str)]) -> Settings {
        Settings::resolve(flags(typed), &self.environment(variables), &[]).unwrap()
    }

    fn origin(&self, key: &str, typed: &[&str], variables: &[(&str, &str)]) -> String {
        let flags = flags(typed);
        let environment = self.environment(variables).with_file(&flags).unwrap();
        environment.origin(KNOWN.iter().find(|known| known.key == key).unwrap(), &flags)
    }

    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lumidex"));
        command.env_clear().env("HOME", self.folder.path()).current_dir(self.folder.path());
        command.envs(variables.iter().copied()).args(arguments).output().unwrap()
    }
}

#[test]
fn flags_win_over_variables_those_over_the_file_and_that_over_defaults_for_every_setting() {
    // Shown by what follows from it.
    let indirect = ["sd-webui-config", "sd-webui-dir", "sd-webui-path-relative-to-config"];
    for known in KNOWN.iter().filter(|known| !indirect.contains(&known.key)) {
        let shelf = Shelf::new();
        let key = known.key;
        let (in_file, variable, typed) = values(key);
        // A size alone makes nothing; models are of a service; a switch can only be switched off again.
        let with: &[(&str, &str)] = match key {
            "generate-image-cache-size" => &[("LUMIDEX_GENERATE_IMAGE_CACHE", "1")],
            "embedding-model" | "ai-model" | "topic-title-model" => {
                &[("OPENAI_BASE_URL", "http://localhost")]
            }
            _ => &[],
        };
        let is_switch = in_file == "true";
        let variable = if is_switch { "false" } else { variable };
        let value = |typed: &[&str], variables: &[(&str, &str)]| {
            known.value(&shelf.resolved(typed, &[with, variables].concat()))
        };
        let default = value(&[], &[]);
        assert_eq!(shelf.origin(key, &[], &[]), "default", "{key}");
        let file = shelf.file(&format!("# first\n{key} = {in_file}\n"));
        let said = value(&[], &[]);
        assert_eq!(shelf.origin(key, &[], &[]), format!("{}:2", file.display()), "{key}");
        assert_ne!(said, default, "{key}: the file counts");
        for name in known.names.iter().filter(|name| !name.starts_with("IIB_ENABLE")) {
            let set = [(*name, variable)];
            assert_eq!(shelf.origin(key, &[], &set), *name);
            if known.key != "secret-key" && known.key != "openai-api-key" {
                assert_ne!(value(&[], &set), said, "{key}: {name} wins over the file");
            }
            if !typed.is_empty() {
                let flagged = value(typed, &set);
                assert_ne!(flagged, value(&[], &set), "{key}: a flag wins over {name}");
                let origin = shelf.origin(key, typed, &set);
                assert!(origin == format!("--{key}") || origin == "the command line", "{key}: {origin}");
            }
        }
    }
}

#[test]
fn every_flag_is_a_key_of_the_file_too() {
    use clap::CommandFactory as _;
    let serve = lumidex::cli::Args::command().find_subcommand("serve").unwrap().clone();
    // What names the file cannot stand in it; these three do nothing.
    let apart = ["config", "help", "update-image-index", "gen-cache-verbose", "export-fe-fn"];
    for argument in serve.get_arguments() {
        let Some(long) = argument.get_long().map(|long| long.replace('_', "-")) else { continue };
        let is_known = KNOWN
            .iter()
            .any(|known| known.key == long && known.names.iter().any(|name| name.starts_with("LUMIDEX_")));
        assert_eq!(is_known, !apart.contains(&long.as_str()), "--{long}");
    }
    for secret in ["secret-key", "openai-api-key"] {
        assert!(
            serve.get_arguments().all(|argument| argument.get_long() != Some(secret)),
            "secrets are no flags"
        );
    }
}

#[test]
fn the_host_program_is_named_in_every_way() {
    let shelf = Shelf::new();
    let save = [Path::new("/save")];
    assert_eq!(shelf.resolved(&[], &[("LUMIDEX_SD_WEBUI_DIR", ".")]).host_folders, save);
    shelf.file("sd-webui-config = \"config.json\"\nsd-webui-path-relative-to-config = true\n");
    assert_eq!(shelf.resolved(&[], &[]).host_folders, save);
}

#[test]
fn a_file_is_named_by_a_flag_a_variable_or_its_place() {
    let shelf = Shelf::new();
    let other = shelf.folder.path().join("other.toml");
    std::fs::write(&other, "port = 3\n").unwrap();
    shelf.file("port = 2\n");
    let path = other.to_str().unwrap();
    assert_eq!(shelf.resolved(&[], &[]).listen.port(), 2);
    assert_eq!(shelf.resolved(&[], &[("LUMIDEX_CONFIG", path)]).listen.port(), 3);
    assert_eq!(
        shelf.resolved(&["--config", "other.toml"], &[("LUMIDEX_CONFIG", "/nowhere")]).listen.port(),
        3
    );
    let absent = Settings::resolve(flags(&["--config", "absent.toml"]), &shelf.environment(&[]), &[]);
    assert!(absent.unwrap_err().to_string().contains("absent.toml"), "what was named must be there");
}

#[test]
fn mistakes_are_told_with_their_place_and_status_2() {
    let shelf = Shelf::new();
    let file = shelf.file("prot = 1\nread-only = \"yes\"\n");
    let path = file.to_str().unwrap();
    for command in [&["config", "check"][..], &["config", "show"], &["status"], &["serve"]] {
        let output = shelf.run(&[command, &["--config", path]].concat(), &[]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout), (Some(2), vec![]), "{command:?}");
        assert!(
            said.contains(&format!("{path}:1:1: there is no setting `prot`; did you mean `port`?")),
            "{said}"
        );
        assert!(said.contains(&format!("{path}:2:13: `read-only` is `true` or `false`")), "{said}");
    }
    shelf.file("port = 70000\n");
    let said = String::from_utf8(shelf.run(&["config", "check", "--config", path], &[]).stderr).unwrap();
    assert!(said.contains(&format!("`70000` is no value for `port` in {path}:1")), "{said}");
    let output = shelf.run(&["config", "check"], &[("LUMIDEX_PROT", "1")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("`LUMIDEX_PORT`"));
    // What cannot be served is found here already.
    let output = shelf.run(&["config", "check", "--host", "0.0.0.0"], &[]);
    assert_eq!(output.status.code(), Some(2), "no secret key");
}

#[test]
fn settings_are_shown_with_where_they_come_from_and_secrets_are_not() {
    let shelf = Shelf::new();
    let file = shelf.file("port = 2\nopenai-api-key = \"hush1\"\n");
    std::fs::write(shelf.folder.path().join(".env"), "LUMIDEX_BACKUP_MAX=7\n").unwrap();
    let variables = [("IIB_SECRET_KEY", "hush2"), ("LUMIDEX_LANG", "en")];
    let arguments = ["config", "show", "--config", "config.toml", "--host", "127.0.0.9"];
    let output = shelf.run(&[&arguments[..], &["--json"]].concat(), &variables);
    let text = String::from_utf8(output.stdout).unwrap();
    let shown: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&shown["schema"], &shown["command"]), (&1.into(), &"config".into()));
    let row = |key: &str| {
        let rows = shown["data"]["settings"].as_array().unwrap();
        let row = rows.iter().find(|row| row["key"] == key).unwrap();
        (row["value"].to_string(), row["from"].as_str().unwrap().to_owned())
    };
    assert_eq!(row("port"), ("2".into(), format!("{}:1", file.display())));
    assert_eq!(row("host"), ("\"127.0.0.9\"".into(), "--host".into()));
    assert_eq!(row("lang"), ("\"en\"".into(), "LUMIDEX_LANG".into()));
    let beside = shelf.folder.path().join(".env");
    assert_eq!(row("backup-max"), ("7".into(), format!("LUMIDEX_BACKUP_MAX in {}", beside.display())));
    assert_eq!(row("secret-key"), ("\"(hidden)\"".into(), "IIB_SECRET_KEY".into()));
    assert_eq!(row("openai-api-key").0, "\"(hidden)\"");
    assert_eq!(row("base").1, "default");
    assert_eq!(shown["data"]["settings"].as_array().unwrap().len(), KNOWN.len());
    let told = String::from_utf8(shelf.run(&arguments, &variables).stdout).unwrap();
    assert!(told.starts_with("SETTING") && told.contains("IIB_SECRET_KEY"), "{told}");
    assert!(!text.contains("hush") && !told.contains("hush"));
}

#[test]
fn where_the_file_is_read_from_is_said_whether_there_is_one_or_not() {
    let shelf = Shelf::new();
    let said = |arguments: &[&str], variables: &[(&str, &str)]| {
        String::from_utf8(shelf.run(&[&["config", "path"], arguments].concat(), variables).stdout).unwrap()
    };
    let home = shelf.folder.path().display().to_string();
    if cfg!(target_os = "linux") {
        assert_eq!(said(&[], &[]), format!("{home}/.config/lumidex/config.toml\n"));
        assert_eq!(said(&[], &[("XDG_CONFIG_HOME", "/xdg")]), "/xdg/lumidex/config.toml\n");
    }
    assert_eq!(said(&["--config", "x.toml"], &[]), format!("{home}/x.toml\n"));
    assert_eq!(said(&[], &[("LUMIDEX_CONFIG", "/y.toml")]), "/y.toml\n");
    let checked = shelf.run(&["config", "check"], &[]);
    assert_eq!(
        (checked.status.code(), checked.stdout.as_slice()),
        (Some(0), &b"the settings are fine; there is no file\n"[..])
    );
}
