//! Contract sections 1.1, 1.2, 1.10 and 11.2: what there is, asked by path.

use crate::serve::access::Place;
use crate::serve::answer::{Answer, Outcome};
use crate::serve::entries;
use crate::serve::extract::{not_too_many, nullable};
use crate::serve::limits::COVER_FILES;
use crate::serve::problem::Problem;
use crate::serve::server::Call;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// 1.1
pub(crate) fn files(call: &Call<'_>) -> Outcome {
    let folder = call.place(call.asked.required_param("folder_path")?)?;
    Ok(Answer::object([("files", Answer::Files(entries::list(call, &folder)?))]))
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Paths {
    #[serde(default, deserialize_with = "nullable")]
    paths: Vec<String>,
}

/// The paths of a request, each once, and their places.
fn places(call: &Call<'_>) -> Result<(Vec<String>, Vec<Place>), Problem> {
    let given = paths(call)?;
    let places = given.iter().map(|path| call.place(path)).collect::<Result<Vec<_>, _>>()?;
    Ok((given, places))
}

fn paths(call: &Call<'_>) -> Result<Vec<String>, Problem> {
    let Paths { paths } = call.asked.json()?;
    let mut given = not_too_many(paths)?;
    given.sort_unstable();
    given.dedup();
    Ok(given)
}

/// 1.2. Keyed by the texts the client sent; what is not there is left out.
pub(crate) fn batch(call: &Call<'_>) -> Outcome {
    let (given, places) = places(call)?;
    let infos = entries::look(call, &places)?;
    let entry = |(path, info): (String, Option<_>)| Some((Cow::Owned(path), Answer::File(Box::new(info?))));
    Ok(Answer::Object(given.into_iter().zip(infos).filter_map(entry).collect()))
}

/// 1.10. What may not be named does not exist as far as the client is told.
pub(crate) fn exists(call: &Call<'_>) -> Outcome {
    let given = paths(call)?;
    // Without it nothing could be said of any path.
    call.access()?;
    let answer = given.into_iter().map(|path| {
        let is_there = call.place(&path).is_ok_and(|place| place.kind().is_some());
        (path, Value::Bool(is_there))
    });
    Ok(Answer::Json(Value::Object(answer.collect())))
}

/// 11.2. From the index alone; folders it does not know are left out.
pub(crate) fn covers(call: &Call<'_>) -> Outcome {
    let (given, places) = places(call)?;
    // However a folder is written, it is asked for once.
    let folders: BTreeSet<&[u8]> = places.iter().map(|place| place.path.as_slice()).collect();
    let asked: Vec<&[u8]> = folders.into_iter().collect();
    let newest = call.engine().newest_in(&asked, COVER_FILES)?;
    let known: BTreeMap<&[u8], _> = asked.into_iter().zip(newest).collect();
    let entry = |(path, place): (String, &Place)| {
        let hits = known.get(place.path.as_slice())?.as_ref()?;
        let infos = hits.iter().map(|hit| call.file_info(hit)).collect();
        Some((Cow::Owned(path), Answer::Files(infos)))
    };
    Ok(Answer::Object(given.into_iter().zip(&places).filter_map(entry).collect()))
}
