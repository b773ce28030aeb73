//! What a person says about the folders of the library.

use crate::serve::answer::{Answer, Outcome};
use crate::serve::extract::required;
use crate::serve::server::Call;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Named {
    path: Option<String>,
}

/// `{"path": ...}`: this folder is really empty; nothing known is there, and nothing will come back.
pub(crate) fn accept_empty(call: &Call<'_>) -> Outcome {
    let Named { path } = call.asked.json()?;
    let place = call.place(&required(path, "path")?)?;
    call.engine().accept_empty(&place.path)?;
    Ok(Answer::Null)
}
