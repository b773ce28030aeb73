//! Which texts may contain a fragment: a set over text ids, computed from gram postings.
//!
//! Index work only: which grams, which postings, in what order. Refuses to know images.

use super::grams::GRAM_MAX;
use super::segment::Segment;
use super::tail::Tail;
use lumidex_schema::id::TextId;
use lumidex_schema::text::HOLE;
use memchr::memmem;
use std::io;
use tantivy::postings::TermInfo;
use tantivy::schema::IndexRecordOption;

/// At most this many different grams of a fragment are looked up; each costs about a microsecond
/// per segment, and the rarest of so many are rare enough.
const GRAMS_ASKED_MAX: usize = 32;

/// At most this many postings are intersected; more seldom removes anything.
const POSTINGS_MAX: usize = 5;

/// Fewer candidates than this are not worth reading further postings: proving one is as cheap.
const FEW: usize = 16;

/// A set of text ids.
#[derive(Clone, Debug)]
pub struct Candidates {
    /// A bit per id; empty when `all`.
    bits: Vec<u64>,
    /// One more than the largest id.
    len: u32,
    all: bool,
    exact: bool,
}

impl Candidates {
    /// Every id below `len`.
    pub(super) fn all(len: u32, exact: bool) -> Self {
        Self { bits: Vec::new(), len, all: true, exact }
    }

    /// No id.
    pub(super) fn none(len: u32) -> Self {
        Self { bits: vec![0; (len as usize).div_ceil(64)], len, all: false, exact: true }
    }

    /// Whether the text is in the set.
    #[inline]
    #[must_use]
    pub fn contains(&self, id: TextId) -> bool {
        self.all || self.bits.get(id.index() / 64).is_some_and(|word| word >> (id.0 % 64) & 1 == 1)
    }

    /// Number of ids in the set.
    #[must_use]
    pub fn count(&self) -> u32 {
        if self.all { self.len } else { self.bits.iter().map(|word| word.count_ones()).sum() }
    }

    /// Whether every text of the set contains the fragment, so that none needs to be looked at.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.exact
    }

    /// Whether the index ruled nothing out.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.all
    }

    /// The ids, increasing. When nothing was ruled out, ids without a text may be among them.
    pub fn iter(&self) -> impl Iterator<Item = TextId> {
        let all = if self.all { 0..self.len } else { 0..0 };
        let some = self.bits.iter().enumerate().flat_map(|(nth, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(nth as u32 * 64 + bit)
            })
        });
        all.chain(some).map(TextId)
    }

    #[inline]
    fn insert(&mut self, id: u32) {
        if let Some(word) = self.bits.get_mut(id as usize / 64) {
            *word |= 1 << (id % 64);
        }
    }
}

/// The texts of the segments and the tail that may contain `fragment` between two holes.
pub(super) fn candidates(
    segments: &[Segment],
    tail: &Tail,
    len: u32,
    fragment: &str,
) -> io::Result<Candidates> {
    if fragment.is_empty() {
        return Ok(Candidates::all(len, true));
    }
    if fragment.contains(HOLE) {
        return Ok(Candidates::none(len));
    }
    let grams = grams(fragment);
    let exact = grams.len() == 1 && grams[0] == fragment;
    let plans =
        segments.iter().map(|segment| plan(segment, &grams, exact)).collect::<io::Result<Vec<_>>>()?;
    if !segments.is_empty() && plans.iter().all(|plan| matches!(plan, Plan::All)) {
        return Ok(Candidates::all(len, false));
    }
    let mut found = Candidates::none(len);
    for (segment, plan) in segments.iter().zip(plans) {
        match plan {
            Plan::None => {}
            Plan::All => {
                found.exact = false;
                segment.texts().for_each(|id| found.insert(id));
            }
            Plan::Postings(postings) => {
                found.exact &= exact;
                search(segment, &postings, &mut found)?;
            }
        }
    }
    let finder = memmem::Finder::new(fragment);
    for (id, text) in tail.iter() {
        if !found.contains(*id) && finder.find(text.as_bytes()).is_some() {
            found.insert(id.0);
        }
    }
    Ok(found)
}

/// The distinct grams to ask for: the fragment itself when it is one, else its longest grams,
/// spread evenly when there are many.
fn grams(fragment: &str) -> Vec<&str> {
    let starts: Vec<usize> = fragment.char_indices().map(|(at, _)| at).chain([fragment.len()]).collect();
    let len = GRAM_MAX.min(starts.len() - 1);
    // Steps keep a fragment of a megabyte from being sorted; repeats are rare enough in four
    // times the grams wanted.
    let step = ((starts.len() - len) / (4 * GRAMS_ASKED_MAX)).max(1);
    let windows = starts.windows(len + 1).step_by(step);
    let mut grams: Vec<&str> = windows.map(|gram| &fragment[gram[0]..gram[len]]).collect();
    grams.sort_unstable();
    grams.dedup();
    let step = grams.len().div_ceil(GRAMS_ASKED_MAX);
    grams.into_iter().step_by(step).collect()
}

/// What to do in one segment.
enum Plan {
    /// A gram is nowhere in it.
    None,
    /// Every gram is in most of its texts: reading postings would rule out little.
    All,
    /// Intersect these, rarest first.
    Postings(Vec<TermInfo>),
}

fn plan(segment: &Segment, grams: &[&str], exact: bool) -> io::Result<Plan> {
    let mut postings = Vec::with_capacity(grams.len());
    for gram in grams {
        match segment.grams().terms().get(gram)? {
            Some(info) => postings.push(info),
            None => return Ok(Plan::None),
        }
    }
    postings.sort_unstable_by_key(|info| info.doc_freq);
    let selective = |info: &TermInfo| u64::from(info.doc_freq) * 2 <= u64::from(segment.len());
    if !exact && !postings.first().is_some_and(selective) {
        return Ok(Plan::All);
    }
    postings.truncate(POSTINGS_MAX);
    Ok(Plan::Postings(postings))
}

fn search(segment: &Segment, postings: &[TermInfo], found: &mut Candidates) -> io::Result<()> {
    let Some((rarest, others)) = postings.split_first() else { return Ok(()) };
    let mut docs = Vec::new();
    let mut block = segment.grams().read_block_postings_from_terminfo(rarest, IndexRecordOption::Basic)?;
    while !block.docs().is_empty() {
        if others.is_empty() {
            block.docs().iter().for_each(|&doc| found.insert(segment.text(doc)));
        } else {
            docs.extend_from_slice(block.docs());
        }
        block.advance();
    }
    for info in others {
        let common = u64::from(info.doc_freq) * 2 > u64::from(segment.len());
        if docs.len() <= FEW || common {
            break;
        }
        let mut block = segment.grams().read_block_postings_from_terminfo(info, IndexRecordOption::Basic)?;
        docs.retain(|&doc| {
            let nth = block.seek(doc);
            block.doc(nth) == doc
        });
    }
    docs.iter().for_each(|&doc| found.insert(segment.text(doc)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grams_of_a_fragment_are_few_and_its_own() {
        assert_eq!(grams("猫"), ["猫"]);
        assert_eq!(grams("abc"), ["abc"]);
        assert_eq!(grams("ababa"), ["aba", "bab"]);
        let long: String = (0..100_000u32).filter_map(|n| char::from_u32(0x4E00 + n % 9000)).collect();
        for len in [30, 33, 35, 64, 100, 1000, 99_999] {
            let end = long.char_indices().nth(len).map_or(long.len(), |(at, _)| at);
            let grams = grams(&long[..end]);
            assert!((15..=GRAMS_ASKED_MAX).contains(&grams.len()), "{len}: {}", grams.len());
            assert!(grams.iter().all(|gram| gram.chars().count() == GRAM_MAX && long.contains(gram)));
        }
    }

    #[test]
    fn a_set_lists_what_it_contains() {
        let mut some = Candidates::none(200);
        for id in [0, 63, 64, 199, 5000] {
            some.insert(id);
        }
        assert_eq!(some.iter().map(TextId::get).collect::<Vec<_>>(), [0, 63, 64, 199]);
        assert_eq!((some.count(), some.is_all()), (4, false));
        assert!(!some.contains(TextId(1)) && !some.contains(TextId(5000)));
        let all = Candidates::all(3, true);
        assert_eq!((all.count(), all.iter().count(), all.is_all()), (3, 3, true));
    }
}
