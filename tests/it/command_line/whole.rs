//! The command line as a whole: whether a server answers, and what is said of it.

use super::world::{World, assert_code, both};

#[test]
fn health_is_an_exit_status() {
    let mut world = World::served();
    assert!(world.said(&["health"]).contains("ok"));
    assert_eq!(world.json(&["health", "--ready"])["status"], "ready");
    let output = world.run(&["health", "--quiet"]);
    assert_code(&output, 0, &["health"]);
    assert_eq!((output.stdout, output.stderr), (vec![], vec![]));
    world.unserve();
    assert!(world.fails(&["health"], 1).contains("no server"));
}

#[test]
fn a_status_says_who_answers() {
    both(|world| {
        let status = world.json(&["status"]);
        assert_eq!((status["images"].as_u64(), status["served"].is_string()), (Some(5), world.is_served()));
        assert_eq!(world.said(&["status"]).contains("no server runs"), !world.is_served());
    });
}
