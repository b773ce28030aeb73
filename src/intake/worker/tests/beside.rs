//! Whole runs over files with something beside them: what appears, changes or goes is read, and nothing else.

use super::*;
use crate::intake::logs::tests::page;

/// With the reader that the program has.
fn real(library: &Library, watch: Option<WatchSettings>) -> Intake {
    Intake::start(library.ledger.clone(), IntakeSettings::default(), watch, &Stop::never()).unwrap()
}

fn infotext(prompt: &str) -> String {
    format!("{prompt}\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 64x64, Model: m")
}

fn json(prompt: &str) -> String {
    format!(
        r#"{{"prompt": "{prompt}", "seed": 5, "use_stable_diffusion_model": "m", "num_inference_steps": 9}}"#
    )
}

fn swarm(prompt: &str) -> String {
    format!(r#"{{"sui_image_params": {{"prompt": "{prompt}", "steps": 4}}}}"#)
}

#[test]
fn whatever_stands_beside_a_file_is_read_when_it_appears_changes_or_goes() {
    for (name, text) in [
        ("a.txt", &infotext as &dyn Fn(&str) -> String),
        ("a.json", &json),
        ("a.swarm.json", &swarm),
        ("log.html", &|prompt: &str| page(&[("a.jpg", prompt)])),
    ] {
        let library = Library::of(&["a.jpg", "a.b.jpg", "ab.jpg"]);
        let intake = real(&library, None);
        assert_eq!(intake.update().unwrap().progress.read, 3);
        for prompt in ["a heron", "an otter, wet"] {
            library.write(name, &text(prompt));
            assert_eq!(intake.update().unwrap().progress.read, 1, "{name}");
            assert!(library.text("a.jpg").starts_with(prompt), "{name}: {}", library.text("a.jpg"));
            assert_eq!(intake.update().unwrap().progress.read, 0, "{name}");
        }
        fs::remove_file(library.path(name)).unwrap();
        assert_eq!(intake.update().unwrap().progress.read, 1, "{name}");
        assert_eq!(library.text("a.jpg"), "", "{name}");
    }
}

#[test]
fn of_several_the_log_is_believed_first_and_the_others_fill() {
    let library = Library::of(&["a.jpg"]);
    let intake = real(&library, None);
    for (name, text, first) in [
        ("a.json", json("of json"), "of json"),
        ("a.txt", infotext("of text"), "of text"),
        ("a.swarm.json", swarm("of swarm"), "of swarm"),
        ("log.html", page(&[("a.jpg", "of log")]), "of log"),
    ] {
        library.write(name, &text);
        assert_eq!(intake.update().unwrap().progress.read, 1);
        assert!(library.text("a.jpg").starts_with(first), "{name}: {}", library.text("a.jpg"));
    }
    assert!(library.text("a.jpg").contains("Seed: 1"), "{}", library.text("a.jpg"));
    // One alone is the text it always was: what older programs saw is not read again.
    let sighted = |name: &str| library.image(name).1.sighting.sidecar;
    for name in ["a.json", "a.swarm.json", "log.html"] {
        fs::remove_file(library.path(name)).unwrap();
    }
    intake.update().unwrap();
    assert_eq!(sighted("a.jpg").unwrap().0, infotext("of text").len() as u64);
}

#[test]
fn g3_what_is_no_readable_text_is_a_complaint_and_read_once() {
    let library = Library::of(&["a.jpg", "b.jpg"]);
    library.write("a.json", &"x".repeat((1 << 20) + 1));
    fs::create_dir(library.path("b.txt")).unwrap();
    let file = fs::File::create(library.path("a.swarm.json")).unwrap();
    file.set_len(2 << 30).unwrap();
    let intake = real(&library, None);
    let first = intake.update().unwrap();
    assert_eq!(first.progress.read, 2);
    let note = |name: &str| library.ledger.reader().unwrap().note(library.image(name).0).unwrap().complaints;
    let bit = 1 << metadata::Complaint::SidecarUnreadable { limit: 0 }.kind();
    assert_eq!((note("a.jpg") & bit, note("b.jpg") & bit), (bit, 0));
    assert_eq!(intake.update().unwrap().progress.read, 0);
}

#[test]
fn g1_a_log_is_parsed_once_for_its_folder_and_reads_only_whom_it_concerns() {
    let names: Vec<String> = (0..300).map(|nth| format!("{nth}.jpg")).collect();
    let library = Library::of(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let entries: Vec<_> = names.iter().map(|name| (name.as_str(), "a fox")).collect();
    library.write("log.html", &page(&entries[..200]));
    let intake = real(&library, None);
    let n_parsed = || intake.shared.lookout.logs.n_parsed();
    assert_eq!((intake.update().unwrap().progress.read, n_parsed()), (300, 1));
    assert!(library.text("199.jpg").starts_with("a fox") && library.text("200.jpg").is_empty());
    assert_eq!((intake.update().unwrap().progress.read, n_parsed()), (0, 1));
    library.write("log.html", &page(&entries[..203]));
    assert_eq!((intake.update().unwrap().progress.read, n_parsed()), (3, 2));
    fs::remove_file(library.path("log.html")).unwrap();
    assert_eq!((intake.update().unwrap().progress.read, n_parsed()), (203, 2));
}

#[test]
fn a_watched_log_makes_those_dirty_of_whom_it_says_something_else() {
    let names: Vec<String> = (0..2_000).map(|nth| format!("{nth}.jpg")).collect();
    let library = Library::of(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let entries: Vec<_> = names.iter().map(|name| (name.as_str(), "a fox")).collect();
    library.write("log.html", &page(&entries[2..]));
    let intake = real(&library, Some(WatchSettings::default()));
    intake.update().unwrap();
    let seq = |name: &str| library.image(name).1.seq;
    let (before, head) = (seq("5.jpg"), library.ledger.head());
    let beside = library.top.path().join("beside");
    fs::write(&beside, page(&entries[1..])).unwrap();
    fs::rename(&beside, library.path("log.html")).unwrap();
    until("the one that is new is read", || library.text("1.jpg").starts_with("a fox"));
    assert_eq!(seq("5.jpg"), before);
    // All of them, which is more than are looked at singly.
    fs::remove_file(library.path("log.html")).unwrap();
    until("all are read", || library.text("1999.jpg").is_empty() && library.text("1.jpg").is_empty());
    until("each once", || names[1..].iter().all(|name| library.text(name).is_empty()));
    let told = library.ledger.head().0 - head.0;
    assert!(told <= 2 * 2_000 + 10, "{told} changes");
}

#[test]
fn watched_sidecars_of_every_kind_are_noticed() {
    let library = Library::of(&["a.jpg", "b.jpg"]);
    let intake = real(&library, Some(WatchSettings::default()));
    intake.update().unwrap();
    for (name, text) in [("a.json", json("of json")), ("a.swarm.json", swarm("of swarm"))] {
        library.write(name, &text);
        let first = text.split('"').nth(if name == "a.json" { 3 } else { 5 }).unwrap().to_owned();
        until(name, || library.text("a.jpg").starts_with(&first));
        fs::remove_file(library.path(name)).unwrap();
        until("it is gone", || library.text("a.jpg").is_empty());
    }
    drop(intake);
}
