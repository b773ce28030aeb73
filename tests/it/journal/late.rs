//! Walks that tell late where files were, beside operations and other programs that move them on.

use super::{File, Home, file, folder, moved};
use lumidex::ledger::Sighted;
use std::time::Instant;

/// What a walk tells of a file that it looked at before this moment.
fn told_late(home: &Home, path: &str, file: File, gone: Vec<Sighted>) {
    let mut seen = home.seen(path, file);
    seen.elsewhere.gone = gone;
    home.tell(seen);
}

#[test]
fn a_file_that_moved_on_twice_while_a_walk_told_of_it_is_found_again() {
    for is_worked_on in [false, true] {
        let home = Home::new();
        let id = home.tagged("/p/a.png", file(1));
        let at_first = home.sighted(id);
        home.miss(at_first, Vec::new());
        assert_eq!(home.see("/p/b.png", file(1)), id);
        // When this was looked for, the ledger knew it at its first place; by now it is said to be at
        // the second.
        told_late(&home, "/q/c.png", file(1), vec![at_first]);
        let stand_in = home.at("/q/c.png").unwrap();
        assert_ne!(stand_in, id);
        if is_worked_on {
            let (_, tag) = home.ledger.make_tag("meanwhile").unwrap();
            home.ledger.put_tag(tag, vec![stand_in]).unwrap();
        }
        home.miss(home.sighted(id), Vec::new());
        assert_eq!(home.at("/q/c.png"), Some(id));
        assert_eq!(home.tags(id).len(), 1 + usize::from(is_worked_on));
        assert!(home.reader().reviews(9).unwrap().is_empty(), "it is one file");
    }
}

#[test]
fn a_place_that_is_told_late_stands_in_nobodys_way() {
    let home = Home::new();
    let id = home.tagged("/p/a.png", file(1));
    home.relocate(vec![moved(id, "/p/a.png", "/p/b.png", file(1))]);
    told_late(&home, "/p/a.png", file(1), Vec::new());
    let stand_in = home.at("/p/a.png").unwrap();
    assert_ne!(stand_in, id);
    home.miss(home.sighted(stand_in), Vec::new());
    // Another program moves it, much later.
    let observed = home.sighted(id);
    home.miss(observed, Vec::new());
    assert_eq!(home.see("/q/c.png", file(1)), id);
    assert_eq!(home.tags(id).len(), 1);
    assert!(home.reader().reviews(9).unwrap().is_empty(), "nobody has to say which of the two it is");
}

#[test]
fn what_was_looked_at_before_an_operation_took_it_away_makes_no_double() {
    let home = Home::new();
    let id = home.tagged("/p/a.png", file(1));
    let looked = |path: &str, file: File, at: Instant| {
        let mut seen = home.seen(path, file);
        seen.elsewhere.looked = Some(at);
        home.tell(seen);
    };
    let before = Instant::now();
    home.relocate(vec![moved(id, "/p/a.png", "/p/b.png", file(1))]);
    looked("/p/a.png", file(1), before);
    assert_eq!((home.at("/p/a.png"), home.at("/p/b.png")), (None, Some(id)));
    // To another disk, as another file, and back as a third.
    let (second, third) = (File { inode: 2, ..file(1) }, File { inode: 3, ..file(1) });
    home.relocate(vec![moved(id, "/p/b.png", "/q/b.png", second)]);
    let between = Instant::now();
    home.relocate(vec![moved(id, "/q/b.png", "/p/b.png", third)]);
    looked("/q/b.png", second, between);
    assert_eq!((home.at("/p/b.png"), home.at("/q/b.png")), (Some(id), None));
    // Another file that got the name meanwhile is one,
    looked("/q/b.png", file(4), between);
    assert!(home.at("/q/b.png").is_some_and(|other| other != id));
    // and whoever looks after it was put back by hand finds it.
    home.relocate(vec![moved(id, "/p/b.png", "/p/c.png", third)]);
    home.miss(home.sighted(id), Vec::new());
    looked("/p/b.png", third, Instant::now());
    assert_eq!((home.at("/p/b.png"), home.tags(id).len()), (Some(id), 1));
}

#[test]
fn what_was_looked_at_before_its_folder_moved_makes_no_double() {
    let home = Home::new();
    let id = home.tagged("/p/f/a.png", file(1));
    let before = Instant::now();
    home.relocate(vec![folder("/p/f", "/p/g")]);
    let mut seen = home.seen("/p/f/a.png", file(1));
    seen.elsewhere.looked = Some(before);
    home.tell(seen);
    assert_eq!((home.at("/p/f/a.png"), home.at("/p/g/a.png")), (None, Some(id)));
    let mut other = home.seen("/p/f/b.png", file(2));
    other.elsewhere.looked = Some(before);
    home.tell(other);
    assert!(home.at("/p/f/b.png").is_some());
}
