//! Settings that the original's page keeps on its server, as they read here: paths mapped, tags under the numbers
//! they have here. Pure, but for looking tags and settings up.

use std::collections::{BTreeMap, HashMap};

use lumidex::ledger::{ReadError, Reader};
use lumidex_schema::id::TagId;
use lumidex_schema::tag::TagKind;
use serde_json::Value;

use super::complaints::one_line;
use super::mapping::PathMap;
use super::source::Source;
use crate::export::TAGS_UNDER;

/// What the original keeps among settings for itself.
const INTERNAL: [&str; 2] = ["tag_abstraction_", "tag_graph_"];
/// The setting that holds rules for tags.
pub(super) const RULES: &str = "auto_tag_rules";

/// A setting to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) name: String,
    pub(super) json: String,
    /// Rules among it that are not here yet.
    pub(super) rules: u64,
}

/// Settings that are to be stored; those that stay behind are told to `left`.
pub(super) fn wishes(
    source: &Source,
    map: &PathMap,
    reader: &Reader,
    left: &mut Vec<String>,
) -> Result<Vec<Wish>, ReadError> {
    let mut tags = Tags { source, reader, here: None, n_unknown: 0 };
    let (mut wishes, mut internal) = (Vec::new(), 0);
    for (name, json) in &source.settings {
        if INTERNAL.iter().any(|prefix| name.starts_with(prefix)) {
            internal += 1;
            continue;
        }
        // JSON with a number that no program can hold comes as it stands.
        let mut value = serde_json::from_str::<Value>(json).unwrap_or_default();
        let is_changed = rewrite(&mut value, map, &mut tags)?;
        let json = if is_changed { value.to_string() } else { json.clone() };
        let here = reader.setting(name)?;
        let parsed_here = here.as_deref().and_then(|here| serde_json::from_str::<Value>(here).ok());
        if here.as_ref() == Some(&json) || parsed_here.as_ref() == Some(&value) {
            continue;
        }
        if name == RULES
            && let Some(rules) = rules_of(&value)
        {
            let mut all = match &parsed_here {
                None => Vec::new(),
                Some(here) => match rules_of(here) {
                    Some(rules) => rules,
                    None => {
                        left.push(format!("the setting `{RULES}`: it has another value here"));
                        continue;
                    }
                },
            };
            let more: Vec<Value> = rules.into_iter().filter(|rule| !all.contains(rule)).collect();
            if !more.is_empty() {
                let n = more.len() as u64;
                all.extend(more);
                wishes.push(Wish { name: name.clone(), json: Value::from(all).to_string(), rules: n });
            }
            continue;
        }
        match here {
            Some(_) => left.push(format!("the setting `{}`: it has another value here", one_line(name))),
            None => wishes.push(Wish { name: name.clone(), json, rules: 0 }),
        }
    }
    if internal > 0 {
        left.push(format!("{internal} settings that are caches of the original's own"));
    }
    if tags.n_unknown > 0 {
        left.push(format!("{} tags in saved searches: there are no such tags here yet", tags.n_unknown));
    }
    Ok(wishes)
}

/// The rules of the setting: a list, or a text that holds one.
fn rules_of(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(rules) => Some(rules.clone()),
        Value::String(text) => serde_json::from_str(text).ok(),
        _ => None,
    }
}

/// Makes a value what it is here; says whether that changed it.
fn rewrite(value: &mut Value, map: &PathMap, tags: &mut Tags<'_>) -> Result<bool, ReadError> {
    let mut is_changed = false;
    match value {
        Value::String(text) => {
            if let Some(mapped) = map.mapped(text)
                && mapped != *text
            {
                *text = mapped;
                is_changed = true;
            }
        }
        Value::Array(items) => {
            for item in items {
                is_changed |= rewrite(item, map, tags)?;
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                match member {
                    Value::Array(ids) if TAGS_UNDER.contains(&key.as_str()) => {
                        let before = std::mem::take(ids);
                        for id in &before {
                            ids.extend(tags.here(id)?);
                        }
                        is_changed |= *ids != before;
                    }
                    other => is_changed |= rewrite(other, map, tags)?,
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(is_changed)
}

/// Numbers of tags there and here.
struct Tags<'a> {
    source: &'a Source,
    reader: &'a Reader,
    here: Option<HashMap<(String, String), TagId>>,
    n_unknown: u64,
}

impl Tags<'_> {
    /// The number of a tag here; `None` when there is no such tag. What is no number of a tag stays as it is.
    fn here(&mut self, id: &Value) -> Result<Option<Value>, ReadError> {
        let number = match id {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        let Some(number) = number else { return Ok(Some(id.clone())) };
        if self.here.is_none() {
            self.here = Some(all_tags(self.reader)?);
        }
        let named = self.source.tag_ids.get(&number);
        let known = named.and_then(|named| self.here.as_ref().and_then(|here| here.get(named)));
        // Tags that come along are brought before.
        let is_brought = named.is_some_and(|(kind, name)| {
            let is_other = |(other, its_name): &(TagKind, String)| other.word() == kind && its_name == name;
            kind == TagKind::Custom.word() || self.source.other_tags.iter().any(is_other)
        });
        self.n_unknown += u64::from(known.is_none() && !is_brought);
        Ok(known.map(|id| Value::from(id.0)))
    }
}

/// Every tag here by kind and name.
fn all_tags(reader: &Reader) -> Result<HashMap<(String, String), TagId>, ReadError> {
    let tags = reader.all_tags()?.into_iter().filter(|(_, tag)| !tag.removed);
    Ok(tags.map(|(id, tag)| ((tag.kind.word().to_owned(), tag.name), id)).collect())
}

/// Names of settings with how often they are counted, for people.
pub(super) fn named(wishes: &[Wish]) -> BTreeMap<String, u64> {
    let mut names = BTreeMap::new();
    for Wish { name, .. } in wishes {
        // Snapshots of the page's tabs have a number each.
        let shown = if name.starts_with("workspace_snapshot_") { "workspace_snapshot_*" } else { name };
        *names.entry(one_line(shown)).or_default() += 1;
    }
    names
}
