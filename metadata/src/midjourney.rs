//! Midjourney: a prompt with its parameters behind it, and the number of the job (catalogue 5.16).

use crate::claim::Claim;
use crate::members::put;
use crate::normal;
use crate::sheet::Sheet;
use crate::slots::tag;
use lumidex_schema::recipe::{Recipe, Source};

const JOB: &str = "Job ID: ";

/// The recipe, if Midjourney wrote the file.
pub(super) fn find(sheet: &Sheet<'_>) -> Option<Claim> {
    let places = [
        sheet.keyword("Description"),
        sheet.xmp("dc:description"),
        sheet.exif(tag::DESCRIPTION),
        sheet.exif(tag::USER_COMMENT),
        sheet.iptc(120),
    ];
    let (text, at) = places.into_iter().flatten().find_map(|text| Some((text, job(text)?)))?;
    let mut recipe = of_text(&text[..at]);
    recipe.raw = text.to_owned();
    put(&mut recipe, "Job ID", text.get(at + JOB.len()..).map(str::trim));
    put(&mut recipe, "Author", sheet.keyword("Author").or_else(|| sheet.xmp("dc:creator")));
    put(&mut recipe, "Creation time", sheet.keyword("Creation Time"));
    Some(Claim::rendered(recipe, sheet.place_of(text)))
}

/// Whether a text ends with the number of a job: then it is no other program's, whatever its prompt holds.
pub(super) fn is_job(text: &str) -> bool {
    job(text).is_some()
}

/// Where the number of the job stands that ends a text.
fn job(text: &str) -> Option<usize> {
    let at = text.rfind(JOB)?;
    let id = text[at + JOB.len()..].trim();
    let is_dash = |nth: usize| [8, 13, 18, 23].contains(&nth);
    let is_part =
        |(nth, byte): (usize, u8)| if is_dash(nth) { byte == b'-' } else { byte.is_ascii_hexdigit() };
    (id.len() == 36 && id.bytes().enumerate().all(is_part)).then_some(at)
}

fn of_text(text: &str) -> Recipe {
    let mut recipe = Recipe { source: Source::Midjourney, ..Recipe::default() };
    let starts: Vec<_> = text
        .char_indices()
        .filter_map(|(at, _)| Some((at, dash(text, at)?)))
        .take(crate::limits::SETTINGS_MAX)
        .collect();
    let first = starts.first().map_or(text.len(), |(at, _)| *at);
    let (n_images, prompt) = behind_images(&text[..first]);
    recipe.positive = normal::text(prompt);
    if n_images > 0 {
        // How many is enough: addresses are keys to what others keep.
        put(&mut recipe, "Image prompts", Some(&n_images.to_string()));
    }
    for (nth, (at, len)) in starts.iter().enumerate() {
        let end = starts.get(nth + 1).map_or(text.len(), |(at, _)| *at);
        let parameter = text[at + len..end].trim();
        let (name, value) = parameter.split_once(char::is_whitespace).unwrap_or((parameter, ""));
        take(&mut recipe, name, value.trim());
    }
    recipe
}

/// How many pictures a prompt names first, which its picture was to be like, and the words behind them.
fn behind_images(prompt: &str) -> (usize, &str) {
    let (mut n_images, mut rest) = (0, prompt.trim_start());
    loop {
        let word = rest.split(char::is_whitespace).next().unwrap_or_default();
        let is_address = ["https://", "http://"].iter().any(|start| word.starts_with(start));
        // Its own short form; what it gives pictures that were uploaded is no address.
        let is_named = word.len() > 2 && word.starts_with('<') && word.ends_with('>');
        if !is_address && !is_named {
            return (n_images, rest);
        }
        n_images += 1;
        rest = rest[word.len()..].trim_start();
    }
}

/// Length of the two hyphens, or the long dash in their place, that begin a parameter at `at`.
fn dash(text: &str, at: usize) -> Option<usize> {
    let rest = &text[at..];
    let len = ["--", "—", "–"].iter().find(|dash| rest.starts_with(**dash))?.len();
    let is_name = rest[len..].starts_with(|first: char| first.is_ascii_alphabetic());
    let is_apart = text[..at].is_empty() || text[..at].ends_with(char::is_whitespace);
    (is_name && is_apart).then_some(len)
}

fn take(recipe: &mut Recipe, name: &str, value: &str) {
    const LONG: [(&str, &str); 6] = [
        ("s", "stylize"),
        ("c", "chaos"),
        ("q", "quality"),
        ("ar", "aspect"),
        ("p", "profile"),
        ("w", "weird"),
    ];
    match name {
        "v" | "version" => recipe.model = Some(format!("Midjourney v{value}")),
        "niji" => recipe.model = Some(format!("Midjourney niji {value}").trim_end().to_owned()),
        "no" => recipe.negative = normal::text(value),
        "seed" => recipe.seed = normal::seed(value),
        _ => {
            let key = LONG.iter().find(|(short, _)| *short == name).map_or(name, |(_, long)| long);
            let is_plain = key.len() <= 32 && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let is_fit = value.len() <= crate::limits::OWN_SETTING_BYTES_MAX && !value.contains("://");
            if is_plain && is_fit {
                put(recipe, key, Some(if value.is_empty() { "true" } else { value }));
            }
        }
    }
}
