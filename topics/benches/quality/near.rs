//! Candidates from an HNSW graph, as the program has them, and vectors of a whole library.

use hnsw_rs::prelude::{Distance, Hnsw};
use lumidex_topics::builtin::{DIM, Model};
use lumidex_topics::clusters::{Items, Near};

/// The library's own distance for rows of length 1 insists that no rounding makes a product larger than 1.
#[derive(Clone, Copy)]
struct Cosine;

impl Distance<f32> for Cosine {
    fn eval(&self, a: &[f32], b: &[f32]) -> f32 {
        const LANES: usize = 16;
        let mut lanes = [0f32; LANES];
        for (x, y) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
            for lane in 0..LANES {
                lanes[lane] += x[lane] * y[lane];
            }
        }
        (1.0 - lanes.iter().sum::<f32>()).max(0.0)
    }
}

pub(crate) struct Graph<'a> {
    items: Items<'a>,
    hnsw: Hnsw<'a, f32, Cosine>,
}

impl<'a> Graph<'a> {
    pub(crate) fn of(items: Items<'a>) -> Self {
        let hnsw = Hnsw::new(16, items.len().max(1), 16, 100, Cosine);
        let rows: Vec<(&[f32], usize)> = (0..items.len()).map(|row| (items.row(row as u32), row)).collect();
        hnsw.parallel_insert_slice(&rows);
        Self { items, hnsw }
    }
}

impl Near for Graph<'_> {
    fn candidates(&self, row: u32, k: usize, into: &mut Vec<u32>) {
        let found = self.hnsw.search(self.items.row(row), k, k.max(48));
        into.extend(found.into_iter().map(|neighbour| neighbour.d_id as u32));
    }
}

pub(crate) fn vectors(model: &Model, prompts: &[String]) -> Vec<f32> {
    let mut vectors = vec![0f32; prompts.len() * DIM];
    for (prompt, vector) in prompts.iter().zip(vectors.chunks_exact_mut(DIM)) {
        model.embed(prompt, vector);
    }
    vectors
}
