//! What one dialect read from a file, and how several such readings become one recipe.

use crate::{infotext, normal, prompt};
use lumidex_schema::recipe::{Recipe, Source};

/// What a dialect read.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) recipe: Recipe,
    /// Where it stood, see [`crate::slots::Place::label`].
    pub(super) place: String,
    pub(super) form: Form,
}

/// How a recipe is put into words for storing and searching.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As an infotext made from the recipe.
    Rendered,
    /// Its raw text is an infotext, and is kept as it stands.
    Embedded,
}

/// A recipe, the text to store for it, and where its fields came from.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) recipe: Recipe,
    pub(super) generation_text: String,
    /// Field and place, in the order of the fields; settings no field holds under their own key.
    pub(super) provenance: Vec<(String, String)>,
}

impl Claim {
    /// A claim whose recipe is put into words.
    pub(super) fn rendered(mut recipe: Recipe, place: String) -> Self {
        // Reading the words back finds them too.
        prompt::add_loras(&mut recipe.loras, &recipe.positive);
        Self { recipe, place, form: Form::Rendered }
    }

    /// A claim whose raw text is an infotext.
    pub(super) fn embedded(recipe: Recipe, place: String) -> Self {
        Self { recipe, place, form: Form::Embedded }
    }

    /// A text that some savers write where they could not read the graph themselves.
    fn is_stub_beside(&self, graph: &Recipe) -> bool {
        const SIZES: [Option<u32>; 3] = [None, Some(512), Some(1024)];
        let Recipe { positive, steps, seed, width, height, .. } = &self.recipe;
        let no_prompt = ["", "unknown", "None"].contains(&positive.as_str());
        let is_default = *steps == Some(20)
            && seed.as_deref() == Some("0")
            && width == height
            && SIZES.contains(width)
            && (graph.seed.as_deref().is_some_and(|seed| seed != "0")
                || graph.steps.is_some_and(|n| n != 20));
        self.form == Form::Embedded && (no_prompt || is_default)
    }
}

/// One recipe of all claims: the first speaks, the others fill what it leaves out.
pub(super) fn merge(mut claims: Vec<Claim>) -> Option<Found> {
    let is_telling =
        |claim: &Claim| claim.recipe.source == Source::ComfyUi && !claim.recipe.positive.is_empty();
    if let Some(nth) = claims.iter().position(is_telling)
        && claims.first().is_some_and(|first| first.is_stub_beside(&claims[nth].recipe))
    {
        let graph = claims.remove(nth);
        claims.insert(0, graph);
    }
    let mut claims = claims.into_iter();
    let first = claims.next()?;
    let mut merged = Merged::of(first);
    for claim in claims {
        merged.fill(claim);
    }
    Some(merged.finish())
}

struct Merged {
    recipe: Recipe,
    form: Form,
    /// Settings that an embedded text does not hold.
    added: Vec<(String, String)>,
    provenance: Vec<(String, String)>,
}

impl Merged {
    fn of(claim: Claim) -> Self {
        let Claim { recipe, place, form } = claim;
        let provenance = fields(&recipe).into_iter().map(|field| (field, place.clone())).collect();
        Self { recipe, form, added: Vec::new(), provenance }
    }

    /// Takes what is not known yet.
    fn fill(&mut self, claim: Claim) {
        let Claim { recipe: other, place, .. } = claim;
        let known = fields(&self.recipe);
        let is_new = |key: &str| !known.iter().any(|field| field.eq_ignore_ascii_case(key));
        let mut came: Vec<String> = Vec::new();
        // A setting that could not be read leaves its field open.
        let held = infotext::keys(&self.recipe);
        let pairs = infotext::pairs(&recipe_of_settings(&other));
        let new_pairs: Vec<_> = pairs.into_iter().filter(|(key, _)| !held.contains(key)).collect();
        if other.source == Source::ComfyUi && self.recipe.source == Source::A1111 {
            self.recipe.source = Source::ComfyUi;
        }
        if is_new(POSITIVE) && !other.positive.is_empty() {
            // The text that stands in the file has no place for a prompt any more.
            self.form = Form::Rendered;
            self.recipe.positive = other.positive;
            prompt::add_loras(&mut self.recipe.loras, &self.recipe.positive);
            came.push(POSITIVE.to_owned());
            if is_new(NEGATIVE) && !other.negative.is_empty() {
                self.recipe.negative = other.negative;
                came.push(NEGATIVE.to_owned());
            }
        }
        let own = &mut self.recipe;
        own.steps = own.steps.or(other.steps);
        own.sampler = own.sampler.take().or(other.sampler);
        own.scheduler = own.scheduler.take().or(other.scheduler);
        own.cfg = own.cfg.or(other.cfg);
        own.seed = own.seed.take().or(other.seed);
        own.model = own.model.take().or(other.model);
        own.model_hash = own.model_hash.take().or(other.model_hash);
        if own.width.is_none() {
            (own.width, own.height) = (other.width, other.height);
        }
        for (key, value) in new_pairs {
            came.push(key.to_owned());
            self.added.push((key.to_owned(), value));
        }
        let said = own.loras.clone();
        if said.is_empty() {
            own.loras = other.loras;
        } else {
            // Of adapters that are there, what is not known yet.
            for lora in other.loras {
                let same = normal::SameLora::as_this(&lora.name);
                if said.iter().any(|known| same.is(&known.name)) {
                    normal::put_lora(&mut own.loras, &lora.name, lora.weight, lora.clip_weight, lora.hash);
                }
            }
        }
        if own.loras != said {
            came.push(LORAS.to_owned());
            let lists = infotext::lists_beyond(&own.loras, &said, &[]);
            self.added.extend(lists.into_iter().map(|(key, list)| (key.to_owned(), list)));
        }
        for (key, value) in other.extra {
            if is_new(&key) && own.extra.len() < crate::limits::SETTINGS_MAX {
                came.push(key.clone());
                self.added.push((key.clone(), value.clone()));
                own.extra.push((key, value));
            }
        }
        self.provenance.extend(came.into_iter().map(|field| (field, place.clone())));
    }

    fn finish(self) -> Found {
        let Self { mut recipe, form, added, provenance } = self;
        if form == Form::Rendered {
            // Words of a broken text that stand for no setting.
            recipe.extra.retain(|(key, _)| infotext::is_key(key));
        }
        let generation_text = match form {
            Form::Rendered => infotext::render(&recipe),
            Form::Embedded => {
                let added: Vec<_> = added.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
                infotext::complete(&recipe.raw, recipe.source, &added)
            }
        };
        Found { recipe, generation_text, provenance }
    }
}

const POSITIVE: &str = "positive";
const NEGATIVE: &str = "negative";
const LORAS: &str = "loras";

/// The mapped settings alone.
fn recipe_of_settings(recipe: &Recipe) -> Recipe {
    let Recipe { steps, cfg, width, height, .. } = *recipe;
    let Recipe { sampler, scheduler, seed, model, model_hash, .. } = recipe.clone();
    Recipe { steps, sampler, scheduler, cfg, seed, width, height, model, model_hash, ..Recipe::default() }
}

/// What a recipe says: prompts, settings by their keys, adapters.
fn fields(recipe: &Recipe) -> Vec<String> {
    let mut fields = Vec::new();
    let mut add = |field: &str, is_there: bool| {
        if is_there {
            fields.push(field.to_owned());
        }
    };
    add(POSITIVE, !recipe.positive.is_empty());
    add(NEGATIVE, !recipe.negative.is_empty());
    for key in infotext::keys(recipe) {
        add(key, true);
    }
    add(LORAS, !recipe.loras.is_empty() || prompt::networks(&recipe.positive).next().is_some());
    for (key, _) in &recipe.extra {
        add(key, true);
    }
    fields.dedup();
    fields
}
