//! Whose dialect a file speaks: the detectors in order over everything the file holds. The first
//! that recognises it gives the recipe; another program's text in the same file fills holes.

use crate::metadata::complaint::Complaint;
use crate::metadata::slots::{Place, Slot, Slots, tag};
use crate::metadata::{comfyui, infotext, json, novelai};
use lumidex_schema::recipe::{Recipe, Source};

/// A recipe and the text to store for it.
pub(super) struct Found {
    pub(super) recipe: Recipe,
    pub(super) generation_text: String,
}

impl Found {
    /// The rendered form of a recipe.
    pub(super) fn rendered(recipe: Recipe) -> Self {
        Self { generation_text: infotext::render(&recipe), recipe }
    }
}

type Detector = fn(&mut Slots, &str) -> Option<Found>;

/// In the order of the catalogue's section 4.
const DETECTORS: [Detector; 3] = [novel_ai, web_ui, comfy_ui];

/// The recipe among the texts of a file of that name.
pub(super) fn find(slots: &mut Slots, name: &str) -> Option<Found> {
    DETECTORS.iter().find_map(|detector| detector(slots, name))
}

/// What a file says where no dialect was recognised: the most telling text that is no graph and
/// no program's remark about itself.
pub(super) fn unrecognised(slots: &Slots) -> Option<String> {
    let places = [
        slots.keyword("parameters"),
        slots.exif(tag::USER_COMMENT),
        slots.comment(),
        slots.exif(tag::DESCRIPTION),
        slots.keyword("Description"),
        slots.keyword("prompt"),
        slots.keyword("Comment"),
    ];
    let text = places.into_iter().flatten().find(|text| !comfyui::is_graph(text) && !is_remark(text))?;
    Some(text.trim().to_owned())
}

/// Whether a text that is no recipe may be shown as a caption.
pub(super) fn is_caption(text: &str) -> bool {
    !text.starts_with(['{', '[']) || json::parse(text).is_none()
}

fn is_remark(text: &str) -> bool {
    const STARTS: [&str; 6] = [
        "Lavc",
        "CREATOR: gd-jpeg",
        "Created with GIMP",
        "Optimized by",
        "File written by Adobe",
        "LEAD Technologies",
    ];
    let text = text.trim();
    text.is_empty() || text == "Screenshot" || STARTS.iter().any(|start| text.starts_with(start))
}

fn novel_ai(slots: &mut Slots, _name: &str) -> Option<Found> {
    novelai::find(slots).map(Found::rendered)
}

fn comfy_ui(slots: &mut Slots, name: &str) -> Option<Found> {
    let recipe = graph(slots, name)?;
    Some(Found::rendered(recipe))
}

fn web_ui(slots: &mut Slots, name: &str) -> Option<Found> {
    let mut recipe = infotext_of(slots)?;
    let graph = graph(slots, name);
    let is_stub = ["", "unknown", "None"].contains(&recipe.positive.as_str());
    let mut added: Vec<(&str, String)> = Vec::new();
    if let Some(graph) = graph {
        if is_stub && !graph.positive.is_empty() {
            return Some(Found::rendered(graph));
        }
        recipe.source = Source::ComfyUi;
        added = fill(&mut recipe, graph);
    }
    let later = slots.keyword("postprocessing").or_else(|| slots.keyword("extras"));
    let later = later.filter(|later| *later != recipe.raw).map(infotext::loose_pairs).unwrap_or_default();
    for (key, value) in later {
        if recipe.extra.iter().all(|(known, _)| *known != key) {
            recipe.extra.push((key, value));
            // Borrowed from the recipe below, where it does not move any more.
        }
    }
    let later: Vec<_> = recipe.extra.iter().filter(|(key, _)| key.starts_with("Postprocess")).collect();
    let missing = later.into_iter().filter(|(key, _)| !recipe.raw.contains(&format!("{key}: ")));
    added.extend(missing.map(|(key, value)| (key.as_str(), value.clone())));
    let generation_text = infotext::complete(&recipe.raw, recipe.source, &added);
    Some(Found { recipe, generation_text })
}

/// The infotext of a file, in the order of the places that hold one.
fn infotext_of(slots: &Slots) -> Option<Recipe> {
    let prompt = slots.keyword("parameters").and_then(infotext::parse_prompt);
    let comments = || {
        let places = [
            slots.exif(tag::USER_COMMENT),
            slots.keyword("UserComment"),
            slots.comment(),
            slots.exif(tag::DESCRIPTION),
            slots.keyword("Description"),
            slots.keyword("Comment"),
        ];
        places.into_iter().flatten().find_map(infotext::parse_comment)
    };
    let later = || {
        [slots.keyword("postprocessing"), slots.keyword("extras")]
            .into_iter()
            .flatten()
            .find_map(infotext::parse)
    };
    prompt.or_else(comments).or_else(later)
}

/// The graph of a file: the first text that holds one.
fn graph(slots: &mut Slots, name: &str) -> Option<Recipe> {
    let mut broken = None;
    let recipe = slots.all().iter().find_map(|slot| {
        let text = graph_text(slot)?;
        let recipe = comfyui::parse(text, name);
        if recipe.is_none() && comfyui::is_graph(text) {
            broken = Some(slot.place.name());
        }
        recipe
    });
    if let Some(what) = broken {
        slots.complain(Complaint::BrokenGraph { what });
    }
    recipe
}

/// What of a slot may be a graph.
fn graph_text(slot: &Slot) -> Option<&str> {
    let text = slot.text.trim_start();
    let after_label =
        text.get(..7).filter(|label| label.eq_ignore_ascii_case("prompt:")).map(|_| text[7..].trim_start());
    match &slot.place {
        Place::Keyword(keyword) if keyword.eq_ignore_ascii_case("prompt") => Some(text),
        Place::Exif(tag::USER_COMMENT) | Place::Comment => Some(text),
        Place::Exif(_) => after_label,
        Place::Keyword(_) | Place::Named(_) => None,
    }
    .filter(|text| text.starts_with(['{', '"']))
}

/// Takes from a graph what an infotext does not say, and returns it as settings.
fn fill(recipe: &mut Recipe, graph: Recipe) -> Vec<(&'static str, String)> {
    let has_size = recipe.width.is_some();
    let known = infotext::keys(recipe);
    let mut added: Vec<_> =
        infotext::pairs(&graph).into_iter().filter(|(key, _)| !known.contains(key)).collect();
    let Recipe { steps, sampler, scheduler, cfg, seed, width, height, model, model_hash, loras, .. } = graph;
    recipe.steps = recipe.steps.or(steps);
    recipe.sampler = recipe.sampler.take().or(sampler);
    recipe.scheduler = recipe.scheduler.take().or(scheduler);
    recipe.cfg = recipe.cfg.or(cfg);
    recipe.seed = recipe.seed.take().or(seed);
    recipe.model = recipe.model.take().or(model);
    recipe.model_hash = recipe.model_hash.take().or(model_hash);
    if !has_size {
        (recipe.width, recipe.height) = (width, height);
    }
    if recipe.loras.is_empty() {
        recipe.loras = loras;
        added.extend(infotext::lora_weights(recipe).map(|list| ("Lora weights", list)));
    }
    added
}
