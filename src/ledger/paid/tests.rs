//! What was put is there, after a restart, a failed disk and a copy.

#![allow(clippy::unwrap_used)]

use super::{Merged, Paid, PaidCopyError, PaidError, PromptHash};
use crate::sys::storage::{Disk, Open, Storage, StoredFile};
use crate::sys::{Stop, Stopper};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const MODEL: &str = "text-embedding-3-small";

fn hash(n: u8) -> PromptHash {
    [n; 32]
}

fn filled(paid: &Paid, numbers: impl Iterator<Item = u8>) {
    let vectors: Vec<_> = numbers.map(|n| (hash(n), vec![f32::from(n), -0.5, f32::MIN_POSITIVE])).collect();
    paid.put_vectors(MODEL, &vectors).unwrap();
}

#[test]
fn nothing_is_made_by_asking() {
    let dir = tempfile::tempdir().unwrap();
    let paid = Paid::at(&dir.path().join("paid.redb"));
    assert_eq!(paid.vectors(MODEL, &[hash(1)]).unwrap(), [None]);
    assert_eq!(paid.known(MODEL, &[hash(1)]).unwrap(), [false]);
    assert_eq!(paid.failures(MODEL, &[hash(1)]).unwrap(), [None]);
    assert_eq!((paid.title("x").unwrap(), paid.abstraction("x").unwrap()), (None, None));
    assert_eq!(paid.stats(MODEL).unwrap(), super::Stats::default());
    paid.put_vectors(MODEL, &[]).unwrap();
    assert_eq!(paid.copy_into(&dir.path().join("copy"), &Stop::never()).unwrap(), Merged::default());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn what_was_put_is_there_to_the_bit_and_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("paid.redb");
    let paid = Paid::at(&path);
    filled(&paid, 0..20);
    paid.put_vectors("other", &[(hash(3), vec![1.0])]).unwrap();
    paid.put_failures(MODEL, &[(hash(50), "too long".into()), (hash(3), "no matter".into())]).unwrap();
    paid.put_title("fox", "{\"title\":\"Foxes\"}").unwrap();
    paid.put_title("fox", "{\"title\":\"Red foxes\"}").unwrap();
    paid.put_abstraction("tags", "[]").unwrap();
    for paid in [&paid, &Paid::at(&path)] {
        let found = paid.vectors(MODEL, &[hash(7), hash(99), hash(0)]).unwrap();
        assert_eq!(found[0].as_ref().unwrap(), &[7.0, -0.5, f32::MIN_POSITIVE]);
        assert_eq!((&found[1], found[2].as_ref().unwrap()[0]), (&None, 0.0));
        assert_eq!(paid.vectors("other", &[hash(7), hash(3)]).unwrap(), [None, Some(vec![1.0])]);
        assert_eq!(paid.known(MODEL, &[hash(20), hash(19)]).unwrap(), [false, true]);
        let failures = paid.failures(MODEL, &[hash(50), hash(3)]).unwrap();
        assert_eq!(failures, [Some("too long".to_owned()), None]);
        assert_eq!(paid.title("fox").unwrap().unwrap(), "{\"title\":\"Red foxes\"}");
        assert_eq!(paid.abstraction("tags").unwrap().unwrap(), "[]");
        let (stats, other) = (paid.stats(MODEL).unwrap(), paid.stats("other").unwrap());
        assert_eq!((stats.count, other.count), (20, 1));
        assert!(stats.max_updated_at.unwrap() <= other.max_updated_at.unwrap());
        assert_eq!(paid.models().unwrap(), ["other", MODEL]);
    }
    // A vector makes a failure good, and stays what it was when it comes again.
    let before = paid.stats(MODEL).unwrap();
    paid.put_vectors(MODEL, &[(hash(50), vec![4.0]), (hash(7), vec![9.0])]).unwrap();
    assert_eq!(paid.failures(MODEL, &[hash(50)]).unwrap(), [None]);
    assert_eq!(paid.vectors(MODEL, &[hash(7)]).unwrap()[0].as_ref().unwrap()[0], 7.0);
    assert_eq!(paid.stats(MODEL).unwrap().count, before.count + 1);
}

#[test]
fn a_vector_that_is_replaced_is_another_in_copies_too_and_no_backup_brings_the_old_one_back() {
    let dir = tempfile::tempdir().unwrap();
    let (paid, copy) = (Paid::at(&dir.path().join("paid.redb")), dir.path().join("copy"));
    filled(&paid, 0..3);
    paid.copy_into(&copy, &Stop::never()).unwrap();
    std::fs::copy(&copy, dir.path().join("old")).unwrap();
    let before = paid.stats(MODEL).unwrap();
    paid.replace_vectors(MODEL, &[(hash(1), vec![9.0]), (hash(7), vec![8.0])]).unwrap();
    let wanted = [Some(vec![0.0, -0.5, f32::MIN_POSITIVE]), Some(vec![9.0]), Some(vec![8.0])];
    let hashes = [hash(0), hash(1), hash(7)];
    assert_eq!(paid.vectors(MODEL, &hashes).unwrap(), wanted);
    assert_eq!(paid.stats(MODEL).unwrap().count, before.count + 1);
    paid.copy_into(&copy, &Stop::never()).unwrap();
    assert_eq!(Paid::at(&copy).vectors(MODEL, &hashes).unwrap(), wanted);
    paid.merge_from(&dir.path().join("old"), dir.path(), &Stop::never()).unwrap();
    assert_eq!(paid.vectors(MODEL, &hashes).unwrap(), wanted);
}

#[test]
fn a_file_that_is_something_else_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("paid.redb");
    let ledger = crate::ledger::Ledger::open(&path).unwrap();
    drop(ledger);
    let before = std::fs::read(&path).unwrap();
    let paid = Paid::at(&path);
    // A ledger has a format too; this one is newer than any of ours, or foreign, and never taken for ours.
    assert!(matches!(
        paid.put_title("x", "1"),
        Err(PaidError::Newer { .. } | PaidError::Foreign { .. } | PaidError::Store { .. })
    ));
    assert!(paid.failure().is_some());
    drop(paid);
    std::fs::write(&path, "rubbish").unwrap();
    assert!(Paid::at(&path).title("x").is_err());
    assert_eq!(std::fs::read(&path).unwrap(), b"rubbish");
    assert!(!before.is_empty());
}

/// All rows of a file, by key.
fn shown(paid: &Paid) -> BTreeMap<String, String> {
    let mut shown = BTreeMap::new();
    for model in paid.models().unwrap() {
        for n in 0..=255 {
            let (vector, why) =
                (paid.vectors(&model, &[hash(n)]).unwrap(), paid.failures(&model, &[hash(n)]).unwrap());
            if vector[0].is_some() || why[0].is_some() {
                shown.insert(format!("{model} {n}"), format!("{vector:?} {why:?}"));
            }
        }
        shown.insert(model.clone(), paid.stats(&model).unwrap().count.to_string());
    }
    for key in ["fox", "cat"] {
        shown.insert(format!("title {key}"), format!("{:?}", paid.title(key).unwrap()));
        shown.insert(format!("abstraction {key}"), format!("{:?}", paid.abstraction(key).unwrap()));
    }
    shown
}

#[test]
fn a_copy_takes_what_is_new_and_brings_back_what_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let (path, copy) = (dir.path().join("paid.redb"), dir.path().join("copy.redb"));
    let paid = Paid::at(&path);
    filled(&paid, 0..100);
    paid.put_failures(MODEL, &[(hash(200), "too long".into())]).unwrap();
    paid.put_title("fox", "1").unwrap();
    let never = Stop::never();
    assert_eq!(paid.copy_into(&copy, &never).unwrap(), Merged { rows: 102, added: 102 });
    assert_eq!(paid.copy_into(&copy, &never).unwrap(), Merged::default());
    filled(&paid, 90..110);
    paid.put_vectors("second", &[(hash(1), vec![2.0])]).unwrap();
    paid.put_vectors(MODEL, &[(hash(200), vec![2.0])]).unwrap();
    paid.put_title("fox", "2").unwrap();
    // Only what came since is looked at.
    assert_eq!(paid.copy_into(&copy, &never).unwrap(), Merged { rows: 13, added: 13 });
    let whole = shown(&paid);
    assert_eq!(shown(&Paid::at(&copy)), whole);
    drop(paid);
    // Lost, and something else was paid for since.
    std::fs::remove_file(&path).unwrap();
    let anew = Paid::at(&path);
    anew.put_vectors("third", &[(hash(9), vec![3.0])]).unwrap();
    anew.put_title("fox", "3").unwrap();
    anew.put_title("cat", "4").unwrap();
    let back = anew.merge_from(&copy, dir.path(), &never).unwrap();
    assert_eq!(back.added, 112);
    let both = shown(&anew);
    assert_eq!(both["title fox"], "Some(\"3\")", "what is there now counts");
    assert!(
        whole.iter().all(|(key, row)| key == "title fox" || both.get(key) == Some(row) || key == "title cat")
    );
    assert_eq!(anew.merge_from(&copy, dir.path(), &never).unwrap().added, 0);
    // The copy of the lost file takes in the new one, and loses nothing.
    anew.copy_into(&copy, &never).unwrap();
    assert_eq!(shown(&Paid::at(&copy)), both);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left beside");
}

#[test]
fn a_damaged_copy_is_made_anew_and_never_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let (path, copy) = (dir.path().join("paid.redb"), dir.path().join("copy.redb"));
    let paid = Paid::at(&path);
    filled(&paid, 0..100);
    paid.copy_into(&copy, &Stop::never()).unwrap();
    let sound = std::fs::read(&copy).unwrap();
    for cut in [0, 100, sound.len() / 2] {
        std::fs::write(&copy, &sound[..cut]).unwrap();
        let refused = paid.merge_from(&copy, dir.path(), &Stop::never());
        assert!(refused.is_err() || refused.unwrap().added == 0, "cut at {cut}");
        paid.copy_into(&copy, &Stop::never()).unwrap();
        assert_eq!(shown(&Paid::at(&copy)), shown(&paid), "cut at {cut}");
    }
    let stopper = Stopper::new();
    stopper.trigger();
    let stopped = paid.copy_into(&dir.path().join("another"), &stopper.stop());
    assert!(matches!(stopped, Err(PaidCopyError::Stopped)));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left of it");
}

/// A disk on which the nth change from now on fails, and all after it.
#[derive(Clone, Debug, Default)]
struct Failing {
    left: Arc<AtomicU64>,
    is_broken: Arc<AtomicBool>,
}

impl Failing {
    fn change<T>(&self, really: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err() {
            self.is_broken.store(true, Ordering::SeqCst);
            return Err(io::ErrorKind::StorageFull.into());
        }
        really()
    }
}

#[derive(Debug)]
struct FailingFile(Failing, Arc<dyn StoredFile>);

impl Storage for Failing {
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn StoredFile>> {
        Ok(Arc::new(FailingFile(self.clone(), Disk.open(path, how)?)))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change(|| Disk.rename(from, to))
    }
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        Disk.remove_file(path)
    }
    fn create_folders(&self, path: &Path) -> io::Result<()> {
        self.change(|| Disk.create_folders(path))
    }
    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.change(|| Disk.remove_folder(path))
    }
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.change(|| Disk.sync_folder(path))
    }
}

impl StoredFile for FailingFile {
    fn len(&self) -> io::Result<u64> {
        self.1.len()
    }
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.1.read_at(offset, buffer)
    }
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.change(|| self.1.write_at(offset, bytes))
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.change(|| self.1.set_len(len))
    }
    fn sync(&self) -> io::Result<()> {
        self.0.change(|| self.1.sync())
    }
}

#[test]
fn a_failing_disk_costs_only_what_it_refused() {
    let mut n_failed = 0;
    for nth in 0.. {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("paid.redb");
        let disk = Failing::default();
        disk.left.store(nth, Ordering::SeqCst);
        let paid = Paid::on(Arc::new(disk.clone()), &path);
        let mut kept = Vec::new();
        for n in 0..4 {
            let put = paid.put_vectors(MODEL, &[(hash(n), vec![f32::from(n)])]);
            if put.is_ok() {
                kept.push(n);
            } else {
                assert!(paid.failure().is_some(), "change {nth}");
            }
            // Reads go on, and show what was kept.
            let known = paid.known(MODEL, &kept.iter().copied().map(hash).collect::<Vec<_>>()).unwrap();
            assert!(known.iter().all(|known| *known), "change {nth}, after {n}");
        }
        let was_hit = disk.is_broken.load(Ordering::SeqCst);
        n_failed += u64::from(was_hit);
        // The disk works again, and so does the same handle.
        disk.left.store(u64::MAX, Ordering::SeqCst);
        paid.put_vectors(MODEL, &[(hash(9), vec![9.0])]).unwrap();
        assert_eq!(paid.failure(), None, "change {nth}");
        kept.push(9);
        let all: Vec<PromptHash> = (0..10).map(hash).collect();
        let known = paid.known(MODEL, &all).unwrap();
        for n in 0..10 {
            assert_eq!(known[usize::from(n)], kept.contains(&n), "change {nth}, vector {n}");
        }
        assert_eq!(paid.stats(MODEL).unwrap().count, kept.len() as u64, "change {nth}");
        drop(paid);
        assert_eq!(Paid::at(&path).stats(MODEL).unwrap().count, kept.len() as u64, "change {nth}, again");
        if !was_hit {
            break;
        }
    }
    assert!(n_failed > 10, "only {n_failed} failures");
}
