//! NovelAI: a JSON comment beside a description, in PNG texts or in one EXIF comment
//! (catalogue 5.7). The copy in the pixels' lowest bits is not looked for.

use crate::claim::Claim;
use crate::json::{self, Value};
use crate::normal;
use crate::sheet::Sheet;
use crate::slots::tag;
use lumidex_schema::recipe::{Recipe, Source};

/// Texts of the comment that are prompts or signatures, not settings.
const NOT_SETTINGS: [&str; 14] = [
    "prompt",
    "uc",
    "steps",
    "scale",
    "seed",
    "sampler",
    "noise_schedule",
    "width",
    "height",
    "v4_prompt",
    "v4_negative_prompt",
    "signed_hash",
    "reference_image",
    "mask",
];

/// The recipe, if NovelAI wrote the file.
pub(super) fn find(sheet: &Sheet<'_>) -> Option<Claim> {
    let is_named = sheet.keyword("Software").is_some_and(|software| software.trim() == "NovelAI");
    if let Some(text) = sheet.keyword("Comment")
        && let Some(comment @ Value::Map(_)) = sheet.json(text)
        && (is_named || is_comment(comment))
    {
        let [description, source] =
            ["Description", "Source"].map(|keyword| sheet.keyword(keyword).unwrap_or_default());
        return Some(Claim::rendered(recipe(text, comment, description, source), sheet.place_of(text)));
    }
    let text = sheet.exif(tag::USER_COMMENT)?;
    let outer = sheet.json(text)?;
    let claim = |recipe| Some(Claim::rendered(recipe, sheet.place_of(text)));
    if is_comment(outer) {
        return claim(recipe(text, outer, sheet.exif(tag::DESCRIPTION).unwrap_or_default(), ""));
    }
    let comment = json::parse(outer.get("Comment")?.text()?)?;
    comment.map()?;
    let of_outer = |key: &str| outer.get(key).and_then(Value::text).unwrap_or_default();
    let source = [of_outer("Source"), sheet.exif(tag::SOFTWARE).unwrap_or_default()];
    let source = source.into_iter().find(|source| !source.is_empty()).unwrap_or_default();
    claim(recipe(text, &comment, of_outer("Description"), source))
}

/// `uc` alone is also Draw Things', which has `c` beside it.
fn is_comment(json: &Value<'_>) -> bool {
    let has = |key: &str| json.get(key).is_some();
    has("v4_prompt") || has("uc") && (has("noise_schedule") || has("n_samples")) && !has("c")
}

fn recipe(raw: &str, comment: &Value<'_>, description: &str, source: &str) -> Recipe {
    let scalar = |key: &str| comment.get(key).and_then(Value::scalar);
    let side = |key: &str| scalar(key).and_then(normal::count).filter(|side| (1..=65_535).contains(side));
    let text = |key: &str| comment.get(key).and_then(Value::text).unwrap_or_default();
    let is_tool = comment.get("req_type").is_some() && comment.get("prompt").is_none();
    let plain = [text("prompt"), if is_tool { "" } else { description }];
    let plain = plain.into_iter().find(|text| !text.trim().is_empty()).unwrap_or_default();
    let positive = comment.get("v4_prompt").and_then(captions).unwrap_or_else(|| clean(plain));
    let negative = comment.get("v4_negative_prompt").and_then(captions).unwrap_or_else(|| clean(text("uc")));
    let (model, model_hash) = model(source);
    let mut recipe = Recipe {
        source: Source::NovelAi,
        positive,
        negative,
        steps: scalar("steps").and_then(normal::count),
        sampler: scalar("sampler").and_then(normal::word),
        scheduler: scalar("noise_schedule").and_then(normal::word),
        cfg: scalar("scale").and_then(normal::number),
        seed: scalar("seed").and_then(normal::seed),
        model,
        model_hash,
        raw: raw.to_owned(),
        ..Recipe::default()
    };
    if let (Some(width), Some(height)) = (side("width"), side("height")) {
        (recipe.width, recipe.height) = (Some(width), Some(height));
    }
    recipe.extra = settings(comment);
    recipe
}

/// Every other plain value, as settings.
fn settings(comment: &Value<'_>) -> Vec<(String, String)> {
    const SETTING_BYTES_MAX: usize = 256;
    let is_key = |key: &str| {
        (1..=64).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let members = comment.map().unwrap_or_default().iter().take(SETTING_BYTES_MAX);
    let plain = members.filter_map(|(key, value)| Some((key.as_ref(), value.scalar()?)));
    plain
        .filter(|(key, value)| {
            is_key(key) && !NOT_SETTINGS.contains(key) && (1..=SETTING_BYTES_MAX).contains(&value.len())
        })
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// Base caption, then each character's on a line of its own; `None` when there is none.
fn captions(prompt: &Value<'_>) -> Option<String> {
    const CHARACTERS_MAX: usize = 64;
    let caption = prompt.get("caption")?;
    let base = caption.get("base_caption").and_then(Value::text).map(clean);
    let characters = caption.get("char_captions").and_then(Value::list).unwrap_or_default();
    let characters = characters.iter().take(CHARACTERS_MAX);
    let characters = characters.filter_map(|one| one.get("char_caption").and_then(Value::text)).map(clean);
    let lines: Vec<_> = base.into_iter().chain(characters).filter(|line| !line.is_empty()).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn clean(text: &str) -> String {
    text.replace(['\r', '\0'], "").trim().to_owned()
}

/// A source is the model's name and, as its last word, eight hex digits of its hash.
fn model(source: &str) -> (Option<String>, Option<String>) {
    let source = source.trim();
    match source.rsplit_once(' ') {
        Some((name, hash)) if hash.len() == 8 && hash.bytes().all(|digit| digit.is_ascii_hexdigit()) => {
            (normal::model(name), normal::hash(hash))
        }
        _ => (normal::model(source), None),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::tests::encode::{png, tiff, webp};
    use crate::{Bytes, Reading, read, recipe_of};
    use lumidex_schema::recipe::Source;

    fn reading(bytes: &[u8]) -> Reading {
        read(&Bytes(bytes), b"a.png", None).unwrap()
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
        assert_eq!(recipe.extra, [("sm".to_owned(), "false".to_owned())]);
        assert_eq!(
            reading.generation_text,
            "1girl, kite\ngirl, red coat\nNegative prompt: lowres\nSteps: 28, Sampler: k_euler, Schedule type: karras, \
             CFG scale: 5.5, Seed: 123, Size: 832x1216, Model hash: 1a2b3c4d, Model: NovelAI Diffusion V4, sm: false, \
             Source Identifier: NovelAI"
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
            assert_eq!(reading(&png(&[("Comment", comment)])).recipe, None, "{comment}");
        }
    }
}
