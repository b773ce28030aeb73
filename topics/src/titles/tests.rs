//! Titles that a person would take.

use proptest::prelude::*;

use super::{Described, KEYWORDS_MAX, Sample, TITLE_CHARS_MAX, describe, first_clause};

fn described(clusters: &[&[&str]]) -> Vec<Described> {
    let samples: Vec<Sample<'_>> = clusters
        .iter()
        .map(|prompts| Sample { prompts: prompts.iter().map(|prompt| (*prompt, 1)).collect() })
        .collect();
    describe(&samples)
}

#[test]
fn titles_say_what_most_prompts_of_a_cluster_and_no_others_say() {
    let described = described(&[
        &["masterpiece, best quality, red fox, deep snow, 1girl", "(red fox:1.2), deep snow, tree, 1girl"],
        &["neon city, rain, night, 8k, 1girl", "<lora:city:1>, neon city, rain, car, 1girl"],
        &["杰作，水墨山水，云雾，留白", "水墨山水，云雾，孤舟"],
        &["золотая осень, берёза, река", "золотая осень, берёза, туман"],
    ]);
    let titles: Vec<&str> = described.iter().map(|one| one.title.as_str()).collect();
    assert_eq!(
        titles,
        ["Deep snow and red fox", "Neon city and rain", "水墨山水、云雾", "Золотая осень, берёза"]
    );
    assert_eq!(described[0].keywords[..2], ["deep snow", "red fox"]);
}

#[test]
fn sentences_give_phrases() {
    let described = described(&[
        &[
            "a photo of a small wooden sailboat on a stormy sea at dusk",
            "an old wooden sailboat fights against the stormy sea",
        ],
        &["a cup of green tea on a table by the window", "hot green tea with a book by the window"],
    ]);
    assert!(
        described[0].title.contains("tormy sea") || described[0].title.contains("ooden sailboat"),
        "{described:?}"
    );
    assert!(described[1].title.contains("reen tea"), "{described:?}");
}

#[test]
fn equal_clusters_have_different_titles() {
    let described =
        described(&[&["red fox"], &["red fox"], &["red fox"], &["masterpiece"], &["best quality"]]);
    let titles: Vec<&str> = described.iter().map(|one| one.title.as_str()).collect();
    assert_eq!(titles[0], "Red fox");
    let distinct: std::collections::BTreeSet<_> = titles.iter().collect();
    assert_eq!(distinct.len(), 5, "{titles:?}");
    assert!(!titles.iter().any(|title| title.to_lowercase().contains("masterpiece")), "{titles:?}");
}

#[test]
fn the_first_clause_is_one_that_says_something() {
    assert_eq!(first_clause("masterpiece, 1girl, (red fox:1.2) in deep snow"), "Red fox in deep");
    assert_eq!(first_clause("最佳质量，水墨山水，云雾"), "水墨山水");
    assert_eq!(first_clause("masterpiece, best quality"), "");
}

proptest! {
    #[test]
    fn titles_and_keywords_keep_their_bounds(
        prompts in proptest::collection::vec("(\\PC{0,12}[, ]?){0,6}|([a-z狐雪]{1,9}, ){0,6}", 1..8),
    ) {
        let clusters: Vec<Sample<'_>> =
            prompts.iter().map(|prompt| Sample { prompts: vec![(prompt.as_str(), 1)] }).collect();
        let mut taken = std::collections::BTreeSet::new();
        for Described { title, keywords } in describe(&clusters) {
            prop_assert!(!title.trim().is_empty() && title.chars().count() <= TITLE_CHARS_MAX, "{title}");
            prop_assert!(!title.ends_with([',', '，', '、', ' ']), "{title}");
            prop_assert!(keywords.len() <= KEYWORDS_MAX);
            prop_assert!(taken.insert(title.to_lowercase()), "{title} twice");
        }
    }
}
