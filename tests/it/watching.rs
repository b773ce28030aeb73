//! Watched folders over a real file system, through the library as the server opens it.

use std::fs;

use lumidex::intake::Standing;

use crate::support::watched::Watched;

#[test]
fn a_file_written_in_one_go_is_found() {
    let watched = Watched::new();
    watched.await_standing("it is watched", |root| root.standing == Standing::Watching);
    watched.write("a.png", "a heron at dawn");
    watched.await_found("heron", &["a.png"]);
    fs::remove_file(watched.path("a.png")).unwrap();
    watched.await_found("heron", &[]);
}
