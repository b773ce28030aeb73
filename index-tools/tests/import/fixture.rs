//! Databases as infinite-image-browsing leaves them, by age. Ours: only names of tables and columns are the
//! original's.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

/// Which columns and tables there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Age {
    /// Images, tags, folders; nothing optional.
    Oldest,
    /// With settings, aliases, and times of tags.
    Middle,
    /// With colours, texts given by hand, and topics.
    Newest,
}

impl Age {
    pub(crate) const ALL: [Self; 3] = [Self::Oldest, Self::Middle, Self::Newest];
}

/// A database that is being filled.
pub(crate) struct Iib {
    pub(crate) connection: Connection,
    pub(crate) path: PathBuf,
    age: Age,
}

impl Iib {
    pub(crate) fn new(folder: &Path, age: Age) -> Self {
        let path = folder.join("iib.db");
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF").unwrap();
        let newest = |sql| if age == Age::Newest { sql } else { "" };
        let middle = |sql| if age >= Age::Middle { sql } else { "" };
        let tables = format!(
            "CREATE TABLE folders (id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT, modified_date TEXT);
             CREATE TABLE image (id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT UNIQUE, exif TEXT, size INTEGER,
                 date TEXT {});
             CREATE TABLE tag (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, score INTEGER, type TEXT,
                 count INTEGER {}, UNIQUE(name, type) ON CONFLICT REPLACE);
             CREATE TABLE image_tag (image_id INTEGER, tag_id INTEGER {}, PRIMARY KEY (image_id, tag_id));
             CREATE TABLE extra_path (path TEXT PRIMARY KEY, type TEXT NOT NULL {});
             {} {}
             INSERT INTO tag (name, score, type, count) VALUES ('like', 0, 'custom', 0);",
            newest(", exif_edited INTEGER DEFAULT 0"),
            newest(", color TEXT DEFAULT ''"),
            middle(", created_at TIMESTAMP"),
            middle(", alias TEXT DEFAULT ''"),
            middle(
                "CREATE TABLE global_setting (setting_json TEXT, name TEXT PRIMARY KEY, created_time TEXT,
                     modified_time TEXT);"
            ),
            newest(
                "CREATE TABLE image_embedding (image_id INTEGER PRIMARY KEY, model TEXT NOT NULL, dim INTEGER NOT NULL,
                     text_hash TEXT NOT NULL, vec BLOB NOT NULL, updated_at TEXT NOT NULL);
                 CREATE TABLE topic_title_cache (cluster_hash TEXT PRIMARY KEY, title TEXT NOT NULL,
                     keywords TEXT NOT NULL, model TEXT NOT NULL, updated_at TEXT NOT NULL);"
            ),
        );
        connection.execute_batch(&tables).unwrap();
        Self { connection, path, age }
    }

    /// Everything that follows in one transaction, for the sake of speed.
    pub(crate) fn begin(&self) {
        self.connection.execute_batch("BEGIN").unwrap();
    }

    pub(crate) fn image(&self, path: &str, size: i64) -> i64 {
        let sql = "INSERT INTO image (path, exif, size, date) VALUES (?, ?, ?, '2024-05-06 07:08:09')";
        self.connection.prepare(sql).unwrap().insert(params![path, text_of(path), size]).unwrap()
    }

    /// An image with a text given by hand.
    pub(crate) fn edited(&self, path: &str, size: i64, text: &str) -> i64 {
        assert_eq!(self.age, Age::Newest);
        let id = self.image(path, size);
        let sql = "UPDATE image SET exif = ?, exif_edited = 1 WHERE id = ?";
        self.connection.execute(sql, params![text, id]).unwrap();
        id
    }

    pub(crate) fn tag(&self, name: &str, color: &str) -> i64 {
        let id = self.tag_of("custom", name);
        if self.age == Age::Newest {
            self.connection.execute("UPDATE tag SET color = ? WHERE id = ?", params![color, id]).unwrap();
        }
        id
    }

    /// A tag that the original finds in files.
    pub(crate) fn tag_of(&self, kind: &str, name: &str) -> i64 {
        let sql = "INSERT INTO tag (name, score, type, count) VALUES (?, 0, ?, 0)";
        self.connection.execute(sql, params![name, kind]).unwrap();
        self.connection.last_insert_rowid()
    }

    /// The tag that is there from the start.
    pub(crate) fn like(&self) -> i64 {
        self.connection.query_row("SELECT id FROM tag WHERE name = 'like'", [], |row| row.get(0)).unwrap()
    }

    pub(crate) fn link(&self, image: i64, tag: i64) {
        let sql = "INSERT INTO image_tag (image_id, tag_id) VALUES (?, ?)";
        self.connection.prepare(sql).unwrap().execute(params![image, tag]).unwrap();
    }

    pub(crate) fn folder(&self, path: &str, types: &str, alias: &str) {
        let sql = "INSERT INTO extra_path (path, type) VALUES (?, ?)";
        self.connection.execute(sql, params![path, types]).unwrap();
        if self.age >= Age::Middle {
            self.connection
                .execute("UPDATE extra_path SET alias = ? WHERE path = ?", params![alias, path])
                .unwrap();
        }
    }

    pub(crate) fn setting(&self, name: &str, json: &str) {
        let sql = "INSERT INTO global_setting (setting_json, name) VALUES (?, ?)";
        self.connection.execute(sql, params![json, name]).unwrap();
    }

    pub(crate) fn vector(&self, image: i64, model: &str, vector: &[f32]) {
        let bytes: Vec<u8> = vector.iter().flat_map(|value| value.to_le_bytes()).collect();
        let sql = "INSERT INTO image_embedding VALUES (?, ?, ?, 'x', ?, '2025-01-01T00:00:00')";
        self.connection.execute(sql, params![image, model, vector.len() as i64, bytes]).unwrap();
    }

    /// Closes it, all written.
    pub(crate) fn done(self) -> PathBuf {
        if !self.connection.is_autocommit() {
            self.connection.execute_batch("COMMIT").unwrap();
        }
        self.connection.close().unwrap();
        self.path
    }
}

/// The text that the file of an image says.
pub(crate) fn text_of(path: &str) -> String {
    format!(
        "a picture of {path}, snow\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5"
    )
}
