//! Settings pairs to the fields of a recipe.

use crate::infotext::{adapters::Adapters, civitai};
use crate::limits::SETTINGS_MAX;
use crate::normal;
use lumidex_schema::recipe::{Recipe, Source};
use std::borrow::Cow;

/// What writers call settings that the web UI has another name for.
const ALIASES: [(&str, &str); 12] = [
    ("Hires scale", "Hires upscale"),
    ("HiRes scale", "Hires upscale"),
    ("Hires size", "Hires resize"),
    ("Hires strength", "Denoising strength"),
    ("Denoising Strength", "Denoising strength"),
    ("Hires CFG scale", "Hires CFG Scale"),
    ("Hires CFG", "Hires CFG Scale"),
    ("Hires schedule", "Hires schedule type"),
    ("Refiner start", "Refiner switch at"),
    ("Clip Skip", "Clip skip"),
    ("Distilled CFG scale", DISTILLED),
    ("Flux guidance", DISTILLED),
];
const DISTILLED: &str = "Distilled CFG Scale";

/// Takes pairs one by one. The first of repeated keys is mapped; what no field holds is kept.
pub(super) struct Mapper<'a> {
    recipe: &'a mut Recipe,
    /// Whose program the text names itself.
    named: Option<Source>,
    /// What a key says that only one program writes.
    marked: Option<Source>,
    /// What the version says.
    guessed: Option<Source>,
    adapters: Adapters,
    /// Width and height in keys of their own.
    sides: [Option<u32>; 2],
    /// The size of the first pass, in texts that give no other.
    first_pass: Option<(u32, u32)>,
}

impl<'a> Mapper<'a> {
    pub(super) fn new(recipe: &'a mut Recipe) -> Self {
        Self {
            recipe,
            named: None,
            marked: None,
            guessed: None,
            adapters: Adapters::default(),
            sides: [None; 2],
            first_pass: None,
        }
    }

    /// Takes a pair. A value that a field cannot hold is kept as text.
    pub(super) fn take(&mut self, key: &str, value: &str) {
        let key = ALIASES.iter().find(|(alias, _)| *alias == key).map_or(key, |(_, name)| name);
        if self.map(key, value) {
            return;
        }
        // A bare word behind a number belongs to no key.
        if is_number_key(key)
            && let Some((number, words)) = value.split_once(", ")
            && self.map(key, number)
        {
            words.split(", ").for_each(|word| self.extra(word.trim(), word.trim().to_owned()));
            return;
        }
        let kept = match key {
            "Civitai metadata" => civitai::without_urls(value).map(Cow::Owned),
            _ => Some(Cow::Borrowed(value)),
        };
        if let Some(kept) = kept {
            self.extra(key, kept.into_owned());
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
            "Steps" => set(&mut recipe.steps, normal::count(value)),
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
            "Size-1" => set(&mut self.sides[0], side(value)),
            "Size-2" => set(&mut self.sides[1], side(value)),
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
            "Version" => self.guessed = self.guessed.or(source_of_version(value)),
            "App" if value.starts_with("SD.Next") => self.marked = Some(Source::SdNext),
            "First pass size" => self.first_pass = normal::size(value),
            "Civitai resources" => {
                self.marked = self.marked.or(Some(Source::Civitai));
                let resources = civitai::resources(value);
                set(&mut self.recipe.model, resources.model);
                self.adapters.found.extend(resources.loras);
            }
            _ => self.adapters.notice(key, value),
        }
    }

    /// Settles what needs all pairs.
    pub(super) fn finish(self) {
        let Self { recipe, named, marked, guessed, adapters, sides, first_pass } = self;
        recipe.source = named.or(marked).or(guessed).unwrap_or(recipe.source);
        let of_sides = sides[0].zip(sides[1]);
        if let Some((width, height)) = of_sides.or(first_pass).filter(|_| recipe.width.is_none()) {
            (recipe.width, recipe.height) = (Some(width), Some(height));
        }
        if recipe.model_hash.is_none() {
            recipe.model_hash.clone_from(&adapters.model_hash);
        }
        adapters.settle(recipe);
        guidance(recipe);
        if let Some(vae) = vae_of_modules(recipe) {
            recipe.extra.push(("VAE".to_owned(), vae));
        }
    }
}

fn is_number_key(key: &str) -> bool {
    ["Steps", "CFG scale", "CFG Scale", "Seed", "Size"].contains(&key)
}

fn side(value: &str) -> Option<u32> {
    normal::count(value).filter(|side| (1..=65_535).contains(side))
}

fn extra<'a>(recipe: &'a Recipe, key: &str) -> Option<&'a str> {
    recipe.extra.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
}

/// Where the real scale of a distilled model is given beside its guidance, the plain key holds the
/// guidance.
fn guidance(recipe: &mut Recipe) {
    let Some(real) = extra(recipe, "CFG true").and_then(normal::number) else { return };
    let distilled = recipe.cfg.replace(real);
    if extra(recipe, DISTILLED).is_none()
        && let Some(distilled) = distilled
    {
        recipe.extra.push((DISTILLED.to_owned(), distilled.to_string()));
    }
}

/// Forge lists the VAE among its modules.
fn vae_of_modules(recipe: &Recipe) -> Option<String> {
    let is_vae = |name: &str| {
        let name = name.to_ascii_lowercase();
        name == "ae" || name.contains("vae") || name.ends_with("_ae")
    };
    let mut modules = recipe.extra.iter().filter(|(key, _)| key.starts_with("Module "));
    let name = modules.find_map(|(_, value)| normal::model(value).filter(|name| is_vae(name)))?;
    extra(recipe, "VAE").is_none().then_some(name)
}

fn set<T>(field: &mut Option<T>, value: Option<T>) -> bool {
    let takes = field.is_none() && value.is_some();
    if takes {
        *field = value;
    }
    takes
}

fn source_of_version(version: &str) -> Option<Source> {
    let mut letters = version.chars();
    match (letters.next(), letters.next()) {
        (Some('f'), Some('0'..='9')) => Some(Source::Forge),
        _ if version == "classic" || version.starts_with("neo") => Some(Source::Forge),
        _ if version.starts_with("ComfyUI") => Some(Source::ComfyUi),
        _ if version.starts_with("Fooocus") => Some(Source::Fooocus),
        _ => None,
    }
}
