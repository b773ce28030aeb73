//! The files under `fixtures/images`, each with what it must be read as beside it.
//!
//! They are written by this code: `LUMIDEX_WRITE_FIXTURES=1 cargo test -p lumidex-metadata fixtures`
//! writes them anew, and the difference is to be looked at before it is kept.

use super::dialect_fixtures;
use super::encode::{Png, comment_block, jpeg_exif, tiff, unicode, webp};
use super::encode_stills::{
    Entry, Tiff, bmp, boxed, codestream, exif_item, gif, gif_comment, gif_xmp, heif, item, jxl,
};
use crate::{Beside, Bytes, Hidden, Log, Options, read_with};
use lumidex_synth::{Adapter, Container as Kind, Intended, SecondPass, Writer, Written, log_page};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/images")
}

const FORGE: &str = "a lighthouse, <lora:Fog-Machine_v1:0.6>, BREAK stormy sea\nNegative prompt: text, watermark\nSteps: 28, \
     Sampler: DPM++ 2M SDE, Schedule type: Karras, CFG scale: 1, Distilled CFG Scale: 3.5, Seed: 1234567890, Size: 896x1152, \
     Model hash: 0a1b2c3d4e, Model: harbour_v2, Hires upscale: 1.5, Hires upscaler: 4x-Example, \
     ADetailer prompt: \"a calm face, detailed\", Lora hashes: \"Fog-Machine_v1: 001122334455\", Version: f2.0.1v1.10.1-previous-1";
const CHINESE: &str = "一只猫，坐在窗台上, 阳光\nNegative prompt: 模糊\nSteps: 20, Sampler: Euler a, CFG scale: 7, \
     Seed: 18446744073709551615, Size: 512x512, Model: 水彩";
const NOVELAI: &str = r#"{"prompt": "1girl, kite", "steps": 28, "height": 1216, "width": 832, "scale": 5.5, "seed": 123, "noise_schedule": "karras", "v4_prompt": {"caption": {"base_caption": "1girl, kite", "char_captions": [{"char_caption": "girl, red coat", "centers": [{"x": 0.5, "y": 0.5}]}]}, "use_coords": false, "use_order": true}, "sampler": "k_euler", "uc": "lowres"}"#;

/// Folder, name and content.
fn made() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let png = || Png::new(8, 8);
    let graph = format!("prompt:{}\0", super::GRAPH);
    let workflow = b"workflow:{\"nodes\": [], \"links\": []}\0";
    let novel = json!({"Comment": NOVELAI, "Description": "\0\0\0\x001girl, kite", "Source": "NovelAI Diffusion V4 1A2B3C4D"});
    let novel = [b"ASCII\0\0\0", novel.to_string().as_bytes()].concat();
    vec![
        ("a1111", "infotext.png", png().text("parameters", super::INFOTEXT).idat(8, 8, 40).end()),
        ("a1111", "behind-the-data.png", png().idat(8, 8, 80).itxt("parameters", CHINESE).end()),
        ("a1111", "compressed.png", png().idat(8, 8, 90).ztxt("parameters", CHINESE.as_bytes()).end()),
        ("a1111", "user-comment.jpg", jpeg_exif(&comment_block(CHINESE))),
        (
            "a1111",
            "user-comment.webp",
            webp(&[(b"EXIF", &[b"Exif\0\0", &comment_block(CHINESE)[..]].concat())]),
        ),
        ("a1111", "sidecar.png", png().idat(8, 8, 120).end()),
        ("a1111", "caption.png", png().idat(8, 8, 130).end()),
        ("forge", "infotext.png", png().text("parameters", FORGE).idat(8, 8, 160).end()),
        (
            "comfyui",
            "graph.png",
            png().text("prompt", super::GRAPH).text("workflow", "{}").idat(8, 8, 200).end(),
        ),
        (
            "comfyui",
            "graph.webp",
            webp(&[(b"EXIF", &tiff(true, &[(0x010f, 2, workflow), (0x0110, 2, graph.as_bytes())], &[]))]),
        ),
        (
            "comfyui",
            "infotext-and-graph.png",
            png()
                .text("prompt", super::GRAPH)
                .text("parameters", "a paper ship\nSteps: 9, Seed: 7")
                .idat(8, 8, 210)
                .end(),
        ),
        (
            "novelai",
            "captions.png",
            png()
                .text("Title", "AI generated image")
                .text("Description", "1girl, kite")
                .text("Software", "NovelAI")
                .text("Source", "NovelAI Diffusion V4 1A2B3C4D")
                .text("Comment", NOVELAI)
                .idat(8, 8, 240)
                .end(),
        ),
        (
            "novelai",
            "captions.webp",
            webp(&[(b"EXIF", &tiff(false, &[(0x0131, 2, b"NovelAI\0")], &[(0x9286, 7, &novel)]))]),
        ),
    ]
}

const XMP: &str = "<x:xmpmeta xmlns:x='adobe:ns:meta/'/>";

/// The same dialects in the other containers.
fn made_of_others() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let coded = || item(b"av01", b"no coded picture");
    let novel = [&b"ASCII\0\0\0"[..], NOVELAI.as_bytes()].concat();
    let japanese =
        tiff(true, &[], &[(0x9286, 7, b"JIS\0\0\0\0\0\x1b$BG-\x1b(B\nSteps: 4, Seed: 5, Size: 64x32")]);
    let graph = format!("prompt:{}\0", super::GRAPH);
    let workflow = b"workflow:{\"nodes\": [], \"links\": []}\0";
    let little = Tiff { little: true, is_big: false };
    let big = Tiff { little: false, is_big: true };
    let mut made = vec![
        (
            "a1111",
            "user-comment.tiff",
            little.file((8, 4), &described(little), &camera(little), &place(little)),
        ),
        ("a1111", "user-comment-64-bit.tif", big.file((8, 4), &described(big), &camera(big), &place(big))),
        ("a1111", "comment.gif", gif(&[gif_comment(CHINESE), gif_xmp(XMP)], &[])),
        ("a1111", "sidecar.bmp", bmp(8, 8, 40, b"")),
        (
            "a1111",
            "user-comment.avif",
            heif(b"avif", 0, &[coded(), exif_item(&comment_block(CHINESE)), item(b"mime", XMP.as_bytes())]),
        ),
        (
            "a1111",
            "japanese.heic",
            heif(b"heic", 1, &[item(b"hvc1", b"no coded picture"), exif_item(&japanese)]),
        ),
        (
            "a1111",
            "user-comment.jxl",
            jxl(&[
                boxed(b"Exif", &[&[0; 4][..], &comment_block(CHINESE)].concat()),
                boxed(b"xml ", XMP.as_bytes()),
                boxed(b"jxlc", &codestream()),
            ]),
        ),
        (
            "forge",
            "description.tif",
            little.file((4, 4), &[(0x010e, 2, [FORGE.as_bytes(), b"\0"].concat())], &[], &[]),
        ),
        ("forge", "comment.gif", gif(&[], &[gif_comment(FORGE)])),
        (
            "comfyui",
            "graph.tif",
            little.file(
                (4, 4),
                &[(0x010f, 2, workflow.to_vec()), (0x0110, 2, graph.clone().into_bytes())],
                &[],
                &[],
            ),
        ),
        (
            "comfyui",
            "graph.avif",
            heif(
                b"avif",
                0,
                &[
                    coded(),
                    exif_item(&tiff(true, &[(0x010f, 2, workflow), (0x0110, 2, graph.as_bytes())], &[])),
                ],
            ),
        ),
        (
            "comfyui",
            "graph.jxl",
            jxl(&[
                boxed(b"Exif", &[&[0; 4][..], &tiff(false, &[(0x0110, 2, graph.as_bytes())], &[])].concat()),
                boxed(b"jxlc", &codestream()),
            ]),
        ),
        (
            "novelai",
            "captions.avif",
            heif(
                b"avif",
                0,
                &[coded(), exif_item(&tiff(false, &[(0x0131, 2, b"NovelAI\0")], &[(0x9286, 7, &novel)]))],
            ),
        ),
        (
            "novelai",
            "captions.tiff",
            big.file((4, 4), &[(0x0131, 2, b"NovelAI\0".to_vec())], &[(0x9286, 7, novel)], &[]),
        ),
    ];
    made.extend(super::graphs::made());
    made
}

fn described(form: Tiff) -> Vec<Entry> {
    let [x, y] = [72, 300].map(|dots| [form.number(dots, 4), form.number(1, 4)].concat());
    let title = "t\u{fc}r\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![(282, 5, x), (283, 5, y), form.short(296, 2), (0x9c9b, 1, title), (700, 1, XMP.as_bytes().to_vec())]
}

fn camera(form: Tiff) -> Vec<Entry> {
    let time = [form.number(1, 4), form.number(125, 4)].concat();
    vec![
        (0x829a, 5, time),
        (0x9000, 7, b"0232".to_vec()),
        (0x9286, 7, unicode(CHINESE, form.little)),
        (0x927c, 7, vec![0xa5; 100]),
    ]
}

fn place(form: Tiff) -> Vec<Entry> {
    let degrees = [52, 1, 31, 1, 25, 2].map(|part| form.number(part, 4)).concat();
    vec![(1, 2, b"N\0".to_vec()), (2, 5, degrees)]
}

const SIDECARS: [(&str, &str); 3] = [
    ("a1111/sidecar.txt", super::INFOTEXT),
    ("a1111/caption.txt", "a cat on a windowsill, afternoon light"),
    ("swarmui/sidecar.swarm.json", dialect_fixtures::SWARM),
];

/// What a fixture is read as.
fn read_as(path: &Path) -> Value {
    let bytes = std::fs::read(path).unwrap();
    let mut beside: Vec<_> = ["txt", "json", "swarm.json"]
        .into_iter()
        .filter_map(|end| {
            let path = path.with_extension(end);
            Some((path.file_name()?.as_encoded_bytes().to_vec(), std::fs::read(&path).ok()?))
        })
        .collect();
    let name = path.file_name().unwrap().to_str().unwrap();
    if let Ok(page) = std::fs::read(path.with_file_name("log.html"))
        && let Some(text) = Log::parse(&mut &page[..]).unwrap().get(name)
    {
        beside.push((b"log.html".to_vec(), text.as_bytes().to_vec()));
    }
    let beside: Vec<_> = beside.iter().map(|(name, bytes)| Beside { name, bytes }).collect();
    let options = Options { hidden: Hidden::Always };
    let reading = read_with(&Bytes(&bytes), name.as_bytes(), &beside, &options).unwrap();
    json!({
        "container": format!("{:?}", reading.container),
        "pixel_width": reading.pixel_width,
        "pixel_height": reading.pixel_height,
        "recipe": reading.recipe,
        "description": reading.description,
        "generation_text": reading.generation_text,
        "complaints": reading.complaints.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// What a synthetic writer of a dialect, or of a way of storing it, makes that has no file above.
#[rustfmt::skip]
const WRITTEN: &[(&str, &str, &str, Kind)] = &[
    ("a1111", "animated.png", "a1111", Kind::Apng),
    ("comfyui", "animated.png", "comfyui", Kind::Apng),
    ("comfyui", "comment.jpg", "comfyui", Kind::Jpeg),
    ("comfyui", "studio.png", "comfyui-studio", Kind::Png),
    ("forge", "reforge.jpg", "reforge", Kind::Jpeg),
    ("forge", "neo.png", "forge-neo", Kind::Png),
    ("sdnext", "lines.png", "sdnext", Kind::Png),
    ("fooocus", "plus.png", "fooocus-plus", Kind::Png),
    ("fooocus", "plus.jpg", "fooocus-plus", Kind::Jpeg),
    ("novelai", "first.png", "novelai-v1", Kind::Png),
    ("novelai", "third.png", "novelai-v3", Kind::Png),
    ("novelai", "third.webp", "novelai-v3", Kind::Webp),
    ("novelai", "hidden.png", "novelai-hidden", Kind::Png),
    ("invokeai", "third.png", "invokeai-3", Kind::Png),
    ("invokeai", "second.png", "invokeai-2", Kind::Png),
    ("invokeai", "graph.png", "invokeai-graph", Kind::Png),
    ("invokeai", "film.mp4", "invokeai-film", Kind::Mp4),
    ("swarmui", "hidden.png", "swarmui-hidden", Kind::Png),
    ("swarmui", "film.webm", "swarmui-sidecar", Kind::Webm),
    ("drawthings", "packet.png", "drawthings", Kind::Png),
    ("easydiffusion", "lines.png", "easydiffusion-txt", Kind::Png),
    ("easydiffusion", "object.webp", "easydiffusion-json", Kind::Webp),
    ("civitai", "job.webp", "civitai-job", Kind::Webp),
    ("midjourney", "packet.jpg", "midjourney", Kind::Jpeg),
    ("midjourney", "description.webp", "midjourney", Kind::Webp),
    ("xmp", "caption.tif", "caption-xmp", Kind::Tiff),
    ("xmp", "records.jpg", "caption-iptc", Kind::Jpeg),
    ("camera", "photo.heic", "camera", Kind::Heic),
    ("credentials", "openai.webp", "openai", Kind::Webp),
    ("credentials", "google.jpg", "google", Kind::Jpeg),
    ("credentials", "adobe.png", "adobe", Kind::Png),
    ("credentials", "adobe.jxl", "adobe", Kind::Jxl),
    ("a1111", "trailer.png", "a1111-trailer", Kind::Png),
    ("a1111", "trailer.jpg", "a1111-trailer", Kind::Jpeg),
    ("a1111", "edited.png", "a1111-edited", Kind::Png),
    ("a1111", "hidden.webp", "a1111-webp-hidden", Kind::Webp),
    ("a1111", "upscaled.png", "a1111-upscaled", Kind::Png),
    ("a1111", "extras.jpg", "a1111-extras", Kind::Jpeg),
    ("a1111", "of-2022.png", "a1111-2022", Kind::Png),
    ("a1111", "exported.jpg", "exporter", Kind::Jpeg),
    ("forge", "classic.png", "forge-classic", Kind::Png),
    ("comfyui", "subgraph.png", "comfyui-subgraph", Kind::Png),
    ("comfyui", "subgraph.mp4", "comfyui-subgraph", Kind::Mp4),
    ("comfyui", "group.png", "comfyui-group", Kind::Png),
    ("comfyui", "group.webp", "comfyui-group", Kind::Webp),
    ("comfyui", "helpers.png", "comfyui-helpers", Kind::Png),
    ("comfyui", "helpers.webm", "comfyui-helpers", Kind::Webm),
    ("comfyui", "frames.mp4", "comfyui-video", Kind::Mp4),
    ("comfyui", "packet.avif", "comfyui-xmp", Kind::Avif),
    ("comfyui", "custom.png", "comfyui-custom", Kind::Png),
    ("comfyui", "texts.png", "comfyui-texts", Kind::Png),
    ("comfyui", "pipes.png", "comfyui-pipes", Kind::Png),
    ("comfyui", "efficient.png", "comfyui-efficient", Kind::Png),
    ("comfyui", "edited.webp", "comfyui-edit", Kind::Webp),
    ("comfyui", "asked.png", "comfyui-service", Kind::Png),
    ("fooocus", "beside.png", "fooocus-mre-json", Kind::Png),
    ("fooocus", "logged.jpg", "fooocus-log", Kind::Jpeg),
    ("novelai", "characters.png", "novelai-characters", Kind::Png),
    ("novelai", "characters.webp", "novelai-characters", Kind::Webp),
    ("novelai", "hidden.webp", "novelai-saved-hidden", Kind::Webp),
    ("novelai", "tool.png", "novelai-tool", Kind::Png),
    ("invokeai", "pair.png", "invokeai-3-pair", Kind::Png),
    ("invokeai", "third-graph.png", "invokeai-3-graph", Kind::Png),
    ("invokeai", "preview.png", "invokeai-preview", Kind::Png),
    ("swarmui", "older.jpg", "swarmui-older", Kind::Jpeg),
    ("swarmui", "upscaled.png", "swarmui-upscaled", Kind::Png),
    ("swarmui", "refined.webp", "swarmui-refined", Kind::Webp),
    ("drawthings", "old.png", "drawthings-old", Kind::Png),
    ("easydiffusion", "titles.png", "easydiffusion-titles", Kind::Png),
    ("tensorart", "random.png", "tensorart-random", Kind::Png),
    ("civitai", "tagged.webp", "civitai-tagged", Kind::Webp),
    ("civitai", "tagged.jpg", "civitai-tagged", Kind::Jpeg),
    ("stabilitymatrix", "copy.jpg", "stabilitymatrix-copy", Kind::Jpeg),
    ("stabilitymatrix", "copy.webp", "stabilitymatrix-copy", Kind::Webp),
    ("stabilitymatrix", "project.png", "stabilitymatrix-project", Kind::Png),
    ("generic", "flat.png", "flat-json", Kind::Png),
    ("generic", "flat.jpg", "flat-json", Kind::Jpeg),
    ("captions", "fields.jpg", "caption-fields", Kind::Jpeg),
    ("captions", "comment.gif", "caption-comment", Kind::Gif),
    ("captions", "structured.png", "caption-structured", Kind::Png),
    ("captions", "structured.jpg", "caption-structured", Kind::Jpeg),
    ("captions", "beside.png", "caption-structured-sidecar", Kind::Png),
    ("credentials", "film.mp4", "openai-film", Kind::Mp4),
    ("credentials", "other.png", "credentials-other", Kind::Png),
    ("credentials", "chain.jpg", "credentials-chain", Kind::Jpeg),
    ("labels", "aigc.png", "label-aigc", Kind::Png),
    ("labels", "aigc.jpg", "label-aigc", Kind::Jpeg),
    ("labels", "properties.jpg", "properties-ai", Kind::Jpeg),
    ("labels", "properties.gif", "properties-ai", Kind::Gif),
    ("drawthings", "cut.png", "drawthings-cut", Kind::Png),
    ("drawthings", "cut.jpg", "drawthings-cut", Kind::Jpeg),
    ("midjourney", "images.png", "midjourney-images", Kind::Png),
    ("midjourney", "images.webp", "midjourney-images", Kind::Webp),
    ("credentials", "openai.heic", "openai", Kind::Heic),
    ("labels", "properties.heic", "properties-ai", Kind::Heic),
    ("none", "character-card.png", "character-card", Kind::Png),
    ("none", "embedding.png", "embedding-picture", Kind::Png),
    ("none", "diagram.png", "diagram", Kind::Png),
    ("none", "screenshot.png", "screenshot", Kind::Png),
    ("none", "remarks.jpg", "remarks", Kind::Jpeg),
];

fn written(folder: &str, name: &str) -> Written {
    let (.., writer, kind) =
        WRITTEN.iter().find(|(known, file, ..)| (*known, *file) == (folder, name)).unwrap();
    let mut meant = meant();
    if writer.starts_with("swarmui-") {
        let (scale, steps, denoise, upscaler) = (1.5, 12, 0.4, "4x_grain".to_owned());
        meant.hires = Some(SecondPass { scale, steps, denoise, upscaler });
        meant.refiner = Some("dusk_refiner".to_owned());
    }
    Writer::named(writer).unwrap().file(*kind, &meant, 7)
}

fn meant() -> Intended {
    let lora =
        |name: &str, weight| Adapter { name: name.to_owned(), weight, hash: "0011aabbccdd".to_owned() };
    Intended {
        positive: "a pewter kite over dunes, 砂丘 🪁\nevening light".to_owned(),
        negative: "text, \"frame\"".to_owned(),
        steps: 24,
        sampler: "dpmpp_2m".to_owned(),
        scheduler: "karras".to_owned(),
        cfg: 5.5,
        guidance: 3.5,
        seed: 12_345_678_901_234_567_890,
        width: 832,
        height: 1_216,
        model: "duneMix_v4".to_owned(),
        model_hash: "0a1b2c3d4e".to_owned(),
        vae: "soft_v2".to_owned(),
        clip_skip: 2,
        loras: vec![lora("sand_style", 0.6), lora("dusk", -0.25)],
        hires: None,
        refiner: None,
    }
}

fn expected_of(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.json", path.display()))
}

fn all() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let written = WRITTEN.iter().map(|(folder, name, ..)| (*folder, *name, written(folder, name).bytes));
    let mut all =
        [made(), made_of_others(), super::fixtures_of_containers::made(), dialect_fixtures::made()].concat();
    all.extend(written);
    all
}

fn write_all() {
    for (dialect, name, bytes) in all() {
        std::fs::create_dir_all(folder().join(dialect)).unwrap();
        std::fs::write(folder().join(dialect).join(name), bytes).unwrap();
    }
    for (path, text) in SIDECARS {
        std::fs::write(folder().join(path), text).unwrap();
    }
    for (dialect, name, ..) in WRITTEN {
        let (path, written) = (folder().join(dialect).join(name), written(dialect, name));
        for (end, bytes) in written.beside {
            std::fs::write(path.with_extension(end), bytes).unwrap();
        }
        if written.is_logged {
            std::fs::write(path.with_file_name("log.html"), log_page(&[(name, &meant())])).unwrap();
        }
    }
    for (dialect, name, _) in all() {
        let path = folder().join(dialect).join(name);
        std::fs::write(expected_of(&path), format!("{:#}\n", read_as(&path))).unwrap();
    }
}

#[test]
fn fixtures_are_read_as_stated_beside_them() {
    if std::env::var_os("LUMIDEX_WRITE_FIXTURES").is_some() {
        write_all();
    }
    let mut n_read = 0;
    for dialect in std::fs::read_dir(folder()).unwrap() {
        for file in std::fs::read_dir(dialect.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let extension = path.extension().unwrap_or_default().to_str().unwrap_or_default();
            if ["json", "txt", "html"].contains(&extension) {
                continue;
            }
            let expected: Value =
                serde_json::from_slice(&std::fs::read(expected_of(&path)).unwrap()).unwrap();
            assert_eq!(read_as(&path), expected, "{}", path.display());
            n_read += 1;
        }
    }
    assert_eq!(n_read, all().len());
}
