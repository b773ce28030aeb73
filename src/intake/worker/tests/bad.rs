//! Files that are odd, by the rows of the catalogue of bad inputs that concern whole runs.

use super::*;

#[cfg(unix)]
#[test]
fn a10_names_that_are_not_text_are_kept_as_they_are() {
    let library = Library::of(&[]);
    let path = library.path("").join(paths::from_bytes(b"\xff/\xfe.png"));
    fs::create_dir(path.parent().unwrap()).unwrap();
    fs::write(&path, "x").unwrap();
    library.update();
    assert_eq!(library.find(&path).unwrap().1.name, b"\xfe.png");
    assert_eq!(library.update().progress.to_read, 0);
}

#[test]
fn a16_two_names_of_one_file_are_two_images() {
    let library = Library::of(&["a.png"]);
    library.update();
    let before = library.image("a.png").0;
    fs::hard_link(library.path("a.png"), library.path("b.png")).unwrap();
    library.update();
    let (a, b) = (library.image("a.png"), library.image("b.png"));
    assert_eq!((a.0, a.1.fingerprint), (before, b.1.fingerprint));
    assert!(a.0 != b.0 && library.n_present() == 2);
    assert_eq!(library.update().progress.to_read, 0);
    // A name that goes takes nothing of the other along.
    fs::remove_file(library.path("a.png")).unwrap();
    library.update();
    assert_eq!((library.image("b.png").0, library.is_present("b.png")), (b.0, true));
    assert!(!library.is_present("a.png"));
}

#[test]
fn g5_a_picture_whose_text_comes_and_goes_stays_one_record() {
    let library = Library::of(&["a.png"]);
    library.update();
    let (image, _) = library.image("a.png");
    for nth in 0..20 {
        let text = if nth % 2 == 0 { "a heron".repeat(nth + 1) } else { String::new() };
        library.write("a.png", &text);
        assert_eq!(library.update().progress.read, 1, "{nth}");
        assert_eq!((library.image("a.png").0, library.text("a.png")), (image, text));
    }
    assert_eq!(library.n_present(), 1);
}

#[test]
fn a11_a_name_whose_case_changed_is_the_same_image_and_two_names_are_two() {
    let library = Library::of(&["A.png"]);
    library.update();
    let (image, _) = library.image("A.png");
    let (_, tag) = library.ledger.make_tag("kept").unwrap();
    library.ledger.put_tag(tag, vec![image]).unwrap();
    // What a file system that folds case lists from then on; it answers to the former name all the same.
    fs::rename(library.path("A.png"), library.path("a.png")).unwrap();
    let summary = library.update();
    assert_eq!((summary.progress.to_read, library.image("a.png").0), (1, image));
    let reader = library.ledger.reader().unwrap();
    assert_eq!((reader.n_images().unwrap(), reader.custom_tag_ids_of(image).unwrap()), (1, vec![tag]));
    assert_eq!((library.n_present(), library.find(&library.path("A.png"))), (1, None));
    library.write("A.png", "another");
    library.update();
    assert!(
        library.n_present() == 2 && library.image("A.png").0 != image && library.image("a.png").0 == image
    );
}

#[test]
fn g6_of_thousands_of_bad_files_few_are_complained_of_and_each_is_tried_once() {
    const N_BAD: usize = 2_000;
    let library = Library::of(&["good.png"]);
    for nth in 0..N_BAD {
        library
            .write(&format!("{}/{nth}.png", nth % 10), if nth % 2 == 0 { "" } else { "\0\u{1}no picture" });
        // Longer than what stands beside a file may be, so that it is a complaint.
        let beside = fs::File::create(library.path(&format!("{}/{nth}.txt", nth % 10))).unwrap();
        beside.set_len(crate::limits::metadata::SIDECAR_BYTES_MAX + 1).unwrap();
    }
    let summary = library.update();
    assert_eq!((summary.progress.read, summary.progress.complaints), (N_BAD as u64 + 1, N_BAD as u64));
    assert!(summary.progress.complaints_kept.len() <= 32);
    assert_eq!((library.n_present(), library.update().progress.to_read), (N_BAD + 1, 0));
}
