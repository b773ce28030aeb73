//! Contract section 10, and what runs a server: health and metrics.

use super::folders::shown;
use super::media::open_media;
use super::status::n_reviews;
use crate::intake::{RootStanding, Standing};
use crate::serve::access::Access;
use crate::serve::answer::{Answer, Outcome};
use crate::serve::extract::{nullable, required, short};
use crate::serve::launch;
use crate::serve::limits::SETTING_BYTES_MAX;
use crate::serve::openapi;
use crate::serve::problem::Problem;
use crate::serve::reach;
use crate::serve::server::Call;
use crate::sys::paths::to_bytes;
use crate::sys::tree::Kind;
use axum::body::Body;
use axum::http::{HeaderValue, Response, header};
use lumidex_schema::api::Tag;
use lumidex_schema::path::display;
use lumidex_schema::tag::TagKind;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// 10.1
pub(crate) fn hello(_: &Call<'_>) -> Outcome {
    Ok(Answer::json("hello"))
}

/// 10.2. `tag` is what clients compare with releases of the original server, hence absent.
pub(crate) fn version(_: &Call<'_>) -> Outcome {
    Ok(Answer::Json(json!({
        "name": "lumidex", "version": env!("CARGO_PKG_VERSION"), "tag": null, "hash": null, "platform": std::env::consts::OS,
    })))
}

/// 10.3
pub(crate) fn global_setting(call: &Call<'_>) -> Outcome {
    let settings = &call.server.settings;
    let custom: Vec<Tag> =
        call.engine().tags()?.iter().filter(|tag| tag.kind == TagKind::Custom.word()).cloned().collect();
    let mut paths: Vec<Value> =
        call.engine().extra_paths()?.iter().map(|(path, entry)| shown(path, entry)).collect();
    paths.extend(
        settings.cli_paths.iter().map(
            |path| json!({ "path": display(&to_bytes(path)), "types": ["cli_access_only"], "alias": "" }),
        ),
    );
    let cwd = display(&to_bytes(&settings.cwd));
    let home = settings.home.as_ref().map(|home| display(&to_bytes(home)));
    Ok(Answer::object([
        ("global_setting", Answer::Json(json!({}))),
        ("cwd", Answer::json(cwd.clone())),
        ("is_win", Answer::json(cfg!(windows))),
        ("home", Answer::json(home.unwrap_or_default())),
        ("sd_cwd", Answer::json(cwd)),
        ("all_custom_tags", Answer::Tags(custom)),
        ("extra_paths", Answer::json(paths)),
        ("enable_access_control", Answer::json(call.access()?.is_confined())),
        ("launch_mode", Answer::json("server")),
        ("export_fe_fn", Answer::json(settings.export_fe_fn)),
        ("app_fe_setting", Answer::Json(Value::Object(stored(call)?))),
        ("is_readonly", Answer::json(reach::is_readonly(settings.permission))),
    ]))
}

/// What clients stored, parsed. A value that is no JSON any more is left out.
fn stored(call: &Call<'_>) -> Result<Map<String, Value>, Problem> {
    let settings = call.engine().settings()?;
    Ok(settings
        .into_iter()
        .filter_map(|(name, json)| Some((name, serde_json::from_str(&json).ok()?)))
        .collect())
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Setting {
    name: Option<String>,
    value: Option<String>,
}

/// 10.4. The value is a text that holds JSON.
pub(crate) fn put_setting(call: &Call<'_>) -> Outcome {
    let Setting { name, value } = call.asked.json()?;
    let (name, value) = (required(name, "name")?, required(value, "value")?);
    if short(&name, "name")?.is_empty() {
        return Err(Problem::bad("`name` is empty"));
    }
    if value.len() > SETTING_BYTES_MAX {
        return Err(Problem::bad(format!("`value` is longer than {SETTING_BYTES_MAX} bytes")));
    }
    if let Err(error) = serde_json::from_str::<Value>(&value) {
        return Err(Problem::bad(format!("`value` holds no JSON: {error}")));
    }
    call.did(call.engine().put_setting(&name, Some(&value))?);
    Ok(Answer::Null)
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Name {
    name: Option<String>,
}

/// 10.5
pub(crate) fn remove_setting(call: &Call<'_>) -> Outcome {
    let Name { name } = call.asked.json()?;
    call.did(call.engine().put_setting(short(&required(name, "name")?, "name")?, None)?);
    Ok(Answer::Null)
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Opening {
    #[serde(default, deserialize_with = "nullable")]
    path: String,
}

/// 10.6. Opens the folder, or the folder of the file.
pub(crate) fn open_folder(call: &Call<'_>) -> Outcome {
    let Opening { path } = call.asked.json()?;
    let place = call.place(&path)?;
    let kind = place.kind().ok_or_else(|| Problem::not_found(format!("`{path}` does not exist")))?;
    let real = place.file.named();
    let folder = if kind == Kind::Folder { real } else { real.parent().unwrap_or(real) };
    launch::show(call.server.settings.opener.as_deref(), folder)?;
    Ok(Answer::Null)
}

/// 10.7. Media only, by content: anything else could be a program.
pub(crate) fn open_with_default_app(call: &Call<'_>) -> Outcome {
    let Opening { path } = call.asked.json()?;
    let place = call.place(&path)?;
    open_media(&place)?;
    launch::open(call.server.settings.opener.as_deref(), place.file.named())?;
    Ok(Answer::Null)
}

/// 10.8. Answers, then the server stops.
pub(crate) fn shutdown(call: &Call<'_>) -> Outcome {
    if !call.server.settings.enable_shutdown {
        return Err(Problem::forbidden("the server was started without --enable-shutdown"));
    }
    call.server.stop.send_replace(true);
    Ok(Answer::Null)
}

/// Alive.
pub(crate) fn healthz(_: &Call<'_>) -> Outcome {
    Ok(Answer::Json(json!({ "status": "ok" })))
}

/// What there is to be asked for, and how.
pub(crate) fn openapi(call: &Call<'_>) -> Outcome {
    Ok(Answer::Json(openapi::document(&call.server.settings.base)))
}

/// Prometheus text.
pub(crate) fn metrics(call: &Call<'_>) -> Outcome {
    let status = call.engine().status()?;
    let offline = status.roots.iter().filter(|root| root.standing == Standing::Offline).count() as u64;
    let folders = |count: fn(&RootStanding) -> u64| status.roots.iter().map(count).sum();
    let reviews = n_reviews(call.server, &Access::of_images(&call.server.settings))? as u64;
    let images = if call.engine().is_ready() { call.engine().n_images()? } else { 0 };
    let text = call.server.meter.text(&[
        ("lumidex_images", "Images in the library, offline ones included.", images),
        ("lumidex_roots", "Folders that are indexed.", status.roots.len() as u64),
        ("lumidex_roots_offline", "Folders that cannot be reached.", offline),
        ("lumidex_folders_watched", "Folders that report their changes.", folders(|root| root.n_watched)),
        (
            "lumidex_folders_polled",
            "Folders that are looked at from time to time.",
            folders(|root| root.n_polled),
        ),
        ("lumidex_reviews", "Questions about identity that wait for a person.", reviews),
        ("lumidex_listeners", "Clients that listen to changes.", call.server.listeners.len() as u64),
        ("lumidex_ready", "Whether searches are answered.", u64::from(call.engine().is_ready())),
        ("lumidex_indexing", "Whether a walk is running.", u64::from(status.is_indexing)),
        ("lumidex_walk_seen", "Files the running walk has looked at.", status.seen),
        ("lumidex_walk_read", "Files the running walk has read.", status.read),
        ("lumidex_stores_failed", "Ledger and indexes that cannot be written.", status.failures.len() as u64),
        ("lumidex_complaints", "Files and folders that could not be read in full.", status.complaints),
    ]);
    let mut response = Response::new(Body::from(text));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(Answer::raw(response))
}
