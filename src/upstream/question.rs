//! Questions that a chat model answers with one JSON object, asked in the strictest form that the model
//! takes. Knows nothing of what is asked.

use super::error::UpstreamError;
use super::events::{object, said};
use super::wire::Upstream;
use crate::sys::Stop;
use serde_json::{Value, json};
use std::time::Duration;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The model that is asked.
    pub model: &'a str,
    /// What it is told about its task.
    pub system: &'a str,
    /// What the question is about.
    pub user: &'a str,
    /// What the answer is called: letters, digits, `_`.
    pub name: &'a str,
    /// The JSON Schema of the answer.
    pub schema: &'a Value,
}

/// How much is done for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// For each attempt.
    pub within: Duration,
    /// Attempts.
    pub attempts: u32,
}

/// How a model is asked. Upstreams refuse what they do not know, and differ in what that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    shape: Shape,
    /// Some models think at one temperature only and refuse any.
    is_cold: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// The upstream holds the model to the schema.
    Schema,
    /// The upstream holds the model to JSON.
    Json,
    /// The model is asked for JSON.
    Words,
}

impl Form {
    const STRICTEST: Self = Self { shape: Shape::Schema, is_cold: true };

    /// What else to try when a question in this form was refused so.
    fn lesser(self, refusal: &UpstreamError) -> Option<Self> {
        let UpstreamError::Status { status: 400 | 422 | 501, text, .. } = refusal else { return None };
        if self.is_cold && text.contains("temperature") {
            return Some(Self { is_cold: false, ..self });
        }
        match self.shape {
            Shape::Schema => Some(Self { shape: Shape::Json, ..self }),
            Shape::Json => Some(Self { shape: Shape::Words, ..self }),
            Shape::Words => None,
        }
    }

    fn body(self, question: &Question<'_>) -> Value {
        let Question { model, system, user, name, schema } = *question;
        let in_words = || {
            format!(
                "{system}\n\nAnswer with one JSON object and nothing else, of this JSON Schema:\n{schema}"
            )
        };
        let (system, format) = match self.shape {
            Shape::Schema => {
                let schema = json!({ "name": name, "strict": true, "schema": schema });
                (system.to_owned(), Some(json!({ "type": "json_schema", "json_schema": schema })))
            }
            Shape::Json => (in_words(), Some(json!({ "type": "json_object" }))),
            Shape::Words => (in_words(), None),
        };
        let messages = json!([{ "role": "system", "content": system }, { "role": "user", "content": user }]);
        let mut body = json!({ "model": model, "messages": messages, "stream": false });
        if self.is_cold {
            body["temperature"] = json!(0);
        }
        if let Some(format) = format {
            body["response_format"] = format;
        }
        body
    }
}

impl Upstream {
    /// As much as the contract says (16.3).
    #[must_use]
    pub fn usual_effort(&self) -> Effort {
        Effort { within: self.pace.answer, attempts: self.pace.attempts }
    }

    /// What `read` makes of the object that the model answers. `read` says in words what is wrong with one
    /// that is of no use; then it is asked again, as after troubles that pass.
    ///
    /// # Errors
    /// [`UpstreamError`]: the last one.
    pub fn chat_json<T>(
        &self,
        question: &Question<'_>,
        effort: Effort,
        stop: &Stop,
        read: &dyn Fn(&Value) -> Result<T, String>,
    ) -> Result<T, UpstreamError> {
        let known = self.forms.lock().get(question.model).copied();
        let mut form = known.unwrap_or(Form::STRICTEST);
        let is_worth_another =
            |error: &UpstreamError| error.is_transient() || matches!(error, UpstreamError::Unusable(_));
        self.patiently(effort.attempts, stop, is_worth_another, || {
            let whole = loop {
                match self.post("chat/completions", &form.body(question), effort.within, stop) {
                    Ok(whole) => break whole,
                    Err(error) => form = form.lesser(&error).ok_or(error)?,
                }
            };
            if known != Some(form) {
                self.forms.lock().insert(question.model.to_owned(), form);
            }
            said(&whole).and_then(|text| object(&text, read)).map_err(UpstreamError::Unusable)
        })
    }
}
