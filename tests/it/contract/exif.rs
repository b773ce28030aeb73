//! Contract section 3.3 for every container and dialect, over the fixtures; and that files of every
//! container are found like any other.

use super::served::{Served, names};
use lumidex_schema::tag::TagKind;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/images").join(name)
}

/// The text that a fixture's recipe was read from.
fn raw(name: &str) -> String {
    let expected = std::fs::read(fixture(&format!("{name}.json"))).unwrap();
    let expected: Value = serde_json::from_slice(&expected).unwrap();
    expected["recipe"]["raw"].as_str().unwrap_or_default().to_owned()
}

const XMP: &str = "<x:xmpmeta xmlns:x='adobe:ns:meta/'/>";
const WORKFLOW: &str = r#"workflow:{"nodes": [], "links": []}"#;

/// What must be shown of each fixture; `{raw}` stands for the text its recipe was read from.
const SHOWN: [(&str, &[(&str, &str)]); 26] = [
    ("a1111/infotext.png", &[("parameters", "{raw}")]),
    ("a1111/behind-the-data.png", &[("parameters", "{raw}")]),
    ("a1111/compressed.png", &[("parameters", "{raw}")]),
    ("a1111/user-comment.jpg", &[("34665", "26"), ("37510", "{raw}")]),
    ("a1111/user-comment.webp", &[("34665", "26"), ("37510", "{raw}")]),
    ("a1111/user-comment.avif", &[("34665", "26"), ("37510", "{raw}"), ("xmp", XMP)]),
    ("a1111/japanese.heic", &[("34665", "26"), ("37510", "{raw}")]),
    ("a1111/user-comment.jxl", &[("34665", "26"), ("37510", "{raw}"), ("xmp", XMP)]),
    ("a1111/comment.gif", &[("background", "0"), ("comment", "{raw}"), ("version", "GIF89a"), ("xmp", XMP)]),
    ("a1111/user-comment.tiff", &DESCRIBED),
    ("a1111/user-comment-64-bit.tif", &DESCRIBED),
    ("a1111/sidecar.bmp", &[("compression", "0"), ("dpi", "(72.008961115161, 72.008961115161)")]),
    ("a1111/sidecar.png", &[]),
    ("forge/infotext.png", &[("parameters", "{raw}")]),
    ("forge/comment.gif", &[("background", "0"), ("comment", "{raw}"), ("version", "GIF89a")]),
    ("comfyui/graph.png", &[("prompt", "{raw}"), ("workflow", "{}")]),
    ("comfyui/graph.webp", &[("271", WORKFLOW), ("272", "prompt:{raw}")]),
    ("comfyui/graph.avif", &[("271", WORKFLOW), ("272", "prompt:{raw}")]),
    ("comfyui/graph.jxl", &[("272", "prompt:{raw}")]),
    (
        "comfyui/graph.tif",
        &[
            ("256", "4"),
            ("257", "4"),
            ("258", "8"),
            ("259", "1"),
            ("262", "1"),
            ("271", WORKFLOW),
            ("272", "prompt:{raw}"),
            ("273", "(8, 12, 16, 20)"),
            ("277", "1"),
            ("278", "1"),
            ("279", "(4, 4, 4, 4)"),
            ("compression", "raw"),
        ],
    ),
    (
        "forge/description.tif",
        &[
            ("256", "4"),
            ("257", "4"),
            ("258", "8"),
            ("259", "1"),
            ("262", "1"),
            ("270", "{raw}"),
            ("273", "(8, 12, 16, 20)"),
            ("277", "1"),
            ("278", "1"),
            ("279", "(4, 4, 4, 4)"),
            ("compression", "raw"),
        ],
    ),
    ("novelai/captions.avif", &[("305", "NovelAI"), ("34665", "38"), ("37510", "{raw}")]),
    ("novelai/captions.webp", &[("305", "NovelAI"), ("34665", "38"), ("37510", "{raw}")]),
    (
        "novelai/captions.png",
        &[
            ("Comment", "{raw}"),
            ("Description", "1girl, kite"),
            ("Software", "NovelAI"),
            ("Source", "NovelAI Diffusion V4 1A2B3C4D"),
            ("Title", "AI generated image"),
        ],
    ),
    ("a1111/caption.png", &[]),
    ("comfyui/infotext-and-graph.png", &[("parameters", "{raw}")]),
];

const DESCRIBED: [(&str, &str); 18] = [
    ("256", "8"),
    ("257", "4"),
    ("258", "8"),
    ("259", "1"),
    ("262", "1"),
    ("277", "1"),
    ("278", "1"),
    ("279", "(8, 8, 8, 8)"),
    ("282", "72.0"),
    ("283", "300.0"),
    ("296", "2"),
    ("33434", "0.008"),
    ("34853", r#"{"1":"N","2":"(52.0, 31.0, 12.5)"}"#),
    ("36864", "0232"),
    ("37510", "{raw}"),
    ("40091", "t\u{fc}r"),
    ("compression", "raw"),
    ("dpi", "(72.0, 300.0)"),
];

/// A library with these fixtures beside its own files.
fn served() -> Served {
    let served = Served::new();
    for (name, _) in SHOWN {
        let to = PathBuf::from(served.path(name));
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(fixture(name), to).unwrap();
    }
    served.library.update().unwrap();
    served
}

#[test]
fn every_container_and_dialect_is_shown_by_name() {
    let served = served();
    for (name, want) in SHOWN {
        let route = format!("/image_exif?path={}", served.encoded(name));
        let mut want: Map<String, Value> = want
            .iter()
            .map(|(key, text)| ((*key).to_owned(), text.replace("{raw}", &raw(name)).into()))
            .collect();
        let answer = served.get("GET", &route, &Value::Null);
        let shown = answer.as_object().unwrap();
        assert!(shown.values().all(Value::is_string), "{answer}");
        // Where the directories and strips happen to lie, and the rest of what these two hold.
        if name.starts_with("a1111/user-comment") && name.contains(".tif") {
            want.insert("xmp".into(), XMP.into());
            want.insert("37500".into(), format!("{} … (100 bytes)", vec!["a5"; 32].join(" ")).into());
            for key in ["273", "34665"] {
                want.insert(key.into(), shown[key].clone());
            }
        }
        if name == "comfyui/infotext-and-graph.png" {
            want.insert("prompt".into(), raw("comfyui/graph.png").into());
        }
        served.check("GET", &route, &Value::Null, 200, &want.into());
    }
}

#[test]
fn values_that_are_json_can_be_opened() {
    let served = served();
    let shown = |name: &str, key: &str| -> Value {
        let route = format!("/image_exif?path={}", served.encoded(name));
        let text = served.get("GET", &route, &Value::Null)[key].as_str().unwrap().to_owned();
        serde_json::from_str(&text).unwrap()
    };
    assert_eq!(shown("a1111/user-comment.tiff", "34853")["1"], "N");
    assert_eq!(shown("novelai/captions.avif", "37510")["seed"], 123);
    assert_eq!(shown("comfyui/graph.png", "prompt")["3"]["inputs"]["seed"], 7);
}

#[test]
fn films_sound_and_what_is_no_picture_show_nothing() {
    let served = Served::new();
    let film = b"\0\0\0\x14ftypisom\0\0\0\0isom\0\0\0\x08free";
    let avif = std::fs::read(fixture("a1111/user-comment.avif")).unwrap();
    for (name, content) in [
        ("film.mp4", &film[..]),
        ("film.avif", film),
        ("picture.mp4", &avif),
        ("sound.mp3", b"ID3\x03\0\0\0\0\0\0"),
        ("cut.tif", b"II*\0\xff\xff\xff\x7f"),
        ("cut.avif", &avif[..40]),
        ("empty.jxl", b""),
    ] {
        std::fs::write(served.path(name), content).unwrap();
        let route = format!("/image_exif?path={}", served.encoded(name));
        served.check("GET", &route, &Value::Null, 200, &json!({}));
    }
}

#[test]
fn files_of_every_container_are_found_by_text_and_size() {
    let served = served();
    let found = |text: &str| {
        let answer = served.get("POST", "/db/search_by_substr", &json!({ "surstr": text }));
        let mut found: Vec<_> = names(&answer).into_iter().map(str::to_owned).collect();
        found.sort();
        found
    };
    assert_eq!(found("a paper boat"), ["graph.avif", "graph.jxl", "graph.png", "graph.tif", "graph.webp"]);
    assert_eq!(found("a lighthouse"), ["comment.gif", "description.tif", "infotext.png"]);
    assert_eq!(found("Seed: 18446744073709551615").len(), 9);
    assert_eq!(found("猫\nSteps: 4"), ["japanese.heic"]);
    let sized = |size: &str| {
        let tag = served.tag(TagKind::PixelSize, size);
        let answer = served.get("POST", "/db/match_images_by_tags", &json!({ "and_tags": [tag] }));
        let mut sized: Vec<_> = names(&answer).into_iter().map(str::to_owned).collect();
        sized.sort();
        sized
    };
    let coded = ["captions.avif", "graph.avif", "graph.jxl", "user-comment.avif", "user-comment.jxl"];
    assert_eq!(sized("64 × 32"), coded);
    assert_eq!(sized("32 × 64"), ["japanese.heic"]);
    assert_eq!(sized("1 × 1"), ["comment.gif", "comment.gif"]);
    assert_eq!(sized("4 × 4"), ["description.tif", "graph.tif"]);
    assert_eq!(
        sized("8 × 4"),
        ["captions.webp", "graph.webp", "user-comment-64-bit.tif", "user-comment.tiff", "user-comment.webp"]
    );
}
