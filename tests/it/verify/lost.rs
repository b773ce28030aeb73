//! Rows that are lost where no backup has them: what still speaks of them brings back what a person did.

use super::home::{Home, Person};
use super::planted::{change, image};
use super::{assert_clean, look, repair};
use lumidex::ledger::Reader;
use lumidex_schema::feed::Subject;
use lumidex_schema::id::{ImageId, TagId};
use lumidex_schema::record::{Row, Tag};
use lumidex_schema::{layout, tables};
use redb::ReadableTable;
use std::path::Path;

/// Mends what was planted, walks, and gives what a person did before and after.
fn before_and_after(plant: impl FnOnce(&Path)) -> (tempfile::TempDir, Person, Person) {
    let home = Home::shared();
    let data = home.copy_without_backups();
    let before = Person::of(data.path());
    plant(data.path());
    assert!(!look(data.path()).findings.is_empty());
    let repaired = repair(data.path());
    assert!(repaired.left.findings.is_empty(), "{repaired:#?}");
    home.walk(data.path());
    assert_clean(data.path());
    let after = Person::of(data.path());
    (data, before, after)
}

#[test]
fn an_image_whose_place_is_known_keeps_its_id_and_its_tags() {
    let mut place = None;
    let (data, before, after) = before_and_after(|data| {
        place = Some(image(data, 2));
        change(data, |txn| drop(txn.open_table(tables::IMAGES).unwrap().remove(2).unwrap()));
    });
    assert_eq!(after, before);
    let now = image(data.path(), 2);
    let place = place.unwrap();
    assert_eq!((now.folder, now.name, now.fingerprint), (place.folder, place.name, place.fingerprint));
    assert_eq!((now.text, now.holes), (place.text, place.holes));
}

#[test]
fn of_an_image_nobody_knows_where_it_was_everything_is_kept_beside() {
    let (data, before, after) = before_and_after(|data| {
        let row = image(data, 3);
        change(data, |txn| {
            txn.open_table(tables::IMAGES).unwrap().remove(3).unwrap();
            txn.open_table(tables::PATHS).unwrap().remove((row.folder.0, row.name.as_slice())).unwrap();
        });
    });
    assert_ne!(after, before);
    let kept: Vec<_> = std::fs::read_dir(data.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let kept = kept.iter().find(|path| path.to_str().unwrap().contains(layout::SET_ASIDE)).unwrap();
    let kept = std::fs::read_to_string(kept).unwrap();
    assert!(kept.contains("link of image 3 and tag 1"), "{kept}");
    assert!(kept.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
}

#[test]
fn a_text_is_read_again_from_the_files_that_have_it() {
    let mut text = None;
    let (data, before, after) = before_and_after(|data| {
        text = Some(image(data, 5).text);
        change(data, |txn| drop(txn.open_table(tables::TEXTS).unwrap().remove(text.unwrap().0).unwrap()));
    });
    assert_eq!(after, before);
    let reader = Reader::as_it_stands(&data.path().join(layout::LEDGER)).unwrap();
    let image = reader.image(ImageId(5)).unwrap().unwrap();
    assert_ne!(image.text, text.unwrap());
    assert!(!reader.generation_text(&image).unwrap().is_empty());
}

#[test]
fn a_custom_tag_comes_back_by_its_name() {
    let red = |data: &Path| {
        let reader = Reader::as_it_stands(&data.join(layout::LEDGER)).unwrap();
        let tags = reader.custom_tags().unwrap();
        tags.iter().find(|(_, tag)| tag.name == "red").map(|(id, _)| *id)
    };
    let mut tag = TagId(0);
    let (data, before, after) = before_and_after(|data| {
        tag = red(data).unwrap();
        change(data, |txn| drop(txn.open_table(tables::TAGS).unwrap().remove(tag.0).unwrap()));
    });
    assert_eq!(red(data.path()), Some(tag));
    // Only its colour is not known any more.
    let colorless = |person: Person| format!("{person:?}").replace("#ff0000", "");
    assert_eq!(colorless(after), colorless(before));
}

#[test]
fn a_custom_tag_without_a_name_stays_on_its_images() {
    let (data, _, _) = before_and_after(|data| {
        change(data, |txn| {
            let id = txn.open_table(tables::CUSTOM_TAGS).unwrap().remove("red").unwrap().unwrap().value();
            txn.open_table(tables::TAGS).unwrap().remove(id).unwrap();
        });
    });
    let reader = Reader::as_it_stands(&data.path().join(layout::LEDGER)).unwrap();
    let tags = reader.custom_tags_of(ImageId(1)).unwrap();
    assert!(tags.iter().any(|(_, tag)| tag.name.starts_with("recovered tag ")), "{tags:?}");
}

#[test]
fn a_tag_of_texts_is_read_again() {
    let (data, before, after) = before_and_after(|data| {
        change(data, |txn| {
            let mut tags = txn.open_table(tables::TAGS).unwrap();
            let derived: Vec<u32> = tags
                .iter()
                .unwrap()
                .map(|row| row.unwrap())
                .filter(|(_, row)| Tag::decode(row.value()).unwrap().kind.word() == "Model")
                .map(|(id, _)| id.value())
                .collect();
            tags.remove(derived[0]).unwrap();
        });
    });
    assert_eq!(after, before);
    let reader = Reader::as_it_stands(&data.path().join(layout::LEDGER)).unwrap();
    assert!(reader.n_images().unwrap() >= u64::from(super::home::PICTURES));
}

#[test]
fn a_folder_is_where_its_place_says_and_else_where_nothing_is() {
    let (_, before, after) = before_and_after(|data| {
        change(data, |txn| drop(txn.open_table(tables::FOLDERS).unwrap().remove(1).unwrap()));
    });
    assert_eq!(after, before);
    // Its images go missing there, and are found by their content with the next walk.
    let (_, before, after) = before_and_after(|data| {
        change(data, |txn| {
            txn.open_table(tables::FOLDERS).unwrap().remove(1).unwrap();
            let mut places = txn.open_table(tables::FOLDER_IDS).unwrap();
            places.retain(|_, id| id != 1).unwrap();
        });
    });
    assert_eq!(after, before);
}

#[test]
fn an_operation_that_lacks_a_step_can_no_more_be_undone() {
    let (data, before, after) = before_and_after(|data| {
        change(data, |txn| {
            let mut steps = txn.open_table(tables::STEPS).unwrap();
            let first = steps.first().unwrap().unwrap().0.value();
            steps.remove(first).unwrap();
        });
    });
    assert_eq!(after, before);
    let reader = Reader::as_it_stands(&data.path().join(layout::LEDGER)).unwrap();
    let operations = reader.operations(None, 5).unwrap();
    assert!(operations.iter().any(|(_, head)| head.is_expired()), "{operations:?}");
}

#[test]
fn a_mend_can_be_cut_off_and_begun_again() {
    let home = Home::shared();
    let data = home.copy_without_backups();
    let before = Person::of(data.path());
    change(data.path(), |txn| {
        txn.open_table(tables::FEED).unwrap().retain(|_, _| false).unwrap();
        txn.open_table(tables::PATHS).unwrap().retain(|_, _| false).unwrap();
    });
    let stopper = lumidex::sys::Stopper::new();
    let plan = super::Repair::plan(data.path(), &stopper.stop(), &mut |_, _, _| {}).unwrap();
    let stop = stopper.stop();
    // Stopped while it looks through the ledger to mend it.
    let stopped = plan.apply(lumidex_schema::id::Timestamp(5), &stop, &mut |_, _, _| stopper.trigger());
    assert!(stopped.unwrap_err().to_string().contains("run it again"));
    let repaired = repair(data.path());
    assert!(repaired.left.findings.is_empty(), "{repaired:#?}");
    assert_eq!(Person::of(data.path()), before);
    let reader = Reader::as_it_stands(&data.path().join(layout::LEDGER)).unwrap();
    let feed = reader.feed_after(lumidex_schema::id::Seq(0), 100_000).unwrap();
    assert!(feed.iter().any(|(_, subject)| *subject == Subject::Image(ImageId(1))));
}

/// A ledger as the first format had it, but for kinds of decisions, of which there were fewer.
fn as_of_format_1(data: &Path) {
    use redb::TableHandle;
    let later = [
        tables::FORMERS.name(),
        tables::REVIEWS.name(),
        tables::SEEN_THROUGH.name(),
        tables::OPERATIONS.name(),
        tables::STEPS.name(),
        tables::UNDONE.name(),
        tables::COVERS.name(),
        tables::NOTES.name(),
        tables::READ_WITH.name(),
        tables::EDITS.name(),
        tables::PENDING.name(),
        tables::PENDING_PATHS.name(),
        tables::PENDING_NAMES.name(),
    ];
    change(data, |txn| {
        let handles: Vec<_> = txn.list_tables().unwrap().collect();
        for handle in handles.into_iter().filter(|handle| later.contains(&handle.name())) {
            txn.delete_table(handle).unwrap();
        }
        txn.open_table(tables::META).unwrap().insert("format", 1).unwrap();
    });
}

#[test]
fn a_ledger_of_an_older_format_is_looked_at_and_mended_as_it_is() {
    let data = Home::shared().copy_without_backups();
    as_of_format_1(data.path());
    let ledger = data.path().join(layout::LEDGER);
    let before = std::fs::read(&ledger).unwrap();
    // Only what stood in the tables that are gone differs, and projections do not mind it.
    let found = look(data.path());
    assert!(found.findings.told.iter().all(|finding| finding.place != layout::LEDGER), "{found:#?}");
    assert_eq!(std::fs::read(&ledger).unwrap(), before);
    change(data.path(), |txn| {
        txn.open_table(tables::IMAGES).unwrap().remove(2).unwrap();
        let text = lumidex_schema::record::Text::decode(
            txn.open_table(tables::TEXTS).unwrap().remove(3).unwrap().unwrap().value(),
        );
        assert!(text.is_ok());
    });
    let repaired = repair(data.path());
    assert!(repaired.left.findings.is_empty(), "{repaired:#?}");
    Home::shared().walk(data.path());
    assert_clean(data.path());
    let reader = Reader::as_it_stands(&ledger).unwrap();
    assert!(reader.custom_tags_of(ImageId(2)).unwrap().iter().any(|(_, tag)| tag.name == "red"));
}
