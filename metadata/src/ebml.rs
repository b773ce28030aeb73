//! Matroska and WebM: the tags of the file, before or behind its clusters, and the size of its picture.
//! Finds them by the file's own table of contents or by walking from element to element; never looks into
//! clusters, unless their length is not stated.

use crate::complaint::Complaint;
use crate::decode;
use crate::limits::{CHUNKS_PER_FILE_MAX, EBML_BLOCKS_MAX, EBML_DEPTH_MAX, FILM_TAGS_MAX, KEYWORD_BYTES_MAX};
use crate::slots::{Place, Slots};
use crate::source::Window;
use std::io;

const SEGMENT: u32 = 0x1853_8067;
const SEEK_HEAD: u32 = 0x114d_9b74;
const SEEK: u32 = 0x4dbb;
const SEEK_ID: u32 = 0x53ab;
const SEEK_POSITION: u32 = 0x53ac;
const INFO: u32 = 0x1549_a966;
const TITLE: u32 = 0x7ba9;
const TRACKS: u32 = 0x1654_ae6b;
const TRACK: u32 = 0xae;
const VIDEO: u32 = 0xe0;
const PIXEL_WIDTH: u32 = 0xb0;
const PIXEL_HEIGHT: u32 = 0xba;
const CLUSTER: u32 = 0x1f43_b675;
const TAGS: u32 = 0x1254_c367;
const TAG: u32 = 0x7373;
const TARGETS: u32 = 0x63c0;
const TAG_TRACK: u32 = 0x63c5;
const SIMPLE_TAG: u32 = 0x67c8;
const TAG_NAME: u32 = 0x45a3;
const TAG_TEXT: u32 = 0x4487;
/// Elements of a segment: what ends a cluster whose length is not stated.
const OF_SEGMENT: [u32; 8] = [SEEK_HEAD, INFO, TRACKS, CLUSTER, TAGS, 0x1c53_bb6b, 0x1941_a469, 0x1043_a770];
/// Names of tags that count even where a tag is about one track.
const OF_RECIPES: [&str; 4] = ["prompt", "workflow", "parameters", "comment"];

/// Reads tags and size; 0 where there is no picture.
pub(super) fn scan(window: &mut Window<'_>, slots: &mut Slots) -> io::Result<(u32, u32)> {
    let mut film = Film { slots, size: (0, 0), read: Vec::new(), n_blocks: 0 };
    let mut at = 0;
    for _ in 0..CHUNKS_PER_FILE_MAX {
        let Some(found) = element(window, at)? else { break };
        if found.id == SEGMENT {
            film.segment(window, found.start, found.end(window.len()))?;
            break;
        }
        at = found.end(window.len());
    }
    Ok(film.size)
}

/// An element's head.
#[derive(Clone, Copy)]
struct Element {
    id: u32,
    start: u64,
    /// `None` where it is not stated.
    len: Option<u64>,
}

impl Element {
    fn end(self, room: u64) -> u64 {
        self.len.map_or(room, |len| self.start.saturating_add(len).min(room))
    }
}

/// The element at a place of the file.
fn element(window: &Window<'_>, at: u64) -> io::Result<Option<Element>> {
    let mut head = [0; 12];
    let there = usize::try_from(window.len().saturating_sub(at)).unwrap_or(12).min(12);
    let n = window.copy(at, &mut head[..there])?;
    let found = head_of(&head[..n]);
    Ok(found.map(|(id, len, n_head)| Element { id, start: at + n_head as u64, len }))
}

/// Identity, length and how many bytes say so. Identities of more than four bytes do not exist.
fn head_of(bytes: &[u8]) -> Option<(u32, Option<u64>, usize)> {
    let n_id = bytes.first()?.leading_zeros() as usize + 1;
    let id = bytes.get(..n_id).filter(|_| n_id <= 4)?;
    let id = id.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
    let n_len = bytes.get(n_id)?.leading_zeros() as usize + 1;
    let len = bytes.get(n_id..n_id + n_len).filter(|_| n_len <= 8)?;
    let len = len.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    let ones = (1 << (7 * n_len)) - 1;
    let len = len & ones;
    Some((id, (len != ones).then_some(len), n_id + n_len))
}

/// The elements inside bytes that are in memory; what is cut counts as far as it is there.
fn inside(bytes: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (id, len, n_head) = head_of(rest)?;
        let behind = &rest[n_head..];
        let len = len.and_then(|len| usize::try_from(len).ok()).unwrap_or(usize::MAX).min(behind.len());
        let (content, behind) = behind.split_at(len);
        rest = behind;
        Some((id, content))
    })
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

struct Film<'s> {
    slots: &'s mut Slots,
    size: (u32, u32),
    /// Where elements start that were read, so that none is read twice.
    read: Vec<u64>,
    /// Blocks walked over in clusters that do not state their length.
    n_blocks: usize,
}

impl Film<'_> {
    fn segment(&mut self, window: &mut Window<'_>, start: u64, end: u64) -> io::Result<()> {
        let mut at = start;
        let mut n_seeks = 0;
        for _ in 0..CHUNKS_PER_FILE_MAX {
            let Some(found) = element(window, at)?.filter(|found| found.start <= end) else { return Ok(()) };
            match found.id {
                SEEK_HEAD => {
                    let Some(table) = self.content(window, found)? else { return Ok(()) };
                    for at in positions(&table).filter_map(|position| start.checked_add(position)) {
                        n_seeks += 1;
                        if n_seeks > FILM_TAGS_MAX {
                            break;
                        }
                        if let Some(found) = element(window, at)?.filter(|_| at < end) {
                            self.take(window, found)?;
                        }
                    }
                }
                CLUSTER if self.has_read_tags() => return Ok(()),
                CLUSTER if found.len.is_none() => {
                    let Some(next) = self.behind_cluster(window, found.start, end)? else { return Ok(()) };
                    at = next;
                    continue;
                }
                _ => self.take(window, found)?,
            }
            let next = found.end(end);
            if found.len.is_none() || next <= at {
                return Ok(());
            }
            at = next;
        }
        self.slots.complain(Complaint::TooManyChunks { limit: CHUNKS_PER_FILE_MAX });
        Ok(())
    }

    /// Where the segment goes on behind a cluster that does not state its length.
    fn behind_cluster(&mut self, window: &Window<'_>, mut at: u64, end: u64) -> io::Result<Option<u64>> {
        while self.n_blocks < EBML_BLOCKS_MAX {
            self.n_blocks += 1;
            let Some(found) = element(window, at)?.filter(|found| found.start <= end) else {
                return Ok(None);
            };
            if OF_SEGMENT.contains(&found.id) {
                return Ok(Some(at));
            }
            let Some(next) = found.len.and_then(|len| found.start.checked_add(len)) else { return Ok(None) };
            at = next;
        }
        self.slots.complain(Complaint::TooManyChunks { limit: EBML_BLOCKS_MAX });
        Ok(None)
    }

    fn has_read_tags(&self) -> bool {
        self.slots.all().iter().any(|slot| matches!(&slot.place, Place::Keyword(name) if name != "title"))
    }

    /// Reads an element, if it is of use.
    fn take(&mut self, window: &mut Window<'_>, found: Element) -> io::Result<()> {
        let is_of_use = matches!(found.id, INFO | TRACKS | TAGS);
        if !is_of_use || self.read.len() >= FILM_TAGS_MAX || self.read.contains(&found.start) {
            return Ok(());
        }
        self.read.push(found.start);
        let Some(content) = self.content(window, found)? else { return Ok(()) };
        match found.id {
            INFO => {
                for (_, title) in inside(&content).filter(|(id, _)| *id == TITLE) {
                    self.slots.add(Place::Keyword("title".to_owned()), decode::text(title));
                }
            }
            TRACKS => self.tracks(&content),
            _ => {
                for (_, tag) in inside(&content).filter(|(id, _)| *id == TAG).take(FILM_TAGS_MAX) {
                    self.tag(tag);
                }
            }
        }
        Ok(())
    }

    fn content(&mut self, window: &mut Window<'_>, found: Element) -> io::Result<Option<Vec<u8>>> {
        let room = window.len();
        let stated = found.len.map(|len| found.start.saturating_add(len));
        if stated.is_some_and(|end| end > room) {
            self.slots.complain(Complaint::Truncated { what: format!("{:X}", found.id) });
        }
        let len = found.end(room).saturating_sub(found.start);
        let what = format!("{:X}", found.id);
        Ok(window.value(found.start, len, &what, self.slots)?.map(|content| content.into_owned()))
    }

    fn tracks(&mut self, content: &[u8]) {
        let tracks = inside(content).filter(|(id, _)| *id == TRACK).take(FILM_TAGS_MAX);
        for (_, video) in tracks.flat_map(|(_, track)| inside(track)).filter(|(id, _)| *id == VIDEO) {
            let side = |wanted: u32| {
                let found = inside(video).find(|(id, _)| *id == wanted);
                found.and_then(|(_, side)| u32::try_from(number(side)).ok()).unwrap_or(0)
            };
            if self.size.0 == 0 {
                self.size = (side(PIXEL_WIDTH), side(PIXEL_HEIGHT));
            }
        }
    }

    fn tag(&mut self, tag: &[u8]) {
        let targets = inside(tag).filter(|(id, _)| *id == TARGETS).flat_map(|(_, targets)| inside(targets));
        let is_of_track = targets.into_iter().any(|(id, track)| id == TAG_TRACK && number(track) != 0);
        let mut waiting: Vec<(usize, &[u8])> = vec![(0, tag)];
        while let Some((depth, holder)) = waiting.pop() {
            let simple: Vec<_> =
                inside(holder).filter(|(id, _)| *id == SIMPLE_TAG).take(FILM_TAGS_MAX).collect();
            for (_, content) in &simple {
                self.simple(content, is_of_track);
            }
            if depth < EBML_DEPTH_MAX {
                waiting.extend(simple.iter().rev().map(|(_, content)| (depth + 1, *content)));
            }
        }
    }

    fn simple(&mut self, content: &[u8], is_of_track: bool) {
        let part = |wanted: u32| inside(content).find(|(id, _)| *id == wanted).map(|(_, part)| part);
        let (Some(name), Some(text)) = (part(TAG_NAME), part(TAG_TEXT)) else { return };
        let name = decode::text(&name[..name.len().min(KEYWORD_BYTES_MAX)]).to_lowercase();
        if !is_of_track || OF_RECIPES.contains(&name.as_str()) {
            self.slots.add(Place::Keyword(name), decode::text(text));
        }
    }
}

/// Where a table of contents says that tags, tracks and names are.
fn positions(table: &[u8]) -> impl Iterator<Item = u64> {
    inside(table).filter(|(id, _)| *id == SEEK).filter_map(|(_, seek)| {
        let part = |wanted: u32| inside(seek).find(|(id, _)| *id == wanted).map(|(_, part)| number(part));
        let wanted = [INFO, TRACKS, TAGS].map(u64::from);
        part(SEEK_ID).filter(|id| wanted.contains(id)).and_then(|_| part(SEEK_POSITION))
    })
}
