//! The search of the lowest layer of a graph (algorithm 2 of the paper that `graph` names), with a filter.
//!
//! Refuses to know what scores mean, and where vectors lie.

use super::graph::Graph;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// A row and how near it is; nearer ones are greater, and of equal ones those that come first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scored {
    pub(super) score: f32,
    pub(super) row: u32,
}

impl Eq for Scored {}

impl PartialOrd for Scored {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scored {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(other.row.cmp(&self.row))
    }
}

/// The best `len` of what it is given.
pub(super) struct Best {
    len: usize,
    heap: BinaryHeap<Reverse<Scored>>,
}

impl Best {
    pub(super) fn of(len: usize) -> Self {
        Self { len, heap: BinaryHeap::with_capacity(len.min(4_096) + 1) }
    }

    pub(super) fn put(&mut self, found: Scored) {
        if self.heap.len() < self.len {
            self.heap.push(Reverse(found));
        } else if let Some(mut worst) = self.heap.peek_mut()
            && worst.0 < found
        {
            *worst = Reverse(found);
        }
    }

    /// What must be beaten, when there are enough.
    pub(super) fn bound(&self) -> Option<f32> {
        (self.heap.len() >= self.len).then(|| self.heap.peek().map(|worst| worst.0.score))?
    }

    /// The best first.
    pub(super) fn into_sorted(self) -> Vec<Scored> {
        self.heap.into_sorted_vec().into_iter().map(|Reverse(found)| found).collect()
    }
}

/// About the best `width` allowed rows, best first, and how many rows were scored. Begins at these rows, or from
/// the top when there are none. Rows that are not allowed are passed through, and not found.
pub(super) fn search(
    graph: &Graph,
    begin: impl Iterator<Item = u32>,
    width: usize,
    mut score: impl FnMut(u32) -> f32,
    is_allowed: impl Fn(u32) -> bool,
) -> (Vec<Scored>, usize) {
    let mut n_scored = 0;
    let mut counted = |row| {
        n_scored += 1;
        score(row)
    };
    let mut ahead: BinaryHeap<Scored> = begin.map(|row| Scored { score: counted(row), row }).collect();
    if ahead.is_empty() {
        let Some((score, row)) = graph.descend(&mut counted) else { return (Vec::new(), 0) };
        ahead.push(Scored { score, row });
    }
    let mut seen = Seen::of(graph.n_rows());
    let mut found = Best::of(width);
    let take = |found: &mut Best, at: Scored| {
        for row in std::iter::once(at.row).chain(graph.twins(at.row)).filter(|row| is_allowed(*row)) {
            found.put(Scored { row, ..at });
        }
    };
    for at in &ahead {
        seen.insert(at.row);
        take(&mut found, *at);
    }
    while let Some(from) = ahead.pop() {
        if found.bound().is_some_and(|bound| from.score < bound) {
            break;
        }
        for row in graph.near(from.row) {
            if !seen.insert(row) {
                continue;
            }
            let at = Scored { score: counted(row), row };
            if found.bound().is_none_or(|bound| at.score > bound) {
                take(&mut found, at);
                ahead.push(at);
            }
        }
    }
    (found.into_sorted(), n_scored)
}

/// Rows met, one bit each.
struct Seen(Vec<u64>);

impl Seen {
    fn of(rows: usize) -> Self {
        Self(vec![0; rows.div_ceil(64)])
    }

    /// Whether it is new.
    fn insert(&mut self, row: u32) -> bool {
        let (word, bit) = (&mut self.0[row as usize / 64], 1 << (row % 64));
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }
}
