//! Pictures that look like photographs to a coder: soft colours, detail of every size, edges, some
//! grain. Equal seeds give equal pictures.

use fastrand::Rng;
use std::path::Path;

/// Sizes of detail, each half of the one before.
const OCTAVES: usize = 8;
/// How much each counts of the one before.
const FALLOFF: f32 = 0.55;

/// Random values at the corners of a grid of so many squares a side.
struct Octave {
    n: usize,
    corners: Vec<[f32; 3]>,
}

impl Octave {
    fn new(n: usize, rng: &mut Rng) -> Self {
        let corners = (0..(n + 2) * (n + 2)).map(|_| [0; 3].map(|_: u8| rng.f32() - 0.5)).collect();
        Self { n, corners }
    }

    /// Between the corners, at 0 to 1.
    fn at(&self, u: f32, v: f32, colour: usize) -> f32 {
        let (x, y) = (u * self.n as f32, v * self.n as f32);
        let (left, top) = (x as usize, y as usize);
        let soft = |part: f32| part * part * (3.0 - 2.0 * part);
        let (right, below) = (soft(x.fract()), soft(y.fract()));
        let corner = |x: usize, y: usize| self.corners[y * (self.n + 2) + x][colour];
        let row = |y: usize| corner(left, y) * (1.0 - right) + corner(left + 1, y) * right;
        row(top) * (1.0 - below) + row(top + 1) * below
    }
}

/// Three bytes a pixel. `grain` is how far pixels differ at random, in steps of 256.
pub(crate) fn drawn(width: u32, height: u32, seed: u64, grain: f32) -> Vec<u8> {
    let mut rng = Rng::with_seed(seed);
    let octaves: Vec<_> = (0..OCTAVES).map(|nth| Octave::new(8 << nth, &mut rng)).collect();
    let discs: Vec<_> = (0..24)
        .map(|_| ([rng.f32(), rng.f32()], 0.02 + 0.12 * rng.f32(), [0; 3].map(|_: u8| rng.f32())))
        .collect();
    let side = width.max(height) as f32;
    let mut pixels = Vec::with_capacity(width as usize * height as usize * 3);
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        let (u, v) = (x as f32 / side, y as f32 / side);
        for colour in 0..3 {
            let mut value = [0.35 + 0.3 * u, 0.45 + 0.2 * v, 0.6 - 0.3 * v][colour];
            let mut weight = 0.42;
            for octave in &octaves {
                value += weight * octave.at(u, v, colour);
                weight *= FALLOFF;
            }
            for ([left, top], radius, paint) in &discs {
                if (u - left).powi(2) + (v - top).powi(2) < radius * radius {
                    value = value * 0.5 + paint[colour] * 0.5;
                }
            }
            pixels.push((value * 255.0 + grain * (rng.f32() + rng.f32() - 1.0)) as u8);
        }
    }
    pixels
}

/// Writes a PNG; with one filter throughout, as Pillow tends to, or the best for each row.
pub(crate) fn write_png(path: &Path, (width, height): (u32, u32), pixels: &[u8], filter: png::Filter) {
    let file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    let mut encoder = png::Encoder::new(file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::Balanced);
    encoder.set_filter(filter);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
}

/// Writes a JPEG of quality 90 with half the chroma across and down.
pub(crate) fn write_jpeg(path: &Path, (width, height): (u32, u32), pixels: &[u8]) {
    let mut encoder = jpeg_encoder::Encoder::new_file(path, 90).unwrap();
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_2);
    encoder.encode(pixels, width as u16, height as u16, jpeg_encoder::ColorType::Rgb).unwrap();
}
