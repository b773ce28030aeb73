//! Which images hold a needle, in their path or generation text, exactly.
//!
//! A generation text is a template with holes, shared by many images, so the needle is looked for
//! in four places: templates (asked of the text index, then proven), values of holes with what
//! stands around them, folder paths, file names. Each of the four is exact by itself; together
//! they are SQL's `LIKE '%needle%'` with literal `%` and `_`.

use super::bits::Bits;
use crate::projection::tags::{HOLE_MARK, State};
use crate::projection::text::{Candidates, Snapshot, TextError};
use lumidex_schema::id::{FolderId, ImageId, TextId};
use lumidex_schema::text::{HOLE, can_be_hole};
use memchr::memmem::Finder;

/// A folded, non-empty needle, ready to be looked for in one snapshot.
pub(super) struct Needle<'a> {
    state: &'a State,
    text: &'a Snapshot,
    finder: Finder<'a>,
    /// Texts that may hold it; `None` when only paths are searched.
    texts: Option<Candidates>,
    /// Ways in which it can overlap a hole.
    holes: Vec<AtHole>,
    /// Folders whose path, with a separator behind it, holds it.
    folders: Bits,
    name: InName<'a>,
    /// What is proven of templates so far: 0 nothing, 1 holds it, 2 does not.
    proven: Vec<u8>,
    filled: Vec<u8>,
}

/// How a needle can match a file name, which is stored as `/name`.
enum InName<'a> {
    /// Anywhere after the separator.
    Anywhere(Finder<'a>),
    /// Its last part begins the name, and the part before ends the folder's path.
    AtStart { finder: Finder<'a>, folders: Bits },
}

/// One run of digits of the needle, as it would lie in a hole.
struct AtHole {
    /// The digits, with a mark on each side where the needle goes on.
    pattern: Finder<'static>,
    /// The needle's neighbours of the digits up to the next digits: they stand in the template.
    around: Vec<Candidates>,
    /// The needle is nothing but these digits, so finding them is proof.
    is_whole: bool,
}

impl<'a> Needle<'a> {
    /// `needle` is folded and not empty.
    pub(super) fn new(
        state: &'a State,
        text: &'a Snapshot,
        needle: &'a str,
        path_only: bool,
    ) -> Result<Self, TextError> {
        let (texts, holes) = if path_only || needle.contains(HOLE) {
            (None, Vec::new())
        } else {
            (Some(text.candidates(needle)?), at_holes(text, needle)?)
        };
        let finder = Finder::new(needle);
        let mut folders = Bits::new(state.folders().len());
        let mut path = Vec::new();
        for (id, folder) in state.folders().iter().enumerate().skip(1) {
            path.clear();
            path.extend_from_slice(folder.folded.as_bytes());
            path.push(b'/');
            if finder.find(&path).is_some() {
                folders.insert(id as u32);
            }
        }
        let name = match needle.rfind('/') {
            None => InName::Anywhere(Finder::new(needle)),
            Some(slash) => {
                let mut ends = Bits::new(state.folders().len());
                for (id, folder) in state.folders().iter().enumerate().skip(1) {
                    if folder.folded.ends_with(&needle[..slash]) {
                        ends.insert(id as u32);
                    }
                }
                InName::AtStart { finder: Finder::new(&needle[slash..]), folders: ends }
            }
        };
        let proven = if texts.as_ref().is_none_or(Candidates::is_exact) {
            Vec::new()
        } else {
            vec![0; text.len() as usize]
        };
        Ok(Self { state, text, finder, texts, holes, folders, name, proven, filled: Vec::new() })
    }

    /// Whether an image holds it. `image_text` is the image's text.
    pub(super) fn matches(&mut self, id: ImageId, image_text: TextId) -> bool {
        self.in_template(image_text)
            || self.folders.contains(self.state.columns.folder(id).0)
            || self.in_name(id)
            || (0..self.holes.len()).any(|nth| self.in_hole(nth, id, image_text))
    }

    /// Whether a template holds it between two holes.
    pub(super) fn in_template(&mut self, id: TextId) -> bool {
        let Some(candidates) = &self.texts else { return false };
        if id == TextId::NONE || !candidates.contains(id) {
            return false;
        }
        if self.proven.is_empty() {
            return true;
        }
        let Some(proven) = self.proven.get_mut(id.index()) else { return false };
        if *proven == 0 {
            let holds = self.text.folded_bytes(id).is_some_and(|text| self.finder.find(text).is_some());
            *proven = if holds { 1 } else { 2 };
        }
        *proven == 1
    }

    fn in_name(&self, id: ImageId) -> bool {
        let run = self.state.names.get(id);
        match &self.name {
            InName::Anywhere(finder) => run.get(1..).is_some_and(|name| finder.find(name).is_some()),
            InName::AtStart { finder, folders } => {
                folders.contains(self.state.columns.folder(id).0) && run.starts_with(finder.needle())
            }
        }
    }

    fn in_hole(&mut self, nth: usize, id: ImageId, image_text: TextId) -> bool {
        let hole = &self.holes[nth];
        let run = self.state.holes.get(id);
        if run.is_empty() || hole.pattern.find(run).is_none() {
            return false;
        }
        if hole.is_whole {
            return true;
        }
        hole.around.iter().all(|around| around.contains(image_text)) && self.in_filled(run, image_text)
    }

    /// Whether the whole text, holes filled, holds it.
    fn in_filled(&mut self, holes: &[u8], image_text: TextId) -> bool {
        let Some(template) = self.text.folded_bytes(image_text) else { return false };
        fill(template, holes, &mut self.filled);
        self.finder.find(&self.filled).is_some()
    }

    /// Adds every image that may match by its folder, its name or a hole; each must still be asked.
    /// One pass over all names and values, at the speed of memory.
    pub(super) fn by_image(&self, out: &mut Bits) {
        let (InName::Anywhere(finder) | InName::AtStart { finder, .. }) = &self.name;
        let names = |out: &mut Bits| self.state.names.scan(finder, |id| out.insert(id.0));
        if self.holes.is_empty() {
            names(out);
        } else {
            // Two passes over two memories: side by side they take as long as one.
            let mut by_name = out.clone();
            std::thread::scope(|scope| {
                scope.spawn(|| names(&mut by_name));
                for hole in &self.holes {
                    self.state.holes.scan(&hole.pattern, |id| out.insert(id.0));
                }
            });
            out.union(&by_name);
        }
        for folder in 1..self.state.folders().len() as u32 {
            if self.folders.contains(folder) {
                self.state.in_folder(FolderId(folder)).for_each(|id| out.insert(id.0));
            }
        }
    }

    /// Whether a template may hold it; cheap.
    #[inline]
    pub(super) fn may_be_in_template(&self, id: TextId) -> bool {
        self.texts.as_ref().is_some_and(|texts| texts.contains(id))
    }
}

/// The template with the holes' values, `\0digits\0` each, in the place of its holes.
pub(super) fn fill(template: &[u8], holes: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut values = holes.split(|b| *b == HOLE_MARK).filter(|value| !value.is_empty());
    let mut rest = template;
    while let Some(at) = memchr::memchr(HOLE as u8, rest) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(values.next().unwrap_or_default());
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

/// A hole holds digits and never touches a digit of the template, so a needle that overlaps one
/// has a whole run of digits in it: all of the hole's value where the needle goes on, a part of
/// it where the needle begins or ends.
fn at_holes(text: &Snapshot, needle: &str) -> Result<Vec<AtHole>, TextError> {
    let bytes = needle.as_bytes();
    let mut holes = Vec::new();
    let mut at = 0;
    while let Some(found) = bytes[at..].iter().position(u8::is_ascii_digit) {
        let start = at + found;
        let end = start + bytes[start..].iter().take_while(|b| b.is_ascii_digit()).count();
        at = end;
        let before = bytes[..start].iter().rposition(u8::is_ascii_digit).map_or(0, |digit| digit + 1);
        let after = bytes[end..].iter().position(u8::is_ascii_digit).map_or(bytes.len(), |digit| end + digit);
        let (before, after) = (&needle[before..start], &needle[end..after]);
        if !can_be_hole(before, after) {
            continue;
        }
        let mut pattern = Vec::with_capacity(end - start + 2);
        pattern.extend((start > 0).then_some(HOLE_MARK));
        pattern.extend_from_slice(&bytes[start..end]);
        pattern.extend((end < bytes.len()).then_some(HOLE_MARK));
        let mut around = Vec::new();
        for fragment in [before, after].into_iter().filter(|fragment| !fragment.is_empty()) {
            around.push(text.candidates(fragment)?);
        }
        let is_whole = around.is_empty();
        let pattern = Finder::new(&pattern).into_owned();
        holes.push(AtHole { pattern, around, is_whole });
    }
    Ok(holes)
}
