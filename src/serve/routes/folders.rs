//! Contract section 9: the folders the user gave.

use crate::serve::answer::{Answer, Outcome};
use crate::serve::extract::{nullable, required, short};
use crate::serve::problem::Problem;
use crate::serve::server::Call;
use crate::sys::tree::Kind;
use lumidex_schema::path::display;
use lumidex_schema::record::{ExtraPath, PathType};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

/// 9.1. Folders that cannot be reached are listed like all others.
pub(crate) fn list(call: &Call<'_>) -> Outcome {
    let paths = call.engine().extra_paths()?;
    Ok(Answer::Json(Value::from_iter(paths.iter().map(|(path, entry)| shown(path, entry)))))
}

/// An entry as routes answer it.
pub(crate) fn shown(path: &[u8], entry: &ExtraPath) -> Value {
    let ExtraPath { types, alias } = entry;
    let types: Vec<&str> = types.iter().map(|kind| kind.word()).collect();
    json!({ "path": display(path), "types": types, "alias": alias })
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Entry {
    path: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    types: Vec<String>,
}

/// 9.2
pub(crate) fn add(call: &Call<'_>) -> Outcome {
    let Entry { path, types } = call.asked.json()?;
    let types = types_of(&types)?;
    if types.is_empty() {
        return Err(Problem::bad("`types` names at least one of `scanned`, `scanned-fixed` and `walk`"));
    }
    let place = call.place(&required(path, "path")?)?;
    if place.kind() != Some(Kind::Folder) {
        return Err(Problem::bad(format!("`{}` is no folder that can be opened", display(&place.path))));
    }
    call.did(call.engine().add_extra_path(&place.path, &types)?);
    Ok(Answer::Null)
}

/// 9.3. No types named removes the entry; an unknown path is none.
pub(crate) fn remove(call: &Call<'_>) -> Outcome {
    let Entry { path, types } = call.asked.json()?;
    let types = types_of(&types)?;
    let place = call.place(&required(path, "path")?)?;
    call.did(call.engine().remove_extra_path(&place.path, &types)?);
    Ok(Answer::Null)
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Alias {
    path: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    alias: String,
}

/// 9.4
pub(crate) fn alias(call: &Call<'_>) -> Outcome {
    let Alias { path, alias } = call.asked.json()?;
    let place = call.place(&required(path, "path")?)?;
    match call.engine().alias_extra_path(&place.path, short(&alias, "alias")?)? {
        Some(entry) => Ok(Answer::Json(shown(&place.path, &entry))),
        None => Err(Problem::bad(format!("`{}` is not among the folders", display(&place.path)))),
    }
}

/// Types by their words, sorted, each once.
fn types_of(words: &[String]) -> Result<Vec<PathType>, Problem> {
    let known = |word: &String| {
        PathType::from_word(word)
            .ok_or_else(|| Problem::bad(format!("`{word}` is no type of folder that can be stored")))
    };
    let mut types = words.iter().map(known).collect::<Result<Vec<_>, _>>()?;
    types.sort_unstable();
    types.dedup();
    Ok(types)
}
