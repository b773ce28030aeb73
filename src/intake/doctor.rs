//! What reading the files of a library came to: how many speak which dialect, how many say nothing and why,
//! what was wrong with them, which took longest. Reads the ledger, no file.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use lumidex_schema::id::ImageId;
use lumidex_schema::note::{Finding, Note};
use lumidex_schema::path::display;
use lumidex_schema::recipe::Source;
use lumidex_schema::record::Presence;
use serde_json::{Map, Value, json};

use crate::ledger::{ReadError, Reader};
use crate::limits::IMAGES_LOOKED_THROUGH_AT_ONCE;
use crate::metadata::{self, Complaint, Container};

/// See the module. Only images that are there count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkup {
    /// How many there are.
    pub images: u64,
    /// Version of the reader of this program.
    pub reader: u8,
    /// Files that were read by an older reader and would be read differently by this one.
    pub outdated: u64,
    /// Images with a text that a person gave them.
    pub edited: u64,
    /// By the word of the writer, `none` for files without a recipe.
    pub writers: BTreeMap<&'static str, Group>,
    /// By the word of the container.
    pub containers: BTreeMap<&'static str, Group>,
    /// Files without a recipe, by why.
    pub without: BTreeMap<&'static str, Group>,
    /// By kind of complaint.
    pub complaints: BTreeMap<&'static str, Group>,
    /// Absolute paths of the files that took longest to read, slowest first, with microseconds.
    pub slowest: Vec<(Vec<u8>, u64)>,
}

/// Files that have something in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// How many.
    pub files: u64,
    /// Absolute paths of the first few.
    pub examples: Vec<Vec<u8>>,
}

impl Checkup {
    /// As it is told to scripts.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let Self { images, reader, outdated, edited, writers, containers, without, complaints, slowest } =
            self;
        let slowest = slowest
            .iter()
            .map(|(path, micros)| json!({ "path": display(path), "ms": *micros as f64 / 1_000.0 }));
        json!({
            "images": images,
            "reader": reader,
            "outdated": outdated,
            "edited": edited,
            "writers": groups_as_json(writers),
            "containers": groups_as_json(containers),
            "without": groups_as_json(without),
            "complaints": groups_as_json(complaints),
            "slowest": slowest.collect::<Vec<_>>(),
        })
    }
}

fn groups_as_json(groups: &BTreeMap<&'static str, Group>) -> Value {
    let group = |group: &Group| {
        let examples: Vec<_> = group.examples.iter().map(|path| display(path)).collect();
        json!({ "files": group.files, "examples": examples })
    };
    groups.iter().map(|(word, found)| ((*word).to_owned(), group(found))).collect::<Map<_, _>>().into()
}

/// Looks through all images of a snapshot, with up to `examples` paths for each group and as many of the
/// slowest files. Files whose path `shown` refuses are counted and not named.
///
/// # Errors
/// When the ledger cannot be read.
pub fn checkup(
    reader: &Reader,
    examples: usize,
    shown: &dyn Fn(&[u8]) -> bool,
) -> Result<Checkup, ReadError> {
    let mut found = Checkup { reader: metadata::VERSION, ..Checkup::default() };
    let mut groups = Groups::default();
    let mut slowest: BinaryHeap<Reverse<(u64, ImageId)>> = BinaryHeap::new();
    let mut after = ImageId::default();
    loop {
        let page = reader.images_after(after, IMAGES_LOOKED_THROUGH_AT_ONCE)?;
        let is_last = page.len() < IMAGES_LOOKED_THROUGH_AT_ONCE;
        for (id, image, note) in page {
            after = id;
            if image.presence != Presence::Present {
                continue;
            }
            found.images += 1;
            found.edited += u64::from(reader.edit(id)?.is_some());
            found.outdated += u64::from(metadata::is_outdated(&note));
            groups.add(id, &note, examples);
            if note.reader > 0 {
                slowest.push(Reverse((note.micros(), id)));
                if slowest.len() > examples {
                    slowest.pop();
                }
            }
        }
        if is_last {
            break;
        }
    }
    let path = |id: ImageId| -> Result<Option<Vec<u8>>, ReadError> {
        let path = reader.image_as_read(id)?.map(|image| reader.path_of(&image)).transpose()?;
        Ok(path.filter(|path| shown(path)))
    };
    let named = |groups: BTreeMap<&'static str, Ids>| {
        let named = groups.into_iter().map(|(word, Ids { files, ids })| {
            let examples = ids.into_iter().filter_map(|id| path(id).transpose()).collect::<Result<_, _>>()?;
            Ok((word, Group { files, examples }))
        });
        named.collect::<Result<BTreeMap<_, _>, ReadError>>()
    };
    found.writers = named(groups.writers)?;
    found.containers = named(groups.containers)?;
    found.without = named(groups.without)?;
    found.complaints = named(groups.complaints)?;
    for Reverse((micros, id)) in slowest.into_sorted_vec() {
        found.slowest.extend(path(id)?.map(|path| (path, micros)));
    }
    Ok(found)
}

#[derive(Default)]
struct Ids {
    files: u64,
    ids: Vec<ImageId>,
}

#[derive(Default)]
struct Groups {
    writers: BTreeMap<&'static str, Ids>,
    containers: BTreeMap<&'static str, Ids>,
    without: BTreeMap<&'static str, Ids>,
    complaints: BTreeMap<&'static str, Ids>,
}

impl Groups {
    fn add(&mut self, id: ImageId, note: &Note, examples: usize) {
        let count = |group: &mut BTreeMap<&'static str, Ids>, word: &'static str| {
            let group = group.entry(word).or_default();
            group.files += 1;
            if group.ids.len() < examples {
                group.ids.push(id);
            }
        };
        count(&mut self.writers, note.writer.map_or("none", Source::word));
        if note.reader == 0 {
            return;
        }
        count(&mut self.containers, Container::of_number(note.container).word());
        if note.finding != Finding::Recipe {
            count(&mut self.without, note.finding.word());
        }
        for (bit, kind) in Complaint::KINDS.into_iter().enumerate() {
            if note.complaints & 1 << bit != 0 {
                count(&mut self.complaints, kind);
            }
        }
    }
}
