//! The adapters of an infotext: named by its prompt, its lists of weights and hashes, and the settings
//! of extensions. The other way round, what of a recipe's adapters its prompt does not say.

use crate::json::{self, Value};
use crate::limits::LORAS_MAX;
use crate::normal::SameLora;
use crate::{normal, prompt};
use lumidex_schema::recipe::{Lora, Recipe};

const WEIGHTS: &str = "Lora weights";
const CLIP_WEIGHTS: &str = "Lora clip weights";
const HASHES: &str = "Lora hashes";

/// What the settings say of adapters, collected until all are known.
#[derive(Default)]
pub(super) struct Adapters {
    /// Of the checkpoint, from the dictionary of hashes.
    pub(super) model_hash: Option<String>,
    /// Whole adapters of other lists.
    pub(super) found: Vec<Lora>,
    weights: Vec<(String, f64)>,
    clip_weights: Vec<(String, f64)>,
    hashes: Vec<(String, String)>,
    /// Hashes of the dictionary; adapters that count only where nothing else names one.
    named: Vec<(String, String)>,
    /// Lists with an entry that could not be read.
    is_odd: [bool; 3],
}

impl Adapters {
    /// Takes from a pair what it says of adapters.
    pub(super) fn notice(&mut self, key: &str, value: &str) {
        match key {
            WEIGHTS => self.is_odd[0] |= numbers(value, &mut self.weights),
            CLIP_WEIGHTS => self.is_odd[1] |= numbers(value, &mut self.clip_weights),
            HASHES => {
                let list = entries(value);
                self.is_odd[2] |= list.is_empty();
                let hashes = list.into_iter().filter_map(|(name, hash)| Some((name, normal::hash(hash)?)));
                self.hashes.extend(hashes.map(|(name, hash)| (name.to_owned(), hash)));
            }
            "Hashes" => self.dictionary(value),
            _ if key.starts_with("AddNet Model ") && value != "None" => {
                let (name, hash) = value.rsplit_once('(').unwrap_or((value, ""));
                let hash = normal::hash(hash.trim_end_matches(')'));
                self.found.push(Lora { name: name.trim().to_owned(), weight: 1.0, hash, ..Lora::default() });
            }
            _ if key.starts_with("AddNet Weight A ") => {
                if let (Some(last), Some(weight)) = (self.found.last_mut(), normal::number(value)) {
                    last.weight = weight;
                }
            }
            _ => {}
        }
    }

    fn dictionary(&mut self, value: &str) {
        let Some(Value::Map(members)) = json::parse(value) else { return };
        for (key, value) in members.iter().take(LORAS_MAX) {
            let Some(hash) = value.text().and_then(normal::hash) else { continue };
            match key.split_once(':') {
                None if key == "model" => self.model_hash = Some(hash),
                Some((kind, name)) if kind.eq_ignore_ascii_case("lora") => {
                    self.named.push((name.to_owned(), hash));
                }
                _ => {}
            }
        }
    }

    /// Gives the recipe its adapters. A list that they hold entirely is no setting any more.
    pub(super) fn settle(mut self, recipe: &mut Recipe) {
        let loras = &mut recipe.loras;
        for Lora { name, weight, clip_weight, hash } in self.found.drain(..) {
            normal::put_lora(loras, &name, weight, clip_weight, hash);
        }
        for (name, weight) in &self.weights {
            match find(loras, name) {
                Some(lora) => lora.weight = *weight,
                None => normal::add_lora(loras, name, *weight),
            }
        }
        // A list of all of them gives their order too.
        let names: Vec<_> = self.weights.iter().map(|(name, _)| SameLora::as_this(name)).collect();
        let nth = |lora: &Lora| names.iter().position(|name| name.is(&lora.name));
        if self.weights.len() >= loras.len() && loras.iter().all(|lora| nth(lora).is_some()) {
            loras.sort_by_cached_key(nth);
        }
        for (name, weight) in &self.clip_weights {
            match find(loras, name) {
                Some(lora) => lora.clip_weight = Some(*weight),
                None => self.is_odd[1] = true,
            }
        }
        // The lists name adapters by file, the prompt perhaps by alias: together they would count twice.
        let is_first = loras.is_empty();
        for (name, hash) in self.hashes.iter().chain(&self.named) {
            match find(loras, name) {
                Some(lora) => lora.hash = lora.hash.take().or_else(|| Some(hash.clone())),
                None if is_first => normal::put_lora(loras, name, 1.0, None, Some(hash.clone())),
                None => self.is_odd[2] = true,
            }
        }
        if let ([lora], [(_, hash)]) = (&mut loras[..], &self.hashes[..]) {
            lora.hash.get_or_insert_with(|| hash.clone());
        }
        for (key, is_odd) in [WEIGHTS, CLIP_WEIGHTS, HASHES].into_iter().zip(self.is_odd) {
            if !is_odd {
                recipe.extra.retain(|(known, _)| known != key);
            }
        }
    }
}

fn find<'a>(loras: &'a mut [Lora], name: &str) -> Option<&'a mut Lora> {
    let same = SameLora::as_this(name);
    loras.iter_mut().find(|lora| same.is(&lora.name))
}

/// Whether an entry is no number; the others are added.
fn numbers(list: &str, to: &mut Vec<(String, f64)>) -> bool {
    let entries = entries(list);
    let numbers =
        entries.iter().filter_map(|(name, value)| Some(((*name).to_owned(), normal::number(value)?)));
    let before = to.len();
    to.extend(numbers);
    to.len() == before || to.len() - before < entries.len()
}

/// `name: value, name: value`; a name may hold a comma.
fn entries(list: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let (mut start, mut at) = (0, 0);
    for end in memchr::memchr_iter(b',', list.as_bytes()).chain([list.len()]).take(LORAS_MAX * 4) {
        if let Some((before, value)) = list[at..end].rsplit_once(": ") {
            found.push((list[start..at + before.len()].trim(), value.trim()));
            start = end + 1;
        }
        at = end + 1;
        if at > list.len() {
            break;
        }
    }
    found.truncate(LORAS_MAX);
    found
}

/// Lists of what the prompt does not say of the recipe's adapters: key and value.
pub(crate) fn lists(recipe: &Recipe) -> Vec<(&'static str, String)> {
    let mut said = Vec::new();
    prompt::add_loras(&mut said, &recipe.positive);
    let mut order = said.iter().chain(&recipe.loras).map(|lora| &lora.name);
    // Reading back, those of the prompt come first.
    let is_in_order = recipe.loras.iter().all(|lora| {
        order
            .find(|name| {
                let same = SameLora::as_this(name);
                recipe.loras.iter().any(|known| same.is(&known.name))
            })
            .is_some_and(|name| normal::is_same_lora(&lora.name, name))
    });
    if !is_in_order {
        said.iter_mut().for_each(|lora| lora.weight = f64::NAN);
    }
    lists_beyond(&recipe.loras, &said, &recipe.extra)
}

/// Lists of what `said` does not say of adapters, without those that stand among the settings.
pub(crate) fn lists_beyond(
    loras: &[Lora],
    said: &[Lora],
    extra: &[(String, String)],
) -> Vec<(&'static str, String)> {
    let [mut weights, mut clip_weights, mut hashes] = [const { Vec::<String>::new() }; 3];
    for lora in loras {
        let same = SameLora::as_this(&lora.name);
        let known = said.iter().find(|known| same.is(&known.name));
        let name = &lora.name;
        if known.is_none_or(|known| known.weight != lora.weight) {
            weights.push(format!("{name}: {}", lora.weight));
        }
        if let Some(weight) =
            lora.clip_weight.filter(|_| known.and_then(|known| known.clip_weight) != lora.clip_weight)
        {
            clip_weights.push(format!("{name}: {weight}"));
        }
        if let Some(hash) = lora.hash.as_ref().filter(|_| known.is_none_or(|known| known.hash != lora.hash)) {
            hashes.push(format!("{name}: {hash}"));
        }
    }
    let is_new = |key: &str| !extra.iter().any(|(known, _)| known == key);
    [(WEIGHTS, weights), (CLIP_WEIGHTS, clip_weights), (HASHES, hashes)]
        .into_iter()
        .filter(|(key, list)| !list.is_empty() && is_new(key))
        .map(|(key, list)| (key, list.join(", ")))
        .collect()
}
