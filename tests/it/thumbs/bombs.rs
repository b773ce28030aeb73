//! Files that claim too much are refused by their first bytes, and damaged ones cost no more than
//! themselves. Counted in bytes read.

use super::{Shop, quarters};
use lumidex::projection::thumbs::{Frame, Identity, Source, ThumbError};
use lumidex::sys::Stop;
use lumidex_schema::id::Timestamp;
use lumidex_schema::media::MediaKind;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex};

/// Read at once, however little is wanted.
const BUFFER: u64 = 2 << 16;

/// What becomes of a file, and up to where it was read.
fn asked(shop: &Shop, file: File) -> (Result<usize, ThumbError>, u64) {
    static NTH: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let nth = NTH.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    // A clone has the place it was read up to in common.
    let clone = Arc::new(Mutex::new(file));
    let opened = Arc::clone(&clone);
    let source = Source::new(Identity::of_file(b"bomb", nth, Timestamp(0)), MediaKind::Image, move || {
        let mut file = opened.lock().unwrap();
        file.rewind()?;
        file.try_clone()
    });
    let made = shop.thumbs.get(&source, Frame::COMMON, &Stop::never());
    let at = clone.lock().unwrap().stream_position().unwrap();
    (made.map(|thumbnail| thumbnail.bytes.len()), at)
}

fn file_of(bytes: &[u8], len: u64) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.set_len(len.max(bytes.len() as u64)).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file
}

fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 6, 0, 0, 0]);
    let mut bytes = b"\x89PNG\r\n\x1A\n\0\0\0\x0D".to_vec();
    bytes.extend(&header);
    bytes.extend([0; 4]);
    bytes.extend(b"\0\0\x10\0IDAT\x78\x9C");
    bytes
}

#[test]
fn sizes_that_no_picture_has_are_refused_by_the_header() {
    let shop = Shop::new();
    let mut jpeg = b"\xFF\xD8\xFF\xC2\0\x11\x08\xFF\xFF\xFF\xFF\x03\x01\x11\0\x02\x11\0\x03\x11\0".to_vec();
    jpeg.extend(b"\xFF\xDA\0\x0C\x03\x01\0\x02\0\x03\0\0\0\0");
    let gif = b"GIF89a\xFF\xFF\xFF\xFF\0\0\0,\0\0\0\0\xFF\xFF\xFF\xFF\0\x08".to_vec();
    let mut bmp = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
    bmp.extend([0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 1, 0, 24, 0]);
    bmp.extend([0; 24]);
    let mut webp = b"RIFF\x40\0\0\0WEBPVP8L\x20\0\0\0\x2F\xFF\xFF\xFF\x0F".to_vec();
    webp.extend([0; 27]);
    for (what, bytes) in [
        ("a PNG of 16384 x 16384", png_header(16_384, 16_384)),
        ("a PNG of 1 x 2^31", png_header(1, i32::MAX as u32)),
        ("a JPEG of 65535 x 65535", jpeg),
        ("a GIF of 65535 x 65535", gif),
        ("a BMP of 2^31 x 2^31", bmp),
        ("a WebP of 16384 x 16384", webp),
    ] {
        let (made, read) = asked(&shop, file_of(&bytes, 0));
        let error = made.expect_err(what);
        assert!(!error.is_passing(), "{what}: {error}");
        assert!(read <= BUFFER, "{what}: {read} bytes");
    }
    let (made, read) = asked(&shop, file_of(&png_header(16_384, 16_384), 1 << 30));
    assert!(matches!(made, Err(ThumbError::TooLarge(_))) && read <= BUFFER, "{made:?} after {read}");
}

#[test]
fn what_is_too_short_for_its_size_is_refused_before_memory_is_taken() {
    let shop = Shop::new();
    // Within the bound on pixels: read whole they would take hundreds of megabytes.
    let mut interlaced = png_header(10_000, 10_000);
    interlaced[28] = 1;
    let gif = b"GIF89a\x10\x27\x10\x27\0\0\0,\0\0\0\0\x10\x27\x10\x27\0\x08".to_vec();
    let mut progressive =
        b"\xFF\xD8\xFF\xC2\0\x11\x08\x27\x10\x27\x10\x03\x01\x11\0\x02\x11\0\x03\x11\0".to_vec();
    progressive.extend(b"\xFF\xDA\0\x0C\x03\x01\0\x02\0\x03\0\0\0\0");
    for bytes in [interlaced, gif, progressive] {
        let made = asked(&shop, file_of(&bytes, 0)).0;
        assert!(made.as_ref().is_err_and(|error| !error.is_passing()), "{made:?}");
    }
}

#[test]
fn frames_behind_the_first_are_not_read() {
    let shop = Shop::new();
    let image = quarters(64, 64);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 64, 64);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_animated(1_000_000, 0).unwrap();
    let mut writer = encoder.write_header().unwrap();
    for _ in 0..2_000 {
        writer.write_image_data(&image).unwrap();
    }
    // The others do not even come.
    std::mem::forget(writer);
    assert!(bytes.len() as u64 > 2 * BUFFER);
    let (made, read) = asked(&shop, file_of(&bytes, 1 << 30));
    assert!(made.is_ok(), "{made:?}");
    assert!(read <= BUFFER, "{read} bytes");
}

#[test]
fn a_file_too_long_to_be_a_picture_is_not_read() {
    let shop = Shop::new();
    let (made, read) = asked(&shop, file_of(b"BM", 1 << 40));
    assert!(matches!(made, Err(ThumbError::TooLarge(_))), "{made:?}");
    assert!(read <= BUFFER, "{read} bytes");
}

#[test]
fn cut_and_flipped_files_end_in_a_thumbnail_or_an_error() {
    let shop = Shop::new();
    let image = image::DynamicImage::from(quarters(40, 24));
    let formats = [
        image::ImageFormat::Jpeg,
        image::ImageFormat::Gif,
        image::ImageFormat::Bmp,
        image::ImageFormat::Tiff,
        image::ImageFormat::WebP,
    ];
    let mut files: Vec<_> = formats
        .map(|format| {
            let mut bytes = std::io::Cursor::new(Vec::new());
            image.write_to(&mut bytes, format).unwrap();
            bytes.into_inner()
        })
        .into();
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, 40, 24);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().unwrap().write_image_data(image.as_bytes()).unwrap();
    files.push(png);
    for whole in files {
        assert!(asked(&shop, file_of(&whole, 0)).0.is_ok());
        let step = (whole.len() / 60).max(1);
        for at in (0..whole.len()).step_by(step) {
            let made = asked(&shop, file_of(&whole[..at], 0)).0;
            assert!(made.is_ok() || made.is_err_and(|error| !error.is_passing()), "cut at {at}");
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (at % 8);
            let made = asked(&shop, file_of(&flipped, 0)).0;
            assert!(made.as_ref().is_ok() || made.is_err_and(|error| !error.is_passing()), "flipped at {at}");
        }
    }
}

#[test]
fn what_is_no_picture_is_refused_by_its_content() {
    let shop = Shop::new();
    for (name, bytes) in [
        ("empty.png", &b""[..]),
        ("short.jpg", b"\xFF"),
        ("page.png", b"<html><script>alert(1)</script>"),
        ("drawing.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("zeros.webp", &[0; 4096]),
        ("list.mp4", b"#EXTM3U\n#EXT-X-TARGETDURATION:1\nfile:///etc/passwd\n"),
        ("concat.mp4", b"ffconcat version 1.0\nfile '/etc/passwd'\n"),
    ] {
        assert!(matches!(shop.refusal(name, bytes), ThumbError::Undecodable(_)), "{name}");
    }
}
