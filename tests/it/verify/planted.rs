//! Rows of the ledger that were changed behind its back, one rule after the other.

use super::home::Home;
use super::mended;
use lumidex::ledger::verify::Mend;
use lumidex_schema::id::{FolderId, ImageId, Seq};
use lumidex_schema::operation::{Operation, Step};
use lumidex_schema::record::{Edit, Image, Link, Row, Tag, Text};
use lumidex_schema::{layout, tables};
use redb::{Database, ReadableDatabase, ReadableTable, WriteTransaction};
use std::path::Path;

/// Changes rows as no program of ours would.
pub(super) fn change(data: &Path, change: impl FnOnce(&WriteTransaction)) {
    let db = Database::open(data.join(layout::LEDGER)).unwrap();
    let txn = db.begin_write().unwrap();
    change(&txn);
    txn.commit().unwrap();
}

pub(super) fn image(data: &Path, id: u32) -> Image {
    let db = Database::open(data.join(layout::LEDGER)).unwrap();
    let images = db.begin_read().unwrap().open_table(tables::IMAGES).unwrap();
    Image::decode(images.get(id).unwrap().unwrap().value()).unwrap()
}

fn put_image(data: &Path, id: u32, change_it: impl FnOnce(Image) -> Image) {
    let row = change_it(image(data, id)).encode();
    change(data, |txn| drop(txn.open_table(tables::IMAGES).unwrap().insert(id, row.as_slice()).unwrap()));
}

#[track_caller]
fn of_ledger(rule: &str, mend: Mend, plant: impl FnOnce(&Path)) {
    mended(Home::shared(), layout::LEDGER, rule, mend, plant);
}

#[test]
fn a_feed_row_that_went() {
    of_ledger("feed-has-subject", Mend::Derive, |data| {
        let seq = image(data, 20).seq;
        change(data, |txn| drop(txn.open_table(tables::FEED).unwrap().remove(seq.0).unwrap()));
    });
}

#[test]
fn a_feed_row_of_something_that_has_another_number() {
    of_ledger("feed-row", Mend::Derive, |data| {
        let subject = lumidex_schema::feed::Subject::Image(ImageId(21)).encode();
        // A number that was given to a decision.
        change(data, |txn| {
            let free = txn.open_table(tables::DECISIONS).unwrap().first().unwrap().unwrap().0.value();
            txn.open_table(tables::FEED).unwrap().insert(free, subject).unwrap();
        });
    });
}

#[test]
fn two_subjects_of_one_number() {
    of_ledger("feed-has-subject", Mend::Derive, |data| {
        let other = image(data, 23).seq;
        put_image(data, 22, |image| Image { seq: other, ..image });
    });
}

#[test]
fn counters_that_are_behind() {
    for counter in ["head", "last_image", "last_text", "last_tag", "last_folder", "last_root"] {
        of_ledger("counter", Mend::Derive, |data| {
            change(data, |txn| drop(txn.open_table(tables::META).unwrap().insert(counter, 0).unwrap()));
        });
    }
}

#[test]
fn a_path_that_went() {
    of_ledger("image-has-path", Mend::Derive, |data| {
        let Image { folder, name, .. } = image(data, 1);
        change(data, |txn| {
            let mut paths = txn.open_table(tables::PATHS).unwrap();
            paths.remove((folder.0, name.as_slice())).unwrap();
        });
    });
}

#[test]
fn a_path_to_another_image() {
    of_ledger("path-leads-home", Mend::Derive, |data| {
        let Image { folder, name, .. } = image(data, 2);
        change(data, |txn| {
            let mut paths = txn.open_table(tables::PATHS).unwrap();
            paths.insert((folder.0, name.as_slice()), (3, 77)).unwrap();
        });
    });
}

#[test]
fn a_path_with_another_sighting() {
    of_ledger("path-digest", Mend::Derive, |data| {
        let Image { folder, name, .. } = image(data, 3);
        change(data, |txn| {
            let mut paths = txn.open_table(tables::PATHS).unwrap();
            paths.insert((folder.0, name.as_slice()), (3, 12_345)).unwrap();
        });
    });
}

#[test]
fn the_place_of_a_folder() {
    of_ledger("folder-place", Mend::Derive, |data| {
        change(data, |txn| {
            let mut ids = txn.open_table(tables::FOLDER_IDS).unwrap();
            let (root, path, id) = {
                let (key, id) = ids.first().unwrap().unwrap();
                (key.value().0, key.value().1.to_vec(), id.value())
            };
            ids.remove((root, path.as_slice())).unwrap();
            ids.insert((root, &b"somewhere else"[..]), id).unwrap();
        });
    });
}

#[test]
fn the_name_of_a_custom_tag() {
    of_ledger("tag-name", Mend::Derive, |data| {
        change(data, |txn| {
            let mut names = txn.open_table(tables::CUSTOM_TAGS).unwrap();
            names.remove("red").unwrap();
        });
    });
    of_ledger("tag-name", Mend::Derive, |data| {
        change(data, |txn| drop(txn.open_table(tables::CUSTOM_TAGS).unwrap().insert("red", 1).unwrap()));
    });
}

#[test]
fn a_text_of_other_words() {
    of_ledger("text-digest", Mend::PutBack, |data| {
        change(data, |txn| {
            let mut texts = txn.open_table(tables::TEXTS).unwrap();
            let mut text = Text::decode(texts.get(2).unwrap().unwrap().value()).unwrap();
            text.template.push_str(", and something else");
            texts.insert(2, text.encode().as_slice()).unwrap();
        });
    });
}

#[test]
fn rows_that_cannot_be_read() {
    let broken = &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff][..];
    of_ledger("row-reads", Mend::PutBack, |data| {
        change(data, |txn| drop(txn.open_table(tables::IMAGES).unwrap().insert(4, broken).unwrap()));
    });
    of_ledger("row-reads", Mend::PutBack, |data| {
        change(data, |txn| drop(txn.open_table(tables::TAGS).unwrap().insert(7, broken).unwrap()));
    });
    of_ledger("row-reads", Mend::PutBack, |data| {
        change(data, |txn| drop(txn.open_table(tables::FOLDERS).unwrap().insert(1, broken).unwrap()));
    });
    of_ledger("row-reads", Mend::PutBack, |data| {
        change(data, |txn| drop(txn.open_table(tables::ROOTS).unwrap().insert(1, broken).unwrap()));
    });
    of_ledger("row-reads", Mend::PutBack, |data| {
        change(data, |txn| drop(txn.open_table(tables::LINKS).unwrap().insert((2, 1), broken).unwrap()));
    });
    of_ledger("row-reads", Mend::PutBack, |data| {
        change(data, |txn| drop(txn.open_table(tables::EDITS).unwrap().insert(8, broken).unwrap()));
    });
    of_ledger("row-reads", Mend::PutBack, |data| {
        change(data, |txn| {
            let mut decisions = txn.open_table(tables::DECISIONS).unwrap();
            let seq = decisions.last().unwrap().unwrap().0.value();
            decisions.insert(seq, broken).unwrap();
        });
    });
}

#[test]
fn a_text_that_went_though_images_have_it() {
    of_ledger("row-exists", Mend::PutBack, |data| {
        let text = image(data, 5).text;
        change(data, |txn| drop(txn.open_table(tables::TEXTS).unwrap().remove(text.0).unwrap()));
    });
}

#[test]
fn values_that_fit_no_holes() {
    of_ledger("holes-fit", Mend::Derive, |data| {
        put_image(data, 6, |image| Image { holes: vec![1, 2, 3, 4, 5], ..image });
    });
    of_ledger("holes-fit", Mend::PutBack, |data| {
        change(data, |txn| {
            let mut edits = txn.open_table(tables::EDITS).unwrap();
            let edit = Edit::decode(edits.get(8).unwrap().unwrap().value()).unwrap();
            let edit = Edit { holes: Vec::new(), ..edit };
            edits.insert(8, edit.encode().as_slice()).unwrap();
        });
    });
}

#[test]
fn an_image_in_a_folder_there_is_not() {
    of_ledger("row-exists", Mend::PutBack, |data| {
        put_image(data, 24, |image| Image { folder: FolderId(900), ..image });
    });
}

#[test]
fn what_is_of_no_image() {
    let link = Link::Given.encode();
    of_ledger("row-exists", Mend::PutBack, |data| {
        change(data, |txn| {
            txn.open_table(tables::LINKS).unwrap().insert((40_000, 1), link.as_slice()).unwrap();
        });
    });
    of_ledger("row-exists", Mend::PutBack, |data| {
        change(data, |txn| {
            drop(txn.open_table(tables::COVERS).unwrap().insert(40_001, &b"webp"[..]).unwrap())
        });
    });
    of_ledger("note-has-image", Mend::Derive, |data| {
        change(data, |txn| drop(txn.open_table(tables::NOTES).unwrap().insert(40_002, 5).unwrap()));
    });
}

#[test]
fn a_link_of_a_tag_that_files_give() {
    let link = Link::Given.encode();
    let home = Home::shared();
    let repaired = mended(home, layout::LEDGER, "link-is-custom", Mend::SetAside, |data| {
        change(data, |txn| {
            drop(txn.open_table(tables::LINKS).unwrap().insert((20, 2), link.as_slice()).unwrap())
        });
    });
    let kept = repaired.done.iter().find(|line| line.contains(layout::SET_ASIDE));
    assert!(kept.is_some(), "{repaired:?}");
}

#[test]
fn operations_whose_steps_do_not_fit() {
    let operation = |txn: &WriteTransaction| -> (u64, Operation) {
        let operations = txn.open_table(tables::OPERATIONS).unwrap();
        let (seq, row) = operations.last().unwrap().unwrap();
        (seq.value(), Operation::decode(row.value()).unwrap())
    };
    of_ledger("row-exists", Mend::PutBack, |data| {
        change(data, |txn| {
            let (seq, _) = operation(txn);
            txn.open_table(tables::STEPS).unwrap().remove((seq, 0)).unwrap();
        });
    });
    of_ledger("row-exists", Mend::PutBack, |data| {
        change(data, |txn| {
            let mut steps = txn.open_table(tables::STEPS).unwrap();
            let step = Step::decode(steps.first().unwrap().unwrap().1.value()).unwrap();
            steps.insert((77_777, 0), step.encode().as_slice()).unwrap();
        });
    });
    of_ledger("operation-counts", Mend::Derive, |data| {
        change(data, |txn| {
            let (seq, head) = operation(txn);
            let head = Operation { failed: 9, ..head };
            txn.open_table(tables::OPERATIONS).unwrap().insert(seq, head.encode().as_slice()).unwrap();
        });
    });
    of_ledger("row-exists", Mend::PutBack, |data| {
        change(data, |txn| {
            let (seq, _) = operation(txn);
            txn.open_table(tables::DECISIONS).unwrap().remove(seq).unwrap();
        });
    });
}

#[test]
fn what_undid_nothing() {
    of_ledger("undone-is-decision", Mend::Derive, |data| {
        change(data, |txn| drop(txn.open_table(tables::UNDONE).unwrap().insert(999_999, 999_998).unwrap()));
    });
}

#[test]
fn epochs_out_of_order() {
    of_ledger("epoch-begins", Mend::Derive, |data| {
        change(data, |txn| drop(txn.open_table(tables::EPOCHS).unwrap().insert(999_999, 7).unwrap()));
    });
    of_ledger("epoch-begins", Mend::Derive, |data| {
        change(data, |txn| {
            assert!(txn.open_table(tables::EPOCHS).unwrap().pop_first().unwrap().is_some());
        });
    });
    of_ledger("epoch-token", Mend::Derive, |data| {
        change(data, |txn| {
            let mut epochs = txn.open_table(tables::EPOCHS).unwrap();
            let first = epochs.first().unwrap().unwrap().1.value();
            epochs.insert(9, first).unwrap();
        });
    });
}

#[test]
fn settings_that_are_no_json() {
    of_ledger("row-reads", Mend::PutBack, |data| {
        change(data, |txn| drop(txn.open_table(tables::SETTINGS).unwrap().insert("global", "{").unwrap()));
    });
}

#[test]
fn ways_to_what_waits() {
    of_ledger("pending-path", Mend::Derive, |data| {
        change(data, |txn| {
            let mut paths = txn.open_table(tables::PENDING_PATHS).unwrap();
            paths.retain(|_, ()| false).unwrap();
        });
    });
    of_ledger("pending-path", Mend::Derive, |data| {
        change(data, |txn| {
            let mut paths = txn.open_table(tables::PENDING_PATHS).unwrap();
            paths.insert((&b"/a.png"[..], &b"/b.png"[..], 5), ()).unwrap();
        });
    });
    of_ledger("pending-name", Mend::Derive, |data| {
        change(data, |txn| {
            let mut names = txn.open_table(tables::PENDING_NAMES).unwrap();
            names.insert((&b"x.png"[..], 123_456_789, &b"/elsewhere/x.png"[..]), 50_000).unwrap();
        });
    });
}

#[test]
fn roots_that_were_seen_and_are_not_there() {
    of_ledger("root-exists", Mend::Derive, |data| {
        change(data, |txn| {
            txn.open_table(tables::SEEN_THROUGH).unwrap().insert(9, 1).unwrap();
            txn.open_table(tables::READ_WITH).unwrap().insert(9, 1).unwrap();
        });
    });
    of_ledger("seen-what-was", Mend::Derive, |data| {
        change(data, |txn| drop(txn.open_table(tables::SEEN_THROUGH).unwrap().insert(1, 800_000).unwrap()));
    });
}

#[test]
fn a_tag_that_follows_from_texts_and_went() {
    of_ledger("row-exists", Mend::PutBack, |data| {
        change(data, |txn| {
            let tag = {
                let texts = txn.open_table(tables::TEXTS).unwrap();
                let tags = Text::decode_tags(texts.get(1).unwrap().unwrap().value()).unwrap();
                tags[0]
            };
            let mut tags = txn.open_table(tables::TAGS).unwrap();
            let row = Tag::decode(tags.remove(tag.0).unwrap().unwrap().value()).unwrap();
            assert!(row.seq > Seq::ZERO);
        });
    });
}

#[test]
fn a_page_that_is_not_as_it_was_written() {
    of_ledger("file-sound", Mend::Restore, |data| {
        let path = data.join(layout::LEDGER);
        let mut bytes = std::fs::read(&path).unwrap();
        let len = bytes.len();
        for at in (len / 4..len).step_by(4_096) {
            bytes[at] ^= 0x10;
        }
        std::fs::write(&path, bytes).unwrap();
    });
    of_ledger("file-sound", Mend::Restore, |data| {
        std::fs::write(data.join(layout::LEDGER), "something else").unwrap();
    });
    of_ledger("file-sound", Mend::Restore, |data| std::fs::remove_file(data.join(layout::LEDGER)).unwrap());
}
