//! The SQLite database of infinite-image-browsing, opened so that nothing about it is changed, and read so that
//! nothing in it can do harm. It has no schema number: tables and columns are looked for by name.
//!
//! Only plain tables are read, for a view could be any program. What a value may take is bounded in the
//! statement itself, and so is the number of rows: a damaged tree can lead to the same page for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};

use lumidex::sys::Stop;

use super::ImportError;
use super::complaints::Complaints;

/// What a database begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// The byte of the header that says how it is read: 2 is by way of a log beside it.
const READ_VERSION_AT: usize = 19;
/// Files beside the database that hold part of it.
const BESIDE: [&str; 2] = ["-wal", "-journal"];
/// No value is larger; those that are read have bounds of their own.
const VALUE_BYTES_MAX: i32 = 64 << 20;
/// What SQLite may take in all.
const HEAP_BYTES_MAX: i64 = 256 << 20;
/// Steps of a statement between two looks whether to stop.
const STEPS: i32 = 100_000;
/// Bytes that a row takes at least.
const ROW_BYTES_MIN: u64 = 4;
/// Rows read of a table.
const ROWS_MAX: u64 = 256 << 20;
/// How long to wait for somebody who writes.
const BUSY: Duration = Duration::from_secs(5);

/// An open database.
pub(super) struct Database {
    connection: Connection,
    tables: BTreeMap<String, BTreeSet<String>>,
    rows_max: u64,
    stop: Stop,
    // Dropped last: the connection is on it.
    _copy: Option<tempfile::TempDir>,
}

impl Database {
    /// Opens the file, or a copy of it where part of it stands in a file beside it.
    pub(super) fn open(path: &Path, stop: &Stop) -> Result<Self, ImportError> {
        let header = header_of(path).map_err(|source| ImportError::File { path: path.to_owned(), source })?;
        if header.get(..MAGIC.len()) != Some(MAGIC) {
            return Err(ImportError::Foreign { path: path.to_owned() });
        }
        let unreadable = |source| ImportError::Database { path: path.to_owned(), source };
        let is_logged = header.get(READ_VERSION_AT) == Some(&2);
        let (mut connection, copy) = match has_beside(path) {
            true => {
                let (folder, copy) = copied(path)?;
                let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                (Connection::open_with_flags(copy, flags).map_err(unreadable)?, Some(folder))
            }
            false => {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
                    | OpenFlags::SQLITE_OPEN_NO_MUTEX
                    | OpenFlags::SQLITE_OPEN_URI;
                // Without a log nobody has it open, and the log is not made when the file is said not to change.
                let how = if is_logged { "immutable=1" } else { "mode=ro" };
                (Connection::open_with_flags(uri(path, how), flags).map_err(unreadable)?, None)
            }
        };
        secure(&mut connection, stop).map_err(unreadable)?;
        let bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        let rows_max = bytes.saturating_add(log_bytes(path)) / ROW_BYTES_MIN;
        let rows_max = rows_max.min(ROWS_MAX);
        let tables = tables_of(&connection).map_err(unreadable)?;
        Ok(Self { connection, tables, rows_max, stop: stop.clone(), _copy: copy })
    }

    /// Whether there is such a table.
    pub(super) fn has(&self, table: &str) -> bool {
        self.tables.contains_key(table)
    }

    /// Whether a table has such a column.
    pub(super) fn has_column(&self, table: &str, column: &str) -> bool {
        self.tables.get(table).is_some_and(|columns| columns.contains(column))
    }

    /// A column in a statement: `NULL` where there is none, -1 where a value is longer than this.
    pub(super) fn column(&self, table: &str, column: &str, bytes_max: usize) -> String {
        match self.has_column(table, column) {
            true => format!(
                "CASE WHEN octet_length(\"{table}\".\"{column}\") > {bytes_max} THEN -1 ELSE \"{table}\".\"{column}\" END"
            ),
            false => "NULL".to_owned(),
        }
    }

    /// Hands out the rows of a statement over a table. One that cannot be read to its end is complained about.
    pub(super) fn for_each(
        &self,
        table: &'static str,
        statement: &str,
        complaints: &mut Complaints,
        mut row: impl FnMut(&Row<'_>, &mut Complaints) -> Result<(), ImportError>,
    ) -> Result<(), ImportError> {
        let unread = "cannot be read to the end of the table";
        let mut prepared = match self.connection.prepare(statement) {
            Ok(prepared) => prepared,
            Err(error) => {
                complaints.add(table, unread, &error);
                return Ok(());
            }
        };
        let mut rows = match prepared.query([]) {
            Ok(rows) => rows,
            Err(error) => {
                complaints.add(table, unread, &error);
                return Ok(());
            }
        };
        let mut n = 0;
        loop {
            if self.stop.is_stopped() {
                return Err(ImportError::Stopped);
            }
            match rows.next() {
                Ok(None) => return Ok(()),
                Ok(Some(_)) if n > self.rows_max => {
                    complaints.add(table, unread, &"it has more rows than there is room for");
                    return Ok(());
                }
                Ok(Some(found)) => row(found, complaints)?,
                Err(_) if self.stop.is_stopped() => return Err(ImportError::Stopped),
                Err(error) => {
                    complaints.add(table, unread, &error);
                    return Ok(());
                }
            }
            n += 1;
        }
    }

    /// How many rows a table has, as far as that can be said.
    pub(super) fn count(&self, table: &str) -> u64 {
        if !self.has(table) {
            return 0;
        }
        let counted =
            self.connection.query_row(&format!("SELECT count(*) FROM \"{table}\""), [], |row| row.get(0));
        counted.map_or(0, |count: i64| count.unsigned_abs())
    }
}

/// A value that should be text.
pub(super) enum Text<'r> {
    /// It is.
    Is(&'r str),
    /// There is none.
    Null,
    /// It is something else, too long, or no Unicode.
    Bad,
}

pub(super) fn text<'r>(row: &'r Row<'_>, nth: usize) -> Text<'r> {
    match row.get_ref(nth) {
        Ok(ValueRef::Text(bytes)) => std::str::from_utf8(bytes).map_or(Text::Bad, Text::Is),
        Ok(ValueRef::Null) => Text::Null,
        Ok(_) | Err(_) => Text::Bad,
    }
}

/// A whole number, or `None` for everything else.
pub(super) fn number(row: &Row<'_>, nth: usize) -> Option<i64> {
    match row.get_ref(nth) {
        Ok(ValueRef::Integer(number)) => Some(number),
        Ok(_) | Err(_) => None,
    }
}

/// Bytes, or `None` for everything else.
pub(super) fn bytes<'r>(row: &'r Row<'_>, nth: usize) -> Option<&'r [u8]> {
    match row.get_ref(nth) {
        Ok(ValueRef::Blob(bytes)) => Some(bytes),
        Ok(_) | Err(_) => None,
    }
}

fn header_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut header = Vec::new();
    File::open(path)?.take(100).read_to_end(&mut header)?;
    Ok(header)
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

fn log_bytes(path: &Path) -> u64 {
    std::fs::metadata(beside(path, BESIDE[0])).map_or(0, |metadata| metadata.len())
}

fn has_beside(path: &Path) -> bool {
    BESIDE.iter().any(|end| std::fs::metadata(beside(path, end)).is_ok_and(|metadata| metadata.len() > 0))
}

/// Copies the database with what stands beside it, into a folder that goes when it is dropped.
fn copied(path: &Path) -> Result<(tempfile::TempDir, PathBuf), ImportError> {
    let file = |source| ImportError::File { path: path.to_owned(), source };
    let stamp = || -> Vec<_> {
        ["", BESIDE[0], BESIDE[1]]
            .iter()
            .map(|end| std::fs::metadata(beside(path, end)).ok())
            .map(|metadata| metadata.map(|metadata| (metadata.len(), metadata.modified().ok())))
            .collect()
    };
    let before = stamp();
    let folder = tempfile::Builder::new().prefix("lumidex-import-").tempdir().map_err(file)?;
    let copy = folder.path().join("iib.db");
    for end in ["", BESIDE[0], BESIDE[1]] {
        match std::fs::copy(beside(path, end), beside(&copy, end)) {
            Err(error) if end.is_empty() || error.kind() != io::ErrorKind::NotFound => {
                return Err(file(error));
            }
            Ok(_) | Err(_) => {}
        }
    }
    if stamp() != before {
        return Err(ImportError::Busy { path: path.to_owned() });
    }
    Ok((folder, copy))
}

/// `file:PATH?how`, with every byte that means something there written as a number.
fn uri(path: &Path, how: &str) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let bytes = lumidex::sys::paths::to_bytes(absolute);
    let mut uri = String::from("file:");
    if bytes.first() != Some(&b'/') {
        uri.push('/');
    }
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b':' => {
                uri.push(char::from(byte))
            }
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push('?');
    uri.push_str(how);
    PathBuf::from(uri)
}

/// Bounds what the database can make SQLite do.
fn secure(connection: &mut Connection, stop: &Stop) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    for setting in ["trusted_schema = OFF", "cell_size_check = ON", "query_only = ON"] {
        connection.execute_batch(&format!("PRAGMA {setting}"))?;
    }
    connection.query_row(&format!("PRAGMA hard_heap_limit = {HEAP_BYTES_MAX}"), [], |_| Ok(()))?;
    let stop = stop.clone();
    connection.progress_handler(STEPS, Some(move || stop.is_stopped()))
}

/// Plain tables with their columns.
fn tables_of(connection: &Connection) -> rusqlite::Result<BTreeMap<String, BTreeSet<String>>> {
    // The whole of what is read is one moment.
    connection.execute_batch("BEGIN")?;
    let mut plain =
        connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0")?;
    let mut names = plain.query([])?;
    let mut tables = BTreeMap::new();
    while let Some(row) = names.next()? {
        let Text::Is(name) = text(row, 0) else { continue };
        if !KNOWN.contains(&name) {
            continue;
        }
        // Without hidden and computed columns: those could be any program.
        let mut info = connection.prepare(&format!("PRAGMA table_xinfo(\"{name}\")"))?;
        let mut rows = info.query([])?;
        let mut columns = BTreeSet::new();
        while let Some(column) = rows.next()? {
            if let (Text::Is(name), Some(0)) = (text(column, 1), number(column, 6)) {
                columns.insert(name.to_owned());
            }
        }
        tables.insert(name.to_owned(), columns);
    }
    Ok(tables)
}

/// Tables that are read.
const KNOWN: [&str; 9] = [
    "image",
    "tag",
    "image_tag",
    "extra_path",
    "global_setting",
    "image_embedding",
    "image_embedding_fail",
    "topic_title_cache",
    "topic_cluster_cache",
];
