//! Contract sections 6.2 to 6.4, 11.8 and 11.9: vectors of prompts, topics found by jobs, searches by meaning.

use crate::serve::access::Place;
use crate::serve::answer::{Answer, Outcome};
use crate::serve::engine::Failure;
use crate::serve::extract::{not_too_many, nullable, required, short};
use crate::serve::limits::NEEDLE_BYTES_MAX;
use crate::serve::problem::Problem;
use crate::serve::server::Call;
use crate::sys::tree::Kind;
use crate::topics::{
    Embedding, FolderChange, MeaningAsk, MeaningFound, Progress, Scope, SimilarAsk, Stage, TopicSet,
    TopicsAsk, TopicsError, VectorsMark,
};
use jiff::tz::TimeZone;
use lumidex_schema::id::{ImageId, Timestamp};
use lumidex_schema::path::display;
use lumidex_schema::problem::Code;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Images that a search by meaning gives, and the most that it does.
const TOP_K: i64 = 50;
const TOP_K_MAX: i64 = 500;
/// Images of one prompt among those that are like another.
const PER_PROMPT: usize = 4;

/// How prompts become vectors, as clients say it.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Embed {
    folder: Option<String>,
    model: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    force: bool,
    batch_size: Option<i64>,
    max_chars: Option<i64>,
    recursive: Option<bool>,
}

/// 6.2
pub(crate) fn embed(call: &Call<'_>) -> Outcome {
    let Embed { folder, model, force, batch_size, max_chars, recursive } = call.asked.json()?;
    let folder = existing(call, &required(folder, "folder")?)?;
    let scope = Scope { folders: vec![folder.path.clone()], recursive: recursive.unwrap_or(true) };
    let how = embedding(model, force, batch_size, max_chars)?;
    let (embedder, done) = call.engine().embed(&scope, how, &call.stop)?;
    let folder = display(&folder.path);
    Ok(Answer::Json(json!({
        "folder": folder, "count": done.count, "updated": done.updated, "skipped": done.skipped,
        "skipped_failed": done.skipped_failed, "failed": done.failed, "model": embedder.name(),
    })))
}

fn embedding(
    model: Option<String>,
    force: bool,
    batch_size: Option<i64>,
    max_chars: Option<i64>,
) -> Result<Embedding, Problem> {
    let usual = Embedding::default();
    let size = |given: Option<i64>, usual: usize| {
        given.map_or(usual, |given| usize::try_from(given.max(0)).unwrap_or(usize::MAX))
    };
    if let Some(model) = &model {
        short(model, "model")?;
    }
    let how = Embedding {
        model,
        force,
        batch_size: size(batch_size, usual.batch_size),
        max_chars: size(max_chars, usual.max_chars),
    };
    Ok(how.clamped())
}

/// A folder that is there.
fn existing(call: &Call<'_>, given: &str) -> Result<Place, Problem> {
    let place = call.place(given)?;
    if place.kind() == Some(Kind::Folder) {
        return Ok(place);
    }
    // A drive that is away has its images all the same.
    if call.is_offline(&place.path) {
        return Ok(place);
    }
    Err(Problem::bad(format!("`{}` is no folder", display(&place.path))))
}

/// A job, as clients ask for it.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Cluster {
    folder: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    folder_paths: Vec<String>,
    model: Option<String>,
    threshold: Option<f64>,
    min_cluster_size: Option<i64>,
    title_model: Option<String>,
    lang: Option<String>,
    recursive: Option<bool>,
    batch_size: Option<i64>,
    max_chars: Option<i64>,
    #[serde(default, deserialize_with = "nullable")]
    force_embed: bool,
    assign_noise_threshold: Option<f64>,
    use_title_cache: Option<bool>,
    #[serde(default, deserialize_with = "nullable")]
    force_title: bool,
    #[serde(default, deserialize_with = "nullable")]
    existing_folder_names: Vec<String>,
}

impl Cluster {
    fn ask(self, call: &Call<'_>) -> Result<TopicsAsk, Problem> {
        let folders = folders(call, self.folder, self.folder_paths)?;
        let scope = Scope { folders, recursive: self.recursive.unwrap_or(true) };
        for (name, text) in [("title_model", &self.title_model), ("lang", &self.lang)] {
            short(text.as_deref().unwrap_or_default(), name)?;
        }
        let usual = TopicsAsk::of(scope);
        let ask = TopicsAsk {
            embedding: embedding(self.model, self.force_embed, self.batch_size, self.max_chars)?,
            threshold: finite(self.threshold, "threshold")?.unwrap_or(usual.threshold),
            min_cluster_size: self
                .min_cluster_size
                .map_or(usual.min_cluster_size, |least| usize::try_from(least).unwrap_or(1)),
            assign_noise_threshold: finite(self.assign_noise_threshold, "assign_noise_threshold")?,
            title_model: self.title_model,
            lang: self.lang.unwrap_or_else(|| usual.lang.clone()),
            use_title_cache: self.use_title_cache.unwrap_or(true),
            force_title: self.force_title,
            existing_folder_names: not_too_many(self.existing_folder_names)?,
            ..usual
        };
        Ok(ask.clamped())
    }
}

fn finite(number: Option<f64>, name: &str) -> Result<Option<f64>, Problem> {
    match number {
        Some(number) if !number.is_finite() => Err(Problem::bad(format!("`{name}` is no number"))),
        number => Ok(number),
    }
}

/// `folder` and `folder_paths` together, each once, in their order.
fn folders(call: &Call<'_>, folder: Option<String>, mut paths: Vec<String>) -> Result<Vec<Vec<u8>>, Problem> {
    paths.extend(folder);
    let mut folders: Vec<Vec<u8>> = Vec::new();
    for path in not_too_many(paths)?.iter().filter(|path| !path.trim().is_empty()) {
        let place = existing(call, path)?;
        if !folders.contains(&place.path) {
            folders.push(place.path);
        }
    }
    if folders.is_empty() {
        return Err(Problem::bad("`folder_paths` names no folder"));
    }
    Ok(folders)
}

/// 6.3
pub(crate) fn start(call: &Call<'_>) -> Outcome {
    let asked: Cluster = call.asked.json()?;
    let job = call.engine().start_topics(asked.ask(call)?)?;
    Ok(Answer::Json(json!({ "job_id": job })))
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Stopping {
    job_id: Option<String>,
}

/// `{"job_id": ...}`: `{"stopped": whether it was under way}`.
pub(crate) fn stop(call: &Call<'_>) -> Outcome {
    let Stopping { job_id } = call.asked.json()?;
    let is_stopped = call.engine().stop_topics(&required(job_id, "job_id")?);
    Ok(Answer::Json(json!({ "stopped": is_stopped })))
}

/// 6.4
pub(crate) fn status(call: &Call<'_>) -> Outcome {
    let id = call.asked.required_param("job_id")?;
    let posted = call.engine().topics_job(id);
    let posted = posted.ok_or_else(|| Problem::not_found(format!("there is no job `{id}`")))?;
    let job = &posted.job;
    let access = call.access()?;
    if !job.ask.scope.folders.iter().all(|folder| access.may_show(folder)) {
        return Err(Problem::not_found(format!("there is no job `{id}`")));
    }
    let (reference, iib) = match job.stage {
        Stage::Done => ("completed", "done"),
        Stage::Error => ("failed", "error"),
        Stage::Queued => ("running", "queued"),
        _ => ("running", "running"),
    };
    let folders: Vec<String> = job.ask.scope.folders.iter().map(|folder| display(folder)).collect();
    let counters = counters(&job.progress, folders.first());
    let share = (job.progress.share(job.stage) * 1_000.0).round() / 1_000.0;
    let mut entries = vec![
        ("job_id".into(), Answer::json(posted.id.clone())),
        ("status".into(), Answer::apart(reference, iib)),
        ("stage".into(), Answer::json(job.stage.word())),
        ("created_at".into(), Answer::json(posted.created.as_seconds_f64())),
        ("updated_at".into(), Answer::json(posted.updated.as_seconds_f64())),
        ("req".into(), Answer::Json(request(&job.ask, &folders))),
        ("folders".into(), Answer::json(folders)),
        ("progress".into(), Answer::apart(share, counters.clone())),
        ("counters".into(), Answer::Json(counters)),
    ];
    if let Some(error) = &job.error {
        entries.push(("error".into(), Answer::json(error.clone())));
    }
    if job.stage == Stage::Done {
        let set = call.engine().kept_topics(&job.key);
        let gone =
            || Problem::not_found("the result of this job is not kept any more; find the topics again");
        entries.push(("result".into(), Answer::Json(result(call, &*set.ok_or_else(gone)?)?)));
        entries.push(("cache_hit".into(), Answer::json(job.cache_hit.unwrap_or_default())));
    }
    Ok(Answer::Object(entries))
}

fn counters(progress: &Progress, folder: Option<&String>) -> Value {
    let Progress {
        scanned,
        to_embed,
        embedded_done,
        updated,
        skipped,
        skipped_failed,
        failed,
        batch_n,
        items_total,
        items_done,
        clusters_total,
        clusters_done,
    } = progress;
    json!({
        "scanned": scanned, "to_embed": to_embed, "embedded_done": embedded_done, "updated": updated, "skipped": skipped,
        "skipped_failed": skipped_failed, "failed": failed, "folder": folder, "batch_n": batch_n,
        "items_total": items_total, "items_done": items_done, "clusters_total": clusters_total, "clusters_done": clusters_done,
    })
}

fn request(ask: &TopicsAsk, folders: &[String]) -> Value {
    json!({
        "folder": null, "folder_paths": folders, "model": ask.embedding.model, "force_embed": ask.embedding.force,
        "threshold": ask.threshold, "batch_size": ask.embedding.batch_size, "max_chars": ask.embedding.max_chars,
        "min_cluster_size": ask.min_cluster_size, "title_model": ask.title_model,
        "assign_noise_threshold": ask.assign_noise_threshold, "use_title_cache": ask.use_title_cache,
        "force_title": ask.force_title, "lang": ask.lang, "recursive": ask.scope.recursive,
        "existing_folder_names": ask.existing_folder_names,
    })
}

/// A result as both dialects have it: what the reference names, and what the front end needs.
fn result(call: &Call<'_>, set: &TopicSet) -> Result<Value, Problem> {
    let ids: Vec<ImageId> =
        set.topics.iter().flat_map(|topic| &topic.images).chain(&set.noise).map(|id| ImageId(*id)).collect();
    let access = call.access()?;
    let hits = call.engine().hits(&ids)?;
    let shown = hits.into_iter().filter(|hit| access.may_show(&hit.path));
    let paths: HashMap<u32, String> = shown.map(|hit| (hit.id.0, display(&hit.path))).collect();
    let paths_of = |ids: &[u32]| -> Vec<&String> { ids.iter().filter_map(|id| paths.get(id)).collect() };
    let mut clusters = Vec::with_capacity(set.topics.len());
    let mut count = 0;
    for topic in &set.topics {
        let paths = paths_of(&topic.images);
        count += paths.len();
        // Its images may all be gone since.
        if !paths.is_empty() {
            clusters.push(json!({
                "id": topic.id, "title": topic.title, "keywords": topic.keywords, "size": paths.len(), "paths": paths,
                "sample_prompt": topic.sample,
            }));
        }
    }
    let noise = paths_of(&set.noise);
    let folders: Vec<String> = set.scope.folders.iter().map(|folder| display(folder)).collect();
    Ok(json!({
        "folder": folders.first(), "folders": folders, "count": count + noise.len(), "threshold": set.threshold,
        "min_cluster_size": set.min_cluster_size, "model": set.embedder.name(),
        "assign_noise_threshold": set.least_of_noise, "clusters": clusters, "noise": noise,
    }))
}

/// 11.8
pub(crate) fn cached(call: &Call<'_>) -> Outcome {
    let asked: Cluster = call.asked.json()?;
    let found = call.engine().cached_topics(&asked.ask(call)?)?;
    let mut reason = Map::new();
    reason.insert("folders_changed".to_owned(), json!(found.folder.is_some()));
    if let Some(FolderChange { reason: word, folder, stored, current }) = &found.folder {
        reason.insert("reason".to_owned(), json!(word));
        reason.insert("path".to_owned(), json!(display(folder)));
        reason.insert("stored".to_owned(), json!(stored.map(local)));
        reason.insert("current".to_owned(), json!(current.map(local)));
    }
    let VectorsMark { count, updated, .. } = &found.vectors;
    reason.insert("embeddings_changed".to_owned(), json!(found.vectors_changed));
    reason.insert("embeddings_count".to_owned(), json!(count));
    let updated = if *updated == Timestamp::default() { String::new() } else { local(*updated) };
    reason.insert("embeddings_max_updated_at".to_owned(), json!(updated));
    let is_stale = found.set.is_none() || found.folder.is_some() || found.vectors_changed;
    let result = found.set.as_ref().map(|set| result(call, set)).transpose()?;
    Ok(Answer::Json(json!({
        "cache_key": found.key, "cache_hit": found.set.is_some(),
        "cached_at": found.set.as_ref().map_or(String::new(), |set| local(set.made)),
        "result": result, "stale": is_stale, "stale_reason": reason,
    })))
}

/// Local time as the original writes it, without a zone.
fn local(at: Timestamp) -> String {
    let time = jiff::Timestamp::from_nanosecond(i128::from(at.0)).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.to_zoned(TimeZone::system()).strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string()
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Meaning {
    query: Option<String>,
    folder: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    folder_paths: Vec<String>,
    model: Option<String>,
    top_k: Option<i64>,
    min_score: Option<f64>,
    ensure_embed: Option<bool>,
    max_chars: Option<i64>,
    #[serde(default, deserialize_with = "nullable")]
    hybrid: bool,
}

/// 11.9; `hybrid` is ours.
pub(crate) fn by_meaning(call: &Call<'_>) -> Outcome {
    let asked: Meaning = call.asked.json()?;
    let query = asked.query.unwrap_or_default().trim().to_owned();
    if query.is_empty() {
        return Err(Problem::bad("`query` is blank"));
    }
    if query.len() > NEEDLE_BYTES_MAX {
        return Err(Problem::bad(format!("`query` is longer than {NEEDLE_BYTES_MAX} bytes")));
    }
    let folders = folders(call, asked.folder, asked.folder_paths)?;
    let top_k = asked.top_k.unwrap_or(TOP_K).clamp(1, TOP_K_MAX);
    let ask = MeaningAsk {
        query: query.clone(),
        scope: Scope { folders: folders.clone(), recursive: true },
        embedding: embedding(asked.model, false, None, asked.max_chars)?,
        top_k: top_k as usize,
        min_score: finite(asked.min_score, "min_score")?.unwrap_or(0.0).clamp(-1.0, 1.0) as f32,
        ensure_embed: asked.ensure_embed.unwrap_or(true),
        hybrid: asked.hybrid,
    };
    let found = call.engine().by_meaning(&ask, &call.stop)?;
    let folders: Vec<String> = folders.iter().map(|folder| display(folder)).collect();
    let results = results(call, &found)?;
    Ok(Answer::Json(json!({
        "query": query, "folder": folders.first(), "folders": folders, "model": found.embedder.name(),
        "count": found.count, "top_k": top_k, "results": results,
    })))
}

/// `?path=&top_k=&per_prompt=&model=`: images whose prompts are most like the one of this image, in the shape of
/// 11.9.
pub(crate) fn similar(call: &Call<'_>) -> Outcome {
    let place = call.path_param()?;
    let unknown = || Problem::not_found(format!("the library knows no image at `{}`", display(&place.path)));
    let hit = call.image_at(&place)?.ok_or_else(unknown)?;
    let number = |name: &str, usual: i64| match call.asked.param(name).map(str::parse::<i64>) {
        None => Ok(usual),
        Some(Ok(given)) => Ok(given),
        Some(Err(_)) => Err(Problem::bad(format!("`{name}` is no number"))),
    };
    let top_k = number("top_k", TOP_K)?.clamp(1, TOP_K_MAX);
    let per_prompt = number("per_prompt", PER_PROMPT as i64)?.clamp(1, TOP_K_MAX);
    let roots = call.access()?.narrowed(None).unwrap_or_else(|| vec![b"/".to_vec()]);
    let ask = SimilarAsk {
        image: hit.id,
        scope: Scope { folders: roots, recursive: true },
        model: call.asked.param("model").map(str::to_owned),
        top_k: top_k as usize,
        per_prompt: per_prompt as usize,
    };
    let found = call.engine().similar(&ask, &call.stop)?;
    Ok(Answer::Json(json!({
        "path": display(&place.path), "model": found.embedder.name(), "count": found.count, "top_k": top_k,
        "results": results(call, &found)?,
    })))
}

fn results(call: &Call<'_>, found: &MeaningFound) -> Result<Vec<Value>, Problem> {
    let ids: Vec<ImageId> = found.found.iter().map(|alike| alike.image).collect();
    let access = call.access()?;
    let hits = call.engine().hits(&ids)?;
    let shown = hits.into_iter().filter(|hit| access.may_show(&hit.path));
    let paths: HashMap<ImageId, String> = shown.map(|hit| (hit.id, display(&hit.path))).collect();
    let result = |alike: &crate::topics::Alike| {
        let path = paths.get(&alike.image)?;
        let score = (f64::from(alike.score) * 1e6).round() / 1e6;
        Some(json!({ "id": alike.image.0, "path": path, "score": score, "sample_prompt": alike.sample }))
    };
    Ok(found.found.iter().filter_map(result).collect())
}

impl From<TopicsError> for Problem {
    fn from(error: TopicsError) -> Self {
        match error {
            TopicsError::Stopped | TopicsError::Busy => Self::busy(Code::Unavailable, error.to_string(), 5),
            TopicsError::NoUpstream => Self::new(Code::Internal, error.to_string()),
            TopicsError::Upstream(error) => error.into(),
            TopicsError::Refused(_) | TopicsError::NothingEmbedded | TopicsError::NoQueryVector => {
                Self::of_upstream(502, error.to_string())
            }
            TopicsError::NoPrompt | TopicsError::NotEmbedded => Self::not_found(error.to_string()),
            TopicsError::NotFound | TopicsError::Dimension { .. } => Self::bad(error.to_string()),
            TopicsError::Search(error) => Failure::from(error).into(),
            TopicsError::Ledger(_) | TopicsError::Vectors(_) | TopicsError::Paid(_) => {
                Failure::store(error).into()
            }
        }
    }
}
