//! Texts to vectors. A text that the upstream cannot take costs itself and no other: what is refused
//! together is asked for in halves until the text that is at fault is alone.

use super::batches::estimated_tokens;
use super::error::UpstreamError;
use super::wire::{Upstream, Whole};
use crate::limits::upstream::DIMENSION_MAX;
use crate::sys::Stop;
use serde::Deserialize;
use serde_json::json;

/// What became of each text, in the order of the texts.
pub type Vectors = Vec<Result<Vec<f32>, Failure>>;

/// Why a text has no vector although others could have one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What the upstream says, bounded.
    pub reason: String,
    /// It would be refused again.
    pub is_permanent: bool,
}

/// Asked for alone when a text fails that nothing else vouches for: what everyone can take. If it is
/// refused as well, the text is not at fault.
const WITNESS: &str = "a picture";

/// What is asked for at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// All of a request.
    Whole,
    /// A part of what was refused.
    Half,
}

/// One run over the texts of a request.
struct Run<'a> {
    upstream: &'a Upstream,
    model: &'a str,
    texts: &'a [&'a str],
    stop: &'a Stop,
    found: Vectors,
    /// The upstream gave a vector for something.
    is_vouched: bool,
}

impl Upstream {
    /// The vectors of texts that go into one request ([`super::batches`] makes such), as the model gives
    /// them: all of one length, finite, not zero. Troubles that pass are waited out, see [`super::Pace`].
    ///
    /// # Errors
    /// [`UpstreamError`] when none of the texts can have a vector now: the upstream cannot be reached, does
    /// not know the model or the key, or answers something else.
    pub fn embed(&self, model: &str, texts: &[&str], stop: &Stop) -> Result<Vectors, UpstreamError> {
        let unset = || Failure { reason: String::new(), is_permanent: false };
        let found = texts.iter().map(|_| Err(unset())).collect();
        let mut run = Run { upstream: self, model, texts, stop, found, is_vouched: false };
        if !texts.is_empty() {
            run.fill(0, texts.len(), Part::Whole)?;
        }
        let dimensions = run.found.iter().flatten().map(Vec::len);
        if let (Some(least), Some(most)) = (dimensions.clone().min(), dimensions.max())
            && least != most
        {
            return Err(UpstreamError::Unusable(format!(
                "its vectors have {least} and {most} numbers, and all of a model must have as many"
            )));
        }
        Ok(run.found)
    }
}

impl Run<'_> {
    /// Asks for `texts[begin..end]`.
    fn fill(&mut self, begin: usize, end: usize, part: Part) -> Result<(), UpstreamError> {
        let refusal = match self.ask(&self.texts[begin..end], part) {
            Ok(vectors) => {
                for (place, vector) in self.found[begin..end].iter_mut().zip(vectors) {
                    self.is_vouched |= vector.is_ok();
                    *place = vector;
                }
                return Ok(());
            }
            Err(error) if error.is_about_content() => error,
            Err(error) => return Err(error),
        };
        if end - begin > 1 {
            let middle = begin.midpoint(end);
            self.fill(begin, middle, Part::Half)?;
            return self.fill(middle, end, Part::Half);
        }
        if !self.is_vouched {
            // It may be what is asked for, or the model, or anything.
            self.ask(&[WITNESS], Part::Half)
                .map_err(|error| if error.is_about_content() { refusal.clone() } else { error })?;
            self.is_vouched = true;
        }
        let is_permanent = !refusal.is_transient();
        self.found[begin] = Err(Failure { reason: refusal.to_string(), is_permanent });
        Ok(())
    }

    /// In one request.
    fn ask(&self, texts: &[&str], part: Part) -> Result<Vectors, UpstreamError> {
        let Self { upstream, model, stop, .. } = self;
        let tokens: usize = texts.iter().map(|text| estimated_tokens(text)).sum();
        tracing::debug!(model, texts = texts.len(), tokens, "asking for vectors");
        let body = json!({ "model": model, "input": texts });
        // What failed whole has been waited for, and its parts fail for the same reason or for none.
        let is_worth_another = |error: &UpstreamError| {
            error.is_transient() && (part == Part::Whole || !error.is_about_content())
        };
        let whole = upstream.patiently(upstream.pace.attempts, stop, is_worth_another, || {
            upstream.post("embeddings", &body, upstream.pace.answer, stop)
        })?;
        read(&whole, texts.len()).map_err(UpstreamError::Unusable)
    }
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    index: Option<usize>,
    embedding: Vec<f32>,
}

/// The vectors by the texts' places; what is wrong with the answer in words.
fn read(whole: &Whole, n: usize) -> Result<Vectors, String> {
    let Answer { data } =
        serde_json::from_slice(&whole.body).map_err(|error| format!("it is no list of vectors: {error}"))?;
    if data.len() != n {
        return Err(format!("{} vectors came for {n} texts", data.len()));
    }
    let mut found: Vec<Option<Vec<f32>>> = vec![None; n];
    for (nth, Item { index, embedding }) in data.into_iter().enumerate() {
        let index = index.unwrap_or(nth);
        let place = found.get_mut(index).ok_or_else(|| format!("a vector came for text {index} of {n}"))?;
        if place.replace(embedding).is_some() {
            return Err(format!("two vectors came for text {index}"));
        }
    }
    found.into_iter().flatten().map(checked).collect()
}

/// A vector that says nothing is the text's fault and not the answer's.
fn checked(vector: Vec<f32>) -> Result<Result<Vec<f32>, Failure>, String> {
    let n = vector.len();
    if n == 0 || n > DIMENSION_MAX {
        return Err(format!("a vector has {n} numbers, and 1 to {DIMENSION_MAX} can be used"));
    }
    if vector.iter().any(|number| !number.is_finite()) {
        return Err("a vector holds a number that is none".to_owned());
    }
    if vector.iter().all(|number| *number == 0.0) {
        let reason = "the model gives it a vector of zeros".to_owned();
        return Ok(Err(Failure { reason, is_permanent: true }));
    }
    Ok(Ok(vector))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, n: usize) -> Result<Vectors, String> {
        read(&Whole { content_type: String::new(), body: body.as_bytes().to_vec() }, n)
    }

    #[test]
    fn vectors_stand_where_their_index_says() {
        let want = vec![Ok(vec![1.0, 0.0]), Ok(vec![0.0, 2.0])];
        for body in [
            r#"{"data":[{"index":1,"embedding":[0,2]},{"index":0,"embedding":[1,0]}],"model":"m","usage":{}}"#,
            r#"{"data":[{"embedding":[1,0]},{"embedding":[0,2]}]}"#,
        ] {
            assert_eq!(check(body, 2), Ok(want.clone()));
        }
    }

    #[test]
    fn answers_that_are_none_are_refused_in_words() {
        for (body, n, says) in [
            ("", 1, "no list"),
            ("<html>", 1, "no list"),
            (r#"{"error":"x"}"#, 1, "no list"),
            (r#"{"data":[{"index":0,"embedding":[null]}]}"#, 1, "no list"),
            (r#"{"data":[{"index":0,"embedding":"AAAA"}]}"#, 1, "no list"),
            (r#"{"data":[]}"#, 1, "0 vectors came for 1"),
            (r#"{"data":[{"index":0,"embedding":[1]}]}"#, 2, "1 vectors came for 2"),
            (r#"{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}"#, 2, "two vectors"),
            (r#"{"data":[{"index":1,"embedding":[1]}]}"#, 1, "text 1 of 1"),
            (r#"{"data":[{"index":0,"embedding":[]}]}"#, 1, "0 numbers"),
            (r#"{"data":[{"index":0,"embedding":[1e999]}]}"#, 1, "no list"),
            (r#"{"data":[{"index":0,"embedding":[1e300]}]}"#, 1, "is none"),
        ] {
            let error = check(body, n).unwrap_err();
            assert!(error.contains(says), "{body} {error}");
        }
        let huge = format!(r#"{{"data":[{{"embedding":[{}1]}}]}}"#, "1,".repeat(DIMENSION_MAX));
        assert!(check(&huge, 1).unwrap_err().contains("16385 numbers"));
    }

    #[test]
    fn a_vector_of_zeros_is_the_fault_of_its_text() {
        let found = check(r#"{"data":[{"embedding":[0,-0.0]},{"embedding":[0,1]}]}"#, 2).unwrap_or_default();
        assert!(matches!(&found[..], [Err(Failure { is_permanent: true, .. }), Ok(_)]), "{found:?}");
    }
}
