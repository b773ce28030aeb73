//! Ranked word search: BM25 over the word fields. Refuses to know the query language above it.

use super::snapshot::{Base, WordField};
use super::words::Words;
use lumidex_schema::fold::fold;
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, Query, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::tokenizer::{TokenStream, Tokenizer};
use tantivy::{DocAddress, Term};

/// At most this many words of a query are searched; further ones are left out.
const WORDS_MAX: usize = 64;

pub(super) fn ranked(
    base: &Base,
    field: WordField,
    query: &str,
    limit: usize,
) -> tantivy::Result<Vec<(u32, f32)>> {
    let field = match field {
        WordField::Prompt => base.fields.prompt,
        WordField::Negative => base.fields.negative,
        WordField::Path => base.fields.path,
        WordField::Tag => base.fields.tag,
    };
    let folded = fold(query);
    let mut words = Words;
    let mut stream = words.token_stream(&folded);
    let mut terms = Vec::new();
    while let Some(token) = stream.next() {
        terms.push(Term::from_field_text(field, &token.text));
        if terms.len() == WORDS_MAX {
            break;
        }
    }
    terms.sort_unstable();
    terms.dedup();
    if terms.is_empty() || limit == 0 {
        return Ok(Vec::new());
    }
    let any = terms
        .into_iter()
        .map(|term| -> Box<dyn Query> { Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs)) });
    let query = BooleanQuery::union(any.collect());
    let hits = base.searcher.search(&query, &TopDocs::with_limit(limit).order_by_score())?;
    let id = |address: DocAddress| {
        let segment = base.segments.get(address.segment_ord as usize)?;
        segment.id(address.doc_id)
    };
    let mut hits: Vec<(u32, f32)> =
        hits.into_iter().filter_map(|(score, address)| Some((id(address)?, score))).collect();
    hits.sort_by(|(a, x), (b, y)| y.total_cmp(x).then(a.cmp(b)));
    Ok(hits)
}
