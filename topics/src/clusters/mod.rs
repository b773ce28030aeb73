//! From vectors to clusters: DBSCAN finds what hangs together, then everything is split until each member is
//! near its centroid, so that nothing is held together by a chain. Knows vectors and weights, not words.
//!
//! The same items and candidates give the same clusters: ties are broken by row, sums are in order of rows,
//! and rows are in order of ids, whose business is the caller's.

mod neighbours;
mod rows;
mod split;
mod join;
#[cfg(test)]
mod tests;

use crate::{Stopped, Watch};
use rows::Rows;

/// Rows to be clustered, in order of their ids.
#[derive(Debug, Clone, Copy)]
pub struct Items<'a> {
    dim: usize,
    vectors: &'a [f32],
    weights: &'a [u32],
}

impl<'a> Items<'a> {
    /// Rows of `dim` numbers, each of length 1 (or all zero: then it is noise), and for each row how many
    /// images it stands for, at least 1.
    ///
    /// # Panics
    ///
    /// If `vectors` has not `dim` numbers for each weight.
    pub fn new(dim: usize, vectors: &'a [f32], weights: &'a [u32]) -> Self {
        assert_eq!(vectors.len(), dim * weights.len(), "`dim` numbers for each row");
        Self { dim, vectors, weights }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.weights.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    /// Numbers of a row.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The vector of a row.
    pub fn row(&self, row: u32) -> &'a [f32] {
        &self.vectors[row as usize * self.dim..][..self.dim]
    }

    /// Whether a row is zero, and so near nothing.
    fn says_nothing(&self, row: u32) -> bool {
        let own = self.row(row);
        crate::vector::dot(own, own) < 0.5
    }

    /// How many images a row stands for.
    pub fn weight(&self, row: u32) -> u32 {
        self.weights[row as usize].max(1)
    }
}

/// Who knows which rows are probably near a row.
pub trait Near: Sync {
    /// Appends up to about `k` rows that are probably the nearest of `row`, in any order; `row` itself may be
    /// among them, rows out of range are passed over. Is called from several threads.
    fn candidates(&self, row: u32, k: usize, into: &mut Vec<u32>);
}

/// Compares every row with every other: exact, and a matter of seconds from ten thousand rows on.
#[derive(Debug, Clone, Copy)]
pub struct Exact<'a>(pub Items<'a>);

impl Near for Exact<'_> {
    fn candidates(&self, row: u32, k: usize, into: &mut Vec<u32>) {
        neighbours::exact(&self.0, row, k, into);
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Params {
    /// Cosine that each member has to its cluster's centroid at least, 0 to 1.
    pub threshold: f32,
    /// Images that a cluster has at least; at least 1.
    pub min_cluster_size: u32,
    /// Cosine to a cluster's centroid from which members of smaller clusters are taken in; 0 takes none.
    pub assign_noise_threshold: f32,
}

impl Params {
    /// The defaults that belong to a threshold: clusters of two images, and small clusters are taken in from
    /// a cosine of 0.88 or 0.02 above the threshold, at most 0.97.
    pub fn with_threshold(threshold: f32) -> Self {
        Self { threshold, min_cluster_size: 2, assign_noise_threshold: (threshold + 0.02).clamp(0.88, 0.97) }
    }
}

impl Default for Params {
    fn default() -> Self {
        Self::with_threshold(0.9)
    }
}

/// A cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// Rows, the nearest to the centroid first.
    pub members: Vec<u32>,
    /// Mean direction of the members that formed it, by images; those taken in later are not in it.
    pub centroid: Vec<f32>,
    /// Images of the members.
    pub n_images: u64,
}

/// Every row exactly once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Clustering {
    /// By images, the largest first, then by the lowest row.
    pub clusters: Vec<Cluster>,
    /// Rows in no cluster, rising.
    pub noise: Vec<u32>,
}

/// A set of rows, rising, on its way to becoming a cluster.
#[derive(Debug, Clone)]
struct Group {
    members: Vec<u32>,
    centroid: Vec<f32>,
    n_images: u64,
}

/// Parts of the work, for who watches.
const LINKED: f32 = 0.6;
const SPLIT: f32 = 0.8;

/// Clusters the items.
///
/// Each member of a cluster has at least `threshold` as cosine to the centroid, or at least
/// `assign_noise_threshold` if it was taken in from a smaller cluster. Each cluster has at least
/// `min_cluster_size` images.
///
/// # Errors
///
/// [`Stopped`] when `watch` says so.
pub fn cluster(
    items: &Items<'_>,
    near: &dyn Near,
    params: &Params,
    watch: &mut dyn Watch,
) -> Result<Clustering, Stopped> {
    let params = sane(params);
    let rows = Rows::new(items);
    let graph =
        neighbours::link(items, near, params.threshold, &mut |done: f32| watch.goes_on(LINKED * done))?;
    let components = neighbours::components(graph);
    let (components, silent) =
        components.into_iter().partition::<Vec<_>, _>(|component| !items.says_nothing(component[0]));
    let groups = split::split(&rows, components, params.threshold, &mut |done: f32| {
        watch.goes_on(LINKED + (SPLIT - LINKED) * done)
    })?;
    let groups = join::joined(&rows, groups, params.threshold, &mut |done: f32| {
        watch.goes_on(SPLIT + (1.0 - SPLIT) * done)
    })?;
    let mut clustering = join::taken_in(&rows, groups, &params);
    clustering.noise.extend(silent.into_iter().flatten());
    clustering.noise.sort_unstable();
    if watch.goes_on(1.0) { Ok(clustering) } else { Err(Stopped) }
}

/// Numbers that arithmetic can stand: not a number is 0.
fn sane(params: &Params) -> Params {
    let cosine = |value: f32| if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) };
    Params {
        threshold: cosine(params.threshold).min(0.999),
        min_cluster_size: params.min_cluster_size.max(1),
        assign_noise_threshold: cosine(params.assign_noise_threshold),
    }
}
