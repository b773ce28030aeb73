//! Deciding: tags, texts, folders, and taking it all back.

use super::world::{ODD, World, assert_code, both};
use serde_json::{Value, json};

fn tags_of(world: &World, name: &str) -> Value {
    world.lines(&["show", name])[0]["tags"].clone()
}

#[test]
fn what_is_found_is_tagged_through_a_pipe() {
    both(|world| {
        let found = world.run(&["search", "-0", "--all", "--media", "image"]).stdout;
        let output = world.fed(&["tags", "add", "mine", "-", "-0"], &found);
        assert_code(&output, 0, &["tags add"]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.starts_with("`mine` is on 4 pictures\n"), "{said}");
        assert_eq!(tags_of(world, ODD), json!(["mine"]));
        let output = world.fed(&["tags", "remove", "mine", "-", "b.png"], b"a.png\n");
        let removed = String::from_utf8(output.stdout).unwrap();
        assert!(removed.starts_with("`mine` was taken off 2 pictures\n"), "{removed}");
        assert_eq!((tags_of(world, "a.png"), tags_of(world, "b.png")), (json!([]), json!([])));
        world.undo(&removed);
        assert_eq!(tags_of(world, "a.png"), json!(["mine"]));
        world.undo(&said);
        assert_eq!(
            world.json(&["tags", "list", "mine"]),
            json!({ "tags": [] }),
            "the tag itself was made for it"
        );
    });
}

#[test]
fn tags_are_listed_made_coloured_and_removed() {
    both(|world| {
        assert_eq!(world.said(&["tags"]), "like\n");
        let made = world.json(&["tags", "create", "mine"]);
        assert_eq!(made["tag"], "mine");
        world.said(&["tags", "color", "mine", "#ff8800"]);
        world.said(&["tags", "add", "mine", "a.png"]);
        let listed = world.json(&["tags", "list", "MIN"]);
        let tag = &listed["tags"][0];
        assert_eq!(
            (&tag["name"], &tag["pictures"], &tag["color"]),
            (&json!("mine"), &json!(1), &json!("#ff8800"))
        );
        assert_eq!(tag["kind"], "custom");
        assert!(world.said(&["tags", "list", "--all"]).lines().any(|line| line == "Model:oak"));
        // Nobody can be asked here.
        assert!(world.fails(&["tags", "delete", "mine"], 1).contains("--yes"));
        let said = world.said(&["tags", "delete", "mine", "--yes"]);
        assert_eq!(world.said(&["tags"]), "like\n");
        world.undo(&said);
        assert_eq!(tags_of(world, "a.png"), json!(["mine"]));
        assert_eq!(world.json(&["tags", "apply"])["matched"], 0, "there are no rules");
    });
}

#[test]
fn what_cannot_be_tagged_is_refused_and_leaves_nothing_behind() {
    both(|world| {
        assert!(world.fails(&["tags", "add", "mine", "none.png"], 4).contains("none.png"));
        assert_eq!(world.said(&["tags"]), "like\n");
        assert!(world.fails(&["tags", "remove", "nowhere", "a.png"], 4).contains("`nowhere`"));
        assert!(world.fails(&["tags", "add", " ", "a.png"], 1).contains("name"));
        world.fails(&["tags", "add", "mine"], 2);
    });
}

#[test]
fn quiet_commands_say_nothing_when_all_is_well() {
    both(|world| {
        let output = world.run(&["tags", "add", "mine", "a.png", "--quiet"]);
        assert_eq!((output.stdout, output.stderr), (vec![], vec![]));
        assert!(
            !world.fails(&["tags", "-q", "add", "mine", "none.png"], 4).is_empty(),
            "but what went wrong is told"
        );
        assert_eq!(
            world.said(&["search", "-q", "--tag", "mine"]).lines().count(),
            1,
            "and so is what was asked for"
        );
    });
}

#[test]
fn a_text_is_corrected_and_comes_back() {
    both(|world| {
        let text = |world: &World| world.said(&["show", "--text", "a.png"]);
        let before = text(world);
        let said = world.said(&["text", "set", "a.png", "a silver fox"]);
        assert!(text(world).starts_with("a silver fox\n"));
        world.undo(&said);
        assert_eq!(text(world), before);
        let output = world.fed(&["text", "set", "a.png", "-"], b"a fox of gold");
        assert_code(&output, 0, &["text set"]);
        assert_eq!(world.lines(&["show", "a.png"])[0]["edited"], true);
        world.said(&["text", "revert", "a.png"]);
        assert_eq!(text(world), before);
        assert!(world.fails(&["text", "set", "none.png", "x"], 4).contains("none.png"));
    });
}

#[test]
fn folders_are_added_named_and_removed() {
    both(|world| {
        let more = world.dir().join("more");
        std::fs::create_dir(&more).unwrap();
        std::fs::copy(world.pics().join("a.png"), more.join("d.png")).unwrap();
        let more = more.to_str().unwrap();
        let added = world.run(&["roots", "add", "../more"]);
        assert_code(&added, 0, &["roots add"]);
        let hint = String::from_utf8(added.stderr).unwrap();
        assert_eq!(hint.contains("lumidex update"), !world.is_served(), "{hint}");
        assert_eq!(world.json(&["update"])["images"], 6);
        world.said(&["roots", "alias", more, "the rest"]);
        world.said(&["roots", "add", "--as", "walk", "sub"]);
        let listed = world.json(&["roots"]);
        let roots = listed["roots"].as_array().unwrap();
        let root = |path: &str| roots.iter().find(|root| root["path"] == path).unwrap();
        assert_eq!((&root(more)["alias"], &root(more)["types"]), (&json!("the rest"), &json!(["scanned"])));
        assert_eq!(root(&world.path("sub"))["types"], json!(["walk"]));
        let told = world.said(&["roots", "list"]);
        assert!(told.contains("the rest") && told.contains("within another"), "{told}");
        world.said(&["roots", "remove", more]);
        assert_eq!(world.json(&["update", "--rebuild"])["images"], 5);
        assert!(world.fails(&["roots", "remove", more], 4).contains("more"));
        assert!(world.fails(&["roots", "add", "none"], 1).contains("none"));
    });
}

#[test]
fn everything_done_is_listed_and_taken_back() {
    both(|world| {
        world.said(&["tags", "add", "one", "a.png"]);
        world.said(&["tags", "add", "two", "a.png"]);
        let deeds = world.json(&["undo", "--list"])["deeds"].clone();
        let numbers: Vec<String> =
            deeds.as_array().unwrap().iter().take(2).map(|deed| deed["number"].to_string()).collect();
        let undone = world.json(&["undo", &numbers[0], &numbers[1]]);
        assert_eq!(undone["undone"].as_array().unwrap().len(), 2);
        assert_eq!(tags_of(world, "a.png"), json!(["one"]));
        assert!(world.fails(&["undo", "99999"], 4).contains("99999"));
        world.said(&["undo"]);
        assert_eq!(world.json(&["operations"]), json!({ "running": [] }));
        assert!(world.said(&["operations"]).contains("no files"));
        assert!(world.fails(&["operations", "stop", "99999"], 4).contains("99999"));
    });
}
