//! Pivots: rows of a graph that are looked at whole before a search begins, so that it begins where it belongs.
//!
//! Steps from neighbour to neighbour lead nowhere among topics that have nothing in common, as those of prompts: at
//! 200,000 rows a search that began at the top found two of three. So the rows of the lowest upper layer, one in
//! twelve and as good as drawn at random, are compared with the question first, by sketches of 128
//! bytes; the best of them begin. And when a graph is built, each row is linked with its best pivot, so
//! that it is reached by whoever begins there.
//!
//! A sketch is a count sketch (Charikar, Chen and Farach-Colton 2002): each number of a vector is added to one of
//! sixty-four, or taken from it. Products of sketches are those of the vectors, but for noise.

use super::dots::dot_each;
use super::graph::Codes;
use super::search::{Best, Scored};

/// Numbers in a sketch.
const WIDTH: usize = 64;
/// Pivots at most; of more rows every so many is one.
const PIVOTS_MAX: usize = 32_768;
/// Rows and pivots compared side by side, so that both stay in the nearest cache.
const BLOCK: usize = 32;
/// Pivots whose sketches are nearest are compared by their vectors, this many for each row that is linked.
const COMPARED: usize = 4;

/// See the module.
pub(super) struct Pivots {
    rows: Vec<u32>,
    /// `WIDTH` for each row, and what products with them are to be multiplied with.
    sketches: Vec<i16>,
    scales: Vec<f32>,
}

impl Pivots {
    /// Of these rows.
    pub(super) fn of(codes: &Codes, rows: impl ExactSizeIterator<Item = u32>) -> Self {
        let step = rows.len().div_ceil(PIVOTS_MAX).max(1);
        let rows: Vec<u32> = rows.step_by(step).filter(|row| codes.scale(*row as usize) > 0.0).collect();
        let (mut sketches, mut scales) =
            (Vec::with_capacity(rows.len() * WIDTH), Vec::with_capacity(rows.len()));
        for row in &rows {
            let (sketch, scale) = sketch(codes.row(*row as usize));
            sketches.extend_from_slice(&sketch);
            scales.push(scale * codes.scale(*row as usize));
        }
        Self { rows, sketches, scales }
    }

    /// About the `n` rows that are nearest to a vector, as codes; in no order.
    pub(super) fn near(&self, query: &[u8], n: usize) -> impl Iterator<Item = u32> {
        let (sketch, _) = sketch(query);
        let mut best = Best::of(n);
        dot_each(&sketch, &self.sketches, |nth, product| {
            best.put(Scored { score: product as f32 * self.scales[nth], row: self.rows[nth] });
        });
        best.into_sorted().into_iter().map(|found| found.row)
    }

    /// Hands out each row that says something with its nearest pivot other than itself, until told to stop, which
    /// is asked with the number of rows done.
    pub(super) fn link(
        &self,
        codes: &Codes,
        is_point: &[bool],
        mut go_on: impl FnMut(usize) -> bool,
        mut found: impl FnMut(u32, u32),
    ) -> bool {
        let points: Vec<u32> = (0..is_point.len() as u32).filter(|row| is_point[*row as usize]).collect();
        for (nth, rows) in points.chunks(BLOCK).enumerate() {
            if !go_on(nth * BLOCK) {
                return false;
            }
            let sketches: Vec<_> = rows.iter().map(|row| sketch(codes.row(*row as usize)).0).collect();
            let mut best: Vec<Best> = rows.iter().map(|_| Best::of(COMPARED)).collect();
            for (tile, others) in self.sketches.chunks(BLOCK * WIDTH).enumerate() {
                for ((row, sketch), best) in rows.iter().zip(&sketches).zip(&mut best) {
                    dot_each(sketch, others, |nth, product| {
                        let nth = tile * BLOCK + nth;
                        let score = product as f32 * self.scales[nth];
                        if best.bound().is_none_or(|bound| score > bound) && self.rows[nth] != *row {
                            best.put(Scored { score, row: self.rows[nth] });
                        }
                    });
                }
            }
            for (row, best) in rows.iter().zip(best) {
                let near = best.into_sorted().into_iter().map(|near| codes.scored(*row, near.row));
                if let Some(nearest) = near.max() {
                    found(*row, nearest.row);
                }
            }
        }
        true
    }
}

/// Sums of signed numbers, halved until they fit, and what that is to be made good with.
fn sketch(codes: &[u8]) -> ([i16; WIDTH], f32) {
    let mut sums = [0_i32; WIDTH];
    for (at, code) in codes.iter().enumerate() {
        let value = i32::from(*code as i8);
        sums[at % WIDTH] += if is_taken(at) { -value } else { value };
    }
    // Products of all of them must stay below what 32 bits hold.
    let largest = sums.iter().map(|sum| sum.unsigned_abs()).max().unwrap_or(0);
    let shift = (32 - largest.leading_zeros()).saturating_sub(12);
    (sums.map(|sum| (sum >> shift) as i16), (1_u32 << shift) as f32)
}

/// A coin for each place, the same for ever.
fn is_taken(at: usize) -> bool {
    // The last step of SplitMix64.
    let mixed = (at as u64 ^ (at as u64 >> 30)).wrapping_add(1).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB) >> 63 == 1
}
