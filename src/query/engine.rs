//! Answers searches from one consistent moment of the projections, and proves each hit against
//! the ledger before it leaves.

use super::page::{Hit, Page, Partial, hits};
use super::request::{Order, Search, SearchError};
use super::walk::{Asking, Condition};
use super::{filter, newest, random, tags, trend};
use crate::ledger::Ledger;
use crate::limits;
use crate::projection::FollowerState;
use crate::projection::tags::TagsReader;
use crate::projection::text::{TextReader, WordField};
use lumidex_schema::api;
use lumidex_schema::cursor::{Cursor, Position};
use lumidex_schema::id::{ImageId, Seq, TagId, TextId};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the engine reads.
pub struct Sources {
    /// Records of the hits.
    pub ledger: Ledger,
    /// Per-image facts.
    pub tags: TagsReader,
    /// How far they are.
    pub tags_follower: FollowerState,
    /// Distinct texts.
    pub text: TextReader,
    /// How far they are.
    pub text_follower: FollowerState,
}

/// Answers searches. Clones share everything.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    sources: Sources,
    /// The ledger's head when the engine began: until it is visible, answers are partial.
    head_at_start: Seq,
    tag_list: Mutex<Option<(u64, Arc<Vec<api::Tag>>)>>,
}

/// Where a page starts, in the words of its order.
enum Start {
    Newest(Option<(lumidex_schema::id::Timestamp, ImageId)>),
    Random { seed: u64, after: Option<(u64, ImageId)> },
}

/// Some of what matches, and where to go on; nothing more matches when there is no such place.
struct Found {
    ids: Vec<ImageId>,
    rest: Option<Start>,
}

impl Engine {
    /// Over these sources, as they are opened.
    #[must_use]
    pub fn new(sources: Sources) -> Self {
        let head_at_start = sources.ledger.head();
        Self { inner: Arc::new(Inner { sources, head_at_start, tag_list: Mutex::default() }) }
    }

    /// Where answers come from.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.inner.sources
    }

    /// One page of a search.
    ///
    /// # Errors
    /// See [`SearchError`].
    pub fn search(&self, search: &Search) -> Result<Page, SearchError> {
        self.wait_ready()?;
        let sources = &self.inner.sources;
        let condition = Condition::of(search)?;
        let query = search.digest();
        let size = search.size.clamp(1, limits::PAGE_SIZE_MAX);
        let mut start = start(search, query)?;
        // Before the snapshots, so that it never claims more than they hold.
        let as_of = self.as_of();
        let mut page = Vec::with_capacity(size + 1);
        loop {
            // One more than a page, to know whether there is a next one.
            let wanted = size + 1 - page.len();
            let Found { ids, rest } = self.find(search, &condition, &start, wanted)?;
            page.extend(hits(&sources.ledger.reader()?, &ids)?);
            // Hits that the ledger meanwhile knows as gone leave room for others.
            match rest {
                Some(rest) if page.len() <= size => start = rest,
                _ => break,
            }
        }
        let has_next = page.len() > size;
        page.truncate(size);
        let next = match (has_next, page.last()) {
            (true, Some(last)) => Cursor { query, after: position(&start, last) }.encode(),
            _ => String::new(),
        };
        Ok(Page { hits: page, cursor: api::Cursor { has_next, next }, as_of, partial: self.partial() })
    }

    /// Up to `n` images drawn at random, each at most once.
    ///
    /// # Errors
    /// When the indexes are not ready or the ledger cannot be read.
    pub fn random(&self, n: usize) -> Result<Vec<Hit>, SearchError> {
        let search = Search { order: Order::Random, size: n, ..Search::default() };
        Ok(self.search(&search)?.hits)
    }

    /// The newest images and videos directly in the folder at this absolute path, by birth time, up to
    /// `max`; `None` when the library knows no such folder. Costs what the folder holds at most.
    ///
    /// # Errors
    /// When the indexes are not ready or the ledger cannot be read.
    pub fn newest_in(&self, folder: &[u8], max: usize) -> Result<Option<Vec<Hit>>, SearchError> {
        self.wait_ready()?;
        let sources = &self.inner.sources;
        let reader = sources.ledger.reader()?;
        let Some(folder) = reader.folder_at(folder)? else { return Ok(None) };
        Ok(Some(newest::newest_in(&reader, &sources.tags, folder, max)?))
    }

    /// Texts whose prompts have words of the query, the best first (BM25).
    ///
    /// # Errors
    /// When the text index cannot be read.
    pub fn ranked_texts(&self, query: &str, max: usize) -> Result<Vec<TextId>, SearchError> {
        let found = self.inner.sources.text.snapshot().ranked(WordField::Prompt, query, max)?;
        Ok(found.into_iter().map(|(text, _)| TextId(text)).collect())
    }

    /// These images, in the order given, without those that are not there.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn hits(&self, ids: &[ImageId]) -> Result<Vec<Hit>, SearchError> {
        Ok(hits(&self.inner.sources.ledger.reader()?, ids)?)
    }

    /// Every tag with its count, by id: custom ones, and others that a live image has; beyond
    /// 4,096 only the most frequent of the prompt's segments.
    ///
    /// # Errors
    /// When the indexes are not ready.
    pub fn tag_list(&self) -> Result<Arc<Vec<api::Tag>>, SearchError> {
        self.wait_ready()?;
        let state = self.inner.sources.tags.read();
        let mut known = self.inner.tag_list.lock();
        if let Some((version, list)) = &*known
            && *version == state.version
        {
            return Ok(Arc::clone(list));
        }
        let list = Arc::new(tags::list(&state));
        *known = Some((state.version, Arc::clone(&list)));
        Ok(list)
    }

    /// Tags as clients see them, in the order given; unknown ones are left out.
    ///
    /// # Errors
    /// When the indexes are not ready: until then none would be known.
    pub fn tags(&self, ids: &[TagId]) -> Result<Vec<api::Tag>, SearchError> {
        self.wait_ready()?;
        let state = self.inner.sources.tags.read();
        Ok(ids.iter().filter_map(|id| tags::shown(&state, *id)).collect())
    }

    /// Live images.
    ///
    /// # Errors
    /// When the indexes are not ready.
    pub fn n_images(&self) -> Result<u64, SearchError> {
        self.wait_ready()?;
        Ok(self.inner.sources.tags.read().live.len())
    }

    /// Counts by day, month and the most used models, samplers, adapters and programs.
    ///
    /// # Errors
    /// When the indexes are not ready.
    pub fn trend(&self, tops_max: usize) -> Result<trend::Trend, SearchError> {
        self.wait_ready()?;
        Ok(trend::trend(&self.inner.sources.tags.read(), tops_max))
    }

    /// Every change up to here is in every search.
    #[must_use]
    pub fn as_of(&self) -> Seq {
        let sources = &self.inner.sources;
        sources.tags_follower.visible().min(sources.text_follower.visible())
    }

    /// Whether the first search would not have to wait.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.inner.sources.tags_follower.visible() >= self.inner.head_at_start
    }

    /// How far the text index is, while it refills itself.
    #[must_use]
    pub fn partial(&self) -> Option<Partial> {
        let done = self.inner.sources.text_follower.visible();
        let total = self.inner.sources.ledger.head();
        (done < self.inner.head_at_start).then_some(Partial { done: done.0, total: total.0 })
    }

    /// Per-image facts are never partial: the first search waits for them.
    pub(super) fn wait_ready(&self) -> Result<(), SearchError> {
        let follower = &self.inner.sources.tags_follower;
        if follower.wait_visible(self.inner.head_at_start, limits::FIRST_QUERY_WAIT) {
            Ok(())
        } else {
            Err(SearchError::NotReady)
        }
    }

    fn find(
        &self,
        search: &Search,
        condition: &Condition,
        start: &Start,
        wanted: usize,
    ) -> Result<Found, SearchError> {
        // Texts first: a text that an image of the later snapshot has may then be missing, which
        // is a hit too late; the other way round nothing would be gained.
        let text = self.inner.sources.text.snapshot();
        let state = self.inner.sources.tags.read();
        let allowed = filter::allowed(&state, search)?;
        let mut asking = Asking::new(&state, &text, condition, search.path_only)?;
        match *start {
            Start::Newest(after) => {
                let before = match after {
                    Some((date, id)) => state.order.before(&state.columns, date, id),
                    None => state.order.ids().len(),
                };
                let from = before.saturating_sub(condition.asked_at_once());
                let (ids, reached) = asking.newest(allowed.as_ref(), from..before, wanted)?;
                let key = |id: ImageId| Start::Newest(Some((state.columns.date(id), id)));
                let rest = match ids.last() {
                    Some(last) if ids.len() == wanted => Some(key(*last)),
                    _ if reached > 0 => Some(key(ImageId(state.order.ids()[reached]))),
                    _ => None,
                };
                Ok(Found { ids, rest })
            }
            Start::Random { seed, after } => {
                let ids = random::page(&state, &mut asking, allowed.as_ref(), seed, after, wanted)?;
                let rest = ids.last().filter(|_| ids.len() == wanted);
                let rest =
                    rest.map(|last| Start::Random { seed, after: Some((random::hash(seed, *last), *last)) });
                Ok(Found { ids, rest })
            }
        }
    }

    pub(super) fn tags_reader(&self) -> &TagsReader {
        &self.inner.sources.tags
    }

    /// Waits until every search shows a change, but no longer than that; whether they do.
    #[must_use]
    pub fn wait_visible(&self, seq: Seq, no_longer_than: Duration) -> bool {
        let sources = &self.inner.sources;
        let began = Instant::now();
        sources.tags_follower.wait_visible(seq, no_longer_than)
            && sources.text_follower.wait_visible(seq, no_longer_than.saturating_sub(began.elapsed()))
    }
}

fn start(search: &Search, query: u32) -> Result<Start, SearchError> {
    let cursor = match search.cursor.as_str() {
        "" => None,
        text => Some(Cursor::decode(text).map_err(|_| SearchError::BadCursor)?),
    };
    if cursor.is_some_and(|cursor| cursor.query != query) {
        return Err(SearchError::ForeignCursor);
    }
    match (search.order, cursor.map(|cursor| cursor.after)) {
        (Order::Newest, None) => Ok(Start::Newest(None)),
        (Order::Newest, Some(Position::Newest { date, id })) => Ok(Start::Newest(Some((date, id)))),
        (Order::Random, None) => {
            let seed = getrandom::u64().unwrap_or_default();
            Ok(Start::Random { seed, after: None })
        }
        (Order::Random, Some(Position::Random { seed, hash, id })) => {
            Ok(Start::Random { seed, after: Some((hash, id)) })
        }
        _ => Err(SearchError::ForeignCursor),
    }
}

fn position(start: &Start, last: &Hit) -> Position {
    match *start {
        Start::Newest(_) => Position::Newest { date: last.image.sighting.modified, id: last.id },
        Start::Random { seed, .. } => {
            Position::Random { seed, hash: random::hash(seed, last.id), id: last.id }
        }
    }
}
