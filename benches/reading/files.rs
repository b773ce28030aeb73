//! The files that are read: synthetic ones by writer, graphs of a hundred nodes, and pictures without a text as
//! large as real ones. Each is written once and used again.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use image::{DynamicImage, ImageFormat, RgbaImage};
use lumidex_index_tools::synth::{Dialect, Library};

/// Nodes of each large graph.
const NODES: usize = 100;
const FILES_BY_WRITER: u32 = 1_000;

/// So many PNG files with a recipe, of every writer of such.
pub(crate) fn pngs(top: &Path, n: u32) -> anyhow::Result<Vec<PathBuf>> {
    let dialects = [Dialect::A1111Png, Dialect::ForgePng, Dialect::ComfyUiPng, Dialect::NovelAiPng];
    written(top, "pngs", n, &dialects)
}

/// A synthetic library in these dialects.
pub(crate) fn written(top: &Path, name: &str, n: u32, dialects: &[Dialect]) -> anyhow::Result<Vec<PathBuf>> {
    // Names of writers hold dots and slashes.
    let name = name.replace(['.', '/', ' '], "-");
    let folder = top.join(format!("lumidex-reading-{name}-{n}"));
    let complete = top.join(format!("lumidex-reading-{name}-{n}.complete"));
    if !complete.exists() {
        Library::new(42, n).with_dialects(dialects).write_to(&folder, 0..n, &|_| {})?;
        fs::write(complete, [])?;
    }
    let mut paths = Vec::new();
    below(&folder, &mut paths)?;
    Ok(paths)
}

/// Files below a folder, without the texts and pages that only stand beside others.
fn below(folder: &Path, paths: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            below(&entry.path(), paths)?;
        } else if entry.path().extension().is_some_and(|ending| ending != "txt" && ending != "html") {
            paths.push(entry.path());
        }
    }
    Ok(())
}

/// Files of each writer, and graphs of a hundred nodes.
pub(crate) fn by_writer(top: &Path) -> anyhow::Result<Vec<(String, Vec<PathBuf>)>> {
    let mut writers = Vec::new();
    for dialect in Dialect::all() {
        let name = dialect.name();
        writers.push((name.clone(), written(top, &name, FILES_BY_WRITER, &[dialect])?));
    }
    let folder = top.join("lumidex-reading-graphs");
    fs::create_dir_all(&folder)?;
    let mut graphs = Vec::new();
    for nth in 0..200 {
        let path = folder.join(format!("{nth}.png"));
        if !path.exists() {
            let (api, editor) = graph(nth);
            fs::write(
                &path,
                with_texts(
                    &lumidex_index_tools::synth::png(nth, None),
                    &[("prompt", &api), ("workflow", &editor)],
                ),
            )?;
        }
        graphs.push(path);
    }
    writers.push((format!("ComfyUI, graphs of {NODES} nodes"), graphs));
    Ok(writers)
}

/// As it was run and as the editor has it: a chain of adapters and of nodes that hand texts on.
fn graph(seed: u64) -> (String, String) {
    let n_adapters = NODES / 2;
    let mut api = format!(
        r#"{{"1":{{"class_type":"CheckpointLoaderSimple","inputs":{{"ckpt_name":"model{seed}.safetensors"}}}}"#
    );
    let mut last = 1;
    for nth in 0..n_adapters {
        let id = nth + 2;
        let _ = write!(
            api,
            r#","{id}":{{"class_type":"LoraLoader","inputs":{{"lora_name":"adapter{nth}.safetensors","strength_model":0.5,"strength_clip":0.5,"model":["{last}",0],"clip":["{last}",1]}}}}"#
        );
        last = id;
    }
    let first_text = last + 1;
    let _ = write!(
        api,
        r#","{first_text}":{{"class_type":"PrimitiveString","inputs":{{"value":"a heron {seed}, {}"}}}}"#,
        "feathers, ".repeat(40)
    );
    let mut text = first_text;
    for id in first_text + 1..NODES - 6 {
        let _ = write!(
            api,
            r#","{id}":{{"class_type":"StringConcatenate","inputs":{{"string_a":["{text}",0],"string_b":"part {id}","delimiter":", "}}}}"#
        );
        text = id;
    }
    let (positive, negative, latent, sampler, decode, save) =
        (NODES - 6, NODES - 5, NODES - 4, NODES - 3, NODES - 2, NODES - 1);
    let _ = write!(
        api,
        r#","{positive}":{{"class_type":"CLIPTextEncode","inputs":{{"text":["{text}",0],"clip":["{last}",1]}}}},"{negative}":{{"class_type":"CLIPTextEncode","inputs":{{"text":"fog","clip":["{last}",1]}}}},"{latent}":{{"class_type":"EmptyLatentImage","inputs":{{"width":64,"height":64,"batch_size":1}}}},"{sampler}":{{"class_type":"KSampler","inputs":{{"seed":{seed},"steps":20,"cfg":7.0,"sampler_name":"euler","scheduler":"normal","denoise":1.0,"model":["{last}",0],"positive":["{positive}",0],"negative":["{negative}",0],"latent_image":["{latent}",0]}}}},"{decode}":{{"class_type":"VAEDecode","inputs":{{"samples":["{sampler}",0],"vae":["1",2]}}}},"{save}":{{"class_type":"SaveImage","inputs":{{"filename_prefix":"x","images":["{decode}",0]}}}}}}"#
    );
    let nodes: Vec<String> = (1..NODES)
        .map(|id| format!(r#"{{"id":{id},"type":"Note","pos":[{id},{id}],"size":[210,58],"flags":{{}},"order":{id},"mode":0,"inputs":[],"outputs":[],"properties":{{}},"widgets_values":["note {id} {}"]}}"#, "x".repeat(200)))
        .collect();
    (api, format!(r#"{{"last_node_id":{NODES},"nodes":[{}],"links":[],"version":0.4}}"#, nodes.join(",")))
}

/// A PNG with further texts behind its header; nobody looks at their checksums.
pub(crate) fn with_texts(png: &[u8], texts: &[(&str, &str)]) -> Vec<u8> {
    let behind_header = 8 + 25;
    let mut file = png[..behind_header].to_vec();
    for (keyword, text) in texts {
        let data = [keyword.as_bytes(), &[0], text.as_bytes()].concat();
        file.extend_from_slice(&u32::try_from(data.len()).unwrap_or(0).to_be_bytes());
        file.extend_from_slice(b"tEXt");
        file.extend_from_slice(&data);
        file.extend_from_slice(&[0; 4]);
    }
    file.extend_from_slice(&png[behind_header..]);
    file
}

/// A picture with some structure and some noise, another for each number.
pub(crate) fn picture(side: u32, number: u32) -> DynamicImage {
    let mut state = number | 1;
    let pixels = RgbaImage::from_fn(side, side, |x, y| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (state >> 29) as u8;
        let tone = |a: u32, b: u32| ((a * x + b * y + number) / 16 % 240) as u8 + noise;
        image::Rgba([tone(5, 3), tone(2, 7), tone(4, 4), 255])
    });
    DynamicImage::ImageRgba8(pixels)
}

/// The picture as a file.
pub(crate) fn encoded(picture: &DynamicImage, format: ImageFormat) -> anyhow::Result<Vec<u8>> {
    let mut file = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut file, format)?;
    Ok(file.into_inner())
}

/// Pictures without any text, by what they are.
pub(crate) fn textless() -> anyhow::Result<Vec<(String, Vec<Vec<u8>>)>> {
    let mut kinds = Vec::new();
    for (name, format) in [("PNG", ImageFormat::Png), ("lossless WebP", ImageFormat::WebP)] {
        for (pixels, is_opaque) in [("RGBA", false), ("RGB", true)] {
            let pictures: Result<Vec<_>, _> = (0..8)
                .map(|number| {
                    let picture = picture(1_024, number);
                    encoded(&if is_opaque { picture.into_rgb8().into() } else { picture }, format)
                })
                .collect();
            kinds.push((format!("{name}, 1024 by 1024, {pixels}"), pictures?));
        }
    }
    Ok(kinds)
}
