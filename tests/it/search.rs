//! Every kind of search against a brute-force oracle, over random libraries and needles.

use crate::support::fileless::{Fileless, Picture};
use lumidex::query::{Matching, Order, Search, SearchError};
use lumidex_schema::fold::fold;
use lumidex_schema::id::{ImageId, TagId};
use lumidex_schema::media::MediaKind;
use lumidex_schema::tag::TagKind;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::{BTreeSet, HashMap};

/// What the oracle knows of an image.
#[derive(Clone, Debug)]
struct Known {
    id: ImageId,
    picture: Picture,
    custom: BTreeSet<TagId>,
}

impl Known {
    fn path(&self) -> String {
        match self.picture.folder.as_str() {
            "" => format!("/r/{}", self.picture.name),
            folder => format!("/r/{folder}/{}", self.picture.name),
        }
    }
}

/// Seeds, percent signs, quotes, several scripts, letters that fold, parts that repeat.
fn text() -> impl Strategy<Value = String> {
    let prompt = "(a|B|ß|É|猫|ねこ|Ж|100%|x_y|\"|, | |\n|12|cat|Dog){0,7}";
    let seed = prop_oneof![0u64..30, 120u64..140, any::<u64>()];
    prop_oneof![
        1 => Just(String::new()),
        1 => prompt.prop_map(|prompt: String| prompt),
        5 => (prompt, seed, 0u64..20, any::<bool>()).prop_map(|(prompt, seed, variation, with_variation)| {
            let tail = if with_variation { format!(", Variation seed: {variation}") } else { String::new() };
            format!("{prompt}\nSteps: 12, Seed: {seed}, Size: 8x8{tail}, Model: m1")
        }),
    ]
}

fn picture() -> impl Strategy<Value = Picture> {
    let folder = prop_oneof![Just(""), Just("a"), Just("a/B c"), Just("ab"), Just("猫/12"), Just("a%")];
    let name = "(0001|cat|É|猫|12|_|-|%){1,3}\\.(png|JPG|mp4)";
    let tags = vec(prop_oneof![Just("cat"), Just("dog"), Just("sky"), Just("rare")], 0..3);
    (folder, name, 0i64..6, text(), tags).prop_map(|(folder, name, date, text, tags)| {
        let media = MediaKind::of_name(name.as_bytes()).unwrap();
        let mut names = BTreeSet::new();
        let tags = tags.into_iter().filter(|tag| names.insert(*tag));
        // Tags follow from a text; without one there are none.
        let tags = tags.filter(|_| !text.is_empty());
        let tags = tags.map(|tag| (TagKind::Pos, tag.to_owned())).collect();
        Picture { folder: folder.to_owned(), name, date: date * 1_000_000_000, text, tags, media }
    })
}

fn needle() -> impl Strategy<Value = String> {
    prop_oneof![
        "(a|b|ß|É|é|猫|ね|ж|%|_|\"|, | |\n|/|12|1|2|cat|d|seed: |: |,){1,4}",
        Just("seed: 12".to_owned()),
        Just("eed: 12, s".to_owned()),
        Just("2, size: 8".to_owned()),
        Just("8x8, variation seed: 1".to_owned()),
        Just("12, size: 8x8, variation seed: 1".to_owned()),
        Just("/r/a/".to_owned()),
        Just("a/b c/0001".to_owned()),
        Just("c/".to_owned()),
        Just("/".to_owned()),
        Just("nothing at all".to_owned()),
    ]
}

/// Blind to digits, taking them alike, and telling them apart; with and without a literal.
const REGEXES: [&str; 16] = [
    "cat|dog",
    "[ab]{2}",
    "ß",
    "É.*Seed",
    "seed: \\d{2},",
    "\\d{20}",
    "seed: 1\\d\\b",
    "seed: [12]+,",
    "^b",
    "2$",
    "x_y.*size",
    "\\w猫",
    "r/a.*png",
    "[^\\d]12\\D",
    "\\b[a-z]\\b",
    "\\B\\D\\B",
];

#[derive(Clone, Debug)]
struct Asked {
    needle: Option<String>,
    regex: Option<&'static str>,
    path_only: bool,
    media: Option<MediaKind>,
    folders: Option<Vec<String>>,
    and: Vec<&'static str>,
    or: Vec<&'static str>,
    not: Vec<&'static str>,
    random: bool,
    size: usize,
}

fn asked() -> impl Strategy<Value = Asked> {
    let media =
        prop_oneof![3 => Just(None), 1 => Just(Some(MediaKind::Image)), 1 => Just(Some(MediaKind::Video))];
    let folder =
        prop_oneof![Just("/r"), Just("/r/a"), Just("/r/a/B c"), Just("/r/a%"), Just("/r/nowhere"), Just("/")];
    let folders = prop_oneof![3 => Just(None), 2 => vec(folder.prop_map(str::to_owned), 0..3).prop_map(Some)];
    let tags = || vec(prop_oneof![Just("cat"), Just("dog"), Just("rare"), Just("mine")], 0..3);
    let needle = prop_oneof![
        1 => Just((None, None)),
        4 => needle().prop_map(|needle| (Some(needle), None)),
        2 => proptest::sample::select(&REGEXES[..]).prop_map(|regex| (None, Some(regex))),
    ];
    let tags = prop_oneof![2 => Just((vec![], vec![], vec![])), 1 => (tags(), tags(), tags())];
    (needle, any::<bool>(), media, folders, tags, any::<bool>(), 1usize..9).prop_map(
        |((needle, regex), path_only, media, folders, (and, or, not), random, size)| Asked {
            needle,
            regex,
            path_only,
            media,
            folders,
            and,
            or,
            not,
            random,
            size,
        },
    )
}

fn expected(known: &[Known], asked: &Asked, tags: &HashMap<&str, TagId>) -> Vec<ImageId> {
    let has = |image: &Known, tag: &str| {
        image.custom.contains(&tags[tag]) || image.picture.tags.iter().any(|(_, name)| name == tag)
    };
    let regex = asked.regex.map(|regex| {
        let mut builder = regex::RegexBuilder::new(regex);
        builder.case_insensitive(true).multi_line(true).dot_matches_new_line(true).build().unwrap()
    });
    let holds = |image: &Known| {
        if let Some(regex) = &regex {
            let in_text = !asked.path_only && regex.is_match(&image.picture.text);
            return in_text || regex.is_match(&image.path());
        }
        let Some(needle) = &asked.needle else { return true };
        let needle = fold(needle);
        fold(&image.path()).contains(&needle)
            || (!asked.path_only && fold(&image.picture.text).contains(&needle))
    };
    let below = |image: &Known| match asked.folders.as_deref() {
        None | Some([]) => true,
        Some(folders) => folders
            .iter()
            .any(|folder| image.path().starts_with(&format!("{}/", folder.trim_end_matches('/')))),
    };
    let mut matching: Vec<&Known> = known
        .iter()
        .filter(|image| holds(image) && below(image))
        .filter(|image| asked.media.is_none_or(|media| image.picture.media == media))
        .filter(|image| asked.and.iter().all(|tag| has(image, tag)))
        .filter(|image| asked.or.is_empty() || asked.or.iter().any(|tag| has(image, tag)))
        .filter(|image| !asked.not.iter().any(|tag| has(image, tag)))
        .collect();
    matching.sort_by_key(|image| std::cmp::Reverse((image.picture.date, image.id)));
    matching.into_iter().map(|image| image.id).collect()
}

fn search(asked: &Asked, tags: &HashMap<&str, TagId>) -> Search {
    let ids = |names: &[&str]| names.iter().map(|name| tags[name]).collect();
    Search {
        matching: match (&asked.needle, asked.regex) {
            (Some(needle), _) => Matching::Substring(needle.clone()),
            (None, Some(regex)) => Matching::Regex(regex.to_owned()),
            (None, None) => Matching::Everything,
        },
        path_only: asked.path_only,
        media: asked.media,
        folders: asked.folders.clone().map(|all| all.into_iter().map(String::into_bytes).collect()),
        and_tags: ids(&asked.and),
        or_tags: ids(&asked.or),
        not_tags: ids(&asked.not),
        order: if asked.random { Order::Random } else { Order::Newest },
        size: asked.size,
        cursor: String::new(),
    }
}

/// Library, oracle and tag ids after two batches (the second alters some of the first) and tagging.
fn grow(
    library: &Fileless,
    first: &[Picture],
    second: &[Picture],
    mine: &[bool],
) -> (Vec<Known>, HashMap<&'static str, TagId>) {
    let names = ["cat", "dog", "sky", "rare"];
    // Every tag exists, whether or not a picture has it.
    let every = Picture {
        folder: "tags".to_owned(),
        name: "every.png".to_owned(),
        date: 3,
        text: "Seed: 5".to_owned(),
        tags: names.iter().map(|name| (TagKind::Pos, (*name).to_owned())).collect(),
        media: MediaKind::Image,
    };
    let mut by_path: HashMap<String, Known> = HashMap::new();
    for batch in [std::slice::from_ref(&every), first, second] {
        // One picture a path and batch, as a walk would see it.
        let mut seen = BTreeSet::new();
        let batch: Vec<Picture> =
            batch.iter().filter(|p| seen.insert((p.folder.clone(), p.name.clone()))).cloned().collect();
        for (id, picture) in library.see(&batch).into_iter().zip(batch) {
            let known = Known { id, picture, custom: BTreeSet::new() };
            by_path.insert(known.path(), known);
        }
    }
    let mut known: Vec<Known> = by_path.into_values().collect();
    known.sort_by_key(|image| image.id);
    let (_, tag) = library.ledger.make_tag("mine").unwrap();
    let tagged: Vec<ImageId> = known.iter().zip(mine).filter(|(_, mine)| **mine).map(|(k, _)| k.id).collect();
    for k in known.iter_mut().filter(|k| tagged.contains(&k.id)) {
        k.custom.insert(tag);
    }
    let head = library.ledger.put_tag(tag, tagged).unwrap();
    assert!(library.engine.wait_visible(head, lumidex::limits::VISIBLE_WAIT));
    let listed = library.engine.tag_list().unwrap();
    let id = |name: &str| {
        TagId(listed.iter().find(|tag| tag.name == name && tag.kind != "Media Type").unwrap().id)
    };
    let tags = names.iter().chain(&["mine"]).map(|name| (*name, id(name))).collect();
    (known, tags)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn every_search_agrees_with_brute_force(
        first in vec(picture(), 0..40),
        second in vec(picture(), 0..15),
        mine in vec(any::<bool>(), 60),
        asks in vec(asked(), 30),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let library = Fileless::open(dir.path());
        let (known, tags) = grow(&library, &first, &second, &mine);
        for asked in &asks {
            let found = library.all(&search(asked, &tags));
            let expected = expected(&known, asked, &tags);
            if asked.random {
                let distinct: BTreeSet<ImageId> = found.iter().copied().collect();
                prop_assert_eq!(distinct.len(), found.len(), "pages do not overlap");
                prop_assert_eq!(distinct, expected.into_iter().collect::<BTreeSet<_>>(), "{:?}", asked);
            } else {
                prop_assert_eq!(&found, &expected, "{:?}", asked);
            }
        }
        // The same from disk, after a restart.
        drop(library);
        let library = Fileless::open(dir.path());
        for asked in asks.iter().filter(|asked| !asked.random) {
            prop_assert_eq!(library.all(&search(asked, &tags)), expected(&known, asked, &tags), "{:?}", asked);
        }
    }
}

fn plain(name: String, date: i64) -> Picture {
    let text = format!("a cat\nSeed: {date}");
    Picture { folder: "p".to_owned(), name, date, text, tags: Vec::new(), media: MediaKind::Image }
}

#[test]
fn what_matches_throughout_is_delivered_once_though_the_library_changes_between_pages() {
    for order in [Order::Newest, Order::Random] {
        let dir = tempfile::tempdir().unwrap();
        let mut library = Fileless::open(dir.path());
        // Seven to a moment, so that pages end within one.
        let stays: Vec<Picture> = (0..42).map(|nth| plain(format!("{nth}.png"), nth / 7)).collect();
        let expected: BTreeSet<ImageId> = library.see(&stays).into_iter().collect();
        let mut search =
            Search { matching: Matching::Substring("CAT".to_owned()), order, size: 5, ..Search::default() };
        let mut delivered = Vec::new();
        for round in 0.. {
            let page = library.engine.search(&search).unwrap();
            delivered.extend(page.hits.iter().map(|hit| hit.id));
            if !page.cursor.has_next {
                break;
            }
            search.cursor = page.cursor.next;
            // Newer, older and in the middle; and a cursor outlives the program.
            let comes = [-1, 3, 9].map(|date| plain(format!("new {round} {date}.png"), date));
            library.see(&comes);
            if round == 2 {
                drop(library);
                library = Fileless::open(dir.path());
            }
        }
        let kept: Vec<ImageId> = delivered.iter().copied().filter(|id| expected.contains(id)).collect();
        assert_eq!(kept.len(), expected.len(), "{order:?}: none twice");
        assert_eq!(kept.into_iter().collect::<BTreeSet<_>>(), expected, "{order:?}: none missed");
        let distinct: BTreeSet<ImageId> = delivered.iter().copied().collect();
        assert_eq!(distinct.len(), delivered.len(), "{order:?}: newcomers neither");
    }
}

#[test]
fn a_cursor_serves_the_search_it_came_from_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let library = Fileless::open(dir.path());
    library.see(&(0..3).map(|nth| plain(format!("{nth}.png"), nth)).collect::<Vec<_>>());
    let mut search = Search { matching: Matching::Substring("cat".to_owned()), size: 1, ..Search::default() };
    search.cursor = library.engine.search(&search).unwrap().cursor.next;
    assert_eq!(library.engine.search(&Search { size: 2, ..search.clone() }).unwrap().hits.len(), 2);
    let other = Search { matching: Matching::Substring("ca".to_owned()), ..search.clone() };
    assert!(matches!(library.engine.search(&other), Err(SearchError::ForeignCursor)));
    let random = Search { order: Order::Random, ..search };
    assert!(matches!(library.engine.search(&random), Err(SearchError::ForeignCursor)));
    for cursor in ["x", "00", "2026-11-22 16:12:38|69"] {
        let broken = Search { cursor: cursor.to_owned(), ..other.clone() };
        assert!(matches!(library.engine.search(&broken), Err(SearchError::BadCursor)), "{cursor}");
    }
}
