//! Settings pairs to the fields of a recipe.

use crate::limits::SETTINGS_MAX;
use crate::{json, normal};
use lumidex_schema::recipe::{Recipe, Source};

/// Takes pairs one by one. The first of repeated keys is mapped; what no field holds is kept.
pub(super) struct Mapper<'a> {
    recipe: &'a mut Recipe,
    /// Whose program the text names itself.
    named: Option<Source>,
    /// What the version says.
    guessed: Option<Source>,
    /// Name and hash of adapters of the hash list.
    hashed: Vec<String>,
}

impl<'a> Mapper<'a> {
    pub(super) fn new(recipe: &'a mut Recipe) -> Self {
        Self { recipe, named: None, guessed: None, hashed: Vec::new() }
    }

    /// Takes a pair. A value that a field cannot hold is kept as text.
    pub(super) fn take(&mut self, key: &str, value: &str) {
        if !self.map(key, value) {
            self.extra(key, value.to_owned());
        }
    }

    /// Keeps a pair that no field holds.
    pub(super) fn extra(&mut self, key: &str, value: String) {
        if self.recipe.extra.len() < SETTINGS_MAX {
            self.recipe.extra.push((key.to_owned(), value));
        }
    }

    /// Whether a field holds the pair entirely.
    fn map(&mut self, key: &str, value: &str) -> bool {
        let recipe = &mut *self.recipe;
        match key {
            "Steps" => set(&mut recipe.steps, value.trim().parse().ok()),
            "Sampler" => set(&mut recipe.sampler, normal::word(value)),
            "Schedule type" | "Scheduler" => set(&mut recipe.scheduler, normal::word(value)),
            "CFG scale" | "CFG Scale" => set(&mut recipe.cfg, normal::number(value)),
            "Seed" => set(&mut recipe.seed, normal::seed(value)),
            "Model" => set(&mut recipe.model, normal::model(value)),
            "Model hash" => set(&mut recipe.model_hash, normal::hash(value)),
            "Size" if recipe.width.is_none() => match normal::size(value) {
                Some((width, height)) => {
                    (recipe.width, recipe.height) = (Some(width), Some(height));
                    // Another spelling is a name of its own, which must survive storing.
                    value == format!("{width}x{height}")
                }
                None => false,
            },
            "Source Identifier" => {
                let named = Source::ALL.into_iter().find(|source| source.identifier() == value);
                let is_new = self.named.is_none() && named.is_some();
                self.named = self.named.or(named);
                is_new
            }
            _ => {
                self.notice(key, value);
                false
            }
        }
    }

    /// Takes from a pair what it says beside itself.
    fn notice(&mut self, key: &str, value: &str) {
        match key {
            "Version" => self.guessed = source_of_version(value).or(self.guessed),
            "Lora weights" => {
                for (name, weight) in names(value) {
                    let weight = normal::number(weight).unwrap_or(1.0);
                    normal::add_lora(&mut self.recipe.loras, name, weight);
                }
            }
            "Lora hashes" => self.hashed.extend(names(value).map(|(name, _)| name.to_owned())),
            "Hashes" => {
                if self.recipe.model_hash.is_none()
                    && let Some(hashes) = json::parse(value)
                {
                    self.recipe.model_hash =
                        hashes.get("model").and_then(json::Value::text).and_then(normal::hash);
                }
            }
            _ if key.starts_with("AddNet Model ") && value != "None" => {
                let name = value.rsplit_once('(').map_or(value, |(name, _)| name);
                self.hashed.push(name.trim().to_owned());
            }
            _ => {}
        }
    }

    /// Settles what needs all pairs.
    pub(super) fn finish(self) {
        // The list names adapters by file, the prompt perhaps by alias: together they would
        // count twice.
        if self.recipe.loras.is_empty() {
            for name in &self.hashed {
                let weight = self.weight_of(name);
                normal::add_lora(&mut self.recipe.loras, name, weight);
            }
        }
        self.recipe.source = self.named.or(self.guessed).unwrap_or(self.recipe.source);
    }

    /// The weight that the additional-networks settings give an adapter.
    fn weight_of(&self, name: &str) -> f64 {
        let extra = &self.recipe.extra;
        let model =
            extra.iter().find(|(key, value)| key.starts_with("AddNet Model ") && value.starts_with(name));
        let weight = model.and_then(|(key, _)| {
            let wanted = format!("AddNet Weight A {}", &key["AddNet Model ".len()..]);
            extra.iter().find(|(key, _)| *key == wanted)
        });
        weight.and_then(|(_, weight)| normal::number(weight)).unwrap_or(1.0)
    }
}

fn set<T>(field: &mut Option<T>, value: Option<T>) -> bool {
    let takes = field.is_none() && value.is_some();
    if takes {
        *field = value;
    }
    takes
}

/// `name: value, name: value` of the lists of adapters.
fn names(list: &str) -> impl Iterator<Item = (&str, &str)> {
    list.split(',').filter_map(|pair| pair.rsplit_once(": ")).map(|(name, value)| (name.trim(), value.trim()))
}

fn source_of_version(version: &str) -> Option<Source> {
    let mut letters = version.chars();
    match (letters.next(), letters.next()) {
        (Some('f'), Some('0'..='9')) => Some(Source::Forge),
        _ if version == "classic" || version.starts_with("neo") => Some(Source::Forge),
        _ if version.starts_with("ComfyUI") => Some(Source::ComfyUi),
        _ => None,
    }
}
