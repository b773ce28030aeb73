//! Who is near whom, and what hangs together by that: DBSCAN of `linfa-clustering`, which is handed neighbours
//! that are known already instead of looking for them itself.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use linfa::Float;
use linfa::prelude::{ParamGuard, Transformer};
use linfa_clustering::Dbscan;
use linfa_nn::distance::{Distance, L2Dist};
use linfa_nn::{BuildError, NearestNeighbour, NearestNeighbourIndex, NnError};
use ndarray::{Array1, Array2, ArrayBase, ArrayView1, ArrayView2, Data, Ix2};

use super::{Items, Near};
use crate::vector::dot;
use crate::{Stopped, Watch};

/// Nearest rows that are asked for. More than a few are needed so that a large topic hangs together.
const CANDIDATES: usize = 24;
/// Up to this many rows, all are asked; of more, one in `ASK_FIRST`, and then those with fewer links than
/// `FOUND_ENOUGH`.
const ASK_ALL_MAX: usize = 8_192;
const ASK_FIRST: u32 = 4;
const FOUND_ENOUGH: usize = 4;
/// Rows that a thread takes at a time.
pub(super) const TURN: usize = 256;
const THREADS_MAX: usize = 4;
/// What makes a row a core of DBSCAN: itself and one other. Noise is decided by size, later.
const MIN_POINTS: usize = 2;

/// Neighbours of each row within the threshold, rising, without itself; symmetric.
pub(super) type Graph = Vec<Vec<u32>>;

/// The `k` nearest rows by comparing with all.
pub(super) fn exact(items: &Items<'_>, row: u32, k: usize, into: &mut Vec<u32>) {
    let own = items.row(row);
    let mut scored: Vec<(f32, u32)> =
        (0..items.len() as u32).map(|other| (dot(own, items.row(other)), other)).collect();
    let order = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    if k < scored.len() {
        scored.select_nth_unstable_by(k, order);
        scored.truncate(k);
    }
    into.extend(scored.into_iter().map(|(_, other)| other));
}

/// Asks for candidates, on a few threads, and keeps those within the threshold. Of many rows, one in four is
/// asked first, and then only those that few of these are near: looking up is most of the work of all of this,
/// and whoever several found already hangs together with them.
pub(super) fn link(
    items: &Items<'_>,
    near: &dyn Near,
    threshold: f32,
    watch: &mut dyn Watch,
) -> Result<Graph, Stopped> {
    let n = items.len() as u32;
    let mut graph: Graph = vec![Vec::new(); items.len()];
    if items.len() <= ASK_ALL_MAX {
        let all: Vec<u32> = (0..n).collect();
        link_rows(items, near, threshold, &all, &mut graph, watch)?;
        return Ok(symmetric(graph));
    }
    let first: Vec<u32> = (0..n).filter(|row| row.is_multiple_of(ASK_FIRST)).collect();
    link_rows(items, near, threshold, &first, &mut graph, &mut |done: f32| watch.goes_on(done / 2.0))?;
    let mut graph = symmetric(graph);
    let is_open = |row: &u32| !row.is_multiple_of(ASK_FIRST) && graph[*row as usize].len() < FOUND_ENOUGH;
    let open: Vec<u32> = (0..n).filter(is_open).collect();
    let mut more: Graph = vec![Vec::new(); items.len()];
    link_rows(items, near, threshold, &open, &mut more, &mut |done: f32| watch.goes_on(0.5 + done / 2.0))?;
    for (links, more) in graph.iter_mut().zip(more) {
        links.extend(more);
    }
    Ok(symmetric(graph))
}

/// Puts the links of some rows into the graph.
fn link_rows(
    items: &Items<'_>,
    near: &dyn Near,
    threshold: f32,
    rows: &[u32],
    graph: &mut Graph,
    watch: &mut dyn Watch,
) -> Result<(), Stopped> {
    let n_threads = thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    let (stop, next) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        for _ in 0..n_threads {
            let (tell, stop, next) = (tell.clone(), &stop, &next);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let from = next.fetch_add(TURN, Ordering::Relaxed);
                    let Some(turn) = rows.get(from..(from + TURN).min(rows.len())) else { return };
                    if turn.is_empty() {
                        return;
                    }
                    let linked = turn.iter().map(|row| (*row, links(items, near, *row, threshold)));
                    if tell.send(linked.collect::<Vec<_>>()).is_err() {
                        return;
                    }
                }
            });
        }
        drop(tell);
        let mut n_done = 0;
        for linked in told {
            n_done += linked.len();
            for (row, links) in linked {
                graph[row as usize] = links;
            }
            if !watch.goes_on(n_done as f32 / rows.len() as f32) {
                stop.store(true, Ordering::Relaxed);
            }
        }
    });
    if stop.load(Ordering::Relaxed) { Err(Stopped) } else { Ok(()) }
}

/// The candidates of a row that are really within the threshold.
fn links(items: &Items<'_>, near: &dyn Near, row: u32, threshold: f32) -> Vec<u32> {
    let own = items.row(row);
    if items.says_nothing(row) {
        return Vec::new();
    }
    let mut candidates = Vec::with_capacity(CANDIDATES + 1);
    near.candidates(row, CANDIDATES, &mut candidates);
    candidates.retain(|&other| {
        other != row
            && (other as usize) < items.len()
            && dot(own, items.row(other)) >= threshold
            && !items.says_nothing(other)
    });
    candidates.sort_unstable();
    candidates.dedup();
    candidates
}

fn symmetric(mut graph: Graph) -> Graph {
    let forward =
        graph.iter().zip(0u32..).flat_map(|(links, row)| links.iter().map(move |other| (*other, row)));
    let backward: Vec<(u32, u32)> = forward.collect();
    for (row, other) in backward {
        graph[row as usize].push(other);
    }
    for links in &mut graph {
        links.sort_unstable();
        links.dedup();
        links.shrink_to_fit();
    }
    graph
}

/// What hangs together, each set rising, the sets by their lowest row. Rows without neighbours are sets of
/// their own.
pub(super) fn components(graph: Graph) -> Vec<Vec<u32>> {
    // DBSCAN compares points; ours are the numbers of the rows, which the index below understands.
    let numbers = Array2::from_shape_fn((graph.len(), 1), |(row, _)| row as f64);
    let params = Dbscan::params_with(MIN_POINTS, L2Dist, Known { graph: Arc::new(graph) }).tolerance(1.0);
    let labels = match params.check_ref() {
        Ok(valid) => valid.transform(&numbers),
        Err(_) => Array1::from_elem(numbers.nrows(), None),
    };
    let mut components: Vec<Vec<u32>> = Vec::new();
    let mut of_label: HashMap<usize, usize> = HashMap::new();
    for (label, row) in labels.iter().zip(0u32..) {
        let component = match label {
            None => components.len(),
            Some(label) => *of_label.entry(*label).or_insert(components.len()),
        };
        if component == components.len() {
            components.push(Vec::new());
        }
        components[component].push(row);
    }
    components
}

/// Neighbours that are known already, as an algorithm that finds them.
#[derive(Debug, Clone)]
struct Known {
    graph: Arc<Graph>,
}

/// Answers for points whose only number is that of a row.
struct KnownIndex<'a, F> {
    graph: Arc<Graph>,
    numbers: ArrayView2<'a, F>,
}

impl NearestNeighbour for Known {
    fn from_batch_with_leaf_size<'a, F: Float, DT: Data<Elem = F>, D: 'a + Distance<F>>(
        &self,
        batch: &'a ArrayBase<DT, Ix2>,
        _leaf_size: usize,
        _distance: D,
    ) -> Result<Box<dyn 'a + Send + Sync + NearestNeighbourIndex<F>>, BuildError> {
        Ok(Box::new(KnownIndex { graph: Arc::clone(&self.graph), numbers: batch.view() }))
    }
}

impl<F: Float> KnownIndex<'_, F> {
    fn around(&self, point: ArrayView1<'_, F>) -> Result<Vec<(ArrayView1<'_, F>, usize)>, NnError> {
        let row = point.first().and_then(|number| number.to_usize()).ok_or(NnError::WrongDimension)?;
        let links = self.graph.get(row).ok_or(NnError::WrongDimension)?;
        let rows = std::iter::once(row).chain(links.iter().map(|other| *other as usize));
        Ok(rows.map(|row| (self.numbers.row(row), row)).collect())
    }
}

impl<F: Float> NearestNeighbourIndex<F> for KnownIndex<'_, F> {
    fn k_nearest(
        &self,
        point: ArrayView1<'_, F>,
        k: usize,
    ) -> Result<Vec<(ArrayView1<'_, F>, usize)>, NnError> {
        let mut around = self.around(point)?;
        around.truncate(k);
        Ok(around)
    }

    fn within_range(
        &self,
        point: ArrayView1<'_, F>,
        _range: F,
    ) -> Result<Vec<(ArrayView1<'_, F>, usize)>, NnError> {
        self.around(point)
    }
}
