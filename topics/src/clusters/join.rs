//! Joins groups that are the same, and lets large groups take in what small ones hold.

use super::rows::Rows;
use super::{Cluster, Clustering, Group, Params};
use crate::vector::dot;
use crate::{Stopped, Watch};

/// Centroids as near as this are of one topic: 0.08 beyond the threshold, within these bounds.
const SAME_BEYOND: f32 = 0.08;
const SAME_MIN: f32 = 0.965;
const SAME_MAX: f32 = 0.999;
/// Times that all pairs are looked for.
const ROUNDS: usize = 4;
/// Up to this many centroids are compared one by one.
const ONE_BY_ONE_MAX: usize = 1_024;
/// Pivots that are looked at for each question.
const PROBES: usize = 4;

/// Joins near-identical groups, most similar first, as long as each member is within `threshold` of the
/// joint centroid.
pub(super) fn joined(
    rows: &Rows<'_>,
    mut groups: Vec<Group>,
    threshold: f32,
    watch: &mut dyn Watch,
) -> Result<Vec<Group>, Stopped> {
    let same = (threshold + SAME_BEYOND).clamp(SAME_MIN, SAME_MAX);
    for round in 0..ROUNDS {
        let pairs =
            pairs(&groups, same, &mut |done: f32| watch.goes_on((round as f32 + done) / ROUNDS as f32))?;
        let n_before = groups.len();
        groups = join_pairs(rows, groups, pairs, same, threshold);
        if groups.len() == n_before {
            break;
        }
    }
    Ok(groups)
}

/// Pairs of groups at least as similar as `same`, most similar first.
fn pairs(groups: &[Group], same: f32, watch: &mut dyn Watch) -> Result<Vec<(f32, usize, usize)>, Stopped> {
    // A single row near another was linked to it, and is where it is for a reason.
    let several: Vec<usize> = (0..groups.len()).filter(|at| groups[*at].members.len() > 1).collect();
    let centroids: Vec<&[f32]> = several.iter().map(|at| groups[*at].centroid.as_slice()).collect();
    let index = Pivots::new(centroids);
    let mut pairs = Vec::new();
    for (at, &group) in several.iter().enumerate() {
        if at % 64 == 0 && !watch.goes_on(at as f32 / several.len() as f32) {
            return Err(Stopped);
        }
        index.each_near(&groups[group].centroid, same, &mut |cosine, other| {
            if other > at {
                pairs.push((cosine, group, several[other]));
            }
        });
    }
    pairs.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    pairs.dedup();
    Ok(pairs)
}

fn join_pairs(
    rows: &Rows<'_>,
    groups: Vec<Group>,
    pairs: Vec<(f32, usize, usize)>,
    same: f32,
    threshold: f32,
) -> Vec<Group> {
    let mut into: Vec<usize> = (0..groups.len()).collect();
    let mut groups: Vec<Option<Group>> = groups.into_iter().map(Some).collect();
    for (_, one, other) in pairs {
        let (one, other) = (root(&mut into, one), root(&mut into, other));
        let (first, second) = (one.min(other), one.max(other));
        let Some([a, b]) = (first != second).then(|| [first, second].map(|at| groups[at].as_ref())) else {
            continue;
        };
        let (Some(a), Some(b)) = (a, b) else { continue };
        if dot(&a.centroid, &b.centroid) < same {
            continue;
        }
        let joint = rows.group(a.members.iter().chain(&b.members).copied().collect());
        if rows.all_within(&joint.members, &joint.centroid, threshold) {
            groups[first] = Some(joint);
            groups[second] = None;
            into[second] = first;
        }
    }
    groups.into_iter().flatten().collect()
}

fn root(into: &mut [usize], mut at: usize) -> usize {
    while into[at] != at {
        into[at] = into[into[at]];
        at = into[at];
    }
    at
}

/// Clusters are the groups of enough images; members of the others join the most similar cluster if it is
/// similar enough, or are noise.
pub(super) fn taken_in(rows: &Rows<'_>, groups: Vec<Group>, params: &Params) -> Clustering {
    let (large, small): (Vec<Group>, Vec<Group>) =
        groups.into_iter().partition(|group| group.n_images >= u64::from(params.min_cluster_size));
    let mut taken: Vec<Vec<u32>> = vec![Vec::new(); large.len()];
    let mut noise = Vec::new();
    let index = Pivots::new(large.iter().map(|group| group.centroid.as_slice()).collect());
    for row in small.into_iter().flat_map(|group| group.members) {
        let mut best: Option<(f32, usize)> = None;
        if params.assign_noise_threshold > 0.0 {
            index.each_near(rows.items.row(row), params.assign_noise_threshold, &mut |cosine, cluster| {
                if best.is_none_or(|(most, at)| {
                    (cosine, std::cmp::Reverse(cluster)) > (most, std::cmp::Reverse(at))
                }) {
                    best = Some((cosine, cluster));
                }
            });
        }
        match best {
            Some((_, cluster)) => taken[cluster].push(row),
            None => noise.push(row),
        }
    }
    let clusters = large.into_iter().zip(taken).map(|(group, taken)| finished(rows, group, taken));
    let mut clusters: Vec<Cluster> = clusters.collect();
    let lowest = |cluster: &Cluster| cluster.members.iter().min().copied();
    clusters.sort_by_key(|cluster| (std::cmp::Reverse(cluster.n_images), lowest(cluster)));
    Clustering { clusters, noise }
}

fn finished(rows: &Rows<'_>, group: Group, taken: Vec<u32>) -> Cluster {
    let Group { mut members, centroid, .. } = group;
    members.extend(taken);
    let mut scored: Vec<(f32, u32)> =
        members.iter().map(|row| (rows.cosine(*row, &centroid), *row)).collect();
    scored.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let members: Vec<u32> = scored.into_iter().map(|(_, row)| row).collect();
    Cluster { n_images: rows.n_images(&members), members, centroid }
}

/// Finds near centroids: one by one while they are few, else only those that share a pivot with the question,
/// so that the work grows with the square root of their number.
struct Pivots<'a> {
    centroids: Vec<&'a [f32]>,
    /// Centroids that stand for their surroundings.
    pivots: Vec<usize>,
    /// The centroids around each pivot, rising.
    around: Vec<Vec<usize>>,
}

impl<'a> Pivots<'a> {
    fn new(centroids: Vec<&'a [f32]>) -> Self {
        let mut index = Self { centroids, pivots: Vec::new(), around: Vec::new() };
        let n = index.centroids.len();
        if n > ONE_BY_ONE_MAX {
            let step = n.isqrt().max(1);
            index.pivots = (0..n).step_by(step).collect();
            index.around = vec![Vec::new(); index.pivots.len()];
            for at in 0..n {
                let nearest = index.nearest_pivots(index.centroids[at], 1);
                for pivot in nearest {
                    index.around[pivot].push(at);
                }
            }
        }
        index
    }

    fn nearest_pivots(&self, question: &[f32], n: usize) -> Vec<usize> {
        let cosines = self.pivots.iter().map(|pivot| dot(question, self.centroids[*pivot]));
        let mut scored: Vec<(f32, usize)> = cosines.enumerate().map(|(at, cosine)| (cosine, at)).collect();
        let order = |a: &(f32, usize), b: &(f32, usize)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if n < scored.len() {
            scored.select_nth_unstable_by(n, order);
            scored.truncate(n);
        }
        scored.into_iter().map(|(_, at)| at).collect()
    }

    /// Visits centroids whose cosine to `question` is at least `cosine`.
    fn each_near(&self, question: &[f32], cosine: f32, visit: &mut dyn FnMut(f32, usize)) {
        let mut ask = |at: usize| {
            let found = dot(question, self.centroids[at]);
            if found >= cosine {
                visit(found, at);
            }
        };
        if self.pivots.is_empty() {
            (0..self.centroids.len()).for_each(ask);
        } else {
            for pivot in self.nearest_pivots(question, PROBES) {
                self.around[pivot].iter().copied().for_each(&mut ask);
            }
        }
    }
}
