//! Vectors of terms: random signals on the graph of prompts and terms, filtered so that what remains tells
//! groups of terms that occur together. Knows rows and columns, not words.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;

use super::LEARNED;
use crate::vector::{SplitMix, mix};
use crate::{Stopped, Watch};

/// Signals that are filtered together. All arithmetic of a block is on one thread, so that results do not
/// depend on how many there are.
const BLOCK: usize = 32;
/// Degree of the polynomial: the width of its step is about pi over this, less at the ends.
const DEGREE: usize = 14;
/// Steps towards the first singular vector, and towards the largest value of the shuffled graph.
const MEAN_STEPS: usize = 4;
const EDGE_STEPS: usize = 16;
/// How far beyond the largest value of the shuffled graph the filter's middle lies.
const EDGE_MARGIN: f32 = 1.2;
const EDGE_RANGE: [f32; 2] = [0.02, 0.8];
/// Threads at most: as many as blocks.
const THREADS_MAX: usize = LEARNED / BLOCK;

/// Who has which term, prompt by prompt.
pub(super) struct Graph {
    /// Where the atoms of each prompt end in `columns`, and then where its nested terms end.
    ends: Vec<[usize; 2]>,
    columns: Vec<u32>,
    /// Prompts that have a term as an atom.
    atoms: Vec<u32>,
    /// Prompts that have it at all.
    all: Vec<u32>,
}

impl Graph {
    pub(super) fn new(n_terms: usize) -> Self {
        Self { ends: Vec::new(), columns: Vec::new(), atoms: vec![0; n_terms], all: vec![0; n_terms] }
    }

    pub(super) fn push(&mut self, atoms: &[u32], nested: &[u32]) {
        for &column in atoms {
            self.atoms[column as usize] += 1;
            self.all[column as usize] += 1;
        }
        for &column in nested {
            self.all[column as usize] += 1;
        }
        self.columns.extend_from_slice(atoms);
        let atoms_end = self.columns.len();
        self.columns.extend_from_slice(nested);
        self.ends.push([atoms_end, self.columns.len()]);
    }

    /// Prompts that have the term as an atom.
    pub(super) fn occurrences(&self, row: usize) -> u32 {
        self.atoms[row]
    }

    fn prompts(&self) -> impl Iterator<Item = (&[u32], &[u32])> {
        let mut begin = 0;
        self.ends.iter().map(move |&[atoms_end, end]| {
            let parts = (&self.columns[begin..atoms_end], &self.columns[atoms_end..end]);
            begin = end;
            parts
        })
    }

    /// The same numbers of terms per prompt and prompts per term, and nothing else in common.
    fn shuffled(&self) -> Self {
        let mut columns = Vec::with_capacity(self.columns.len());
        let mut ends = Vec::with_capacity(self.ends.len());
        for (atoms, _) in self.prompts() {
            columns.extend_from_slice(atoms);
            ends.push([columns.len(); 2]);
        }
        let mut random = SplitMix(columns.len() as u64);
        for at in (1..columns.len()).rev() {
            columns.swap(at, random.below(at + 1));
        }
        Self { ends, columns, atoms: self.atoms.clone(), all: self.all.clone() }
    }

    /// Added to the number of prompts of each term, so that terms of a handful of prompts are not topics
    /// (Joseph, Yu, "Impact of regularization on spectral clustering", 2016).
    fn damping(&self) -> f32 {
        (self.ends.len() as f32).sqrt() / 16.0
    }
}

/// The normalised graph, as an operator on signals of terms: `D^-1/2 A' R^-1 A D^-1/2`, where `R` holds the
/// numbers of terms, `D` the damped numbers of prompts. Its values lie between 0 and 1.
struct Operator<'a> {
    graph: &'a Graph,
    /// `D^-1/2`.
    roots: Vec<f32>,
    /// What all prompts share, of length 1.
    mean: Vec<f32>,
}

impl<'a> Operator<'a> {
    fn new(graph: &'a Graph) -> Self {
        let damping = graph.damping();
        let roots = graph.atoms.iter().map(|n| 1.0 / (*n as f32 + damping).max(1e-6).sqrt()).collect();
        let mut operator = Self { graph, roots, mean: vec![0.0; graph.atoms.len()] };
        let mut mean: Vec<[f32; 1]> = graph.atoms.iter().map(|n| [(*n as f32).sqrt()]).collect();
        for _ in 0..MEAN_STEPS {
            let mut next = vec![[0.0]; mean.len()];
            operator.apply(&mean, &mut next);
            scale_to_one(&mut next);
            mean = next;
        }
        operator.mean = mean.into_iter().map(|[value]| value).collect();
        operator
    }

    /// One application, without the shared direction.
    fn apply<const N: usize>(&self, signal: &[[f32; N]], out: &mut [[f32; N]]) {
        out.fill([0.0; N]);
        for (atoms, _) in self.graph.prompts() {
            let mut sum = [0f32; N];
            for &column in atoms {
                let root = self.roots[column as usize];
                add(&mut sum, &signal[column as usize], root);
            }
            let factor = 1.0 / atoms.len().max(1) as f32;
            for &column in atoms {
                let root = self.roots[column as usize];
                add(&mut out[column as usize], &sum, root * factor);
            }
        }
        self.leave_out_mean(out);
    }

    fn leave_out_mean<const N: usize>(&self, signal: &mut [[f32; N]]) {
        let mut along = [0f32; N];
        for (value, mean) in signal.iter().zip(&self.mean) {
            add(&mut along, value, *mean);
        }
        for (value, mean) in signal.iter_mut().zip(&self.mean) {
            add(value, &along, -mean);
        }
    }

    /// Largest value beside the shared direction, by power iteration.
    fn largest(&self) -> f32 {
        let mut random = SplitMix(1);
        let mut signal: Vec<[f32; 4]> =
            self.roots.iter().map(|_| std::array::from_fn(|_| sign(random.draw()))).collect();
        self.leave_out_mean(&mut signal);
        let mut largest = [0f32; 4];
        for _ in 0..EDGE_STEPS {
            scale_to_one(&mut signal);
            let mut next = vec![[0.0; 4]; signal.len()];
            self.apply(&signal, &mut next);
            largest = norms(&next);
            signal = next;
        }
        largest.into_iter().fold(0.0, f32::max)
    }

    /// From filtered signals of terms to what a term adds to a prompt: the mean of the prompts that have it,
    /// nested or not. Rare terms are kept short.
    fn folded<const N: usize>(&self, signal: &[[f32; N]], out: &mut [[f32; N]]) {
        out.fill([0.0; N]);
        for (atoms, nested) in self.graph.prompts() {
            let mut sum = [0f32; N];
            for &column in atoms {
                add(&mut sum, &signal[column as usize], self.roots[column as usize]);
            }
            let factor = 1.0 / atoms.len().max(1) as f32;
            for &column in atoms.iter().chain(nested) {
                add(&mut out[column as usize], &sum, factor);
            }
        }
        let damping = self.graph.damping();
        for (value, n) in out.iter_mut().zip(&self.graph.all) {
            let factor = 1.0 / (*n as f32 + damping).max(1.0);
            value.iter_mut().for_each(|value| *value *= factor);
        }
    }
}

fn add<const N: usize>(to: &mut [f32; N], from: &[f32; N], factor: f32) {
    for at in 0..N {
        to[at] += factor * from[at];
    }
}

fn sign(bits: u64) -> f32 {
    if bits & 1 == 1 { 1.0 } else { -1.0 }
}

fn norms<const N: usize>(signal: &[[f32; N]]) -> [f32; N] {
    let mut sums = [0f64; N];
    for value in signal {
        for at in 0..N {
            sums[at] += f64::from(value[at]) * f64::from(value[at]);
        }
    }
    sums.map(|sum| sum.sqrt() as f32)
}

fn scale_to_one<const N: usize>(signal: &mut [[f32; N]]) {
    let factors = norms(signal).map(|norm| if norm > 0.0 { 1.0 / norm } else { 0.0 });
    for value in signal {
        for at in 0..N {
            value[at] *= factors[at];
        }
    }
}

/// Coefficients of the Chebyshev polynomial, damped after Jackson, that steps from 0 to 1 at `edge`.
fn step(edge: f32) -> [f32; DEGREE + 1] {
    use std::f64::consts::PI;
    let angle = (2.0 * f64::from(edge) - 1.0).acos();
    let width = PI / (DEGREE + 2) as f64;
    std::array::from_fn(|k| {
        let k_f = k as f64;
        let plain = if k == 0 { angle / PI } else { 2.0 * (k_f * angle).sin() / (k_f * PI) };
        let n = (DEGREE + 2) as f64;
        let jackson = ((n - k_f) * (k_f * width).cos() + (k_f * width).sin() / width.tan()) / n;
        (plain * jackson) as f32
    })
}

/// Vectors of all terms, [`LEARNED`] numbers each. `hashes` are the seeds of the random signals.
pub(super) fn vectors(graph: &Graph, hashes: &[u64], watch: &mut dyn Watch) -> Result<Vec<f32>, Stopped> {
    if hashes.is_empty() {
        return if watch.goes_on(1.0) { Ok(Vec::new()) } else { Err(Stopped) };
    }
    let edge = {
        let shuffled = graph.shuffled();
        Operator::new(&shuffled).largest()
    };
    if !watch.goes_on(0.1) {
        return Err(Stopped);
    }
    let coefficients = step((edge * EDGE_MARGIN).clamp(EDGE_RANGE[0], EDGE_RANGE[1]));
    let operator = Operator::new(graph);
    let blocks = filtered(&operator, hashes, &coefficients, watch)?;
    let mut vectors = vec![0f32; hashes.len() * LEARNED];
    for (block, signal) in blocks.iter().enumerate() {
        for (row, value) in signal.iter().enumerate() {
            vectors[row * LEARNED + block * BLOCK..][..BLOCK].copy_from_slice(value);
        }
    }
    Ok(vectors)
}

type Signal = Vec<[f32; BLOCK]>;

/// Filters all blocks on a few threads.
fn filtered(
    operator: &Operator<'_>,
    hashes: &[u64],
    coefficients: &[f32; DEGREE + 1],
    watch: &mut dyn Watch,
) -> Result<Vec<Signal>, Stopped> {
    const N_BLOCKS: usize = LEARNED / BLOCK;
    let n_threads = thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    let stop = AtomicBool::new(false);
    let mut blocks: Vec<Option<Signal>> = vec![None; N_BLOCKS];
    thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        for first in 0..n_threads {
            let (tell, stop) = (tell.clone(), &stop);
            scope.spawn(move || {
                for block in (first..N_BLOCKS).step_by(n_threads) {
                    let signal = filtered_block(operator, hashes, block, coefficients, &mut || {
                        tell.send(None).is_ok() && !stop.load(Ordering::Relaxed)
                    });
                    let Some(signal) = signal else { return };
                    if tell.send(Some((block, signal))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(tell);
        let mut n_steps = 0;
        for told in told {
            match told {
                Some((block, signal)) => blocks[block] = Some(signal),
                None => n_steps += 1,
            }
            let done = 0.1 + 0.9 * n_steps as f32 / (N_BLOCKS * DEGREE) as f32;
            if !watch.goes_on(done.min(1.0)) {
                stop.store(true, Ordering::Relaxed);
            }
        }
    });
    if stop.load(Ordering::Relaxed) {
        return Err(Stopped);
    }
    blocks.into_iter().collect::<Option<_>>().ok_or(Stopped)
}

/// One block, by the recurrence of Chebyshev polynomials. Nothing if `goes_on` says no.
fn filtered_block(
    operator: &Operator<'_>,
    hashes: &[u64],
    block: usize,
    coefficients: &[f32; DEGREE + 1],
    goes_on: &mut dyn FnMut() -> bool,
) -> Option<Signal> {
    let scale = 1.0 / (LEARNED as f32).sqrt();
    let random = |hash: &u64| {
        let bits = mix(hash ^ mix(block as u64 + 1));
        std::array::from_fn(|at| scale * sign(bits >> at))
    };
    let mut before: Signal = hashes.iter().map(random).collect();
    operator.leave_out_mean(&mut before);
    // Polynomials are of `2 M - 1`, whose values lie between -1 and 1.
    let mut next: Signal = vec![[0.0; BLOCK]; hashes.len()];
    operator.apply(&before, &mut next);
    let mut current: Signal = next.clone();
    for (current, before) in current.iter_mut().zip(&before) {
        *current = std::array::from_fn(|at| 2.0 * current[at] - before[at]);
    }
    let mut sum: Signal = vec![[0.0; BLOCK]; hashes.len()];
    for (at, sum) in sum.iter_mut().enumerate() {
        add(sum, &before[at], coefficients[0]);
        add(sum, &current[at], coefficients[1]);
    }
    for coefficient in &coefficients[2..] {
        if !goes_on() {
            return None;
        }
        operator.apply(&current, &mut next);
        for (at, before) in before.iter_mut().enumerate() {
            *before = std::array::from_fn(|n| 2.0 * (2.0 * next[at][n] - current[at][n]) - before[n]);
            add(&mut sum[at], before, *coefficient);
        }
        std::mem::swap(&mut before, &mut current);
    }
    operator.folded(&sum, &mut next);
    Some(next)
}
