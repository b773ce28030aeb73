//! Reads synthetic files back with readers of its own, and weighs whole libraries.

#![allow(clippy::unwrap_used)]

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::os::unix::fs::MetadataExt;

use super::*;

const SECOND_NS: i64 = 1_000_000_000;

fn be32(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes[..4].try_into().unwrap())
}

fn le32(bytes: &[u8]) -> usize {
    u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize
}

fn inflate(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::ZlibDecoder::new(data).read_to_end(&mut out).unwrap();
    out
}

/// The checksum of PNG annex D, bit by bit.
fn crc(data: &[u8]) -> u32 {
    !data.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)))
    })
}

/// Chunks of a PNG, all checksums checked.
fn png_chunks(file: &[u8]) -> Vec<([u8; 4], Vec<u8>)> {
    assert_eq!(&file[..8], b"\x89PNG\r\n\x1a\n");
    let mut rest = &file[8..];
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let len = be32(rest) as usize;
        assert_eq!(crc(&rest[4..8 + len]), be32(&rest[8 + len..]));
        chunks.push((rest[4..8].try_into().unwrap(), rest[8..8 + len].to_vec()));
        rest = &rest[12 + len..];
    }
    assert_eq!(&chunks.last().unwrap().0, b"IEND");
    chunks
}

/// Texts of a PNG by keyword.
fn png_texts(file: &[u8]) -> HashMap<String, String> {
    let latin1 = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect::<String>();
    let mut texts = HashMap::new();
    for (kind, data) in png_chunks(file) {
        let Some(end) = data.iter().position(|byte| *byte == 0) else { continue };
        let (key, value) = (latin1(&data[..end]), &data[end + 1..]);
        let text = match &kind {
            b"tEXt" => latin1(value),
            b"zTXt" => latin1(&inflate(&value[1..])),
            b"iTXt" if value[0] == 1 => String::from_utf8(inflate(&value[4..])).unwrap(),
            b"iTXt" => String::from_utf8(value[4..].to_vec()).unwrap(),
            _ => continue,
        };
        texts.insert(key, text);
    }
    texts
}

/// The comment of the one TIFF block the encoders write.
fn comment(tiff: &[u8]) -> String {
    assert_eq!(&tiff[..4], b"MM\0*");
    let exif_at = be32(&tiff[18..]) as usize;
    let (count, at) = (be32(&tiff[exif_at + 6..]) as usize, be32(&tiff[exif_at + 10..]) as usize);
    let value = &tiff[at..at + count];
    assert_eq!(at + count, tiff.len());
    let units: Vec<u16> = value
        .strip_prefix(b"UNICODE\0")
        .unwrap()
        .chunks(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect();
    String::from_utf16(&units).unwrap()
}

/// Segments of a JPEG up to and with the scan's header, and the entropy-coded bytes.
fn jpeg_segments(file: &[u8]) -> (Vec<(u8, Vec<u8>)>, Vec<u8>) {
    assert_eq!(&file[..2], [0xff, 0xd8]);
    let mut at = 2;
    let mut segments = Vec::new();
    loop {
        assert_eq!(file[at], 0xff);
        let len = usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
        segments.push((file[at + 1], file[at + 4..at + 2 + len].to_vec()));
        at += 2 + len;
        if segments.last().unwrap().0 == 0xda {
            let scan = file[at..].strip_suffix(&[0xff, 0xd9]).unwrap();
            return (segments, scan.to_vec());
        }
    }
}

/// Chunks of a WebP; the sizes must add up.
fn webp_chunks(file: &[u8]) -> Vec<([u8; 4], Vec<u8>)> {
    assert_eq!((&file[..4], le32(&file[4..]), &file[8..12]), (&b"RIFF"[..], file.len() - 8, &b"WEBP"[..]));
    let mut rest = &file[12..];
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let len = le32(&rest[4..]);
        chunks.push((rest[..4].try_into().unwrap(), rest[8..8 + len].to_vec()));
        rest = &rest[8 + len + len % 2..];
    }
    chunks
}

/// Some images of every dialect.
fn samples() -> impl Iterator<Item = SynthImage> {
    Dialect::COMMON.into_iter().flat_map(|dialect| {
        let library = Library::new(11, 4_000).with_dialects(&[dialect]);
        (0..4_000).step_by(67).map(move |index| library.image(index))
    })
}

#[test]
fn an_image_does_not_depend_on_the_others() {
    let library = Library::new(5, 3_000);
    let forwards: Vec<_> =
        (0..300).map(|index| (library.image(index).name, library.image(index).bytes())).collect();
    for index in (0..300).rev() {
        let image = Library::new(5, 3_000).image(index);
        assert_eq!((image.name.clone(), image.bytes()), forwards[index as usize]);
    }
    assert_ne!(Library::new(6, 3_000).image(0).bytes(), library.image(0).bytes());
}

/// Benches and fixtures made years apart must be comparable. Whoever changes what a library holds
/// on purpose writes the new number here.
#[test]
fn libraries_stay_the_same_for_ever() {
    let library = Library::new(1, 2_000);
    let mut all = Vec::new();
    for index in (0..2_000).step_by(13) {
        let image = library.image(index);
        all.extend_from_slice(image.folder.as_bytes());
        all.extend_from_slice(image.name.as_bytes());
        all.extend_from_slice(&image.modified_ns.to_be_bytes());
        all.extend_from_slice(&image.bytes());
        all.extend_from_slice(image.sidecar().unwrap_or_default().as_bytes());
    }
    assert_eq!(crc(&all), FROZEN);
}
const FROZEN: u32 = 2169395378;

#[test]
fn png_files_hold_their_pixels() {
    let mut seen = HashSet::new();
    for image in samples().filter(|image| image.name.ends_with(".png")) {
        let chunks = png_chunks(&image.bytes());
        let (kind, header) = &chunks[0];
        let (width, height) = (be32(header), be32(&header[4..]));
        assert_eq!((kind, &header[8..]), (b"IHDR", &[8, 2, 0, 0, 0][..]));
        assert_eq!((width, height), (image.expected.pixel_width, image.expected.pixel_height));
        let data: Vec<u8> =
            chunks.iter().filter(|(kind, _)| kind == b"IDAT").flat_map(|(_, data)| data.clone()).collect();
        let rows = inflate(&data);
        assert_eq!(rows.len() as u32, (width * 3 + 1) * height);
        assert!(rows.chunks((width * 3 + 1) as usize).all(|row| row[0] == 0));
        assert!(seen.insert((image.dialect, rows)), "two images share their pixels");
    }
}

#[test]
fn png_files_say_what_was_promised() {
    for image in samples() {
        let texts = if image.name.ends_with(".png") { png_texts(&image.bytes()) } else { continue };
        match image.dialect {
            Dialect::A1111Png | Dialect::ForgePng => {
                assert_eq!(texts.get("parameters"), image.expected.infotext.as_ref());
            }
            Dialect::ComfyUiPng => {
                let graph: serde_json::Value = serde_json::from_str(&texts["prompt"]).unwrap();
                assert!(texts["prompt"].is_ascii());
                assert_eq!(graph["6"]["inputs"]["text"], image.expected.positive.as_str());
                assert_eq!(graph["3"]["inputs"]["seed"], image.expected.seed.unwrap());
                assert!(serde_json::from_str::<serde_json::Value>(&texts["workflow"]).is_ok());
            }
            Dialect::NovelAiPng => {
                let comment: serde_json::Value = serde_json::from_str(&texts["Comment"]).unwrap();
                assert_eq!(comment["uc"], image.expected.negative.as_str());
                assert_eq!(texts["Software"], "NovelAI");
                assert_eq!(texts["Description"], image.expected.positive);
            }
            _ => assert!(texts.is_empty()),
        }
    }
}

#[test]
fn every_way_of_storing_a_png_text_occurs() {
    let library = Library::new(3, 20_000).with_dialects(&[Dialect::A1111Png]);
    let mut ways = HashSet::new();
    for index in (0..20_000).step_by(64) {
        let chunks = png_chunks(&library.image(index).bytes());
        let place = chunks.iter().position(|(kind, _)| kind != b"IHDR" && kind != b"IDAT").unwrap();
        ways.insert((chunks[place].0, place == 1));
    }
    for way in [(*b"tEXt", true), (*b"iTXt", true), (*b"zTXt", false), (*b"iTXt", false)] {
        assert!(ways.contains(&way), "{way:?} of {ways:?}");
    }
}

#[test]
fn jpeg_files_are_whole_and_say_what_was_promised() {
    for image in samples().filter(|image| image.dialect == Dialect::A1111Jpeg) {
        let (segments, scan) = jpeg_segments(&image.bytes());
        let frame = &segments.iter().find(|(marker, _)| *marker == 0xc0).unwrap().1;
        assert_eq!(u32::from(frame[2]), image.expected.pixel_height);
        assert_eq!(u32::from(frame[4]), image.expected.pixel_width);
        assert!(scan.windows(2).all(|pair| pair[0] != 0xff || pair[1] == 0), "a marker within the scan");
        let exif = &segments.iter().find(|(marker, _)| *marker == 0xe1).unwrap().1;
        assert_eq!(
            &comment(exif.strip_prefix(b"Exif\0\0").unwrap()),
            image.expected.infotext.as_ref().unwrap()
        );
    }
}

#[test]
fn webp_files_are_whole_and_say_what_was_promised() {
    for image in samples().filter(|image| image.dialect == Dialect::A1111Webp) {
        let chunks = webp_chunks(&image.bytes());
        let kinds: Vec<_> = chunks.iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, [b"VP8X", b"VP8L", b"EXIF"]);
        let size = u32::from_le_bytes(chunks[1].1[1..5].try_into().unwrap());
        assert_eq!(chunks[1].1[0], 0x2f);
        assert_eq!((size & 0x3fff) + 1, image.expected.pixel_width);
        assert_eq!(((size >> 14) & 0x3fff) + 1, image.expected.pixel_height);
        assert_eq!(&comment(&chunks[2].1), image.expected.infotext.as_ref().unwrap());
    }
}

#[test]
fn sidecars_stand_beside_the_dialects_that_have_them() {
    for image in samples() {
        match image.dialect {
            Dialect::Sidecar => assert!(image.sidecar().unwrap().contains("\nSteps: ")),
            Dialect::Caption => assert!(!image.sidecar().unwrap().contains(['\n', ':'])),
            _ => assert_eq!(image.sidecar(), None),
        }
    }
}

#[test]
fn tags_follow_zipfs_law() {
    let library = Library::new(8, 60_000);
    let mut counts: HashMap<String, u32> = HashMap::new();
    for index in (0..60_000).step_by(5) {
        let image = library.image(index);
        if image.language == Language::English {
            for tag in image.expected.positive.split(", ") {
                *counts.entry(tag.to_owned()).or_default() += 1;
            }
        }
    }
    let mut ranked: Vec<u32> = counts.values().copied().collect();
    ranked.sort_unstable_by(|a, b| b.cmp(a));
    assert!(ranked.len() > 5_000, "{} tags", ranked.len());
    // Twice the rank, about half as often, over three powers of ten.
    for rank in [4, 16, 64, 256] {
        let ratio = f64::from(ranked[rank]) / f64::from(ranked[rank * 4]);
        assert!((2.0..9.0).contains(&ratio), "rank {rank}: {ratio}");
    }
}

#[test]
fn libraries_look_like_real_ones() {
    let library = Library::new(2, 100_000);
    let (mut text_bytes, mut texts, mut languages) = (0, 0, HashMap::new());
    for index in (0..100_000).step_by(31) {
        let image = library.image(index);
        *languages.entry(image.language).or_insert(0) += 1;
        if let Some(text) = image.expected.infotext {
            text_bytes += text.len();
            texts += 1;
        }
    }
    let mean = text_bytes / texts;
    assert!((600..1_500).contains(&mean), "{mean} bytes of text on average");
    assert_eq!(languages.len(), 5, "{languages:?}");
    assert!(languages.values().all(|count| *count > 50), "{languages:?}");
}

#[test]
fn batches_share_all_but_seed_and_name() {
    let library = Library::new(2, 2_000);
    let mut batches: HashMap<u32, Vec<SynthImage>> = HashMap::new();
    for index in 0..2_000 {
        let image = library.image(index);
        batches.entry(image.batch).or_default().push(image);
    }
    let mean = 2_000.0 / batches.len() as f64;
    assert!((4.0..5.0).contains(&mean), "{mean} images a batch");
    for batch in batches.values() {
        assert!(batch.len() <= 8);
        let seeds: HashSet<_> = batch.iter().filter_map(|image| image.expected.seed).collect();
        assert!(seeds.len() == batch.len() || seeds.is_empty());
        assert!(batch.iter().all(|image| image.expected.positive == batch[0].expected.positive));
        assert!(batch.iter().all(|image| image.folder == batch[0].folder));
    }
}

#[test]
fn many_images_share_a_second_and_some_a_nanosecond() {
    let library = Library::new(4, 10_000);
    let times: Vec<i64> = (0..10_000).map(|index| library.image(index).modified_ns).collect();
    let mut by_second: HashMap<i64, u32> = HashMap::new();
    for time in &times {
        *by_second.entry(time / SECOND_NS).or_default() += 1;
    }
    let sharing: u32 = by_second.values().filter(|count| **count > 1).sum();
    assert!(sharing > 5_000, "{sharing} of 10000 share their second");
    assert!(by_second.values().any(|count| *count >= 64), "no block was unpacked at once");
    let distinct: HashSet<_> = times.iter().collect();
    assert!(distinct.len() < 9_000 && distinct.len() > 5_000, "{} distinct times", distinct.len());
}

#[test]
fn paths_are_distinct_and_folders_have_a_real_size() {
    let library = Library::new(4, 1_000_000);
    let mut paths = HashSet::new();
    let mut folders: HashMap<String, u32> = HashMap::new();
    for index in 500_000..506_000 {
        let image = library.image(index);
        *folders.entry(image.folder.clone()).or_default() += 1;
        assert!(image.name.len() <= 200 && !image.name.contains('/'));
        assert!(paths.insert((image.folder, image.name)));
    }
    let largest = folders.values().max().unwrap();
    assert!((500..5_000).contains(largest), "{folders:?}");
}

#[test]
fn writing_twice_changes_nothing() {
    let library = Library::new(4, 300);
    let dir = tempfile::tempdir().unwrap();
    library.write_to(dir.path(), 0..300, &|_| {}).unwrap();
    let changed = |index| {
        let image = library.image(index);
        let path = dir.path().join(&image.folder).join(&image.name);
        let found = std::fs::metadata(&path).unwrap();
        assert_eq!(found.mtime() * SECOND_NS + found.mtime_nsec(), image.modified_ns);
        assert_eq!(std::fs::read(&path).unwrap(), image.bytes());
        (found.ino(), found.ctime(), found.ctime_nsec())
    };
    let before: Vec<_> = (0..300).map(changed).collect();
    library.write_to(dir.path(), 0..300, &|_| {}).unwrap();
    assert_eq!((0..300).map(changed).collect::<Vec<_>>(), before);
}

#[test]
fn dialects_can_be_chosen_in_any_order() {
    let chosen = [Dialect::Plain, Dialect::A1111Jpeg];
    let library = Library::new(4, 3_000).with_dialects(&chosen);
    let seen: HashSet<_> = (0..3_000).map(|index| library.image(index).dialect).collect();
    assert_eq!(seen, HashSet::from(chosen));
    let turned = Library::new(4, 3_000).with_dialects(&[Dialect::A1111Jpeg, Dialect::Plain]);
    assert_eq!(turned.image(77).bytes(), library.image(77).bytes());
}
