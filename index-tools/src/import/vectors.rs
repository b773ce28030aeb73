//! What was paid for elsewhere, brought to where lumidex keeps what was paid for.
//!
//! Vectors are kept under the name of a prompt, so images that share one bring it once. The original names
//! them by its own way of cleaning prompts; here the prompt is taken from the text it keeps of the image,
//! by the rules that hold here. An archive of ours names prompts as they are named here.

use std::collections::{BTreeMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lumidex::ledger::paid::{Paid, PromptHash};
use lumidex::projection::vectors::prompt_hash;
use lumidex_schema::archive::{ABSTRACTIONS, KeptLine, TITLES, VECTORS, VectorLine, from_hex};
use rusqlite::Row;

use super::ImportError;
use super::archive::Archive;
use super::complaints::{Complaints, one_line};
use super::database::{Database, Text, bytes, number, text};

/// Numbers in a vector.
const DIM_MAX: usize = 16_384;
/// Bytes of a model's name.
const MODEL_BYTES_MAX: usize = 1_024;
/// Bytes of a text of which the prompt is taken.
const TEXT_BYTES_MAX: usize = 1 << 20;
/// Vectors between two words about how far it is.
const TOLD_EVERY: u64 = 64;
/// Vectors put at once, and looked up at once.
const AT_ONCE: usize = 1_024;

/// Vectors of one model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ModelPlan {
    /// To be brought.
    pub(super) new: u64,
    /// Here already, or brought by another image of the same prompt.
    pub(super) here: u64,
    /// Of images of which the text has no prompt.
    pub(super) without_prompt: u64,
    /// Of another number of dimensions than others of the model.
    pub(super) odd: u64,
}

/// What was paid for and is to be brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct VectorsPlan {
    /// By name.
    pub(super) models: BTreeMap<String, ModelPlan>,
    /// Titles and groups of tags.
    pub(super) kept: u64,
}

impl VectorsPlan {
    /// How many vectors, titles and groups are to be brought.
    pub(super) fn to_bring(&self) -> u64 {
        self.models.values().map(|model| model.new).sum::<u64>() + self.kept
    }
}

/// Looks which vectors are to be brought, and, with `put`, brings them.
pub(super) fn bring(
    database: &Database,
    paid: &Paid,
    put: bool,
    complaints: &mut Complaints,
    progress: &mut dyn FnMut(u64),
) -> Result<VectorsPlan, ImportError> {
    let mut bringing = Bringing::into(paid, put);
    if !database.has("image_embedding") || !database.has("image") {
        return Ok(bringing.plan);
    }
    let column = |name, max| database.column("image_embedding", name, max);
    let statement = format!(
        "SELECT {}, {}, {}, {} FROM image_embedding JOIN image ON image.id = image_embedding.image_id \
         ORDER BY image_embedding.image_id",
        column("model", MODEL_BYTES_MAX),
        column("dim", 8),
        column("vec", DIM_MAX * 4),
        database.column("image", "exif", TEXT_BYTES_MAX),
    );
    let mut n = 0u64;
    database.for_each("image_embedding", &statement, complaints, |row, complaints| {
        n += 1;
        if n.is_multiple_of(TOLD_EVERY) {
            progress(n);
        }
        bringing.row(row, complaints)
    })?;
    bringing.finish()
}

/// The same of an archive, with titles and groups of tags.
pub(super) fn bring_archived(
    archive: &mut Archive,
    paid: &Paid,
    put: bool,
    complaints: &mut Complaints,
    progress: &mut dyn FnMut(u64),
) -> Result<VectorsPlan, ImportError> {
    let mut bringing = Bringing::into(paid, put);
    let mut n = 0u64;
    archive.lines(VECTORS, complaints, &mut |line: VectorLine, complaints| {
        n += 1;
        if n.is_multiple_of(TOLD_EVERY) {
            progress(n);
        }
        let bytes = BASE64.decode(&line.vector).ok();
        let vector = bytes.as_deref().and_then(|bytes| sound(bytes, bytes.len() / 4));
        match (from_hex(&line.prompt), vector) {
            (Some(hash), Some(vector)) if line.model.len() <= MODEL_BYTES_MAX => {
                bringing.vector(&line.model, hash, vector)
            }
            _ => {
                complaints.add(VECTORS, "hold no vector, or name no prompt", &one_line(&line.model));
                Ok(())
            }
        }
    })?;
    archive.lines(TITLES, complaints, &mut |line: KeptLine, _| {
        let is_new = paid.title(&line.key)?.is_none();
        bringing.kept += u64::from(is_new);
        if is_new && put { Ok(paid.put_title(&line.key, &line.json)?) } else { Ok(()) }
    })?;
    archive.lines(ABSTRACTIONS, complaints, &mut |line: KeptLine, _| {
        let is_new = paid.abstraction(&line.key)?.is_none();
        bringing.kept += u64::from(is_new);
        if is_new && put { Ok(paid.put_abstraction(&line.key, &line.json)?) } else { Ok(()) }
    })?;
    bringing.finish()
}

struct Bringing<'a> {
    paid: &'a Paid,
    put: bool,
    models: BTreeMap<String, Model>,
    plan: VectorsPlan,
    /// Titles and groups of tags that are not here yet.
    kept: u64,
}

#[derive(Default)]
struct Model {
    dim: usize,
    seen: HashSet<PromptHash>,
    waiting: Vec<(PromptHash, Vec<f32>)>,
}

impl<'a> Bringing<'a> {
    fn into(paid: &'a Paid, put: bool) -> Self {
        Self { paid, put, models: BTreeMap::new(), plan: VectorsPlan::default(), kept: 0 }
    }

    fn row(&mut self, row: &Row<'_>, complaints: &mut Complaints) -> Result<(), ImportError> {
        let Text::Is(model) = text(row, 0) else {
            complaints.add("image_embedding", "name no model", &"");
            return Ok(());
        };
        let Some(vector) = vector(row) else {
            complaints.add("image_embedding", "hold no vector of the size they say", &one_line(model));
            return Ok(());
        };
        let hash = match text(row, 3) {
            Text::Is(words) => prompt_hash(words),
            Text::Null | Text::Bad => None,
        };
        match hash {
            Some(hash) => self.vector(model, hash, vector),
            None => {
                self.plan.models.entry(model.to_owned()).or_default().without_prompt += 1;
                Ok(())
            }
        }
    }

    fn vector(&mut self, model: &str, hash: PromptHash, vector: Vec<f32>) -> Result<(), ImportError> {
        let plan = self.plan.models.entry(model.to_owned()).or_default();
        let known = self.models.entry(model.to_owned()).or_default();
        if known.dim == 0 {
            known.dim = vector.len();
        }
        if known.dim != vector.len() {
            plan.odd += 1;
            return Ok(());
        }
        if !known.seen.insert(hash) {
            plan.here += 1;
            return Ok(());
        }
        known.waiting.push((hash, vector));
        if known.waiting.len() >= AT_ONCE { self.flush(model) } else { Ok(()) }
    }

    fn flush(&mut self, model: &str) -> Result<(), ImportError> {
        let Some(known) = self.models.get_mut(model) else { return Ok(()) };
        let waiting = std::mem::take(&mut known.waiting);
        let hashes: Vec<PromptHash> = waiting.iter().map(|(hash, _)| *hash).collect();
        let is_known = self.paid.known(model, &hashes)?;
        let new: Vec<_> =
            waiting.into_iter().zip(is_known).filter(|(_, is_known)| !is_known).map(|(new, _)| new).collect();
        let plan = self.plan.models.entry(model.to_owned()).or_default();
        plan.new += new.len() as u64;
        plan.here += hashes.len() as u64 - new.len() as u64;
        if self.put {
            self.paid.put_vectors(model, &new)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<VectorsPlan, ImportError> {
        for model in self.models.keys().cloned().collect::<Vec<_>>() {
            self.flush(&model)?;
        }
        self.plan.kept = self.kept;
        Ok(self.plan)
    }
}

/// As many numbers as are said.
fn vector(row: &Row<'_>) -> Option<Vec<f32>> {
    sound(bytes(row, 2)?, usize::try_from(number(row, 1)?).ok()?)
}

/// Little-endian numbers, so many, finite and not all zero.
fn sound(bytes: &[u8], dim: usize) -> Option<Vec<f32>> {
    let (values, rest) = bytes.as_chunks::<4>();
    let vector: Vec<f32> = values.iter().map(|value| f32::from_le_bytes(*value)).collect();
    let is_sound = (1..=DIM_MAX).contains(&dim)
        && rest.is_empty()
        && vector.len() == dim
        && vector.iter().all(|value| value.is_finite())
        && vector.iter().any(|value| *value != 0.0);
    is_sound.then_some(vector)
}
