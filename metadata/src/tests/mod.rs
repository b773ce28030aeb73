//! Behaviour of the whole room, through [`read`].
#![allow(clippy::unwrap_used)]

// The writers of containers, under names that say what they are for here.
pub(super) use lumidex_synth::container as encode;
pub(super) use lumidex_synth::container::{
    credentials as encode_credentials, films as encode_films, stealth as encode_stealth,
    stills as encode_stills,
};

mod bad_dialects;
mod bad_files;
mod bad_stills;
mod bad_texts;
mod credentials;
mod dialect_fixtures;
mod dialects;
mod films;
mod fixtures;
mod fixtures_of_containers;
mod fuzz;
mod hidden;
mod hidden_webp;
mod graphs;
mod identity;
mod packets;
mod places;
mod generators;
mod sidecars;
mod stills;
mod workflows;

use super::read::scan;
use super::{Bytes, Reading, read};

/// Reads bytes under a name.
#[track_caller]
fn reading(bytes: &[u8], name: &str) -> Reading {
    read(&Bytes(bytes), name.as_bytes(), &[]).unwrap()
}

/// Every text that a recipe could be read from, by its place.
#[track_caller]
fn texts(bytes: &[u8], name: &str) -> Vec<(String, String)> {
    let source = Bytes(bytes);
    let mut window = super::source::Window::open(&source).unwrap();
    let mut slots = super::slots::Slots::new(super::slots::Wanted::Recipe);
    scan(&mut window, name.as_bytes(), &mut slots).unwrap();
    slots.all().iter().map(|slot| (slot.place.label(), slot.text.clone())).collect()
}

/// The first text of a place.
#[track_caller]
fn text_at(bytes: &[u8], place: &str) -> Option<String> {
    texts(bytes, "a.png").into_iter().find(|(label, _)| label == place).map(|(_, text)| text)
}

/// The positive prompt, or `None` without a recipe.
#[track_caller]
fn positive(bytes: &[u8]) -> Option<String> {
    reading(bytes, "a.png").recipe.map(|recipe| recipe.positive)
}

const INFOTEXT: &str = "a cat, <lora:soft:0.5>\nNegative prompt: blur\nSteps: 20, Sampler: Euler a, Schedule type: Karras, \
     CFG scale: 6.5, Seed: 42, Size: 512x768, Model hash: 0123ABCDEF, Model: tin_v3, Version: v1.9.4";

const GRAPH: &str = r#"{"3": {"class_type": "KSampler", "inputs": {"seed": 7, "steps": 9, "cfg": 4.5,
    "sampler_name": "euler", "scheduler": "normal", "denoise": 1, "model": ["10", 0], "positive": ["6", 0],
    "negative": ["7", 0], "latent_image": ["5", 0]}},
 "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "SD/toy.safetensors"}},
 "10": {"class_type": "LoraLoader", "inputs": {"lora_name": "x/soft.safetensors", "strength_model": 0.4,
    "strength_clip": 1, "model": ["4", 0], "clip": ["4", 1]}},
 "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 640, "batch_size": 1}},
 "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a paper boat", "clip": ["10", 1]}},
 "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blur", "clip": ["10", 1]}},
 "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
 "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "boat"}}}"#;
