//! Fingerprints see the picture's data and nothing else.

use super::encode::{Png, comment_block, jpeg, jpeg_exif, webp};
use super::{INFOTEXT, reading};
use lumidex_schema::record::Fingerprint;

fn fingerprint(bytes: &[u8]) -> Fingerprint {
    reading(bytes, "a.png").fingerprint
}

#[test]
fn metadata_of_any_container_does_not_count() {
    let bare = fingerprint(&Png::new(2, 2).idat(2, 2, 5).end());
    for file in [
        Png::new(2, 2).text("parameters", INFOTEXT).idat(2, 2, 5).end(),
        Png::new(2, 2).idat(2, 2, 5).text("parameters", "other").text("x", "y").end(),
        Png::new(2, 2).idat(2, 2, 5).0,
    ] {
        assert_eq!(fingerprint(&file), bare);
    }
    let jpeg_bare = fingerprint(&jpeg(&[]));
    assert_eq!(fingerprint(&jpeg_exif(&comment_block(INFOTEXT))), jpeg_bare);
    assert_eq!(fingerprint(&jpeg(&[(0xfe, b"note")])), jpeg_bare);
    let webp_bare = fingerprint(&webp(&[]));
    assert_eq!(fingerprint(&webp(&[(b"EXIF", &comment_block(INFOTEXT))])), webp_bare);
    assert_ne!(bare, jpeg_bare);
    assert_ne!(jpeg_bare, webp_bare);
}

/// Stored in every ledger: a file that is moved would not be known any more.
#[test]
fn fingerprints_are_what_they_were() {
    for (name, start) in [
        ("a1111/infotext.png", [249, 106, 195, 71]),
        ("a1111/user-comment.jpg", [192, 212, 212, 193]),
        ("a1111/user-comment.webp", [160, 226, 75, 45]),
        ("a1111/comment.gif", [103, 57, 147, 131]),
        ("a1111/sidecar.bmp", [150, 27, 168, 45]),
        ("a1111/user-comment.tiff", [234, 157, 105, 135]),
        ("a1111/user-comment.avif", [54, 45, 193, 145]),
        ("a1111/japanese.heic", [5, 60, 234, 10]),
        ("a1111/user-comment.jxl", [84, 58, 182, 1]),
    ] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/images");
        assert_eq!(fingerprint(&std::fs::read(folder.join(name)).unwrap()).0[..4], start, "{name}");
    }
}

#[test]
fn how_the_data_is_cut_into_chunks_does_not_count() {
    let data: Vec<u8> = (0..100_000_u32).map(|nth| (nth * 7 % 251) as u8).collect();
    let whole = Png::new(9, 9).chunk(b"IDAT", &data).end();
    for piece in [100, 8_192, 33_333] {
        let cut = data.chunks(piece).fold(Png::new(9, 9), |png, part| png.chunk(b"IDAT", part)).end();
        assert_eq!(fingerprint(&cut), fingerprint(&whole), "{piece}");
    }
}

#[test]
fn every_byte_of_a_small_picture_and_the_size_of_any_count() {
    let data: Vec<u8> = (0..4_000).map(|nth| (nth % 251) as u8).collect();
    let bare = fingerprint(&Png::new(9, 9).chunk(b"IDAT", &data).end());
    for at in (0..data.len()).step_by(37) {
        let mut other = data.clone();
        other[at] ^= 1;
        assert_ne!(fingerprint(&Png::new(9, 9).chunk(b"IDAT", &other).end()), bare, "{at}");
    }
    assert_ne!(fingerprint(&Png::new(9, 8).chunk(b"IDAT", &data).end()), bare);
    assert_ne!(fingerprint(&Png::new(9, 9).chunk(b"IDAT", &data[1..]).end()), bare);
}

#[test]
fn the_ends_of_a_large_picture_and_its_length_count() {
    let data = vec![3; 200_000];
    let of = |data: &[u8]| fingerprint(&Png::new(9, 9).chunk(b"IDAT", data).end());
    for at in [0, data.len() - 1] {
        let mut other = data.clone();
        other[at] = 4;
        assert_ne!(of(&other), of(&data));
    }
    assert_ne!(of(&data[1..]), of(&data));
}

#[test]
fn films_and_unknown_files_count_whole_and_empty_ones_not_at_all() {
    let film = |last: u8| fingerprint(&[b"\x1a\x45\xdf\xa3 film", &[last][..]].concat());
    assert_ne!(film(1), film(2));
    assert_eq!(fingerprint(b""), Fingerprint::default());
    assert_ne!(fingerprint(b"junk"), Fingerprint::default());
}
