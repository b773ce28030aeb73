//! Editions survive what happens to files, and searches find what a look at each vector finds.

#![allow(clippy::unwrap_used)]

use super::edition::{Edition, Making, clean};
use super::graph::{self, Graph};
use super::prompts::Prompts;
use super::search::search;
use super::space::Space;
use crate::sys::storage::Disk;
use lumidex_schema::id::{PromptId, TextId};
use lumidex_schema::vectors::{CURRENT, GRAPH, MANIFEST};
use roaring::RoaringBitmap;
use std::iter::empty;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tantivy::directory::OwnedBytes;

const MODEL: &str = "a model";
const DIM: usize = 32;

/// So many prompts.
fn prompts(n: u32) -> Prompts {
    let mut prompts = Prompts::default();
    for prompt in 0..n {
        let mut hash = [0; 32];
        hash[..4].copy_from_slice(&prompt.to_le_bytes());
        prompts.put(TextId(prompt + 1), Some(hash));
    }
    prompts
}

/// Vectors around some hundred middles, a few of them equal, and one that says nothing.
fn vectors(n: u32, seed: u64) -> Vec<Vec<f32>> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut random = |spread: f32| -> Vec<f32> { (0..DIM).map(|_| (rng.f32() - 0.5) * spread).collect() };
    let middles: Vec<Vec<f32>> = (0..(n / 60).max(3)).map(|_| random(1.0)).collect();
    let mut all: Vec<Vec<f32>> = Vec::new();
    for nth in 0..n as usize {
        let mut vector: Vec<f32> =
            middles[nth * 7919 % middles.len()].iter().zip(random(0.8)).map(|(a, b)| a + b).collect();
        if nth % 50 == 49 {
            vector.clone_from(&all[nth - 7]);
        }
        super::dots::normalise(&mut vector);
        all.push(vector);
    }
    all[0].fill(0.0);
    all
}

fn write(home: &Path, known: &Prompts, rows: impl Iterator<Item = (u32, Vec<f32>)>) {
    let mut making = Making::begin(&Disk, home, MODEL, DIM, known).unwrap();
    for (prompt, vector) in rows {
        making.put(PromptId(prompt), &vector).unwrap();
    }
    making.finish(Some(b"what was learned")).unwrap();
}

fn open(home: &Path, known: &Prompts) -> Edition {
    Edition::open(home, MODEL, known).unwrap().unwrap()
}

fn with_graph(home: &Path, known: &Prompts) -> Edition {
    let edition = open(home, known);
    let bytes = graph::build(&edition.codes, |_| true).unwrap();
    edition.add_graph(&Disk, &bytes).unwrap();
    let edition = open(home, known);
    assert!(edition.graph.is_some());
    edition
}

fn brute(
    vectors: &[Vec<f32>],
    query: &[f32],
    allowed: Option<&RoaringBitmap>,
    k: usize,
) -> Vec<(PromptId, f32)> {
    let score = |vector: &Vec<f32>| vector.iter().zip(query).map(|(a, b)| a * b).sum::<f32>();
    let is_allowed = |prompt: &u32| allowed.is_none_or(|allowed| allowed.contains(*prompt));
    let mut all: Vec<(PromptId, f32)> = (0..vectors.len() as u32)
        .filter(is_allowed)
        .map(|prompt| (PromptId(prompt), score(&vectors[prompt as usize])))
        .collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    all.truncate(k);
    all
}

/// Of what should be found, the part that is, where equal scores are as good as each other.
fn recall(found: &[(PromptId, f32)], expected: &[(PromptId, f32)]) -> f64 {
    let last = expected.last().map_or(-1.0, |(_, score)| *score) - 1e-5;
    found.iter().filter(|(_, score)| *score >= last).count().min(expected.len()) as f64
        / expected.len() as f64
}

#[test]
fn a_graph_finds_what_a_look_at_each_finds_and_looks_at_few() {
    let dir = tempfile::tempdir().unwrap();
    let (n, known) = (4_000, prompts(4_000));
    let all = vectors(n, 1);
    write(dir.path(), &known, (0..n).zip(all.clone()));
    let edition = with_graph(dir.path(), &known);
    let (mut found_all, mut scored_all) = (0.0, 0);
    let queries: Vec<usize> = (1..n as usize).step_by(97).collect();
    for query in &queries {
        let score = |row: u32| all[*query].iter().zip(&all[row as usize]).map(|(a, b)| a * b).sum();
        let (found, scored) = search(edition.graph.as_ref().unwrap(), empty(), 64, score, |_| true);
        let found: Vec<_> =
            found.into_iter().take(10).map(|found| (PromptId(found.row), found.score)).collect();
        found_all += recall(&found, &brute(&all, &all[*query], None, 10));
        scored_all += scored;
    }
    let (recall, scored) = (found_all / queries.len() as f64, scored_all / queries.len());
    assert!(recall >= 0.97, "recall {recall}");
    assert!(scored < n as usize / 4, "{scored} rows scored for each search");
    // Every row that says something is reached, twins too.
    let graph = edition.graph.as_ref().unwrap();
    let (everything, _) = search(graph, empty(), n as usize, |row| -(row as f32), |_| true);
    assert_eq!(everything.len(), n as usize - 1);
}

#[test]
fn the_same_vectors_give_the_same_graph_and_building_ends_when_told() {
    let dir = tempfile::tempdir().unwrap();
    let known = prompts(500);
    write(dir.path(), &known, (0..500).zip(vectors(500, 2)));
    let edition = open(dir.path(), &known);
    let build = || graph::build(&edition.codes, |_| true).unwrap();
    assert_eq!(build(), build());
    let mut asked = 0;
    let stopped = graph::build(&edition.codes, |row| {
        asked = row;
        row < 100
    });
    assert_eq!((stopped, asked), (None, 100));
    assert_eq!(graph::build(&edition.codes, |row| row < 400), None, "linking ends too");
}

#[test]
fn topics_that_have_nothing_in_common_are_found_among_many() {
    let dir = tempfile::tempdir().unwrap();
    let (n, of_a_topic) = (12_000_u32, 40);
    let known = prompts(n);
    // Each has one of many directions, and little else.
    let mut rng = fastrand::Rng::with_seed(9);
    let mut random = |spread: f32| -> Vec<f32> { (0..DIM).map(|_| (rng.f32() - 0.5) * spread).collect() };
    let middles: Vec<Vec<f32>> =
        (0..n / of_a_topic).map(|_| random(1.0).into_iter().map(|value| value.powi(3)).collect()).collect();
    let all: Vec<Vec<f32>> = (0..n as usize)
        .map(|nth| {
            let middle = &middles[nth * 7_919 % middles.len()];
            let mut vector: Vec<f32> = middle.iter().zip(random(0.02)).map(|(a, b)| a + b).collect();
            super::dots::normalise(&mut vector);
            vector
        })
        .collect();
    write(dir.path(), &known, (0..n).zip(all.clone()));
    let space = Space::new(Some(Arc::new(with_graph(dir.path(), &known))), 0).exact_up_to(0);
    let mut hits = 0;
    for query in (0..n as usize).step_by(97) {
        let expected = brute(&all, &all[query], None, 10);
        let bound = expected.last().unwrap().1 - 1e-5;
        let found = space.search(&all[query], None, 10, -1.0);
        hits += found.iter().filter(|(_, score)| *score >= bound).count();
    }
    let n_asked = (n as usize).div_ceil(97) * 10;
    assert!(hits * 100 >= n_asked * 98, "{hits} of {n_asked}");
}

#[test]
fn a_space_finds_in_the_edition_and_behind_it_what_a_look_at_each_finds() {
    let dir = tempfile::tempdir().unwrap();
    let (n, within) = (4_000, 3_400);
    let all = vectors(n, 3);
    let known = prompts(n);
    write(dir.path(), &known, (0..within).zip(all.clone()));
    let edition = Arc::new(with_graph(dir.path(), &known));
    let mut space = Space::new(Some(edition), 0).exact_up_to(400 * DIM * 4);
    // In uneven lots, out of order, and some again.
    let mut rest: Vec<u32> = (within..n).collect();
    fastrand::Rng::with_seed(4).shuffle(&mut rest);
    for lot in rest.chunks(170) {
        let lot = lot
            .iter()
            .chain(lot.iter().take(3))
            .map(|prompt| (PromptId(*prompt), all[*prompt as usize].clone()));
        space = space.with(lot.collect());
    }
    assert_eq!((space.n(), space.n_tail(), space.dim()), (n as usize, (n - within) as usize, DIM));
    assert_eq!(space.prompts(), (0..n).collect());
    let filters: [Option<RoaringBitmap>; 5] = [
        None,
        Some((0..n).filter(|prompt| prompt % 100 == 3).collect()),
        Some((0..n).filter(|prompt| prompt % 10 != 3).collect()),
        Some(RoaringBitmap::from([77])),
        Some(RoaringBitmap::new()),
    ];
    let (mut sum, mut asked) = (0.0, 0);
    for query in (1..n as usize).step_by(313) {
        for (nth, allowed) in filters.iter().enumerate() {
            let expected = brute(&all, &all[query], allowed.as_ref(), 10);
            let found = space.search(&all[query], allowed.as_ref(), 10, -1.0);
            assert_eq!(found.len(), expected.len());
            assert!(
                found
                    .iter()
                    .all(|(prompt, _)| allowed.as_ref().is_none_or(|allowed| allowed.contains(prompt.0)))
            );
            assert!(found.is_sorted_by(|a, b| a.1 >= b.1));
            if expected.is_empty() {
                continue;
            }
            if matches!(nth, 1 | 3) {
                // Few are allowed, so each is looked at.
                assert!((recall(&found, &expected) - 1.0).abs() < 1e-9, "filter {nth}");
            } else {
                (sum, asked) = (sum + recall(&found, &expected), asked + 1);
            }
        }
        let near = space.candidates(PromptId(query as u32), 5);
        assert!(near.len() == 5 && near.iter().all(|(prompt, _)| prompt.index() != query));
        let strict = space.search(&all[query], None, 50, 0.9);
        assert!(strict.iter().all(|(_, score)| *score >= 0.9) && strict.len() <= 50);
        let found = space.vector(PromptId(query as u32)).unwrap();
        assert!(found.iter().zip(&all[query]).all(|(a, b)| (a - b).abs() < 1e-6));
    }
    assert!(sum / f64::from(asked) >= 0.97, "recall {}", sum / f64::from(asked));
    // What is no query finds nothing.
    for query in [vec![0.0; DIM], vec![1.0; DIM + 1], vec![f32::NAN; DIM], Vec::new()] {
        assert_eq!(space.search(&query, None, 10, -1.0), []);
    }
    assert_eq!(space.vector(PromptId(n)), None);
    assert_eq!(Space::default().search(&[1.0], None, 10, -1.0), []);
}

/// Every file of a home, with its path.
fn files(home: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![home.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

#[test]
fn no_damage_to_any_file_goes_unnoticed() {
    let dir = tempfile::tempdir().unwrap();
    let known = prompts(300);
    // With gaps, so that all kinds of files are there.
    let all = vectors(300, 5);
    write(
        dir.path(),
        &known,
        (0..300).filter(|prompt| prompt % 3 != 0).map(|prompt| (prompt, all[prompt as usize].clone())),
    );
    let edition = with_graph(dir.path(), &known);
    assert_eq!(
        (edition.len(), edition.row_of(PromptId(4)), edition.row_of(PromptId(3))),
        (200, Some(2), None)
    );
    drop(edition);
    let paths = files(dir.path());
    assert_eq!(paths.len(), 7, "{paths:?}");
    for path in paths {
        let sound = std::fs::read(&path).unwrap();
        let is_pointer = path.ends_with(CURRENT);
        std::fs::remove_file(&path).unwrap();
        match Edition::open(dir.path(), MODEL, &known) {
            Ok(opened) => assert!(opened.is_none() && is_pointer, "without {}", path.display()),
            Err(_) => assert!(!is_pointer),
        }
        for at in [0, sound.len() / 3, sound.len() / 2, sound.len() - 1] {
            for bit in [1, 128] {
                let mut bytes = sound.clone();
                bytes[at] ^= bit;
                std::fs::write(&path, &bytes).unwrap();
                let opened = Edition::open(dir.path(), MODEL, &known);
                assert!(opened.is_err(), "{} at {at}", path.display());
            }
        }
        std::fs::write(&path, &sound[..sound.len() / 2]).unwrap();
        assert!(Edition::open(dir.path(), MODEL, &known).is_err(), "half of {}", path.display());
        std::fs::write(&path, &sound).unwrap();
    }
    assert!(Edition::open(dir.path(), MODEL, &known).unwrap().is_some());
    assert!(Edition::open(dir.path(), "another model", &known).is_err());
    // Other prompts, or fewer: the rows would belong to others.
    assert!(Edition::open(dir.path(), MODEL, &prompts(299)).is_err());
    assert!(Edition::open(dir.path(), MODEL, &prompts(301)).unwrap().is_some());
}

#[test]
fn a_pointer_leads_nowhere_but_to_editions() {
    let dir = tempfile::tempdir().unwrap();
    let (home, known) = (dir.path().join("home"), prompts(10));
    write(&home, &known, (0..10).zip(vectors(10, 6)));
    std::fs::rename(home.join("edition-00000001"), dir.path().join("edition-00000001")).unwrap();
    for hostile in
        ["../edition-00000001", "edition-00000001/../../edition-00000001", "/etc", "", "edition-1", "\u{0}"]
    {
        std::fs::write(home.join(CURRENT), hostile).unwrap();
        assert!(Edition::open(&home, MODEL, &known).is_err(), "{hostile:?}");
        clean(&Disk, &home).unwrap();
    }
    assert!(dir.path().join("edition-00000001").join(MANIFEST).exists(), "what lies elsewhere is left alone");
    let large = vec![b'e'; 1 << 20];
    std::fs::write(home.join(CURRENT), large).unwrap();
    assert!(Edition::open(&home, MODEL, &known).is_err());
}

#[test]
fn what_was_cut_off_leaves_the_edition_in_force_and_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let (home, known) = (dir.path(), prompts(100));
    let all = vectors(100, 7);
    write(home, &known, (0..100).zip(all.clone()));
    let before = files(home);
    // An edition that was not finished, a graph without a manifest, and what others left.
    let mut making = Making::begin(&Disk, home, MODEL, DIM, &known).unwrap();
    making.put(PromptId(0), &all[0]).unwrap();
    drop(making);
    std::fs::write(home.join("edition-00000001").join(GRAPH), "half a gra").unwrap();
    std::fs::write(home.join(".current.1-2.tmp"), "x").unwrap();
    let edition = open(home, &known);
    assert!(edition.graph.is_none());
    clean(&Disk, home).unwrap();
    assert_eq!(files(home), before);
    // The next has another name than any before, and takes the place of the first.
    write(home, &known, (0..100).zip(all));
    clean(&Disk, home).unwrap();
    assert!(home.join("edition-00000002").is_dir() && !home.join("edition-00000001").exists());
    assert_eq!(edition.vector(5).len(), DIM, "what is mapped stays readable");
}

#[test]
fn small_and_odd_graphs_are_searched_too() {
    for (n, keep) in [(1, 1), (2, 2), (3, 1), (40, 40)] {
        let dir = tempfile::tempdir().unwrap();
        let known = prompts(n);
        let one = vec![0.5; DIM];
        // All equal, or all nothing.
        for vector in [one, vec![0.0; DIM]] {
            write(dir.path(), &known, (0..keep).map(|prompt| (prompt, vector.clone())));
            let edition = with_graph(dir.path(), &known);
            let (found, _) = search(edition.graph.as_ref().unwrap(), empty(), 100, |_| 1.0, |_| true);
            let expected = if vector[0] > 0.0 { keep } else { 0 };
            assert_eq!(found.len(), expected as usize, "{n}");
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]
    #[test]
    fn no_bytes_make_a_graph_panic(changes in proptest::collection::vec((0usize..4_000, proptest::num::u8::ANY), 0..6), cut in 0usize..4_000) {
        thread_local! { static SOUND: Vec<u8> = sound_graph(); }
        let mut bytes = SOUND.with(Clone::clone);
        for (at, byte) in changes {
            let len = bytes.len();
            bytes[at % len] = byte;
        }
        if cut < bytes.len() / 4 {
            bytes.truncate(cut * 4);
        }
        if let Ok(graph) = Graph::read(OwnedBytes::new(bytes), 60) {
            let (found, scored) = search(&graph, empty(), 10, |row| row as f32, |row| row % 2 == 0);
            proptest::prop_assert!(found.len() <= 10 && scored < 10_000);
        }
    }
}

fn sound_graph() -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let known = prompts(60);
    write(dir.path(), &known, (0..60).zip(vectors(60, 8)));
    graph::build(&open(dir.path(), &known).codes, |_| true).unwrap()
}
