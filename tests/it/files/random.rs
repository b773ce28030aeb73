//! Whatever is wished of whatever tree: undoing it restores the tree and what is known of it exactly, and
//! doing it again gives what it gave.

use super::shaky::Shaky;
use super::world::World;
use lumidex::files::Wish;
use lumidex::sys::storage::Disk;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

const FOLDERS: [&str; 7] = ["pics", "pics/a", "pics/a/b", "pics/c", "pics/far", "out", "out/far"];
const NAMES: [&str; 8] = ["x.png", "x.jpg", "x.txt", "y.mp3", "y.txt", "z.bin", "w.png", "note.txt"];

fn paths() -> Vec<String> {
    FOLDERS.iter().flat_map(|folder| NAMES.iter().map(move |name| format!("{folder}/{name}"))).collect()
}

/// Some paths: of the tree, and some that may not be there.
fn some() -> impl Strategy<Value = Vec<String>> {
    let folders = FOLDERS.iter().filter(|folder| folder.contains('/'));
    let folders: Vec<String> = folders.map(|folder| (*folder).to_owned()).collect();
    subsequence([paths(), folders].concat(), 1..8).prop_shuffle()
}

#[derive(Clone, Debug)]
enum Asked {
    Copy(Vec<String>, String, bool),
    Move(Vec<String>, String, bool),
    Rename(String, String),
    Delete(Vec<String>),
    Flatten(String),
}

fn asked() -> impl Strategy<Value = Asked> {
    let folder = || select([&FOLDERS[..], &["pics/new", "out/new/er"]].concat()).prop_map(str::to_owned);
    let path = || some().prop_map(|some| some[0].clone());
    prop_oneof![
        (some(), folder(), any::<bool>()).prop_map(|(files, into, go_on)| Asked::Copy(files, into, go_on)),
        (some(), folder(), any::<bool>()).prop_map(|(files, into, go_on)| Asked::Move(files, into, go_on)),
        (path(), select(NAMES.to_vec())).prop_map(|(path, name)| Asked::Rename(path, name.to_owned())),
        some().prop_map(Asked::Delete),
        folder().prop_map(Asked::Flatten),
    ]
}

fn wish(world: &World, asked: &Asked) -> Wish {
    let all = |files: &[String]| files.iter().map(|path| world.bytes(path)).collect();
    match asked {
        Asked::Copy(files, into, go_on) => {
            Wish::Copy { files: all(files), into: world.bytes(into), make_folder: true, go_on: *go_on }
        }
        Asked::Move(files, into, go_on) => {
            Wish::Move { files: all(files), into: world.bytes(into), make_folder: true, go_on: *go_on }
        }
        Asked::Rename(path, name) => world.rename(path, name),
        Asked::Delete(files) => Wish::Delete { files: all(files), for_good: false },
        Asked::Flatten(folder) => world.flatten(folder),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn undoing_restores_the_tree_and_what_is_known_of_it(
        tree in subsequence(paths(), 5..30),
        wishes in prop::collection::vec(asked(), 1..6),
    ) {
        let mut names: Vec<String> = FOLDERS.iter().map(|folder| format!("{folder}/")).collect();
        names.extend(tree);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let world = World::on(&names, Disk::shared(), Shaky::default().tree());
        let mut history = vec![(world.there(), world.known())];
        let mut operations = Vec::new();
        for asked in &wishes {
            let now = || (world.there(), world.known());
            match world.files.perform(&wish(&world, asked)) {
                Ok(report) => {
                    prop_assert!(report.failed > 0 || report.errors.is_empty());
                    let after = now();
                    match report.operation {
                        None => prop_assert_eq!(history.last(), Some(&after)),
                        Some(operation) => {
                            operations.push(operation);
                            history.push(after);
                        }
                    }
                }
                Err(_) => prop_assert_eq!(history.last(), Some(&now())),
            }
        }
        // Back to the beginning, there and back again.
        let mut again = Vec::new();
        while let Some(operation) = operations.pop() {
            history.pop();
            let undone = world.files.undo(operation).unwrap().operation.unwrap();
            let now = (world.there(), world.known());
            prop_assert_eq!(history.last(), Some(&now));
            again.push(undone);
        }
        let (beginning, known) = (world.there(), world.known());
        while let Some(operation) = again.pop() {
            operations.push(world.files.undo(operation).unwrap().operation.unwrap());
        }
        while let Some(operation) = operations.pop() {
            world.files.undo(operation).unwrap();
        }
        prop_assert_eq!(world.there(), beginning);
        prop_assert_eq!(world.known(), known);
        world.agrees();
    }
}
