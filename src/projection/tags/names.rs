//! Folded file names and hole values by image id, laid out to be scanned.
//!
//! In chunks of [`CHUNK`] ids. A name is stored as `/name`, a hole's value as `\0digits\0`, one
//! image behind the other: a needle that holds neither mark cannot span two images, and a needle
//! that should stand at the beginning or the end can say so with the mark.

use lumidex_schema::id::ImageId;
use memchr::memmem::Finder;

/// Ids in a chunk.
pub(super) const CHUNK: usize = 4096;

/// Stands before and after each hole's value.
pub const HOLE_MARK: u8 = 0;

/// One run of bytes per image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Runs {
    pub(super) bytes: Vec<u8>,
    /// Where the run of the nth image of the chunk ends; it begins where the one before ends.
    pub(super) ends: Vec<u32>,
}

impl Runs {
    fn get(&self, nth: usize) -> &[u8] {
        let Some(end) = self.ends.get(nth) else { return &[] };
        let start = if nth == 0 { 0 } else { self.ends[nth - 1] };
        &self.bytes[start as usize..*end as usize]
    }

    fn push(&mut self, run: &[u8]) {
        self.bytes.extend_from_slice(run);
        self.ends.push(u32::try_from(self.bytes.len()).expect("a chunk stays far below 4 GiB"));
    }

    /// Replaces runs; `changes` sorted by position, each position once.
    fn change(&mut self, changes: &[(usize, Vec<u8>)]) {
        if let Some((first, _)) = changes.first()
            && *first >= self.ends.len()
        {
            for (nth, run) in changes {
                while self.ends.len() < *nth {
                    self.push(&[]);
                }
                self.push(run);
            }
            return;
        }
        let mut next = changes.iter().peekable();
        let len = self.ends.len().max(changes.last().map_or(0, |(nth, _)| nth + 1));
        let mut changed =
            Self { bytes: Vec::with_capacity(self.bytes.len() + 64), ends: Vec::with_capacity(len) };
        for nth in 0..len {
            match next.next_if(|(at, _)| *at == nth) {
                Some((_, run)) => changed.push(run),
                None => changed.push(self.get(nth)),
            }
        }
        *self = changed;
    }

    fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    fn scan(&self, finder: &Finder<'_>, mut found: impl FnMut(usize)) {
        let (mut at, mut nth) = (0, 0);
        while let Some(hit) = finder.find(&self.bytes[at..]) {
            let hit = (at + hit) as u32;
            // Hits come in order and often close together: look ahead in growing steps.
            let mut step = 1;
            while self.ends.get(nth + step).is_some_and(|end| *end <= hit) {
                nth += step;
                step *= 2;
            }
            let until = self.ends.len().min(nth + step + 1);
            nth += self.ends[nth..until].partition_point(|end| *end <= hit);
            let Some(end) = self.ends.get(nth) else { break };
            found(nth);
            // One hit is enough for the run that holds it.
            at = *end as usize;
        }
    }
}

/// See the module. Used once for names and once for holes.
#[derive(Clone, Debug, Default)]
pub struct Names {
    pub(super) chunks: Vec<Runs>,
}

impl Names {
    /// The run of an image, with its marks; empty when it has none.
    #[must_use]
    pub fn get(&self, id: ImageId) -> &[u8] {
        self.chunks.get(id.index() / CHUNK).map_or(&[], |chunk| chunk.get(id.index() % CHUNK))
    }

    /// Names every image whose run holds the needle, by increasing id.
    pub fn scan(&self, finder: &Finder<'_>, mut found: impl FnMut(ImageId)) {
        for (chunk, runs) in self.chunks.iter().enumerate() {
            runs.scan(finder, |nth| found(ImageId((chunk * CHUNK + nth) as u32)));
        }
    }

    /// Gives back memory that growing left over in a chunk.
    pub(super) fn shrink(&mut self, nth: usize) {
        if let Some(chunk) = self.chunks.get_mut(nth) {
            chunk.shrink();
        }
    }

    /// Replaces runs; `changes` sorted by id, each id once.
    pub(super) fn change(&mut self, changes: Vec<(ImageId, Vec<u8>)>) {
        let mut rest = changes.into_iter().peekable();
        while let Some((first, _)) = rest.peek() {
            let nth = first.index() / CHUNK;
            if self.chunks.len() <= nth {
                self.chunks.resize_with(nth + 1, Runs::default);
            }
            let mut of_chunk = Vec::new();
            while let Some((id, run)) = rest.next_if(|(id, _)| id.index() / CHUNK == nth) {
                of_chunk.push((id.index() % CHUNK, run));
            }
            self.chunks[nth].change(&of_chunk);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    proptest::proptest! {
        #[test]
        fn holds_what_was_put_last_and_finds_it(
            batches in proptest::collection::vec(
                proptest::collection::btree_map(4000u32..4200, "/[ab]{0,3}", 1..20), 1..8),
            needle in "[ab]{1,3}",
        ) {
            let (mut names, mut toy) = (Names::default(), BTreeMap::new());
            for batch in batches {
                names.change(batch.iter().map(|(id, run)| (ImageId(*id), run.clone().into_bytes())).collect());
                toy.extend(batch);
            }
            for (id, run) in &toy {
                proptest::prop_assert_eq!(names.get(ImageId(*id)), run.as_bytes());
            }
            let expected: Vec<u32> =
                toy.iter().filter(|(_, run)| run.contains(&needle)).map(|(id, _)| *id).collect();
            let mut found = Vec::new();
            names.scan(&Finder::new(&needle), |id| found.push(id.0));
            proptest::prop_assert_eq!(found, expected);
        }
    }
}
