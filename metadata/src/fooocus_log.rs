//! The page that Fooocus logs to, which describes the pictures of its folder (catalogue 5.6, rows G1 and
//! G2 of the bad inputs). Read as a stream and once; which page belongs to a file is the caller's to know.

use crate::json::{self, Value};
use crate::limits::{LOG_BLOCK_BYTES_MAX, LOG_ENTRIES_MAX, LOG_TEXT_BYTES_MAX};
use crate::{fooocus, infotext, normal};
use lumidex_schema::recipe::Recipe;
use memchr::memmem;
use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::{self, Read};
use std::sync::Arc;

/// What a page says of every picture it names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Log {
    /// Infotexts by the picture's name.
    named: HashMap<String, Arc<str>>,
    /// The same by the name with underscores for its dots, of blocks that give no other.
    by_id: HashMap<String, Arc<str>>,
    n_bytes: usize,
}

/// Bytes that an entry takes besides its text: its name, and its place in a table.
const ENTRY_BYTES: usize = 128;

impl Log {
    /// Reads a page to its end, at most 100,000 pictures and 128 MiB of their texts; of several
    /// blocks for one name the first, which is the newest.
    ///
    /// # Errors
    /// Only what the source fails with.
    pub fn parse(page: &mut dyn Read) -> io::Result<Self> {
        let mut log = Self::default();
        blocks(page, &mut |block| {
            if let Some((name, recipe)) = entry(block) {
                let slot = match name {
                    Name::File(name) => log.named.entry(name),
                    Name::Id(id) => log.by_id.entry(id),
                };
                if let Entry::Vacant(slot) = slot {
                    let text = infotext::render(&recipe);
                    log.n_bytes += text.len() + ENTRY_BYTES;
                    slot.insert(text.into());
                }
            }
            log.len() < LOG_ENTRIES_MAX && log.n_bytes < LOG_TEXT_BYTES_MAX
        })?;
        Ok(log)
    }

    /// The infotext of a picture of the page's folder; [`crate::read`] takes it as a text beside the
    /// picture.
    #[must_use]
    pub fn get(&self, file_name: &str) -> Option<&Arc<str>> {
        let of_id = || match self.by_id.is_empty() {
            true => None,
            false => self.by_id.get(&file_name.replace('.', "_")),
        };
        self.named.get(file_name).or_else(of_id)
    }

    /// The files of which this page says something else than another, at most `max`; `None` when they are
    /// more, or when one of them is not called by its name.
    #[must_use]
    pub fn differences(&self, other: &Self, max: usize) -> Option<Vec<String>> {
        if self.by_id != other.by_id {
            return None;
        }
        let here = self.named.iter().filter(|(name, text)| other.named.get(*name) != Some(text));
        let gone = other.named.iter().filter(|(name, _)| !self.named.contains_key(*name));
        let names: Vec<_> = here.chain(gone).take(max + 1).map(|(name, _)| name.clone()).collect();
        (names.len() <= max).then_some(names)
    }

    /// About how many bytes of memory it takes.
    #[must_use]
    pub fn n_bytes(&self) -> usize {
        self.n_bytes
    }

    /// How many pictures it describes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.named.len() + self.by_id.len()
    }

    /// Whether it describes none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The recipe of one picture; reads no further than its block.
///
/// # Errors
/// Only what the source fails with.
pub fn log_entry(page: &mut dyn Read, file_name: &str) -> io::Result<Option<Recipe>> {
    let id = file_name.replace('.', "_");
    let mut found = None;
    blocks(page, &mut |block| {
        if memmem::find(block, id.as_bytes()).is_some() || memmem::find(block, file_name.as_bytes()).is_some()
        {
            found = entry(block).filter(|(name, _)| match name {
                Name::File(name) => name == file_name,
                Name::Id(known) => *known == id,
            });
        }
        found.is_none()
    })?;
    Ok(found.map(|(_, recipe)| recipe))
}

const START: &[u8] = b"<div id=\"";

/// Gives every block to `take` until it wants no more. A block begins at the start of a line, where a
/// prompt cannot stand.
fn blocks(page: &mut dyn Read, take: &mut dyn FnMut(&[u8]) -> bool) -> io::Result<()> {
    let mut held: Vec<u8> = vec![b'\n'];
    let mut chunk = vec![0; 64 << 10];
    let mut searched = 0;
    loop {
        let n = match page.read(&mut chunk) {
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        held.extend_from_slice(&chunk[..n]);
        let mut start = 0;
        for at in memmem::find_iter(&held[searched..], START).map(|at| at + searched).collect::<Vec<_>>() {
            let is_line = held[..at].iter().rev().find(|byte| !matches!(byte, b' ' | b'\t')) == Some(&b'\n');
            if is_line && at > start {
                if is_block(&held[start..at]) && !take(&held[start..at]) {
                    return Ok(());
                }
                start = at;
            }
        }
        held.drain(..start);
        if n == 0 {
            if is_block(&held) {
                take(&held);
            }
            return Ok(());
        }
        // What is too long for a block is none.
        if held.len() > LOG_BLOCK_BYTES_MAX {
            held.clear();
            held.push(b'\n');
        }
        // The beginning of a block may lie across two chunks.
        searched = held.len().saturating_sub(START.len()).max(usize::from(held.starts_with(START)));
    }
}

fn is_block(bytes: &[u8]) -> bool {
    bytes.starts_with(START)
}

/// What a block is called by.
enum Name {
    File(String),
    Id(String),
}

fn entry(block: &[u8]) -> Option<(Name, Recipe)> {
    let block = String::from_utf8_lossy(block);
    let fields = of_button(&block).or_else(|| of_table(&block)).or_else(|| of_paragraphs(&block))?;
    let mut recipe = fooocus::recipe(&fields, &block);
    // The page writes its sizes so that they are names.
    if let Some((width, height)) = recipe.width.zip(recipe.height) {
        recipe.extra.push(("Size".to_owned(), format!("{width} * {height}")));
    }
    Some((name(&block)?, recipe))
}

/// The picture that a block shows decides; its own name cannot tell a dot from an underscore.
fn name(block: &str) -> Option<Name> {
    let shown = ["href=", "src="].iter().find_map(|attribute| {
        let mut values = block.match_indices(attribute).map(|(at, _)| &block[at + attribute.len()..]);
        values.find_map(|value| {
            let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
            let value = value[1..].split(quote).next()?;
            let file = unescaped(value.rsplit(['/', '\\']).next()?).into_owned();
            (!file.is_empty() && !file.starts_with('#') && file.contains('.')).then_some(file)
        })
    });
    if let Some(file) = shown {
        return Some(Name::File(file));
    }
    let id = block.strip_prefix("<div id=\"")?.split('"').next()?;
    (!id.is_empty()).then(|| Name::Id(id.to_owned()))
}

/// The argument of the button that copies: the same as JSON, with its signs escaped as in addresses.
fn of_button(block: &str) -> Option<Value<'static>> {
    let (_, argument) = block.rsplit_once("to_clipboard('")?;
    let argument = argument.split('\'').next()?;
    let text = unescaped(argument);
    let Some(Value::Map(members)) = json::parse(&text) else { return None };
    Some(owned(Value::Map(members)))
}

/// As deep as JSON may be.
fn owned(value: Value<'_>) -> Value<'static> {
    match value {
        Value::List(items) => Value::List(items.into_iter().map(owned).collect()),
        Value::Map(members) => {
            let members =
                members.into_iter().map(|(key, value)| (Cow::Owned(key.into_owned()), owned(value)));
            Value::Map(members.collect())
        }
        scalar => scalar.scalar().map_or(Value::Null, |text| Value::Text(Cow::Owned(text.to_owned()))),
    }
}

/// Rows of a label and a value, which is not escaped at all.
fn of_table(block: &str) -> Option<Value<'static>> {
    let mut fields = Vec::new();
    for row in block.split("<tr").skip(1) {
        let Some(label) = cell(row, &["class='label'", "class=\"label\"", "class='key'", "class=\"key\""])
        else {
            continue;
        };
        let Some(value) = cell(row, &["class='value'", "class=\"value\""]) else { continue };
        push(&mut fields, label, value);
    }
    (!fields.is_empty()).then_some(Value::Map(fields))
}

fn cell<'a>(row: &'a str, classes: &[&str]) -> Option<&'a str> {
    let at = classes.iter().find_map(|class| row.find(class))?;
    let (_, inner) = row[at..].split_once('>')?;
    Some(inner.find("</td>").map_or(inner, |end| &inner[..end]))
}

/// `Prompt: <b>a cat</b>`, as the first pages had it.
fn of_paragraphs(block: &str) -> Option<Value<'static>> {
    let mut fields = Vec::new();
    let mut rest = block;
    while let Some((before, after)) = rest.split_once(": <b>") {
        let label = before.rsplit(['>', ',', '\n']).next().unwrap_or_default();
        let (value, behind) = after.split_once("</b>").unwrap_or((after, ""));
        push(&mut fields, label, value);
        rest = behind;
    }
    (!fields.is_empty()).then_some(Value::Map(fields))
}

fn push(fields: &mut Vec<(Cow<'static, str>, Value<'static>)>, label: &str, value: &str) {
    const FIELDS_MAX: usize = 256;
    let value = value.replace(" </br> ", "\n").replace("</br>", "\n").replace("<br/>", "\n");
    if fields.len() < FIELDS_MAX && !label.trim().is_empty() {
        let label = label.trim().trim_end_matches(':').to_owned();
        fields.push((Cow::Owned(label), Value::Text(Cow::Owned(normal::text(&value)))));
    }
}

/// A value of an attribute, and then of an address: `&amp;` and `%41` as what they stand for.
fn unescaped(text: &str) -> Cow<'_, str> {
    // The sign that begins them all comes last, or `&amp;lt;` would be one too many.
    const SIGNS: [(&str, &str); 5] =
        [("&#39;", "'"), ("&quot;", "\""), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    let of_signs = |text: &str| SIGNS.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    let text = if text.contains('&') { Cow::Owned(of_signs(text)) } else { Cow::Borrowed(text) };
    if !text.contains('%') {
        return text;
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let code = digits.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match code {
            Some(code) => {
                bytes.push(code);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}
