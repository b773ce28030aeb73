//! The text index through its public surface, against a brute-force scan.
#![allow(clippy::unwrap_used)]

use super::{TextIndex, WordField};
use lumidex_schema::checkpoint::{Checkpoint, StartEmpty};
use lumidex_schema::fold::fold;
use lumidex_schema::id::{EpochToken, FolderId, Seq, TagId, TextId};
use lumidex_schema::text::HOLE;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;

fn checkpoint(applied: u64) -> Checkpoint {
    Checkpoint { format: 1, applied: Seq(applied), seen: Seq(applied + 1), epoch: EpochToken(7) }
}

fn fresh(dir: &Path) -> TextIndex {
    let (mut index, found) = TextIndex::open(dir);
    assert_eq!(found, Err(StartEmpty::Absent));
    index.start_empty().unwrap();
    index
}

/// Whether the snapshot answers as a scan of `texts` would.
fn check(index: &TextIndex, texts: &BTreeMap<u32, String>, fragment: &str) {
    let snapshot = index.reader().snapshot();
    let fragment = fold(fragment);
    let candidates = snapshot.candidates(&fragment).unwrap();
    let listed: Vec<TextId> = candidates.iter().collect();
    assert_eq!(listed.len() as u32, candidates.count());
    assert!(listed.iter().all(|&id| candidates.contains(id)));
    for (&id, template) in texts {
        let folded = fold(template);
        assert_eq!(snapshot.folded(TextId(id)), Some(folded.as_str()));
        let has = folded.split(HOLE).any(|run| run.contains(&fragment));
        let candidate = candidates.contains(TextId(id));
        assert!(candidate || !has, "`{fragment}` is in {id} `{template}`");
        assert!(!candidates.is_exact() || candidate == has, "`{fragment}` is not in {id} `{template}`");
    }
    let short = (1..=3).contains(&fragment.chars().count());
    assert!(!short || candidates.is_exact());
    if candidates.is_exact() && !fragment.is_empty() {
        assert!(listed.iter().all(|id| texts.contains_key(&id.0)));
    }
    for id in [0, snapshot.len()] {
        assert_eq!(snapshot.folded(TextId(id)), None);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Add(Vec<(u32, String)>),
    Commit,
    Reopen,
    Search(Vec<String>),
}

fn text() -> impl Strategy<Value = String> {
    "([a-c]{1,3}|[ABÉé]|[12]{1,2}|猫耳?|ネコ|[,. (]|\0|ß|😀){0,12}"
}

fn step() -> impl Strategy<Value = Step> {
    let ids = prop_oneof![1u32..40, Just(5000)];
    prop_oneof![
        4 => prop::collection::vec((ids, text()), 1..8).prop_map(Step::Add),
        2 => Just(Step::Commit),
        1 => Just(Step::Reopen),
        4 => prop::collection::vec("([a-c]|[ABé]|[12]|猫|耳|ネ|コ|[,. (]|ß|😀){0,6}", 1..8).prop_map(Step::Search),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]
    #[test]
    fn no_text_is_missed_and_exact_is_exact(steps in prop::collection::vec(step(), 1..24)) {
        let dir = tempfile::tempdir().unwrap();
        let mut index = fresh(dir.path());
        let (mut texts, mut durable): (BTreeMap<u32, String>, _) = Default::default();
        let (mut seq, mut committed) = (0, None);
        for step in steps {
            match step {
                Step::Add(added) => {
                    for (id, template) in added {
                        index.add_text(TextId(id), &template).unwrap();
                        texts.entry(id).or_insert(template);
                        seq += 1;
                    }
                    index.publish(Seq(seq));
                    prop_assert_eq!(index.reader().snapshot().visible(), Seq(seq));
                }
                Step::Commit => {
                    index.commit(checkpoint(seq)).unwrap();
                    prop_assert_eq!(index.pending(), 0);
                    durable = texts.clone();
                    committed = Some(checkpoint(seq));
                }
                Step::Reopen => {
                    drop(index);
                    let (again, found) = TextIndex::open(dir.path());
                    prop_assert_eq!(found.ok(), committed);
                    index = again;
                    texts = durable.clone();
                    seq = committed.map_or(0, |checkpoint| checkpoint.applied.0);
                }
                Step::Search(fragments) => {
                    fragments.iter().for_each(|fragment| check(&index, &texts, fragment));
                }
            }
        }
        for fragment in ["", "a", "猫", "ab", "abc", "abca", "a\0b"] {
            check(&index, &texts, fragment);
        }
    }
}

/// A library of a few commits, so that there are several segments, arenas and a deletion.
fn library(dir: &Path) -> BTreeMap<u32, String> {
    let mut index = fresh(dir);
    let mut texts = BTreeMap::new();
    for commit in 0..4u32 {
        for nth in 0..20 {
            let id = commit * 20 + nth + 1;
            let text = format!("a cat number {id} 猫\nNegative prompt: dog\nSteps: 2, Seed: \0");
            index.add_text(TextId(id), &text).unwrap();
            texts.insert(id, text);
        }
        index.put_folder(FolderId(1), &format!("/pictures/{commit}")).unwrap();
        index.put_tag(TagId(commit + 1), "long hair").unwrap();
        index.commit(checkpoint(u64::from(commit) + 1)).unwrap();
    }
    texts
}

#[test]
fn many_commits_merge_into_few_segments_and_arenas_and_answer_alike() {
    let dir = tempfile::tempdir().unwrap();
    let mut index = fresh(dir.path());
    let mut texts = BTreeMap::new();
    let early = index.reader().snapshot();
    for id in 1..=30u32 {
        let text = format!("number {id}, {}", "猫耳 ".repeat(id as usize % 5));
        index.add_text(TextId(31 - id), &text).unwrap();
        texts.insert(31 - id, text);
        index.commit(checkpoint(u64::from(id))).unwrap();
        check(&index, &texts, "猫耳 猫");
        check(&index, &texts, "r 1");
    }
    drop(index);
    let (index, found) = TextIndex::open(dir.path());
    assert_eq!(found, Ok(checkpoint(30)));
    for fragment in ["number 3", "猫", "耳 猫耳", "zz"] {
        check(&index, &texts, fragment);
    }
    let count = |ending: &str| {
        let names = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().contains(ending)).count()
    };
    assert!(count("arena-") <= 7, "{}", count("arena-"));
    assert!(count(".term") <= 20, "{}", count(".term"));
    assert_eq!((early.len(), early.all().count()), (1, 1), "a snapshot never changes");
}

#[test]
fn postings_that_fill_whole_blocks_end_where_they_should() {
    let dir = tempfile::tempdir().unwrap();
    let mut index = fresh(dir.path());
    let mut texts = BTreeMap::new();
    for id in 1..=600u32 {
        let marks = [(128, "q"), (129, "w"), (256, "vvvv"), (255, "uuuu")];
        let marks = marks.into_iter().filter(|(last, _)| id <= *last).map(|(_, mark)| mark);
        texts.insert(id, format!("{}{id}x", marks.collect::<String>()));
        index.add_text(TextId(id), &texts[&id]).unwrap();
    }
    index.commit(checkpoint(1)).unwrap();
    for fragment in
        ["q", "w", "v", "qw", "wv", "vvv", "vvvv", "vuuuu", "uuuu1", "vvvv2", "256", "uu99x", "0x"]
    {
        check(&index, &texts, fragment);
    }
}

#[test]
fn delivering_again_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let texts = library(dir.path());
    let (mut index, _) = TextIndex::open(dir.path());
    for (&id, text) in &texts {
        index.add_text(TextId(id), text).unwrap();
    }
    assert_eq!(index.pending(), 0);
    for (id, text) in [(100, "new"), (100, "new"), (99, "older")] {
        index.add_text(TextId(id), text).unwrap();
    }
    index.publish(Seq(9));
    index.add_text(TextId(100), "new").unwrap();
    assert_eq!(index.pending(), 2);
    index.put_folder(FolderId(1), "/pictures/3").unwrap();
    index.put_tag(TagId(1), "long hair").unwrap();
    index.commit(checkpoint(9)).unwrap();
    let snapshot = index.reader().snapshot();
    assert_eq!(snapshot.candidates("new").unwrap().iter().collect::<Vec<_>>(), [TextId(100)]);
    assert_eq!(snapshot.ranked(WordField::Path, "pictures", 10).unwrap().len(), 1);
    assert_eq!(snapshot.ranked(WordField::Tag, "hair", 10).unwrap().len(), 4);
    drop(index);
    assert_eq!(TextIndex::open(dir.path()).1, Ok(checkpoint(9)));
}

#[test]
fn ranked_finds_words_and_orders_by_relevance() {
    let dir = tempfile::tempdir().unwrap();
    let mut index = fresh(dir.path());
    let texts = [
        "a cat on a very long wall with many other things that do not matter here",
        "Cat, cat, cat\nNegative prompt: wolf\nSteps: 3",
        "a dog\nNegative prompt: cat\nSteps: 3, Model: cat",
        "猫耳娘 in the rain",
    ];
    for (nth, text) in texts.iter().enumerate() {
        index.add_text(TextId(nth as u32 + 1), text).unwrap();
    }
    index.put_folder(FolderId(3), "/home/Bilder/Katzen").unwrap();
    index.put_tag(TagId(8), "cat_ears").unwrap();
    index.put_tag(TagId(9), "gone").unwrap();
    index.commit(checkpoint(1)).unwrap();
    index.remove_tag(TagId(9)).unwrap();
    index.put_tag(TagId(8), "Fox_ears").unwrap();
    index.commit(checkpoint(2)).unwrap();
    let snapshot = index.reader().snapshot();
    let ids = |field, query: &str| {
        let hits = snapshot.ranked(field, query, 10).unwrap();
        hits.into_iter().map(|(id, _)| id).collect::<Vec<_>>()
    };
    assert_eq!(ids(WordField::Prompt, "CAT"), [2, 1]);
    assert_eq!(ids(WordField::Prompt, "耳娘"), [4]);
    assert_eq!(ids(WordField::Negative, "cat"), [3]);
    assert_eq!(ids(WordField::Path, "katzen"), [3]);
    assert_eq!(ids(WordField::Tag, "ears"), [8]);
    assert_eq!(ids(WordField::Tag, "cat gone"), [] as [u32; 0]);
    assert_eq!(ids(WordField::Prompt, " ,"), [] as [u32; 0]);
}

/// Whether a refused index is also begun anew, which takes a while.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Refill {
    Yes,
    No,
}

/// Damage may cost the index, never the truth: it starts empty or answers as if nothing was.
fn survives(dir: &Path, texts: &BTreeMap<u32, String>, what: &str, refill: Refill) -> bool {
    let (mut index, found) = TextIndex::open(dir);
    match found {
        Ok(found) => {
            assert_eq!(found, checkpoint(4), "{what}");
            for fragment in ["cat", "number 7", "猫", "zebra", "steps: 2, seed: "] {
                check(&index, texts, fragment);
            }
            let snapshot = index.reader().snapshot();
            assert_eq!(snapshot.ranked(WordField::Path, "pictures", 9).unwrap().len(), 1, "{what}");
            assert_eq!(snapshot.ranked(WordField::Prompt, "cat", 99).unwrap().len(), 80, "{what}");
            true
        }
        Err(_) => {
            assert_eq!(index.reader().snapshot().len(), 1, "{what}");
            if refill == Refill::No {
                return false;
            }
            index.start_empty().unwrap();
            index.add_text(TextId(1), "a cat").unwrap();
            index.commit(checkpoint(1)).unwrap();
            assert_eq!(index.reader().snapshot().candidates("cat").unwrap().count(), 1, "{what}");
            false
        }
    }
}

/// The directory again, with other content, or none, for one file. The other files are linked:
/// nothing writes into a file that is there.
fn damaged(good: &Path, name: &OsStr, content: Option<Vec<u8>>) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(good).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != name {
            std::fs::hard_link(entry.path(), dir.path().join(entry.file_name())).unwrap();
        }
    }
    if let Some(content) = content {
        std::fs::write(dir.path().join(name), content).unwrap();
    }
    dir
}

#[test]
fn damage_to_any_file_starts_empty_or_answers_right() {
    let good = tempfile::tempdir().unwrap();
    let texts = library(good.path());
    let names: Vec<_> =
        std::fs::read_dir(good.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let mut refused = 0;
    for name in &names {
        let bytes = std::fs::read(good.path().join(name)).unwrap();
        let flip = |at: usize| {
            let mut bad = bytes.clone();
            bad[at] ^= 1 << (at % 7);
            Some(bad)
        };
        let mut damages = vec![None, Some(bytes[..bytes.len() / 2].to_vec()), Some(Vec::new())];
        let step = (bytes.len() / 6).max(1);
        damages.extend((0..bytes.len()).step_by(step).map(flip));
        for (nth, damage) in damages.into_iter().enumerate() {
            let dir = damaged(good.path(), name, damage);
            let refill = if nth == 0 { Refill::Yes } else { Refill::No };
            let what = format!("{} {nth}", name.display());
            refused += usize::from(!survives(dir.path(), &texts, &what, refill));
        }
    }
    assert!(refused > names.len(), "{refused}");
}

#[test]
fn any_changed_byte_of_the_meta_file_starts_empty_or_answers_right() {
    let good = tempfile::tempdir().unwrap();
    let texts = library(good.path());
    let bytes = std::fs::read(good.path().join("meta.json")).unwrap();
    // A digit of a count, a letter of a key: every 13th byte, so that all parts are met.
    for at in (0..bytes.len()).step_by(13) {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        let dir = damaged(good.path(), OsStr::new("meta.json"), Some(bad));
        survives(dir.path(), &texts, &format!("byte {at}"), Refill::No);
    }
}

#[test]
fn a_foreign_directory_starts_empty() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("meta.json"), b"{\"hello\": 1}").unwrap();
    assert_eq!(TextIndex::open(dir.path()).1, Err(StartEmpty::Unreadable));
    let (mut index, found) = TextIndex::open(&dir.path().join("absent"));
    assert_eq!(found, Err(StartEmpty::Absent));
    // Even without being told to start empty, what is added is kept.
    index.add_text(TextId(1), "a cat").unwrap();
    index.commit(checkpoint(1)).unwrap();
    assert_eq!(index.reader().snapshot().folded(TextId(1)), Some("a cat"));
}

#[test]
fn a_failed_commit_keeps_what_is_visible_and_the_next_makes_it_durable() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("text");
    let mut index = fresh(&place);
    index.add_text(TextId(1), "a cat").unwrap();
    index.commit(checkpoint(1)).unwrap();
    index.add_text(TextId(2), "a dog").unwrap();
    index.put_tag(TagId(5), "ears").unwrap();
    index.publish(Seq(2));
    let away = dir.path().join("away");
    std::fs::rename(&place, &away).unwrap();
    std::fs::write(&place, b"in the way").unwrap();
    assert!(index.commit(checkpoint(2)).is_err());
    let snapshot = index.reader().snapshot();
    assert_eq!((snapshot.folded(TextId(1)), snapshot.folded(TextId(2))), (Some("a cat"), Some("a dog")));
    std::fs::remove_file(&place).unwrap();
    std::fs::rename(&away, &place).unwrap();
    index.commit(checkpoint(2)).unwrap();
    drop(index);
    let (index, found) = TextIndex::open(&place);
    assert_eq!(found, Ok(checkpoint(2)));
    let snapshot = index.reader().snapshot();
    assert_eq!(snapshot.folded(TextId(2)), Some("a dog"));
    assert_eq!(snapshot.ranked(WordField::Tag, "ears", 9).unwrap().len(), 1);
}
