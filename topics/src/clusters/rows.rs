//! Means and cosines of sets of rows. Knows nothing of how sets come about.

use super::{Group, Items};
use crate::vector::{dot, normalise};

pub(super) struct Rows<'a> {
    pub(super) items: &'a Items<'a>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(items: &'a Items<'a>) -> Self {
        Self { items }
    }

    /// Mean direction by images, summed in double precision in the order given.
    pub(super) fn centroid(&self, members: &[u32]) -> Vec<f32> {
        let mut sum = vec![0f64; self.items.dim()];
        for &row in members {
            let weight = f64::from(self.items.weight(row));
            for (sum, value) in sum.iter_mut().zip(self.items.row(row)) {
                *sum += weight * f64::from(*value);
            }
        }
        let norm = sum.iter().map(|value| value * value).sum::<f64>().sqrt();
        let factor = if norm > 0.0 { 1.0 / norm } else { 0.0 };
        let mut centroid: Vec<f32> = sum.iter().map(|value| (value * factor) as f32).collect();
        normalise(&mut centroid);
        centroid
    }

    pub(super) fn group(&self, mut members: Vec<u32>) -> Group {
        members.sort_unstable();
        let centroid = self.centroid(&members);
        let n_images = self.n_images(&members);
        Group { members, centroid, n_images }
    }

    pub(super) fn n_images(&self, members: &[u32]) -> u64 {
        members.iter().map(|row| u64::from(self.items.weight(*row))).sum()
    }

    pub(super) fn cosine(&self, row: u32, centroid: &[f32]) -> f32 {
        dot(self.items.row(row), centroid)
    }

    pub(super) fn all_within(&self, members: &[u32], centroid: &[f32], threshold: f32) -> bool {
        members.iter().all(|row| self.cosine(*row, centroid) >= threshold)
    }
}
