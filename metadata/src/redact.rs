//! How a file's texts are built, with what people wrote in them made unreadable: for showing to strangers who
//! are to find out why a file is not read as it should be.
//!
//! Letters become `x`, digits `0`; punctuation, lengths of words, line breaks, the keys of settings and of
//! JSON, and the names of node classes stay, for they are the structure.

use crate::complaint::Complaint;
use crate::infotext;
use crate::json::{self, Value};
use crate::read::{read as read_file, scan};
use crate::sidecar::Beside;
use crate::slots::{Place, Slots, Wanted};
use crate::source::{ReadAt, Window};
use std::io;

/// Bytes of one text that are shown; structure repeats itself.
const TEXT_BYTES_SHOWN: usize = 4 << 10;
/// Members of one list or object that are shown.
const MEMBERS_SHOWN: usize = 64;
/// Nesting that is shown.
const DEPTH_SHOWN: usize = 12;
/// Keys whose values name a program or a kind of node, never anything a person wrote.
const TELLING: [&str; 12] = [
    "class_type",
    "type",
    "sampler_name",
    "scheduler",
    "metadata_scheme",
    "software",
    "app_version",
    "swarm_version",
    "generation_mode",
    "version",
    "workengine",
    "noise_schedule",
];

/// `{"container", "pixels": [w, h], "texts": [{"place", "bytes", "shape"}], "finding", "writer", "complaints"}`.
///
/// # Errors
/// Only what the source fails with.
pub fn redacted(source: &dyn ReadAt, name: &[u8], beside: &[Beside<'_>]) -> io::Result<serde_json::Value> {
    let reading = read_file(source, name, beside)?;
    let mut window = Window::open(source)?;
    let mut slots = Slots::new(Wanted::Recipe);
    scan(&mut window, name, &mut slots)?;
    let texts: Vec<_> = slots
        .all()
        .iter()
        .map(|slot| {
            let place = place(&slot.place);
            serde_json::json!({ "place": place, "bytes": slot.text.len(), "shape": shape(&slot.text) })
        })
        .collect();
    let extension =
        name.rsplit(|byte| *byte == b'.').next().filter(|end| end.len() <= 5 && end.len() < name.len());
    Ok(serde_json::json!({
        "container": reading.container.word(),
        "extension": extension.map(|extension| String::from_utf8_lossy(extension).to_lowercase()),
        "bytes": source.len(),
        "pixels": [reading.pixel_width, reading.pixel_height],
        "finding": reading.finding.word(),
        "writer": reading.recipe.as_ref().map(|recipe| recipe.source.word()),
        "complaints": reading.complaints.iter().map(|found| Complaint::KINDS[usize::from(found.kind())]).collect::<Vec<_>>(),
        "beside": beside.iter().map(|one| serde_json::json!({ "bytes": one.bytes.len(), "shape": shape(&String::from_utf8_lossy(one.bytes)) })).collect::<Vec<_>>(),
        "texts": texts,
    }))
}

/// Files beside a picture are named as people named it.
fn place(place: &Place) -> String {
    match place {
        Place::Keyword(keyword) => format!("text:{}", masked_key(keyword)),
        Place::Beside(name) => format!("beside:{}", masked(name)),
        other => other.label(),
    }
}

/// A text without what a person wrote in it.
fn shape(text: &str) -> serde_json::Value {
    let start = text.trim_start_matches(['\u{feff}', ' ', '\n', '\t', '\r']);
    if start.starts_with(['{', '['])
        && let Some(value) = json::parse(start)
    {
        return masked_value(&value, 0);
    }
    let shown = &text[..text.floor_char_boundary(TEXT_BYTES_SHOWN)];
    let lines: Vec<_> = shown.split('\n').map(masked_line).collect();
    serde_json::Value::from(lines.join("\n"))
}

fn masked_value(value: &Value<'_>, depth: usize) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => masked(number).into(),
        Value::Text(text) => shape_of_text(text, depth),
        Value::List(_) | Value::Map(_) if depth >= DEPTH_SHOWN => "…".into(),
        Value::List(items) => {
            items.iter().take(MEMBERS_SHOWN).map(|item| masked_value(item, depth + 1)).collect()
        }
        Value::Map(members) => {
            let member = |(key, value): &(std::borrow::Cow<'_, str>, Value<'_>)| {
                let telling = TELLING.contains(&key.to_ascii_lowercase().as_str());
                let value = match value {
                    Value::Text(word) if telling && is_word(word) => word.to_string().into(),
                    other => masked_value(other, depth + 1),
                };
                (masked_key(key), value)
            };
            serde_json::Value::Object(members.iter().take(MEMBERS_SHOWN).map(member).collect())
        }
    }
}

/// Texts in JSON may be JSON again.
fn shape_of_text(text: &str, depth: usize) -> serde_json::Value {
    let shown = &text[..text.floor_char_boundary(TEXT_BYTES_SHOWN)];
    match json::parse(text).filter(|_| text.starts_with(['{', '[']) && depth < DEPTH_SHOWN) {
        Some(value) => serde_json::json!({ "text of JSON": masked_value(&value, depth + 1) }),
        None => masked(shown).into(),
    }
}

/// A line of a text; the keys of a settings line stay.
fn masked_line(line: &str) -> String {
    for start in [
        "Negative prompt:",
        "Template:",
        "Negative Template:",
        "parameters:",
        "Parameters:",
        "prompt:",
        "workflow:",
    ] {
        if let Some(rest) = line.strip_prefix(start) {
            return format!("{start}{}", masked(rest));
        }
    }
    if !infotext::is_settings(line) {
        return masked(line);
    }
    let pairs = infotext::settings_of(line);
    pairs
        .iter()
        .map(|(key, value)| format!("{}: {}", masked_key(key), masked(value)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A key as it is, if programs give such keys: one word, or a few that begin with a capital. What stands
/// behind a colon is a name, as that of an adapter in a list of hashes.
fn masked_key(key: &str) -> String {
    let (before, name) = key.split_once(':').map_or((key, None), |(before, name)| (before, Some(name)));
    let is_plain = before.len() <= 48 && before.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    let n_words = before.split(' ').count();
    let is_label =
        n_words == 1 || n_words <= 5 && before.starts_with(|first: char| first.is_ascii_uppercase());
    let before = if is_plain && is_label { before.to_owned() } else { masked(before) };
    name.map_or(before.clone(), |name| format!("{before}:{}", masked(name)))
}

fn is_word(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-. +()|".contains(&byte))
}

fn masked(text: &str) -> String {
    let shown = &text[..text.floor_char_boundary(TEXT_BYTES_SHOWN)];
    shown
        .chars()
        .map(|letter| match letter {
            _ if letter.is_numeric() => '0',
            _ if letter.is_alphabetic() => 'x',
            _ if letter.is_ascii() => letter,
            _ => '?',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::Bytes;
    use crate::tests::encode::Png;

    fn told(file: &[u8]) -> String {
        redacted(&Bytes(file), b"secret name.png", &[]).unwrap().to_string()
    }

    #[test]
    fn nothing_a_person_wrote_is_left_and_the_structure_is() {
        let text = "a secret garden, 猫\nNegative prompt: hidden\nSteps: 25, Sampler: Euler a, Seed: 777, Size: 5x6, \
                    ADetailer prompt: \"private, too\"";
        let told = told(&Png::new(4, 4).text("parameters", text).end());
        for gone in ["secret", "garden", "猫", "hidden", "private", "too", "777", "Euler"] {
            assert!(!told.contains(gone), "{gone}: {told}");
        }
        for kept in [
            "x xxxxxx xxxxxx, x",
            "Negative prompt: xxxxxx",
            "Steps: 00",
            "ADetailer prompt: xxxxxxx, xxx",
            "text:parameters",
        ] {
            assert!(told.contains(kept), "{kept}: {told}");
        }
    }

    #[test]
    fn of_graphs_keys_and_classes_stay() {
        let graph = r#"{"3": {"class_type": "CLIPTextEncode", "inputs": {"text": "my own words", "clip": ["4", 1]}},
            "extraMetadata": "{\"prompt\": \"my own words\"}"}"#;
        let told = told(&Png::new(4, 4).text("prompt", graph).end());
        assert!(!told.contains("own"), "{told}");
        assert!(
            told.contains("CLIPTextEncode")
                && told.contains("xx xxx xxxxx")
                && told.contains("extraMetadata"),
            "{told}"
        );
    }

    #[test]
    fn names_that_people_gave_are_no_keys() {
        let json = r#"{"my own style": 1, "lora:ownName": "aa", "Base Model": "x", "steps": 3, "Fooocus V2 Expansion": ""}"#;
        let told = told(&Png::new(4, 4).text("Comment", json).text("my own note", "y").end());
        for gone in ["style", "note", "ownName"] {
            assert!(!told.contains(gone), "{gone}: {told}");
        }
        for kept in ["\"xx xxx xxxxx\"", "lora:xxxxxxx", "Base Model", "steps", "Fooocus V2 Expansion"] {
            assert!(told.contains(kept), "{kept}: {told}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_written_is_masked(word in "[a-wyz]{4,12}", before in "[ ,:{\\[\"\n]{0,4}", after in "[ ,:}\\]\"\n]{0,4}") {
            let told = told(&Png::new(4, 4).text("Comment", &format!("{before}{word}{after}")).end());
            proptest::prop_assert!(!told.contains(&format!("\"shape\":\"{word}")), "{told}");
        }
    }
}
