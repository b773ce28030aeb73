//! Neighbours of vectors, for finding the nearest ones: built by `hnsw_rs`, kept flat.
//!
//! Hierarchical navigable small world graphs (Malkov and Yashunin 2018, <https://arxiv.org/abs/1603.09320>).
//! `hnsw_rs` builds one; what is kept of it is its links alone, as numbers one behind the other, and they are
//! searched as they lie in the file. So a graph is there as soon as it is mapped, takes no memory of its own,
//! and a damaged file harms nobody. The library's own form takes one and a half kilobytes for each vector,
//! is read back in seconds, and ends the process over some kinds of damage.
//!
//! Equal vectors are one point: the graph holds the first, the others are its twins.
//!
//! ```text
//! 0    magic "LDXGRAPH", format u32, rows u32, entry u32, layers u32
//! 24   twins: rows x u32, the next row with the same vector, or u32::MAX
//!      for each layer, from the lowest: ends: rows x u32, where the links of each row end among the links;
//!      number of links u32; links, as rows
//! ```
//! The upper layers hold few rows and are kept by a sorted list of these instead: rows n x u32, ends n x u32.

use super::dots::dot_codes;
use super::files::{damaged, u32_at};
use super::pivots::Pivots;
use super::search::Scored;
use hnsw_rs::prelude::{Distance, Hnsw};
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use tantivy::directory::OwnedBytes;

const MAGIC: &[u8; 8] = b"LDXGRAPH";
const FORMAT: u32 = 2;
const HEADER_BYTES: usize = 24;
/// Stands for no row.
pub(super) const NONE: u32 = u32::MAX;

/// Links of a point in each upper layer; the lowest has twice as many. With more, recall grows little on
/// prompts, and building slows down as much.
const LINKS: usize = 12;
/// Candidates looked at for them: few, because links to pivots make good what is missed.
const CANDIDATES: usize = 32;
/// Links that a pivot has besides its own.
const LINKED_MAX: usize = 256;
/// Layers that may be; 200,000 points have five.
const LAYERS_MAX: usize = 16;

/// Vectors as bytes, by row.
#[derive(Clone)]
pub(super) struct Codes {
    /// Scales, then bytes; see [`lumidex_schema::vectors`].
    bytes: OwnedBytes,
    rows: usize,
    dim: usize,
}

impl Codes {
    /// `None` when the bytes are too few or too many.
    pub(super) fn over(bytes: OwnedBytes, rows: usize, dim: usize) -> Option<Self> {
        (bytes.len() == rows.checked_mul(dim.checked_add(4)?)?).then_some(Self { bytes, rows, dim })
    }

    pub(super) fn scale(&self, row: usize) -> f32 {
        u32_at(&self.bytes, row).map_or(0.0, f32::from_bits)
    }

    pub(super) fn row(&self, row: usize) -> &[u8] {
        let at = self.rows * 4 + row * self.dim;
        self.bytes.get(at..at + self.dim).unwrap_or_default()
    }

    /// A row with how near another one is to it.
    pub(super) fn scored(&self, from: u32, row: u32) -> Scored {
        let (a, b) = (from as usize, row as usize);
        let score = dot_codes(self.row(a), self.row(b)) as f32 * self.scale(a) * self.scale(b);
        Scored { score, row }
    }
}

/// How far two rows are from each other, for the builder: points are rows, their vectors stay where they are.
struct ByCode(Codes);

impl Distance<u32> for ByCode {
    fn eval(&self, a: &[u32], b: &[u32]) -> f32 {
        let (Some(a), Some(b)) = (a.first(), b.first()) else { return 0.0 };
        (1.0 - self.0.scored(*a, *b).score).max(0.0)
    }
}

/// The bytes of a graph over these vectors; `None` when told to stop, which is asked for every row with the
/// number of rows done. The same vectors give the same graph.
pub(super) fn build(codes: &Codes, mut go_on: impl FnMut(usize) -> bool) -> Option<Vec<u8>> {
    let twins = twins(codes);
    let hnsw = Hnsw::<u32, ByCode>::new(LINKS, codes.rows, LAYERS_MAX, CANDIDATES, ByCode(codes.clone()));
    for (row, is_first) in twins.is_first.iter().enumerate() {
        // Linking takes the last quarter.
        if !go_on(row * 3 / 4) {
            return None;
        }
        // What says nothing has no neighbours.
        if *is_first && codes.scale(row) > 0.0 {
            hnsw.insert((&[row as u32][..], row));
        }
    }
    let mut flat = flatten(&hnsw, codes.rows);
    drop(hnsw);
    link(codes, &mut flat, |done| go_on((codes.rows * 3 + done) / 4))?;
    connect(&mut flat);
    Some(encode(&flat, &twins.next))
}

struct Twins {
    next: Vec<u32>,
    is_first: Vec<bool>,
}

fn twins(codes: &Codes) -> Twins {
    let mut found = Twins { next: vec![NONE; codes.rows], is_first: vec![true; codes.rows] };
    let mut lasts: HashMap<[u8; 16], usize> = HashMap::with_capacity(codes.rows);
    for row in 0..codes.rows {
        let mut digest = [0; 16];
        digest.copy_from_slice(&blake3::hash(codes.row(row)).as_bytes()[..16]);
        if let Some(last) = lasts.insert(digest, row) {
            found.next[last] = row as u32;
            found.is_first[row] = false;
        }
    }
    found
}

/// Links by layer and row.
struct Flat {
    entry: u32,
    is_point: Vec<bool>,
    /// The lowest layer.
    ground: Vec<Vec<u32>>,
    /// The others, each by increasing row.
    upper: Vec<Vec<(u32, Vec<u32>)>>,
}

fn flatten(hnsw: &Hnsw<'_, u32, ByCode>, rows: usize) -> Flat {
    let mut flat =
        Flat { entry: NONE, is_point: vec![false; rows], ground: vec![Vec::new(); rows], upper: Vec::new() };
    if hnsw.get_nb_point() == 0 {
        return flat;
    }
    let mut highest = None;
    for point in hnsw.get_point_indexation() {
        let (row, level) = (point.get_origin_id(), usize::from(point.get_point_id().0));
        flat.is_point[row] = true;
        let links = |layer: &[hnsw_rs::prelude::Neighbour]| -> Vec<u32> {
            layer.iter().map(|link| link.d_id as u32).filter(|link| *link != row as u32).collect()
        };
        if highest
            .is_none_or(|(known, first)| (level, std::cmp::Reverse(row)) > (known, std::cmp::Reverse(first)))
        {
            highest = Some((level, row));
        }
        // Layers above its own hold a trace of how it was inserted, and nobody comes by there.
        for (layer, found) in point.get_neighborhood_id().iter().take(level + 1).enumerate() {
            match layer {
                0 => flat.ground[row] = links(found),
                _ => {
                    if flat.upper.len() < layer {
                        flat.upper.resize_with(layer, Vec::new);
                    }
                    flat.upper[layer - 1].push((row as u32, links(found)));
                }
            }
        }
    }
    flat.entry = highest.map_or(NONE, |(_, row)| row as u32);
    for layer in &mut flat.upper {
        layer.sort_unstable_by_key(|(row, _)| *row);
    }
    flat
}

/// Links each point with its pivot, both ways; `None` when told to stop.
fn link(codes: &Codes, flat: &mut Flat, go_on: impl FnMut(usize) -> bool) -> Option<()> {
    let Flat { ground, upper, is_point, .. } = flat;
    let Some(layer) = upper.first() else { return Some(()) };
    let pivots = Pivots::of(codes, layer.iter().map(|(row, _)| *row));
    let linked = pivots.link(codes, is_point, go_on, |row, pivot| {
        let (row_links, pivot_links) = (ground[row as usize].len(), ground[pivot as usize].len());
        if row_links < LINKED_MAX && !ground[row as usize].contains(&pivot) {
            ground[row as usize].push(pivot);
        }
        if pivot_links < LINKED_MAX && !ground[pivot as usize].contains(&row) {
            ground[pivot as usize].push(row);
        }
    });
    linked.then_some(())
}

/// Gives every point that no link leads to one from the nearest that is reached. Points lose links to those
/// that come later, and a few lose all.
fn connect(flat: &mut Flat) {
    if flat.entry == NONE {
        return;
    }
    let mut reached = vec![false; flat.ground.len()];
    let mut queue = Vec::from([flat.entry]);
    let mut unreached: Vec<u32> =
        (0..flat.ground.len() as u32).filter(|row| flat.is_point[*row as usize]).collect();
    loop {
        while let Some(row) = queue.pop() {
            if !std::mem::replace(&mut reached[row as usize], true) {
                queue.extend(&flat.ground[row as usize]);
            }
        }
        unreached.retain(|row| !reached[*row as usize]);
        for row in &unreached {
            let from = flat.ground[*row as usize].iter().find(|link| reached[**link as usize]).copied();
            if let Some(from) = from {
                flat.ground[from as usize].push(*row);
                queue.push(*row);
            }
        }
        match unreached.first() {
            None => return,
            // Links of islands lead to themselves only: the entry takes the first of them.
            Some(first) if queue.is_empty() => {
                flat.ground[flat.entry as usize].push(*first);
                queue.push(*first);
            }
            Some(_) => {}
        }
    }
}

fn encode(flat: &Flat, twins: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let number = |bytes: &mut Vec<u8>, n: usize| bytes.extend((n as u32).to_le_bytes());
    bytes.extend_from_slice(MAGIC);
    for n in [FORMAT as usize, flat.ground.len(), flat.entry as usize, flat.upper.len()] {
        number(&mut bytes, n);
    }
    bytes.extend(twins.iter().flat_map(|row| row.to_le_bytes()));
    put_links(&mut bytes, flat.ground.iter());
    for layer in &flat.upper {
        number(&mut bytes, layer.len());
        bytes.extend(layer.iter().flat_map(|(row, _)| row.to_le_bytes()));
        put_links(&mut bytes, layer.iter().map(|(_, links)| links));
    }
    bytes
}

fn put_links<'l>(bytes: &mut Vec<u8>, links: impl Iterator<Item = &'l Vec<u32>> + Clone) {
    let mut end = 0_u32;
    for links in links.clone() {
        end += links.len() as u32;
        bytes.extend(end.to_le_bytes());
    }
    for link in links.flatten() {
        bytes.extend(link.to_le_bytes());
    }
}

/// Links of one layer, as they lie in the file.
#[derive(Clone, Copy, Debug)]
struct Layer {
    /// How many rows it has, and where their list begins; the lowest has all rows, and no list.
    len: usize,
    rows: Option<usize>,
    /// In units of four bytes from the beginning of the file.
    ends: usize,
    links: usize,
}

/// A graph that was read.
#[derive(Clone)]
pub(super) struct Graph {
    bytes: OwnedBytes,
    rows: usize,
    entry: u32,
    ground: Layer,
    upper: Arc<[Layer]>,
}

impl Graph {
    /// Over the bytes that [`build`] gave for as many rows.
    ///
    /// # Errors
    /// When they are not well formed: no look-up must leave them.
    pub(super) fn read(bytes: OwnedBytes, rows: usize) -> io::Result<Self> {
        Self::parse(bytes, rows).ok_or_else(|| damaged("a graph is not well formed"))
    }

    fn parse(bytes: OwnedBytes, rows: usize) -> Option<Self> {
        let at = |nth: usize| u32_at(&bytes, nth).map(|n| n as usize);
        let entry = u32_at(&bytes, 4)?;
        if bytes.get(..8)? != MAGIC || at(2)? != FORMAT as usize || at(3)? != rows || at(5)? >= LAYERS_MAX {
            return None;
        }
        let is_row = |row: u32| (row as usize) < rows;
        if !is_row(entry) && entry != NONE {
            return None;
        }
        let mut next = HEADER_BYTES / 4;
        let numbers = |from: usize, n: usize| bytes.get(from * 4..from.checked_add(n)?.checked_mul(4)?);
        let all = |from: usize, n: usize, is_right: &dyn Fn(u32) -> bool| {
            Some(numbers(from, n)?.as_chunks::<4>().0.iter().all(|n| is_right(u32::from_le_bytes(*n))))
        };
        if !all(next, rows, &|row| row == NONE || is_row(row))? {
            return None;
        }
        next += rows;
        let mut layers = Vec::new();
        for nth in 0..=at(5)? {
            let (len, list) = match nth {
                0 => (rows, None),
                _ => (at(next)?, Some(next + 1)),
            };
            let ends = list.map_or(next, |list| list + len);
            let sorted = |from: usize| {
                numbers(from, len).map(|n| n.as_chunks::<4>().0.iter().map(|n| u32::from_le_bytes(*n)))
            };
            let n_links = if len == 0 { 0 } else { at(ends.checked_add(len)? - 1)? };
            let links = ends + len;
            let is_sound = sorted(ends)?.is_sorted()
                && list.is_none_or(|list| {
                    sorted(list).is_some_and(|rows| {
                        rows.clone().is_sorted_by(|a, b| a < b) && rows.clone().all(is_row)
                    })
                })
                && all(links, n_links, &is_row)?;
            if !is_sound {
                return None;
            }
            layers.push(Layer { len, rows: list, ends, links });
            next = links + n_links;
        }
        if next * 4 != bytes.len() {
            return None;
        }
        let ground = layers.remove(0);
        Some(Self { rows, entry, ground, upper: layers.into(), bytes })
    }

    fn number(&self, nth: usize) -> u32 {
        u32_at(&self.bytes, nth).unwrap_or(NONE)
    }

    fn links(&self, layer: &Layer, row: u32) -> impl Iterator<Item = u32> {
        let nth = match layer.rows {
            None => Some(row as usize),
            Some(list) => self.find(list, layer.len, row),
        };
        let ends = nth.map(|nth| {
            let start = if nth == 0 { 0 } else { self.number(layer.ends + nth - 1) };
            (start as usize, self.number(layer.ends + nth) as usize)
        });
        let (start, end) = ends.unwrap_or((0, 0));
        let bytes = self.bytes.get((layer.links + start) * 4..(layer.links + end) * 4).unwrap_or_default();
        bytes.as_chunks::<4>().0.iter().map(|link| u32::from_le_bytes(*link))
    }

    fn find(&self, list: usize, len: usize, row: u32) -> Option<usize> {
        let (mut low, mut high) = (0, len);
        while low < high {
            let middle = low.midpoint(high);
            if self.number(list + middle) < row { low = middle + 1 } else { high = middle }
        }
        (low < len && self.number(list + low) == row).then_some(low)
    }

    /// The rows of the lowest upper layer.
    pub(super) fn pivots(&self) -> impl ExactSizeIterator<Item = u32> {
        let (list, len) = self.upper.first().map_or((0, 0), |layer| (layer.rows.unwrap_or(0), layer.len));
        (list..list + len).map(|nth| self.number(nth))
    }

    /// The row whose search begins the lowest layer, and its score: the best that steps to better neighbours
    /// lead to in the upper ones.
    pub(super) fn descend(&self, mut score: impl FnMut(u32) -> f32) -> Option<(f32, u32)> {
        let mut best = (self.entry != NONE).then(|| (score(self.entry), self.entry))?;
        for layer in self.upper.iter().rev() {
            loop {
                let from = best.1;
                for link in self.links(layer, from) {
                    let found = score(link);
                    if found > best.0 {
                        best = (found, link);
                    }
                }
                if best.1 == from {
                    break;
                }
            }
        }
        Some(best)
    }

    /// Neighbours of a row in the lowest layer.
    pub(super) fn near(&self, row: u32) -> impl Iterator<Item = u32> {
        self.links(&self.ground, row)
    }

    /// The other rows that have the same vector and come after this one.
    pub(super) fn twins(&self, row: u32) -> impl Iterator<Item = u32> {
        // Twins are strung by increasing row; anything else was damaged, and ends.
        std::iter::successors(Some(row), move |row| {
            let next = self.number(HEADER_BYTES / 4 + *row as usize);
            (next != NONE && next > *row).then_some(next)
        })
        .skip(1)
    }

    pub(super) fn n_rows(&self) -> usize {
        self.rows
    }
}
