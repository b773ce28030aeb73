//! The infotext by itself: mapping, dialects, and the way to text and back.
#![allow(clippy::unwrap_used)]

use super::{complete, parse, render};
use crate::auto_tags;
use lumidex_schema::recipe::{Lora, Recipe, Source};
use lumidex_schema::tag::TagKind;

fn extra<'a>(recipe: &'a Recipe, key: &str) -> Option<&'a str> {
    recipe.extra.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
}

#[test]
fn a_full_infotext_is_mapped() {
    let text = "a tin robot, <lora:rust_v2:0.8>, (glow:1.2)\nholding a sign \"Steps: 3 of them\"\nNegative prompt: blur,\nlowres\n\
        Steps: 25, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 18446744073709551615, Size: 640x960, \
        Model hash: 0123ABCDEF, Model: tinMix_v3, ADetailer model: face_a.pt, ADetailer prompt: \"a smile, teeth\", \
        Raw negative prompt: , BareWord, Lora hashes: \"rust_v2: aa11bb22cc33\", Hashes: {\"model\": \"0123abcdef\"}, \
        Created Date: 2031-05-06T07:08:09.123Z, Version: v1.9.4";
    let recipe = parse(text).unwrap();
    let expected = Recipe {
        source: Source::A1111,
        positive: "a tin robot, <lora:rust_v2:0.8>, (glow:1.2)\nholding a sign \"Steps: 3 of them\""
            .to_owned(),
        negative: "blur,\nlowres".to_owned(),
        steps: Some(25),
        sampler: Some("DPM++ 2M".to_owned()),
        scheduler: Some("Karras".to_owned()),
        cfg: Some(6.5),
        seed: Some("18446744073709551615".to_owned()),
        width: Some(640),
        height: Some(960),
        model: Some("tinMix_v3".to_owned()),
        model_hash: Some("0123abcdef".to_owned()),
        loras: vec![Lora {
            name: "rust_v2".to_owned(),
            weight: 0.8,
            hash: Some("aa11bb22cc33".to_owned()),
            ..Lora::default()
        }],
        extra: recipe.extra.clone(),
        raw: text.to_owned(),
    };
    assert_eq!(recipe, expected);
    for (key, value) in [
        ("ADetailer prompt", "a smile, teeth"),
        ("Raw negative prompt", ""),
        ("BareWord", "BareWord"),
        ("Hashes", "{\"model\": \"0123abcdef\"}"),
        ("Created Date", "2031-05-06T07:08:09.123Z"),
        ("Version", "v1.9.4"),
    ] {
        assert_eq!(extra(&recipe, key), Some(value), "{key}");
    }
}

#[test]
fn programs_are_told_by_their_version() {
    let source = |settings: &str| parse(&format!("x\nSteps: 1, {settings}")).unwrap().source;
    for version in ["f2.0.1v1.10.1-previous-1", "f0.0.17v1.8.0rc", "classic", "neo"] {
        assert_eq!(source(&format!("Version: {version}")), Source::Forge);
    }
    assert_eq!(source("Version: ComfyUI"), Source::ComfyUi);
    assert_eq!(source("ADetailer Version: f24.1, Version: v1.2"), Source::A1111);
    assert_eq!(source("Version: f2.0, Source Identifier: NovelAI"), Source::NovelAi);
}

#[test]
fn settings_lines_without_steps_in_front() {
    let recipe = parse("x\nSize: 5x6, Sampler: Euler, Seed: 3").unwrap();
    assert_eq!((recipe.positive.as_str(), recipe.width), ("x", Some(5)));
    let upscaled = parse("Postprocess upscale by: 2, Postprocess upscaler: Lanczos").unwrap();
    assert_eq!((upscaled.positive.as_str(), extra(&upscaled, "Postprocess upscaler")), ("", Some("Lanczos")));
    assert_eq!(parse("one: a, two: b, three: c"), None);
    assert_eq!(parse("a caption, nothing more"), None);
    assert_eq!(parse("parameters: x\nSteps: 1").unwrap().positive, "x");
}

#[test]
fn templates_and_foreign_trailers_are_no_prompt() {
    let behind = parse("x\nSteps: 1, Seed: 2\nTemplate: a {b|c}, d: e\nNegative Template: f").unwrap();
    assert_eq!(extra(&behind, "Template"), Some("a {b|c}, d: e"));
    assert_eq!(extra(&behind, "Negative Template"), Some("f"));
    let before = parse("x\nNegative prompt: y\nTemplate: t\nSteps: 1, Seed: 2").unwrap();
    assert_eq!((before.negative.as_str(), extra(&before, "Template")), ("y", Some("t")));
    let text = "x\nSteps: 1, Seed: 2\nextraJsonMetaInfo: {\n\"a\": 1, \"b\": [\"c\"]}";
    let trailed = parse(text).unwrap();
    assert_eq!((extra(&trailed, "a"), extra(&trailed, "b")), (Some("1"), Some("[\"c\"]")));
    let whole = complete(text, Source::A1111, &[]);
    assert!(
        whole.starts_with("x\nSteps: 1, Seed: 2, Source Identifier: Stable Diffusion web UI\nextraJson"),
        "{whole}"
    );
}

#[test]
fn adapters_come_from_prompt_weights_or_hashes() {
    let loras = |text: &str| {
        parse(text).unwrap().loras.into_iter().map(|lora| (lora.name, lora.weight)).collect::<Vec<_>>()
    };
    let named = |name: &str, weight| (name.to_owned(), weight);
    assert_eq!(
        loras("<lora:d/a b.safetensors:-0.5> <lyco:c>\nSteps: 1"),
        [named("a b", -0.5), named("c", 1.0)]
    );
    assert_eq!(loras("x\nSteps: 1, Lora hashes: \"a: 11, b: 22\""), [named("a", 1.0), named("b", 1.0)]);
    assert_eq!(loras("x\nSteps: 1, Lora weights: \"a: 0.25\""), [named("a", 0.25)]);
    let addnet = "x\nSteps: 1, AddNet Enabled: True, AddNet Module 1: LoRA, AddNet Model 1: glow(ab12), AddNet Weight A 1: 0.7";
    assert_eq!(loras(addnet), [named("glow", 0.7)]);
}

#[test]
fn adapters_keep_weights_and_hashes_of_their_lists() {
    let loras = |text: &str| parse(text).unwrap().loras;
    let lora = |name: &str, weight, clip_weight, hash: Option<&str>| Lora {
        name: name.to_owned(),
        weight,
        clip_weight,
        hash: hash.map(str::to_owned),
    };
    assert_eq!(
        loras("x <lora:a:0.5:0.25>\nSteps: 1, Lora hashes: \"a: AB12, b: 34\", Hashes: {\"lora:a\": \"ff\"}"),
        [lora("a", 0.5, Some(0.25), Some("ab12"))]
    );
    assert_eq!(
        loras(
            "x\nSteps: 1, Lora weights: \"a: 0.3, b, c: 2\", Lora clip weights: \"a: 0.1\", Lora hashes: \"b, c: 56\""
        ),
        [lora("a", 0.3, Some(0.1), None), lora("b, c", 2.0, None, Some("56"))]
    );
    assert_eq!(
        loras("x\nSteps: 1, Hashes: {\"model\": \"1\", \"LORA:z\": \"ab\"}"),
        [lora("z", 1.0, None, Some("ab"))]
    );
    assert_eq!(
        loras("<lora:alias:0.7>\nSteps: 1, Lora hashes: \"file: ab\""),
        [lora("alias", 0.7, None, Some("ab"))]
    );
    let odd = parse("<lora:a:1> <lora:b:1>\nSteps: 1, Lora hashes: \"c: ab\"").unwrap();
    assert_eq!(extra(&odd, "Lora hashes"), Some("c: ab"));
}

#[test]
fn programs_compatible_with_the_web_ui() {
    let of = |settings: &str| parse(&format!("x\n{settings}")).unwrap();
    let next = of(
        "Steps: 9, Size: 64x32, Sampler: Euler, CFG scale: 3.5, CFG true: 1, Seed: 4, App: SD.Next, Version: f1a2b3c, Hires scale: 2",
    );
    assert_eq!(
        (next.source, next.cfg, extra(&next, "Distilled CFG Scale")),
        (Source::SdNext, Some(1.0), Some("3.5"))
    );
    assert_eq!(extra(&next, "Hires upscale"), Some("2"));
    let block = parse(
        "a fox. in snow Negative prompt: fog Steps: 9, Size: 64x32, Seed: 4, CFG scale: 5, App: SD.Next",
    )
    .unwrap();
    assert_eq!(
        (block.positive.as_str(), block.negative.as_str(), block.steps),
        ("a fox. in snow", "fog", Some(9))
    );
    let civitai = of(
        "Steps: 5, Sampler: Undefined, Seed: 1, Civitai resources: [{\"type\":\"checkpoint\",\"modelVersionId\":1,\
        \"modelName\":\"Big, Model\",\"modelVersionName\":\"v2\"},{\"weight\":0.4,\"modelVersionId\":77},{\"type\":\"embed\",\"modelVersionId\":5}], \
        Civitai metadata: {\"a\":{\"url\":\"https://x/y?sig=1\",\"b\":2}}",
    );
    assert_eq!((civitai.source, civitai.model.as_deref()), (Source::Civitai, Some("Big, Model v2")));
    assert_eq!(civitai.loras, [Lora { name: "civitai:77".to_owned(), weight: 0.4, ..Lora::default() }]);
    assert_eq!(extra(&civitai, "Civitai metadata"), Some("{\"a\":{\"b\":2}}"));
    let stored = complete(&civitai.raw, civitai.source, &[]);
    assert!(!stored.contains("sig=1") && stored.contains("\"b\":2"), "{stored}");
    assert_eq!(parse(&stored).unwrap().extra, civitai.extra);
    let forge = of("Steps: 5, Module 1: ae, Module 2: clip_l, Version: neo");
    assert_eq!((forge.source, extra(&forge, "VAE")), (Source::Forge, Some("ae")));
    let fooocus = of("Steps: 5, Version: Fooocus v2.5.5, Lora weights: \"a: 0.5\", Lora hashes: \"a: 12\"");
    assert_eq!(
        (fooocus.source, fooocus.loras[0].weight, fooocus.loras[0].hash.as_deref()),
        (Source::Fooocus, 0.5, Some("12"))
    );
    for version in ["f1.0.2-v1.10.1RC", "f0.0.12v1.8.0", "classic", "neo2"] {
        assert_eq!(of(&format!("Steps: 1, Version: {version}")).source, Source::Forge);
    }
}

#[test]
fn sizes_and_numbers_in_other_spellings() {
    let of = |settings: &str| parse(&format!("x\nSteps: 5, {settings}")).unwrap();
    let sides = |recipe: &Recipe| (recipe.width, recipe.height);
    assert_eq!(sides(&of("Size-1: 64, Size-2: 32")), (Some(64), Some(32)));
    assert_eq!(sides(&of("First pass size: 64x32")), (Some(64), Some(32)));
    assert_eq!(sides(&of("Size: 8x4, First pass size: 64x32")), (Some(8), Some(4)));
    assert_eq!(of("CFG scale: 7,5, Seed: 1").cfg, Some(7.5));
    let bare = of("CFG scale: 7, Tiling, Seed: 1");
    assert_eq!((bare.cfg, extra(&bare, "Tiling")), (Some(7.0), Some("Tiling")));
}

#[test]
fn a_prompt_with_a_colon_before_jammed_settings_stays_a_prompt() {
    let recipe = parse("(glow: 1.2) a cat Steps: 20, Sampler: Euler, Seed: 3, Size: 8x8").unwrap();
    assert_eq!((recipe.positive.as_str(), recipe.steps), ("(glow: 1.2) a cat", Some(20)));
    let labelled = parse("Parameters: a cat Steps: 20, Sampler: Euler, Seed: 3").unwrap();
    assert_eq!((labelled.positive.as_str(), labelled.steps), ("a cat", Some(20)));
}

#[test]
fn tags_follow_the_contract() {
    let text = "cat, <lora:Foo-Bar_v2:0.8>\nSteps: 1, Sampler: Euler a, Size: 1024 * 1024, Model: m, Hires upscaler: U, \
        Refiner: r [ab], Postprocess upscale by: 2, Postprocess upscaler: L";
    let tags = auto_tags(&parse(text).unwrap());
    let names = |kind: TagKind| {
        tags.iter().filter(|(of, _)| *of == kind).map(|(_, name)| name.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(names(TagKind::SourceIdentifier), ["Stable Diffusion web UI"]);
    assert_eq!(names(TagKind::Model), ["m"]);
    assert_eq!(names(TagKind::Sampler), ["Euler a"]);
    assert_eq!(names(TagKind::Size), ["1024 * 1024"]);
    assert_eq!(names(TagKind::HiresUpscaler), ["U", "Hires All"]);
    assert_eq!(names(TagKind::Refiner), ["r [ab]", "Refiner All"]);
    assert_eq!(names(TagKind::PostprocessUpscaleBy), ["2"]);
    assert_eq!(names(TagKind::PostprocessUpscaler), ["L"]);
    assert_eq!(names(TagKind::Lora), ["Foo Bar v2"]);
    assert_eq!(names(TagKind::Pos), ["cat"]);
    assert_eq!(tags.len(), 12);
}

#[test]
fn hostile_prompts_survive_rendering_but_for_a_blank() {
    let recipe = Recipe {
        source: Source::ComfyUi,
        positive: "a\nSteps: 20, Seed: 1\nNegative prompt: b".to_owned(),
        model: Some("m, n: o".to_owned()),
        ..Recipe::default()
    };
    let again = parse(&render(&recipe)).unwrap();
    assert_eq!(again.positive, "a\n Steps: 20, Seed: 1\n Negative prompt: b");
    assert_eq!((again.model, again.negative.as_str(), again.source), (recipe.model, "", Source::ComfyUi));
}

mod properties {
    use super::super::{complete, parse, render};
    use lumidex_schema::recipe::{Lora, Recipe, Source};
    use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};
    use proptest::{collection, option};

    fn value() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-zA-Z][a-zA-Z0-9 +_.-]{0,12}[a-z0-9]",
            "[a-z]\\{\"[a-z]: \", [a-z]\\}[é猫]",
            "[a-z]{1,3}, [a-z]{1,3}: \\\\[a-z]"
        ]
    }

    fn prompt() -> impl Strategy<Value = String> {
        "([a-z猫é]{1,6}[,:. \n\"(]{1,2}){0,8}(Steps: 3 of|Seed: 1, Size: 2|<lora:x:0\\.5>)?"
            .prop_map(|text| text.trim().to_owned())
    }

    fn recipe() -> impl Strategy<Value = Recipe> {
        let source = prop_oneof![
            Just(Source::A1111),
            Just(Source::Forge),
            Just(Source::ComfyUi),
            Just(Source::NovelAi)
        ];
        let numbers =
            (option::of(any::<u32>()), option::of(-50.0..50.0_f64), option::of("0|[1-9][0-9]{0,25}"));
        let size = option::of((1..65_536_u32, 1..65_536_u32));
        let names = (
            option::of(value()),
            option::of(value()),
            option::of("[a-z]{2,8}( [a-z]{2,4})?"),
            option::of("[0-9a-f]{8,10}"),
        );
        let extra = collection::vec(("X[a-z]{1,6}( [a-z]{1,4})?", value()), 0..4);
        let lora = (
            "y[a-z]{3,6}(, [a-z]{2})?",
            -2.0..2.0_f64,
            option::of(-1.0..1.0_f64),
            option::of("[0-9a-f]{8,12}"),
        );
        let loras = collection::vec(lora, 0..3);
        (source, prompt(), prompt(), numbers, size, names, extra, loras).prop_map(
            |(
                source,
                positive,
                negative,
                (steps, cfg, seed),
                size,
                (sampler, scheduler, model, model_hash),
                extra,
                loras,
            )| {
                let mut recipe = Recipe {
                    source,
                    steps,
                    cfg,
                    seed,
                    width: size.map(|size| size.0),
                    height: size.map(|size| size.1),
                    sampler,
                    scheduler,
                    model,
                    model_hash,
                    extra,
                    ..Recipe::default()
                };
                for network in crate::prompt::networks(&positive) {
                    recipe.loras.push(Lora {
                        name: network.name.to_owned(),
                        weight: network.weight,
                        ..Lora::default()
                    });
                }
                for (name, weight, clip_weight, hash) in loras {
                    crate::normal::put_lora(&mut recipe.loras, &name, weight, clip_weight, hash);
                }
                Recipe { positive, negative, ..recipe }
            },
        )
    }

    proptest! {
        #[test]
        fn a_rendered_recipe_reads_back(recipe in recipe()) {
            let text = render(&recipe);
            let mut again = parse(&text).unwrap();
            prop_assert_eq!(&again.raw, &text);
            again.raw.clear();
            let by_name = |recipe: &mut Recipe| recipe.loras.sort_by(|a, b| a.name.cmp(&b.name));
            let mut recipe = recipe;
            by_name(&mut recipe);
            by_name(&mut again);
            prop_assert_eq!(again, recipe);
        }

        #[test]
        fn completing_a_text_changes_nothing_in_it(recipe in recipe(), tail in "(\nTemplate: [a-z]{1,3}, b: c)?(\nextraJsonMetaInfo: \\{\"k\": 1\\})?") {
            let raw = format!("{}\nNegative prompt: {}\nSteps: 5, Sampler: {}{tail}",
                recipe.positive, recipe.negative, recipe.model.as_deref().unwrap_or("x"));
            let mut before = parse(&raw).unwrap();
            let mut after = parse(&complete(&raw, Source::A1111, &[])).unwrap();
            before.raw.clear();
            after.raw.clear();
            prop_assert_eq!(before, after);
        }
    }
}
