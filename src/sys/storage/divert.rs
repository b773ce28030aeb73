//! A stored file under the redb engine that goes on answering reads when the disk fails.
//!
//! The engine refuses everything, reads too, once an operation of its backend has failed. So this
//! backend does not let it know: from the first failure on it leaves the file alone, keeps what
//! is written in memory, and remembers the failure for its owner, who asks after each commit and
//! opens the file anew when it can be written again. Snapshots taken before stay whole for as
//! long as someone holds them, because nothing touches the file under them any more.
//!
//! Of the format it knows one thing: the first page is the header, and by writing and syncing it
//! a commit becomes real. The header as of the last sync that succeeded is kept; opening the file
//! with it gives exactly what had been made durable, however far a failed commit came.

use super::{Open, Storage, StoredFile};
use parking_lot::{Mutex, RwLock};
use redb::StorageBackend;
use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes of a page, and so of what is kept of the header.
const PAGE: usize = 4096;

/// See the module. Clones share it.
#[derive(Clone, Debug)]
pub struct Diverting {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: Arc<dyn StoredFile>,
    /// Set before anything that failed, or was built on a failure, can be seen.
    has_failed: AtomicBool,
    /// A read failed, so the engine refuses everything.
    is_refusing: AtomicBool,
    header: Mutex<Header>,
    /// What stands in memory instead of in the file; `None` while the file can be written.
    diverted: RwLock<Option<Diverted>>,
    failure: Mutex<Option<io::Error>>,
}

#[derive(Debug)]
struct Header {
    /// As of the last sync; empty for a file that was empty.
    durable: Vec<u8>,
    /// With what was written since.
    written: Vec<u8>,
    /// A change of the header was written, or diverted, that no sync made durable.
    is_dirty: bool,
}

#[derive(Debug)]
struct Diverted {
    len: u64,
    /// The file counts up to here; beyond stood something that was cut off.
    of_file: u64,
    pages: HashMap<u64, Box<[u8; PAGE]>>,
}

impl Diverting {
    /// Over a file that can be written.
    ///
    /// # Errors
    /// When its header cannot be read.
    pub fn over(file: Arc<dyn StoredFile>) -> io::Result<Self> {
        let mut header = vec![0; file.len()?.min(PAGE as u64) as usize];
        file.read_at(0, &mut header)?;
        Ok(Self::with(file, header, None))
    }

    /// Over a file that is only read: opened with this header, what the engine writes is kept in
    /// memory from the beginning.
    ///
    /// # Errors
    /// When the file's length cannot be had.
    pub fn reading(file: Arc<dyn StoredFile>, header: Vec<u8>) -> io::Result<Self> {
        let mut diverted = Diverted::beginning_at(file.len()?);
        diverted.write(&*file, 0, &header)?;
        Ok(Self::with(file, header, Some(diverted)))
    }

    /// Over a file as it stands: nothing is ever written to it, and what the engine writes is kept in memory.
    ///
    /// # Errors
    /// When it cannot be opened or read.
    pub fn as_it_stands(storage: &dyn Storage, path: &Path) -> io::Result<Self> {
        let file = storage.open(path, Open::Read)?;
        let mut header = vec![0; file.len()?.min(PAGE as u64) as usize];
        file.read_at(0, &mut header)?;
        Self::reading(file, header)
    }

    fn with(file: Arc<dyn StoredFile>, header: Vec<u8>, diverted: Option<Diverted>) -> Self {
        let header = Header { durable: header.clone(), written: header, is_dirty: false };
        let inner = Inner {
            file,
            has_failed: AtomicBool::new(false),
            is_refusing: AtomicBool::new(false),
            header: Mutex::new(header),
            diverted: RwLock::new(diverted),
            failure: Mutex::new(None),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Whether the disk has failed below it.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.inner.has_failed.load(Ordering::SeqCst)
    }

    /// How the disk failed first.
    #[must_use]
    pub fn failure(&self) -> Option<io::Error> {
        self.inner.failure.lock().as_ref().map(copy)
    }

    /// Whether the last commit the engine believes in may not be durable.
    #[must_use]
    pub fn has_lost(&self) -> bool {
        self.has_failed() && self.inner.header.lock().is_dirty
    }

    /// Whether the engine still reads, and a snapshot begun before this was asked holds nothing
    /// but what is durable.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        !self.has_failed()
            || (!self.inner.is_refusing.load(Ordering::SeqCst) && !self.inner.header.lock().is_dirty)
    }

    /// The header that was last made durable.
    #[must_use]
    pub fn durable_header(&self) -> Vec<u8> {
        self.inner.header.lock().durable.clone()
    }
}

impl Inner {
    /// Does it to the file, or, when that fails or has failed, in memory.
    fn change(
        &self,
        really: impl FnOnce(&dyn StoredFile) -> io::Result<()>,
        in_memory: impl FnOnce(&mut Diverted) -> io::Result<()>,
    ) -> io::Result<()> {
        // Shared, so that nobody who reads waits for a sync.
        let still = self.diverted.read();
        if still.is_none() {
            let Err(error) = really(&*self.file) else { return Ok(()) };
            self.fail(error);
        }
        drop(still);
        let mut diverted = self.diverted.write();
        if diverted.is_none() {
            *diverted = Some(Diverted::beginning_at(self.file.len()?));
        }
        diverted.as_mut().map_or(Ok(()), in_memory)
    }

    fn fail(&self, error: io::Error) {
        let mut failure = self.failure.lock();
        if failure.is_none() {
            *failure = Some(error);
        }
        self.has_failed.store(true, Ordering::SeqCst);
    }
}

impl Diverted {
    fn beginning_at(len: u64) -> Self {
        Self { len, of_file: len, pages: HashMap::new() }
    }

    fn write(&mut self, file: &dyn StoredFile, offset: u64, data: &[u8]) -> io::Result<()> {
        let end = offset + data.len() as u64;
        let mut at = offset;
        while at < end {
            let (nth, from) = (at / PAGE as u64, (at % PAGE as u64) as usize);
            let n = (PAGE - from).min((end - at) as usize);
            let page = match self.pages.entry(nth) {
                std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::hash_map::Entry::Vacant(place) => {
                    let mut page = Box::new([0; PAGE]);
                    if n < PAGE {
                        read_some(file, self.of_file, nth * PAGE as u64, &mut page[..])?;
                    }
                    place.insert(page)
                }
            };
            let taken = (at - offset) as usize;
            page[from..from + n].copy_from_slice(&data[taken..taken + n]);
            at += n as u64;
        }
        self.len = self.len.max(end);
        Ok(())
    }

    fn read(&self, file: &dyn StoredFile, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let end = offset + out.len() as u64;
        if end > self.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let (first, last) = (offset / PAGE as u64, end.div_ceil(PAGE as u64));
        if !(first..last).all(|nth| self.pages.contains_key(&nth)) {
            read_some(file, self.of_file, offset, out)?;
        }
        for nth in first..last {
            let Some(page) = self.pages.get(&nth) else { continue };
            let start = nth * PAGE as u64;
            let (from, to) = (offset.max(start), end.min(start + PAGE as u64));
            out[(from - offset) as usize..(to - offset) as usize]
                .copy_from_slice(&page[(from - start) as usize..(to - start) as usize]);
        }
        Ok(())
    }

    /// What lies beyond a cut must be zeros when the file grows again.
    fn set_len(&mut self, len: u64) {
        if len < self.len {
            self.pages.retain(|nth, _| nth * (PAGE as u64) < len);
            let within = (len % PAGE as u64) as usize;
            if let Some(page) = self.pages.get_mut(&(len / PAGE as u64)) {
                page[within..].fill(0);
            }
        }
        self.len = len;
        self.of_file = self.of_file.min(len);
    }
}

/// As much as the file has up to `end`; zeros for the rest.
fn read_some(file: &dyn StoredFile, end: u64, offset: u64, out: &mut [u8]) -> io::Result<()> {
    let there = (end.min(file.len()?).saturating_sub(offset) as usize).min(out.len());
    out[there..].fill(0);
    if there == 0 {
        return Ok(());
    }
    file.read_at(offset, &mut out[..there])
}

impl StorageBackend for Diverting {
    fn len(&self) -> io::Result<u64> {
        match &*self.inner.diverted.read() {
            Some(diverted) => Ok(diverted.len),
            None => self.inner.file.len(),
        }
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let inner = &*self.inner;
        let read = match &*inner.diverted.read() {
            Some(diverted) => diverted.read(&*inner.file, offset, out),
            None => inner.file.read_at(offset, out),
        };
        // From here on the engine refuses everything; its owner has to open the file anew.
        read.inspect_err(|error| {
            inner.is_refusing.store(true, Ordering::SeqCst);
            inner.fail(copy(error));
        })
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.inner.change(
            |file| file.set_len(len),
            |diverted| {
                diverted.set_len(len);
                Ok(())
            },
        )
    }

    fn sync_data(&self) -> io::Result<()> {
        let inner = &*self.inner;
        inner.change(
            |file| {
                let written = inner.header.lock().written.clone();
                file.sync()?;
                let mut header = inner.header.lock();
                header.is_dirty = header.written != written;
                header.durable = written;
                Ok(())
            },
            |_| Ok(()),
        )
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let inner = &*self.inner;
        if offset < PAGE as u64 {
            let mut header = inner.header.lock();
            let (from, n) = (offset as usize, data.len().min(PAGE - offset as usize));
            let len = header.written.len().max(from + n);
            header.written.resize(len, 0);
            header.written[from..from + n].copy_from_slice(&data[..n]);
            header.is_dirty = true;
        }
        inner
            .change(|file| file.write_at(offset, data), |diverted| diverted.write(&*inner.file, offset, data))
    }
}

/// Errors of the system are copied with their number, so that their kind stays.
fn copy(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    /// A file in memory that can be made to fail.
    #[derive(Debug, Default)]
    struct Toy {
        bytes: Mutex<Vec<u8>>,
        is_broken: AtomicBool,
    }

    impl Toy {
        fn change(&self, change: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
            if self.is_broken.load(Ordering::SeqCst) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            change(&mut self.bytes.lock());
            Ok(())
        }
    }

    impl StoredFile for Toy {
        fn len(&self) -> io::Result<u64> {
            Ok(self.bytes.lock().len() as u64)
        }

        fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
            let bytes = self.bytes.lock();
            let there = bytes.get(offset as usize..offset as usize + buffer.len());
            buffer.copy_from_slice(there.ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        }

        fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            self.change(|bytes| write(bytes, offset as usize, data))
        }

        fn set_len(&self, len: u64) -> io::Result<()> {
            self.change(|bytes| bytes.resize(len as usize, 0))
        }

        fn sync(&self) -> io::Result<()> {
            self.change(|_| {})
        }
    }

    fn write(bytes: &mut Vec<u8>, offset: usize, data: &[u8]) {
        bytes.resize(bytes.len().max(offset + data.len()), 0);
        bytes[offset..offset + data.len()].copy_from_slice(data);
    }

    #[derive(Clone, Debug)]
    enum Op {
        Write(usize, Vec<u8>),
        SetLen(usize),
        Break,
    }

    fn op() -> impl Strategy<Value = Op> {
        let places = prop_oneof![0..5 * PAGE, Just(PAGE), Just(2 * PAGE), Just(PAGE - 1)];
        prop_oneof![
            6 => (places.clone(), 1..2 * PAGE + 2, 1u8..).prop_map(|(at, n, with)| Op::Write(at, vec![with; n])),
            2 => places.prop_map(Op::SetLen),
            1 => Just(Op::Break),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn whoever_uses_it_does_not_notice_and_the_file_is_left_alone(ops in prop::collection::vec(op(), 1..30)) {
            let toy = Arc::new(Toy::default());
            let diverting = Diverting::over(Arc::clone(&toy) as Arc<dyn StoredFile>).unwrap();
            let (mut expected, mut at_failure) = (Vec::new(), None);
            for op in ops {
                match op {
                    Op::Write(at, data) => {
                        diverting.write(at as u64, &data).unwrap();
                        write(&mut expected, at, &data);
                    }
                    Op::SetLen(len) => {
                        diverting.set_len(len as u64).unwrap();
                        expected.resize(len, 0);
                    }
                    Op::Break => toy.is_broken.store(true, Ordering::SeqCst),
                }
                if diverting.has_failed() && at_failure.is_none() {
                    at_failure = Some(toy.bytes.lock().clone());
                    // It works again, and is not to be touched all the same.
                    toy.is_broken.store(false, Ordering::SeqCst);
                }
                prop_assert_eq!(diverting.len().unwrap(), expected.len() as u64);
                let mut read = vec![0; expected.len()];
                diverting.read(0, &mut read).unwrap();
                prop_assert!(read == expected);
                let half = expected.len() / 2;
                diverting.read(half as u64, &mut read[half..]).unwrap();
                prop_assert!(read == expected);
            }
            prop_assert!(at_failure.is_none_or(|bytes| *toy.bytes.lock() == bytes));
        }
    }

    #[test]
    fn a_header_counts_once_it_is_synced() {
        let toy = Arc::new(Toy::default());
        let diverting = Diverting::over(Arc::clone(&toy) as Arc<dyn StoredFile>).unwrap();
        diverting.write(0, b"one").unwrap();
        assert_eq!(diverting.durable_header(), b"");
        diverting.sync_data().unwrap();
        diverting.write(0, b"two").unwrap();
        assert_eq!((diverting.durable_header(), diverting.is_sound()), (b"one".to_vec(), true));
        toy.is_broken.store(true, Ordering::SeqCst);
        diverting.sync_data().unwrap();
        assert_eq!(diverting.failure().unwrap().kind(), io::ErrorKind::StorageFull);
        assert!(diverting.has_lost() && !diverting.is_sound());
        assert_eq!(diverting.durable_header(), b"one");

        let reading = Diverting::reading(toy, diverting.durable_header()).unwrap();
        let mut read = [0; 3];
        reading.read(0, &mut read).unwrap();
        assert_eq!((&read, reading.has_failed()), (b"one", false));
    }
}
