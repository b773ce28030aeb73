//! Databases that are damaged, that lie, or that are something else: counted or refused, never obeyed.

use std::path::{Path, PathBuf};

use lumidex_index_tools::import::ImportError;
use rusqlite::Connection;

use crate::fixture::{Age, Iib};
use crate::home::Home;

fn refused(home: &Home, file: &Path) -> String {
    match home.try_plan(file, &[]) {
        Err(error) => error.to_string(),
        Ok(plan) => panic!("it was taken: {}", plan.report()),
    }
}

#[test]
fn rows_that_cannot_be_used_are_counted_and_the_others_come() {
    let home = Home::new();
    home.see(&[("a.png", 10)]);
    let iib = Iib::new(home.dir.path(), Age::Newest);
    let (a, tag) = (iib.image("/p/a.png", 10), iib.tag("good", ""));
    iib.link(a, tag);
    let rows = [
        // No path, a path of the wrong type, one that is no Unicode, one with a zero, one that is too long.
        "INSERT INTO image (id, path) VALUES (101, NULL), (102, x'2f70ff'), (103, CAST(x'2f70ff' AS TEXT)),
             (104, '/p/' || char(0) || 'x'), (105, '/' || hex(zeroblob(200000)))",
        "INSERT INTO image (id, path, size) VALUES (106, '/p/odd-size.png', 'large'), (107, '/p/minus.png', -5),
             (108, '/p/float.png', 1.5)",
        "INSERT INTO image (id, path, exif, exif_edited) VALUES (109, '/p/blob.png', x'00', 1),
             (110, '/p/null.png', NULL, 1), (111, '/p/huge.png', hex(zeroblob(3000000)), 1)",
        "INSERT INTO tag (id, name, type) VALUES (201, NULL, 'custom'), (202, x'ff', 'custom'),
             (203, CAST(x'ff' AS TEXT), 'custom'), (204, '', 'custom'), (205, 'n', NULL),
             (206, hex(zeroblob(9000)), 'custom'), (207, 'blue', 'custom')",
        "UPDATE tag SET color = x'00' WHERE id = 207",
        "INSERT INTO image_tag (image_id, tag_id) VALUES (1, 9999), (8888, 2), (NULL, 2), ('x', 'y'), (1, NULL),
             (1, 207), (106, 207), (9223372036854775807, -9223372036854775808)",
        "INSERT INTO extra_path (path, type) VALUES (NULL, 'scanned'), (x'00', 'walk'), ('/q', 'scanned+spell+cli_access_only'),
             ('relative', 'walk'), ('/r', '+++')",
        "INSERT INTO global_setting (name, setting_json) VALUES ('bad', '{'), (NULL, '1'), ('none', NULL),
             ('good', '[1]'), ('deep', replace(hex(zeroblob(300000)), '00', '['))",
        "INSERT INTO image_embedding VALUES (1, 'm', 3, '', x'0000', ''), (77, 'm', 1, '', x'0000803f', ''),
             (106, x'00', 1, '', x'0000803f', ''), (107, 'm', -1, '', x'0000803f', ''), (108, 'm', 1, '', 'text', '')",
    ];
    for sql in rows {
        iib.connection.execute_batch(sql).unwrap();
    }
    let file = iib.done();
    let plan = home.plan(&file, &[]);
    let report = plan.report();
    for said in [
        "4 of `image` have no path that is text",
        "1 of `image` have a path that no file can have",
        "2 of `image` have a text given by hand that is no text, or too long",
        "of `tag` have no name or no type that is text",
        "1 of `tag` have a name that no tag may have here",
        "1 of `tag` have a colour that is no text, as: blue",
        "3 of `image_tag` do not name an image and a tag",
        "2 of `image_tag` name a tag that is not there",
        "1 of `image_tag` name an image that is not there",
        "2 of `extra_path` have no path or no types that are text",
        "the folder `/q` as `spell`",
        "the folder `relative`",
        "of `global_setting` have a value that is no JSON",
        "1 of `global_setting` have no name",
        "of `image_embedding` hold no vector of the size they say",
        "1 of `image_embedding` name no model",
    ] {
        assert!(report.contains(said), "{said}: {report}");
    }
    let done = plan.apply(&mut |_| {}).unwrap();
    assert_eq!((done.files.linked, done.waiting), (2, 1), "of the image without a size one waits");
    assert_eq!(home.tags("/p/a.png"), ["good", "blue"]);
    let names: Vec<_> = home.state().settings.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["good"]);
    assert!(home.plan(&file, &[]).is_empty());
    home.see(&[("odd-size.png", 3)]);
    assert_eq!(home.tags("/p/odd-size.png"), ["blue"]);
}

#[test]
fn what_is_no_database_of_the_original_is_refused_in_words() {
    let home = Home::new();
    let at = |name: &str| home.dir.path().join(name);
    for (name, bytes, said) in [
        ("empty", &b""[..], "neither an archive of lumidex nor an SQLite database"),
        (
            "text",
            b"some words that are longer than a header, surely",
            "neither an archive of lumidex nor an SQLite database",
        ),
        ("head", b"SQLite format 3\0", "cannot be opened as a database"),
    ] {
        std::fs::write(at(name), bytes).unwrap();
        let why = refused(&home, &at(name));
        assert!(why.contains(said), "{name}: {why}");
    }
    assert!(refused(&home, &at("absent")).contains("cannot be read"));
    assert!(refused(&home, home.dir.path()).contains("cannot be read"));
    Connection::open(at("other")).unwrap().execute_batch("CREATE TABLE songs (id)").unwrap();
    assert!(refused(&home, &at("other")).contains("has no table `image`"));
}

#[test]
fn a_view_or_a_computed_column_is_not_run() {
    let home = Home::new();
    let file = home.dir.path().join("trap.db");
    let trap = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)";
    let sql = format!(
        "CREATE TABLE image (id INTEGER PRIMARY KEY, path TEXT,
             exif TEXT AS ('computed') VIRTUAL, exif_edited INTEGER AS (1) VIRTUAL);
         INSERT INTO image (path) VALUES ('/p/a.png');
         CREATE VIEW tag AS {trap} SELECT x AS id, 'n' || x AS name, 'custom' AS type, '' AS color FROM n;
         CREATE VIEW image_tag AS {trap} SELECT x AS image_id, x AS tag_id FROM n;"
    );
    Connection::open(&file).unwrap().execute_batch(&sql).unwrap();
    let plan = home.plan(&file, &[]);
    assert!(plan.is_empty(), "{}", plan.report());
    assert!(plan.report().starts_with("1 image in the database, and 0 tags"), "{}", plan.report());
}

/// Wherever a byte of it is wrong, it is read as far as that goes, or refused; nothing panics, nothing runs on.
#[test]
fn a_damaged_database_ends_in_words() {
    let home = Home::new();
    home.see(&[("0.png", 0), ("7.png", 7)]);
    let iib = Iib::new(home.dir.path(), Age::Newest);
    iib.begin();
    let tag = iib.tag("t", "");
    for n in 0..400 {
        iib.link(iib.image(&format!("/p/{n}.png"), n), tag);
    }
    let file = iib.done();
    let sound = std::fs::read(&file).unwrap();
    let broken: PathBuf = home.dir.path().join("broken.db");
    let (mut taken, mut complained, mut refused) = (0, 0, 0);
    // Headers of pages, and bytes all over.
    let pages =
        (0..sound.len()).step_by(4096).flat_map(|page| [page, page + 3, page + 5, page + 8, page + 12]);
    for (nth, at) in pages.chain((0..sound.len()).step_by(1913)).enumerate() {
        let mut bytes = sound.clone();
        bytes[at] ^= [0xff, 0x01, 0x80][nth % 3];
        std::fs::write(&broken, &bytes).unwrap();
        match home.try_plan(&broken, &[]) {
            Ok(plan) if plan.complaints() > 0 => complained += 1,
            Ok(_) => taken += 1,
            Err(ImportError::Database { .. } | ImportError::Foreign { .. } | ImportError::Other { .. }) => {
                refused += 1
            }
            Err(other) => panic!("byte {at}: {other}"),
        }
    }
    for cut in (0..sound.len()).step_by(3001) {
        std::fs::write(&broken, &sound[..cut]).unwrap();
        if let Err(other) = home.try_plan(&broken, &[]) {
            let is_said = matches!(
                other,
                ImportError::Database { .. } | ImportError::Foreign { .. } | ImportError::Other { .. }
            );
            assert!(is_said, "cut to {cut}: {other}");
        }
    }
    assert!(taken > 0 && complained > 0 && refused > 0, "{taken} {complained} {refused}");
}

#[test]
fn what_stands_in_the_log_beside_it_is_read_and_stays() {
    let home = Home::new();
    home.see(&[("a.png", 10)]);
    let there = home.dir.path().join("there");
    std::fs::create_dir(&there).unwrap();
    let iib = Iib::new(&there, Age::Newest);
    iib.connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0").unwrap();
    let tag = iib.tag("in the log", "");
    iib.link(iib.image("/p/a.png", 10), tag);
    // As after a kill: what was written is in the log alone.
    let copy = home.dir.path().join("copy.db");
    let log = |of: &Path| PathBuf::from(format!("{}-wal", of.display()));
    std::fs::copy(&iib.path, &copy).unwrap();
    std::fs::copy(log(&iib.path), log(&copy)).unwrap();
    let bytes = |path: &Path| std::fs::read(path).unwrap();
    let before = (bytes(&copy), bytes(&log(&copy)));
    let names = || std::fs::read_dir(home.dir.path()).unwrap().count();
    let n = names();
    home.import(&copy, &[]);
    assert_eq!(home.tags("/p/a.png"), ["in the log"]);
    assert!((bytes(&copy), bytes(&log(&copy))) == before, "both are as they were");
    assert_eq!(names(), n, "and nothing is beside them that was not");
    // Closed properly, there is no log, and none is made.
    let file = iib.done();
    assert!(home.plan(&file, &[]).is_empty());
    assert_eq!(std::fs::read_dir(&there).unwrap().count(), 1);
}
