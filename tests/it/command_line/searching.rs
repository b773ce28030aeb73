//! Finding and showing: search, show, similar, cluster, stats.

use super::world::{ODD, World, assert_code, both};
use serde_json::json;

fn names(said: &str) -> Vec<&str> {
    said.lines().map(|line| line.rsplit('/').next().unwrap()).collect()
}

#[test]
fn a_search_gives_other_programs_one_path_a_line() {
    both(|world| {
        assert_eq!(
            world.said(&["search", "fox"]),
            format!("{}\n{}\n", world.path("a.png"), world.path("sub/c.png"))
        );
        assert_eq!(names(&world.said(&["search", "red", "fox"])), ["a.png", "c.png"]);
        assert_eq!(names(&world.said(&["search", "--paths", "RED FOX", "-n", "1"])), ["a.png"]);
        assert_eq!(world.said(&["search", "no such thing"]), "");
        assert_eq!(names(&world.said(&["search", "-e", "seed: 1[24]"])), ["b.png", "c.png"]);
        assert_eq!(names(&world.said(&["search", "--path-only", "b.p"])), ["b.png"]);
        assert_eq!(names(&world.said(&["search", "--in", "sub", "fox"])), ["c.png"]);
        assert_eq!(names(&world.said(&["search", "--media", "audio"])), ["sound.wav"]);
    });
}

#[test]
fn names_that_hold_line_breaks_come_through_with_nul() {
    both(|world| {
        let output = world.run(&["search", "-0", "cat"]);
        assert_eq!(output.stdout, format!("{}\0", world.path(ODD)).as_bytes());
        assert!(output.stderr.is_empty(), "data goes to one place, messages to the other");
        let all = world.run(&["search", "--all", "--print0"]).stdout;
        assert_eq!(all.split(|byte| *byte == 0).filter(|path| !path.is_empty()).count(), 5);
    });
}

#[test]
fn a_search_is_told_in_lines_of_json() {
    both(|world| {
        let found = world.lines(&["search", "fox"]);
        assert_eq!(found.len(), 2);
        let first = &found[0];
        assert_eq!((&first["path"], &first["date"]), (&json!(world.path("a.png")), &json!(2_000_000_000.0)));
        assert_eq!((&first["media_type"], &first["offline"]), (&json!("image"), &json!(false)));
        assert!(first["id"].is_u64() && first["bytes"].as_u64().unwrap() > 0 && first["created"].is_f64());
    });
}

#[test]
fn tags_narrow_a_search_by_their_names() {
    both(|world| {
        world.said(&["tags", "add", "keep", "a.png", "b.png"]);
        world.said(&["tags", "add", "like", "b.png"]);
        assert_eq!(names(&world.said(&["search", "--tag", "keep"])), ["a.png", "b.png"]);
        assert_eq!(names(&world.said(&["search", "--tag", "keep", "--tag", "like"])), ["b.png"]);
        assert_eq!(names(&world.said(&["search", "--tag", "keep", "--not-tag", "like"])), ["a.png"]);
        assert_eq!(
            names(&world.said(&["search", "--any-tag", "like", "--any-tag", "oak"])),
            ["a.png", "b.png", "c.png"]
        );
        assert_eq!(names(&world.said(&["search", "--tag", "Model:elm", "dog"])), ["b.png"]);
        assert!(world.fails(&["search", "--tag", "nowhere"], 4).contains("`nowhere`"));
    });
}

#[test]
fn a_query_comes_from_standard_input_too() {
    both(|world| {
        let output = world.fed(&["search", "-"], b"blue dog\n");
        assert_eq!(names(&String::from_utf8(output.stdout).unwrap()), ["b.png"]);
    });
}

#[test]
fn what_cannot_be_asked_is_refused_in_words() {
    both(|world| {
        assert!(world.fails(&["search", "-e", "("], 1).contains("regular expression"));
        assert!(world.fails(&["search", "--limit", "0"], 2).contains("--limit"));
        assert!(world.fails(&["search", "-m"], 2).contains("query"));
        world.fails(&["search", "--paths", "-0"], 2);
    });
}

#[test]
fn a_random_search_gives_every_picture_once() {
    both(|world| {
        let said = world.said(&["search", "--sort", "random", "--media", "image", "--in", "sub", "--all"]);
        assert_eq!(names(&said), ["c.png"]);
        assert_eq!(world.lines(&["search", "--sort", "random"]).len(), 5);
    });
}

#[test]
fn a_picture_is_shown_with_all_that_is_known_of_it() {
    both(|world| {
        world.said(&["tags", "add", "keep", "a.png"]);
        let shown = &world.lines(&["show", "a.png"])[0];
        assert_eq!((&shown["path"], &shown["tags"]), (&json!(world.path("a.png")), &json!(["keep"])));
        assert_eq!((&shown["pixel_width"], &shown["recipe"]["seed"]), (&json!(2), &json!("11")));
        assert!(shown["generation_text"].as_str().unwrap().starts_with("a red fox"));
        let id = shown["id"].to_string();
        assert_eq!(&world.lines(&["show", &id])[0], shown, "a number is an id");
        let told = world.said(&["show", "a.png"]);
        for part in ["a.png", "keep", "2 × 1", "oak", "| a red fox in the snow"] {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(world.said(&["show", "--text", "b.png"]).starts_with("a blue dog\n"));
        assert!(!world.said(&["show", ODD]).contains('\u{1b}'));
        let output = world.fed(&["show", "-", "-0", "--json"], format!("{ODD}\0").as_bytes());
        assert!(String::from_utf8(output.stdout).unwrap().contains("green cat"));
    });
}

#[test]
fn what_is_not_known_is_told_apart_from_what_fails() {
    both(|world| {
        assert!(world.fails(&["show", "none.png"], 4).contains("none.png"));
        assert!(world.fails(&["show", "99999"], 4).contains("99999"));
        assert!(world.fails(&["show", "./123"], 4).contains("/123"), "a file may be called like a number");
        assert_code(&world.run(&["show", "a.png", "none.png"]), 3, &["show"]);
        assert!(world.fails(&["show", "--workflow", "a.png"], 4).contains("ComfyUI"));
        world.fails(&["show"], 2);
    });
}

#[test]
fn pictures_like_one_are_found_by_their_prompts() {
    both(|world| {
        let found = world.lines(&["similar", "a.png", "-n", "3"]);
        assert!(found.iter().all(|found| found["score"].is_f64() && found["path"].is_string()));
        assert_eq!(found[0]["path"], json!(world.path("sub/c.png")));
        assert_eq!(names(&world.said(&["similar", "a.png", "-n", "1"])), ["c.png"]);
        assert!(world.fails(&["similar", "none.png"], 4).contains("none.png"));
        assert_eq!(names(&world.said(&["search", "-m", "a red fox", "-n", "2"])).len(), 2);
    });
}

#[test]
fn topics_are_found_and_listed() {
    both(|world| {
        let found = world.json(&["cluster"]);
        assert_eq!(found["clusters"][0]["size"], 2);
        let mut paths: Vec<_> = found["clusters"][0]["paths"].as_array().unwrap().clone();
        paths.sort_by_key(ToString::to_string);
        assert_eq!(paths, [json!(world.path("a.png")), json!(world.path("sub/c.png"))]);
        let said = world.said(&["cluster", ".", "--pictures"]);
        assert!(said.contains("sub/c.png"), "{said}");
        assert_eq!(world.fails(&["cluster", "none"], 1).lines().count(), 1);
    });
}

#[test]
fn pictures_are_counted_by_what_made_them() {
    both(|world| {
        assert_eq!(world.json(&["stats"])["total_images"], 5);
        let told = world.said(&["stats"]);
        assert!(told.starts_with("5 pictures, ") && told.contains("MODEL") && told.contains("oak"), "{told}");
    });
}

#[test]
fn without_a_library_there_is_nothing_to_ask() {
    let world = World::served();
    let nowhere = world.dir().join("nowhere");
    for command in [&["search"][..], &["tags"], &["roots"], &["status"], &["show", "a"]] {
        let output = world.command().args(command).arg("--data-dir").arg(&nowhere).output().unwrap();
        assert_code(&output, 4, command);
        assert!(String::from_utf8_lossy(&output.stderr).contains("there is no library"));
    }
    assert!(!nowhere.exists());
}
