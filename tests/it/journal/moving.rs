//! Images follow their files, whoever tells of a move and when.

use super::{Home, file, folder, gone, moved};
use lumidex_schema::record::Presence;

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
fn a_file_in_the_trash_is_missing_and_comes_back_with_everything() {
    let home = Home::new();
    let id = home.tagged("/p/a.png", file(1));
    home.relocate(vec![gone(id, "/p/a.png")]);
    assert!(home.is_missing(id));
    home.relocate(vec![moved(id, "/p/.lumidex-trash/1/a.png", "/p/a.png", file(1))]);
    assert_eq!((home.at("/p/a.png"), home.tags(id).len()), (Some(id), 1));
}

#[test]
fn a_renamed_folder_keeps_its_rows() {
    let home = Home::new();
    let ids =
        ["/p/x/a.png", "/p/x/y/b.png", "/p/x-z/c.png"].map(|path| home.see(path, file(path.len() as u64)));
    let folders = ids.map(|id| home.image(id).folder);
    home.relocate(vec![folder("/p/x", "/q/new/x2")]);
    assert_eq!(home.at("/q/new/x2/a.png"), Some(ids[0]));
    assert_eq!(home.at("/q/new/x2/y/b.png"), Some(ids[1]));
    assert_eq!(home.at("/p/x-z/c.png"), Some(ids[2]), "it only begins like it");
    assert_eq!(ids.map(|id| home.image(id).folder), folders);
}
