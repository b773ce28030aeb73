//! Images follow their files, whoever tells of a move and when.

use super::{File, Home, file, folder, gone, moved, step};
use crate::support::fileless::{Fileless, Picture};
use lumidex::ledger::{Observation, Sighted, Taken};
use lumidex::query::{Matching, Search};
use lumidex_schema::id::{ImageId, Timestamp};
use lumidex_schema::operation::{OperationKind, OperationState, StepState};
use lumidex_schema::record::{Presence, Sighting};

#[test]
fn a_moved_file_keeps_its_image() {
    for to in ["/p/b.png", "/p/x/a.png", "/q/new/deep/b.png"] {
        let home = Home::new();
        let id = home.tagged("/p/x/y/a.png", file(1));
        home.relocate(vec![moved(id, "/p/x/y/a.png", to, file(1))]);
        assert_eq!((home.at(to), home.at("/p/x/y/a.png")), (Some(id), None));
        assert_eq!(home.tags(id).len(), 1);
        assert_eq!(home.image(id).sighting, file(1).sighting());
        let head = home.ledger.head();
        home.relocate(vec![moved(id, "/p/x/y/a.png", to, file(1))]);
        assert_eq!((home.at(to), home.image(id).presence), (Some(id), Presence::Present));
        assert!(home.image(id).seq <= head, "told again, nothing changes");
    }
}

#[test]
fn a_file_that_differs_from_what_was_read_is_read_again() {
    let home = Home::new();
    let id = home.see("/p/a.png", file(1));
    let read = file(1).sighting();
    let sidecar = Some((5, Timestamp(5)));
    let there = Sighting { inode: 9, sidecar, ..read };
    let (from, to) = (b"/p/a.png".to_vec(), b"/p/b.png".to_vec());
    home.relocate(vec![lumidex::ledger::Relocation::File { image: id, from, to, sighting: there }]);
    assert_eq!(home.at("/p/b.png"), Some(id));
    let known = home.image(id).sighting;
    assert_eq!(known, Sighting { inode: 9, ..read });
    assert_ne!(known.digest(), there.digest(), "a walk sees that it was not read with its sidecar");
}

#[test]
fn a_file_in_the_trash_is_missing_and_comes_back_with_everything() {
    let home = Home::new();
    let id = home.tagged("/p/a.png", file(1));
    let known = home.sighted(id);
    home.relocate(vec![gone(id, "/p/a.png")]);
    assert!(home.is_missing(id));
    home.miss(known, Vec::new());
    home.relocate(vec![gone(id, "/p/a.png"), gone(ImageId(99), "/p/none.png")]);
    assert!(home.is_missing(id));
    home.relocate(vec![moved(id, "/p/.lumidex-trash/1/a.png", "/p/a.png", file(1))]);
    assert_eq!((home.at("/p/a.png"), home.tags(id).len()), (Some(id), 1));
}

#[test]
fn a_file_that_leaves_the_library_is_missing_and_one_that_moved_on_is_left_alone() {
    let home = Home::new();
    let id = home.tagged("/p/a.png", file(1));
    home.relocate(vec![moved(id, "/p/a.png", "/elsewhere/a.png", file(1))]);
    assert!(home.is_missing(id));
    assert_eq!(home.see("/p/third.png", file(1)), id);
    home.relocate(vec![moved(id, "/p/a.png", "/p/b.png", file(1)), gone(id, "/p/a.png")]);
    assert_eq!(home.at("/p/third.png"), Some(id));
}

#[test]
fn names_that_are_exchanged_are_two_moves() {
    let home = Home::new();
    let (a, b) = (home.tagged("/p/a.png", file(1)), home.tagged("/q/b.png", file(2)));
    let (to_b, to_a) = (moved(a, "/p/a.png", "/q/b.png", file(1)), moved(b, "/q/b.png", "/p/a.png", file(2)));
    home.relocate(vec![to_b, to_a]);
    assert_eq!((home.at("/q/b.png"), home.at("/p/a.png")), (Some(a), Some(b)));
    assert_eq!((home.tags(a).len(), home.tags(b).len()), (1, 1));
}

#[test]
fn whoever_was_known_at_the_place_gives_way_and_is_not_lost() {
    for is_told in [true, false] {
        let home = Home::new();
        let (id, stale) = (home.tagged("/p/a.png", file(1)), home.tagged("/p/b.png", file(2)));
        if is_told {
            home.miss(home.sighted(stale), Vec::new());
        }
        drop(home.ledger.take_displaced());
        home.relocate(vec![moved(id, "/p/a.png", "/p/b.png", file(1))]);
        assert_eq!(home.at("/p/b.png"), Some(id));
        assert!(home.is_missing(stale));
        assert_eq!((home.tags(id).len(), home.tags(stale).len()), (1, 1));
        let sought = if is_told { Vec::new() } else { vec![stale] };
        assert_eq!(home.ledger.take_displaced(), sought);
        assert_eq!(home.see("/q/found.png", file(2)), stale);
    }
}

/// Every order of `n` things.
fn orders(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(n - 1);
    let with_last = |at: usize| {
        shorter.iter().map(move |order| {
            let mut order = order.clone();
            order.insert(at, n - 1);
            order
        })
    };
    (0..n).flat_map(with_last).collect()
}

/// Present images with this content, as whoever looks for an image finds them.
fn copies(home: &Home, id: ImageId) -> Vec<Sighted> {
    let reader = home.reader();
    let wanted = home.image(id).fingerprint;
    let mut found = Vec::new();
    for other in (1..=reader.last_image().unwrap().0).map(ImageId).filter(|other| *other != id) {
        if let Some(image) = reader.image(other).unwrap()
            && image.presence == Presence::Present
            && image.fingerprint == wanted
        {
            found.push(reader.sighted(other, &image).unwrap());
        }
    }
    found
}

#[test]
fn a_move_ends_the_same_in_whatever_order_it_is_told() {
    // The same file under another name, and a copy on another drive.
    for there in [file(1), File { inode: 9, content: 1 }] {
        for order in orders(3) {
            for (knows_gone, is_restarted) in [(true, false), (false, false), (false, true)] {
                let case = format!("{there:?} {order:?} {knows_gone} {is_restarted}");
                let mut home = Home::new();
                let id = home.tagged("/p/a.png", file(1));
                // Another copy, which came lately, must not be taken for it.
                let copy = home.see("/q/copy.png", File { inode: 5, content: 1 });
                let known = home.sighted(id);
                let relocation = moved(id, "/p/a.png", "/q/b.png", there);
                let operation = home.begin(vec![step(&relocation)]);
                for what in &order {
                    if is_restarted {
                        home = home.reopened();
                    }
                    match what {
                        0 => home.take(operation, 0, 1, vec![relocation.clone()]),
                        1 => {
                            let mut seen = home.seen("/q/b.png", there);
                            if knows_gone && home.at("/p/a.png") == Some(id) {
                                seen.elsewhere.gone = vec![known];
                            }
                            home.tell(seen);
                        }
                        _ => home.miss(known, copies(&home, id)),
                    }
                }
                assert_eq!(home.at("/q/b.png"), Some(id), "{case}");
                assert_eq!(home.at("/p/a.png"), None, "{case}");
                assert_eq!(home.at("/q/copy.png"), Some(copy), "{case}");
                assert_eq!(home.image(id).sighting, there.sighting(), "{case}");
                assert_eq!((home.tags(id).len(), home.tags(copy).len()), (1, 0), "{case}");
                assert_eq!(home.reader().former(id).unwrap(), None, "{case}");
                assert!(home.reader().reviews(9).unwrap().is_empty(), "{case}");
                for other in home.ledger.take_displaced() {
                    let sought =
                        Observation::Sought { image: other, copies: copies(&home, other), at: Timestamp(9) };
                    home.ledger.observe(vec![sought]).unwrap();
                }
                assert_eq!(home.at("/q/b.png"), Some(id), "{case}, and looked for again");
                assert_eq!(home.at("/q/copy.png"), Some(copy), "{case}, and looked for again");
            }
        }
    }
}

#[test]
fn twins_that_are_moved_to_another_drive_are_never_confused() {
    // Nothing but the operation says which is which: equal content, equal names, equal tags.
    for order in orders(4) {
        let home = Home::new();
        let a = home.see("/p/x/a.png", File { inode: 1, content: 1 });
        let b = home.see("/p/y/a.png", File { inode: 2, content: 1 });
        let (a_there, b_there) = (File { inode: 11, content: 1 }, File { inode: 12, content: 1 });
        let moves =
            [moved(a, "/p/x/a.png", "/q/1.png", a_there), moved(b, "/p/y/a.png", "/q/2.png", b_there)];
        let operation = home.begin(moves.iter().map(step).collect());
        let known = [home.sighted(a), home.sighted(b)];
        for what in &order {
            match what {
                0 => home.tell(home.seen("/q/2.png", b_there)),
                1 => home.tell(home.seen("/q/1.png", a_there)),
                2 => known.iter().for_each(|known| home.miss(*known, copies(&home, known.image))),
                _ => home.take(operation, 0, 2, moves.to_vec()),
            }
        }
        assert_eq!((home.at("/q/1.png"), home.at("/q/2.png")), (Some(a), Some(b)), "{order:?}");
        assert!(home.reader().reviews(9).unwrap().is_empty());
    }
}

#[test]
fn an_image_whose_step_failed_is_looked_for_again() {
    let home = Home::new();
    let id = home.tagged("/p/a.png", file(1));
    let operation = home.begin(vec![step(&moved(id, "/p/a.png", "/p/b.png", file(1)))]);
    // Another program was first: it moved the file to another drive.
    let elsewhere = File { inode: 8, content: 1 };
    let stand_in = home.see("/q/elsewhere.png", elsewhere);
    home.miss(home.sighted(id), copies(&home, id));
    assert!(!home.is_missing(id), "nobody believes it while an operation is about to tell");
    assert!(home.ledger.take_displaced().is_empty());
    let failed = (StepState::Failed("no such file".to_owned()), None);
    let end = Some(OperationState::Done);
    home.ledger.take_steps(operation, Taken { steps: vec![failed], end, ..Taken::default() }).unwrap();
    assert!(home.is_missing(id), "the operation did not say where it is");
    assert_eq!(home.ledger.take_displaced(), [id]);
    let sought = Observation::Sought { image: id, copies: copies(&home, id), at: Timestamp(9) };
    home.ledger.observe(vec![sought]).unwrap();
    assert_eq!((home.at("/q/elsewhere.png"), home.tags(id).len()), (Some(id), 1));
    assert_ne!(stand_in, id);
}

#[test]
fn a_file_that_was_said_to_be_gone_is_where_the_operation_says() {
    for is_taken_back in [false, true] {
        let home = Home::new();
        let id = home.tagged("/p/a.png", file(1));
        let operation = home.begin(vec![step(&moved(id, "/p/a.png", "/p/b.png", file(1)))]);
        home.miss(home.sighted(id), copies(&home, id));
        let (to, state) = match is_taken_back {
            true => ("/p/a.png", StepState::TakenBack),
            false => ("/p/b.png", StepState::Done),
        };
        let (steps, end) = (vec![(state, None)], Some(OperationState::Done));
        let relocations = vec![moved(id, "/p/a.png", to, file(1))];
        home.ledger.take_steps(operation, Taken { steps, relocations, end, ..Taken::default() }).unwrap();
        assert_eq!((home.at(to), home.is_missing(id)), (Some(id), false), "{to}");
    }
}

#[test]
fn what_was_said_of_files_that_no_operation_moves_in_the_end_is_believed_then() {
    let home = Home::new();
    let id = home.tagged("/p/a.png", file(1));
    let steps = vec![step(&moved(id, "/p/a.png", "/p/b.png", file(1)))];
    let operation = home.ledger.begin_operation(OperationKind::Move, 1, steps, false).unwrap();
    home.miss(home.sighted(id), copies(&home, id));
    assert!(!home.is_missing(id));
    home.ledger.forget_operation(operation).unwrap();
    assert!(home.is_missing(id));
}

#[test]
fn a_file_that_takes_the_name_before_the_move_is_told_is_another_image() {
    for is_deleted in [false, true] {
        let home = Home::new();
        let told = |path: &str, file: File, text: &str| {
            let split = lumidex_schema::text::split(text);
            let shared = lumidex::ledger::SharedText::new(split.template, Vec::new());
            let mut seen = home.seen(path, file);
            (seen.text, seen.holes) = (Some(std::sync::Arc::new(shared)), split.holes);
            home.tell(seen);
        };
        told("/p/a.png", file(1), "one");
        let id = home.at("/p/a.png").unwrap();
        home.ledger.put_tag(lumidex_schema::id::TagId(1), vec![id]).unwrap();
        let relocation = match is_deleted {
            true => gone(id, "/p/a.png"),
            false => moved(id, "/p/a.png", "/p/b.png", file(1)),
        };
        let operation = home.begin(vec![step(&relocation)]);
        told("/p/a.png", file(2), "another");
        home.take(operation, 0, 1, vec![relocation]);
        let newer = home.at("/p/a.png").unwrap();
        assert_ne!(newer, id);
        assert_eq!((home.tags(newer).len(), home.tags(id).len()), (0, 1));
        assert!(home.reader().reviews(9).unwrap().is_empty(), "the question was answered");
        if is_deleted {
            assert!(home.is_missing(id));
            home.relocate(vec![moved(id, "/p/.lumidex-trash/a.png", "/p/b.png", file(1))]);
        }
        assert_eq!(home.at("/p/b.png"), Some(id));
        assert_ne!(home.image(id).sighting.digest(), file(1).sighting().digest(), "it is read again");
        told("/p/b.png", file(1), "one");
        assert_eq!(home.at("/p/b.png"), Some(id));
        let reader = home.reader();
        assert_eq!(reader.generation_text(&home.image(id)).unwrap(), "one");
        assert_eq!(reader.generation_text(&home.image(newer)).unwrap(), "another");
    }
}

#[test]
fn an_image_that_was_taken_over_is_followed() {
    let home = Home::new();
    let id = home.tagged("/p/a.png", file(1));
    let copy = home.see("/q/c.png", File { inode: 5, content: 1 });
    // Planned with the copy, which turns out to be what the image has become.
    home.miss(home.sighted(id), copies(&home, id));
    assert_eq!(home.at("/q/c.png"), Some(id));
    home.relocate(vec![moved(copy, "/q/c.png", "/q/d.png", File { inode: 5, content: 1 })]);
    assert_eq!((home.at("/q/d.png"), home.at("/q/c.png")), (Some(id), None));
    // Who stands there since is not meant.
    let other = home.see("/q/c.png", file(3));
    home.relocate(vec![moved(copy, "/q/d.png", "/q/e.png", File { inode: 5, content: 1 })]);
    assert_eq!(home.at("/q/c.png"), Some(other));
}

#[test]
fn a_renamed_folder_keeps_its_rows() {
    let home = Home::new();
    let paths = ["/p/x/a.png", "/p/x/y/b.png", "/p/x-z/c.png", "/p/x/gone.png"];
    let ids = paths.map(|path| home.tagged(path, file(path.len() as u64)));
    home.miss(home.sighted(ids[3]), Vec::new());
    let folders = ids.map(|id| home.image(id).folder);
    let numbers = ids.map(|id| home.image(id).seq);
    home.relocate(vec![folder("/p/x", "/q/new/x2")]);
    assert_eq!(home.at("/q/new/x2/a.png"), Some(ids[0]));
    assert_eq!(home.at("/q/new/x2/y/b.png"), Some(ids[1]));
    assert_eq!(home.at("/p/x-z/c.png"), Some(ids[2]), "it only begins like it");
    assert_eq!(home.at("/p/x/a.png"), None);
    assert_eq!(ids.map(|id| home.image(id).folder), folders);
    assert_eq!(ids.map(|id| home.image(id).seq), numbers, "no image was touched");
    home.relocate(vec![folder("/q/new/x2", "/p/x")]);
    assert_eq!(home.at("/p/x/y/b.png"), Some(ids[1]));
    assert_eq!(home.see("/p/x/gone.png", file(13)), ids[3], "a missing one comes back where it was");
}

#[test]
fn a_renamed_folder_ends_the_same_in_whatever_order_it_is_told() {
    for order in orders(4) {
        let home = Home::new();
        let (a, b) = (home.tagged("/p/x/a.png", file(1)), home.tagged("/p/x/y/b.png", file(2)));
        let known = [home.sighted(a), home.sighted(b)];
        // Copies that came lately must not be taken for them.
        let copies_of_both = [("/q/c.png", 1), ("/q/d.png", 2)]
            .map(|(path, content)| home.see(path, File { inode: 50 + u64::from(content), content }));
        let operation = home.begin(vec![step(&folder("/p/x", "/q/z"))]);
        for what in &order {
            match what {
                0 => home.take(operation, 0, 1, vec![folder("/p/x", "/q/z")]),
                1 => known.iter().for_each(|known| home.miss(*known, copies(&home, known.image))),
                2 => home.tell(home.seen("/q/z/a.png", file(1))),
                _ => home.tell(home.seen("/q/z/y/b.png", file(2))),
            }
        }
        assert_eq!((home.at("/q/z/a.png"), home.at("/q/z/y/b.png")), (Some(a), Some(b)), "{order:?}");
        assert_eq!((home.at("/p/x/a.png"), home.at("/p/x/y/b.png")), (None, None), "{order:?}");
        assert_eq!(copies_of_both.map(Some), [home.at("/q/c.png"), home.at("/q/d.png")], "{order:?}");
        assert_eq!((home.tags(a).len(), home.tags(b).len()), (1, 1), "{order:?}");
        assert!(home.reader().reviews(9).unwrap().is_empty(), "{order:?}");
    }
}

#[test]
fn images_that_a_walk_missed_while_their_folder_moved_are_there() {
    let home = Home::new();
    let (a, b) = (home.tagged("/p/x/a.png", file(1)), home.tagged("/p/x/b.png", file(2)));
    home.miss(home.sighted(b), Vec::new());
    let operation = home.begin(vec![step(&folder("/p/x", "/q/z"))]);
    home.miss(home.sighted(a), Vec::new());
    home.take(operation, 0, 1, vec![folder("/p/x", "/q/z")]);
    assert_eq!(home.at("/q/z/a.png"), Some(a));
    assert!(home.is_missing(b), "it was missing before");
}

#[test]
fn a_folder_takes_a_place_that_was_known_before() {
    let home = Home::new();
    let (missing, a) = (home.tagged("/q/z/a.png", file(7)), home.tagged("/p/x/a.png", file(1)));
    home.miss(home.sighted(missing), Vec::new());
    home.relocate(vec![folder("/p/x", "/q/z")]);
    assert_eq!(home.at("/q/z/a.png"), Some(a));
    assert!(home.is_missing(missing));
    assert_eq!(home.tags(missing).len(), 1);
    assert_eq!(home.see("/p/back.png", file(7)), missing);
    // And back, over the row that the folder had.
    home.relocate(vec![folder("/q/z", "/p/x")]);
    assert_eq!(home.at("/p/x/a.png"), Some(a));
}

#[test]
fn a_folder_that_leaves_the_library_takes_its_images_out_of_sight() {
    let home = Home::new();
    let ids = [home.tagged("/p/x/a.png", file(1)), home.tagged("/p/x/y/b.png", file(2))];
    home.relocate(vec![folder("/p/x", "/elsewhere/x")]);
    assert!(ids.iter().all(|id| home.is_missing(*id)));
    assert_eq!(home.see("/p/x/a.png", file(1)), ids[0]);
    assert_eq!(home.tags(ids[0]).len(), 1);
}

#[test]
fn four_thousand_files_are_told_at_once() {
    let home = Home::new();
    let n = 4_096;
    let path = |root: &str, nth: u64| format!("{root}/f{}/{nth}.png", nth % 7);
    let seen: Vec<Observation> = (0..n)
        .map(|nth| {
            Observation::Seen(Box::new(
                home.seen(&path("/p", nth), File { inode: 10 + nth, content: nth as u8 }),
            ))
        })
        .collect();
    home.ledger.observe(seen).unwrap();
    let moves: Vec<_> = (0..n)
        .map(|nth| {
            let id = home.at(&path("/p", nth)).unwrap();
            moved(id, &path("/p", nth), &path("/q", nth), File { inode: 10 + nth, content: nth as u8 })
        })
        .collect();
    let operation = home.begin(moves.iter().map(step).collect());
    let began = std::time::Instant::now();
    home.take(operation, 0, n as usize, moves);
    println!("{n} relocations took {:?}", began.elapsed());
    assert!((0..n).all(|nth| home.at(&path("/q", nth)).is_some() && home.at(&path("/p", nth)).is_none()));
    assert_eq!(home.reader().last_image().unwrap().0 as u64, n, "no image was made");
}

#[test]
fn searches_find_a_renamed_folder_under_its_new_name_only() {
    let dir = tempfile::tempdir().unwrap();
    let library = Fileless::open(dir.path());
    let picture = |folder: &str, name: &str| Picture {
        folder: folder.to_owned(),
        name: name.to_owned(),
        date: 1,
        text: "some text".to_owned(),
        tags: Vec::new(),
        media: lumidex_schema::media::MediaKind::Image,
    };
    let ids = library.see(&[picture("former/deep", "a.png"), picture("stays", "b.png")]);
    let found = |needle: &str| {
        let matching = Matching::Substring(needle.to_owned());
        library.all(&Search { matching, size: 10, ..Search::default() })
    };
    assert_eq!(found("former"), [ids[0]]);
    let operation = library.ledger.begin_operation(
        OperationKind::Rename,
        1,
        vec![step(&folder("/r/former", "/r/latter"))],
        true,
    );
    let taken = Taken {
        steps: vec![(StepState::Done, None)],
        relocations: vec![folder("/r/former", "/r/latter")],
        end: Some(OperationState::Done),
        ..Taken::default()
    };
    let head = library.ledger.take_steps(operation.unwrap(), taken).unwrap();
    assert!(library.engine.wait_visible(head, lumidex::limits::VISIBLE_WAIT));
    assert!(found("former").is_empty());
    assert_eq!(found("latter/deep"), [ids[0]]);
}
