//! A client that moves, copies, renames and deletes files through the server, and takes that back,
//! until the server is gone. What it does is told to the world's files once it is answered; what was not
//! answered is found out after the restart, and is there wholly or not at all.

use super::files::Files;
use super::load::{Said, ask, ask_for};
use super::state::{Change, State};
use crate::live::Program;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Files that stay, so that there is always something to be done.
const FILES_MIN: usize = 80;
/// Operations that are remembered to be undone.
const DEEDS_MAX: usize = 30;

/// Something to be asked for.
struct Wish {
    route: &'static str,
    body: Value,
    /// What it does if it is done; `None` when it must be refused.
    changes: Option<Vec<Change>>,
}

/// See the top of the file.
pub(super) struct Clerk {
    rng: fastrand::Rng,
    /// Numbers of what was done, with what that was.
    deeds: Vec<(u64, Vec<Change>)>,
    /// What was asked for and not answered: what would be, if it was done.
    pending: Option<Option<State>>,
    pub(super) done: u64,
    pub(super) undone: u64,
    pub(super) refused: u64,
}

/// What became of an operation that was not answered.
pub(super) struct Unanswered {
    pub(super) is_done: bool,
}

impl Clerk {
    pub(super) fn new(rng: fastrand::Rng) -> Self {
        Self { rng, deeds: Vec::new(), pending: None, done: 0, undone: 0, refused: 0 }
    }

    /// Numbers of what was done last.
    pub(super) fn last_deeds(&self) -> impl Iterator<Item = u64> {
        self.deeds.iter().rev().take(3).map(|(number, _)| *number)
    }

    /// Until the server is gone.
    pub(super) fn run(&mut self, program: &Program, files: &Files) {
        loop {
            let mut hands = files.hands();
            let mut state = files.state();
            let wish = self.think(&mut state, files);
            files.set_state(state.clone());
            let Some(Wish { route, body, changes }) = wish else { continue };
            let after = changes.as_ref().and_then(|changes| state.after(changes));
            let is_undo = route.starts_with("/api");
            if after.is_none() && !is_undo {
                // A name that means something else.
                continue;
            }
            let copied = changes.iter().flatten().any(|change| matches!(change, Change::Copy { .. }));
            // A walk that goes on meanwhile sees the half of it.
            let is_watched = self.rng.bool();
            let (said, deed) = std::thread::scope(|scope| {
                if is_watched {
                    scope.spawn(|| ask(program, "/db/update_image_data", &json!({})));
                }
                ask_for(program, route, &body)
            });
            match (said, deed) {
                (Said::Yes(answer), deed) => {
                    let because = || format!("{route} {body} was answered with {answer}");
                    let changes = changes.unwrap_or_else(|| panic!("{}", because()));
                    files.set_state(after.unwrap_or_else(|| panic!("{}", because())));
                    assert!(
                        answer.get("success").is_none_or(|success| success == &json!(true)),
                        "{}",
                        because()
                    );
                    let deed = deed.unwrap_or_else(|| panic!("{} and no number", because()));
                    self.deeds.push((deed, changes));
                    if self.deeds.len() > DEEDS_MAX {
                        self.deeds.remove(self.rng.usize(..DEEDS_MAX / 2));
                    }
                    self.done += 1;
                    self.undone += u64::from(is_undo);
                }
                (Said::No(why), _) => {
                    // Only what the world has changed about since is refused.
                    assert!(is_undo, "{route} {body} was refused: {why}");
                    self.refused += 1;
                }
                (Said::Gone, _) => {
                    self.pending = Some(after);
                    *hands = true;
                    return;
                }
            }
            // Copies are known as such before anything happens to what they were made of: a first walk finds
            // them, a second one sees that what they were made of is still there. Whoever goes away in between
            // has moved there, as far as anyone can tell.
            for _ in 0..if copied { 2 } else { 0 } {
                if let Said::Gone = ask(program, "/db/update_image_data", &json!({})) {
                    *hands = true;
                    return;
                }
            }
            drop(hands);
        }
    }

    /// Finds out from the disk whether what was not answered was done; the rest has to be as it was.
    pub(super) fn find_out(&mut self, files: &Files) -> Option<Unanswered> {
        *files.hands() = false;
        let pending = self.pending.take();
        let (kept, trash) = files.on_disk();
        let made: BTreeSet<String> = files.made_on_disk().into_iter().collect();
        let is = |state: &State| state.files() == kept && state.trashed() == trash && state.made == made;
        let before = files.state();
        if is(&before) {
            return pending.map(|_| Unanswered { is_done: false });
        }
        match pending.flatten() {
            Some(after) if is(&after) => {
                files.set_state(after);
                Some(Unanswered { is_done: true })
            }
            after => {
                let differ = |state: &State| {
                    let names = |files: &super::files::OnDisk| files.keys().cloned().collect::<BTreeSet<_>>();
                    let (wanted, there) = (names(&state.files()), names(&kept));
                    let (deleted, in_trash) = (names(&state.trashed()), names(&trash));
                    format!(
                        "not there: {:?}, there: {:?}; not in the trash: {:?}, in it: {:?}; made: {made:?}",
                        &wanted - &there,
                        &there - &wanted,
                        &deleted - &in_trash,
                        &in_trash - &deleted
                    )
                };
                panic!(
                    "files are neither as they were ({}) nor as they would be ({:?})",
                    differ(&before),
                    after.as_ref().map(differ)
                );
            }
        }
    }

    /// What to ask for next. Names are given even when it comes to nothing.
    fn think(&mut self, state: &mut State, files: &Files) -> Option<Wish> {
        match self.rng.u8(..30) {
            0..=5 => self.transfer(state, files, false, false),
            6..=8 => self.transfer(state, files, false, true),
            9 | 10 => self.transfer(state, files, true, true),
            11..=13 => self.rename(state, files),
            14 => self.rename_folder(state, files),
            15 | 16 => self.move_folder(state, files),
            17..=20 => self.delete(state, files, false),
            21 => self.delete(state, files, true),
            22 | 23 => self.flatten(state, files),
            24 => {
                let name = format!("made{}", state.name());
                let body = json!({ "dest_folder": files.absolute(&name) });
                Some(Wish { route: "/mkdirs", body, changes: Some(vec![Change::Make(name)]) })
            }
            _ => self.undo(state),
        }
    }

    fn some(&mut self, state: &State, n_max: usize) -> BTreeSet<String> {
        let n = self.rng.usize(1..=n_max);
        let all: Vec<&String> = state.present.keys().collect();
        (0..n).map(|_| all[self.rng.usize(..all.len())].clone()).collect()
    }

    fn transfer(&mut self, state: &mut State, files: &Files, copy: bool, into_new: bool) -> Option<Wish> {
        let mut dest = self.rng.choice(&state.folders)?.clone();
        if into_new {
            dest = format!("{dest}/sub{}", state.name());
        }
        let chosen = self.some(state, if copy { 5 } else { 40 });
        let chosen: Vec<String> = chosen.into_iter().filter(|path| folder(path) != dest).collect();
        if chosen.is_empty() {
            return None;
        }
        let changes = chosen.iter().map(|from| {
            let (from, to) = (from.clone(), format!("{dest}/{}", name(from)));
            if copy { Change::Copy { from, to, key: state.key() } } else { Change::Move { from, to } }
        });
        let changes = Some(changes.collect());
        let mut paths: Vec<String> = chosen.iter().map(|path| files.absolute(path)).collect();
        let goes_on = self.rng.u8(..8) == 0;
        if goes_on {
            paths.push(files.absolute("folder0/never there.png"));
        }
        let body = json!({
            "file_paths": paths, "dest": files.absolute(&dest), "create_dest_folder": into_new,
            "continue_on_error": goes_on,
        });
        Some(Wish { route: if copy { "/copy_files" } else { "/move_files" }, body, changes })
    }

    fn rename(&mut self, state: &mut State, files: &Files) -> Option<Wish> {
        let from = self.some(state, 1).pop_first()?;
        let name = format!("{}.png", state.name());
        let body = json!({ "path": files.absolute(&from), "name": name });
        let to = format!("{}/{name}", folder(&from));
        Some(Wish { route: "/db/rename", body, changes: Some(vec![Change::Move { from, to }]) })
    }

    fn rename_folder(&mut self, state: &mut State, files: &Files) -> Option<Wish> {
        let from = folder(&self.some(state, 1).pop_first()?).to_owned();
        let (above, old) = from.rsplit_once('/').unwrap_or(("", &from));
        let name = format!("{}-{}", old.split_once('-').map_or(old, |(stem, _)| stem), state.name());
        let to = if above.is_empty() { name.clone() } else { format!("{above}/{name}") };
        let body = json!({ "path": files.absolute(&from), "name": name });
        Some(Wish { route: "/db/rename", body, changes: Some(vec![Change::Folder { from, to }]) })
    }

    /// A folder within another goes to a third.
    fn move_folder(&mut self, state: &mut State, files: &Files) -> Option<Wish> {
        let subs: Vec<String> = state
            .present
            .keys()
            .map(|path| folder(path))
            .filter(|path| path.contains('/'))
            .map(str::to_owned)
            .collect();
        let from = self.rng.choice(subs)?;
        let dest = self.rng.choice(&state.folders)?;
        if folder(&from) == dest {
            return None;
        }
        let to = format!("{dest}/{}", name(&from));
        let body = json!({ "file_paths": [files.absolute(&from)], "dest": files.absolute(dest) });
        Some(Wish { route: "/move_files", body, changes: Some(vec![Change::Folder { from, to }]) })
    }

    fn delete(&mut self, state: &State, files: &Files, permanent: bool) -> Option<Wish> {
        if state.present.len() < FILES_MIN {
            return None;
        }
        let chosen = self.some(state, if permanent { 2 } else { 12 });
        let paths: Vec<String> = chosen.iter().map(|path| files.absolute(path)).collect();
        let body = json!({ "file_paths": paths, "permanent": permanent });
        let change = if permanent { Change::Remove } else { Change::Trash };
        Some(Wish { route: "/delete_files", body, changes: Some(chosen.into_iter().map(change).collect()) })
    }

    fn flatten(&mut self, state: &State, files: &Files) -> Option<Wish> {
        let top = self.rng.choice(&state.folders)?;
        let below = state.below(top).into_iter().filter(|path| folder(path) != top);
        let changes: Vec<Change> =
            below.map(|from| Change::Move { to: format!("{top}/{}", name(&from)), from }).collect();
        if changes.is_empty() {
            return None;
        }
        let body = json!({ "folder_path": files.absolute(top), "dry_run": false });
        Some(Wish { route: "/flatten_folder", body, changes: Some(changes) })
    }

    fn undo(&mut self, state: &State) -> Option<Wish> {
        // What was done just now most often: much else has changed since.
        let n = self.deeds.len().checked_sub(1)?;
        let back = if self.rng.bool() { 0 } else { self.rng.usize(..=n) };
        let (number, changes) = &self.deeds[n - back];
        Some(Wish {
            route: "/api/v1/undo",
            body: json!({ "number": number }),
            changes: state.inverse(changes),
        })
    }
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}
