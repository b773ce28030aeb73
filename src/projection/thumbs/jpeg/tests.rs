//! Pictures read at a part of their size look like pictures read in whole and made smaller.
#![allow(clippy::unwrap_used)]

use super::*;
use image::imageops::{crop_imm, thumbnail};
use image::{ImageFormat, RgbImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// Smooth colours, edges, and some grain.
fn drawn(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let edge = if (x / 40 + y / 56) % 3 == 0 { 70 } else { 0 };
        let grain = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)) >> 13 & 7;
        let wave = ((f64::from(x) / 31.0).sin() * 50.0 + (f64::from(y) / 17.0).cos() * 40.0) as i32;
        let at = |base: i32| (base + wave + edge + grain as i32).clamp(0, 255) as u8;
        image::Rgb([at(100), at(60 + (x % 200) as i32 / 2), at(140 - (y % 100) as i32)])
    })
}

fn encoded(image: &RgbImage, set: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 88);
    set(&mut encoder);
    let (width, height) = (image.width() as u16, image.height() as u16);
    encoder.encode(image.as_raw(), width, height, ColorType::Rgb).unwrap();
    bytes
}

/// How far a picture, each pixel of which stands for a square of so many of the file's, is from the
/// averages of these, in steps of 256.
fn distance(bytes: &[u8], picture: Picture, square: u32) -> f64 {
    let whole = image::load_from_memory_with_format(bytes, ImageFormat::Jpeg).unwrap().to_rgb8();
    // Squares that are cut off are averages of what the encoder filled them up with.
    let (across, down) = (whole.width() / square, whole.height() / square);
    let cropped = crop_imm(&whole, 0, 0, across * square, down * square).to_image();
    let wanted = thumbnail(&cropped, across, down);
    let (width, height) = picture.size();
    let got = RgbImage::from_raw(width, height, picture.into_rgb_pixels()).unwrap();
    let apart = |(x, y, wanted): (u32, u32, &image::Rgb<u8>)| -> u64 {
        let got = got.get_pixel(x, y);
        got.0.iter().zip(wanted.0).map(|(a, b)| u64::from(a.abs_diff(b))).sum()
    };
    wanted.enumerate_pixels().map(apart).sum::<u64>() as f64 / f64::from(across * down * 3)
}

#[test]
fn every_usual_kind_is_read_at_every_scale() {
    let kinds = [SamplingFactor::F_1_1, SamplingFactor::F_2_1, SamplingFactor::F_1_2, SamplingFactor::F_2_2];
    for (width, height) in [(640, 480), (641, 479), (97, 203)] {
        let image = drawn(width, height);
        for kind in kinds {
            for interval in [0, 1, 7, 1_000] {
                let bytes = encoded(&image, |encoder| {
                    encoder.set_sampling_factor(kind);
                    if interval > 0 {
                        encoder.set_restart_interval(interval);
                    }
                });
                for eighths in [1, 2, 4] {
                    let wanted = ((width * eighths).div_ceil(8), (height * eighths).div_ceil(8));
                    let what = format!("{kind:?} {width}x{height} {interval} {eighths}/8");
                    let picture = reduced(&bytes, wanted, &|| true).expect(&what);
                    assert_eq!(picture.size(), wanted);
                    let distance = distance(&bytes, picture, 8 / eighths);
                    assert!(distance < 4.5, "{what}: {distance}");
                }
            }
        }
    }
}

#[test]
fn grey_is_one_channel_and_the_smallest_scale_that_suffices_is_taken() {
    let image = drawn(640, 480);
    let grey: Vec<u8> = image.pixels().map(|pixel| pixel.0[0]).collect();
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 90);
    encoder.set_optimized_huffman_tables(true);
    encoder.encode(&grey, 640, 480, ColorType::Luma).unwrap();
    for (wanted, expected) in [((80, 60), (80, 60)), ((81, 60), (160, 120)), ((200, 150), (320, 240))] {
        let picture = reduced(&bytes, wanted, &|| true).unwrap();
        assert_eq!((picture.size(), picture.pixels().0), (expected, Colours::Grey));
        assert!(distance(&bytes, picture, 640 / expected.0) < 4.5);
    }
    assert!(reduced(&bytes, (321, 240), &|| true).is_none(), "there is nothing to reduce");
}

#[test]
fn other_kinds_are_left_to_others() {
    let image = drawn(320, 240);
    let progressive = encoded(&image, |encoder| encoder.set_progressive(true));
    assert_eq!(size(&progressive), Some(((320, 240), true)));
    assert!(reduced(&progressive, (40, 30), &|| true).is_none());
    let scans = encoded(&image, |encoder| encoder.set_optimized_huffman_tables(true));
    assert!(reduced(&scans, (40, 30), &|| true).is_none(), "a scan for each colour");
    let mut bytes = Vec::new();
    let inks = vec![100; 320 * 240 * 4];
    Encoder::new(&mut bytes, 90).encode(&inks, 320, 240, ColorType::Cmyk).unwrap();
    assert!(reduced(&bytes, (40, 30), &|| true).is_none());
}

#[test]
fn who_is_not_wanted_any_more_stops_at_the_next_row() {
    let bytes = encoded(&drawn(640, 480), |_| {});
    let n_asked = std::cell::Cell::new(0);
    let go_on = || {
        n_asked.set(n_asked.get() + 1);
        n_asked.get() < 3
    };
    assert!(reduced(&bytes, (80, 60), &go_on).is_none());
    assert_eq!(n_asked.get(), 3);
}

#[test]
fn damaged_files_never_panic_and_short_ones_are_refused() {
    let bytes = encoded(&drawn(96, 64), |encoder| encoder.set_restart_interval(3));
    for cut in 0..bytes.len() - 2 {
        let picture = reduced(&bytes[..cut], (12, 8), &|| true);
        // The last few bytes may be filling.
        assert!(picture.is_none() || cut + 16 > bytes.len(), "cut at {cut}");
    }
    let mut n_read = 0;
    for bit in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        n_read += usize::from(reduced(&damaged, (12, 8), &|| true).is_some());
    }
    assert!(n_read > 0);
}
