//! Contract 2.1, 2.4 and 11.3: pictures made small, and covers of what is no picture.

use super::media::{not_modified, open_media, set};
use crate::projection::thumbs::{Frame, Identity, Source, ThumbError, Thumbnail, Thumbs};
use crate::serve::access::{Place, Standing};
use crate::serve::answer::{Answer, Outcome};
use crate::serve::extract::required;
use crate::serve::limits::COVER_TEXT_BYTES_MAX;
use crate::serve::problem::Problem;
use crate::serve::range::{Verdict, Version, Wanted, judged, wanted};
use crate::serve::server::Call;
use crate::sys::tree::Kind;
use axum::body::{Body, Bytes};
use axum::http::{Response, StatusCode, header};
use base64::Engine as _;
use lumidex_schema::id::ImageId;
use lumidex_schema::media::MediaKind;
use lumidex_schema::path::display;
use lumidex_schema::problem::Code;
use schemars::JsonSchema;
use serde::Deserialize;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The box that is meant when none is said.
const USUAL: &str = "256x256";
const WEBP: &str = "image/webp";

/// A file of which a small picture is wanted.
struct Wish {
    source: Source,
    modified: SystemTime,
    /// The image, if the library knows it, whatever its file holds by now.
    image: Option<ImageId>,
}

/// 2.1. `t` only makes addresses differ.
pub(crate) fn thumbnail(call: &Call<'_>) -> Outcome {
    let frame = frame_of(call.asked.param("size").unwrap_or(USUAL))?;
    let place = call.path_param()?;
    let Wish { source, modified, .. } = wish(call, place.clone())?;
    let version = Version { etag: format!("\"{}\"", Thumbs::key_of(&source, frame)), modified };
    let mut response = match judged(&call.asked.headers, &version) {
        Verdict::Failed => return Err(Problem::precondition()),
        Verdict::Known => not_modified(),
        Verdict::Send => {
            let made = call.engine().thumbnail(&source, frame);
            let Thumbnail { bytes, .. } = made.map_err(|error| problem(error, &place, Code::NotFound))?;
            part(call, bytes, &version)?
        }
    };
    // Where a secret guards the files, no proxy may hand them to others.
    let whose = if call.server.is_guarded() { "private" } else { "public" };
    set(&mut response, header::CACHE_CONTROL, &format!("{whose}, max-age=31536000, immutable"));
    set(&mut response, header::ETAG, &version.etag);
    set(&mut response, header::LAST_MODIFIED, &httpdate::fmt_http_date(modified));
    Ok(Answer::raw(response))
}

/// 2.4. The cover a person chose, or else a frame of the film, or the picture in the sound.
pub(crate) fn cover(call: &Call<'_>) -> Outcome {
    let place = call.path_param()?;
    if MediaKind::of_name(&place.path).is_none() {
        return Err(Problem::bad(format!("`{}` is no media file", display(&place.path))));
    }
    let Wish { source, image, .. } = wish(call, place.clone())?;
    let chosen = image.map(|image| call.engine().cover(image)).transpose()?.flatten();
    let bytes: Bytes = match chosen {
        Some(chosen) => chosen.into(),
        None => {
            let made = call.engine().thumbnail(&source, Frame::COVER);
            shared(made.map_err(|error| problem(error, &place, Code::Internal))?.bytes)
        }
    };
    let mut response = webp(bytes);
    set(&mut response, header::CACHE_CONTROL, "no-store");
    Ok(Answer::raw(response))
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Chosen {
    path: Option<String>,
    base64_img: Option<String>,
}

/// 11.3. The picture is kept with what people did; `updated_time` is not asked for.
pub(crate) fn choose_cover(call: &Call<'_>) -> Outcome {
    let Chosen { path, base64_img } = call.asked.json()?;
    let place = call.place(&required(path, "path")?)?;
    let text = required(base64_img, "base64_img")?;
    if text.len() > COVER_TEXT_BYTES_MAX {
        return Err(Problem::bad(format!("`base64_img` is longer than {COVER_TEXT_BYTES_MAX} bytes")));
    }
    let encoded = match text.split_once(',') {
        Some((kind, encoded)) if kind.starts_with("data:") && kind.ends_with(";base64") => encoded,
        _ => &text,
    };
    let given = base64::engine::general_purpose::STANDARD
        .decode(encoded.trim())
        .map_err(|_| Problem::bad("`base64_img` is not base64"))?;
    let shown = display(&place.path);
    if MediaKind::of_name(&place.path).is_none() {
        return Err(Problem::bad(format!("`{shown}` is no media file")));
    }
    let known = match call.image_at(&place)? {
        Some(hit) => Some(hit),
        None if place.kind().is_none() => {
            return Err(Problem::not_found(format!("`{shown}` does not exist")));
        }
        None => call.engine().index_file(&place.path)?,
    };
    let hit =
        known.ok_or_else(|| Problem::bad(format!("`{shown}` lies in no indexed folder, or is no media")))?;
    let webp_bytes =
        call.engine().check_cover(&given).map_err(|error| problem(error, &place, Code::BadRequest))?;
    call.did(call.engine().choose_cover(hit.id, webp_bytes.clone())?);
    let etag = format!("\"{}\"", &blake3::hash(&webp_bytes).to_hex()[..32]);
    let mut response = webp(webp_bytes.into());
    set(&mut response, header::ETAG, &etag);
    set(&mut response, header::CACHE_CONTROL, "no-store");
    Ok(Answer::raw(response))
}

/// `WxH`, each 1 to 4096.
fn frame_of(size: &str) -> Result<Frame, Problem> {
    Frame::parse(size).ok_or_else(|| {
        Problem::bad(format!("`size` is `{USUAL}` or the like, each side 1 to 4096, not `{size}`"))
    })
}

/// What a file of this place is now. An image the library knows is told by its content, as long as its
/// file is the one that was read.
fn wish(call: &Call<'_>, place: Place) -> Result<Wish, Problem> {
    let shown = display(&place.path);
    let looked = place.file.look().map_err(|error| match error.kind() {
        ErrorKind::PermissionDenied => {
            Problem::forbidden(format!("`{shown}` may not be read by this server"))
        }
        _ => Problem::internal("looking at a file", &error),
    })?;
    let look = looked.ok_or_else(|| Problem::not_found(format!("`{shown}` does not exist")))?;
    if look.kind != Kind::File {
        return Err(Problem::bad(format!("`{shown}` is no regular file")));
    }
    if place.standing() != Standing::Inside {
        drop(open_media(&place)?);
    }
    let (size, modified) = (look.sighting.size, look.sighting.modified);
    let known = call.image_at(&place)?;
    let is_read =
        |sighting: &lumidex_schema::record::Sighting| sighting.size == size && sighting.modified == modified;
    let identity = match &known {
        Some(hit) if is_read(&hit.image.sighting) => Identity::of_image(&hit.image, &place.path),
        _ => Identity::of_file(&place.path, size, modified),
    };
    let media = MediaKind::of_name(&place.path).unwrap_or(MediaKind::Image);
    let seconds = u64::try_from(modified.0.div_euclid(1_000_000_000)).unwrap_or(0);
    let file = place.file;
    Ok(Wish {
        source: Source::new(identity, media, move || file.open()),
        modified: SystemTime::UNIX_EPOCH + Duration::from_secs(seconds),
        image: known.map(|hit| hit.id),
    })
}

/// All of it, or the one range that is asked for; several are answered with the whole.
fn part(call: &Call<'_>, bytes: Arc<[u8]>, version: &Version) -> Result<Response<Body>, Problem> {
    let len = bytes.len() as u64;
    let mut response = match wanted(&call.asked.headers, version, len) {
        Wanted::Nothing => return Err(Problem::range(len)),
        Wanted::Parts(parts) if parts.len() == 1 && !call.asked.is_head => {
            let range = parts[0].clone();
            let [from, to] = [range.start, range.end].map(|at| usize::try_from(at).unwrap_or(usize::MAX));
            let mut response = webp(shared(bytes).slice(from..to));
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            let said = format!("bytes {}-{}/{len}", range.start, range.end - 1);
            set(&mut response, header::CONTENT_RANGE, &said);
            response
        }
        Wanted::Parts(_) | Wanted::Whole => webp(shared(bytes)),
    };
    set(&mut response, header::ACCEPT_RANGES, "bytes");
    Ok(response)
}

fn webp(bytes: Bytes) -> Response<Body> {
    let len = bytes.len();
    let mut response = Response::new(Body::from(bytes));
    set(&mut response, header::CONTENT_TYPE, WEBP);
    set(&mut response, header::CONTENT_LENGTH, &len.to_string());
    response
}

/// Without copying.
fn shared(bytes: Arc<[u8]>) -> Bytes {
    Bytes::from_owner(bytes)
}

/// `undecodable` is what a file is answered with that is there but shows nothing.
fn problem(error: ThumbError, place: &Place, undecodable: Code) -> Problem {
    let shown = display(&place.path);
    match &error {
        ThumbError::File(cause) => match cause.kind() {
            ErrorKind::NotFound => Problem::not_found(format!("`{shown}` does not exist")),
            ErrorKind::PermissionDenied => {
                Problem::forbidden(format!("`{shown}` may not be read by this server"))
            }
            _ => Problem::internal("reading a picture", cause),
        },
        ThumbError::NeedsFfmpeg { .. } => Problem::new(undecodable, format!("`{shown}` {error}")),
        ThumbError::TooLarge(_) => Problem::bad(format!("`{shown}` {error}")),
        error if error.is_passing() => Problem::busy(Code::Unavailable, format!("`{shown}` {error}"), 1),
        error => Problem::new(undecodable, format!("`{shown}` {error}")),
    }
}
