//! Contract 7: organizing files into folders by topic, as a job with a preview that a person confirms.

use super::status::seconds;
use crate::files::Placing;
use crate::limits::organize as limits;
use crate::organize::{
    Choice, Cluster, FolderNaming, Mapping, Mistake, Moving, NoiseMode, OrganizeAsk, OrganizeJob, Outcome,
    Preview, Status, Template,
};
use crate::serve::answer::{Answer, Outcome as Answered};
use crate::serve::extract::{nullable, required, short};
use crate::serve::problem::Problem;
use crate::serve::server::Call;
use crate::sys::tree::Kind;
use crate::topics::{Posted, Scope, Stage};
use axum::body::Body;
use axum::http::{HeaderValue, Response, header};
use lumidex_schema::path::{absolute, display};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Asked {
    #[serde(default, deserialize_with = "nullable")]
    folder_paths: Vec<String>,
    dest_folder: Option<String>,
    threshold: Option<f64>,
    min_cluster_size: Option<i64>,
    lang: Option<String>,
    recursive: Option<bool>,
    folder_naming: Option<String>,
    template: Option<String>,
    action: Option<String>,
    handle_noise: Option<String>,
    noise_folder_name: Option<String>,
    max_folder_name_length: Option<i64>,
}

/// 7.1. `template` is ours: with `folder_naming` `template` it names folders by what each image says of
/// itself.
pub(crate) fn start(call: &Call<'_>) -> Answered {
    let asked: Asked = call.asked.json()?;
    let folders = folders(call, &asked.folder_paths)?;
    let first = folders.first().cloned().unwrap_or_default();
    let into = match asked.dest_folder.as_deref().map(str::trim) {
        None | Some("") => first,
        Some(given) => destination(call, given)?,
    };
    let naming = naming(asked.folder_naming.as_deref(), asked.template.as_deref())?;
    let scope = Scope { folders, recursive: asked.recursive.unwrap_or(false) };
    let default = OrganizeAsk::of(scope, into);
    let count = |given: Option<i64>, default: usize| match given {
        Some(given) => usize::try_from(given.max(1)).unwrap_or(usize::MAX),
        None => default,
    };
    let ask = OrganizeAsk {
        threshold: asked.threshold.unwrap_or(default.threshold),
        min_cluster_size: count(asked.min_cluster_size, default.min_cluster_size),
        lang: word(asked.lang, "lang")?.unwrap_or(default.lang),
        naming,
        placing: placing(asked.action.as_deref())?,
        noise: noise(asked.handle_noise.as_deref())?,
        noise_name: word(asked.noise_folder_name, "noise_folder_name")?.unwrap_or(default.noise_name),
        name_chars_max: count(asked.max_folder_name_length, default.name_chars_max),
        ..OrganizeAsk::of(default.scope, default.into)
    };
    let id = call.engine().start_organizing(ask)?;
    Ok(Answer::Json(json!({ "job_id": id })))
}

fn folders(call: &Call<'_>, given: &[String]) -> Result<Vec<Vec<u8>>, Problem> {
    if given.is_empty() {
        return Err(Problem::bad("`folder_paths` names no folder"));
    }
    if given.len() > limits::FOLDERS_MAX {
        return Err(Problem::bad(format!("`folder_paths` names more than {} folders", limits::FOLDERS_MAX)));
    }
    let mut folders = Vec::with_capacity(given.len());
    for path in given {
        let place = call.place(path)?;
        if place.kind() != Some(Kind::Folder) {
            return Err(Problem::bad(format!("`{}` is no folder", display(&place.path))));
        }
        if !folders.contains(&place.path) {
            folders.push(place.path);
        }
    }
    Ok(folders)
}

/// It may be made later.
fn destination(call: &Call<'_>, given: &str) -> Result<Vec<u8>, Problem> {
    let place = call.place(given)?;
    if place.kind().is_some_and(|kind| kind != Kind::Folder) {
        return Err(Problem::bad(format!("`{}` is no folder", display(&place.path))));
    }
    Ok(place.path)
}

fn word(given: Option<String>, name: &str) -> Result<Option<String>, Problem> {
    given.map(|given| short(&given, name).map(str::to_owned)).transpose()
}

fn naming(given: Option<&str>, template: Option<&str>) -> Result<FolderNaming, Problem> {
    Ok(match given {
        None if template.is_some() => FolderNaming::Template(parsed(template)?),
        None | Some("title") => FolderNaming::Title,
        Some("keywords") => FolderNaming::Keywords,
        Some("id") => FolderNaming::Id,
        Some("template") => FolderNaming::Template(parsed(template)?),
        Some(other) => return Err(unknown("folder_naming", other, "title, keywords, id or template")),
    })
}

fn parsed(template: Option<&str>) -> Result<Template, Problem> {
    Template::parse(required(template, "template")?).map_err(|error| Problem::bad(error.to_string()))
}

fn placing(given: Option<&str>) -> Result<Placing, Problem> {
    match given {
        None | Some("move") => Ok(Placing::Move),
        Some("copy") => Ok(Placing::Copy),
        Some(other) => Err(unknown("action", other, "move or copy")),
    }
}

fn noise(given: Option<&str>) -> Result<NoiseMode, Problem> {
    match given {
        None | Some("unsorted") => Ok(NoiseMode::Unsorted),
        Some("skip") => Ok(NoiseMode::Skip),
        Some("leave") => Ok(NoiseMode::Leave),
        Some(other) => Err(unknown("handle_noise", other, "skip, unsorted or leave")),
    }
}

fn unknown(name: &str, given: &str, words: &str) -> Problem {
    Problem::bad(format!("`{name}` is `{given}`; it can be {words}"))
}

/// 7.2. `samples` is ours: with it, so many mappings of each cluster are listed, and no others.
pub(crate) fn status(call: &Call<'_>) -> Answered {
    let id = call.asked.required_param("job_id")?;
    let samples = call.asked.param("samples").map(str::parse::<usize>).transpose();
    let samples = samples.map_err(|_| Problem::bad("`samples` is no number"))?;
    let (Posted { id, created, updated, job }, moving) = job(call, id)?;
    let written = Told {
        job_id: &id,
        status: job.status.word(),
        req: req(&job.ask),
        created_at: seconds(created),
        updated_at: seconds(updated),
        progress: progress(&job, &moving),
        preview: job.preview.as_deref().map(|preview| shown(&id, &job.ask, preview, samples)),
        result: job.outcome.as_deref().map(result),
        error: job.error.as_deref(),
    };
    // Not as a value: of many images that would take ten times the memory.
    let body = serde_json::to_vec(&written).map_err(|error| Problem::internal("writing a job", &error))?;
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(Answer::raw(response))
}

/// A job that the client may know of.
fn job(call: &Call<'_>, id: &str) -> Result<(Posted<OrganizeJob>, Moving), Problem> {
    let unknown = || Problem::not_found(format!("there is no job with the id `{id}`"));
    let (posted, moving) = call.engine().organizing(id)?.ok_or_else(unknown)?;
    let access = call.access()?;
    let ask = &posted.job.ask;
    if ask.scope.folders.iter().chain([&ask.into]).all(|path| access.may_name(path)) {
        Ok((posted, moving))
    } else {
        Err(unknown())
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Confirmed {
    job_id: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    folder_edits: Vec<FolderEdit>,
    #[serde(default, deserialize_with = "nullable")]
    skip_cluster_ids: Vec<String>,
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct FolderEdit {
    cluster_id: Option<String>,
    new_folder_name: Option<String>,
}

/// 7.3
pub(crate) fn confirm(call: &Call<'_>) -> Answered {
    let Confirmed { job_id, folder_edits, skip_cluster_ids } = call.asked.json()?;
    let id = required(job_id, "job_id")?;
    if folder_edits.len().max(skip_cluster_ids.len()) > limits::CHOICES_MAX {
        return Err(Problem::bad(format!("more than {} edits or skips", limits::CHOICES_MAX)));
    }
    let mut edits = Vec::with_capacity(folder_edits.len());
    for FolderEdit { cluster_id, new_folder_name } in folder_edits {
        let name = required(new_folder_name, "new_folder_name")?;
        edits.push((required(cluster_id, "cluster_id")?, short(&name, "new_folder_name")?.to_owned()));
    }
    let choice = Choice { edits, skips: skip_cluster_ids.into_iter().collect() };
    job(call, &id)?;
    // A folder that is there may be a link that leads out.
    for folder in call.engine().organized_folders(&id, &choice) {
        call.place(&display(&folder))?;
    }
    call.engine().confirm_organizing(&id, choice)?;
    Ok(Answer::Json(json!({ "ok": true, "job_id": id })))
}

/// As the contract writes it.
#[derive(Serialize)]
struct Told<'a> {
    job_id: &'a str,
    status: &'static str,
    req: Value,
    created_at: f64,
    updated_at: f64,
    progress: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    preview: Option<ShownPreview<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

#[derive(Serialize)]
struct ShownPreview<'a> {
    job_id: &'a str,
    dest_folder: String,
    total_files: usize,
    clusters: Vec<ShownCluster<'a>>,
    noise: ShownCluster<'a>,
    all_mappings: Vec<ShownMapping<'a>>,
    errors: Vec<Value>,
}

#[derive(Serialize)]
struct ShownCluster<'a> {
    cluster_id: &'a str,
    suggested_folder_name: &'a str,
    title: &'a str,
    keywords: &'a [String],
    size: u64,
    file_mappings: Vec<ShownMapping<'a>>,
}

#[derive(Serialize)]
struct ShownMapping<'a> {
    src_path: String,
    dest_folder_name: &'a str,
    dest_path: String,
    cluster_id: &'a str,
    is_noise: bool,
}

fn shown<'a>(
    id: &'a str,
    ask: &OrganizeAsk,
    preview: &'a Preview,
    samples: Option<usize>,
) -> ShownPreview<'a> {
    let max = samples.unwrap_or(usize::MAX);
    let cluster = |cluster: &'a Cluster, is_noise| ShownCluster {
        cluster_id: &cluster.id,
        suggested_folder_name: &cluster.folder,
        title: &cluster.title,
        keywords: &cluster.keywords,
        size: cluster.size,
        file_mappings: mappings(cluster, is_noise).take(max).collect(),
    };
    let noise = preview.is_noise_moved.then_some(&preview.noise);
    let all = preview.clusters.iter().map(|cluster| (cluster, false));
    let all = all.chain(noise.map(|noise| (noise, true)));
    let all_mappings = match samples {
        Some(_) => Vec::new(),
        None => all.flat_map(|(cluster, is_noise)| mappings(cluster, is_noise)).collect(),
    };
    ShownPreview {
        job_id: id,
        dest_folder: display(&ask.into),
        total_files: preview.mappings().count(),
        clusters: preview.clusters.iter().map(|one| cluster(one, false)).collect(),
        noise: cluster(&preview.noise, true),
        all_mappings,
        errors: preview.errors.iter().map(mistake).collect(),
    }
}

fn mappings(cluster: &Cluster, is_noise: bool) -> impl Iterator<Item = ShownMapping<'_>> {
    cluster.mappings.iter().map(move |Mapping { image: _, from, to }| ShownMapping {
        src_path: display(from),
        dest_folder_name: &cluster.folder,
        dest_path: display(to),
        cluster_id: &cluster.id,
        is_noise,
    })
}

fn req(ask: &OrganizeAsk) -> Value {
    let OrganizeAsk {
        scope,
        into,
        threshold,
        min_cluster_size,
        lang,
        naming,
        placing,
        noise,
        noise_name,
        name_chars_max,
    } = ask;
    let mut req = json!({
        "folder_paths": shown_all(&scope.folders),
        "dest_folder": display(into),
        "threshold": threshold,
        "min_cluster_size": min_cluster_size,
        "lang": lang,
        "recursive": scope.recursive,
        "folder_naming": naming.word(),
        "max_folder_name_length": name_chars_max,
        "action": placing.word(),
        "handle_noise": noise.word(),
        "noise_folder_name": noise_name,
    });
    if let FolderNaming::Template(template) = naming {
        req["template"] = json!(template.text());
    }
    req
}

fn progress(job: &OrganizeJob, moving: &Moving) -> Value {
    let stage = match job.status {
        Status::Queued => "queued",
        // Topics are found, and the preview is being made.
        Status::Running if job.stage.is_end() => Stage::Titling.word(),
        Status::Running => job.stage.word(),
        Status::PreviewReady => "preview_ready",
        Status::Moving => "moving",
        Status::Done => "done",
        Status::Error => "error",
    };
    let (done, current, so_far) = match &job.outcome {
        Some(outcome) => (outcome.moved, String::new(), outcome.as_ref()),
        None => (moving.done, current(job, moving), &moving.so_far),
    };
    json!({
        "stage": stage,
        "embedded_done": job.progress.embedded_done,
        "to_embed": job.progress.to_embed,
        "clusters_done": job.progress.clusters_done,
        "clusters_total": job.progress.clusters_total,
        "moved_done": done,
        "moved_total": job.total,
        "current_file": current,
        "created_folders": shown_all(&so_far.created),
        "errors": so_far.errors.iter().map(mistake).collect::<Vec<_>>(),
    })
}

/// `-> FOLDER/`.
fn current(job: &OrganizeJob, moving: &Moving) -> String {
    let Some(folder) = &moving.current else { return String::new() };
    let into = absolute(&job.ask.into, b"", b"");
    let below = lumidex_schema::path::below(folder, &into).unwrap_or(folder);
    format!("-> {}/", display(below))
}

fn result(outcome: &Outcome) -> Value {
    let Outcome { operation, moved, created, errors, failed } = outcome;
    json!({
        "moved_count": moved,
        "created_folders": shown_all(created),
        "errors": errors.iter().map(mistake).collect::<Vec<_>>(),
        "failed_count": failed,
        "operation": operation.map(|number| number.0),
    })
}

fn mistake(mistake: &Mistake) -> Value {
    let Mistake { from, to, why, is_renamed } = mistake;
    json!({ "src": display(from), "dest": display(to), "error": why, "renamed": is_renamed })
}

fn shown_all(paths: &[Vec<u8>]) -> Vec<String> {
    paths.iter().map(|path| display(path)).collect()
}
