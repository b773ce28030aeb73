//! What is written is what is read: every file of synthetic libraries of the commonest dialects, against
//! what its writer meant. All others are tried beside the readers, in `metadata/tests/written.rs`.

use std::collections::HashSet;

use lumidex::metadata::{Beside, Bytes, Reading, read};
use lumidex_index_tools::synth::{Dialect, Library, SynthImage};
use lumidex_schema::recipe::Recipe;

const IMAGES: u32 = 3_000;

fn library(dialect: Dialect) -> Library {
    Library::new(21, IMAGES).with_dialects(&[dialect])
}

fn reading(image: &SynthImage) -> Reading {
    let sidecar = image.sidecar();
    let beside = sidecar.as_deref().map(|text| Beside { name: b".txt", bytes: text.as_bytes() });
    read(&Bytes(&image.bytes()), image.name.as_bytes(), beside.as_slice()).unwrap()
}

#[track_caller]
fn check(image: &SynthImage, recipe: &Recipe) {
    let expected = &image.expected;
    let place = format!("{}/{}", image.folder, image.name);
    assert_eq!(Some(recipe.source.word()), image.source(), "{place}");
    assert_eq!(recipe.positive, expected.positive, "{place}");
    assert_eq!(recipe.negative, expected.negative, "{place}");
    assert_eq!(recipe.steps, expected.steps, "{place}");
    assert_eq!(recipe.sampler, expected.sampler, "{place}");
    assert_eq!(recipe.scheduler, expected.scheduler, "{place}");
    assert_eq!(recipe.cfg, expected.cfg, "{place}");
    assert_eq!(recipe.seed, expected.seed.map(|seed| seed.to_string()), "{place}");
    assert_eq!((recipe.width, recipe.height), (expected.width, expected.height), "{place}");
    assert_eq!(recipe.model, expected.model, "{place}");
    assert_eq!(recipe.model_hash, expected.model_hash, "{place}");
    let loras: Vec<_> = recipe.loras.iter().map(|lora| (lora.name.as_str(), lora.weight)).collect();
    let meant: Vec<_> = expected
        .loras
        .iter()
        .map(|lora| (lora.name.as_str(), f64::from(lora.weight_percent) / 100.0))
        .collect();
    assert_eq!(loras, meant, "{place}");
}

#[test]
fn common_dialects_are_read_as_they_were_meant() {
    for dialect in Dialect::COMMON {
        let library = library(dialect);
        for index in (0..IMAGES).step_by(7) {
            let image = library.image(index);
            let reading = reading(&image);
            assert_eq!(reading.complaints, [], "{}", image.name);
            let pixels = (image.expected.pixel_width, image.expected.pixel_height);
            assert_eq!((reading.pixel_width, reading.pixel_height), pixels, "{}", image.name);
            match (image.source(), &reading.recipe) {
                (Some(_), Some(recipe)) => check(&image, recipe),
                (None, None) => {}
                (meant, found) => panic!("{}: {meant:?} was read as {found:?}", image.name),
            }
        }
    }
}

#[test]
fn generation_texts_hold_what_people_search_for() {
    for dialect in Dialect::COMMON {
        let library = library(dialect);
        for index in (0..IMAGES).step_by(31) {
            let image = library.image(index);
            let text = reading(&image).generation_text;
            let expected = &image.expected;
            match (&expected.infotext, &expected.caption) {
                (Some(infotext), _) => assert!(text.starts_with(infotext.as_str()), "{text}"),
                (None, Some(caption)) => assert_eq!(&text, caption),
                (None, None) if expected.seed.is_none() => assert_eq!(text, ""),
                (None, None) => {
                    assert!(text.starts_with(expected.positive.as_str()), "{text}");
                    assert!(text.contains(&format!("Seed: {}", expected.seed.unwrap())), "{text}");
                    assert!(text.contains(expected.negative.as_str()), "{text}");
                    assert!(!text.contains("class_type"), "{text}");
                }
            }
        }
    }
}

#[test]
fn fingerprints_tell_all_images_apart() {
    let library = Library::new(22, IMAGES);
    let fingerprints: HashSet<_> =
        (0..IMAGES).map(|index| reading(&library.image(index)).fingerprint).collect();
    assert_eq!(fingerprints.len() as u32, IMAGES);
}
