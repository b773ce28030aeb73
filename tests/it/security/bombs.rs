//! Classes 10 and 11: files that unfold to more than anybody has. The program reads them, is asked for each, grows by less
//! than the bound, and answers others meanwhile.

use crate::contract::served::encode;
use crate::live::{Program, command, pictures};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Value, json};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How much one of them may cost, in bytes of anonymous memory.
const GROWTH_MAX: u64 = 64 << 20;

fn chunk(png: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    png.extend((data.len() as u32).to_be_bytes());
    png.extend(kind);
    png.extend(data);
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    crc.update(data);
    png.extend(crc.sum().to_be_bytes());
}

fn png(width: u32, height: u32, chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let header = [width.to_be_bytes().as_slice(), &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
    chunk(&mut png, b"IHDR", &header);
    for (kind, data) in chunks {
        chunk(&mut png, kind, data);
    }
    chunk(&mut png, b"IDAT", &deflated(1 << 20, b'\0'));
    chunk(&mut png, b"IEND", b"");
    png
}

/// So many bytes, made small.
fn deflated(n_bytes: usize, byte: u8) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    let piece = vec![byte; 1 << 20];
    for _ in 0..n_bytes / piece.len() {
        packed.write_all(&piece).unwrap();
    }
    packed.finish().unwrap()
}

fn corpus() -> Vec<(&'static str, Vec<u8>)> {
    let bomb = deflated(1 << 30, b'a');
    let deep = |open: &str, n: usize| format!("parameters\0{}", open.repeat(n)).into_bytes();
    let prompt = |text: String| [b"prompt\0".as_slice(), text.as_bytes()].concat();
    let xmp = |inner: &str| {
        let packet = [b"http://ns.adobe.com/xap/1.0/\0".as_slice(), inner.as_bytes()].concat();
        let mut jpeg = b"\xff\xd8".to_vec();
        for piece in packet.chunks(65_000) {
            jpeg.extend(b"\xff\xe1");
            jpeg.extend((piece.len() as u16 + 2).to_be_bytes());
            jpeg.extend(piece);
        }
        [jpeg, b"\xff\xd9".to_vec()].concat()
    };
    let mut frames = Vec::new();
    let control = [0; 26].to_vec();
    frames.push((b"acTL", [1_000_000_u32.to_be_bytes(), 0_u32.to_be_bytes()].concat()));
    frames.extend(std::iter::repeat_n((b"fcTL", control), 1_000_000));
    let atom = |size: u32, kind: &[u8; 4]| [size.to_be_bytes().as_slice(), kind].concat();
    let laughs = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;\">]><x>&b;</x>";
    vec![
        ("wide.png", png(16_384, 16_384, &[])),
        ("long.png", png(1, i32::MAX as u32, &[])),
        ("frames.png", png(64, 64, &frames)),
        ("ztxt.png", png(8, 8, &[(b"zTXt", [b"parameters\0\0".as_slice(), &bomb].concat())])),
        ("itxt.png", png(8, 8, &[(b"iTXt", [b"parameters\0\x01\0\0\0".as_slice(), &bomb].concat())])),
        ("iccp.png", png(8, 8, &[(b"iCCP", [b"x\0\0".as_slice(), &bomb].concat())])),
        (
            "many.png",
            png(
                8,
                8,
                &vec![(b"zTXt", [b"parameters\0\0".as_slice(), &deflated(32 << 20, b'b')].concat()); 200],
            ),
        ),
        ("deep.png", png(8, 8, &[(b"tEXt", prompt("[".repeat(100_000)))])),
        ("deeper.png", png(8, 8, &[(b"tEXt", prompt("{\"a\":".repeat(100_000)))])),
        ("brackets.png", png(8, 8, &[(b"tEXt", deep("(((", 1_000_000))])),
        ("loras.png", png(8, 8, &[(b"tEXt", deep("<lora:a:1>", 300_000))])),
        ("laughs.jpg", xmp(laughs)),
        ("nested.jpg", xmp(&"<a>".repeat(200_000))),
        ("wide.gif", b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x08\0;".to_vec()),
        (
            "wide.bmp",
            [
                &b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\xff\xff\xff\x7f\xff\xff\xff\x7f\x01\0\x18\0"[..],
                &[0; 24],
            ]
            .concat(),
        ),
        ("claims.webp", b"RIFF\xff\xff\xff\xffWEBPEXIF\xff\xff\xff\x7fII*\0\x08\0\0\0\xff\xff".to_vec()),
        (
            "claims.mp4",
            [atom(16, b"ftyp"), b"isom\0\0\0\0".to_vec(), atom(u32::MAX, b"moov"), atom(u32::MAX, b"meta")]
                .concat(),
        ),
        (
            "nested.mp4",
            [atom(16, b"ftyp"), b"isom\0\0\0\0".to_vec(), [atom(u32::MAX, b"moov")].concat().repeat(100_000)]
                .concat(),
        ),
        ("claims.mkv", b"\x1a\x45\xdf\xa3\xff\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff".to_vec()),
        ("claims.flac", b"fLaC\x84\xff\xff\xff\xff\xff\xff\xff".to_vec()),
    ]
}

/// Anonymous memory of a process, in bytes.
fn anonymous(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

fn ask_all(program: &Program, path: &Path, names: &[&str]) {
    for name in names {
        let file = encode(path.join(name).to_str().unwrap());
        for route in [
            "/iib/image_geninfo",
            "/iib/image_exif",
            "/api/v1/workflow",
            "/iib/image-thumbnail",
            "/iib/video_cover",
            "/api/v1/image",
        ] {
            let reply = program.client.get(format!("{}{route}?path={file}", program.url)).send().unwrap();
            let status = reply.status().as_u16();
            // A film of which nothing can be shown is a failure by the contract.
            let may_fail =
                route == "/iib/video_cover" && reply.headers()["content-type"] == "application/json";
            assert!(status < 500 || may_fail, "{route} of {name}: {status} {:?}", reply.text());
        }
    }
}

#[test]
fn files_that_unfold_without_end_cost_little_and_hold_up_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let (pics, data) = (dir.path().join("pics"), dir.path().join("data"));
    pictures(&pics, 12);
    let program = Program::start_as(command(&data), &[&pics]);
    program.reference("/db/update_image_data", &json!({}));
    // What is set up once is set up: readers, decoders, caches.
    let ordinary: Vec<String> =
        fs::read_dir(&pics).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    ask_all(&program, &pics, &ordinary.iter().map(String::as_str).collect::<Vec<_>>());
    let mut costs = Vec::new();
    for (name, content) in corpus() {
        let before = anonymous(program.child.id());
        fs::write(pics.join(name), content).unwrap();
        let (is_over, most) = (AtomicBool::new(false), AtomicU64::new(0));
        let asked_meanwhile = AtomicU64::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    most.fetch_max(anonymous(program.child.id()), Ordering::Relaxed);
                    assert_eq!(program.get("/iib/hello"), "hello");
                    asked_meanwhile.fetch_add(1, Ordering::Relaxed);
                }
            });
            program.reference("/db/update_image_data", &json!({}));
            ask_all(&program, &pics, &[name]);
            is_over.store(true, Ordering::Relaxed);
        });
        costs.push((name, most.into_inner().saturating_sub(before) >> 10));
        assert!(asked_meanwhile.into_inner() > 0, "others were answered");
    }
    println!("KiB: {costs:?}");
    for (name, cost) in &costs {
        assert!(*cost << 10 < GROWTH_MAX, "{name} made it grow by {cost} KiB");
    }
    let found =
        program.reference("/db/search_by_substr", &json!({ "surstr": "frames.png", "path_only": true }));
    assert_eq!(found["files"].as_array().map(Vec::len), Some(1), "what is no good is there all the same");
    assert_eq!(program.get("/iib/version")["name"], Value::from("lumidex"));
}
