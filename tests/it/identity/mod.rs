//! Tags follow content, whatever other programs do to the files.

mod album;
mod model;
mod oracle;

use album::{Album, Picture, picture};
use lumidex::ledger::DecideError;
use lumidex_schema::record::Question;

/// One tagged picture at `one/a.png`.
fn tagged() -> Album {
    let mut album = Album::new();
    album.write("one/a.png", picture(1));
    album.update();
    album.tag("one/a.png", "mine");
    album
}

#[test]
fn a_moved_file_keeps_its_image_within_a_root_and_across_roots() {
    for to in ["one/b.png", "one/A.png", "one/sub/a.png", "two/x/y.png"] {
        let mut album = tagged();
        let id = album.id("one/a.png");
        album.rename("one/a.png", to);
        album.restart();
        album.update();
        assert_eq!((album.id(to), album.tags(to)), (id, vec!["mine".to_owned()]), "{to}");
        assert!(album.at("one/a.png").is_none());
        assert!(album.reviews().is_empty());
    }
}

#[test]
fn a_renamed_folder_keeps_all_its_images() {
    let mut album = Album::new();
    for n in 0..40 {
        album.write(&format!("one/old/{}/{n}.png", n % 3), picture(n));
    }
    album.update();
    let ids: Vec<_> = (0..40).map(|n| album.id(&format!("one/old/{}/{n}.png", n % 3))).collect();
    album.rename("one/old", "two/new");
    album.update();
    let after: Vec<_> = (0..40).map(|n| album.id(&format!("two/new/{}/{n}.png", n % 3))).collect();
    assert_eq!(after, ids);
    assert_eq!(album.reader().last_image().unwrap().0, 42, "no image was made");
}

#[test]
fn a_move_by_copying_keeps_tags_in_whatever_order_it_is_noticed() {
    // Copied and deleted before anyone looks, as across drives.
    let mut album = tagged();
    let id = album.id("one/a.png");
    album.copy("one/a.png", "two/a.png");
    album.remove("one/a.png");
    album.update();
    assert_eq!(album.id("two/a.png"), id);
    // The copy is noticed while the original is still there.
    album.copy("two/a.png", "one/b.png");
    album.tell("one/b.png");
    assert_ne!(album.id("one/b.png"), id);
    album.remove("two/a.png");
    album.update();
    assert_eq!((album.id("one/b.png"), album.tags("one/b.png")), (id, vec!["mine".to_owned()]));
}

#[test]
fn what_is_done_to_a_copy_that_has_just_become_the_original_is_done_to_that() {
    let mut album = tagged();
    let id = album.id("one/a.png");
    album.copy("one/a.png", "one/b.png");
    album.tell("one/b.png");
    // Somebody looks the copy up, and decides only after the original was found to be gone.
    let copy = album.id("one/b.png");
    album.remove("one/a.png");
    album.update();
    assert_eq!(album.id("one/b.png"), id);
    let ledger = album.ledger().clone();
    let tag = ledger.make_tag("late").unwrap().1;
    ledger.put_tag(tag, vec![copy]).unwrap();
    assert_eq!(album.tags("one/b.png"), ["mine", "late"]);
    assert!(ledger.toggle_tag(tag, copy).unwrap().1, "it was on");
    assert_eq!(album.tags("one/b.png"), ["mine"]);
}

#[test]
fn swapped_names_are_two_moves() {
    let mut album = tagged();
    album.write("two/b.png", picture(2));
    album.update();
    album.tag("two/b.png", "other");
    let ids = (album.id("one/a.png"), album.id("two/b.png"));
    album.rename("one/a.png", "x");
    album.rename("two/b.png", "one/a.png");
    album.rename("x", "two/b.png");
    album.update();
    assert_eq!((album.id("two/b.png"), album.id("one/a.png")), ids);
    assert_eq!(album.tags("two/b.png"), ["mine"]);
    assert_eq!(album.tags("one/a.png"), ["other"]);
    assert!(album.reviews().is_empty());
}

#[test]
fn names_that_change_in_a_ring_are_moves() {
    let mut album = Album::new();
    for n in 0..3 {
        album.write(&format!("one/{n}.png"), picture(n));
    }
    album.update();
    let ids: Vec<_> = (0..3).map(|n| album.id(&format!("one/{n}.png"))).collect();
    album.rename("one/0.png", "x");
    album.rename("one/2.png", "one/0.png");
    album.rename("one/1.png", "one/2.png");
    album.rename("x", "one/1.png");
    album.update();
    assert_eq!([album.id("one/1.png"), album.id("one/2.png"), album.id("one/0.png")], ids[..]);
}

#[test]
fn a_moved_file_whose_name_another_took_is_followed() {
    let mut album = tagged();
    let id = album.id("one/a.png");
    album.rename("one/a.png", "one/sub/old.png");
    album.write("one/a.png", picture(2));
    album.update();
    assert_eq!((album.id("one/sub/old.png"), album.tags("one/sub/old.png")), (id, vec!["mine".to_owned()]));
    assert!(album.tags("one/a.png").is_empty());
    assert!(album.reviews().is_empty());
}

#[test]
fn the_same_holds_when_the_new_file_is_noticed_first() {
    let mut album = tagged();
    let id = album.id("one/a.png");
    album.rename("one/a.png", "two/old.png");
    album.write("one/a.png", picture(2));
    album.update_without("two");
    assert_eq!(album.id("one/a.png"), id, "nobody knows better yet");
    album.update();
    assert_eq!((album.id("two/old.png"), album.tags("two/old.png")), (id, vec!["mine".to_owned()]));
    assert!(album.tags("one/a.png").is_empty());
    assert!(album.reviews().is_empty(), "the question has been answered by what was found");
}

#[test]
fn a_file_written_again_in_place_keeps_its_id() {
    for (change, asks) in [
        (picture(1), false),
        (Picture { pixels: 1, recipe: 9 }, false),
        (Picture { pixels: 9, recipe: 1 }, false),
        (picture(9), true),
    ] {
        let mut album = tagged();
        let id = album.id("one/a.png");
        album.remove("one/a.png");
        album.write("one/a.png", change);
        album.update();
        assert_eq!((album.id("one/a.png"), album.tags("one/a.png")), (id, vec!["mine".to_owned()]));
        assert_eq!(album.reviews().len(), usize::from(asks), "{change:?}");
    }
}

#[test]
fn a_copy_is_a_new_image_and_stays_one() {
    let mut album = tagged();
    let id = album.id("one/a.png");
    album.copy("one/a.png", "one/copy.png");
    album.update();
    assert_ne!(album.id("one/copy.png"), id);
    assert!(album.tags("one/copy.png").is_empty());
    album.update();
    // Both were seen by a whole walk: deleting one says nothing about the other.
    album.remove("one/a.png");
    album.update();
    assert!(album.is_missing(id));
    assert!(album.tags("one/copy.png").is_empty());
}

#[test]
fn deleted_content_is_linked_again_wherever_it_comes_back() {
    let mut album = tagged();
    let id = album.id("one/a.png");
    album.remove("one/a.png");
    album.update();
    assert!(album.is_missing(id));
    album.restart();
    album.write("two/restored.png", Picture { pixels: 1, recipe: 77 });
    album.update();
    assert_eq!((album.id("two/restored.png"), album.tags("two/restored.png")), (id, vec!["mine".to_owned()]));
}

#[test]
fn a_new_picture_under_the_name_of_a_deleted_one_has_none_of_its_tags() {
    let mut album = tagged();
    let id = album.id("one/a.png");
    album.remove("one/a.png");
    album.update();
    album.write("one/a.png", picture(2));
    album.update();
    assert!(album.tags("one/a.png").is_empty());
    assert!(album.is_missing(id));
    // Where its content comes back it is linked again, the taken name notwithstanding.
    album.write("one/b.png", picture(1));
    album.update();
    assert_eq!(album.id("one/b.png"), id);
    assert!(album.tags("one/a.png").is_empty());
}

/// Two pictures of the same content with different tags, both gone, and one file of that content.
fn ambiguous() -> Album {
    let mut album = Album::new();
    album.write("one/a.png", picture(1));
    album.write("one/b.png", picture(1));
    album.update();
    album.tag("one/a.png", "first");
    album.tag("one/b.png", "second");
    album.remove("one/a.png");
    album.remove("one/b.png");
    album.write("two/c.png", picture(1));
    album.update();
    album
}

#[test]
fn two_missing_and_one_arrived_are_not_guessed_but_asked() {
    let mut album = ambiguous();
    assert!(album.tags("two/c.png").is_empty());
    let reviews = album.reviews();
    let [(number, review)] = &reviews[..] else { panic!("{reviews:?}") };
    let Question::Ambiguous { arrived, missing } = &review.question else { panic!("{review:?}") };
    assert_eq!((*arrived, missing.len()), (album.id("two/c.png"), 2));
    let chosen = missing[1];
    assert!(matches!(
        album.ledger().settle_review(*number, Some(*arrived)),
        Err(DecideError::NotAChoice { .. })
    ));
    album.ledger().settle_review(*number, Some(chosen)).unwrap();
    assert_eq!((album.id("two/c.png"), album.tags("two/c.png")), (chosen, vec!["second".to_owned()]));
    assert!(album.reviews().is_empty());
    assert!(matches!(album.ledger().settle_review(*number, None), Err(DecideError::UnknownReview(_))));
    album.restart();
    album.update();
    assert_eq!(album.id("two/c.png"), chosen, "a walk does not undo it");
}

#[test]
fn a_question_can_be_closed_without_a_change() {
    let mut album = ambiguous();
    let arrived = album.id("two/c.png");
    let number = album.reviews()[0].0;
    album.ledger().settle_review(number, None).unwrap();
    assert!(album.reviews().is_empty());
    assert_eq!(album.id("two/c.png"), arrived);
}

#[test]
fn equal_content_with_equal_tags_is_no_question() {
    let mut album = Album::new();
    album.write("one/a.png", picture(1));
    album.write("one/b.png", picture(1));
    album.update();
    album.tag("one/a.png", "same");
    album.tag("one/b.png", "same");
    album.remove("one/a.png");
    album.remove("one/b.png");
    album.write("two/c.png", picture(1));
    album.update();
    assert_eq!(album.tags("two/c.png"), ["same"]);
    assert!(album.reviews().is_empty());
}

#[test]
fn twins_that_are_moved_are_told_apart_by_their_files() {
    let mut album = Album::new();
    album.write("one/a.png", picture(1));
    album.write("one/b.png", picture(1));
    album.update();
    album.tag("one/a.png", "first");
    album.tag("one/b.png", "second");
    album.rename("one/a.png", "two/x.png");
    album.rename("one/b.png", "two/y.png");
    album.update();
    assert_eq!(
        (album.tags("two/x.png"), album.tags("two/y.png")),
        (vec!["first".into()], vec!["second".into()])
    );
}

#[test]
fn when_both_were_worked_on_a_person_is_asked_and_joining_keeps_all_tags() {
    let mut album = tagged();
    let id = album.id("one/a.png");
    album.copy("one/a.png", "two/a.png");
    album.tell("two/a.png");
    let newer = album.id("two/a.png");
    album.tag("two/a.png", "newer");
    album.remove("one/a.png");
    album.update();
    assert_eq!(album.id("two/a.png"), newer);
    let reviews = album.reviews();
    let [(number, review)] = &reviews[..] else { panic!("{reviews:?}") };
    assert_eq!(review.question, Question::Both { missing: id, arrived: newer });
    album.ledger().settle_review(*number, Some(id)).unwrap();
    assert_eq!((album.id("two/a.png"), album.tags("two/a.png")), (id, vec!["mine".into(), "newer".into()]));
}

#[test]
fn a_replaced_picture_can_be_parted_from_its_tags() {
    let mut album = tagged();
    let id = album.id("one/a.png");
    album.write("one/a.png", picture(2));
    album.update();
    let reviews = album.reviews();
    let [(number, review)] = &reviews[..] else { panic!("{reviews:?}") };
    assert!(matches!(review.question, Question::Replaced { image, .. } if image == id));
    album.ledger().settle_review(*number, Some(id)).unwrap();
    assert!(album.tags("one/a.png").is_empty());
    assert!(album.is_missing(id));
    album.write("one/again.png", picture(1));
    album.update();
    assert_eq!((album.id("one/again.png"), album.tags("one/again.png")), (id, vec!["mine".to_owned()]));
}

#[test]
fn a_removed_root_that_was_moved_is_found_under_its_new_name() {
    let mut album = tagged();
    let id = album.id("one/a.png");
    album.remove_root("one");
    album.rename("one", "three");
    album.add_root("three");
    album.update();
    assert_eq!((album.id("three/a.png"), album.tags("three/a.png")), (id, vec!["mine".to_owned()]));
    // What is still where it was is not taken from there.
    let mut album = tagged();
    album.remove_root("one");
    album.copy("one/a.png", "two/a.png");
    album.update();
    assert!(album.tags("two/a.png").is_empty());
    album.add_root("one");
    album.update();
    assert_eq!(album.tags("one/a.png"), ["mine"]);
}

#[test]
fn a_drive_that_is_mounted_elsewhere_keeps_its_tags_also_on_equal_pictures() {
    let mut album = Album::new();
    for name in ["a.png", "b.png", "sub/a.png"] {
        album.write(&format!("one/{name}"), picture(1));
    }
    album.write("one/c.png", picture(2));
    album.update();
    for name in ["a.png", "b.png", "sub/a.png", "c.png"] {
        album.tag(&format!("one/{name}"), &format!("of {name}"));
    }
    album.rename("one", "media");
    album.update();
    assert_eq!(album.tags("one/a.png"), ["of a.png"], "offline, and still known");
    album.add_root("media");
    album.update();
    for name in ["a.png", "b.png", "sub/a.png", "c.png"] {
        assert_eq!(album.tags(&format!("media/{name}")), [format!("of {name}")]);
    }
    assert!(album.reviews().is_empty());
}
