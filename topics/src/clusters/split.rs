//! Splits what hangs together until each member is within the threshold of its set's centroid.

use super::rows::Rows;
use super::{Group, neighbours};
use crate::vector::{add_scaled, dot, normalise};
use crate::{Stopped, Watch};

/// Rounds in which a set gives up its outsiders.
const TRIM_ROUNDS: usize = 12;
/// Steps towards the direction in which a set is longest.
const AXIS_STEPS: usize = 4;
/// Rounds in which two halves settle.
const HALVES_ROUNDS: usize = 4;
/// A half smaller than this part of the set is no half: then the set is cut in the middle, so that the work
/// stays in proportion to the logarithm of the number of rows.
const HALF_MIN: f32 = 1.0 / 32.0;

/// Groups, each member within `threshold` of its group's centroid, in the order of their components.
pub(super) fn split(
    rows: &Rows<'_>,
    components: Vec<Vec<u32>>,
    threshold: f32,
    watch: &mut dyn Watch,
) -> Result<Vec<Group>, Stopped> {
    let n_rows: usize = components.iter().map(Vec::len).sum();
    let (mut groups, mut n_done, mut n_asked) = (Vec::new(), 0, 0);
    let mut open: Vec<Vec<u32>> = components.into_iter().rev().collect();
    while let Some(set) = open.pop() {
        if n_done >= n_asked || set.len() > neighbours::TURN {
            n_asked = n_done + neighbours::TURN;
            if !watch.goes_on(n_done as f32 / n_rows.max(1) as f32) {
                return Err(Stopped);
            }
        }
        let (kept, rest) = trimmed(rows, &set, threshold);
        if kept.len() * 2 >= set.len() {
            n_done += kept.len();
            groups.push(rows.group(kept));
            if !rest.is_empty() {
                open.push(rest);
            }
        } else {
            let [one, other] = halves(rows, &set);
            open.push(other);
            open.push(one);
        }
    }
    Ok(groups)
}

/// Members that are within the threshold of their own centroid, and the others.
fn trimmed(rows: &Rows<'_>, set: &[u32], threshold: f32) -> (Vec<u32>, Vec<u32>) {
    let mut kept = set.to_vec();
    for _ in 0..TRIM_ROUNDS {
        let centroid = rows.centroid(&kept);
        // All are asked again: whoever was outside of an early centroid may be inside of a later one.
        let (inside, outside): (Vec<u32>, Vec<u32>) =
            set.iter().partition(|row| rows.cosine(**row, &centroid) >= threshold);
        if inside == kept {
            return (kept, outside);
        }
        if inside.len() * 2 < set.len() {
            return (inside, outside);
        }
        kept = inside;
    }
    // It did not settle: only give up from now on, which ends.
    loop {
        let centroid = rows.centroid(&kept);
        let n_before = kept.len();
        kept.retain(|row| rows.cosine(*row, &centroid) >= threshold);
        if kept.len() == n_before {
            break;
        }
    }
    let outside = set.iter().copied().filter(|row| kept.binary_search(row).is_err()).collect();
    (kept, outside)
}

/// Two parts of a set, neither empty, along the direction in which it is longest.
fn halves(rows: &Rows<'_>, set: &[u32]) -> [Vec<u32>; 2] {
    let middle = rows.centroid(set);
    let axis = axis(rows, set, &middle);
    let height = |row: &u32| dot(rows.items.row(*row), &axis);
    let mean = set.iter().map(height).sum::<f32>() / set.len() as f32;
    let mut parts: [Vec<u32>; 2] = set.iter().partition::<Vec<u32>, _>(|row| height(row) >= mean).into();
    for _ in 0..HALVES_ROUNDS {
        if parts.iter().any(Vec::is_empty) {
            break;
        }
        let centroids = [rows.centroid(&parts[0]), rows.centroid(&parts[1])];
        let next: [Vec<u32>; 2] = set
            .iter()
            .partition::<Vec<u32>, _>(|row| {
                rows.cosine(**row, &centroids[0]) >= rows.cosine(**row, &centroids[1])
            })
            .into();
        if next == parts {
            break;
        }
        parts = next;
    }
    let smaller = parts.iter().map(Vec::len).min().unwrap_or(0);
    if smaller == 0 || (smaller as f32) < HALF_MIN * set.len() as f32 {
        let mut by_height: Vec<(f32, u32)> = set.iter().map(|row| (height(row), *row)).collect();
        by_height.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut lower: Vec<u32> =
            by_height.split_off(set.len() / 2).into_iter().map(|(_, row)| row).collect();
        let mut upper: Vec<u32> = by_height.into_iter().map(|(_, row)| row).collect();
        upper.sort_unstable();
        lower.sort_unstable();
        parts = [upper, lower];
    }
    parts
}

/// The direction in which a set is longest, by power iteration from its farthest member.
fn axis(rows: &Rows<'_>, set: &[u32], middle: &[f32]) -> Vec<f32> {
    let farthest = set
        .iter()
        .min_by(|a, b| rows.cosine(**a, middle).total_cmp(&rows.cosine(**b, middle)).then(a.cmp(b)))
        .map_or_else(Vec::new, |row| rows.items.row(*row).to_vec());
    let mut axis = farthest;
    let along = dot(&axis, middle);
    add_scaled(&mut axis, middle, -along);
    normalise(&mut axis);
    for _ in 0..AXIS_STEPS {
        let mut next = vec![0f32; axis.len()];
        for &row in set {
            let own = rows.items.row(row);
            add_scaled(&mut next, own, dot(own, &axis) * rows.items.weight(row) as f32);
        }
        let along = dot(&next, middle);
        add_scaled(&mut next, middle, -along);
        if normalise(&mut next) == 0.0 {
            break;
        }
        axis = next;
    }
    axis
}
