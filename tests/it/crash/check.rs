//! After a restart: what is there is what was acknowledged, and what a rebuild would give.

use super::clerk::{Clerk, Unanswered};
use super::files::Files;
use super::load::{Edits, Tagger};
use super::picture::Content;
use super::totals::Totals;
use crate::live::Program;
use crate::support::fileless::followed;
use lumidex::ledger::backup::Existing;
use lumidex::query::{Engine, Matching, Search};
use lumidex::sys::Stop;
use lumidex_index_tools::backup::backup;
use lumidex_index_tools::verify::verify;
use lumidex_schema::id::TagId;
use lumidex_schema::layout;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Larger than any world.
const ALL: usize = 10_000;

/// One restarted server that has looked at all its files.
pub(super) struct Check<'a> {
    program: &'a Program,
    files: &'a Files,
    present: BTreeMap<String, Content>,
    /// Names and ids of custom tags.
    tags: BTreeMap<String, u64>,
    settings: Value,
}

impl<'a> Check<'a> {
    pub(super) fn begin(program: &'a Program, files: &'a Files) -> Self {
        program.reference("/db/update_image_data", &json!({}));
        let info = program.get("/infinite_image_browsing/db/basic_info");
        let custom = info["tags"].as_array().unwrap().iter().filter(|tag| tag["type"] == "custom");
        let tags = custom.map(|tag| (tag["name"].as_str().unwrap().to_owned(), id_of(tag))).collect();
        let settings = program.get("/infinite_image_browsing/global_setting")["app_fe_setting"].clone();
        let present = files.present();
        assert_eq!(info["img_count"], present.len(), "as many images as files");
        Self { program, files, present, tags, settings }
    }

    /// Files are as the one who has them moved knows, with what it did not hear of done wholly or not at
    /// all; nothing is under way, and what was acknowledged can be looked up.
    pub(super) fn operations(program: &Program, clerk: &mut Clerk, files: &Files) -> Totals {
        program.reference("/mkdirs", &json!({ "dest_folder": files.absolute("") }));
        let unanswered = clerk.find_out(files);
        assert_eq!(program.get("/api/v1/operations"), json!({ "running": [] }));
        for number in clerk.last_deeds() {
            let found = program.get(&format!("/api/v1/undo?before={}&max=1", number + 1));
            assert_eq!(found["deeds"][0]["number"], number, "{found}");
        }
        let newest = program.get("/api/v1/undo?max=50");
        let is_open = |deed: &Value| deed["lasting"] == "it is under way";
        assert!(!newest["deeds"].as_array().unwrap().iter().any(is_open), "{newest}");
        let (unanswered, done) = match unanswered {
            None => (0, 0),
            Some(Unanswered { is_done }) => (1, u64::from(is_done)),
        };
        Totals { operations_unanswered: unanswered, operations_done: done, ..Totals::default() }
    }

    /// What a client edited: exactly what was acknowledged, and what it did not hear of wholly or not
    /// at all.
    pub(super) fn edits(&self, tagger: &mut Tagger) -> Totals {
        let undone = tagger.candidates.clone();
        let pending = tagger.consider_pending();
        let shown = self.shown(&tagger.prefix());
        let there: BTreeSet<u32> = self.present.values().map(|content| content.key).collect();
        let visible = |edits: &Edits| {
            let tags = edits.tags.iter().map(|(name, keys)| (name.clone(), keys & &there)).collect();
            Edits { tags, settings: edits.settings.clone() }
        };
        let before = tagger.candidates.clone();
        tagger.candidates.retain(|candidate| visible(candidate) == shown);
        assert!(
            !tagger.candidates.is_empty(),
            "after {pending:?} was not answered there is {shown:?}, and should be one of {:?}",
            before.iter().map(visible).collect::<Vec<_>>()
        );
        let is_done = !tagger.candidates.iter().any(|candidate| undone.contains(candidate));
        let prefix = tagger.prefix();
        let ours = self.tags.iter().filter(|(name, _)| name.starts_with(&prefix));
        let ids: BTreeMap<String, u64> = ours.map(|(name, id)| (name.clone(), *id)).collect();
        for (name, id) in &tagger.ids {
            assert!(ids.get(name).is_none_or(|now| now == id), "ids stay: {name}");
        }
        tagger.ids = ids;
        let (unanswered, done) = (u64::from(pending.is_some()), u64::from(pending.is_some() && is_done));
        Totals { unanswered, done, ..Totals::default() }
    }

    /// What the server shows of one client's edits.
    fn shown(&self, prefix: &str) -> Edits {
        let mut edits = Edits::default();
        for (name, id) in self.tags.iter().filter(|(name, _)| name.starts_with(prefix)) {
            let paths = self.paths("/db/match_images_by_tags", &json!({ "and_tags": [id], "size": ALL }));
            let there = paths.iter().map(|path| self.present.get(path).map(|content| content.key));
            let keys: Option<BTreeSet<u32>> = there.collect();
            let keys = keys.unwrap_or_else(|| panic!("images are where files are, and not at {paths:?}"));
            assert_eq!(keys.len(), paths.len(), "no image is there twice");
            edits.tags.insert(name.clone(), keys);
        }
        for (name, value) in self.settings.as_object().unwrap() {
            if name.starts_with(prefix) {
                edits.settings.insert(name.clone(), u32::try_from(value.as_u64().unwrap()).unwrap());
            }
        }
        edits
    }

    /// Every file is found where it is, by everything, as the image it was before, and some by what only
    /// they and their copies hold.
    pub(super) fn files(&self, ids: &mut BTreeMap<u32, u64>, rng: &mut fastrand::Rng) {
        let all = self.found("/db/search_by_substr", &json!({ "surstr": "", "size": ALL }));
        let mut found: Vec<(&str, u64)> =
            all.iter().map(|file| (file["fullpath"].as_str().unwrap(), id_of(file))).collect();
        found.sort_unstable();
        assert!(
            found.iter().map(|(path, _)| *path).eq(self.present.keys()),
            "all files are found, each once"
        );
        for ((path, id), content) in found.iter().zip(self.present.values()) {
            assert_eq!(ids.insert(content.key, *id).unwrap_or(*id), *id, "ids stay: {path}");
        }
        for (_, path) in self.files.some(5, rng) {
            let content = self.present[&path];
            let mut found =
                self.paths("/db/search_by_substr", &json!({ "surstr": content.word().to_uppercase() }));
            found.sort();
            assert_eq!(found, self.of_content(content), "{path}: {content:?}");
            let former = Content { version: content.version.wrapping_sub(1), ..content };
            let found = self.paths("/db/search_by_substr", &json!({ "surstr": former.word() }));
            assert_eq!(found, [] as [&str; 0], "{former:?}");
        }
    }

    fn of_content(&self, content: Content) -> Vec<&str> {
        let is_equal = |other: &Content| (other.pixels, other.version) == (content.pixels, content.version);
        let equal = self.present.iter().filter(|(_, other)| is_equal(other));
        equal.map(|(path, _)| path.as_str()).collect()
    }

    /// A backup is taken from the server; indexes filled from it, from nothing, answer as the server.
    pub(super) fn rebuilt(&self, data: &Path, rng: &mut fastrand::Rng) {
        let dir = tempfile::tempdir().unwrap();
        backup(data, &dir.path().join(layout::LEDGER), Existing::Keep, &mut |_| {}).unwrap();
        let verified = verify(data, &Stop::never(), &mut |_, _, _| {}).unwrap();
        assert!(verified.findings.is_empty() && verified.served, "{verified:#?}");
        let (engine, ledger, _followers) = followed(dir.path());
        let unfinished = ledger.reader().unwrap().unfinished_operations().unwrap();
        assert_eq!(unfinished, [], "every operation has come to its end");
        assert!(engine.wait_visible(ledger.head(), lumidex::limits::VISIBLE_WAIT));
        for id in self.tags.values() {
            let tag = TagId(u32::try_from(*id).unwrap());
            let served = self.ids("/db/match_images_by_tags", &json!({ "and_tags": [id], "size": ALL }));
            assert_eq!(served, all(&engine, Search { and_tags: vec![tag], ..Search::default() }), "tag {id}");
        }
        let some =
            self.files.some(3, rng).into_iter().map(|(key, path)| (format!("zkey{:03}", key / 100), path));
        let some: Vec<String> = some.flat_map(|(word, path)| [word, path]).collect();
        for needle in
            ["", "a", "dusk", "model4", "Seed: 1", "folder2", "9.png"].map(str::to_owned).iter().chain(&some)
        {
            let served = self.ids("/db/search_by_substr", &json!({ "surstr": needle, "size": ALL }));
            let matching =
                if needle.is_empty() { Matching::Everything } else { Matching::Substring(needle.clone()) };
            assert_eq!(served, all(&engine, Search { matching, ..Search::default() }), "`{needle}`");
        }
    }

    fn found(&self, route: &str, body: &Value) -> Vec<Value> {
        self.program.reference(route, body)["files"].as_array().unwrap().clone()
    }

    fn paths(&self, route: &str, body: &Value) -> Vec<String> {
        self.found(route, body).iter().map(|file| file["fullpath"].as_str().unwrap().to_owned()).collect()
    }

    fn ids(&self, route: &str, body: &Value) -> Vec<u64> {
        self.found(route, body).iter().map(id_of).collect()
    }
}

/// An id, which may be sent as a text of digits.
fn id_of(object: &Value) -> u64 {
    let id = &object["id"];
    id.as_u64().or_else(|| id.as_str()?.parse().ok()).unwrap()
}

fn all(engine: &Engine, search: Search) -> Vec<u64> {
    let page = engine.search(&Search { size: ALL, ..search }).unwrap();
    assert!(!page.cursor.has_next);
    page.hits.iter().map(|hit| hit.id.get().into()).collect()
}
