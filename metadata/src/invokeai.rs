//! InvokeAI from 2.x on: JSON about the picture, or the graph that made it (catalogue 5.8). Older files
//! hold a command line, which is another file's subject.

use crate::claim::Claim;
use crate::dream;
use crate::json::{self, Value};
use crate::members::{self, Is, Table, put};
use crate::normal;
use crate::sheet::Sheet;
use crate::slots::{Place, Slot};
use lumidex_schema::recipe::{Recipe, Source};

/// The scheduler is what other programs call the sampler.
const TABLE: &Table = &[
    ("positive_prompt", Is::Positive),
    ("positive_conditioning", Is::Positive),
    ("negative_prompt", Is::Negative),
    ("negative_conditioning", Is::Negative),
    ("steps", Is::Steps),
    ("scheduler", Is::Sampler),
    ("cfg_scale", Is::Cfg),
    ("seed", Is::Seed),
    ("width", Is::Width),
    ("height", Is::Height),
    ("model", Is::Model),
    ("generation_mode", Is::Text("Generation mode")),
    ("app_version", Is::Text("Version")),
    ("clip_skip", Is::ClipSkip),
    ("guidance", Is::Number("Distilled CFG Scale")),
    ("strength", Is::Number("Denoising strength")),
    ("refiner_steps", Is::Number("Refiner steps")),
    ("refiner_start", Is::Number("Refiner switch at")),
    ("upscale_scale", Is::Number("Postprocess upscale by")),
    ("positive_style_prompt", Is::Text("Style prompt")),
    ("negative_style_prompt", Is::Text("Negative style prompt")),
    ("vae", Is::Skip),
    ("loras", Is::Skip),
    ("type", Is::Skip),
    ("id", Is::Skip),
    ("is_intermediate", Is::Skip),
    ("use_cache", Is::Skip),
    ("hrf_enabled", Is::Skip),
    ("hrf_strength", Is::Skip),
    ("hrf_method", Is::Skip),
];

/// The recipe, if InvokeAI wrote the file.
pub(super) fn find(sheet: &Sheet<'_>) -> Option<Claim> {
    let of = |key: &str| sheet.keyword(key).map(|text| (text, sheet.place_of(text)));
    let claim = |recipe: Option<Recipe>, place| Some(Claim::rendered(recipe?, place));
    let object = |key: &str| {
        let (text, place) = of(key)?;
        let value = sheet.json(text).filter(|value| value.map().is_some())?;
        Some((text, value, place))
    };
    let of_metadata =
        || object("invokeai_metadata").and_then(|(text, value, at)| claim(of_metadata(value, text), at));
    let of_old =
        || object("sd-metadata").and_then(|(text, value, at)| claim(dream::of_json(value, text), at));
    let of_preview =
        || object("invokeai").and_then(|(text, value, at)| claim(of_metadata_value(value, text), at));
    let of_line = || of("Dream").and_then(|(text, at)| claim(dream::of_line(text), at));
    let of_graph = || object("invokeai_graph").and_then(|(text, value, at)| claim(of_graph(value, text), at));
    of_metadata()
        .or_else(of_old)
        .or_else(of_preview)
        .or_else(of_line)
        .or_else(of_graph)
        .or_else(|| beside(sheet))
}

/// A JSON object that has the texts of a picture as its members, beside a film for one.
fn beside(sheet: &Sheet<'_>) -> Option<Claim> {
    let keys = ["invokeai_metadata", "invokeai_graph"];
    let (slot, whole) = sheet.object(&keys, |value| keys.iter().any(|key| value.get(key).is_some()))?;
    let Slot {
        place: place @ (Place::Beside(_) | Place::Exif(_) | Place::Keyword(_) | Place::Comment),
        text,
    } = slot
    else {
        return None;
    };
    let inner = |key: &str, read: fn(&Value<'_>, &str) -> Option<Recipe>| match whole.get(key)? {
        Value::Text(inner) => read(&json::parse(inner)?, text),
        value => read(value, text),
    };
    let recipe = inner("invokeai_metadata", of_metadata).or_else(|| inner("invokeai_graph", of_graph))?;
    Some(Claim::rendered(recipe, place.label()))
}

/// `None` for the empty object of pictures that were only brought in.
fn of_metadata(value: &Value<'_>, raw: &str) -> Option<Recipe> {
    value.map().filter(|members| !members.is_empty())?;
    of_metadata_value(value, raw)
}

fn of_metadata_value(value: &Value<'_>, raw: &str) -> Option<Recipe> {
    let mut recipe = members::recipe(value, TABLE, Source::InvokeAi, raw);
    models(&mut recipe, value);
    let scalar = |key: &str| value.get(key).and_then(Value::scalar);
    if scalar("hrf_enabled") == Some("true") {
        put(&mut recipe, "Hires upscaler", scalar("hrf_method"));
        put(&mut recipe, "Denoising strength", scalar("hrf_strength"));
    }
    Some(recipe)
}

/// Models are objects, of two generations.
fn models(recipe: &mut Recipe, value: &Value<'_>) {
    let named = |key: &str| value.get(key).and_then(name);
    if let Some(model) = value.get("model").filter(|model| model.map().is_some()) {
        recipe.model = name(model);
        recipe.model_hash = model.get("hash").and_then(Value::text).and_then(normal::hash);
        let base = ["base", "base_model"].iter().find_map(|key| model.get(key)?.text().map(str::to_owned));
        put(recipe, "Base model", base.as_deref());
    }
    put(recipe, "VAE", named("vae").as_deref());
    put(recipe, "Refiner", named("refiner_model").as_deref());
    put(recipe, "Upscaler", named("upscale_model").as_deref());
    let encoders = ["t5_encoder", "clip_embed_model", "qwen3_encoder", "clip_l_model", "clip_g_model"];
    for (nth, encoder) in encoders.iter().filter_map(|key| named(key)).enumerate() {
        put(recipe, &format!("Text encoder {}", nth + 1), Some(&encoder));
    }
    for lora in value.get("loras").and_then(Value::list).unwrap_or_default() {
        let Some(model) = ["model", "lora"].iter().find_map(|key| lora.get(key)) else { continue };
        let weight = lora.get("weight").and_then(Value::scalar).and_then(normal::number).unwrap_or(1.0);
        let hash = model.get("hash").and_then(Value::text).and_then(normal::hash);
        normal::put_lora(&mut recipe.loras, &name(model).unwrap_or_default(), weight, None, hash);
    }
}

fn name(model: &Value<'_>) -> Option<String> {
    let of_object = || ["name", "model_name"].iter().find_map(|key| model.get(key)?.text());
    normal::model(model.text().or_else(of_object)?)
}

/// What the graph says where the picture has nothing but it.
fn of_graph(graph: &Value<'_>, raw: &str) -> Option<Recipe> {
    let graph = Graph {
        nodes: graph.get("nodes")?,
        edges: graph.get("edges").and_then(Value::list).unwrap_or_default(),
    };
    let (core_id, core) = graph.nodes.map()?.iter().find(|(_, node)| kind(node) == "core_metadata")?;
    let mut recipe = of_metadata_value(core, raw)?;
    let linked = |field: &str| graph.linked(core_id, field).and_then(Value::scalar);
    let text = |side: &str| {
        let wanted = format!("{side}_prompt");
        linked(&wanted).or_else(|| graph.text(side)).map(normal::text).unwrap_or_default()
    };
    if recipe.positive.is_empty() {
        recipe.positive = text("positive");
    }
    if recipe.negative.is_empty() {
        recipe.negative = text("negative");
    }
    let of = |field: &str, kinds: &[&str]| linked(field).or_else(|| graph.first(kinds, field));
    recipe.seed = recipe.seed.or_else(|| of("seed", &["noise"]).and_then(normal::seed));
    let steps = || of("steps", &["denoise_latents", "flux_denoise"]).and_then(normal::count);
    recipe.steps = recipe.steps.or_else(steps);
    recipe.cfg = recipe.cfg.or_else(|| of("cfg_scale", &["denoise_latents"]).and_then(normal::number));
    recipe.sampler = recipe.sampler.or_else(|| of("scheduler", &["denoise_latents"]).and_then(normal::word));
    if recipe.width.is_none() {
        let side =
            |field: &str| of(field, &["noise", "flux_denoise"]).and_then(normal::count).filter(|n| *n > 0);
        (recipe.width, recipe.height) = side("width").zip(side("height")).unzip();
    }
    if recipe.model.is_none() {
        let loader = graph.nodes.map()?.iter().find(|(_, node)| kind(node).ends_with("model_loader"));
        recipe.model = loader.and_then(|(_, node)| name(node.get("model")?));
    }
    Some(recipe)
}

fn kind<'v>(node: &'v Value<'_>) -> &'v str {
    node.get("type").and_then(Value::text).unwrap_or_default()
}

struct Graph<'v, 'a> {
    nodes: &'v Value<'a>,
    edges: &'v [Value<'a>],
}

impl<'v, 'a> Graph<'v, 'a> {
    /// What an edge brings into a field of a node.
    fn linked(&self, node: &str, field: &str) -> Option<&'v Value<'a>> {
        let is_end =
            |end: &Value<'_>, key: &str, value: &str| end.get(key).and_then(Value::text) == Some(value);
        let edge = self.edges.iter().find(|edge| {
            let Some(end) = edge.get("destination") else { return false };
            is_end(end, "node_id", node) && is_end(end, "field", field)
        })?;
        let source = edge.get("source")?;
        let from = self.nodes.get(source.get("node_id")?.text()?)?;
        from.get("value").or_else(|| from.get(source.get("field")?.text()?)).or_else(|| from.get("prompt"))
    }

    /// A field of the first node of one of these kinds.
    fn first(&self, kinds: &[&str], field: &str) -> Option<&'v str> {
        let mut nodes = self.nodes.map()?.iter().filter(|(_, node)| kinds.contains(&kind(node)));
        nodes.find_map(|(_, node)| node.get(field)?.scalar())
    }

    /// The prompt of a side: a text node called so, otherwise an encoder.
    fn text(&self, side: &str) -> Option<&'v str> {
        let nodes = self.nodes.map()?;
        let called = |id: &str| id.starts_with(&format!("{side}_prompt"));
        let of_text =
            nodes.iter().filter(|(id, _)| called(id)).find_map(|(_, node)| node.get("value")?.text());
        let is_encoder =
            |node: &Value<'_>| kind(node).contains("compel") || kind(node).ends_with("text_encoder");
        let is_side = |id: &str| id.starts_with(&side[..3]);
        let encoders = || nodes.iter().filter(|(id, node)| is_encoder(node) && is_side(id));
        of_text.or_else(|| encoders().find_map(|(_, node)| node.get("prompt")?.text()))
    }
}
