//! Files: moved, copied, renamed, deleted, opened; nothing without consent, everything with what takes it back.

use super::world::{ODD, World, assert_code, both};
use serde_json::json;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

#[test]
fn files_are_moved_and_copied_with_consent_and_back() {
    both(|world| {
        let to = world.dir().join("pics/to");
        let (to, plan) = (to.to_str().unwrap(), format!("{} -> ", world.path("a.png")));
        // Nobody can be asked here.
        let output = world.run(&["move", "a.png", "to", "--make-folder"]);
        assert_code(&output, 1, &["move"]);
        assert!(String::from_utf8_lossy(&output.stdout).starts_with(&plan), "the plan is shown all the same");
        let dry = world.said(&["move", "a.png", "to", "-p", "--dry-run"]);
        assert_eq!(dry, format!("{plan}{to}/a.png\n"));
        assert!(world.pics().join("a.png").exists() && !Path::new(to).exists());
        let moved = world.said(&["move", "a.png", "to", "-p", "--yes"]);
        assert!(moved.starts_with(&format!("moved 1 file into `{to}`\n")), "{moved}");
        assert!(!world.pics().join("a.png").exists() && Path::new(to).join("a.png").exists());
        world.undo(&moved);
        assert!(world.pics().join("a.png").exists());
        let found = world.run(&["search", "-0", "--all", "--media", "image"]).stdout;
        let output = world.fed(&["copy", "-", "to", "-p", "-0", "--yes", "--json"], &found);
        assert_code(&output, 0, &["copy"]);
        let copied: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&copied["data"]["files"], &copied["data"]["into"]), (&json!(4), &json!(to)));
        assert!(Path::new(to).join(ODD).exists() && world.pics().join(ODD).exists());
    });
}

#[test]
fn what_is_in_the_way_is_found_before_anything_is_done() {
    both(|world| {
        std::fs::create_dir(world.pics().join("to")).unwrap();
        std::fs::write(world.pics().join("to/a.png"), "mine").unwrap();
        let refused = world.fails(&["move", "a.png", "b.png", "to", "--yes"], 1);
        assert!(refused.contains("a.png"), "{refused}");
        assert!(world.pics().join("b.png").exists());
        let output = world.run(&["move", "a.png", "b.png", "to", "--yes", "--keep-going"]);
        assert_code(&output, 3, &["move --keep-going"]);
        assert!(String::from_utf8_lossy(&output.stdout).starts_with("moved 1 file"));
        assert!(world.pics().join("to/b.png").exists() && world.pics().join("a.png").exists());
        assert_eq!(std::fs::read(world.pics().join("to/a.png")).unwrap(), b"mine");
        assert!(world.fails(&["move", "none.png", "to", "--yes"], 4).contains("none.png"));
        assert!(world.fails(&["copy", "a.png", "none", "--yes"], 1).contains("none"));
        world.fails(&["move", "a.png"], 2);
        assert_code(&world.fed(&["move", "-", "to"], b""), 2, &["move -"]);
    });
}

#[test]
fn files_are_renamed_and_folders_flattened() {
    both(|world| {
        let renamed = world.said(&["rename", "a.png", "fox.png"]);
        assert!(world.pics().join("fox.png").exists(), "{renamed}");
        world.undo(&renamed);
        assert!(world.fails(&["rename", "a.png", "b.png"], 1).contains("b.png"));
        assert!(world.fails(&["rename", "none.png", "x.png"], 4).contains("none.png"));
        assert!(world.fails(&["flatten", "."], 1).contains("--yes"));
        assert!(world.said(&["flatten", ".", "--dry-run"]).contains("1 file would"));
        let flattened = world.said(&["flatten", ".", "--yes"]);
        assert!(world.pics().join("c.png").exists() && !world.pics().join("sub").exists());
        world.undo(&flattened);
        std::fs::write(world.pics().join("c.png"), "in the way").unwrap();
        assert!(world.fails(&["flatten", ".", "--yes"], 1).contains("c.png"));
        assert!(world.pics().join("sub/c.png").exists());
    });
}

#[test]
fn deleted_files_come_back_until_the_trash_is_emptied() {
    both(|world| {
        assert!(
            world.run(&["trash", "put", "a.png"]).status.code() == Some(1)
                && world.pics().join("a.png").exists()
        );
        let dry = world.said(&["trash", "put", "a.png", "--dry-run"]);
        assert!(dry.contains("a.png") && world.pics().join("a.png").exists(), "{dry}");
        let put = world.said(&["trash", "put", "a.png", ODD, "--yes"]);
        assert!(
            put.starts_with("put 2 files into the trash\n") && !world.pics().join("a.png").exists(),
            "{put}"
        );
        world.undo(&put);
        assert!(world.pics().join("a.png").exists() && world.pics().join(ODD).exists());
        world.said(&["trash", "put", "b.png", "--yes"]);
        assert!(world.fails(&["trash", "purge"], 1).contains("--yes"));
        let purged = world.json(&["trash", "purge", "--yes"]);
        assert_eq!(purged["files"], 1);
        let gone = world.said(&["trash", "put", "a.png", "--permanent", "--yes"]);
        assert!(
            gone.starts_with("removed 1 file for good") && !world.pics().join("a.png").exists(),
            "{gone}"
        );
        assert!(world.fails(&["trash", "put", "none.png", "--yes"], 4).contains("none.png"));
    });
}

/// A program that writes what it was given to a file.
fn opener(folder: &Path, name: &str) -> String {
    let program = folder.join(name);
    let script = format!(
        "#!/bin/sh\nprintf '%s' \"$1\" > '{0}/opening' && mv '{0}/opening' '{0}/opened'\n",
        folder.display()
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    program.to_str().unwrap().to_owned()
}

/// What such a program was given, once it was started.
fn opened(folder: &Path) -> String {
    let began = std::time::Instant::now();
    loop {
        if let Ok(text) = std::fs::read_to_string(folder.join("opened")) {
            std::fs::remove_file(folder.join("opened")).unwrap();
            return text;
        }
        assert!(began.elapsed() < crate::live::PATIENCE, "nothing was opened");
        std::thread::yield_now();
    }
}

#[test]
fn pictures_folders_and_the_page_are_opened() {
    let tools = tempfile::tempdir().unwrap();
    let program = opener(tools.path(), "xdg-open");
    let mut world = World::served_with(&["--opener", &program]);
    assert!(world.said(&["open", "a.png"]).contains("opened"));
    assert_eq!(opened(tools.path()), world.path("a.png"));
    world.said(&["open", "--folder", "a.png"]);
    assert_eq!(opened(tools.path()), world.pics().to_str().unwrap());
    assert_eq!(world.fails(&["open", "../data/lumidex.lock"], 1).lines().count(), 1, "only media is opened");
    assert!(world.fails(&["open", "none.png"], 4).contains("none.png"));
    let mut command = world.command();
    let output = command
        .args(["open"])
        .env("PATH", format!("{}:/usr/bin:/bin", tools.path().display()))
        .output()
        .unwrap();
    assert_code(&output, 0, &["open"]);
    assert_eq!(opened(tools.path()), world.url());
    world.unserve();
    assert!(world.fails(&["open"], 1).contains("no server runs"));
}
