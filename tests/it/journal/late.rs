//! Walks that tell late where files were, beside operations and other programs that move them on.

use super::{File, Home, file, moved};
use lumidex::ledger::Sighted;

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
