//! What is found in a library of plain words, for a person to judge.

use lumidex_topics::builtin::{DIM, Model};
use lumidex_topics::clusters::{Exact, Items, Params, cluster};
use lumidex_topics::planted::adjusted_rand;
use lumidex_topics::themes::{THEMES, themed};
use lumidex_topics::titles::{self, Sample};
use lumidex_topics::{Unwatched, cleaned};

use crate::near::vectors;

/// Prompts in the library.
const PROMPTS: usize = 1_500;

pub(crate) fn table() {
    let library = themed(1, PROMPTS);
    let prompts: Vec<String> = library.prompts.iter().map(|prompt| cleaned(prompt, 4_000).unwrap()).collect();
    let model = Model::fit(&prompts, &mut Unwatched).unwrap();
    let (vectors, weights) = (vectors(&model, &prompts), vec![1u32; prompts.len()]);
    let items = Items::new(DIM, &vectors, &weights);
    let found = cluster(&items, &Exact(items), &Params::default(), &mut Unwatched).unwrap();
    let samples: Vec<Sample<'_>> = found
        .clusters
        .iter()
        .map(|cluster| Sample {
            prompts: cluster.members.iter().map(|row| (prompts[*row as usize].as_str(), 1)).collect(),
        })
        .collect();
    println!("| title | keywords | prompts | of them about | one of them |\n|---|---|---|---|---|");
    let described = titles::describe(&samples);
    for (cluster, described) in found.clusters.iter().zip(described) {
        let mut about: Vec<(usize, &str)> = THEMES
            .iter()
            .enumerate()
            .map(|(at, theme)| {
                let is_about = |row: &&u32| library.topics[**row as usize] == Some(at);
                (cluster.members.iter().filter(is_about).count(), theme.name)
            })
            .filter(|(n, _)| *n > 0)
            .collect();
        about.sort_unstable_by(|a, b| b.cmp(a));
        let about: Vec<String> = about.iter().map(|(n, name)| format!("{name} {n}")).collect();
        let first = cluster.members.first().map_or("", |row| library.prompts[*row as usize].as_str());
        println!(
            "| {} | {} | {} | {} | {first} |",
            described.title,
            described.keywords.join(", "),
            cluster.members.len(),
            about.join(", ")
        );
    }
    let strays = found.noise.iter().filter(|row| library.topics[**row as usize].is_none()).count();
    println!("\nin no topic: {} prompts, {strays} of them about nothing in particular", found.noise.len());
    let mut labels = vec![0usize; prompts.len()];
    for (label, cluster) in found.clusters.iter().enumerate() {
        cluster.members.iter().for_each(|row| labels[*row as usize] = label + 1);
    }
    let of_theme = |of: &dyn Fn(usize) -> usize| -> Vec<usize> {
        (0..prompts.len()).filter(|at| library.topics[*at].is_some()).map(of).collect()
    };
    let themes = of_theme(&|at| library.topics[at].unwrap_or_default());
    println!(
        "adjusted Rand index of prompts with a subject: {:.3}",
        adjusted_rand(&themes, &of_theme(&|at| labels[at]))
    );
}
