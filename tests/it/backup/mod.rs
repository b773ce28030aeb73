//! Backups of the ledger: equal to a moment of it, refused when damaged, put back whole, made each
//! day in bounded number. Here: a ledger in a folder, and its rows as bytes.

mod copying;
mod daily;
mod paid;
mod restoring;

use lumidex::ledger::backup::{Copied, Existing, copy};
use lumidex::ledger::{Elsewhere, Ledger, Observation, Seen, SharedText};
use lumidex::sys::Stop;
use lumidex_schema::id::{RootId, Seq, Timestamp};
use lumidex_schema::media::MediaKind;
use lumidex_schema::path::RelPath;
use lumidex_schema::record::{Fingerprint, PathType, Sighting};
use lumidex_schema::{layout, tables};
use redb::{ReadableDatabase, ReadableTable};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// 2026-11-22 12:00 UTC.
const NOON: i64 = 1_795_348_800_000_000_000;

struct Home {
    dir: tempfile::TempDir,
    ledger: Option<Ledger>,
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut home = Self { dir, ledger: None };
        home.ledger().add_extra_path(b"/r", &[PathType::Scanned]).unwrap();
        home
    }

    fn ledger(&mut self) -> Ledger {
        let path = self.path(layout::LEDGER);
        self.ledger.get_or_insert_with(|| Ledger::open(&path).unwrap()).clone()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn backup(&mut self, name: &str) -> PathBuf {
        let path = self.path(name);
        backup_of(&self.ledger(), &path);
        path
    }

    fn close(&mut self) {
        self.ledger = None;
    }
}

fn backup_of(ledger: &Ledger, path: &Path) -> Copied {
    copy(&ledger.reader().unwrap(), path, Existing::Keep, &Stop::never(), &mut |_, _| {}).unwrap()
}

fn see(ledger: &Ledger, numbers: impl Iterator<Item = u32>) -> Seq {
    let root: RootId = ledger.reader().unwrap().roots().unwrap()[0].0;
    let seen = |n: u32| {
        Observation::Seen(Box::new(Seen {
            root,
            folder: RelPath::from_bytes(format!("f{}", n % 5).as_bytes()),
            name: format!("{n}.png").into_bytes(),
            sighting: Sighting { size: 1, modified: Timestamp(i64::from(n)), ..Sighting::default() },
            media: MediaKind::Image,
            fingerprint: Fingerprint([n as u8; 16]),
            pixel_width: 8,
            pixel_height: 8,
            text: Some(Arc::new(SharedText::new(format!("picture {}", n % 7), Vec::new()))),
            holes: vec![u64::from(n)],
            rule_tags: Vec::new(),
            complaints: 0,
            note: lumidex_schema::note::Note::default(),
            elsewhere: Elsewhere::default(),
        }))
    };
    ledger.observe(numbers.map(seen).collect()).unwrap()
}

/// Keys and values of a table, as bytes.
type Rows = Vec<(Vec<u8>, Vec<u8>)>;

/// Every row of every table, read without the code under test.
fn rows(path: &Path) -> BTreeMap<&'static str, Rows> {
    fn all<K: redb::Key + 'static, V: redb::Value + 'static>(
        txn: &redb::ReadTransaction,
        table: redb::TableDefinition<'static, K, V>,
    ) -> Rows {
        let bytes =
            |row: Result<(redb::AccessGuard<'_, K>, redb::AccessGuard<'_, V>), redb::StorageError>| {
                let (key, value) = row.unwrap();
                (K::as_bytes(&key.value()).as_ref().to_vec(), V::as_bytes(&value.value()).as_ref().to_vec())
            };
        txn.open_table(table).unwrap().iter().unwrap().map(bytes).collect()
    }
    let txn = redb::ReadOnlyDatabase::open(path).unwrap().begin_read().unwrap();
    BTreeMap::from([
        ("meta", all(&txn, tables::META)),
        ("epochs", all(&txn, tables::EPOCHS)),
        ("roots", all(&txn, tables::ROOTS)),
        ("folders", all(&txn, tables::FOLDERS)),
        ("folder_ids", all(&txn, tables::FOLDER_IDS)),
        ("images", all(&txn, tables::IMAGES)),
        ("paths", all(&txn, tables::PATHS)),
        ("texts", all(&txn, tables::TEXTS)),
        ("tags", all(&txn, tables::TAGS)),
        ("custom_tags", all(&txn, tables::CUSTOM_TAGS)),
        ("links", all(&txn, tables::LINKS)),
        ("feed", all(&txn, tables::FEED)),
        ("settings", all(&txn, tables::SETTINGS)),
        ("extra_paths", all(&txn, tables::EXTRA_PATHS)),
        ("decisions", all(&txn, tables::DECISIONS)),
        ("formers", all(&txn, tables::FORMERS)),
        ("reviews", all(&txn, tables::REVIEWS)),
        ("seen_through", all(&txn, tables::SEEN_THROUGH)),
        ("operations", all(&txn, tables::OPERATIONS)),
        ("steps", all(&txn, tables::STEPS)),
        ("undone", all(&txn, tables::UNDONE)),
        ("covers", all(&txn, tables::COVERS)),
        ("notes", all(&txn, tables::NOTES)),
        ("read_with", all(&txn, tables::READ_WITH)),
        ("edits", all(&txn, tables::EDITS)),
    ])
}

/// Names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
