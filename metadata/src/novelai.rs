//! NovelAI: a JSON comment beside a description, in PNG texts, in one EXIF comment, or in the picture's
//! lowest bits (catalogue 5.7).

use crate::claim::Claim;
use crate::json::{self, Value};
use crate::members::{self, Is, Table, put};
use crate::normal;
use crate::sheet::Sheet;
use crate::slots::tag;
use lumidex_schema::recipe::{Recipe, Source};

/// Prompts and signatures are no settings.
const TABLE: &Table = &[
    ("prompt", Is::Skip),
    ("uc", Is::Skip),
    ("steps", Is::Steps),
    ("sampler", Is::Sampler),
    ("noise_schedule", Is::Scheduler),
    ("scale", Is::Cfg),
    ("seed", Is::Seed),
    ("width", Is::Width),
    ("height", Is::Height),
    ("request_type", Is::Text("Generation mode")),
    ("v4_prompt", Is::Skip),
    ("v4_negative_prompt", Is::Skip),
    ("signed_hash", Is::Skip),
    ("reference_image", Is::Skip),
    ("mask", Is::Skip),
    ("image", Is::Skip),
];

/// Characters of one prompt.
const CHARACTERS_MAX: usize = 64;

/// What stands beside the comment.
#[derive(Default)]
struct Beside<'a> {
    title: &'a str,
    description: &'a str,
    /// The model's name and hash.
    source: &'a str,
}

/// The recipe, if NovelAI wrote the file.
pub(super) fn find(sheet: &Sheet<'_>) -> Option<Claim> {
    of_keywords(sheet).or_else(|| of_object(sheet))
}

/// A text chunk per field.
fn of_keywords(sheet: &Sheet<'_>) -> Option<Claim> {
    let text = sheet.keyword("Comment")?;
    let of = |keyword: &str| sheet.keyword(keyword).unwrap_or_default();
    let comment = sheet.json(text).filter(|comment| comment.map().is_some())?;
    if of("Software").trim() != "NovelAI" && !is_comment(comment) {
        return None;
    }
    let beside = Beside { title: of("Title"), description: of("Description"), source: of("Source") };
    Some(Claim::rendered(recipe(text, comment, &beside), sheet.place_of(text)))
}

/// The comment alone, or one object of all fields whose comment is JSON once more.
fn of_object(sheet: &Sheet<'_>) -> Option<Claim> {
    let exif = |tag: u16| sheet.exif(tag).unwrap_or_default();
    let of = |object: &Value<'_>, raw: &str| {
        if is_comment(object) {
            let beside = Beside {
                description: exif(tag::DESCRIPTION),
                source: exif(tag::SOFTWARE),
                ..Beside::default()
            };
            return Some(recipe(raw, object, &beside));
        }
        let inner = object.get("Comment")?.text()?;
        let comment = json::whole_or_cut(inner)?.0;
        comment.map()?;
        let text = |key: &str| object.get(key).and_then(Value::text).unwrap_or_default();
        let is_named = text("Software").contains("NovelAI") || text("Source").contains("Diffusion");
        if !is_named
            && !is_comment(&comment)
            && comment.get("uc").is_none()
            && comment.get("req_type").is_none()
        {
            return None;
        }
        let source = [text("Source"), exif(tag::SOFTWARE)].into_iter().find(|source| !source.is_empty());
        let beside = Beside {
            title: text("Title"),
            description: text("Description"),
            source: source.unwrap_or_default(),
        };
        Some(recipe(raw, &comment, &beside))
    };
    sheet.objects(&["v4_prompt", "uc", "Comment"]).find_map(|(slot, object)| {
        Some(Claim::rendered(of(object.map().map(|_| object)?, &slot.text)?, slot.place.label()))
    })
}

/// `uc` alone is also Draw Things', which has `c` beside it.
fn is_comment(json: &Value<'_>) -> bool {
    let has = |key: &str| json.get(key).is_some();
    has("v4_prompt") || has("uc") && (has("noise_schedule") || has("n_samples")) && !has("c")
}

fn recipe(raw: &str, comment: &Value<'_>, beside: &Beside<'_>) -> Recipe {
    let mut recipe = members::recipe(comment, TABLE, Source::NovelAi, raw);
    (recipe.model, recipe.model_hash) = model(beside.source);
    let text = |key: &str| comment.get(key).and_then(Value::text).unwrap_or_default();
    // A tool changed a finished picture.
    let is_tool = comment.get("req_type").is_some() && comment.get("prompt").is_none()
        || beside.title.trim() == "AI augmented image";
    if is_tool {
        return recipe;
    }
    let plain =
        [text("prompt"), beside.description].into_iter().map(normal::text).find(|text| !text.is_empty());
    recipe.positive = comment.get("v4_prompt").and_then(captions).or(plain).unwrap_or_default();
    let negative = comment.get("v4_negative_prompt").and_then(captions);
    recipe.negative = negative.unwrap_or_else(|| normal::text(text("uc")));
    if let Some(prompt) = comment.get("v4_prompt") {
        characters(&mut recipe, prompt);
    }
    let is_changed = ["Img2Img", "Infill"].iter().any(|kind| text("request_type").contains(kind));
    if is_changed && let Some(at) = recipe.extra.iter().position(|(key, _)| key == "strength") {
        let (_, strength) = recipe.extra.remove(at);
        put(&mut recipe, "Denoising strength", Some(&strength));
    }
    recipe
}

fn caption_list<'v, 'a>(prompt: &'v Value<'a>) -> &'v [Value<'a>] {
    let list = prompt.get("caption").and_then(|caption| caption.get("char_captions")).and_then(Value::list);
    list.map(|list| &list[..list.len().min(CHARACTERS_MAX)]).unwrap_or_default()
}

fn caption(character: &Value<'_>) -> Option<String> {
    let text = normal::text(character.get("char_caption")?.text()?);
    (!text.is_empty()).then_some(text)
}

/// Base caption, then each character's on a line of its own; `None` when there is none.
fn captions(prompt: &Value<'_>) -> Option<String> {
    let base = prompt.get("caption")?.get("base_caption").and_then(Value::text).map(normal::text);
    let base = base.filter(|base| !base.is_empty());
    let lines: Vec<_> = base.into_iter().chain(caption_list(prompt).iter().filter_map(caption)).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Each character, and where it stands if the places were chosen.
fn characters(recipe: &mut Recipe, prompt: &Value<'_>) {
    let is_placed = prompt.get("use_coords").and_then(Value::scalar) != Some("false");
    let texts = caption_list(prompt).iter().filter_map(|one| Some((caption(one)?, one)));
    for (nth, (text, character)) in texts.enumerate() {
        let center = character.get("centers").and_then(Value::list).and_then(<[_]>::first);
        let at = |axis: &str| center?.get(axis)?.scalar().and_then(normal::number);
        let text = match at("x").zip(at("y")).filter(|_| is_placed) {
            Some((x, y)) => format!("{text} @ {x},{y}"),
            None => text,
        };
        put(recipe, &format!("Character {}", nth + 1), Some(&text));
    }
}

/// A source is the model's name and, as its last word, eight hex digits of its hash.
fn model(source: &str) -> (Option<String>, Option<String>) {
    let source = source.trim();
    match source.rsplit_once(' ') {
        Some((name, hash)) if hash.len() == 8 && hash.bytes().all(|digit| digit.is_ascii_hexdigit()) => {
            (normal::model(name), normal::hash(hash))
        }
        _ => (normal::model(source).filter(|name| name != "NovelAI"), None),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::tests::encode::{png, tiff, webp};
    use crate::{Bytes, Reading, read, recipe_of};
    use lumidex_schema::recipe::Source;

    fn reading(bytes: &[u8]) -> Reading {
        read(&Bytes(bytes), b"a.png", &[]).unwrap()
    }

    #[test]
    fn a_png_with_captions() {
        let comment = r#"{"prompt": "1girl, kite", "steps": 28, "height": 1216, "width": 832, "scale": 5.5, "seed": 123,
            "noise_schedule": "karras", "sampler": "k_euler", "uc": "lowres", "sm": false, "signed_hash": "zzz",
            "v4_prompt": {"caption": {"base_caption": "1girl, kite", "char_captions": [{"char_caption": "girl, red coat",
            "centers": [{"x": 0.5, "y": 0.5}]}, {"char_caption": ""}]}}}"#;
        let file = png(&[
            ("Title", "AI generated image"),
            ("Description", "1girl, kite"),
            ("Software", "NovelAI"),
            ("Source", "NovelAI Diffusion V4 1A2B3C4D"),
            ("Comment", comment),
        ]);
        let reading = reading(&file);
        let recipe = reading.recipe.unwrap();
        assert_eq!((recipe.source, recipe.raw.as_str()), (Source::NovelAi, comment));
        assert_eq!(
            (recipe.positive.as_str(), recipe.negative.as_str()),
            ("1girl, kite\ngirl, red coat", "lowres")
        );
        assert_eq!(
            (recipe.model.as_deref(), recipe.model_hash.as_deref()),
            (Some("NovelAI Diffusion V4"), Some("1a2b3c4d"))
        );
        assert_eq!((recipe.steps, recipe.cfg, recipe.width), (Some(28), Some(5.5), Some(832)));
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(recipe.extra, [pair("sm", "false"), pair("Character 1", "girl, red coat @ 0.5,0.5")]);
        assert_eq!(
            reading.generation_text,
            "1girl, kite\ngirl, red coat\nNegative prompt: lowres\nSteps: 28, Sampler: k_euler, Schedule type: karras, \
             CFG scale: 5.5, Seed: 123, Size: 832x1216, Model hash: 1a2b3c4d, Model: NovelAI Diffusion V4, sm: false, \
             Character 1: \"girl, red coat @ 0.5,0.5\", Source Identifier: NovelAI"
        );
        assert_eq!(recipe_of(&reading.generation_text).unwrap().source, Source::NovelAi);
    }

    #[test]
    fn early_files_have_their_prompt_in_the_description() {
        let comment = r#"{"steps": 28, "sampler": "plms", "seed": 1, "strength": 0.7, "uc": "bad", "n_samples": 1, "scale": 12.0}"#;
        let file =
            png(&[("Description", "a fox"), ("Source", "Stable Diffusion 1D44365E"), ("Comment", comment)]);
        let recipe = reading(&file).recipe.unwrap();
        assert_eq!(
            (recipe.positive.as_str(), recipe.model.as_deref(), recipe.width),
            ("a fox", Some("Stable Diffusion"), None)
        );
    }

    #[test]
    fn a_webp_with_json_in_json() {
        let inner = r#"{"prompt": "a fox", "steps": 5, "uc": "bad", "seed": 3}"#;
        let outer = serde_json::json!({ "Comment": inner, "Description": "\0\0\0\0a fox", "Source": "NovelAI Diffusion V4.5 00112233" });
        let comment = [b"ASCII\0\0\0", outer.to_string().as_bytes()].concat();
        let block = tiff(
            false,
            &[(0x010e, 2, b"\0\0\0\0a fox"), (0x0131, 2, b"NovelAI\0")],
            &[(0x9286, 7, &comment)],
        );
        let recipe = reading(&webp(&[(b"EXIF", &block)])).recipe.unwrap();
        assert_eq!((recipe.positive.as_str(), recipe.seed.as_deref()), ("a fox", Some("3")));
        assert_eq!(recipe.model.as_deref(), Some("NovelAI Diffusion V4.5"));
    }

    #[test]
    fn other_comments_are_not_taken_for_it() {
        let draw_things = r#"{"c": "a bridge", "uc": "fog", "sampler": "x", "n_samples": 1}"#;
        for comment in [draw_things, "{\"prompt\": \"x\"}", "Created with GIMP", "{"] {
            let recipe = reading(&png(&[("Comment", comment)])).recipe;
            assert!(recipe.is_none_or(|recipe| recipe.source == Source::DrawThings), "{comment}");
        }
    }
}
