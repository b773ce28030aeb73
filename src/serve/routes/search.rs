//! Contract section 4, 11.6 and 11.11: searches, what the library holds, updates.

use crate::limits::PAGE_SIZE_MAX;
use crate::query::{Counted, Matching, Order, Page, Partial, Search};
use crate::serve::answer::{Answer, Outcome};
use crate::serve::extract::{WireId, not_too_many, nullable};
use crate::serve::limits::{NEEDLE_BYTES_MAX, PAGE_SIZE, RANDOM_N, TAGS_MAX};
use crate::serve::problem::Problem;
use crate::serve::server::Call;
use lumidex_schema::api::Cursor;
use lumidex_schema::id::{Seq, TagId};
use lumidex_schema::media::MediaKind;
use lumidex_schema::path::display;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

/// 4.1
pub(crate) fn basic_info(call: &Call<'_>) -> Outcome {
    let dirs = expired(call)?;
    Ok(Answer::object([
        ("img_count", Answer::json(call.engine().n_images()?)),
        ("tags", Answer::SharedTags(call.engine().tags()?)),
        ("expired", Answer::json(!dirs.is_empty())),
        ("expired_dirs", Answer::json(dirs)),
    ]))
}

/// 11.6
pub(crate) fn expired_dirs(call: &Call<'_>) -> Outcome {
    let dirs = expired(call)?;
    Ok(Answer::Json(json!({ "expired": !dirs.is_empty(), "expired_dirs": dirs })))
}

fn expired(call: &Call<'_>) -> Result<Vec<String>, Problem> {
    Ok(call.engine().expired_dirs()?.iter().map(|path| display(path)).collect())
}

/// 4.2
pub(crate) fn random_images(call: &Call<'_>) -> Outcome {
    let access = call.access()?;
    let hits = call.engine().random(RANDOM_N)?;
    let shown = hits.iter().filter(|hit| access.may_show(&hit.path)).map(|hit| call.file_info(hit));
    Ok(Answer::Files(shown.filter(|file| !file.offline).collect()))
}

/// 4.3. The body is ignored.
pub(crate) fn update(call: &Call<'_>) -> Outcome {
    call.engine().update()?;
    Ok(Answer::Null)
}

/// 4.4
pub(crate) fn rebuild(call: &Call<'_>) -> Outcome {
    call.engine().rebuild()?;
    Ok(Answer::Null)
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct BySubstr {
    #[serde(default, deserialize_with = "nullable")]
    surstr: String,
    #[serde(default, deserialize_with = "nullable")]
    regexp: String,
    #[serde(default, deserialize_with = "nullable")]
    cursor: String,
    #[serde(default, deserialize_with = "nullable")]
    folder_paths: Vec<String>,
    size: Option<i64>,
    #[serde(default, deserialize_with = "nullable")]
    path_only: bool,
    media_type: Option<String>,
}

/// 4.5
pub(crate) fn by_substr(call: &Call<'_>) -> Outcome {
    let BySubstr { surstr, regexp, cursor, folder_paths, size, path_only, media_type } = call.asked.json()?;
    if surstr.len() > NEEDLE_BYTES_MAX || regexp.len() > NEEDLE_BYTES_MAX {
        return Err(Problem::bad(format!("the search text is longer than {NEEDLE_BYTES_MAX} bytes")));
    }
    let matching = match (surstr, regexp) {
        (_, regexp) if !regexp.is_empty() => Matching::Regex(regexp),
        (surstr, _) if !surstr.is_empty() => Matching::Substring(surstr),
        _ => Matching::Everything,
    };
    let request = Search {
        matching,
        path_only,
        media: media_of(media_type.as_deref())?,
        folders: folders_of(call, folder_paths)?,
        and_tags: Vec::new(),
        or_tags: Vec::new(),
        not_tags: Vec::new(),
        order: Order::Newest,
        size: size_of(size),
        cursor,
    };
    find(call, &request)
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct ByTags {
    #[serde(default, deserialize_with = "nullable")]
    and_tags: Vec<WireId>,
    #[serde(default, deserialize_with = "nullable")]
    or_tags: Vec<WireId>,
    #[serde(default, deserialize_with = "nullable")]
    not_tags: Vec<WireId>,
    #[serde(default, deserialize_with = "nullable")]
    cursor: String,
    #[serde(default, deserialize_with = "nullable")]
    folder_paths: Vec<String>,
    size: Option<i64>,
    #[serde(default, deserialize_with = "nullable")]
    random_sort: bool,
}

/// 4.6
pub(crate) fn by_tags(call: &Call<'_>) -> Outcome {
    let ByTags { and_tags, or_tags, not_tags, cursor, folder_paths, size, random_sort } =
        call.asked.json()?;
    let request = Search {
        matching: Matching::Everything,
        path_only: false,
        media: None,
        folders: folders_of(call, folder_paths)?,
        and_tags: tags_of(and_tags)?,
        or_tags: tags_of(or_tags)?,
        not_tags: tags_of(not_tags)?,
        order: if random_sort { Order::Random } else { Order::Newest },
        size: size_of(size),
        cursor,
    };
    find(call, &request)
}

/// 11.11
pub(crate) fn trend(call: &Call<'_>) -> Outcome {
    let trend = call.engine().trend(call.server.settings.trend_max_tags)?;
    let pairs = |key: &'static str, counted: Vec<Counted>| {
        Value::from_iter(
            counted.into_iter().map(|Counted { name, count }| json!({ key: name, "count": count })),
        )
    };
    Ok(Answer::Json(json!({
        "total_images": trend.total_images,
        "total_disk_usage": trend.total_bytes,
        "daily_contributions": pairs("date", trend.days),
        "monthly_trends": pairs("month", trend.months),
        "top_models": pairs("name", trend.models),
        "top_samplers": pairs("name", trend.samplers),
        "top_lora": pairs("name", trend.loras),
        "top_source": pairs("name", trend.sources),
    })))
}

/// The page a search asks for.
pub(crate) fn find(call: &Call<'_>, request: &Search) -> Outcome {
    // To the engine no folder means anywhere; here it means that none of those named is allowed.
    if request.folders.as_ref().is_some_and(Vec::is_empty) {
        return Ok(page(
            call,
            Page { hits: Vec::new(), cursor: Cursor::default(), as_of: Seq::ZERO, partial: None },
        ));
    }
    Ok(page(call, call.engine().search(request)?))
}

fn page(call: &Call<'_>, page: Page) -> Answer {
    let Page { hits, cursor, as_of: _, partial } = page;
    let mut entries = vec![
        ("files".into(), Answer::Files(hits.iter().map(|hit| call.file_info(hit)).collect())),
        ("cursor".into(), Answer::Json(json!({ "has_next": cursor.has_next, "next": cursor.next }))),
    ];
    if let Some(Partial { done, total }) = partial {
        entries.push(("partial".into(), Answer::Json(json!({ "done": done, "total": total }))));
    }
    Answer::Object(entries)
}

/// Images per page: what the client says, within bounds.
pub(crate) fn size_of(size: Option<i64>) -> usize {
    let size = size.unwrap_or(PAGE_SIZE).max(1);
    usize::try_from(size).unwrap_or(PAGE_SIZE_MAX).min(PAGE_SIZE_MAX)
}

/// The folders a search is limited to. Entries of blanks are left out; none left means no limit.
pub(super) fn folders_of(call: &Call<'_>, given: Vec<String>) -> Result<Option<Vec<Vec<u8>>>, Problem> {
    let given: Vec<String> =
        not_too_many(given)?.into_iter().filter(|path| !path.trim().is_empty()).collect();
    let mut folders = Vec::with_capacity(given.len());
    for path in &given {
        folders.push(call.place(path)?.path);
    }
    Ok(call.access()?.narrowed((!given.is_empty()).then_some(folders)))
}

pub(super) fn media_of(word: Option<&str>) -> Result<Option<MediaKind>, Problem> {
    match word {
        None | Some("all") => Ok(None),
        Some(word) => match MediaKind::ALL.into_iter().find(|kind| kind.word() == word) {
            Some(kind) => Ok(Some(kind)),
            None => Err(Problem::bad(format!(
                "the kind of media is `all`, `image`, `video` or `audio`, not `{word}`"
            ))),
        },
    }
}

/// Tags, each once.
fn tags_of(ids: Vec<WireId>) -> Result<Vec<TagId>, Problem> {
    if ids.len() > TAGS_MAX {
        return Err(Problem::bad(format!("{} tags are more than the {TAGS_MAX} of one request", ids.len())));
    }
    let mut tags = ids.into_iter().map(WireId::tag).collect::<Result<Vec<_>, _>>()?;
    tags.sort_unstable();
    tags.dedup();
    Ok(tags)
}
