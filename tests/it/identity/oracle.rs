//! What the rulings on identity allow, judged by what lies where before and after, and by nothing else.

use super::model::{History, ROOTS};
use lumidex_schema::id::{ImageId, TagId};
use lumidex_schema::path::display;
use lumidex_schema::record::{Fingerprint, Presence, Question};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// A tag that was put on a picture.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) tag: TagId,
    /// The content it belongs to.
    pub(super) pixels: u64,
    /// The recipe of the file it was on when last looked.
    pub(super) recipe: u64,
    /// Which file that was.
    pub(super) file: u64,
    /// Contents it belonged to before, until something else stood in their place.
    pub(super) earlier: Vec<u64>,
    /// Where its image was when last looked, if it was there.
    pub(super) path: Option<String>,
}

impl History {
    fn path_of(&self, path: &[u8]) -> String {
        let path = PathBuf::from(display(path));
        path.strip_prefix(self.album.top.path()).unwrap().to_str().unwrap().to_owned()
    }

    fn complain(&self, what: &str) -> ! {
        panic!("{what}\n{}", self.steps.join("\n"))
    }

    pub(super) fn check(&mut self) {
        let reader = self.album.reader();
        let mut carriers: BTreeMap<TagId, Vec<ImageId>> = BTreeMap::new();
        let mut present = BTreeMap::new();
        let mut missing = BTreeSet::new();
        for id in (1..=reader.last_image().unwrap().0).map(ImageId) {
            let Some(image) = reader.image(id).unwrap() else { continue };
            for tag in reader.custom_tag_ids_of(id).unwrap() {
                carriers.entry(tag).or_default().push(id);
            }
            match image.presence {
                Presence::Present => {
                    let path = self.path_of(&reader.path_of(&image).unwrap());
                    // Of a root that is away the ledger keeps what it knew.
                    if path.ends_with("stays.png") || self.is_away(&path) {
                        continue;
                    }
                    let Some(on_disk) = self.disk.get(&path) else {
                        self.complain(&format!("{path} is not there"))
                    };
                    self.contents.insert(image.fingerprint.0, on_disk.picture.pixels);
                    if present.insert(path.clone(), id).is_some() {
                        self.complain(&format!("two images at {path}"));
                    }
                }
                Presence::Missing { .. } => {
                    missing.extend(self.contents.get(&image.fingerprint.0).copied());
                }
                Presence::Retired => {}
            }
        }
        if let Some(unknown) =
            self.disk.keys().find(|path| !present.contains_key(*path) && !self.is_away(path))
        {
            self.complain(&format!("{unknown} is not known"));
        }
        let asked = self.asked_about();
        for nth in 0..self.given.len() {
            let given = self.given[nth].clone();
            let Some([id]) = carriers.get(&given.tag).map(Vec::as_slice) else {
                self.complain(&format!("{given:?} is on {:?}", carriers.get(&given.tag)))
            };
            let image = reader.image(*id).unwrap().unwrap();
            self.given[nth].path = match image.presence {
                Presence::Present => {
                    let path = self.path_of(&reader.path_of(&image).unwrap());
                    if !self.is_away(&path) {
                        self.check_present(nth, &given, (&path, image.fingerprint), &present);
                    }
                    Some(path)
                }
                _ => {
                    self.check_absent(&given, &present, asked.contains(id));
                    None
                }
            };
        }
        let away = self.away.map(|away| format!("{}/", ROOTS[away]));
        let is_away = |path: &String| away.as_ref().is_some_and(|away| path.starts_with(away));
        self.before.retain(|path, _| is_away(path));
        self.before.extend(self.disk.iter().filter(|(path, _)| !is_away(path)).map(|(p, f)| (p.clone(), *f)));
        self.missing_before = missing;
        self.last_before = reader.last_image().unwrap();
    }

    /// Images that a person is being asked about.
    fn asked_about(&mut self) -> BTreeSet<ImageId> {
        let mut asked = BTreeSet::new();
        for (_, review) in self.album.reviews() {
            match review.question {
                Question::Ambiguous { arrived, missing } => {
                    asked.extend(missing.into_iter().chain([arrived]))
                }
                Question::Both { missing, arrived } => asked.extend([missing, arrived]),
                Question::Replaced { image, .. } => asked.extend([image]),
            }
        }
        asked
    }

    fn check_present(
        &mut self,
        nth: usize,
        given: &Given,
        (path, content): (&str, Fingerprint),
        present: &BTreeMap<String, ImageId>,
    ) {
        let now = self.disk[path];
        assert_eq!(
            self.contents.get(&content.0),
            Some(&now.picture.pixels),
            "what is known of {path} is current"
        );
        let was_file = std::mem::replace(&mut self.given[nth].file, now.file);
        self.given[nth].recipe = now.picture.recipe;
        if now.picture.pixels == given.pixels {
            return;
        }
        if given.path.is_none() && given.recipe == now.picture.recipe {
            // Deleted and written again with the same recipe: edited.
            self.given[nth].earlier.push(given.pixels);
            self.given[nth].pixels = now.picture.pixels;
            return;
        }
        if self.is_watched && now.file == was_file {
            // Events told that it was rewritten in place before it was moved on.
            self.given[nth].earlier.push(given.pixels);
            self.given[nth].pixels = now.picture.pixels;
            return;
        }
        if given.earlier.contains(&now.picture.pixels) {
            // Its content had been where nobody could see it.
            self.given[nth].pixels = now.picture.pixels;
            return;
        }
        // Allowed for a file that was rewritten in place, and for nothing else.
        let Some(before) = self.before.get(path).filter(|_| given.path.as_deref() == Some(path)) else {
            self.complain(&format!("{given:?} is on another picture: {path}"))
        };
        let moved = self.disk.iter().find(|(elsewhere, file)| {
            *elsewhere != path
                && !self.is_away(elsewhere)
                && (file.file, file.picture.pixels) == (before.file, given.pixels)
        });
        if let Some((elsewhere, _)) = moved {
            self.complain(&format!("{given:?} did not follow its file to {elsewhere}"));
        }
        let came_from = self.before.iter().find(|(elsewhere, file)| {
            *elsewhere != path
                && file.picture.pixels == now.picture.pixels
                && !self.is_away(elsewhere)
                && self.disk.get(*elsewhere).is_none_or(|now| now.picture.pixels != file.picture.pixels)
        });
        // Whose content it was has it still, there or under another name.
        let still_there = self.before.iter().any(|(elsewhere, file)| {
            file.picture.pixels == now.picture.pixels
                && self.disk.iter().any(|(place, now)| {
                    place != path
                        && (place == elsewhere || now.file == file.file)
                        && now.picture.pixels == file.picture.pixels
                })
        });
        // Or it went to another file of that content.
        let came_back_elsewhere = self.disk.iter().any(|(place, file)| {
            place != path
                && file.picture.pixels == now.picture.pixels
                && present.get(place).is_some_and(|id| *id <= self.last_before)
        });
        if let Some((elsewhere, _)) = came_from
            && !still_there
            && !came_back_elsewhere
        {
            self.complain(&format!("{given:?} is on what was {elsewhere} before, at {path}"));
        }
        if self.missing_before.contains(&now.picture.pixels) && !still_there && !came_back_elsewhere {
            self.complain(&format!("{given:?} is on a picture that had been missing, at {path}"));
        }
        self.given[nth].earlier.push(given.pixels);
        self.given[nth].pixels = now.picture.pixels;
    }

    fn check_absent(&self, given: &Given, present: &BTreeMap<String, ImageId>, is_asked: bool) {
        let fresh = self.disk.iter().find(|(path, file)| {
            file.picture.pixels == given.pixels
                && !self.is_away(path)
                // Another missing image of this content may have come back there, by its name.
                && present[*path] > self.last_before
                && self.before.get(*path).is_none_or(|before| before.picture.pixels != given.pixels)
                && !self
                    .before
                    .values()
                    .any(|before| (before.file, before.picture.pixels) == (file.file, file.picture.pixels))
        });
        if let Some((path, _)) = fresh
            && !is_asked
        {
            self.complain(&format!("{given:?} is lost, though its content has come to {path}"));
        }
    }
}
