//! A recipe as infotext, and an infotext made complete for storing.

use crate::infotext::{adapters, civitai, parts};
use lumidex_schema::recipe::{Recipe, Source};
use std::fmt::Write as _;

/// The infotext of a recipe that came from another dialect. [`super::parse`] reads it back to
/// the same fields, except that a prompt's line beginning like a part of the infotext gets a
/// blank in front.
pub(crate) fn render(recipe: &Recipe) -> String {
    let mut text = String::with_capacity(recipe.positive.len() + recipe.negative.len() + 512);
    push_prompt(&mut text, &recipe.positive);
    if !recipe.negative.is_empty() {
        text.push_str(if text.is_empty() { "Negative prompt: " } else { "\nNegative prompt: " });
        push_prompt(&mut text, &recipe.negative);
    }
    if !text.is_empty() {
        text.push('\n');
    }
    let mut line = Line { text, is_first: true };
    // Only `Steps` makes a line certain to be settings, or the identifier where there is none.
    if recipe.steps.is_none() {
        line.push("Source Identifier", identifier(recipe));
    }
    for (key, value) in pairs(recipe) {
        line.push(key, &value);
    }
    for (key, list) in adapters::lists(recipe) {
        line.push(key, &list);
    }
    for (key, value) in recipe.extra.iter().filter(|(key, _)| key != "Source Identifier") {
        line.push(key, value);
    }
    if recipe.steps.is_some() {
        line.push("Source Identifier", identifier(recipe));
    }
    line.text
}

/// An embedded infotext with what another slot of the file adds to it, and with the identifier
/// of its program unless one is there.
pub(crate) fn complete(raw: &str, source: Source, added: &[(&str, String)]) -> String {
    let unified = super::unify(raw);
    let parts = parts::split(&unified);
    let (body, trailer) = match parts.trailer {
        Some((_, at)) => (unified[..at].trim_end(), &unified[at..]),
        None => (unified.trim_end(), ""),
    };
    let settings = parts.settings.unwrap_or_default();
    let mut text = String::with_capacity(raw.len() + 64);
    // The settings end the body, so that what is cleaned of them can take their place.
    match civitai::clean(settings) {
        Some(clean) => {
            text.push_str(&body[..body.len() - settings.len()]);
            text.push_str(&clean);
        }
        None => text.push_str(body),
    }
    let has_template = parts::TEMPLATES.iter().any(|start| settings.contains(&["\n", start].concat()));
    let own_line = parts.settings.is_none() || has_template || ends_bare(body, settings);
    if !own_line {
        // Separators with nothing behind them would join what follows to the value before them.
        text.truncate(text.trim_end_matches(|letter: char| letter == ',' || letter.is_whitespace()).len());
    }
    if own_line && !text.is_empty() {
        text.push('\n');
    } else if text.ends_with(':') {
        // A key without a value.
        text.push(' ');
    }
    let mut line = Line { text, is_first: own_line };
    let is_identified = settings.contains("Source Identifier: ");
    if !is_identified && own_line {
        line.push("Source Identifier", source.identifier());
    }
    for (key, value) in added {
        line.push(key, value);
    }
    if !is_identified && !own_line {
        line.push("Source Identifier", source.identifier());
    }
    if !trailer.is_empty() {
        line.text.push('\n');
        line.text.push_str(trailer);
    }
    line.text
}

/// Whether settings that begin a line end with a word that is no pair: with a pair behind it, it would
/// belong to the value before it.
fn ends_bare(body: &str, settings: &str) -> bool {
    let before = &body[..body.len() - settings.len()];
    let is_line = before.is_empty() || before.ends_with('\n');
    let first = settings.split('\n').next().unwrap_or_default();
    is_line
        && parts::is_steps_line(first)
        && super::settings::pairs(settings)
            .last()
            .is_some_and(|(key, value)| !value.is_empty() && key == value)
}

/// The mapped fields as settings, in the order of the web UI.
pub(crate) fn pairs(recipe: &Recipe) -> Vec<(&'static str, String)> {
    let has_size = recipe.extra.iter().any(|(key, _)| key == "Size");
    let size = recipe.width.zip(recipe.height).filter(|_| !has_size);
    [
        ("Steps", recipe.steps.map(|steps| steps.to_string())),
        ("Sampler", recipe.sampler.clone()),
        ("Schedule type", recipe.scheduler.clone()),
        ("CFG scale", recipe.cfg.map(|cfg| cfg.to_string())),
        ("Seed", recipe.seed.clone()),
        ("Size", size.map(|(width, height)| format!("{width}x{height}"))),
        ("Model hash", recipe.model_hash.clone()),
        ("Model", recipe.model.clone()),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key, value?)))
    .collect()
}

/// The keys of the mapped fields that hold something.
pub(crate) fn keys(recipe: &Recipe) -> Vec<&'static str> {
    let has_size = recipe.width.is_some();
    pairs(recipe).into_iter().map(|(key, _)| key).chain(has_size.then_some("Size")).collect()
}

fn identifier(recipe: &Recipe) -> &str {
    let own = recipe.extra.iter().find(|(key, _)| key == "Source Identifier");
    own.map_or(recipe.source.identifier(), |(_, value)| value)
}

/// A line of the prompt that begins like a part of the infotext would be taken for one.
fn push_prompt(text: &mut String, prompt: &str) {
    const STARTS: [&str; 5] =
        ["Negative prompt:", "Source Identifier:", "Template:", "Negative Template:", "extraJsonMetaInfo:"];
    for (nth, line) in prompt.split('\n').enumerate() {
        if nth > 0 {
            text.push('\n');
        }
        if STARTS.iter().any(|start| line.starts_with(start)) || parts::is_steps_line(line) {
            text.push(' ');
        }
        text.push_str(line);
    }
}

struct Line {
    text: String,
    is_first: bool,
}

impl Line {
    fn push(&mut self, key: &str, value: &str) {
        if !std::mem::take(&mut self.is_first) {
            self.text.push_str(if self.text.ends_with(',') { " " } else { ", " });
        }
        let plain = !value.is_empty()
            && !value.contains([',', ':', '\n', '"', '\\'])
            && !value.starts_with(['{', '['])
            && value.trim() == value;
        // Writing to a string cannot fail.
        let _ = if plain {
            write!(self.text, "{key}: {value}")
        } else {
            write!(self.text, "{key}: {}", serde_json::Value::from(value))
        };
    }
}
