//! What clients do until the server is gone, and what they then know: each edit was acknowledged, or
//! refused, or nobody can say.

use super::files::Files;
use crate::live::Program;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What one client has edited: its tags with the files they are on, by key, and its settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edits {
    pub(super) tags: BTreeMap<String, BTreeSet<u32>>,
    pub(super) settings: BTreeMap<String, u32>,
}

/// An edit.
#[derive(Clone, Debug)]
pub(super) enum Edit {
    Make(String),
    Remove(String),
    Toggle(String, u32),
    Put(String, BTreeSet<u32>),
    Take(String, BTreeSet<u32>),
    Set(String, u32),
    Unset(String),
}

/// How a request ended.
pub(super) enum Said {
    Yes(Value),
    /// And why.
    No(String),
    /// The server was gone before it answered.
    Gone,
}

impl Edits {
    fn with(mut self, edit: &Edit) -> Self {
        let images =
            |tags: &mut BTreeMap<String, BTreeSet<u32>>, tag: &str| tags.remove(tag).unwrap_or_default();
        match edit.clone() {
            Edit::Make(tag) => drop(self.tags.entry(tag).or_default()),
            Edit::Remove(tag) => drop(self.tags.remove(&tag)),
            Edit::Toggle(tag, key) => {
                let mut on = images(&mut self.tags, &tag);
                if !on.remove(&key) {
                    on.insert(key);
                }
                self.tags.insert(tag, on);
            }
            Edit::Put(tag, keys) => {
                let on = images(&mut self.tags, &tag);
                self.tags.insert(tag, &on | &keys);
            }
            Edit::Take(tag, keys) => {
                let on = images(&mut self.tags, &tag);
                self.tags.insert(tag, &on - &keys);
            }
            Edit::Set(name, value) => drop(self.settings.insert(name, value)),
            Edit::Unset(name) => drop(self.settings.remove(&name)),
        }
        self
    }
}

/// A client that edits, alone, what bears its number.
pub(super) struct Tagger {
    nth: u32,
    rng: fastrand::Rng,
    names: u32,
    /// What may be the case. More than one when an edit was not answered and its effect is on files
    /// that are away.
    pub(super) candidates: Vec<Edits>,
    /// What was asked last and never answered.
    pub(super) pending: Option<Edit>,
    /// Ids of its tags.
    pub(super) ids: BTreeMap<String, u64>,
    pub(super) acknowledged: u64,
    pub(super) refused: u64,
}

impl Tagger {
    pub(super) fn new(nth: u32, rng: fastrand::Rng) -> Self {
        Self {
            nth,
            rng,
            names: 0,
            candidates: vec![Edits::default()],
            pending: None,
            ids: BTreeMap::new(),
            acknowledged: 0,
            refused: 0,
        }
    }

    /// What its tags and settings begin with.
    pub(super) fn prefix(&self) -> String {
        format!("client{}-", self.nth)
    }

    /// Until the server is gone.
    pub(super) fn run(&mut self, program: &Program, files: &Files) {
        loop {
            let (edit, route, body) = self.think(files);
            match ask(program, &route, &body) {
                Said::Yes(answer) => self.learn(&edit, &answer),
                Said::No(_) => self.refused += 1,
                Said::Gone => {
                    self.pending = Some(edit);
                    return;
                }
            }
        }
    }

    fn learn(&mut self, edit: &Edit, answer: &Value) {
        self.acknowledged += 1;
        for candidate in &mut self.candidates {
            *candidate = std::mem::take(candidate).with(edit);
        }
        match edit {
            Edit::Make(tag) => drop(self.ids.insert(tag.clone(), answer["id"].as_u64().unwrap())),
            Edit::Remove(tag) => drop(self.ids.remove(tag)),
            Edit::Toggle(tag, key) => {
                let is_off = answer["is_remove"].as_bool().unwrap();
                self.candidates.retain(|candidate| candidate.tags[tag].contains(key) != is_off);
                assert!(!self.candidates.is_empty(), "{edit:?} was answered with {answer}");
            }
            Edit::Put(..) | Edit::Take(..) | Edit::Set(..) | Edit::Unset(..) => {}
        }
        self.candidates.dedup();
    }

    /// The next edit, and how it is asked for.
    fn think(&mut self, files: &Files) -> (Edit, String, Value) {
        let prefix = self.prefix();
        let tags: Vec<(String, u64)> = self.ids.iter().map(|(name, id)| (name.clone(), *id)).collect();
        let dice = self.rng.u8(..20);
        if tags.is_empty() || (dice == 0 && tags.len() < 8) {
            self.names += 1;
            let name = format!("{prefix}{}", self.names);
            return (Edit::Make(name.clone()), "/db/add_custom_tag".into(), json!({ "tag_name": name }));
        }
        let (tag, id) = tags[self.rng.usize(..tags.len())].clone();
        match dice {
            1 if tags.len() > 3 => {
                (Edit::Remove(tag), "/db/remove_custom_tag".into(), json!({ "tag_id": id }))
            }
            2..=7 => {
                let (key, path) = files.some(1, &mut self.rng).remove(0);
                let body = json!({ "img_path": path, "tag_id": id });
                (Edit::Toggle(tag, key), "/db/toggle_custom_tag_to_img".into(), body)
            }
            8..=15 => {
                let n = self.rng.usize(1..30);
                let (keys, paths): (BTreeSet<u32>, Vec<String>) =
                    files.some(n, &mut self.rng).into_iter().unzip();
                let is_put = self.rng.u8(..3) > 0;
                let action = if is_put { "add" } else { "remove" };
                let body = json!({ "img_paths": paths, "tag_id": id, "action": action });
                let edit = if is_put { Edit::Put(tag, keys) } else { Edit::Take(tag, keys) };
                (edit, "/db/batch_update_image_tag".into(), body)
            }
            16 => {
                let name = format!("{prefix}{}", self.rng.u8(..4));
                (Edit::Unset(name.clone()), "-/app_fe_setting".into(), json!({ "name": name }))
            }
            _ => {
                let (name, value) = (format!("{prefix}{}", self.rng.u8(..4)), self.rng.u32(..));
                let body = json!({ "name": name, "value": value.to_string() });
                (Edit::Set(name, value), "/app_fe_setting".into(), body)
            }
        }
    }

    /// Takes in that nobody knows whether the pending edit was done.
    pub(super) fn consider_pending(&mut self) -> Option<Edit> {
        let edit = self.pending.take()?;
        let done: Vec<Edits> = self.candidates.iter().map(|state| state.clone().with(&edit)).collect();
        self.candidates.extend(done);
        self.candidates.sort();
        self.candidates.dedup();
        Some(edit)
    }
}

/// Asks; a route that begins with `-` is one of `DELETE`.
pub(super) fn ask(program: &Program, route: &str, body: &Value) -> Said {
    ask_for(program, route, body).0
}

/// Asks, and gives the number by which what was done can be taken back, if there is one.
pub(super) fn ask_for(program: &Program, route: &str, body: &Value) -> (Said, Option<u64>) {
    let (method, route) = match route.strip_prefix('-') {
        Some(route) => (reqwest::Method::DELETE, route),
        None => (reqwest::Method::POST, route),
    };
    let prefix = if route.starts_with("/api/") { "" } else { "/infinite_image_browsing" };
    let url = format!("{}{prefix}{route}", program.url);
    let Ok(response) = program.client.request(method, url).json(body).send() else {
        return (Said::Gone, None);
    };
    let status = response.status();
    let deed =
        response.headers().get("x-lumidex-deed").map(|number| number.to_str().unwrap().parse().unwrap());
    let Ok(text) = response.text() else { return (Said::Gone, None) };
    match status.as_u16() {
        200 => (Said::Yes(serde_json::from_str(&text).unwrap()), deed),
        // Files move while they are named.
        400 | 404 => (Said::No(text), deed),
        _ => panic!("{route} {body} was answered with {status}: {text}"),
    }
}

/// Changes files, and has the library updated now and then.
pub(super) struct Mover {
    rng: fastrand::Rng,
    pub(super) changes: u64,
}

impl Mover {
    pub(super) fn new(rng: fastrand::Rng) -> Self {
        Self { rng, changes: 0 }
    }

    /// Until the server is gone. What stood there before an update is found after it.
    pub(super) fn run(&mut self, program: &Program, files: &Files) {
        loop {
            let hands = files.hands();
            if *hands {
                return;
            }
            let mut last = None;
            for _ in 0..self.rng.u8(1..6) {
                last = files.change(&mut self.rng).or(last);
                self.changes += 1;
            }
            let Said::Yes(_) = ask(program, "/db/update_image_data", &json!({})) else { return };
            drop(hands);
            let Some((path, content)) = last else { continue };
            let path = files.absolute(&path);
            let is_there = || files.present().get(&path) == Some(&content);
            let was_there = is_there();
            let body = json!({ "surstr": content.word() });
            let Said::Yes(found) = ask(program, "/db/search_by_substr", &body) else { return };
            // It may have been moved on, with its folder or by the server.
            if was_there && is_there() {
                let found = found["files"].as_array().unwrap();
                let is_found = found.iter().any(|file| file["fullpath"] == path);
                assert!(is_found, "an answered update shows {content:?} at {path}, and not only {found:?}");
            }
        }
    }
}

/// Searches.
pub(super) struct Searcher {
    rng: fastrand::Rng,
    pub(super) searches: u64,
}

impl Searcher {
    pub(super) fn new(rng: fastrand::Rng) -> Self {
        Self { rng, searches: 0 }
    }

    /// Until the server is gone.
    pub(super) fn run(&mut self, program: &Program, files: &Files) {
        loop {
            let needle = match self.rng.u8(..4) {
                0 => String::new(),
                1 => format!("zkey{:04}", self.rng.u8(..30)),
                2 => ["dawn", "EULER", "model3", "seed: 1"][self.rng.usize(..4)].to_owned(),
                _ => files.some(1, &mut self.rng).remove(0).1,
            };
            match ask(program, "/db/search_by_substr", &json!({ "surstr": needle, "size": 50 })) {
                Said::Yes(page) => assert!(page["files"].is_array(), "{page}"),
                Said::No(why) => panic!("a search for `{needle}` was refused: {why}"),
                Said::Gone => return,
            }
            self.searches += 1;
        }
    }
}
