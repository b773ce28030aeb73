//! What people search for, taken from what the library is known to hold.

use std::collections::{HashMap, HashSet};

use lumidex_index_tools::synth::{Language, Library, SynthImage};

/// Needles of one kind.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) needles: Vec<String>,
}

/// Needles of every kind, about `wanted` of each, all distinct so that nothing is answered twice.
pub(crate) fn substrings(library: &Library, wanted: usize) -> Vec<Kind> {
    let sample: Vec<SynthImage> = sample(library, 4 * wanted);
    let mut counts: HashMap<String, u32> = HashMap::new();
    for image in sample.iter().filter(|image| image.language == Language::English) {
        for tag in image.expected.positive.split(", ") {
            if tag.len() >= 3 && !tag.contains([':', '(', '[', '<', '\n']) {
                *counts.entry(tag.to_owned()).or_default() += 1;
            }
        }
    }
    let mut ranked: Vec<(u32, String)> = counts.into_iter().map(|(tag, count)| (count, tag)).collect();
    ranked.sort_unstable_by(|a, b| b.cmp(a));
    let common = ranked.iter().take(wanted.min(60)).map(|(_, tag)| tag.clone());
    let rare = ranked.iter().rev().take(wanted).map(|(_, tag)| tag.clone());
    let texts: Vec<&str> = sample.iter().filter_map(|image| image.expected.infotext.as_deref()).collect();
    let cjk = |length: usize| {
        let run = move |image: &SynthImage| {
            let letters: Vec<char> = image.expected.positive.chars().collect();
            let start = letters.windows(length).position(|window| window.iter().all(|c| is_cjk(*c)))?;
            Some(letters[start..start + length].iter().collect::<String>())
        };
        sample.iter().filter_map(run)
    };
    let seeds = sample.iter().filter_map(|image| image.expected.seed).map(|seed| seed.to_string());
    let kinds = [
        ("substring: common tag", distinct(common, wanted)),
        ("substring: rare tag", distinct(rare, wanted)),
        ("substring: not there", distinct((0..wanted).map(|n| format!("zxqv{n}wk")), wanted)),
        ("substring: CJK, 2 to 4 characters", distinct(cjk(2).chain(cjk(3)).chain(cjk(4)), wanted)),
        ("substring: CJK, 1 character", distinct(cjk(1), wanted)),
        ("substring: 2 characters", distinct(pieces(&texts, 2, 3), wanted)),
        ("substring: 1 character", distinct(pieces(&texts, 1, 5), wanted)),
        ("substring: with punctuation", distinct(punctuated(&texts), wanted)),
        ("substring: phrase of 20 characters", distinct(pieces(&texts, 20, 40), wanted)),
        (
            "substring: 6 digits of a seed",
            distinct(seeds.clone().filter_map(|s| s.get(1..7).map(str::to_owned)), wanted),
        ),
        ("substring: whole seed", distinct(seeds, wanted)),
        (
            "path: part of a file name",
            distinct(sample.iter().map(|image| piece_of_name(&image.name)), wanted),
        ),
        ("path: folder", distinct(sample.iter().map(|image| folder(&image.folder)), wanted)),
    ];
    kinds.into_iter().map(|(name, needles)| Kind { name, needles }).collect()
}

/// Regular expressions: with a literal that an index can be asked for, and without.
pub(crate) fn regexes() -> [Kind; 3] {
    let kind =
        |name, needles: &[&str]| Kind { name, needles: needles.iter().map(|n| (*n).to_owned()).collect() };
    [
        kind(
            "regex: with a literal",
            &[
                "masterpiece.*night",
                r"seed: \d*77\d*,",
                r"by ka\w+ \w+n",
                r"lora:rust\w+:0\.[5-9]",
                "(silver|golden) whale",
                r"steps: 4\d",
                "^blooming",
                r"glass\s+(boat|kite|heron)",
                "cfg scale: 9[,.]",
                "大海|星空",
            ],
        ),
        kind(
            "regex: without a literal, many matches",
            &[r"\d{10}", r"[aeiou]{3}", r"\b\w{9}\b \w{5}\b", r"[一-鿿]{4}", r"^\w+,"],
        ),
        kind(
            "regex: without a literal, few or none",
            &[r"[0-9]{17}", r"[xyz]{5}", r"\b[a-z]{19}\b", r"[qj][^u,. ][xz]\d", r"[ぁ-ん]{9}"],
        ),
    ]
}

fn sample(library: &Library, count: usize) -> Vec<SynthImage> {
    let step = (library.len() as usize / count.max(1)).max(1);
    (0..library.len()).step_by(step).map(|index| library.image(index)).collect()
}

fn distinct(needles: impl Iterator<Item = String>, wanted: usize) -> Vec<String> {
    let mut seen = HashSet::new();
    needles.filter(|needle| !needle.is_empty() && seen.insert(needle.clone())).take(wanted).collect()
}

/// A piece of `length` characters from each text, somewhere in it.
fn pieces<'a>(texts: &'a [&str], length: usize, stride: usize) -> impl Iterator<Item = String> + 'a {
    texts.iter().enumerate().flat_map(move |(nth, text)| {
        let letters: Vec<char> = text.chars().take(400).collect();
        let start = nth * stride % letters.len().saturating_sub(length).max(1);
        let piece: String = letters.iter().skip(start).take(length).collect();
        (!piece.contains('\n') && !piece.trim().is_empty()).then_some(piece)
    })
}

/// Weights, adapters and other pieces with signs in them.
fn punctuated<'a>(texts: &'a [&str]) -> impl Iterator<Item = String> + 'a {
    texts.iter().flat_map(|text| {
        let weight = text.find('(').and_then(|at| text.get(at..at + 12));
        let adapter = text.find("<lora:").and_then(|at| text.get(at..at + 16));
        [weight, adapter].into_iter().flatten().map(str::to_owned).collect::<Vec<_>>()
    })
}

fn piece_of_name(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let start = letters.len() / 3;
    letters[start..(start + 7).min(letters.len())].iter().collect()
}

fn folder(folder: &str) -> String {
    let parts: Vec<&str> = folder.split('/').collect();
    parts[parts.len().saturating_sub(2)..].join("/")
}

fn is_cjk(letter: char) -> bool {
    ('\u{3041}'..='\u{9fff}').contains(&letter)
}
