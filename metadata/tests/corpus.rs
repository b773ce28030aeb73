//! The corpora that fuzzing left behind, tried again: whatever was once found stays mended.

#[path = "../fuzz/trial.rs"]
mod trial;

use std::fs;
use std::path::Path;

fn targets() -> impl Iterator<Item = &'static str> {
    let containers = trial::CONTAINERS.iter().map(|(name, ..)| *name);
    containers.chain(trial::DIALECTS.iter().map(|(name, _)| *name)).chain(["sidecar"])
}

#[test]
fn every_input_that_was_kept_is_survived() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let mut n_tried = 0;
    for target in targets() {
        for entry in fs::read_dir(kept.join(target)).into_iter().flatten() {
            let path = entry.expect("the corpus can be listed").path();
            trial::run(target, &fs::read(&path).expect("the corpus can be read"));
            n_tried += 1;
        }
        trial::run(target, b"");
        trial::run(target, b"{\"a\": [1, {\"b\": \"c\"}]}");
    }
    assert!(n_tried > 0, "the corpus was not found");
}

#[test]
fn every_target_is_built() {
    let manifest = include_str!("../fuzz/Cargo.toml");
    let built = manifest.lines().filter(|line| line.starts_with("[[bin]]")).count();
    assert_eq!(targets().count(), built);
    for target in targets() {
        assert!(manifest.contains(&format!("name = \"{target}\"")), "{target}");
    }
}
