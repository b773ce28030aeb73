//! What is derived from the ledger, and other files of a data folder, changed behind everybody's back.

use super::home::Home;
use super::{look, mended, repair};
use lumidex::ledger::verify::Mend;
use lumidex::projection::thumbs::kept_below;
use lumidex_index_tools::access::Place;
use lumidex_schema::checkpoint::Checkpoint;
use lumidex_schema::{layout, paid};
use redb::{Database, ReadableTable, TableDefinition};
use std::fs;
use std::path::{Path, PathBuf};

const POSTINGS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("postings");
const CHUNKS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("chunks");
const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
const TAGS: TableDefinition<'_, u32, (u8, &str, &str)> = TableDefinition::new("tags");
const PROMPTS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("prompts");

fn change(path: &Path, change: impl FnOnce(&redb::WriteTransaction)) {
    let db = Database::open(path).unwrap();
    let txn = db.begin_write().unwrap();
    change(&txn);
    txn.commit().unwrap();
}

#[track_caller]
fn refilled(place: &str, rule: &str, plant: impl FnOnce(&Path)) {
    let repaired = mended(Home::shared(), place, rule, Mend::Refill, plant);
    assert!(repaired.done.iter().any(|line| line.contains(place)), "{repaired:?}");
}

fn flip(path: &Path, at: impl FnOnce(usize) -> usize) {
    let mut bytes = fs::read(path).unwrap();
    let at = at(bytes.len());
    bytes[at] ^= 0x20;
    fs::write(path, bytes).unwrap();
}

fn find(folder: &Path, is_it: impl Fn(&str) -> bool) -> PathBuf {
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                waiting.push(entry.path());
            } else if is_it(entry.file_name().to_str().unwrap()) {
                return entry.path();
            }
        }
    }
    panic!("there is no such file");
}

#[test]
fn a_tag_that_has_an_image_too_few_or_too_many() {
    let shorter = |bytes: &[u8]| bytes[..bytes.len() - 4].to_vec();
    let longer = |bytes: &[u8]| [bytes, &[59, 0, 0, 0]].concat();
    for (rule, other) in [("image-has-tag", &shorter as &dyn Fn(&[u8]) -> Vec<u8>), ("set-size", &longer)] {
        refilled(layout::TAGS, rule, |data| {
            change(&data.join(layout::TAGS), |txn| {
                let mut postings = txn.open_table(POSTINGS).unwrap();
                // The tag `like`, a list of two.
                let bytes = postings.get(1).unwrap().unwrap().value().to_vec();
                assert_eq!((bytes[0], bytes.len()), (0, 9));
                postings.insert(1, other(&bytes).as_slice()).unwrap();
            });
        });
    }
}

#[test]
fn a_date_of_another_day() {
    refilled(layout::TAGS, "image-facts", |data| {
        change(&data.join(layout::TAGS), |txn| {
            let mut chunks = txn.open_table(CHUNKS).unwrap();
            let mut bytes = chunks.get(0).unwrap().unwrap().value().to_vec();
            bytes[8 * 12] ^= 1;
            chunks.insert(0, bytes.as_slice()).unwrap();
        });
    });
}

#[test]
fn a_tag_of_another_name() {
    refilled(layout::TAGS, "tag-entry", |data| {
        change(&data.join(layout::TAGS), |txn| {
            txn.open_table(TAGS).unwrap().insert(1, (0, "dislike", "")).unwrap();
        });
    });
}

#[test]
fn a_checkpoint_of_another_history() {
    refilled(layout::TAGS, "checkpoint", |data| {
        change(&data.join(layout::TAGS), |txn| {
            let mut meta = txn.open_table(META).unwrap();
            let mut checkpoint: Checkpoint =
                serde_json::from_slice(meta.get("checkpoint").unwrap().unwrap().value()).unwrap();
            checkpoint.seen.0 += 10_000;
            meta.insert("checkpoint", serde_json::to_vec(&checkpoint).unwrap().as_slice()).unwrap();
        });
    });
}

#[test]
fn a_tags_file_that_is_something_else() {
    refilled(layout::TAGS, "file-sound", |data| fs::write(data.join(layout::TAGS), "not tags").unwrap());
}

#[test]
fn a_flipped_bit_in_the_text_index() {
    for ending in ["idx", "term", "fast"] {
        refilled(layout::TEXT, "file-sound", |data| {
            flip(&find(&data.join(layout::TEXT), |name| name.ends_with(ending)), |len| len / 2);
        });
    }
    refilled(layout::TEXT, "file-sound", |data| {
        flip(&find(&data.join(layout::TEXT), |name| name.starts_with("arena-")), |len| len - 3);
    });
}

#[test]
fn a_text_index_that_lacks_a_file() {
    refilled(layout::TEXT, "file-sound", |data| {
        fs::remove_file(find(&data.join(layout::TEXT), |name| name.ends_with(".store"))).unwrap();
    });
}

#[test]
fn a_text_of_other_words_in_the_index() {
    // An index of another library, with a checkpoint of this one: what no program of ours leaves behind.
    refilled(layout::TEXT, "text-folded", |data| {
        use lumidex::projection::text::TextIndex;
        let folder = data.join(layout::TEXT);
        let (_, checkpoint) = TextIndex::open(&folder);
        fs::remove_dir_all(&folder).unwrap();
        let (mut index, _) = TextIndex::open(&folder);
        index.start_empty().unwrap();
        index.add_text(lumidex_schema::id::TextId(1), "words of nobody").unwrap();
        index.commit(checkpoint.unwrap()).unwrap();
    });
}

#[test]
fn a_prompt_of_other_words() {
    refilled(layout::VECTORS, "text-prompt", |data| {
        change(&data.join(layout::VECTORS).join("prompts.redb"), |txn| {
            let mut prompts = txn.open_table(PROMPTS).unwrap();
            let mut bytes = prompts.get(0).unwrap().unwrap().value().to_vec();
            bytes[10] ^= 1;
            prompts.insert(0, bytes.as_slice()).unwrap();
        });
    });
}

#[test]
fn a_flipped_bit_in_an_edition_of_vectors() {
    let home = Home::shared();
    let plant = |data: &Path| {
        flip(&find(&data.join(layout::VECTORS).join("builtin"), |name| name == "vectors"), |len| len / 2);
    };
    mended(home, "vectors/builtin", "file-sound", Mend::Refill, plant);
}

#[test]
fn a_damaged_thumbnail() {
    mended(Home::shared(), "thumbs/00000000.seg", "record-sound", Mend::Refill, |data| {
        flip(&data.join(layout::THUMBS).join("00000000.seg"), |_| 60);
    });
}

#[test]
fn kept_results_that_are_cut() {
    for kept in [layout::TOPICS, layout::ORGANIZE] {
        let place = format!("{kept}/{}.json", "0a".repeat(16));
        mended(Home::shared(), &place, "record-reads", Mend::Refill, |data| {
            fs::write(data.join(&place), "{\"format\": 1, \"turn\"").unwrap();
        });
    }
}

#[test]
fn a_backup_that_cannot_be_restored() {
    let place = "backups/ledger-20261122T161238Z.redb";
    let repaired = mended(Home::shared(), place, "file-sound", Mend::PutAway, |data| {
        fs::write(data.join(place), "not a ledger").unwrap();
    });
    assert!(repaired.done.iter().any(|line| line.contains(".damaged")), "{repaired:?}");
}

/// A rule, what mends it, and what breaks it.
type Plant<'a> = (&'a str, Mend, &'a dyn Fn(&Path));

const VECTORS: TableDefinition<'_, (u32, &[u8; 32]), &[u8]> = paid::VECTORS;

#[test]
fn what_was_paid_for_comes_back_from_its_copy() {
    use lumidex::ledger::paid::Paid;
    let bought =
        |data: &Path| Paid::at(&data.join(layout::PAID)).vectors("bought", &[[1; 32], [2; 32]]).unwrap();
    let plants: [Plant<'_>; 4] = [
        ("vector-reads", Mend::SetAside, &|path| {
            change(path, |txn| {
                drop(txn.open_table(VECTORS).unwrap().insert((1, &[1; 32]), &[1, 2, 3][..]).unwrap());
            });
        }),
        ("model-count", Mend::Derive, &|path| {
            change(path, |txn| {
                drop(txn.open_table(paid::MODELS).unwrap().insert("bought", (1, 9, 1)).unwrap())
            });
        }),
        ("counter", Mend::Derive, &|path| {
            change(path, |txn| drop(txn.open_table(paid::META).unwrap().insert("last", 0).unwrap()));
        }),
        ("file-sound", Mend::Restore, &|path| fs::write(path, "nothing of the kind").unwrap()),
    ];
    for (rule, mend, plant) in plants {
        let data = Home::shared().copy();
        let before = bought(data.path());
        assert!(before.iter().all(Option::is_some));
        plant(&data.path().join(layout::PAID));
        let found = look(data.path());
        let of_rule = found.findings.told.iter().find(|finding| finding.rule == rule).unwrap();
        assert_eq!((&*of_rule.place, of_rule.mend), (layout::PAID, mend), "{found:?}");
        let repaired = repair(data.path());
        assert!(repaired.left.findings.is_empty(), "{rule}: {repaired:#?}");
        assert_eq!(bought(data.path()), before, "{rule}");
    }
}

#[test]
fn thumbnails_that_are_kept_elsewhere_are_looked_at_there() {
    let (data, cache) = (Home::shared().copy(), tempfile::tempdir().unwrap());
    let kept = kept_below(cache.path(), data.path());
    fs::rename(data.path().join(layout::THUMBS), &kept).unwrap();
    let place = Place::with_cache(data.path(), cache.path()).unwrap();
    assert!(look(place.clone()).findings.is_empty());
    flip(&kept.join("00000000.seg"), |_| 60);
    let found = look(place.clone()).findings;
    assert_eq!(found.told.first().map(|finding| &*finding.place), Some("thumbs/00000000.seg"));
    let repaired = repair(place.clone());
    assert!(repaired.left.findings.is_empty(), "{repaired:#?}");
    assert!(!kept.join("00000000.seg").exists() && look(place).findings.is_empty());
}
