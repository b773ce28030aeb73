//! The rows of what was paid for, within a transaction.

use super::super::ReadError;
use super::super::writer::begin;
use lumidex_schema::id::Timestamp;
use lumidex_schema::paid::{self, Put};
use lumidex_schema::record::Malformed;
use redb::{
    Database, ReadTransaction, ReadableTable, Table, TableDefinition, TableError, Value, WriteTransaction,
};
use std::collections::HashMap;
use std::ops::Bound;

/// SHA-256 of a cleaned prompt, with the version of the rules of cleaning.
pub type PromptHash = [u8; 32];

/// See [`super::Paid::stats`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Vectors.
    pub count: u64,
    /// When the last one came.
    pub max_updated_at: Option<Timestamp>,
}

/// Which of two vectors of one prompt stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stays {
    /// The one that is there.
    Present,
    /// The one that comes.
    Comer,
}

/// What tells a model by its number.
type ModelRow = (u32, u64, i64);

/// Every table, open for writing.
pub(super) struct Tables<'t> {
    pub(super) meta: Table<'t, &'static str, u64>,
    models: Table<'t, &'static str, ModelRow>,
    vectors: Table<'t, (u32, &'static [u8; 32]), &'static [u8]>,
    failures: Table<'t, (u32, &'static [u8; 32]), &'static str>,
    titles: Table<'t, &'static str, &'static str>,
    abstractions: Table<'t, &'static str, &'static str>,
    puts: Table<'t, u64, &'static [u8]>,
    last: u64,
    /// Vectors added, by the number of their model.
    added: HashMap<u32, u64>,
}

impl<'t> Tables<'t> {
    pub(super) fn open(txn: &'t WriteTransaction) -> Result<Self, ReadError> {
        let meta = txn.open_table(paid::META)?;
        let last = meta.get("last")?.map_or(0, |last| last.value());
        Ok(Self {
            meta,
            models: txn.open_table(paid::MODELS)?,
            vectors: txn.open_table(paid::VECTORS)?,
            failures: txn.open_table(paid::FAILURES)?,
            titles: txn.open_table(paid::TITLES)?,
            abstractions: txn.open_table(paid::ABSTRACTIONS)?,
            puts: txn.open_table(paid::PUTS)?,
            last,
            added: HashMap::new(),
        })
    }

    /// The number of a model, given when it is first named.
    pub(super) fn model(&mut self, name: &str) -> Result<u32, ReadError> {
        if let Some(row) = self.models.get(name)? {
            return Ok(row.value().0);
        }
        let mut last = 0;
        for row in self.models.iter()? {
            last = row?.1.value().0.max(last);
        }
        self.models.insert(name, (last + 1, 0, 0))?;
        Ok(last + 1)
    }

    /// The largest number given to a put.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    fn log(&mut self, put: &Put) -> Result<(), ReadError> {
        self.last += 1;
        self.puts.insert(self.last, put.encode().as_slice())?;
        Ok(())
    }

    pub(super) fn put_vector(
        &mut self,
        model: u32,
        hash: &PromptHash,
        bytes: &[u8],
        stays: Stays,
    ) -> Result<(), ReadError> {
        let is_new = match self.vectors.get((model, hash))? {
            None => true,
            Some(there) if stays == Stays::Present || there.value() == bytes => return Ok(()),
            Some(_) => false,
        };
        self.failures.remove((model, hash))?;
        self.vectors.insert((model, hash), bytes)?;
        *self.added.entry(model).or_default() += u64::from(is_new);
        self.log(&Put::Vector(model, *hash))
    }

    /// Nothing, when there is a vector after all.
    pub(super) fn put_failure(
        &mut self,
        model: u32,
        hash: &PromptHash,
        reason: &str,
    ) -> Result<(), ReadError> {
        let is_same = |there: Option<&str>| there == Some(reason);
        if self.vectors.get((model, hash))?.is_some()
            || is_same(self.failures.get((model, hash))?.as_ref().map(|there| there.value()))
        {
            return Ok(());
        }
        self.failures.insert((model, hash), reason)?;
        self.log(&Put::Failure(model, *hash))
    }

    pub(super) fn put_title(&mut self, key: &str, json: &str) -> Result<(), ReadError> {
        if self.titles.get(key)?.is_some_and(|there| there.value() == json) {
            return Ok(());
        }
        self.titles.insert(key, json)?;
        self.log(&Put::Title(key.to_owned()))
    }

    pub(super) fn put_abstraction(&mut self, key: &str, json: &str) -> Result<(), ReadError> {
        if self.abstractions.get(key)?.is_some_and(|there| there.value() == json) {
            return Ok(());
        }
        self.abstractions.insert(key, json)?;
        self.log(&Put::Abstraction(key.to_owned()))
    }

    pub(super) fn has_title(&self, key: &str) -> Result<bool, ReadError> {
        Ok(self.titles.get(key)?.is_some())
    }

    pub(super) fn has_abstraction(&self, key: &str) -> Result<bool, ReadError> {
        Ok(self.abstractions.get(key)?.is_some())
    }

    /// Brings the sums up to date; the transaction can be committed then.
    pub(super) fn finish(mut self, at: Timestamp) -> Result<(), ReadError> {
        self.meta.insert("last", self.last)?;
        if self.added.is_empty() {
            return Ok(());
        }
        let mut rows = Vec::new();
        for row in self.models.iter()? {
            let (name, row) = row?;
            rows.push((name.value().to_owned(), row.value()));
        }
        for (name, (id, count, _)) in rows {
            if let Some(added) = self.added.get(&id) {
                self.models.insert(name.as_str(), (id, count + added, at.0))?;
            }
        }
        Ok(())
    }
}

/// Makes what a file begins with, when there is nothing in it.
pub(super) fn begin_file(db: &Database, format: u32) -> Result<(), ReadError> {
    let txn = begin(db)?;
    {
        let mut tables = Tables::open(&txn)?;
        if tables.meta.get("format")?.is_some() {
            return Ok(());
        }
        tables.meta.insert("format", u64::from(format))?;
        tables.meta.insert("identity", getrandom::u64().unwrap_or(0))?;
    }
    txn.commit()?;
    Ok(())
}

/// A number that belongs to the file.
pub(super) fn number(txn: &ReadTransaction, name: &str) -> Result<u64, ReadError> {
    Ok(txn.open_table(paid::META)?.get(name)?.map_or(0, |number| number.value()))
}

fn model_row(txn: &ReadTransaction, model: &str) -> Result<Option<ModelRow>, ReadError> {
    Ok(txn.open_table(paid::MODELS)?.get(model)?.map(|row| row.value()))
}

/// One answer for each hash, from the table of them.
fn each<V: Value + 'static, T: Clone>(
    txn: &ReadTransaction,
    table: TableDefinition<'static, (u32, &'static [u8; 32]), V>,
    model: &str,
    hashes: &[PromptHash],
    none: &T,
    mut answer: impl FnMut(V::SelfType<'_>) -> Result<T, ReadError>,
) -> Result<Vec<T>, ReadError> {
    let Some((id, _, _)) = model_row(txn, model)? else { return Ok(vec![none.clone(); hashes.len()]) };
    let table = txn.open_table(table)?;
    let mut answers = vec![none.clone(); hashes.len()];
    // In the order of the keys, so that each page is read once.
    let mut order: Vec<usize> = (0..hashes.len()).collect();
    order.sort_unstable_by_key(|nth| &hashes[*nth]);
    for nth in order {
        if let Some(found) = table.get((id, &hashes[nth]))? {
            answers[nth] = answer(found.value())?;
        }
    }
    Ok(answers)
}

pub(super) fn vectors(
    txn: &ReadTransaction,
    model: &str,
    hashes: &[PromptHash],
) -> Result<Vec<Option<Vec<f32>>>, ReadError> {
    each(txn, paid::VECTORS, model, hashes, &None, |bytes| Ok(Some(decode_vector(bytes)?)))
}

pub(super) fn known(
    txn: &ReadTransaction,
    model: &str,
    hashes: &[PromptHash],
) -> Result<Vec<bool>, ReadError> {
    each(txn, paid::VECTORS, model, hashes, &false, |_| Ok(true))
}

pub(super) fn failures(
    txn: &ReadTransaction,
    model: &str,
    hashes: &[PromptHash],
) -> Result<Vec<Option<String>>, ReadError> {
    each(txn, paid::FAILURES, model, hashes, &None, |reason| Ok(Some(reason.to_owned())))
}

pub(super) fn title(txn: &ReadTransaction, key: &str) -> Result<Option<String>, ReadError> {
    Ok(txn.open_table(paid::TITLES)?.get(key)?.map(|json| json.value().to_owned()))
}

pub(super) fn abstraction(txn: &ReadTransaction, key: &str) -> Result<Option<String>, ReadError> {
    Ok(txn.open_table(paid::ABSTRACTIONS)?.get(key)?.map(|json| json.value().to_owned()))
}

pub(super) fn vectors_after(
    txn: &ReadTransaction,
    model: &str,
    after: Option<&PromptHash>,
    max: usize,
) -> Result<Vec<(PromptHash, Vec<f32>)>, ReadError> {
    let Some((id, _, _)) = model_row(txn, model)? else { return Ok(Vec::new()) };
    let first = match after {
        Some(hash) => Bound::Excluded((id, hash)),
        None => Bound::Included((id, &[0; 32])),
    };
    let mut found = Vec::new();
    let rows = txn.open_table(paid::VECTORS)?.range((first, Bound::Included((id, &[u8::MAX; 32]))))?;
    for row in rows.take(max) {
        let (key, vector) = row?;
        found.push((*key.value().1, decode_vector(vector.value())?));
    }
    Ok(found)
}

/// Titles, or abstractions.
pub(super) fn all_texts(
    txn: &ReadTransaction,
    table: TableDefinition<'static, &'static str, &'static str>,
) -> Result<Vec<(String, String)>, ReadError> {
    let mut texts = Vec::new();
    for row in txn.open_table(table)?.iter()? {
        let (key, json) = row?;
        texts.push((key.value().to_owned(), json.value().to_owned()));
    }
    Ok(texts)
}

pub(super) fn stats(txn: &ReadTransaction, model: &str) -> Result<Stats, ReadError> {
    Ok(match model_row(txn, model)? {
        Some((_, count, at)) if count > 0 => Stats { count, max_updated_at: Some(Timestamp(at)) },
        Some(_) | None => Stats::default(),
    })
}

pub(super) fn models(txn: &ReadTransaction) -> Result<Vec<String>, ReadError> {
    let mut names = Vec::new();
    for row in txn.open_table(paid::MODELS)?.iter()? {
        names.push(row?.0.value().to_owned());
    }
    Ok(names)
}

/// The names of the models by their numbers.
pub(super) fn names_by_number(txn: &ReadTransaction) -> Result<HashMap<u32, String>, ReadError> {
    let mut names = HashMap::new();
    for row in txn.open_table(paid::MODELS)?.iter()? {
        let (name, row) = row?;
        names.insert(row.value().0, name.value().to_owned());
    }
    Ok(names)
}

/// The format of a file; `None` when it is empty.
pub(super) fn stored_format(txn: &ReadTransaction) -> Result<Option<Option<u64>>, ReadError> {
    if txn.list_tables()?.next().is_none() {
        return Ok(None);
    }
    match txn.open_table(paid::META) {
        Err(TableError::Storage(error)) => Err(error.into()),
        Err(_) => Ok(Some(None)),
        Ok(meta) => Ok(Some(meta.get("format")?.map(|format| format.value()))),
    }
}

pub(super) fn encode_vector(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn decode_vector(bytes: &[u8]) -> Result<Vec<f32>, ReadError> {
    let (values, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(Malformed { table: "vectors" }.into());
    }
    Ok(values.iter().map(|value| f32::from_le_bytes(*value)).collect())
}
