//! Names, templates and mappings.

#![allow(clippy::unwrap_used)]

use super::job::{Choice, Cluster, Mapping, Preview};
use super::mapping::{Group, arrange, by_template, by_topic, chosen};
use super::names::{Spellings, folded, sanitised, sanitised_or_empty};
use super::template::{Facts, Template};
use super::{FolderNaming, NOISE, NoiseMode, OrganizeAsk};
use crate::intake::rules::is_passed_over;
use crate::topics::{Embedder, Scope, Topic, TopicSet, VectorsMark};
use jiff::tz::TimeZone;
use lumidex_schema::id::{ImageId, Timestamp};
use proptest::prelude::*;
use std::collections::{BTreeSet, HashSet};

fn ask() -> OrganizeAsk {
    OrganizeAsk::of(Scope { folders: vec![b"/pics".to_vec()], recursive: true }, b"/out".to_vec())
}

/// Windows takes it, walks find it, and it is one component.
fn is_good(name: &str) -> bool {
    let stem = name.split('.').next().unwrap().trim_end().to_lowercase();
    let is_device = ["con", "prn", "aux", "nul", "com1", "com9", "lpt1", "lpt¹"].contains(&stem.as_str());
    !name.is_empty()
        && !name.contains(|letter: char| letter.is_control() || "<>:\"/\\|?*".contains(letter))
        && !name.starts_with([' ', '.'])
        && !name.ends_with([' ', '.'])
        && !is_device
        && !is_passed_over(name.as_bytes())
        && name.len() <= 255
}

#[test]
fn names_are_cleaned_as_the_contract_says() {
    for (given, want) in [
        ("Red foxes", "Red foxes"),
        ("  a   b\t\nc ", "a b c"),
        ("a/b\\c:d", "a b c d"),
        ("<?*|\">", "cluster"),
        ("", "cluster"),
        (". ..", "cluster"),
        ("..", "cluster"),
        (".hidden.", "hidden"),
        ("CON", "_CON"),
        ("con.txt", "_con.txt"),
        ("COM1", "_COM1"),
        ("com10", "com10"),
        ("console", "console"),
        ("notes.tmp", "notes_tmp"),
        ("backup~", "backup_"),
        ("@eaDir", "_eaDir"),
        ("猫と犬", "猫と犬"),
        ("a\u{202e}b", "a b"),
    ] {
        assert_eq!(sanitised(given, 50), want, "{given:?}");
    }
    assert_eq!(sanitised("abc def", 4), "abc");
    assert_eq!(sanitised("abc_def", 4), "abc");
    assert_eq!(sanitised(&"猫".repeat(200), 199).chars().count(), 80, "bytes are bounded too");
    assert_eq!(sanitised("_._", 1), "cluster");
    assert_eq!(sanitised("con.tmp", 50), "_con_tmp");
}

proptest! {
    #[test]
    fn every_name_is_one_that_every_file_system_takes(name in "\\PC{0,40}|[ -~\u{0}-\u{1f}]{0,60}|(con|nul|COM1|@eaDir|x~|a.tmp)[. ]{0,3}(x|.part)?", max in 1_usize..60) {
        let clean = sanitised(&name, max);
        prop_assert!(is_good(&clean) || clean == "cluster", "{name:?} {clean:?}");
        prop_assert!(clean.chars().count() <= max || clean == "cluster");
        prop_assert_eq!(sanitised(&clean, 240), clean.clone(), "cleaning again changes nothing");
    }
}

fn facts() -> Facts {
    Facts {
        model: Some("dream/shaper: 8".to_owned()),
        sampler: Some("Euler a".to_owned()),
        seed: Some("123".to_owned()),
        ext: Some("png".to_owned()),
        topic: Some("../Red foxes".to_owned()),
        date: Some(Timestamp(1_795_363_958_250_000_000)),
        ..Facts::default()
    }
}

fn folders(template: &str) -> String {
    Template::parse(template).unwrap().folders(&facts(), &TimeZone::UTC, 50).join("/")
}

#[test]
fn templates_name_folders_by_what_images_say() {
    for (template, want) in [
        ("{model}/{date:%Y-%m}/{seed}", "dream shaper 8/2026-11/123"),
        ("{sampler} of {year}", "Euler a of 2026"),
        ("{date}", "2026-11-22"),
        ("{Month}-{day}", "11-22"),
        ("{source}/{width}x{height}", "unknown/unknownxunknown"),
        ("{topic}", "Red foxes"),
        ("{{x}}{ext}", "{x}png"),
        ("{date:%Y/%m}", "2026 11"),
        (".{seed}.", "123"),
        ("...", "unknown"),
        ("con", "_con"),
    ] {
        assert_eq!(folders(template), want, "{template}");
    }
    assert!(Template::parse("{topic}/x").unwrap().needs_topics());
    let plain = Template::parse("{date:%Y}/{ext}").unwrap();
    assert!(!plain.needs_topics() && !plain.needs_recipe());
    assert!(Template::parse("{seed}").unwrap().needs_recipe());
}

#[test]
fn a_bad_template_says_where_and_why() {
    for (template, at, why) in [
        ("", 1, "no name"),
        ("a//b", 3, "no name"),
        ("/a", 1, "no name"),
        ("a/", 3, "no name"),
        ("ab{model", 3, "without a `}`"),
        ("a}b", 2, "without a `{`"),
        ("猫{nothing}", 2, "there is no field `nothing`"),
        ("{seed:%Y}", 1, "only `date`"),
        ("{date:%!}", 1, "not understood"),
        ("a/b/c/d/e/f/g/h/i", 16, "one in another"),
    ] {
        let error = Template::parse(template).unwrap_err();
        assert!(error.why.contains(why), "{template}: {error}");
        assert_eq!(error.at, at, "{template}: {error}");
    }
    assert!(Template::parse(&"x".repeat(2_000)).is_err());
}

proptest! {
    #[test]
    fn no_template_and_no_image_leaves_the_destination(
        template in "([a-z./ ]|\\{model\\}|\\{seed\\}|\\{topic\\}|\\{date:%Y\\}){1,12}",
        said in "\\PC{0,30}|[./\\\\ ]{0,8}",
    ) {
        let Ok(template) = Template::parse(&template) else { return Ok(()) };
        let facts = Facts { model: Some(said.clone()), seed: Some(said.clone()), topic: Some(said), ..facts() };
        let folders = template.folders(&facts, &TimeZone::UTC, 50);
        prop_assert!(!folders.is_empty() && folders.iter().all(|name| is_good(name)), "{folders:?}");
    }
}

fn topic(id: usize, title: &str, keywords: &[&str], images: &[u32]) -> Topic {
    Topic {
        id: format!("topic_{id}"),
        title: title.to_owned(),
        keywords: keywords.iter().map(|&word| word.to_owned()).collect(),
        images: images.to_vec(),
        sample: String::new(),
    }
}

fn set(topics: Vec<Topic>, noise: &[u32]) -> TopicSet {
    TopicSet {
        key: String::new(),
        made: Timestamp::default(),
        scope: Scope { folders: Vec::new(), recursive: true },
        embedder: Embedder::Builtin,
        threshold: 0.9,
        min_cluster_size: 2,
        least_of_noise: 0.92,
        vectors: VectorsMark::default(),
        folder_times: Vec::new(),
        topics,
        noise: noise.to_vec(),
    }
}

fn shown(group: &Group) -> (&str, &str, Vec<u32>) {
    (&group.id, &group.folder, group.images.iter().map(|image| image.0).collect())
}

#[test]
fn equal_names_are_merged_and_existing_spellings_reused() {
    let set = set(
        vec![
            topic(2, "Red Foxes", &["fox", "red"], &[1, 2]),
            topic(0, "Cities: night", &["city"], &[3]),
            topic(1, "red foxes ", &["red", "den"], &[4]),
            topic(3, "", &[], &[5]),
        ],
        &[6, 7],
    );
    let existing = Spellings::of(["RED FOXES", "unsorted"]);
    let (groups, noise) = by_topic(&ask(), &set);
    let arranged = arrange(&ask(), groups, noise, &existing);
    assert_eq!(
        arranged.groups.iter().map(shown).collect::<Vec<_>>(),
        [
            ("topic_2_topic_1", "RED FOXES", vec![1, 2, 4]),
            ("topic_0", "Cities night", vec![3]),
            ("topic_3", "cluster_topic_3", vec![5])
        ]
    );
    assert_eq!(arranged.groups[0].title, "Red Foxes");
    assert_eq!(arranged.groups[0].keywords, ["fox", "red", "den"]);
    assert_eq!(shown(&arranged.noise), (NOISE, "unsorted", vec![6, 7]));
    let by = |naming| {
        let ask = OrganizeAsk { naming, ..ask() };
        by_topic(&ask, &set).0.into_iter().map(|group| group.folder).collect::<Vec<_>>()
    };
    assert_eq!(by(FolderNaming::Keywords), ["fox_red", "city", "red_den", "cluster_topic_3"]);
    assert_eq!(by(FolderNaming::Id)[0], "cluster_topic_2");
}

#[test]
fn the_folder_for_the_rest_is_never_one_of_a_topic() {
    let named = |titles: &[&str], existing: &[&str]| {
        let topics = titles.iter().enumerate();
        let topics = topics.map(|(nth, title)| topic(nth, title, &[], &[nth as u32 + 1])).collect();
        let (groups, noise) = by_topic(&ask(), &set(topics, &[99]));
        arrange(&ask(), groups, noise, &Spellings::of(existing.iter().copied())).noise.folder
    };
    assert_eq!(named(&[], &[]), "Unsorted");
    assert_eq!(named(&["unsorted"], &[]), "Unsorted_1");
    assert_eq!(named(&["UNSORTED", "Unsorted_1"], &["unsorted_2"]), "unsorted_2");
    for (mode, folder) in [(NoiseMode::Skip, ""), (NoiseMode::Leave, ""), (NoiseMode::Unsorted, "Unsorted")] {
        let ask = OrganizeAsk { noise: mode, ..ask() };
        let arranged = arrange(&ask, Vec::new(), vec![ImageId(1)], &Spellings::default());
        assert_eq!((arranged.noise.folder.as_str(), arranged.noise.images.len()), (folder, 1));
    }
}

#[test]
fn templates_gather_images_of_one_folder() {
    let ask =
        OrganizeAsk { naming: FolderNaming::Template(Template::parse("{model}/{seed}").unwrap()), ..ask() };
    let fact = |model: &str, seed: &str| Facts {
        model: Some(model.to_owned()),
        seed: Some(seed.to_owned()),
        ..Facts::default()
    };
    let images = [
        (ImageId(1), fact("b", "1")),
        (ImageId(2), fact("a", "1")),
        (ImageId(3), fact("B", "1")),
        (ImageId(4), fact("b", "2")),
    ];
    let groups = by_template(&ask, &images, &TimeZone::UTC);
    let arranged = arrange(&ask, groups, Vec::new(), &Spellings::of(["b"]));
    let mut folders: Vec<_> = arranged.groups.iter().map(|g| (g.folder.clone(), g.images.len())).collect();
    folders.sort();
    assert_eq!(folders, [("a/1".to_owned(), 1), ("b/1".to_owned(), 2), ("b/2".to_owned(), 1)]);
}

fn preview(clusters: &[(&str, &str, &[u32])], noise: &[u32]) -> Preview {
    let cluster = |id: &str, folder: &str, images: &[u32]| Cluster {
        id: id.to_owned(),
        folder: folder.to_owned(),
        size: images.len() as u64,
        mappings: images.iter().map(|image| Mapping { image: *image, ..Mapping::default() }).collect(),
        ..Cluster::default()
    };
    Preview {
        clusters: clusters.iter().map(|(id, folder, images)| cluster(id, folder, images)).collect(),
        noise: cluster(NOISE, "Unsorted", noise),
        is_noise_moved: true,
        errors: Vec::new(),
    }
}

fn choice(edits: &[(&str, &str)], skips: &[&str]) -> Choice {
    Choice {
        edits: edits.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect(),
        skips: skips.iter().map(|&id| id.to_owned()).collect(),
    }
}

#[test]
fn a_person_renames_merges_and_skips_folders() {
    let preview = preview(&[("a", "A", &[1, 2]), ("b", "B", &[3]), ("c", "C", &[4])], &[5]);
    let folders = |choice| chosen(&ask(), &preview, &choice, &Spellings::of(["Kept"]));
    let same = [("A", vec![0, 1]), ("B", vec![2]), ("C", vec![3]), ("Unsorted", vec![4])];
    let same: Vec<_> = same.into_iter().map(|(name, numbers)| (name.to_owned(), numbers)).collect();
    assert_eq!(folders(Choice::default()), same);
    assert_eq!(folders(choice(&[("a", " .. "), ("unknown", "x")], &["none"])), same, "nothing to go by");
    assert_eq!(
        folders(choice(&[("a", "x/../y"), ("b", "KEPT"), ("c", "a"), (NOISE, "kept")], &["c"])),
        [("x .. y".to_owned(), vec![0, 1]), ("Kept".to_owned(), vec![2, 4])]
    );
    assert_eq!(folders(choice(&[], &["a", "b", "c", NOISE])), []);
    let deep = OrganizeAsk { naming: FolderNaming::Template(Template::parse("{model}").unwrap()), ..ask() };
    let edits = choice(&[("a", "/x/../y/")], &["b", "c", NOISE]);
    assert_eq!(chosen(&deep, &preview, &edits, &Spellings::default())[0].0, "x/y");
}

proptest! {
    #[test]
    fn every_image_is_mapped_once_and_no_folder_twice(
        topics in proptest::collection::vec(("[aAbB .]{0,3}", proptest::collection::vec(1_u32..60, 0..8)), 0..8),
        noise in proptest::collection::vec(1_u32..60, 0..8),
        edits in proptest::collection::vec((0_usize..8, "[aAbBx/.]{0,3}"), 0..4),
    ) {
        let given: Vec<Topic> =
            topics.iter().enumerate().map(|(nth, (title, images))| topic(nth, title, &[], images)).collect();
        let all: BTreeSet<u32> = topics.iter().flat_map(|(_, images)| images).chain(&noise).copied().collect();
        let (groups, rest) = by_topic(&ask(), &set(given, &noise));
        let arranged = arrange(&ask(), groups, rest, &Spellings::of(["Ab"]));
        let mut images: Vec<u32> = arranged.groups.iter().chain([&arranged.noise]).flat_map(|g| &g.images).map(|i| i.0).collect();
        images.sort_unstable();
        prop_assert_eq!(&images, &all.into_iter().collect::<Vec<_>>());
        let names: Vec<String> = arranged.groups.iter().chain([&arranged.noise]).map(|g| folded(&g.folder)).collect();
        prop_assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
        let clusters: Vec<(&str, &str, Vec<u32>)> = arranged.groups.iter().map(shown).collect();
        let clusters: Vec<(&str, &str, &[u32])> = clusters.iter().map(|(id, folder, images)| (*id, *folder, images.as_slice())).collect();
        let preview = preview(&clusters, &[]);
        let edits: Vec<(String, String)> =
            edits.into_iter().filter_map(|(nth, name)| Some((clusters.get(nth)?.0.to_owned(), name))).collect();
        let folders = chosen(&ask(), &preview, &Choice { edits, skips: Vec::new() }, &Spellings::default());
        let mut numbers: Vec<usize> = folders.iter().flat_map(|(_, numbers)| numbers).copied().collect();
        numbers.sort_unstable();
        prop_assert_eq!(numbers, (0..preview.mappings().count()).collect::<Vec<_>>());
        let names: HashSet<String> = folders.iter().map(|(name, _)| folded(name)).collect();
        prop_assert_eq!(names.len(), folders.len());
        prop_assert!(folders.iter().all(|(name, _)| is_good(name)));
    }
}

#[test]
fn a_job_is_kept_as_it_is() {
    let mut job = super::OrganizeJob::new(OrganizeAsk {
        naming: FolderNaming::Template(Template::parse("{model}").unwrap()),
        ..ask()
    });
    let mut known = preview(&[("a", "A", &[1])], &[]);
    known.clusters[0].mappings[0].from = b"/pics/\xff\xef\xbf\xbdFF.png".to_vec();
    job.preview = Some(std::sync::Arc::new(known));
    let text = serde_json::to_string(&job).unwrap();
    assert_eq!(serde_json::from_str::<super::OrganizeJob>(&text).unwrap(), job);
    assert!(sanitised_or_empty("..", 9).is_empty());
}
