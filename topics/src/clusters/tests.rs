//! What clusters promise, of any vectors: a partition, a bound, a size, sameness, no chains.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{Clustering, Exact, Items, Near, Params, cluster};
use crate::vector::{SplitMix, dot, normalise};
use crate::{Stopped, Unwatched};

const DIM: usize = 16;

/// Vectors round random middles, `spread` wide, and some anywhere.
fn vectors(seed: u64, n: usize, n_middles: usize, spread: f32) -> Vec<f32> {
    let mut random = SplitMix(seed);
    let mut number = || (random.draw() >> 40) as f32 / 8_388_608.0 - 1.0;
    let middles: Vec<[f32; DIM]> = (0..n_middles).map(|_| std::array::from_fn(|_| number())).collect();
    let mut vectors = Vec::new();
    for at in 0..n {
        let mut row: [f32; DIM] = std::array::from_fn(|_| number() * spread);
        if at % 7 != 0 {
            row.iter_mut().zip(&middles[at % n_middles]).for_each(|(value, middle)| *value += middle);
        }
        normalise(&mut row);
        vectors.extend(row);
    }
    vectors
}

fn found(vectors: &[f32], weights: &[u32], params: &Params) -> Clustering {
    let items = Items::new(DIM, vectors, weights);
    cluster(&items, &Exact(items), params, &mut Unwatched).unwrap()
}

fn sets(clustering: &Clustering, name: impl Fn(u32) -> u32) -> BTreeSet<BTreeSet<u32>> {
    clustering.clusters.iter().map(|cluster| cluster.members.iter().map(|row| name(*row)).collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_row_is_once_in_a_cluster_that_keeps_its_bounds(
        seed: u64, n in 0usize..90, n_middles in 1usize..8, spread in 0f32..1.5, threshold in 0f32..1.0,
        min_cluster_size in 1u32..6, assign in prop_oneof![Just(0f32), 0.5f32..1.0],
    ) {
        let vectors = vectors(seed, n, n_middles, spread);
        let weights: Vec<u32> = (0..n as u32).map(|at| 1 + at % 3).collect();
        let params = Params { threshold, min_cluster_size, assign_noise_threshold: assign };
        let clustering = found(&vectors, &weights, &params);

        let members = clustering.clusters.iter().flat_map(|cluster| &cluster.members);
        let mut rows: Vec<u32> = members.chain(&clustering.noise).copied().collect();
        rows.sort_unstable();
        prop_assert_eq!(rows, (0..n as u32).collect::<Vec<_>>());

        let bound = if assign > 0.0 { threshold.min(assign) } else { threshold }.min(0.999) - 1e-5;
        for cluster in &clustering.clusters {
            let n_images: u64 = cluster.members.iter().map(|row| u64::from(weights[*row as usize])).sum();
            prop_assert_eq!(n_images, cluster.n_images);
            prop_assert!(n_images >= u64::from(min_cluster_size));
            let cosines: Vec<f32> = cluster.members.iter()
                .map(|row| dot(&vectors[*row as usize * DIM..][..DIM], &cluster.centroid)).collect();
            prop_assert!(cosines.iter().all(|cosine| *cosine >= bound), "{:?} < {}", cosines, bound);
            prop_assert!(cosines.is_sorted_by(|a, b| a >= b), "the most representative come first");
        }
        prop_assert!(clustering.clusters.is_sorted_by_key(|cluster| std::cmp::Reverse(cluster.n_images)));
        prop_assert_eq!(&found(&vectors, &weights, &params), &clustering);
    }

    #[test]
    fn the_order_in_which_things_came_does_not_matter(seed: u64, n in 2usize..80) {
        // Well apart, so that no rounding decides.
        let own = vectors(seed, n, 4, 0.05);
        let weights: Vec<u32> = (0..n as u32).map(|at| 1 + at % 3).collect();
        let plain = found(&own, &weights, &Params::default());
        let mut order: Vec<usize> = (0..n).collect();
        let mut random = SplitMix(seed ^ 1);
        for at in (1..n).rev() {
            order.swap(at, random.below(at + 1));
        }
        let moved: Vec<f32> = order.iter().flat_map(|at| own[at * DIM..][..DIM].iter().copied()).collect();
        let moved_weights: Vec<u32> = order.iter().map(|at| weights[*at]).collect();
        let other = found(&moved, &moved_weights, &Params::default());
        prop_assert_eq!(sets(&plain, |row| row), sets(&other, |row| order[row as usize] as u32));
    }

    #[test]
    fn candidates_may_be_anything(seed: u64, n in 1usize..40, wild in proptest::collection::vec(any::<u32>(), 0..30)) {
        struct Wild(Vec<u32>);
        impl Near for Wild {
            fn candidates(&self, _: u32, _: usize, into: &mut Vec<u32>) {
                into.extend(&self.0);
            }
        }
        let (vectors, weights) = (vectors(seed, n, 3, 0.1), vec![1; n]);
        let items = Items::new(DIM, &vectors, &weights);
        let clustering = cluster(&items, &Wild(wild), &Params::default(), &mut Unwatched).unwrap();
        let n_members: usize = clustering.clusters.iter().map(|cluster| cluster.members.len()).sum();
        prop_assert_eq!(n_members + clustering.noise.len(), n);
    }
}

#[test]
fn a_chain_is_no_topic() {
    // Each is near the next, and the ends are a right angle apart.
    let n = 30;
    let mut vectors = vec![0f32; n * DIM];
    for at in 0..n {
        let angle = std::f32::consts::FRAC_PI_2 * at as f32 / (n - 1) as f32;
        (vectors[at * DIM], vectors[at * DIM + 1]) = (angle.cos(), angle.sin());
    }
    let clustering = found(&vectors, &vec![1; n], &Params::default());
    let longest = clustering.clusters.iter().map(|cluster| cluster.members.len()).max().unwrap();
    assert!(clustering.clusters.len() > 1 && longest < 20, "{clustering:?}");
}

#[test]
fn images_count_not_prompts() {
    let mut vectors = vec![0f32; 2 * DIM];
    (vectors[0], vectors[DIM + 1]) = (1.0, 1.0);
    let clustering = found(&vectors, &[5, 1], &Params { min_cluster_size: 3, ..Params::default() });
    assert_eq!(clustering.clusters.len(), 1);
    assert_eq!((&clustering.clusters[0].members, clustering.clusters[0].n_images), (&vec![0], 5));
    assert_eq!(clustering.noise, [1]);
}

#[test]
fn what_says_nothing_is_noise() {
    let mut vectors = vec![0f32; 4 * DIM];
    (vectors[0], vectors[DIM]) = (1.0, 1.0);
    let clustering = found(&vectors, &[1, 1, 9, 9], &Params { threshold: 0.0, ..Params::default() });
    assert_eq!(clustering.clusters[0].members, [0, 1]);
    assert_eq!(clustering.noise, [2, 3]);
}

#[test]
fn who_watches_may_stop_it_and_sees_it_advance() {
    let vectors = vectors(3, 2_000, 40, 0.4);
    let weights = vec![1; 2_000];
    let items = Items::new(DIM, &vectors, &weights);
    let mut told = Vec::new();
    cluster(&items, &Exact(items), &Params::default(), &mut |done: f32| {
        told.push(done);
        true
    })
    .unwrap();
    assert!(told.is_sorted() && told.iter().all(|done| (0.0..=1.0).contains(done)), "{told:?}");
    for stop_after in 0..told.len().min(12) {
        let mut n = 0;
        let mut watch = |_: f32| {
            n += 1;
            n <= stop_after
        };
        assert_eq!(cluster(&items, &Exact(items), &Params::default(), &mut watch), Err(Stopped));
    }
}

#[test]
fn defaults_are_those_of_the_contract() {
    for (threshold, expected) in [(0.9, 0.92), (0.8, 0.88), (0.97, 0.97)] {
        let params = Params::with_threshold(threshold);
        assert!((params.assign_noise_threshold - expected).abs() < 1e-6);
        assert_eq!(params.min_cluster_size, 2);
    }
}
