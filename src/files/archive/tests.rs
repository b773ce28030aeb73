//! Archives are read back with the crate's own reader.

#![allow(clippy::unwrap_used)]
use super::*;
use crate::sys::paths::to_bytes;
use crate::sys::rooted::{Bounds, Reach};
use std::io::{Cursor, Seek, SeekFrom};
use zip::ZipArchive;

fn item(name: &str, path: &Path) -> Item {
    let file = Bounds::new([], false).check(&to_bytes(path), Reach::Within).unwrap();
    Item { name: name.into(), file, seen: Seen::of(&std::fs::metadata(path).unwrap()) }
}

fn read_back(archive: Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let mut archive = ZipArchive::new(Cursor::new(archive)).unwrap();
    let len = archive.len();
    let entry = |nth| {
        let mut entry = archive.by_index(nth).unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        (entry.name().unwrap().into_owned(), content)
    };
    (0..len).map(entry).collect()
}

#[test]
fn what_was_packed_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let long: Vec<u8> = (0..1_000_000_u32).flat_map(|n| (n / 7).to_le_bytes()).collect();
    let contents = [&b""[..], b"x", &long];
    let mut items = Vec::new();
    for (nth, content) in contents.iter().enumerate() {
        let path = folder.path().join(nth.to_string());
        std::fs::write(&path, content).unwrap();
        items.push(item(&format!("猫 {nth}.png"), &path));
    }
    let [stored, deflated] = [Packing::Stored, Packing::Deflated].map(|packing| {
        let archive = pack(&items, packing, Vec::new()).unwrap();
        let len = archive.len();
        let entries = read_back(archive);
        for (nth, (name, content)) in entries.iter().enumerate() {
            assert_eq!((name.as_str(), content.as_slice()), (items[nth].name.as_str(), contents[nth]));
        }
        assert_eq!(entries.len(), 3);
        len
    });
    assert!(stored > long.len() && deflated < long.len() / 2, "{stored} {deflated}");
    assert_eq!(read_back(pack(&[], Packing::Stored, Vec::new()).unwrap()), []);
}

#[test]
fn names_that_are_not_ascii_say_that_they_are_utf_8() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    std::fs::write(&path, "x").unwrap();
    for (name, flag) in [("ü.png", 0x08), ("u.png", 0x00)] {
        let archive = pack(&[item(name, &path)], Packing::Stored, Vec::new()).unwrap();
        assert_eq!(archive[7] & 0x08, flag, "{name}, local header");
        let central = archive.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
        assert_eq!(archive[central + 9] & 0x08, flag, "{name}, directory");
    }
}

#[test]
fn more_files_than_sixteen_bits_count() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    std::fs::write(&path, "x").unwrap();
    let items: Vec<Item> = (0..70_000).map(|nth| item(&nth.to_string(), &path)).collect();
    let archive = pack(&items, Packing::Stored, Vec::new()).unwrap();
    let mut archive = ZipArchive::new(Cursor::new(archive)).unwrap();
    assert_eq!(archive.len(), 70_000);
    let mut last = archive.by_name("69999").unwrap();
    let mut content = String::new();
    last.read_to_string(&mut content).unwrap();
    assert_eq!(content, "x");
}

/// A file on which stretches of zeros take no room.
struct Sparse {
    file: File,
    len: u64,
    zeros: Vec<u8>,
}

impl Write for Sparse {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.zeros.starts_with(bytes) {
            true => drop(self.file.seek(SeekFrom::Current(bytes.len() as i64))?),
            false => self.file.write_all(bytes)?,
        }
        self.len += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.set_len(self.len)
    }
}

#[test]
fn a_file_longer_than_thirty_two_bits_count() {
    let folder = tempfile::tempdir().unwrap();
    let (long, short) = (folder.path().join("long"), folder.path().join("short"));
    let len = (4 << 30) + 12_345;
    let mut file = File::create(&long).unwrap();
    file.seek(SeekFrom::Start(len - 3)).unwrap();
    file.write_all(b"end").unwrap();
    std::fs::write(&short, "short").unwrap();
    let archive = folder.path().join("archive");
    let file = File::options().read(true).write(true).create_new(true).open(archive).unwrap();
    let items = [item("long", &long), item("short", &short)];
    let mut packed =
        pack(&items, Packing::Stored, Sparse { file, len: 0, zeros: vec![0; CHUNK_BYTES] }).unwrap();
    packed.flush().unwrap();
    assert!(packed.len > len);
    let mut archive = ZipArchive::new(packed.file).unwrap();
    assert_eq!(archive.by_name("long").unwrap().size(), len);
    // Lies beyond what 32 bits reach.
    let mut content = String::new();
    archive.by_name("short").unwrap().read_to_string(&mut content).unwrap();
    assert_eq!(content, "short");
    // The check of its sum comes with its last byte.
    let mut long = archive.by_name("long").unwrap();
    assert_eq!(io::copy(&mut long, &mut io::sink()).unwrap(), len);
}

/// Does something when so many bytes came, once.
struct Halfway<F: FnMut()> {
    bytes: Vec<u8>,
    at: usize,
    then: F,
}

impl<F: FnMut()> Write for Halfway<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() < self.at && self.bytes.len() + bytes.len() >= self.at {
            (self.then)();
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_file_that_changes_while_it_is_packed_ends_the_archive() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    type Change = (&'static str, fn(&Path));
    let changes: [Change; 5] = [
        ("grows", |path| File::options().append(true).open(path).unwrap().write_all(b"more").unwrap()),
        ("shrinks", |path| File::options().write(true).open(path).unwrap().set_len(300_000).unwrap()),
        ("is rewritten", |path| {
            let mut file = File::options().write(true).open(path).unwrap();
            file.write_all(&[9; 100]).unwrap();
            file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        }),
        ("is another", |path| {
            std::fs::remove_file(path).unwrap();
            std::fs::write(path, vec![3; 1_000_000]).unwrap();
        }),
        ("is gone", |path| std::fs::remove_file(path).unwrap()),
    ];
    for (what, change) in changes {
        std::fs::write(&path, vec![7; 1_000_000]).unwrap();
        // Twice, so that replacing it shows when it is opened for the second time.
        let items = [item("a", &path), item("b", &path)];
        let mut kept = Vec::new();
        let to = Halfway { bytes: Vec::new(), at: 400_000, then: || change(&path) };
        let error = pack(&items, Packing::Stored, Tee { to, kept: &mut kept }).err();
        let is_told = match what {
            "is gone" => matches!(error, Some(PackError::Read(_))),
            _ => matches!(error, Some(PackError::Changed(_))),
        };
        assert!(is_told, "{what}: {error:?}");
        assert!(ZipArchive::new(Cursor::new(kept)).is_err(), "{what}: what was written is no archive");
    }
}

/// Keeps what was written, whatever becomes of the writer.
struct Tee<'a, W> {
    to: W,
    kept: &'a mut Vec<u8>,
}

impl<W: Write> Write for Tee<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.kept.extend_from_slice(bytes);
        self.to.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Takes so many bytes and no more.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_archive_that_cannot_be_written_is_none_wherever_that_happens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    std::fs::write(&path, vec![7; 1000]).unwrap();
    let items = [item("a", &path), item("b", &path)];
    let len = pack(&items, Packing::Stored, Vec::new()).unwrap().len();
    for room in 0..len {
        let error = pack(&items, Packing::Stored, Full(room)).err();
        assert!(matches!(error, Some(PackError::Write(_))), "{room} of {len}: {error:?}");
    }
    assert!(pack(&items, Packing::Stored, Full(len)).is_ok());
}

#[test]
fn a_link_or_pipe_in_the_place_of_a_file_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("file"), folder.path().join("link"));
    std::fs::write(&file, "x").unwrap();
    std::fs::write(&link, "x").unwrap();
    let judged = item("a", &link);
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    assert!(matches!(pack(&[judged], Packing::Stored, io::sink()), Err(PackError::Read(_))));
}

#[test]
fn equal_names_are_told_apart_and_harmful_ones_made_harmless() {
    let names: Vec<&[u8]> = vec![
        b"a.png",
        b"a.png",
        b"A.PNG",
        b"a (2).png",
        b"noext",
        b"noext",
        b".hidden",
        b".hidden",
        b"x.tar.gz",
        b"x.tar.gz",
        "ü".as_bytes(),
        "Ü".as_bytes(),
        b"caf\xe9.png",
        b"..\\..\\evil.png",
        b"C:evil.png",
        b"a\nb\x1b.png",
        b"..",
        b"",
        b"a..b.png",
    ];
    let apart = told_apart(names);
    assert_eq!(
        apart,
        [
            "a.png",
            "a (2).png",
            "A (3).PNG",
            "a (2) (2).png",
            "noext",
            "noext (2)",
            ".hidden",
            ".hidden (2)",
            "x.tar.gz",
            "x.tar (2).gz",
            "ü",
            "Ü (2)",
            "caf\u{fffd}E9.png",
            ".._.._evil.png",
            "C_evil.png",
            "a_b_.png",
            "_",
            "_ (2)",
            "a..b.png",
        ]
    );
    let many = told_apart(std::iter::repeat_n(&b"same.png"[..], 50_000));
    assert_eq!(many.iter().collect::<HashSet<_>>().len(), 50_000);
    assert_eq!(many[49_999], "same (50000).png");
}
