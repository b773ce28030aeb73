//! What synthetic writers write is what is read: every program in every kind of file it writes, whatever the
//! prompts hold and in whatever form the file keeps them.
#![allow(clippy::unwrap_used)]

use std::fmt::Debug;

use lumidex_metadata::{
    Beside, Bytes, Complaint, Hidden, Log, Normalised, Options, Reading, auto_tags, normalised, read_with,
    recipe_of,
};
use lumidex_schema::recipe::{Lora, Recipe};
use lumidex_schema::tag::{TagKind, is_valid_name};
use lumidex_synth::{
    Adapter, Container, Dialect, Field, Intended, Library, LogAge, SecondPass, Writer, Written, log_page,
    log_page_of, writers,
};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

/// Words in several scripts, signs that formats use themselves, and parts of the formats as words of a prompt.
fn prompt() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Zéß猫風😀 ]{1,8}",
        Just("\n".to_owned()),
        Just("\n\n".to_owned()),
        Just(", ".to_owned()),
        Just("\"so\\\" {a|b} (x:1.2)".to_owned()),
        Just("\nSteps: 3 of them, red".to_owned()),
        Just("Negative prompt: not really".to_owned()),
        Just(" Seed: 5, Size: 8x8, Model: none".to_owned()),
        Just("<b> & 'quoted' %41 &amp; </td>".to_owned()),
        Just("{\"class_type\": 1}".to_owned()),
        Just("👩\u{200d}🚀 한국어 שלום".to_owned()),
    ];
    vec(piece, 1..8).prop_map(|pieces| format!("w{}", pieces.concat()).trim().to_owned())
}

fn intended() -> impl Strategy<Value = Intended> {
    let numbers = (1..150_u32, 0.5..30.0_f64, any::<u64>(), (1..8_000_u32, 1..8_000_u32), 1..4_u32);
    let scheduler = prop_oneof![Just("karras"), Just("exponential"), Just("beta")];
    let names = ("[a-z][a-z0-9_]{1,9}", scheduler, "[a-zA-Z猫][a-zA-Z0-9_ ]{0,12}[a-z0-9]", "[0-9a-f]{10}");
    let weight = prop_oneof![0.01..2.0_f64, -1.0..-0.01_f64];
    let loras = vec(("y[a-z]{2,6}", weight, "[0-9a-f]{12}"), 0..3);
    let hires = proptest::option::of((1.1..4.0_f64, 1..60_u32, 0.05..0.95_f64));
    let refiner = proptest::option::of("[a-z]{3,9}");
    let negative = prop_oneof![1 => Just(String::new()), 4 => prompt()];
    (prompt(), negative, numbers, names, loras, hires, refiner).prop_map(
        |(
            positive,
            negative,
            (steps, cfg, seed, (width, height), clip_skip),
            names,
            loras,
            hires,
            refiner,
        )| {
            let (sampler, scheduler, model, model_hash) = names;
            let mut kept: Vec<Adapter> = Vec::new();
            for (name, weight, hash) in loras {
                if !kept.iter().any(|known| known.name == name) {
                    kept.push(Adapter { name, weight, hash });
                }
            }
            let upscaler = "4x_grain".to_owned();
            Intended {
                positive,
                negative,
                steps,
                sampler,
                scheduler: scheduler.to_owned(),
                cfg,
                guidance: (cfg * 10.0).round() / 20.0,
                seed,
                width,
                height,
                model,
                model_hash,
                vae: "soft_v2".to_owned(),
                clip_skip,
                loras: kept,
                hires: hires.map(|(scale, steps, denoise)| SecondPass { scale, steps, denoise, upscaler }),
                refiner,
            }
        },
    )
}

/// Whatever hides it is searched.
fn read(bytes: &[u8], name: &str, beside: &[(String, &[u8])]) -> Reading {
    let beside: Vec<_> = beside.iter().map(|(name, bytes)| Beside { name: name.as_bytes(), bytes }).collect();
    read_with(&Bytes(bytes), name.as_bytes(), &beside, &Options { hidden: Hidden::Always }).unwrap()
}

/// What the log of a folder says of a picture.
fn logged(page: &str, name: &str) -> String {
    Log::parse(&mut page.as_bytes()).unwrap().get(name).map(|text| text.to_string()).unwrap_or_default()
}

fn reading(container: Container, written: &Written, meant: &Intended) -> Reading {
    let name = format!("a.{}", container.extension());
    let mut beside: Vec<_> =
        written.beside.iter().map(|(end, bytes)| (format!("a.{end}"), &bytes[..])).collect();
    let text = if written.is_logged { logged(&log_page(&[(&name, meant)]), &name) } else { String::new() };
    if written.is_logged {
        beside.push(("log.html".to_owned(), text.as_bytes()));
    }
    read(&written.bytes, &name, &beside)
}

/// A blank more or less at the start of a line is no difference in what is stored: it keeps a prompt's line
/// from being read as another part.
fn plain(text: &str) -> String {
    text.replace("\n ", "\n")
}

fn same<T: PartialEq + Debug>(found: &T, meant: &T, what: &str) -> Result<(), TestCaseError> {
    if found == meant {
        Ok(())
    } else {
        Err(TestCaseError::fail(format!("{what}: {found:?}, not {meant:?}")))
    }
}

fn check(writer: &Writer, field: Field, meant: &Intended, reading: &Reading) -> Result<(), TestCaseError> {
    if field == Field::Description {
        let found = reading.description.as_deref().unwrap_or_default();
        // Keywords stand behind it, where there are any.
        let found = found.split_once("\nKeywords: ").map_or(found, |(text, _)| text);
        return same(&found, &meant.positive.as_str(), "description");
    }
    let recipe = reading.recipe.as_ref().unwrap();
    let one: Normalised = normalised(recipe);
    let what = &format!("{field:?}");
    let text =
        |found: &Option<String>, meant: &str| same(&found.as_deref().unwrap_or_default(), &meant, what);
    match field {
        Field::Positive => same(&recipe.positive, &meant.positive, what),
        Field::Negative => same(&recipe.negative, &meant.negative, what),
        Field::Steps => same(&recipe.steps, &Some(meant.steps), what),
        Field::Sampler => text(&recipe.sampler, &meant.sampler),
        Field::Scheduler => text(&recipe.scheduler, &meant.scheduler),
        Field::Cfg => same(&recipe.cfg, &Some(meant.cfg), what),
        Field::Guidance => same(&one.guidance, &Some(meant.guidance), what),
        Field::Seed => text(&recipe.seed, &meant.seed.to_string()),
        Field::Size => same(&recipe.width.zip(recipe.height), &Some((meant.width, meant.height)), what),
        Field::Model => text(&recipe.model, &meant.model),
        Field::ModelHash => text(&recipe.model_hash, &meant.model_hash),
        Field::Vae => text(&one.vae, &meant.vae),
        Field::ClipSkip => {
            let found = one.clip_skip.unwrap_or(1);
            same(&found, &meant.clip_skip, what)
        }
        Field::Loras => {
            let found: Vec<_> = recipe.loras.iter().map(|lora| (lora.name.clone(), lora.weight)).collect();
            let meant: Vec<_> = meant.loras.iter().map(|lora| (lora.name.clone(), lora.weight)).collect();
            same(&found, &meant, what)
        }
        Field::Hires => {
            let found = one.hires.map(|hires| (hires.scale, hires.steps, hires.denoise, hires.upscaler));
            let meant = meant.hires.as_ref().map(|hires| {
                (Some(hires.scale), Some(hires.steps), Some(hires.denoise), Some(hires.upscaler.clone()))
            });
            same(&found, &meant, what)
        }
        Field::Refiner => same(&one.refiner.and_then(|refiner| refiner.model), &meant.refiner, what),
        Field::Made => {
            let is_said = recipe.extra.contains(&("AI generated".to_owned(), "true".to_owned()));
            same(&is_said, &true, what)
        }
        Field::Description => Err(TestCaseError::fail(format!("{} describes", writer.name))),
    }
}

/// What is stored of a reading reads back to the same, and tags name what the file names.
fn stored(writer: &Writer, meant: &Intended, reading: &Reading) -> Result<(), TestCaseError> {
    let recipe = reading.recipe.clone().unwrap();
    let again = recipe_of(&reading.generation_text)
        .ok_or_else(|| TestCaseError::fail(format!("nothing is stored in {:?}", reading.generation_text)))?;
    let kept = |recipe: Recipe| {
        let mut loras: Vec<Lora> = recipe.loras.clone();
        loras.sort_by(|a, b| a.name.cmp(&b.name));
        let (positive, negative) = (plain(&recipe.positive), plain(&recipe.negative));
        Recipe { raw: String::new(), positive, negative, loras, ..recipe }
    };
    same(&kept(again), &kept(recipe.clone()), "stored")?;
    let tags = auto_tags(&recipe);
    let has = |kind: TagKind, name: &str| tags.contains(&(kind, name.to_owned()));
    let says = |field: Field| writer.says.contains(&field);
    same(&has(TagKind::SourceIdentifier, recipe.source.identifier()), &true, "tag of the source")?;
    if says(Field::Sampler) {
        same(&has(TagKind::Sampler, &meant.sampler), &true, "tag of the sampler")?;
    }
    if says(Field::Model) && is_valid_name(&meant.model) {
        same(&has(TagKind::Model, &meant.model), &true, "tag of the model")?;
    }
    if says(Field::Loras) {
        let all = meant.loras.iter().all(|lora| has(TagKind::Lora, &lora.name));
        same(&all, &true, "tags of adapters")?;
    }
    Ok(())
}

/// Complaints, but for those about what the writer means to be cut off.
fn unexpected<'a>(writer: &Writer, reading: &'a Reading) -> Vec<&'a Complaint> {
    let is_meant =
        |one: &Complaint| writer.name.ends_with("-cut") && matches!(one, Complaint::CutJson { .. });
    reading.complaints.iter().filter(|one| !is_meant(one)).collect()
}

fn whole(writer: &Writer, container: Container, wanted: &Intended, seed: u64) -> Result<(), TestCaseError> {
    let written = writer.file(container, wanted, seed);
    same(&writer.file(container, wanted, seed), &written, "written twice")?;
    let mut meant = writer.intended(wanted);
    let mut reading = reading(container, &written, &meant);
    if let Some(recipe) = reading.recipe.as_mut().filter(|_| written.is_logged) {
        // What a log says goes through what is stored of it.
        for text in [&mut recipe.positive, &mut recipe.negative, &mut meant.positive, &mut meant.negative] {
            *text = plain(text);
        }
    }
    same(&unexpected(writer, &reading), &Vec::new(), "complaints")?;
    let source = reading.recipe.as_ref().map(|recipe| recipe.source.word());
    same(&source, &writer.source, "source")?;
    if source.is_none() && writer.says.is_empty() {
        same(&reading.description, &None, "description")?;
    }
    writer.says.iter().try_for_each(|field| check(writer, *field, &meant, &reading))?;
    if source.is_some() { stored(writer, &meant, &reading) } else { Ok(()) }
}

/// So many files of each program and kind, unless the environment asks for more.
const CASES: u32 = 8;

#[test]
fn every_program_in_every_kind_of_file_is_read_as_it_was_meant() {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let mut wrong = Vec::new();
    let mut n_pairs = 0_u16;
    let pairs =
        writers().flat_map(|writer| writer.containers.iter().map(move |container| (writer, *container)));
    for (writer, container) in pairs {
        n_pairs += 1;
        let config = Config { cases, failure_persistence: None, ..Config::default() };
        let seed = n_pairs.to_le_bytes().repeat(16);
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
        let outcome =
            runner.run(&(intended(), any::<u64>()), |(wanted, seed)| whole(writer, container, &wanted, seed));
        if let Err(error) = outcome {
            wrong.push(format!("{}.{}: {error}", writer.name, container.word()));
        }
    }
    assert!(wrong.is_empty(), "{} of {n_pairs}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(n_pairs > 200, "{n_pairs} pairs");
}

#[test]
fn programs_have_names_and_places_of_their_own() {
    let names: std::collections::HashSet<_> = writers().map(|writer| writer.name).collect();
    assert_eq!(names.len(), writers().count());
    assert!(names.iter().all(|name| Writer::named(name).is_some_and(|writer| writer.name == *name)));
}

proptest! {
    #![proptest_config(Config::with_cases(48))]
    #[test]
    fn a_page_of_many_pictures_is_read_as_it_was_meant(mut all in vec(intended(), 1..6), age in 0..3_usize) {
        let age = [LogAge::Button, LogAge::Keys, LogAge::Paragraphs][age];
        if age != LogAge::Button {
            // Values are not escaped: what looks like the end of one is.
            for meant in &mut all {
                for text in [&mut meant.positive, &mut meant.negative] {
                    *text = text.replace("</", "< ").replace("<b>", "(b)").replace(": ", " ");
                }
            }
        }
        let names: Vec<_> = (0..all.len()).map(|nth| format!("2031-05-06_07-08-0{nth}_1234.png")).collect();
        let pictures: Vec<_> = names.iter().map(String::as_str).zip(&all).collect();
        let page = log_page_of(age, &pictures);
        let log = Log::parse(&mut page.as_bytes()).unwrap();
        same(&log.len(), &all.len(), "pictures")?;
        for (name, meant) in pictures {
            let recipe = recipe_of(log.get(name).unwrap()).unwrap();
            same(&plain(&recipe.positive), &plain(&meant.positive), "positive")?;
            same(&plain(&recipe.negative), &plain(&meant.negative), "negative")?;
            same(&recipe.seed, &Some(meant.seed.to_string()), "seed")?;
            same(&recipe.cfg, &Some(meant.cfg), "guidance")?;
            same(&recipe.model.as_ref(), &Some(&meant.model), "model")?;
            let found: Vec<_> = recipe.loras.iter().map(|lora| (lora.name.clone(), lora.weight)).collect();
            let loras: Vec<_> = meant.loras.iter().map(|lora| (lora.name.clone(), lora.weight)).collect();
            same(&found, &loras, "adapters")?;
        }
    }
}

#[test]
fn what_others_put_beside_a_recipe_is_kept_beside_it() {
    let of = |writer: &str, key: &str| {
        let recipe = one(writer, Container::Png, &simple()).recipe.unwrap();
        recipe.extra.into_iter().find(|(known, _)| known == key).map(|(_, value)| value)
    };
    assert_eq!(of("a1111-trailer", "album").as_deref(), Some("harbour, Steps: 3"));
    assert_eq!(of("a1111-upscaled", "Postprocess upscale by").as_deref(), Some("4"));
    assert_eq!(of("a1111-extras", "Postprocess upscaler").as_deref(), Some("R-ESRGAN 4x+"));
    assert_eq!(of("a1111-2022", "Sampler"), None);
    assert_eq!(of("label-aigc", "ProduceID").as_deref(), Some("0f1e2d3c4b5a4968"));
    assert_eq!(of("swarmui-older", "Raw prompt").as_deref(), Some("a {clay|mud} heron"));
}

#[test]
fn libraries_of_every_program_are_read_as_they_were_meant() {
    for dialect in Dialect::all() {
        let Some((writer, container)) = dialect.writer() else { continue };
        let library = Library::new(33, 2_000).with_dialects(&[dialect]);
        for index in [0, 701, 1_999] {
            let image = library.image(index);
            let place = format!("{} {}/{}", dialect.name(), image.folder, image.name);
            let (stem, end) = image.name.rsplit_once('.').unwrap();
            assert_eq!(end, container.extension(), "{place}");
            let beside = image.beside();
            assert!(beside.iter().all(|(name, _)| name.starts_with(stem)), "{place}");
            let mut beside: Vec<_> = beside.iter().map(|(name, bytes)| (name.clone(), &bytes[..])).collect();
            let page = library.log_of(index).unwrap_or_default();
            let text = logged(&page, &image.name);
            if image.logged().is_some() {
                beside.push(("log.html".to_owned(), text.as_bytes()));
            }
            let reading = read(&image.bytes(), &image.name, &beside);
            let meant = &image.expected;
            assert_eq!(unexpected(writer, &reading), Vec::<&Complaint>::new(), "{place}");
            if meant.pixel_width > 0 {
                let pixels = (reading.pixel_width, reading.pixel_height);
                assert_eq!(pixels, (meant.pixel_width, meant.pixel_height), "{place}");
            }
            assert_eq!(reading.recipe.as_ref().map(|recipe| recipe.source.word()), image.source(), "{place}");
            let Some(recipe) = reading.recipe else { continue };
            assert_eq!((&recipe.positive, &recipe.negative), (&meant.positive, &meant.negative), "{place}");
            let has = |found: bool, meant: bool| assert!(found || !meant, "{place}");
            has(recipe.steps == meant.steps, meant.steps.is_some());
            has(recipe.sampler == meant.sampler, meant.sampler.is_some());
            has(recipe.seed == meant.seed.map(|seed| seed.to_string()), meant.seed.is_some());
            has(recipe.model == meant.model, meant.model.is_some());
            has(recipe.width.zip(recipe.height) == meant.width.zip(meant.height), meant.width.is_some());
            if !meant.loras.is_empty() {
                let names: Vec<_> = recipe.loras.iter().map(|lora| &lora.name).collect();
                assert_eq!(names, meant.loras.iter().map(|lora| &lora.name).collect::<Vec<_>>(), "{place}");
            }
        }
    }
}

/// A picture of a writer, and what is read of it.
fn one(writer: &str, container: Container, meant: &Intended) -> Reading {
    reading(container, &Writer::named(writer).unwrap().file(container, meant, 3), meant)
}

fn simple() -> Intended {
    Intended {
        positive: "a pewter kite".to_owned(),
        negative: "text".to_owned(),
        steps: 20,
        sampler: "euler".to_owned(),
        scheduler: "karras".to_owned(),
        cfg: 5.0,
        seed: 7,
        width: 640,
        height: 512,
        model: "dune_v4".to_owned(),
        model_hash: "0a1b2c3d4e".to_owned(),
        clip_skip: 1,
        ..Intended::default()
    }
}

#[test]
fn a_job_of_midjourney_is_its_own_whatever_words_its_prompt_holds() {
    let meant = Intended { negative: "boats\nNegative prompt: nets".to_owned(), ..simple() };
    for container in [Container::Png, Container::Jpeg, Container::Webp] {
        let recipe = one("midjourney", container, &meant).recipe.unwrap();
        assert_eq!((recipe.source.word(), &recipe.negative), ("midjourney", &meant.negative));
    }
}

#[test]
fn names_that_a_comment_of_draw_things_has_lost_are_in_the_text_beside_it() {
    let lora = Adapter { name: "砂_lora".to_owned(), weight: 0.5, hash: String::new() };
    let meant = Intended {
        model: "猫Mix".to_owned(),
        negative: "Nebel\nNegative prompt: im Däm".to_owned(),
        loras: vec![lora],
        ..simple()
    };
    let recipe = one("drawthings-jpeg", Container::Jpeg, &meant).recipe.unwrap();
    assert_eq!((recipe.model.as_deref(), recipe.loras[0].name.as_str()), (Some("猫Mix"), "砂_lora"));
    assert_eq!(recipe.negative, meant.negative);
}

#[test]
fn an_editors_graph_whose_prompt_names_the_other_form_is_whole() {
    let meant = Intended { positive: "a sheet of class_type and inputs".to_owned(), ..simple() };
    let reading = one("comfyui-editor", Container::Png, &meant);
    assert_eq!((reading.complaints, reading.recipe.unwrap().positive), (vec![], meant.positive));
}

#[test]
fn steps_of_a_prompt_before_settings_in_its_line_are_words() {
    let text = "a kite\nSteps: three of them, Size: tall Negative prompt: fog Steps: 20, Size: 64x32, Seed: 5, CFG scale: 3";
    let recipe = recipe_of(text).unwrap();
    assert_eq!(
        (recipe.positive.as_str(), recipe.negative.as_str()),
        ("a kite\nSteps: three of them, Size: tall", "fog")
    );
    assert_eq!((recipe.steps, recipe.seed.as_deref()), (Some(20), Some("5")));
}
