//! InvokeAI before 3.0: the command line `Dream`, and the JSON `sd-metadata` (catalogue 5.8).

use crate::json::Value;
use crate::members::{self, Is, Table, put};
use crate::normal;
use lumidex_schema::recipe::{Recipe, Source};

const TABLE: &Table = &[
    ("steps", Is::Steps),
    ("sampler", Is::Sampler),
    ("cfg_scale", Is::Cfg),
    ("seed", Is::Seed),
    ("width", Is::Width),
    ("height", Is::Height),
    ("strength", Is::Number("Denoising strength")),
    ("prompt", Is::Skip),
    ("type", Is::Skip),
];

/// The recipe of the JSON of 1.x and 2.x.
pub(super) fn of_json(value: &Value<'_>, raw: &str) -> Option<Recipe> {
    let first = || value.get("images").and_then(Value::list).and_then(<[_]>::first);
    let image = value.get("image").filter(|image| image.map().is_some()).or_else(first)?;
    let mut recipe = members::recipe(image, TABLE, Source::InvokeAi, raw);
    let text = |key: &str| value.get(key).and_then(Value::text);
    recipe.model =
        text("model_weights").and_then(normal::model).or_else(|| text("model").and_then(normal::model));
    recipe.model_hash = text("model_hash").and_then(normal::hash);
    put(&mut recipe, "Version", text("app_version"));
    let prompt = match image.get("prompt") {
        Some(Value::List(parts)) => {
            let parts = parts.iter().take(64).filter_map(|part| part.get("prompt").and_then(Value::text));
            parts.collect::<Vec<_>>().join(" ")
        }
        other => other.and_then(Value::text).unwrap_or_default().to_owned(),
    };
    set_prompts(&mut recipe, &prompt);
    for step in image.get("postprocessing").and_then(Value::list).unwrap_or_default().iter().take(8) {
        let scalar = |key: &str| step.get(key).and_then(Value::scalar);
        if scalar("type") == Some("esrgan") {
            put(&mut recipe, "Postprocess upscaler", scalar("type"));
            put(&mut recipe, "Postprocess upscale by", scalar("scale"));
        }
    }
    Some(recipe)
}

/// The recipe of a command line; `None` for commands of the editor.
pub(super) fn of_line(line: &str) -> Option<Recipe> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('!') {
        return None;
    }
    let (prompt, flags) = split(line);
    let mut recipe = Recipe { source: Source::InvokeAi, raw: line.to_owned(), ..Recipe::default() };
    set_prompts(&mut recipe, &prompt);
    let mut words = flags.split_ascii_whitespace().peekable();
    let mut sides = [None; 2];
    while let Some(word) = words.next() {
        let Some((flag, attached)) = flag(word) else { continue };
        let value = match attached {
            "" => words.next_if(|next| flag_or_none(next).is_none()).unwrap_or_default(),
            value => value,
        };
        let number = normal::number(value).map(|number| number.to_string());
        match flag {
            "s" => recipe.steps = normal::count(value),
            "S" => recipe.seed = normal::seed(value),
            "W" => sides[0] = normal::count(value),
            "H" => sides[1] = normal::count(value),
            "C" => recipe.cfg = normal::number(value),
            "A" | "m" => recipe.sampler = normal::word(value),
            "f" => put(&mut recipe, "Denoising strength", number.as_deref()),
            "G" => put(&mut recipe, "Face restoration", number.as_deref()),
            "U" => put(&mut recipe, "Postprocess upscale by", number.as_deref()),
            _ => {}
        }
    }
    if let [Some(width @ 1..=65_535), Some(height @ 1..=65_535)] = sides {
        (recipe.width, recipe.height) = (Some(width), Some(height));
    }
    Some(recipe)
}

/// The prompt, perhaps between quotes, and what follows it.
fn split(line: &str) -> (String, &str) {
    if let Some(inner) = line.strip_prefix('"') {
        let ends = |at: &usize| !inner[..*at].ends_with('\\') && flag_follows(&inner[at + 1..]);
        if let Some(at) = memchr::memchr_iter(b'"', inner.as_bytes()).find(ends) {
            return (inner[..at].replace("\\\"", "\""), &inner[at + 1..]);
        }
    }
    let at = memchr::memmem::find_iter(line.as_bytes(), b" -").find(|at| flag_follows(&line[*at..]));
    let (prompt, flags) = line.split_at(at.unwrap_or(line.len()));
    (prompt.trim_matches('"').to_owned(), flags)
}

fn flag_follows(rest: &str) -> bool {
    rest.trim().is_empty()
        || rest.split_ascii_whitespace().next().is_some_and(|word| flag_or_none(word).is_some())
}

fn flag_or_none(word: &str) -> Option<&str> {
    flag(word).map(|(flag, _)| flag)
}

/// A flag of one letter and what is attached to it, or a long one.
fn flag(word: &str) -> Option<(&str, &str)> {
    let name = word.strip_prefix('-')?;
    if let Some(long) = name.strip_prefix("--").or_else(|| name.strip_prefix('-')) {
        return long.starts_with(|first: char| first.is_ascii_alphabetic()).then_some((long, ""));
    }
    if ["cf", "ft", "embiggen"].contains(&name) {
        return Some((name, ""));
    }
    let letter = name.get(..1).filter(|letter| letter.bytes().all(|byte| byte.is_ascii_alphabetic()))?;
    let attached = &name[1..];
    let is_value = attached.is_empty()
        || attached.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        || ["A", "m"].contains(&letter);
    is_value.then_some((letter, attached))
}

/// What stands in square brackets is unwanted.
fn set_prompts(recipe: &mut Recipe, prompt: &str) {
    if prompt.trim() == "<too lazy to implement>" {
        return;
    }
    let (mut positive, mut negative) = (String::new(), Vec::new());
    let mut rest = prompt;
    while let Some((before, (inside, after))) =
        rest.split_once('[').and_then(|(before, open)| Some((before, open.split_once(']')?)))
    {
        positive.push_str(if after.starts_with([' ', ',', '.']) {
            before.trim_end_matches(' ')
        } else {
            before
        });
        negative.push(inside.trim());
        rest = after;
    }
    positive.push_str(rest);
    recipe.positive = normal::text(&positive);
    recipe.negative = normal::text(&negative.join(" "));
}
