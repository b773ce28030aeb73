//! Whether what was paid for is what it should be, and what makes it so. Rows that are no more what was bought are
//! taken out, so that a copy can give them back.

use super::{Paid, PaidError};
use crate::ledger::ReadError;
use crate::ledger::verify::{Finding, Findings, Mend};
use crate::limits;
use crate::sys::storage::{Disk, Diverting};
use lumidex_schema::layout;
use lumidex_schema::paid::{self, Put};
use redb::{Database, ReadTransaction, ReadableTable};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

const PLACE: &str = layout::PAID;

/// A row that is not what was put.
enum Broken {
    Vector(u32, [u8; 32]),
    Failure(u32, [u8; 32]),
    Title(String),
    Abstraction(String),
    Put(u64),
}

/// What was found, and what makes it right.
#[derive(Default)]
struct Looked {
    findings: Findings,
    broken: Vec<Broken>,
    /// Vectors of each model, where its row says another number.
    counts: Vec<(String, u64)>,
    last: Option<u64>,
}

impl Paid {
    /// Looks through it as it is, without writing anything.
    ///
    /// # Errors
    /// [`PaidError`].
    pub fn verify(&self) -> Result<Findings, PaidError> {
        Ok(self.file.read(look)?.unwrap_or_default().findings)
    }

    /// Takes out what [`Paid::verify`] found to be broken, and counts anew. Gives the rows taken out, in words.
    ///
    /// # Errors
    /// [`PaidError`]; then nothing was changed.
    pub fn mend(&self) -> Result<Vec<String>, PaidError> {
        let looked = self.file.read(look)?.unwrap_or_default();
        if looked.findings.is_empty() {
            return Ok(Vec::new());
        }
        self.file.write(|txn| {
            let mut taken = Vec::new();
            for broken in &looked.broken {
                take(txn, broken, &mut taken)?;
            }
            let mut models = txn.open_table(paid::MODELS)?;
            for (name, count) in &looked.counts {
                let row = models.get(name.as_str())?.map(|row| row.value());
                if let Some((id, _, at)) = row {
                    models.insert(name.as_str(), (id, *count, at))?;
                }
            }
            if let Some(last) = looked.last {
                txn.open_table(paid::META)?.insert("last", last)?;
            }
            Ok(taken)
        })
    }
}

/// Looks through a file that nobody has open, and proves every page of it; one that is not there is sound.
///
/// # Errors
/// [`PaidError`] when it cannot be opened for a reason that is no damage.
pub fn verify_closed(path: &Path) -> Result<Findings, PaidError> {
    if !path.exists() {
        return Ok(Findings::default());
    }
    let proved = catch_unwind(AssertUnwindSafe(|| prove(path)));
    let damage = match proved {
        Ok(Ok(true)) => match Paid::at(path).verify() {
            Err(PaidError::Foreign { .. }) => "it is something else".to_owned(),
            verified => return verified,
        },
        Ok(Ok(false)) => "a page is not as it was written".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "reading it panics".to_owned(),
    };
    let mut findings = Findings::default();
    let words = ("what was paid for, as it was written".to_owned(), damage);
    findings.add(Finding::new(PLACE, "file-sound", "the file", words, Mend::Restore));
    Ok(findings)
}

fn prove(path: &Path) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
    let backend = Diverting::as_it_stands(&*Disk::shared(), path)?;
    let mut builder = Database::builder();
    builder.set_cache_size(limits::paid::CACHE_BYTES);
    Ok(builder.create_with_backend(backend)?.check_integrity()?)
}

fn look(txn: &ReadTransaction) -> Result<Looked, ReadError> {
    let mut looked = Looked::default();
    let mut models: BTreeMap<u32, (String, u64, u64)> = BTreeMap::new();
    for row in txn.open_table(paid::MODELS)?.iter()? {
        let (name, row) = row?;
        let (id, count, _) = row.value();
        models.insert(id, (name.value().to_owned(), count, 0));
    }
    for row in txn.open_table(paid::VECTORS)?.iter()? {
        let (key, bytes) = row?;
        let ((model, hash), n_bytes) = (key.value(), bytes.value().len());
        match models.get_mut(&model) {
            Some((_, _, count)) if n_bytes > 0 && n_bytes % 4 == 0 => *count += 1,
            Some(_) => {
                let found = format!("{n_bytes} bytes");
                looked.broken(
                    "vector-reads",
                    shown(model, hash),
                    "numbers",
                    found,
                    Broken::Vector(model, *hash),
                );
            }
            None => {
                let what = shown(model, hash);
                looked.broken("model-exists", what, "a model", "none", Broken::Vector(model, *hash));
            }
        }
    }
    for (name, said, counted) in models.values() {
        if said != counted {
            let words = (format!("{counted} vectors"), format!("{said}"));
            let finding = Finding::new(PLACE, "model-count", format!("model `{name}`"), words, Mend::Derive);
            looked.findings.add(finding);
            looked.counts.push((name.clone(), *counted));
        }
    }
    for row in txn.open_table(paid::FAILURES)?.iter()? {
        let (key, _) = row?;
        let (model, hash) = key.value();
        if !models.contains_key(&model) {
            let what = shown(model, hash);
            looked.broken("model-exists", what, "a model", "none", Broken::Failure(model, *hash));
        }
    }
    let is_json = |json: &str| serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok();
    for row in txn.open_table(paid::TITLES)?.iter()? {
        let (key, json) = row?;
        if !is_json(json.value()) {
            let key = key.value().to_owned();
            looked.broken(
                "title-reads",
                format!("title `{key}`"),
                "JSON",
                "something else",
                Broken::Title(key),
            );
        }
    }
    for row in txn.open_table(paid::ABSTRACTIONS)?.iter()? {
        let (key, json) = row?;
        if !is_json(json.value()) {
            let (what, broken) =
                (format!("abstraction `{}`", key.value()), Broken::Abstraction(key.value().to_owned()));
            looked.broken("title-reads", what, "JSON", "something else", broken);
        }
    }
    let mut last = 0;
    for row in txn.open_table(paid::PUTS)?.iter()? {
        let (number, put) = row?;
        last = number.value();
        if Put::decode(put.value()).is_err() {
            looked.broken("put-reads", format!("put {last}"), "a row", "something else", Broken::Put(last));
        }
    }
    let said = txn.open_table(paid::META)?.get("last")?.map_or(0, |last| last.value());
    if said < last {
        let words = (format!("at least {last}"), format!("{said}"));
        looked.findings.add(Finding::new(PLACE, "counter", "counter `last`", words, Mend::Derive));
        looked.last = Some(last);
    }
    Ok(looked)
}

impl Looked {
    fn broken(
        &mut self,
        rule: &'static str,
        what: String,
        expected: &str,
        found: impl Into<String>,
        row: Broken,
    ) {
        self.findings.add(Finding::new(PLACE, rule, what, (expected, found), Mend::SetAside));
        self.broken.push(row);
    }
}

fn shown(model: u32, hash: &[u8; 32]) -> String {
    format!("prompt {}… of model {model}", &blake3::Hash::from(*hash).to_hex()[..16])
}

fn take(txn: &redb::WriteTransaction, broken: &Broken, taken: &mut Vec<String>) -> Result<(), ReadError> {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let row = match broken {
        Broken::Vector(model, hash) => {
            let row = txn.open_table(paid::VECTORS)?.remove((*model, hash))?.map(|row| hex(row.value()));
            row.map(|row| (shown(*model, hash), row))
        }
        Broken::Failure(model, hash) => {
            let row =
                txn.open_table(paid::FAILURES)?.remove((*model, hash))?.map(|row| row.value().to_owned());
            row.map(|row| (shown(*model, hash), row))
        }
        Broken::Title(key) => {
            let row = txn.open_table(paid::TITLES)?.remove(key.as_str())?.map(|row| row.value().to_owned());
            row.map(|row| (format!("title `{key}`"), row))
        }
        Broken::Abstraction(key) => {
            let row =
                txn.open_table(paid::ABSTRACTIONS)?.remove(key.as_str())?.map(|row| row.value().to_owned());
            row.map(|row| (format!("abstraction `{key}`"), row))
        }
        Broken::Put(number) => {
            let row = txn.open_table(paid::PUTS)?.remove(number)?.map(|row| hex(row.value()));
            row.map(|row| (format!("put {number}"), row))
        }
    };
    taken.extend(row.map(|(what, row)| serde_json::json!({ "row": what, "content": row }).to_string()));
    Ok(())
}
