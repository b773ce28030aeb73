//! One image as a document for search engines of others: flat, with words for everything. Only the shape, and the
//! index configurations that fit it.

use serde::Serialize;
use serde_json::{Value, json};

/// An image.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Document {
    /// Its id in this library.
    pub id: u32,
    /// Absolute path.
    pub path: String,
    /// The folder it lies in.
    pub folder: String,
    /// File name.
    pub name: String,
    /// Of the name, lower case, without the dot.
    pub ext: String,
    /// `image`, `audio` or `video`.
    pub media: String,
    /// Bytes.
    pub size: u64,
    /// Pixels of the file itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels of the file itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Fingerprint, 32 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Birth of the file, RFC 3339, UTC.
    pub created: String,
    /// Last change of the file, RFC 3339, UTC.
    pub modified: String,
    /// Everything the file says of how it was made, or what a person wrote in its place.
    pub text: String,
    /// The program that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Positive prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// Negative prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negative: Option<String>,
    /// Checkpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Canonical: lower case, words joined by `_`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sampler: Option<String>,
    /// Canonical.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduler: Option<String>,
    /// Of the first pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<u32>,
    /// Classifier-free guidance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cfg: Option<f64>,
    /// Where 64 bits hold it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Names of adapters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub loras: Vec<String>,
    /// Custom tags on it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Tags that follow from its file, after their kind and a colon: `pos:heron`, `Model:dreams`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
}

/// What a field is to a search engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Number,
    Decimal,
    Date,
    /// Compared as a whole; lists are of the kind of what is in them.
    Word,
    /// Searched by its words.
    Words,
}

/// Every field of a [`Document`].
const FIELDS: [(&str, Kind); 25] = [
    ("id", Kind::Number),
    ("path", Kind::Words),
    ("folder", Kind::Word),
    ("name", Kind::Words),
    ("ext", Kind::Word),
    ("media", Kind::Word),
    ("size", Kind::Number),
    ("width", Kind::Number),
    ("height", Kind::Number),
    ("content", Kind::Word),
    ("created", Kind::Date),
    ("modified", Kind::Date),
    ("text", Kind::Words),
    ("source", Kind::Word),
    ("prompt", Kind::Words),
    ("negative", Kind::Words),
    ("model", Kind::Word),
    ("sampler", Kind::Word),
    ("scheduler", Kind::Word),
    ("steps", Kind::Number),
    ("cfg", Kind::Decimal),
    ("seed", Kind::Number),
    ("loras", Kind::Word),
    ("tags", Kind::Word),
    ("keywords", Kind::Word),
];

/// Fields that hold lists.
const LISTS: [&str; 3] = ["loras", "tags", "keywords"];

/// The index configuration that Elasticsearch and OpenSearch take when an index is made.
#[must_use]
pub fn elasticsearch() -> Value {
    let field = |(name, kind): &(&str, Kind)| {
        let mapping = match kind {
            // Seeds use all 64 bits.
            Kind::Number if *name == "seed" => json!({ "type": "unsigned_long" }),
            Kind::Number => json!({ "type": "long" }),
            Kind::Decimal => json!({ "type": "double" }),
            Kind::Date => json!({ "type": "date" }),
            Kind::Word => json!({ "type": "keyword" }),
            Kind::Words => json!({ "type": "text" }),
        };
        ((*name).to_owned(), mapping)
    };
    let properties: serde_json::Map<String, Value> = FIELDS.iter().map(field).collect();
    json!({ "mappings": { "dynamic": "strict", "properties": properties } })
}

/// The index configuration that Quickwit takes when an index of this name is made.
#[must_use]
pub fn quickwit(index: &str) -> Value {
    let field = |(name, kind): &(&str, Kind)| {
        let list = |of: &str| if LISTS.contains(name) { format!("array<{of}>") } else { of.to_owned() };
        match kind {
            Kind::Number => json!({ "name": name, "type": "u64", "fast": true }),
            Kind::Decimal => json!({ "name": name, "type": "f64", "fast": true }),
            Kind::Date => json!({
                "name": name, "type": "datetime", "input_formats": ["rfc3339"], "fast": true,
                "fast_precision": "milliseconds",
            }),
            Kind::Word => json!({ "name": name, "type": list("text"), "tokenizer": "raw", "fast": true }),
            Kind::Words => {
                json!({ "name": name, "type": "text", "tokenizer": "default", "record": "position" })
            }
        }
    };
    let fields: Vec<Value> = FIELDS.iter().map(field).collect();
    json!({
        "version": "0.8",
        "index_id": index,
        "doc_mapping": { "mode": "strict", "field_mappings": fields, "timestamp_field": "modified" },
        "search_settings": { "default_search_fields": ["text", "path", "tags"] },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn full() -> Document {
        let some = || Some("x".to_owned());
        Document {
            width: Some(1),
            height: Some(1),
            content: some(),
            source: some(),
            prompt: some(),
            negative: some(),
            model: some(),
            sampler: some(),
            scheduler: some(),
            steps: Some(1),
            cfg: Some(1.0),
            seed: Some(u64::MAX),
            loras: vec![String::new()],
            tags: vec![String::new()],
            keywords: vec![String::new()],
            ..Document::default()
        }
    }

    #[test]
    fn both_configurations_know_every_field_and_no_other() {
        let document = serde_json::to_value(full()).expect("JSON");
        let fields: BTreeSet<&str> =
            document.as_object().expect("an object").keys().map(String::as_str).collect();
        let elastic = elasticsearch();
        let known = elastic["mappings"]["properties"].as_object().expect("an object");
        assert_eq!(known.keys().map(String::as_str).collect::<BTreeSet<_>>(), fields);
        let quickwit = quickwit("pictures");
        let known = quickwit["doc_mapping"]["field_mappings"].as_array().expect("a list");
        assert_eq!(known.iter().filter_map(|field| field["name"].as_str()).collect::<BTreeSet<_>>(), fields);
        for field in known {
            let name = field["name"].as_str().expect("a name");
            let is_list = field["type"].as_str().is_some_and(|kind| kind.starts_with("array<"));
            assert_eq!(document[name].is_array(), is_list, "{name}");
        }
    }
}
