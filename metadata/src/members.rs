//! A JSON object to a recipe by a table: which member is which field or setting. The rest keeps its own
//! name as far as it is plain. Knows no dialect.

use crate::json::{self, Value};
use crate::limits::{LORAS_MAX, OWN_SETTING_BYTES_MAX, SETTING_BYTES_MAX, SETTINGS_MAX};
use crate::normal;
use lumidex_schema::recipe::{Recipe, Source};

/// What a member of an object is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Is {
    Positive,
    Negative,
    Steps,
    Sampler,
    Scheduler,
    Cfg,
    Seed,
    Width,
    Height,
    Size,
    Model,
    ModelHash,
    /// How many last layers of the text encoder are left out; some count them downward from zero.
    ClipSkip,
    /// A setting that is a number.
    Number(&'static str),
    /// A setting that is a model's file.
    Stem(&'static str),
    /// A setting that is any text or list.
    Text(&'static str),
    /// Nothing, or read elsewhere.
    Skip,
}

/// Members by their name; of several for one field the first that says something counts.
pub(super) type Table = [(&'static str, Is)];

/// The recipe of an object. `raw` is the text it was read from.
pub(super) fn recipe(object: &Value<'_>, table: &Table, source: Source, raw: &str) -> Recipe {
    let mut recipe = Recipe { source, raw: raw.to_owned(), ..Recipe::default() };
    for (key, is) in table {
        if let Some(value) = object.get(key) {
            take(&mut recipe, *is, value);
        }
    }
    if recipe.width.is_none() || recipe.height.is_none() {
        (recipe.width, recipe.height) = (None, None);
    }
    rest(&mut recipe, object, |key| table.iter().any(|(known, _)| *known == key));
    crate::prompt::add_loras(&mut recipe.loras, &recipe.positive);
    recipe
}

fn take(recipe: &mut Recipe, is: Is, value: &Value<'_>) {
    let scalar = value.scalar();
    let side = || scalar.and_then(normal::count).filter(|side| (1..=65_535).contains(side));
    match is {
        Is::Positive if recipe.positive.is_empty() => recipe.positive = joined(value),
        Is::Negative if recipe.negative.is_empty() => recipe.negative = joined(value),
        Is::Steps => fill(&mut recipe.steps, scalar.and_then(normal::count)),
        Is::Sampler => fill(&mut recipe.sampler, scalar.and_then(normal::word)),
        Is::Scheduler => fill(&mut recipe.scheduler, scalar.and_then(normal::word)),
        Is::Cfg => fill(&mut recipe.cfg, scalar.and_then(normal::number)),
        Is::Seed => fill(&mut recipe.seed, scalar.and_then(normal::seed)),
        Is::Width => fill(&mut recipe.width, side()),
        Is::Height => fill(&mut recipe.height, side()),
        Is::Size if recipe.width.is_none() => {
            let size =
                value.list().map_or_else(|| scalar.and_then(normal::size), |_| normal::size(&joined(value)));
            (recipe.width, recipe.height) = size.unzip();
        }
        Is::Model => fill(&mut recipe.model, scalar.and_then(normal::model)),
        Is::ModelHash => fill(&mut recipe.model_hash, scalar.and_then(normal::hash)),
        Is::ClipSkip => {
            let skip = scalar.and_then(normal::number).map(f64::abs).filter(|skip| *skip > 0.0);
            put(recipe, "Clip skip", skip.map(|skip| skip.to_string()).as_deref());
        }
        Is::Number(key) => {
            let number = scalar.and_then(normal::number).map(|number| number.to_string());
            put(recipe, key, number.as_deref());
        }
        Is::Stem(key) => put(recipe, key, scalar.and_then(normal::model).as_deref()),
        Is::Text(key) => put(recipe, key, Some(&joined(value))),
        _ => {}
    }
}

fn fill<T>(field: &mut Option<T>, value: Option<T>) {
    if field.is_none() {
        *field = value;
    }
}

/// Adds a setting, unless it says nothing or is there. A long one is cut; of very many, half of what can
/// be kept stays free for other texts of the file.
pub(super) fn put(recipe: &mut Recipe, key: &str, value: Option<&str>) {
    let Some(mut value) = value.map(normal::text) else { return };
    value.truncate(value.floor_char_boundary(SETTING_BYTES_MAX));
    let is_known = recipe.extra.iter().any(|(known, _)| known == key);
    let says_nothing = ["", "None", "none", "null"].contains(&value.as_str());
    if !is_known && !says_nothing && recipe.extra.len() < SETTINGS_MAX / 2 {
        recipe.extra.push((key.to_owned(), value));
    }
}

/// Adds the plain members that no table knows, under their own names.
pub(super) fn rest(recipe: &mut Recipe, object: &Value<'_>, is_known: impl Fn(&str) -> bool) {
    for (key, value) in object.map().unwrap_or_default().iter().take(SETTINGS_MAX) {
        let Some(value) = value.scalar() else { continue };
        let is_fit = value.len() <= OWN_SETTING_BYTES_MAX && !value.contains("://");
        if is_fit && is_plain_key(key) && !is_known(key) {
            put(recipe, key, Some(value));
        }
    }
}

/// Whether a name can be the key of a setting: nothing in it ends a key, and no field is called so.
fn is_plain_key(key: &str) -> bool {
    const FIELDS: [&str; 13] = [
        "Steps",
        "Sampler",
        "Schedule type",
        "Scheduler",
        "CFG scale",
        "CFG Scale",
        "Seed",
        "Size",
        "Model",
        "Model hash",
        "Template",
        "Negative Template",
        "Source Identifier",
    ];
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b" -/_+.()".contains(&byte);
    (1..=64).contains(&key.len()) && key.trim() == key && key.bytes().all(is_part) && !FIELDS.contains(&key)
}

/// A text; a list's items with commas between.
pub(super) fn joined(value: &Value<'_>) -> String {
    match value {
        Value::List(items) => {
            let items: Vec<_> = items.iter().filter_map(Value::scalar).map(normal::text).collect();
            items.into_iter().filter(|item| !item.is_empty()).collect::<Vec<_>>().join(", ")
        }
        Value::Map(_) | Value::Null => String::new(),
        scalar => scalar.scalar().map(normal::text).unwrap_or_default(),
    }
}

/// The items of a list; also of a text that is a list in the notation of JSON, of Python, or with
/// commas between.
pub(super) fn listed(value: &Value<'_>) -> Vec<String> {
    let scalars = |items: &[Value<'_>]| -> Vec<String> {
        items.iter().take(LORAS_MAX).map(|item| item.scalar().unwrap_or_default().to_owned()).collect()
    };
    match value {
        Value::List(items) => scalars(items),
        Value::Map(_) | Value::Null => Vec::new(),
        scalar => {
            let text = scalar.scalar().unwrap_or_default().trim();
            match json::parse(text) {
                Some(Value::List(items)) if text.starts_with('[') => scalars(&items),
                _ => of_python(text),
            }
        }
    }
}

/// Items between commas, without the brackets around them and the quotes around each.
fn of_python(text: &str) -> Vec<String> {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let mut items = Vec::new();
    let (mut item, mut quote) = (String::new(), None);
    for letter in inner.chars() {
        match quote {
            Some(open) if letter == open => quote = None,
            None if matches!(letter, '\'' | '"') && item.trim().is_empty() => quote = Some(letter),
            None if letter == ',' => items.push(std::mem::take(&mut item)),
            _ => item.push(letter),
        }
    }
    items.push(item);
    items.truncate(LORAS_MAX);
    items.into_iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn lists_are_read_in_every_notation() {
        for text in [
            "[\"a b\", \"c\"]",
            "\"['a b', 'c']\"",
            "\"[\\\"a b\\\", \\\"c\\\"]\"",
            "\"a b, c\"",
            "\"[a b,c]\"",
        ] {
            assert_eq!(listed(&json::parse(text).unwrap()), ["a b", "c"], "{text}");
        }
        assert_eq!(listed(&json::parse("\"it's, one\"").unwrap()), ["it's", "one"]);
        assert_eq!(listed(&json::parse("\"[0.5, 1]\"").unwrap()), ["0.5", "1"]);
        assert_eq!(listed(&json::parse("null").unwrap()), Vec::<String>::new());
    }

    #[test]
    fn what_no_table_knows_stays_as_far_as_it_is_plain() {
        let long = "x".repeat(OWN_SETTING_BYTES_MAX + 1);
        let object = format!(
            r#"{{"a": 1, "b": "https://x/y?sig=1", "c": "{long}", "d": [1], "Seed": 3, "e:f": 1, "g": true, "h": null, "i": ""}}"#
        );
        let recipe = recipe(&json::parse(&object).unwrap(), &[], Source::Generic, "");
        assert_eq!(recipe.extra, [("a".to_owned(), "1".to_owned()), ("g".to_owned(), "true".to_owned())]);
    }
}
