//! What every fuzz target does with its input, and what must hold whatever it is. Also run over the kept
//! corpus by the crate's tests.

use lumidex_metadata::limits::GENERATION_TEXT_BYTES_MAX;
use lumidex_metadata::{Beside, Bytes, auto_tags, read, recipe_of, redacted, slots_as_text};

/// A container by its name, a file name of it, and the bytes it begins with.
pub(crate) const CONTAINERS: [(&str, &str, &[u8]); 12] = [
    ("png", "a.png", b"\x89PNG\r\n\x1a\n"),
    ("jpeg", "a.jpg", b"\xff\xd8\xff"),
    ("webp", "a.webp", b"RIFF\0\0\0\0WEBP"),
    ("gif", "a.gif", b"GIF89a"),
    ("tiff", "a.tif", b"II*\0"),
    ("bmp", "a.bmp", b"BM"),
    ("heif", "a.avif", b"\0\0\0\x18ftypavif"),
    ("jxl", "a.jxl", b"\0\0\0\x0cJXL \r\n\x87\n"),
    ("mp4", "a.mp4", b"\0\0\0\x18ftypisom"),
    ("matroska", "a.webm", b"\x1a\x45\xdf\xa3"),
    ("flac", "a.flac", b"fLaC"),
    ("mp3", "a.mp3", b"ID3"),
];

/// A dialect by its name: the texts of a PNG, where a star is the input.
pub(crate) const DIALECTS: [(&str, &[(&str, &str)]); 18] = [
    ("infotext", &[("parameters", "*")]),
    ("comfyui", &[("prompt", "*")]),
    ("comfyui-editor", &[("workflow", "*")]),
    ("novelai", &[("Software", "NovelAI"), ("Comment", "*")]),
    ("swarmui", &[("parameters", "{\"sui_image_params\": *}")]),
    ("fooocus", &[("fooocus_scheme", "fooocus"), ("parameters", "*")]),
    ("invokeai", &[("invokeai_metadata", "*")]),
    ("invokeai-graph", &[("invokeai_graph", "*")]),
    ("dream", &[("Dream", "*")]),
    ("sd-metadata", &[("sd-metadata", "*")]),
    ("stabilitymatrix", &[("parameters-json", "*"), ("parameters", "*")]),
    ("tensorart", &[("generation_data", "*")]),
    (
        "easydiffusion",
        &[("prompt", "*"), ("negative_prompt", "*"), ("use_lora_model", "*"), ("lora_alpha", "*")],
    ),
    ("civitai", &[("parameters", "{\"extraMetadata\": *}")]),
    ("drawthings", &[("UserComment", "{\"c\": \"a\", \"uc\": \"b\", \"v2\": *}")]),
    ("midjourney", &[("Description", "* Job ID: 00000000-1111-4222-8333-444444444444")]),
    ("flat", &[("Comment", "*")]),
    ("xmp", &[("XML:com.adobe.xmp", "*")]),
];

/// Tries an input as the target of this name does.
///
/// # Panics
/// When a target is unknown, or something that must hold does not.
pub(crate) fn run(target: &str, data: &[u8]) {
    if let Some((_, name, magic)) = CONTAINERS.iter().find(|(known, ..)| *known == target) {
        let whole = if data.starts_with(&magic[..magic.len().min(3)]) {
            data.to_vec()
        } else {
            [*magic, data].concat()
        };
        return check(&whole, name, None);
    }
    if target == "sidecar" {
        return check(&png(&[]), "a.png", Some(data));
    }
    let (_, texts) = DIALECTS.iter().find(|(known, _)| *known == target).expect("a known target");
    let filled: Vec<_> = texts
        .iter()
        .map(|(keyword, pattern)| {
            let (before, after) = pattern.split_once('*').unwrap_or((pattern, ""));
            let middle = if pattern.contains('*') { data } else { b"" };
            (*keyword, [before.as_bytes(), middle, after.as_bytes()].concat())
        })
        .collect();
    check(&png(&filled), "ComfyUI_00001_.png", None);
}

fn check(file: &[u8], name: &str, sidecar: Option<&[u8]>) {
    let source = Bytes(file);
    let beside: Vec<_> = sidecar.map(|bytes| Beside { name: b"a.txt", bytes }).into_iter().collect();
    let reading = read(&source, name.as_bytes(), &beside).expect("bytes in memory can be read");
    assert!(reading.generation_text.len() <= GENERATION_TEXT_BYTES_MAX);
    assert!(!reading.generation_text.contains('\0'));
    if let Some(recipe) = &reading.recipe {
        // What is searched must know the recipe again: tags and rules follow from it.
        assert!(recipe_of(&reading.generation_text).is_some(), "{:?}", reading.generation_text);
        let _ = auto_tags(recipe);
    }
    let again = read(&source, name.as_bytes(), &beside).expect("bytes in memory can be read");
    assert!(again == reading, "the same bytes give the same record");
    let _ = slots_as_text(&source).expect("bytes in memory can be read");
    let _ = redacted(&source, name.as_bytes(), &beside).expect("bytes in memory can be read");
}

/// A PNG of one grey pixel with these texts; checksums are left out, which readers do not mind.
fn png(texts: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8], parts: &[&[u8]]| {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        bytes.extend(u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend(kind);
        parts.iter().for_each(|part| bytes.extend(*part));
        bytes.extend([0; 4]);
    };
    chunk(b"IHDR", &[&[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]]);
    for (keyword, text) in texts {
        chunk(b"iTXt", &[keyword.as_bytes(), &[0, 0, 0, 0, 0], text]);
    }
    chunk(b"IDAT", &[&[0x78, 0x9c, 0x63, 0x68, 0, 0, 0, 0x82, 0, 0x81]]);
    chunk(b"IEND", &[]);
    bytes
}
