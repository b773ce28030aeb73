//! PNG read row by row, reduced by whole numbers on the way: a picture far larger than its thumbnail
//! is never in memory.

use super::decode::{Sheet, check_size, demand_plausible};
use super::effort::{Effort, Limited, Supply};
use super::error::ThumbError;
use super::key::Frame;
use super::picture::{Colours, Picture, Turn};
use png::{BitDepth, ColorType, Decoder, Limits, Transformations};
use std::io::{BufRead, Seek};

/// Beyond it sums of colours times opacity would not fit.
const FACTOR_MAX: u32 = 64;
/// How much larger than its thumbnail a picture stays, so that the last step, which is a better one,
/// has enough to work with.
const LEFT_LARGER: u32 = 2;
/// What the decoder may hold of chunks that are not pixels, and of a row.
const CHUNK_BYTES_MAX: usize = 16 << 20;

/// A PNG, or the first picture of an animated one, at a size from which its thumbnail is made.
pub(super) fn png(
    source: impl BufRead + Seek,
    n_bytes: u64,
    frame: Frame,
    memory: &Supply,
    effort: &Effort,
) -> Result<Sheet, ThumbError> {
    let failed = |error: png::DecodingError| match effort.check() {
        Err(over) => over,
        Ok(()) => ThumbError::damaged(error.to_string()),
    };
    let source = std::io::BufReader::with_capacity(1 << 16, Limited::new(source, effort));
    let mut decoder = Decoder::new_with_limits(source, Limits { bytes: CHUNK_BYTES_MAX });
    // Checksums are no proof of pixels, and pictures with a wrong one are shown everywhere else.
    decoder.ignore_checksums(true);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let header = decoder.read_header_info().map_err(failed)?;
    let size = (header.width, header.height);
    let is_interlaced = header.interlaced;
    check_size(size)?;
    let mut reader = decoder.read_info().map_err(failed)?;
    let turn = reader
        .info()
        .exif_metadata
        .as_ref()
        .and_then(|exif| image::metadata::Orientation::from_exif_chunk(exif));
    let turn = turn.map_or(Turn::NONE, |turn| Turn::of_exif(turn.to_exif()));
    let (colour, depth) = reader.output_color_type();
    if depth != BitDepth::Eight {
        return Err(ThumbError::damaged(format!("{depth:?} bits were left")));
    }
    let mut reducer = Reducer::new(size, factor(size, frame, turn), colour);
    let n_whole = u64::from(size.0) * u64::from(size.1) * colour.samples() as u64;
    let estimated = if is_interlaced { n_whole + reducer.n_bytes() } else { reducer.n_bytes() };
    demand_plausible(estimated, n_bytes)?;
    let _memory = memory.take(estimated, effort.stop())?.ok_or_else(|| too_much(estimated))?;
    if is_interlaced {
        let mut whole = vec![0; usize::try_from(n_whole).map_err(|_| too_much(n_whole))?];
        reader.next_frame(&mut whole).map_err(failed)?;
        whole.chunks_exact(reducer.row_bytes()).for_each(|row| reducer.push(row));
    } else {
        while let Some(row) = reader.next_row().map_err(failed)? {
            reducer.push(row.data());
            effort.check()?;
        }
    }
    Ok(Sheet { picture: reducer.finish(), original: size, turn })
}

pub(super) fn too_much(n_bytes: u64) -> ThumbError {
    ThumbError::too_large(format!("decoding takes {} MiB", n_bytes >> 20))
}

/// The whole number by which both sides are divided.
fn factor(size: (u32, u32), frame: Frame, turn: Turn) -> u32 {
    let frame = if turn.is_sideways() { frame.turned() } else { frame };
    let (width, height) = frame.fit(size.0, size.1);
    (size.0 / width).min(size.1 / height).div_euclid(LEFT_LARGER).clamp(1, FACTOR_MAX)
}

/// Averages squares of pixels.
struct Reducer {
    size: (u32, u32),
    factor: usize,
    /// Bytes of a pixel as it comes.
    n: usize,
    has_alpha: bool,
    /// For each pixel of the row that is being made: colours times opacity, and opacity.
    sums: Vec<u32>,
    n_rows: usize,
    pixels: Vec<u8>,
}

impl Reducer {
    fn new(size: (u32, u32), factor: u32, colour: ColorType) -> Self {
        let has_alpha = matches!(colour, ColorType::GrayscaleAlpha | ColorType::Rgba);
        let mut reducer = Self {
            size,
            factor: factor as usize,
            n: colour.samples(),
            has_alpha,
            sums: Vec::new(),
            n_rows: 0,
            pixels: Vec::new(),
        };
        reducer.sums = vec![0; if factor > 1 { reducer.reduced().0 * reducer.n } else { 0 }];
        reducer
    }

    fn reduced(&self) -> (usize, usize) {
        ((self.size.0 as usize).div_ceil(self.factor), (self.size.1 as usize).div_ceil(self.factor))
    }

    /// Bytes of a row as it comes.
    fn row_bytes(&self) -> usize {
        self.size.0 as usize * self.n
    }

    /// Bytes of memory it comes to need, those of the decoder's rows included.
    fn n_bytes(&self) -> u64 {
        let (width, height) = self.reduced();
        (width * height * self.n_out() + self.sums.len() * 4 + self.row_bytes() * 8) as u64
    }

    fn n_out(&self) -> usize {
        if self.has_alpha { 4 } else { self.n }
    }

    fn push(&mut self, row: &[u8]) {
        if self.factor == 1 {
            match self.n {
                2 => self.pixels.extend(row.chunks_exact(2).flat_map(|p| [p[0], p[0], p[0], p[1]])),
                _ => self.pixels.extend_from_slice(row),
            }
            return;
        }
        let squares = row.chunks(self.factor * self.n).zip(self.sums.chunks_exact_mut(self.n));
        match self.n {
            1 => squares.for_each(|(square, sums)| add::<1>(square, sums)),
            2 => squares.for_each(|(square, sums)| add_weighted::<2>(square, sums)),
            3 => squares.for_each(|(square, sums)| add::<3>(square, sums)),
            _ => squares.for_each(|(square, sums)| add_weighted::<4>(square, sums)),
        }
        self.n_rows += 1;
        if self.n_rows == self.factor {
            self.end_row();
        }
    }

    /// Averages what was added.
    fn end_row(&mut self) {
        let width = self.size.0 as usize;
        for (nth, sums) in self.sums.chunks_exact_mut(self.n).enumerate() {
            let n_across = self.factor.min(width - nth * self.factor);
            let n = (n_across * self.n_rows) as u32;
            if self.has_alpha {
                let (colours, opacity) = sums.split_at(self.n - 1);
                let opacity = opacity[0];
                let average = |colour: u32| (colour + opacity / 2).checked_div(opacity).unwrap_or(0) as u8;
                let (first, last) = (average(colours[0]), average(colours[self.n - 2]));
                let middle = if self.n == 4 { average(colours[1]) } else { first };
                self.pixels.extend_from_slice(&[first, middle, last, ((opacity + n / 2) / n) as u8]);
            } else {
                self.pixels.extend(sums.iter().map(|sum| ((sum + n / 2) / n) as u8));
            }
            sums.fill(0);
        }
        self.n_rows = 0;
    }

    fn finish(mut self) -> Picture {
        if self.n_rows > 0 {
            self.end_row();
        }
        let (width, height) = self.reduced();
        let colours = match (self.has_alpha, self.n) {
            (true, _) => Colours::Rgba,
            (false, 1) => Colours::Grey,
            _ => Colours::Rgb,
        };
        // Both were u32 before they became smaller.
        Picture::new(width as u32, height as u32, colours, self.pixels)
            .reduced_by(self.factor as f64, self.size)
    }
}

fn add<const N: usize>(square: &[u8], sums: &mut [u32]) {
    let mut own = [0u32; N];
    for pixel in square.chunks_exact(N) {
        for (sum, value) in own.iter_mut().zip(pixel) {
            *sum += u32::from(*value);
        }
    }
    sums.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
}

/// The last value of each pixel is how much the others count.
fn add_weighted<const N: usize>(square: &[u8], sums: &mut [u32]) {
    for pixel in square.chunks_exact(N) {
        let opacity = u32::from(pixel[N - 1]);
        for (sum, value) in sums.iter_mut().zip(&pixel[..N - 1]) {
            *sum += u32::from(*value) * opacity;
        }
        sums[N - 1] += opacity;
    }
}
