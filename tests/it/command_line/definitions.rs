//! What is made of the definitions of the command line: help pages, which are compared with what is kept beside this
//! file, completions of four shells, pages of the manual. `LUMIDEX_TEST_WRITE=1` writes the help pages anew.

use clap::CommandFactory as _;
use lumidex::cli::Args;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lumidex")).env_clear().args(arguments).output().unwrap()
}

/// Every command as it is typed, subcommands of all depths included.
fn commands() -> Vec<Vec<String>> {
    fn collect(command: &clap::Command, typed: &[String], all: &mut Vec<Vec<String>>) {
        all.push(typed.to_vec());
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            collect(inner, &[typed, &[inner.get_name().to_owned()]].concat(), all);
        }
    }
    let mut all = Vec::new();
    collect(&Args::command(), &[], &mut all);
    all
}

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/command_line/help")
}

#[test]
fn help_pages_are_as_they_are_kept() {
    let mut pages = BTreeMap::new();
    for command in commands() {
        let arguments: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
        let output = run(&arguments);
        assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}");
        let name = std::iter::once("lumidex").chain(command.iter().map(String::as_str)).collect::<Vec<_>>();
        // Blanks at the ends of lines are no part of what is shown.
        let text: String = String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(|line| format!("{}\n", line.trim_end()))
            .collect();
        pages.insert(format!("{}.txt", name.join("-")), text);
    }
    let folder = kept();
    if std::env::var_os("LUMIDEX_TEST_WRITE").is_some() {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in &pages {
            std::fs::write(folder.join(name), text).unwrap();
        }
    }
    let mut known: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    known.sort();
    assert_eq!(known, pages.keys().cloned().collect::<Vec<_>>(), "LUMIDEX_TEST_WRITE=1 writes them anew");
    for (name, text) in &pages {
        let kept = std::fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!(*text, kept, "{name}; LUMIDEX_TEST_WRITE=1 writes them anew");
    }
}

#[test]
fn examples_come_first_and_every_flag_is_explained() {
    for command in commands().iter().filter(|command| command.len() == 1) {
        let arguments = [command[0].as_str(), "--help"];
        let page = String::from_utf8(run(&arguments).stdout).unwrap();
        assert!(page.starts_with("Examples:\n  lumidex"), "{command:?}: {page}");
        let short = String::from_utf8(run(&[&command[0], "-h"]).stdout).unwrap();
        assert!(short.contains("Usage: lumidex"), "{short}");
    }
    fn unexplained(command: &clap::Command, found: &mut Vec<String>) {
        for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
            if argument.get_help().is_none() {
                found.push(format!("{} {}", command.get_name(), argument.get_id()));
            }
        }
        command.get_subcommands().for_each(|inner| unexplained(inner, found));
    }
    let mut found = Vec::new();
    unexplained(&Args::command(), &mut found);
    assert_eq!(found, Vec::<String>::new());
    assert!(
        String::from_utf8(run(&["help", "tags", "add"]).stdout).unwrap().contains("Usage: lumidex tags add")
    );
    assert!(String::from_utf8(run(&["--version"]).stdout).unwrap().starts_with("lumidex "));
}

#[test]
fn four_shells_complete_every_command() {
    for (shell, marks) in [
        ("bash", &["_lumidex()", "complete -F _lumidex"][..]),
        ("zsh", &["#compdef lumidex"]),
        ("fish", &["complete -c lumidex"]),
        ("powershell", &["Register-ArgumentCompleter", "'lumidex'"]),
    ] {
        let output = run(&["completions", shell]);
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success());
        for part in marks.iter().copied().chain(lumidex::cli::COMMANDS).chain(["accept-empty", "make-folder"])
        {
            assert!(script.contains(part), "{shell}: {part}");
        }
    }
    let script = run(&["completions", "bash"]).stdout;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), script).unwrap();
    let asked = "source \"$1\"; COMP_WORDS=(lumidex tags a); COMP_CWORD=2; _lumidex lumidex a tags; echo \"${COMPREPLY[@]}\"";
    // Where there is no such shell, nobody completes with it.
    if let Ok(output) = Command::new("bash").args(["-c", asked, "bash"]).arg(file.path()).output() {
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "add apply");
    }
    assert_eq!(run(&["completions", "tcsh"]).status.code(), Some(2));
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    let output = run(&["man", pages.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for command in commands() {
        let name = std::iter::once("lumidex".to_owned()).chain(command).collect::<Vec<_>>().join("-");
        let page = std::fs::read_to_string(pages.join(format!("{name}.1"))).unwrap();
        assert!(page.contains(".TH") && page.contains(".SH SYNOPSIS"), "{name}");
    }
    let page = std::fs::read_to_string(pages.join("lumidex-search.1")).unwrap();
    assert!(page.contains("regular expression") && page.contains(".SH EXAMPLES"), "{page}");
    assert!(page.contains("lumidex search red fox") && page.contains("\\-\\-json"), "{page}");
    // Where there is a formatter, it has nothing to complain of.
    let formatted =
        Command::new("groff").args(["-man", "-Tutf8", "-ww"]).arg(pages.join("lumidex-search.1")).output();
    if let Ok(output) = formatted {
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        assert!(String::from_utf8_lossy(&output.stdout).contains("lumidex search red fox"));
    }
}
