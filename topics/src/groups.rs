//! Groups of keywords, and groups of those, for a graph that would be too wide without. Knows what is near
//! what, and how often a keyword is used; not what it means.

use crate::vector::{add_scaled, dot, normalise};

/// Fewer keywords need no groups.
pub const KEYWORDS_MIN: usize = 4;
/// More are not grouped: the work grows with the square of their number. The first ones are taken.
pub const KEYWORDS_MAX: usize = 500;
/// From more groups than this on there are groups of groups.
const GROUPS_WITHOUT_SECOND: usize = 8;
/// Keywords of a group that name it.
const LABEL_KEYWORDS: usize = 2;

/// Keywords that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Unique in its level.
    pub id: String,
    /// Its most telling keywords.
    pub label: String,
    /// Positions of its keywords, or of the groups of the level below, rising.
    pub parts: Vec<usize>,
}

/// Each keyword in exactly one group of the first level, each of those in exactly one of the second, if there
/// is one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Abstraction {
    /// Groups of keywords.
    pub level1: Vec<Group>,
    /// Groups of those; empty if they are few.
    pub level2: Vec<Group>,
}

/// Groups keywords, given with their weights (images), by their vectors: average linkage, which merges the
/// two most similar groups until few enough are left. The same keywords give the same groups. Fewer than
/// [`KEYWORDS_MIN`] give none; of more than [`KEYWORDS_MAX`], the first are grouped.
pub fn abstraction(keywords: &[(&str, u64)], vector_of: &dyn Fn(&str) -> Vec<f32>) -> Abstraction {
    let keywords = &keywords[..keywords.len().min(KEYWORDS_MAX)];
    if keywords.len() < KEYWORDS_MIN {
        return Abstraction::default();
    }
    let vectors: Vec<Vec<f32>> = keywords
        .iter()
        .map(|(keyword, _)| {
            let mut vector = vector_of(keyword);
            normalise(&mut vector);
            vector
        })
        .collect();
    let weights: Vec<u64> = keywords.iter().map(|(_, weight)| *weight).collect();
    let names: Vec<&str> = keywords.iter().map(|(keyword, _)| *keyword).collect();
    let n_groups = (keywords.len() as f64).sqrt().round() as usize;
    let level1 = level(&names, &weights, &vectors, n_groups.max(2));
    if level1.len() <= GROUPS_WITHOUT_SECOND {
        return Abstraction { level1, level2: Vec::new() };
    }
    let sums: Vec<Vec<f32>> = level1.iter().map(|group| centre(&vectors, &weights, &group.parts)).collect();
    let totals: Vec<u64> =
        level1.iter().map(|group| group.parts.iter().map(|at| weights[*at]).sum()).collect();
    let labels: Vec<&str> =
        level1.iter().map(|group| group.label.split(", ").next().unwrap_or_default()).collect();
    let n_groups = (level1.len() as f64).sqrt().round() as usize;
    let level2 = level(&labels, &totals, &sums, n_groups.max(2));
    Abstraction { level1, level2 }
}

/// Groups of one level, the heaviest first.
fn level(names: &[&str], weights: &[u64], vectors: &[Vec<f32>], n_groups: usize) -> Vec<Group> {
    let mut sets = linked(vectors, n_groups);
    let weight = |set: &Vec<usize>| set.iter().map(|at| weights[*at]).sum::<u64>();
    sets.sort_by_key(|set| (std::cmp::Reverse(weight(set)), set[0]));
    let groups = sets.into_iter().zip(1..).map(|(parts, number)| {
        let label = label(names, weights, vectors, &parts);
        Group { id: number.to_string(), label, parts }
    });
    groups.collect()
}

fn centre(vectors: &[Vec<f32>], weights: &[u64], parts: &[usize]) -> Vec<f32> {
    let dim = parts.iter().map(|at| vectors[*at].len()).max().unwrap_or(0);
    let mut sum = vec![0f32; dim];
    for &at in parts {
        add_scaled(&mut sum, &vectors[at], (weights[at].max(1) as f32).sqrt());
    }
    normalise(&mut sum);
    sum
}

/// The keywords that are used most and nearest to the middle.
fn label(names: &[&str], weights: &[u64], vectors: &[Vec<f32>], parts: &[usize]) -> String {
    let middle = centre(vectors, weights, parts);
    let telling = |at: usize| (1.0 + weights[at] as f32).ln() * (0.2 + dot(&vectors[at], &middle).max(0.0));
    let mut ordered = parts.to_vec();
    ordered.sort_by(|a, b| telling(*b).total_cmp(&telling(*a)).then(a.cmp(b)));
    ordered.truncate(LABEL_KEYWORDS);
    ordered.iter().map(|at| names[*at]).collect::<Vec<_>>().join(", ")
}

/// Average linkage over cosines, by updating the table of similarities (Lance, Williams, "A general theory of
/// classificatory sorting strategies", 1967). Sets are rising.
fn linked(vectors: &[Vec<f32>], n_groups: usize) -> Vec<Vec<usize>> {
    let n = vectors.len();
    let mut similar: Vec<Vec<f32>> =
        vectors.iter().map(|one| vectors.iter().map(|other| dot(one, other)).collect()).collect();
    let mut sets: Vec<Option<Vec<usize>>> = (0..n).map(|at| Some(vec![at])).collect();
    for _ in n_groups..n {
        let live: Vec<usize> = (0..n).filter(|at| sets[*at].is_some()).collect();
        let mut best: Option<(f32, usize, usize)> = None;
        for (at, &one) in live.iter().enumerate() {
            for &other in &live[at + 1..] {
                if best.is_none_or(|(most, _, _)| similar[one][other] > most) {
                    best = Some((similar[one][other], one, other));
                }
            }
        }
        let Some((_, one, other)) = best else { break };
        let (Some(mut joint), Some(second)) = (sets[one].take(), sets[other].take()) else { break };
        let (n_one, n_other) = (joint.len() as f32, second.len() as f32);
        for &at in &live {
            let mean = (n_one * similar[one][at] + n_other * similar[other][at]) / (n_one + n_other);
            similar[one][at] = mean;
            similar[at][one] = mean;
        }
        joint.extend(second);
        joint.sort_unstable();
        sets[one] = Some(joint);
    }
    sets.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Abstraction, abstraction};

    /// Keywords named by their group, whose vectors are near each other.
    fn vector(keyword: &str) -> Vec<f32> {
        let group = usize::from(keyword.as_bytes()[0] - b'a');
        let mut vector = vec![0.05; 26];
        vector[group] = 1.0;
        vector
    }

    #[test]
    fn near_keywords_are_one_group_named_by_its_heaviest() {
        let keywords = [("a1", 9), ("b1", 5), ("a2", 3), ("b2", 2)];
        let Abstraction { level1, level2 } = abstraction(&keywords, &vector);
        let parts: Vec<_> =
            level1.iter().map(|group| (group.label.as_str(), group.parts.as_slice())).collect();
        assert_eq!(parts, [("a1, a2", &[0, 2][..]), ("b1, b2", &[1, 3][..])]);
        assert!(level2.is_empty());
        assert_eq!(abstraction(&keywords[..3], &vector), Abstraction::default());
    }

    proptest! {
        #[test]
        fn everything_is_in_exactly_one_group(n in 4usize..120, seed: u64) {
            let names: Vec<String> = (0..n).map(|at| format!("{}{at}", (b'a' + (seed as usize % 26 * at % 26) as u8) as char)).collect();
            let keywords: Vec<(&str, u64)> = names.iter().map(|name| (name.as_str(), name.len() as u64)).collect();
            let Abstraction { level1, level2 } = abstraction(&keywords, &vector);
            let mut parts: Vec<usize> = level1.iter().flat_map(|group| group.parts.clone()).collect();
            parts.sort_unstable();
            prop_assert_eq!(parts, (0..n).collect::<Vec<_>>());
            if level1.len() > 8 {
                let mut parts: Vec<usize> = level2.iter().flat_map(|group| group.parts.clone()).collect();
                parts.sort_unstable();
                prop_assert_eq!(parts, (0..level1.len()).collect::<Vec<_>>());
            }
            prop_assert!(level1.iter().chain(&level2).all(|group| !group.label.is_empty()));
            prop_assert_eq!(abstraction(&keywords, &vector), Abstraction { level1, level2 });
        }
    }
}
