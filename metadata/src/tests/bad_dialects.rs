//! Damaged and hostile texts of the dialects: the groups E and G of the catalogue of bad inputs, over the
//! fixtures of every dialect.

use super::dialect_fixtures;
use super::encode::{comment_block, jpeg_exif, png};
use super::reading;
use crate::limits::{JSON_DEPTH_MAX, LORAS_MAX, SETTINGS_MAX};
use crate::{Complaint, Finding, auto_tags, normalised, recipe_of};
use lumidex_schema::recipe::{Recipe, Source};
use lumidex_schema::tag::is_valid_name;
use proptest::prelude::{Strategy, any, proptest};
use serde_json::{Value, json};

/// A blank more or less at the start of a line is no difference: it keeps a prompt's line from being read as
/// another part.
fn plain(text: &str) -> String {
    text.replace("\n ", "\n")
}

/// Reads it, and makes sure that what is stored says the same as what was read. Of a damaged line, a word
/// behind the last value may join it once more stands behind both; so only fields are compared.
#[track_caller]
fn survive(bytes: &[u8]) {
    let reading = reading(bytes, "a.png");
    assert_eq!(reading.finding == Finding::Recipe, reading.recipe.is_some());
    assert!(!reading.generation_text.contains('\0'));
    let Some(recipe) = reading.recipe else { return };
    assert!(auto_tags(&recipe).iter().all(|(_, name)| is_valid_name(name)));
    assert!(recipe.extra.len() <= SETTINGS_MAX + 8 && recipe.loras.len() <= LORAS_MAX);
    assert_eq!(normalised(&recipe).positive, recipe.positive);
    let stored = recipe_of(&reading.generation_text).unwrap();
    let same = |recipe: Recipe| Recipe {
        raw: String::new(),
        positive: plain(&recipe.positive),
        negative: plain(&recipe.negative),
        extra: Vec::new(),
        ..recipe
    };
    assert_eq!(same(stored), same(recipe), "{}", reading.generation_text);
}

#[test]
fn g9_every_cut_and_every_flipped_bit_of_every_dialect_is_survived() {
    for (_, _, file) in dialect_fixtures::made() {
        for len in (0..file.len()).step_by(3) {
            survive(&file[..len]);
        }
        for at in 0..file.len() {
            let mut flipped = file.clone();
            flipped[at] ^= 1 << (at % 8);
            survive(&flipped);
        }
    }
}

#[test]
fn e1_deep_json_of_a_dialect_is_given_up() {
    let deep = format!("{{\"sui_image_params\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let reading = reading(&png(&[("parameters", &deep)]), "a.png");
    assert_eq!((reading.recipe, reading.finding), (None, Finding::Broken));
    let fair = format!("{}\"x\"{}", "[".repeat(JSON_DEPTH_MAX - 8), "]".repeat(JSON_DEPTH_MAX - 8));
    survive(&png(&[(
        "parameters",
        &format!("{{\"sui_image_params\": {{\"prompt\": \"x\", \"loras\": {fair}}}}}"),
    )]));
}

#[test]
fn e3_seeds_of_every_spelling() {
    let seed = |seed: &str| {
        let text = format!("{{\"prompt\": \"x\", \"steps\": 1, \"seed\": {seed}}}");
        reading(&png(&[("parameters", &text)]), "a.png").recipe.unwrap().seed
    };
    assert_eq!(seed("18446744073709551615").as_deref(), Some("18446744073709551615"));
    assert_eq!(seed("\"0xABCDEF\"").as_deref(), Some("11259375"));
    assert_eq!(seed("\" 12 \"").as_deref(), Some("12"));
    assert_eq!(seed("12.0").as_deref(), Some("12"));
    for absurd in ["-1", "1e400", &"7".repeat(400), "null", "[1]", "{}", "true", "\"x\""] {
        assert_eq!(seed(absurd), None, "{absurd}");
    }
}

#[test]
fn e13_json_of_wrong_shapes_and_json_in_json() {
    for about in ["\"no json\"", "\"[1]\"", "5", "[]"] {
        let text = format!("{{\"extra\": {{\"airs\": 5}}, \"extraMetadata\": {about}}}");
        let reading = reading(&jpeg_exif(&comment_block(&text)), "a.jpg");
        assert_eq!(reading.recipe.map(|recipe| recipe.positive).unwrap_or_default(), "", "{about}");
    }
    let wrapped = (0..10).fold(json!({"prompt": "x", "uc": "y", "n_samples": 1}).to_string(), |text, _| {
        json!({"Software": "NovelAI", "Comment": text}).to_string()
    });
    let reading = reading(&jpeg_exif(&comment_block(&wrapped)), "a.jpg");
    assert_eq!(reading.recipe.map(|recipe| recipe.positive).unwrap_or_default(), "");
}

#[test]
fn e14_odd_letters_in_keys_and_values() {
    let text = r#"{"prompt": "a\u0000b \u202edcba\ud800 \u0007", "steps": 3, "k\u0000": "x", "\u202e": "y", "plain": "a\u0000\r\nb\u2028c"}"#;
    let file = png(&[("parameters", text)]);
    let recipe = reading(&file, "a.png").recipe.unwrap();
    assert_eq!(recipe.positive, "ab \u{202e}dcba\u{fffd} \u{7}");
    assert_eq!(recipe.extra, [("plain".to_owned(), "a\nb\nc".to_owned())]);
    survive(&file);
}

#[test]
fn long_lists_are_bounded() {
    let names: Vec<_> = (0..20_000).map(|nth| format!("l{nth}")).collect();
    let many: serde_json::Map<_, _> = (0..20_000).map(|nth| (format!("k{nth}"), Value::from(nth))).collect();
    let swarm = json!({"sui_image_params": {"prompt": "x", "loras": names, "loraweights": names}});
    survive(&png(&[("parameters", &swarm.to_string())]));
    let mut flat = many;
    flat.insert("prompt".to_owned(), "x".into());
    survive(&png(&[("parameters", &Value::Object(flat).to_string())]));
    let long = json!({"prompt": "x", "steps": 1, "k": "y".repeat(1 << 20), "styles": "z".repeat(1 << 20), "metadata_scheme": "fooocus"});
    let recipe = reading(&png(&[("parameters", &long.to_string())]), "a.png").recipe.unwrap();
    assert_eq!(recipe.source, Source::Fooocus);
    assert!(recipe.extra.iter().all(|(_, value)| value.len() <= crate::limits::SETTING_BYTES_MAX));
}

#[test]
fn json_that_was_cut_is_read_as_far_as_it_goes() {
    let text = r#"{"c":"a brook","uc":"fog","sampler":"Euler","steps":20,"seed":4,"v2":{"width":8,"hei"#;
    let reading = reading(&jpeg_exif(&comment_block(text)), "a.jpg");
    let recipe = reading.recipe.unwrap();
    assert_eq!(
        (recipe.source, recipe.positive.as_str(), recipe.seed.as_deref()),
        (Source::DrawThings, "a brook", Some("4"))
    );
    assert_eq!(reading.complaints, [Complaint::CutJson { what: "37510".to_owned() }]);
}

/// Any value under any key that a dialect knows.
fn odd_json() -> impl Strategy<Value = Value> {
    const KEYS: [&str; 44] = [
        "prompt",
        "uc",
        "c",
        "v4_prompt",
        "caption",
        "char_captions",
        "centers",
        "sui_image_params",
        "loras",
        "loraweights",
        "sui_models",
        "extraMetadata",
        "extra",
        "airs",
        "resources",
        "metadata_scheme",
        "base_model",
        "full_prompt",
        "LoRA 1",
        "l1",
        "w1",
        "software",
        "use_stable_diffusion_model",
        "use_lora_model",
        "lora_alpha",
        "PositivePrompt",
        "CfgScale",
        "parameters-json",
        "invokeai_metadata",
        "model",
        "nodes",
        "edges",
        "v2",
        "size",
        "seed",
        "steps",
        "width",
        "height",
        "Comment",
        "Software",
        "styles",
        "resolution",
        "use_upscaler",
        "aigc_info",
    ];
    let leaf = proptest::prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        any::<bool>().prop_map(Value::from),
        "[a-z猫<:,\\[\\]{}\"'> \n-]{0,12}".prop_map(Value::from),
        "(NovelAI|RuinedFooocus|0x1f|1 : 2|\\{\"prompt\": \"x\"\\}|\\['a', \"b\")".prop_map(Value::from),
        proptest::prelude::Just(Value::Null),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        let key = proptest::sample::select(&KEYS[..]).prop_map(str::to_owned);
        proptest::prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((key, inner), 1..9)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_anywhere_is_survived(value in odd_json()) {
        let text = value.to_string();
        for keyword in ["parameters", "Comment", "invokeai_metadata", "invokeai_graph", "generation_data", "parameters-json", "AIGC", "sd-metadata", "smproj"] {
            survive(&png(&[(keyword, &text)]));
        }
    }

    #[test]
    fn any_text_anywhere_is_survived(text in r#"(Steps: 3, |Negative prompt: |\n|<lora:a:1>|Job ID: |--v 6 |"|\{|\}|\[x\]| -s 5|Lora hashes: "a: b, c"|Size: 8x8, |Seed: 1|Prompt: |Stable Diffusion model: x|:|,|[a-z猫]{0,4}){0,14}"#) {
        for keyword in ["parameters", "Dream", "Description", "prompt", "Comment"] {
            let reading = reading(&png(&[(keyword, &text)]), "a.png");
            if let Some(recipe) = reading.recipe {
                assert_eq!(recipe_of(&reading.generation_text).unwrap().source, recipe.source);
            }
        }
        let beside = crate::Beside { name: b"a.txt", bytes: text.as_bytes() };
        let _ = crate::read(&crate::Bytes(&png(&[])), b"a.png", &[beside]).unwrap();
        let _ = crate::Log::parse(&mut text.as_bytes()).unwrap();
    }
}
