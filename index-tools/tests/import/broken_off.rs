//! Runs that were stopped or killed in the middle, and gone on with: in the end all is as after one.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use lumidex::sys::{DirLock, Stopper};
use lumidex_index_tools::import::{Import, ImportError, PathMap, Stage};

use crate::fixture::{Age, Iib};
use crate::home::{Home, State};

/// More files than a batch holds: half of them known.
const FILES: u64 = 20_000;

fn large(home: &Home) -> std::path::PathBuf {
    let iib = Iib::new(home.dir.path(), Age::Newest);
    iib.begin();
    let tags: Vec<i64> = (0..20).map(|n| iib.tag(&format!("tag {n}"), "#123456")).collect();
    for n in 0..FILES {
        let image = match n % 100 {
            0 => iib.edited(
                &format!("/p/{n}.png"),
                n as i64,
                &format!("words {n}\nSteps: 3, Seed: {n}, Sampler: x"),
            ),
            _ => iib.image(&format!("/p/{n}.png"), n as i64),
        };
        iib.link(image, tags[n as usize % tags.len()]);
        iib.link(image, tags[(n as usize + 1 + n as usize / 7 % 19) % tags.len()]);
    }
    iib.setting("global", "{}");
    iib.folder("/q", "walk", "");
    iib.done()
}

fn known(home: &Home) {
    let names: Vec<String> = (0..FILES).step_by(2).map(|n| format!("{n}.png")).collect();
    let files: Vec<(&str, u64)> =
        names.iter().enumerate().map(|(n, name)| (name.as_str(), n as u64 * 2)).collect();
    home.see(&files);
}

/// What one whole run gives.
fn at_once() -> State {
    let home = Home::new();
    known(&home);
    let file = large(&home);
    home.import(&file, &[]);
    home.state()
}

#[test]
fn a_run_that_is_stopped_between_batches_is_gone_on_with() {
    let home = Home::new();
    known(&home);
    let file = large(&home);
    let mut n_stopped = 0;
    loop {
        let stopper = Stopper::new();
        let plan = || Import::plan(&home.data(), &file, PathMap::default(), &stopper.stop(), &mut |_| {});
        // A process that another test is just starting holds all locks of this one until it is another program.
        let plan = loop {
            match plan() {
                Err(ImportError::InUse(_)) => std::thread::yield_now(),
                planned => break planned.unwrap(),
            }
        };
        let mut told = |stage| {
            if matches!(stage, Stage::Writing(..)) {
                stopper.trigger();
            }
        };
        match plan.apply(&mut told) {
            Err(ImportError::Stopped) => n_stopped += 1,
            done => {
                done.unwrap();
                break;
            }
        }
    }
    assert!(n_stopped >= 2, "{n_stopped}");
    assert_eq!(home.state(), at_once());
    assert!(home.plan(&file, &[]).is_empty());
}

fn command(file: &Path, data: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_index-tools"));
    command.arg("import").arg(file).arg("--data-dir").arg(data).args(more);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn a_run_that_is_killed_anywhere_is_gone_on_with() {
    let home = Home::new();
    known(&home);
    let file = large(&home);
    // So many in the suite, as many as asked for in a long run.
    let kills: u64 = std::env::var("LUMIDEX_IMPORT_KILLS").map_or(12, |kills| kills.parse().unwrap());
    for nth in 1..=kills {
        let mut child = command(&file, &home.data(), &["--yes"]).spawn().unwrap();
        // Wherever it is by then.
        std::thread::sleep(Duration::from_millis(nth * 60 % 1_500));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let ended = command(&file, &home.data(), &["--yes"]).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(home.state(), at_once());
}

#[test]
fn the_command_shows_asks_and_refuses() {
    let home = Home::new();
    home.see(&[("a.png", 10)]);
    let iib = Iib::new(home.dir.path(), Age::Newest);
    let tag = iib.tag("t", "");
    iib.link(iib.image("/p/a.png", 10), tag);
    iib.link(iib.image("/p/b.png", 20), tag);
    let file = iib.done();
    let run = |more: &[&str]| {
        let output = command(&file, &home.data(), more).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let before = home.state();
    let (code, shown, said) = run(&["--dry-run"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        shown.contains("Comes:") && shown.contains("1 new tag") && said.contains("nothing was changed"),
        "{shown}{said}"
    );
    let (code, _, said) = run(&[]);
    assert_eq!(code, Some(1));
    assert!(said.contains("`--yes`"), "{said}");
    assert_eq!(home.state(), before);
    let (code, _, said) = run(&["--map", "nothing", "--yes"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("OLD=NEW"), "{said}");
    {
        let _held = DirLock::take(&home.data()).unwrap();
        for more in ["--yes", "--dry-run"] {
            let (code, _, said) = run(&[more]);
            assert_eq!(code, Some(1));
            assert!(said.contains("stop it first"), "{said}");
        }
    }
    let (code, _, said) = run(&["--yes"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("brought 1 tag on an image") && said.contains("1 file is waited for"), "{said}");
    let (code, shown, said) = run(&["--yes"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("there is nothing to bring"), "{shown}{said}");
}
