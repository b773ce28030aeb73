//! At a terminal, and where there is none: questions, colours, tables, pipes that are closed.

use super::world::{ODD, World, assert_code};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Command, Stdio};

/// What a program shows at a terminal where this is typed, and its exit status.
fn at_terminal(mut command: Command, typed: &str) -> (String, Option<i32>) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave = File::options().read(true).write(true).open(OsStr::from_bytes(name.to_bytes())).unwrap();
    let side = || Stdio::from(slave.try_clone().unwrap());
    command.stdin(side()).stdout(side()).stderr(side());
    let mut child = command.spawn().unwrap();
    drop((slave, command));
    let mut master = File::from(master);
    master.write_all(typed.as_bytes()).unwrap();
    let mut shown = Vec::new();
    // It ends with an error when nobody is left at the other side.
    let _ = master.read_to_end(&mut shown);
    let code = child.wait().unwrap().code();
    (String::from_utf8_lossy(&shown).into_owned(), code)
}

fn lumidex(world: &World, arguments: &[&str]) -> Command {
    let mut command = world.command();
    command.args(arguments).env("TERM", "xterm-256color");
    command
}

#[test]
fn a_person_is_asked_before_files_are_moved() {
    let world = World::served();
    let (shown, code) = at_terminal(lumidex(&world, &["move", "a.png", "to", "-p"]), "n\n");
    assert!(shown.contains("Move 1 file into") && shown.contains("[y/N]"), "{shown}");
    assert_eq!((code, world.pics().join("a.png").exists()), (Some(1), true));
    let (shown, code) = at_terminal(lumidex(&world, &["move", "a.png", "to", "-p"]), "y\n");
    assert!(shown.contains("moved 1 file") && shown.contains("lumidex undo"), "{shown}");
    assert_eq!((code, world.pics().join("to/a.png").exists()), (Some(0), true));
}

#[test]
fn a_table_is_for_people_and_obeys_no_name() {
    let world = World::served();
    let (shown, code) = at_terminal(lumidex(&world, &["search", "--all"]), "");
    assert_eq!(code, Some(0));
    assert!(shown.contains("2033-05-18 03:33") && shown.contains("a.png"), "{shown}");
    assert!(!shown.contains("\u{1b}[2J") && shown.contains("odd\u{fffd}\u{fffd}[2J.png"), "{shown}");
    let (shown, _) = at_terminal(lumidex(&world, &["show", ODD]), "");
    assert!(!shown.contains("\u{1b}[2J"), "{shown}");
    let (shown, _) = at_terminal(lumidex(&world, &["show", &format!("none{ODD}")]), "");
    assert!(!shown.contains("\u{1b}[2J"), "{shown}");
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let world = World::served();
    let coloured = |with: &[(&str, &str)]| {
        let mut command = lumidex(&world, &["--help"]);
        command.envs(with.iter().copied());
        at_terminal(command, "").0.contains('\u{1b}')
    };
    assert!(coloured(&[]));
    assert!(!coloured(&[("NO_COLOR", "1")]));
    let (shown, _) = at_terminal(lumidex(&world, &["status", "--quiet"]), "");
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
    let piped = world.run(&["--help"]);
    assert!(!piped.stdout.contains(&0x1b));
}

#[test]
fn whoever_has_read_enough_is_no_error() {
    let world = World::served();
    for arguments in
        [&["search", "--all", "--json"][..], &["status"], &["tags", "list", "--all"], &["inspect", "a.png"]]
    {
        let mut command = world.command();
        let mut child =
            command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_code(&output, 0, arguments);
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    }
}

#[test]
fn what_is_misspelt_is_answered_with_what_was_meant() {
    let world = World::served();
    for (typed, meant) in [
        (&["serch"][..], "`search`"),
        (&["statuss"], "`status`"),
        (&["tags", "ad", "x", "a.png"], "add"),
        (&["search", "--regexp", "x"], "--regex"),
        (&["roots", "lst"], "list"),
        (&["trash", "purg"], "purge"),
    ] {
        let said = world.fails(typed, 2);
        assert!(said.contains(meant), "{typed:?}: {said}");
    }
}

/// Whoever started the tests may have told everything below it to ignore interruptions, as shells do in the background.
fn are_interruptions_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).map(str::trim);
    ignored.and_then(|set| u64::from_str_radix(set, 16).ok()).is_some_and(|set| set & 0b10 != 0)
}

#[test]
fn an_interrupted_command_ends_at_once_by_the_signal() {
    use std::os::unix::process::ExitStatusExt as _;
    let world = World::served();
    let mut command = world.command();
    let mut child = command.args(["text", "set", "a.png", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    // It waits for its text, which does not come. Shells show the signal as 130.
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT)
        .unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.signal(), (!are_interruptions_ignored()).then_some(2), "{status:?}");
}
