//! How like a thumbnail is to the picture, made equally small with Lanczos' filter: the structural
//! similarity of luma, in Gaussian windows of 11 x 11.

use image::{GrayImage, ImageFormat, RgbImage, imageops};
use std::path::Path;

const WINDOW: usize = 11;
const SIGMA: f64 = 1.5;
const C1: f64 = 6.5025;
const C2: f64 = 58.5225;

/// 1 for the same.
pub(crate) fn likeness(picture: &Path, thumbnail: &[u8]) -> f64 {
    let thumbnail = image::load_from_memory_with_format(thumbnail, ImageFormat::WebP).unwrap().to_rgb8();
    let (width, height) = thumbnail.dimensions();
    let reference = imageops::resize(&whole(picture), width, height, imageops::FilterType::Lanczos3);
    similarity(&luma(&reference), &luma(&thumbnail))
}

fn whole(path: &Path) -> RgbImage {
    let bytes = std::fs::read(path).unwrap();
    if !bytes.starts_with(b"\x89PNG") {
        return image::load_from_memory_with_format(&bytes, ImageFormat::Jpeg).unwrap().to_rgb8();
    }
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    RgbImage::from_raw(info.width, info.height, pixels).unwrap()
}

fn luma(image: &RgbImage) -> GrayImage {
    imageops::grayscale(image)
}

fn similarity(a: &GrayImage, b: &GrayImage) -> f64 {
    let (width, height) = (a.width() as usize, a.height() as usize);
    let plane = |of: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
        let values = a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| of(f64::from(*a), f64::from(*b)));
        blurred(&values.collect::<Vec<_>>(), width, height)
    };
    let (mean_a, mean_b) = (plane(&|a, _| a), plane(&|_, b| b));
    let (aa, bb, ab) = (plane(&|a, _| a * a), plane(&|_, b| b * b), plane(&|a, b| a * b));
    let each = (0..mean_a.len()).map(|at| {
        let (a, b) = (mean_a[at], mean_b[at]);
        let (var_a, var_b, both) = (aa[at] - a * a, bb[at] - b * b, ab[at] - a * b);
        (2.0 * a * b + C1) * (2.0 * both + C2) / ((a * a + b * b + C1) * (var_a + var_b + C2))
    });
    each.sum::<f64>() / mean_a.len() as f64
}

/// Only where the window is within.
fn blurred(values: &[f64], width: usize, height: usize) -> Vec<f64> {
    let middle = (WINDOW / 2) as f64;
    let weights: Vec<_> =
        (0..WINDOW).map(|at| (-(at as f64 - middle).powi(2) / (2.0 * SIGMA * SIGMA)).exp()).collect();
    let total: f64 = weights.iter().sum();
    let across = width - WINDOW + 1;
    let sum = |at: usize, step: usize, values: &[f64]| -> f64 {
        weights.iter().enumerate().map(|(nth, weight)| weight * values[at + nth * step]).sum::<f64>() / total
    };
    let rows: Vec<_> = (0..height)
        .flat_map(|y| (0..across).map(move |x| y * width + x))
        .map(|at| sum(at, 1, values))
        .collect();
    (0..(height - WINDOW + 1) * across).map(|at| sum(at, across, &rows)).collect()
}
