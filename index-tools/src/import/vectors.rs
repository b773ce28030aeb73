//! Vectors that the original had paid for, brought to where lumidex keeps what was paid for.
//!
//! They are kept under the name of a prompt, so images that share one bring it once. The original names
//! them by its own way of cleaning prompts; here the prompt is taken from the text it keeps of the image,
//! by the rules that hold here.

use std::collections::{BTreeMap, HashSet};

use lumidex::ledger::paid::{Paid, PromptHash};
use lumidex::projection::vectors::prompt_hash;
use rusqlite::Row;

use super::ImportError;
use super::complaints::{Complaints, one_line};
use super::database::{Database, Text, bytes, number, text};

/// Numbers in a vector.
const DIM_MAX: usize = 16_384;
/// Bytes of a model's name.
const MODEL_BYTES_MAX: usize = 1_024;
/// Bytes of a text of which the prompt is taken.
const TEXT_BYTES_MAX: usize = 1 << 20;
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

/// Models by name.
pub(super) type VectorsPlan = BTreeMap<String, ModelPlan>;

/// Looks which vectors are to be brought, and, with `put`, brings them.
pub(super) fn bring(
    database: &Database,
    paid: &Paid,
    put: bool,
    complaints: &mut Complaints,
    progress: &mut dyn FnMut(u64),
) -> Result<VectorsPlan, ImportError> {
    let mut bringing = Bringing { paid, put, models: BTreeMap::new(), plan: VectorsPlan::new() };
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
    let mut n = 0;
    database.for_each("image_embedding", &statement, complaints, |row, complaints| {
        n += 1;
        progress(n);
        bringing.row(row, complaints)
    })?;
    bringing.finish()
}

struct Bringing<'a> {
    paid: &'a Paid,
    put: bool,
    models: BTreeMap<String, Model>,
    plan: VectorsPlan,
}

#[derive(Default)]
struct Model {
    dim: usize,
    seen: HashSet<PromptHash>,
    waiting: Vec<(PromptHash, Vec<f32>)>,
}

impl Bringing<'_> {
    fn row(&mut self, row: &Row<'_>, complaints: &mut Complaints) -> Result<(), ImportError> {
        let Text::Is(model) = text(row, 0) else {
            complaints.add("image_embedding", "name no model", &"");
            return Ok(());
        };
        let Some(vector) = vector(row) else {
            complaints.add("image_embedding", "hold no vector of the size they say", &one_line(model));
            return Ok(());
        };
        let plan = self.plan.entry(model.to_owned()).or_default();
        let hash = match text(row, 3) {
            Text::Is(words) => prompt_hash(words),
            Text::Null | Text::Bad => None,
        };
        let Some(hash) = hash else {
            plan.without_prompt += 1;
            return Ok(());
        };
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
        let plan = self.plan.entry(model.to_owned()).or_default();
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
        Ok(self.plan)
    }
}

/// Little-endian numbers, as many as are said, finite and not all zero.
fn vector(row: &Row<'_>) -> Option<Vec<f32>> {
    let dim = usize::try_from(number(row, 1)?).ok().filter(|dim| (1..=DIM_MAX).contains(dim))?;
    let (values, rest) = bytes(row, 2)?.as_chunks::<4>();
    let vector: Vec<f32> = values.iter().map(|value| f32::from_le_bytes(*value)).collect();
    let is_sound = rest.is_empty()
        && vector.len() == dim
        && vector.iter().all(|value| value.is_finite())
        && vector.iter().any(|value| *value != 0.0);
    is_sound.then_some(vector)
}
