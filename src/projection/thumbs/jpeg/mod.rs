//! Sequential JPEG read at a half, a quarter or an eighth of its size.
//!
//! A thumbnail of a large picture needs few of its frequencies. The others are skipped in the stream,
//! several codes at a time, and only what is needed is turned into pixels, so the picture is never in
//! memory at its own size. What is not the usual kind (progressive, arithmetic, of four colours, in
//! several scans) is left to the general decoder.

mod header;
mod huffman;
mod transform;

use super::picture::{Colours, Picture};
use crate::limits::thumbs::PIXELS_MAX;
use header::{Component, Header};
use huffman::{Bits, Damaged};
use transform::{Block, Transform, ZIGZAG};

pub(super) use header::size;

/// The picture, reduced, but in no direction below `wanted` pixels; `None` when that is not possible
/// here, or when it is damaged. `go_on` is asked now and then whether to.
pub(super) fn reduced(bytes: &[u8], wanted: (u32, u32), go_on: &dyn Fn() -> bool) -> Option<Picture> {
    let header = Header::read(bytes)?;
    let (width, height) = header.size;
    if u64::from(width) * u64::from(height) > PIXELS_MAX {
        return None;
    }
    let shrunk = |n: u32| ((width * n).div_ceil(8), (height * n).div_ceil(8));
    let n = [1, 2, 4].into_iter().find(|&n| shrunk(n).0 >= wanted.0 && shrunk(n).1 >= wanted.1)?;
    let picture = Scan::new(&header, n, shrunk(n)).decode(&header, go_on)?;
    Some(picture.reduced_by(8.0 / f64::from(n), header.size))
}

/// One component while it is decoded.
struct Channel<'a> {
    component: &'a Component,
    transform: Transform,
    last_needed: usize,
    /// Dequantisation by place in zigzag order, 0 where the value does not count.
    factors: [f32; 64],
    /// The first value of the block before.
    first: i32,
    /// The values of the block that is decoded; those that do not count stay 0.
    block: Block,
}

/// A scan, and the reduced picture it fills.
struct Scan<'a> {
    channels: Vec<Channel<'a>>,
    /// Pixels of a unit of blocks, reduced.
    unit: (usize, usize),
    /// Units across and down.
    n_units: (usize, usize),
    size: (u32, u32),
    /// A row of units, of as many bytes a pixel as there are channels.
    band: Vec<u8>,
    pixels: Vec<u8>,
}

impl<'a> Scan<'a> {
    fn new(header: &'a Header, n: u32, size: (u32, u32)) -> Self {
        let (h_max, v_max) = header.sampling_max();
        let n = n as usize;
        let channels: Vec<_> = header
            .components
            .iter()
            .map(|component| {
                // A component with fewer samples is reduced less, so that all come out equal.
                let transform =
                    Transform::new(n * h_max / component.sampling.0, n * v_max / component.sampling.1);
                let mut factors = [0.0; 64];
                for (place, factor) in factors.iter_mut().enumerate() {
                    if transform.needs(place) {
                        *factor = f32::from(component.quantisation[place]);
                    }
                }
                Channel {
                    component,
                    last_needed: transform.last_needed(),
                    transform,
                    factors,
                    first: 0,
                    block: [0.0; 64],
                }
            })
            .collect();
        let unit = (n * h_max, n * v_max);
        let (width, height) = (header.size.0 as usize, header.size.1 as usize);
        let n_units = (width.div_ceil(8 * h_max), height.div_ceil(8 * v_max));
        let band = vec![0; n_units.0 * unit.0 * unit.1 * channels.len()];
        let pixels = Vec::with_capacity(size.0 as usize * size.1 as usize * channels.len());
        Self { channels, unit, n_units, size, band, pixels }
    }

    fn decode(mut self, header: &Header<'_>, go_on: &dyn Fn() -> bool) -> Option<Picture> {
        let mut stretches = header.stretches();
        let mut stretch = Vec::new();
        let per_stretch = match header.restart_interval {
            0 => usize::MAX,
            n => n,
        };
        let (mut n_left, mut kept) = (0, None);
        for _ in 0..self.n_units.1 {
            if !go_on() {
                return None;
            }
            let mut across = 0;
            while across < self.n_units.0 {
                if n_left == 0 {
                    stretches.next_into(&mut stretch)?;
                    self.channels.iter_mut().for_each(|channel| channel.first = 0);
                    (n_left, kept) = (per_stretch, None);
                }
                let n = n_left.min(self.n_units.0 - across);
                let mut bits = Bits::new(&stretch);
                if let Some(kept) = kept {
                    bits.resume(kept);
                }
                for unit in across..across + n {
                    self.unit(&mut bits, unit).ok()?;
                }
                if bits.is_past_end() {
                    return None;
                }
                kept = Some(bits.pause());
                n_left -= n;
                across += n;
            }
            self.take_band();
        }
        let colours = if self.channels.len() == 1 { Colours::Grey } else { Colours::Ycc };
        Some(Picture::new(self.size.0, self.size.1, colours, self.pixels))
    }

    /// The blocks of one unit, put into the band.
    #[inline]
    fn unit(&mut self, bits: &mut Bits<'_>, nth: usize) -> Result<(), Damaged> {
        let n_channels = self.channels.len();
        let row_bytes = self.n_units.0 * self.unit.0 * n_channels;
        for (nth_channel, channel) in self.channels.iter_mut().enumerate() {
            let (h, v) = channel.component.sampling;
            for block_y in 0..v {
                for block_x in 0..h {
                    channel.read_block(bits)?;
                    let (width, height) = (channel.transform.width(), channel.transform.height());
                    let left = nth * self.unit.0 + block_x * width;
                    let top = block_y * height;
                    let band = &mut self.band;
                    channel.transform.pixels(&channel.block, |y, pixels| {
                        let from = (top + y) * row_bytes + left * n_channels + nth_channel;
                        let places = band.get_mut(from..).unwrap_or_default();
                        for (place, pixel) in places.iter_mut().step_by(n_channels).zip(&pixels[..width]) {
                            *place = *pixel;
                        }
                    });
                }
            }
        }
        Ok(())
    }

    /// Appends the rows of the band that are part of the picture.
    fn take_band(&mut self) {
        let row_bytes = self.n_units.0 * self.unit.0 * self.channels.len();
        let used = self.size.0 as usize * self.channels.len();
        let whole = used * self.size.1 as usize;
        for row in self.band.chunks_exact(row_bytes) {
            if self.pixels.len() < whole {
                self.pixels.extend_from_slice(&row[..used]);
            }
        }
    }
}

impl Channel<'_> {
    #[inline(always)]
    fn read_block(&mut self, bits: &mut Bits<'_>) -> Result<(), Damaged> {
        let component = self.component;
        // Wraps only in damaged pictures.
        self.first = self.first.wrapping_add(bits.difference(&component.firsts)?);
        let (block, factors) = (&mut self.block, &self.factors);
        for row in block.chunks_exact_mut(8).take(self.transform.height()) {
            row.fill(0.0);
        }
        block[0] = self.first as f32 * factors[0];
        bits.values(&component.others, self.last_needed, |place, value| {
            block[usize::from(ZIGZAG[place])] = value as f32 * factors[place];
        })
    }
}

#[cfg(test)]
mod tests;
