//! Contract sections 2.2, 2.3 and 11.1: files as they are.

use crate::serve::access::{Place, Standing};
use crate::serve::answer::{Answer, Outcome};
use crate::serve::pieces::{Piece, Pieces};
use crate::serve::problem::Problem;
use crate::serve::range::{Verdict, Version, Wanted, first_wanted, judged, wanted};
use crate::serve::server::Call;
use crate::serve::sniff;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use lumidex_schema::media::{MediaKind, content_type};
use lumidex_schema::path::display;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read as _};
use std::ops::Range;
use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, SystemTime};

/// How long a medium may be kept by a client: a year, the longest that is honoured.
const KEPT: Duration = Duration::from_secs(31_536_000);
/// Stands between the parts of an answer with several ranges. No part can be taken apart wrongly:
/// clients go by the lengths as well.
const BOUNDARY: &str = "lumidex-part-5b1f0e7c9a3d4286";
/// What RFC 8187 lets stand unencoded.
const ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');
/// What a player in a page of another origin may read of an answer.
const STREAM_EXPOSED: &str = "content-type, accept-ranges, content-length, content-range, content-encoding";
/// What a file may do when a browser shows it by itself: nothing.
const FILE_POLICY: &str = "sandbox; default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; \
     frame-ancestors 'self'";

/// Of several ranges a client asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ranges {
    /// All are sent, in parts.
    All,
    /// The first counts.
    First,
}

/// What an answer says of the name of a file.
#[derive(Clone, Copy)]
enum Naming<'a> {
    /// Nothing, where a browser may show it.
    Plain,
    /// It is to be shown, and has its own name when it is kept.
    Inline,
    /// It is to be kept under this name; its own when that is empty.
    Kept(&'a str),
}

/// 2.2
pub(crate) fn file(call: &Call<'_>) -> Outcome {
    let naming = call.asked.param("disposition").map_or(Naming::Plain, Naming::Kept);
    hand_out(call, &call.path_param()?, Ranges::All, naming).map(Answer::raw)
}

/// 2.3
pub(crate) fn stream_video(call: &Call<'_>) -> Outcome {
    let mut response = hand_out(call, &call.path_param()?, Ranges::First, Naming::Plain)?;
    set(&mut response, header::ACCESS_CONTROL_EXPOSE_HEADERS, STREAM_EXPOSED);
    Ok(Answer::raw(response))
}

/// 11.1
pub(crate) fn img(call: &Call<'_>) -> Outcome {
    let place = call.path_param()?;
    let own = name_of(&place.path);
    if call.asked.tail != own {
        return Err(Problem::bad(format!("`{}` is not the name of the file, `{own}`", call.asked.tail)));
    }
    if MediaKind::of_name(&place.path) != Some(MediaKind::Image) {
        return Err(Problem::bad(format!("`{own}` is no image")));
    }
    hand_out(call, &place, Ranges::All, Naming::Inline).map(Answer::raw)
}

/// A file, or what is asked of it.
fn hand_out(
    call: &Call<'_>,
    place: &Place,
    ranges: Ranges,
    naming: Naming<'_>,
) -> Result<Response<Body>, Problem> {
    let (file, metadata) = open_shown(place)?;
    let is_kept = call.access()?.is_under_root(&place.path) && MediaKind::of_name(&place.path).is_some();
    let version = version_of(&metadata);
    let mut response = match judged(&call.asked.headers, &version) {
        Verdict::Failed => return Err(Problem::precondition()),
        Verdict::Known => not_modified(),
        Verdict::Send => {
            let wanted = wanted_of(call, &version, metadata.len(), ranges);
            body_of(place, file, metadata.len(), wanted, ranges, naming)?
        }
    };
    set(&mut response, header::ETAG, &version.etag);
    set(&mut response, header::LAST_MODIFIED, &httpdate::fmt_http_date(version.modified));
    if is_kept {
        // Where a secret guards the files, no proxy may hand them to others.
        let whose = if call.server.is_guarded() { "private" } else { "public" };
        set(&mut response, header::CACHE_CONTROL, &format!("{whose}, max-age={}", KEPT.as_secs()));
        set(&mut response, header::EXPIRES, &httpdate::fmt_http_date(SystemTime::now() + KEPT));
    }
    Ok(response)
}

/// What the client has is what there is.
pub(crate) fn not_modified() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response
}

fn wanted_of(call: &Call<'_>, version: &Version, len: u64, ranges: Ranges) -> Wanted {
    // A range means something only to who gets a body.
    if call.asked.is_head {
        return Wanted::Whole;
    }
    match ranges {
        Ranges::All => wanted(&call.asked.headers, version, len),
        Ranges::First => first_wanted(&call.asked.headers, version, len),
    }
}

/// Opens a regular file that may leave: any inside the roots, only media outside.
///
/// # Errors
/// 404 or 400 when there is no such file, 403 when it may not be read.
pub(crate) fn open_shown(place: &Place) -> Result<(File, Metadata), Problem> {
    let (file, metadata) = open(place)?;
    if place.standing() != Standing::Inside {
        demand_media(place, &file)?;
    }
    Ok((file, metadata))
}

/// Opens a file that is media by name and by content.
///
/// # Errors
/// 404 or 400 when there is no such file, 403 when it is no media.
pub(crate) fn open_media(place: &Place) -> Result<File, Problem> {
    let (file, _) = open(place)?;
    demand_media(place, &file)?;
    Ok(file)
}

/// Opens a regular file, and says in words why not.
fn open(place: &Place) -> Result<(File, Metadata), Problem> {
    let shown = display(&place.path);
    let file = place.file.open().map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename => {
            Problem::not_found(format!("`{shown}` does not exist"))
        }
        ErrorKind::PermissionDenied => {
            Problem::forbidden(format!("`{shown}` may not be read by this server"))
        }
        ErrorKind::IsADirectory => Problem::bad(format!("`{shown}` is a folder")),
        ErrorKind::InvalidInput => Problem::bad(format!("`{shown}` is no regular file")),
        _ => not_regular(&shown, &error),
    })?;
    let metadata = file.metadata().map_err(|error| Problem::internal("opening a file", &error))?;
    Ok((file, metadata))
}

fn not_regular(shown: &str, error: &std::io::Error) -> Problem {
    // A loop of symlinks, a link that took its place, or a socket: there, but no file.
    let is_odd = [rustix::io::Errno::LOOP, rustix::io::Errno::NXIO]
        .iter()
        .any(|odd| error.raw_os_error() == Some(odd.raw_os_error()));
    if is_odd {
        Problem::bad(format!("`{shown}` is no regular file"))
    } else {
        Problem::internal("opening a file", error)
    }
}

/// Outside the roots only media leaves, and a name alone proves nothing (design ruling 21).
fn demand_media(place: &Place, file: &File) -> Result<(), Problem> {
    let mut head = Vec::with_capacity(sniff::HEAD_BYTES);
    let read = file.take(sniff::HEAD_BYTES as u64).read_to_end(&mut head);
    if read.is_ok() && MediaKind::of_name(&place.path).is_some() && sniff::kind(&head).is_some() {
        return Ok(());
    }
    Err(Problem::forbidden(format!(
        "`{}` is no media file and lies outside the folders of the library",
        display(&place.path)
    )))
}

fn version_of(metadata: &Metadata) -> Version {
    let (seconds, nanos) = (metadata.mtime(), metadata.mtime_nsec());
    let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    Version { etag: format!("\"{:x}-{seconds:x}.{nanos:x}\"", metadata.len()), modified }
}

fn body_of(
    place: &Place,
    file: File,
    len: u64,
    wanted: Wanted,
    ranges: Ranges,
    naming: Naming<'_>,
) -> Result<Response<Body>, Problem> {
    let (kind, is_safe) = kind_of(&place.path);
    let (status, pieces, kind) = match wanted {
        Wanted::Nothing if ranges == Ranges::First => return Err(Problem::range_in_words(len)),
        Wanted::Nothing => return Err(Problem::range(len)),
        Wanted::Whole => (StatusCode::OK, vec![Piece::Span(0..len)], kind.to_owned()),
        Wanted::Parts(parts) if parts.len() == 1 => {
            (StatusCode::PARTIAL_CONTENT, parts.into_iter().map(Piece::Span).collect(), kind.to_owned())
        }
        Wanted::Parts(parts) => (
            StatusCode::PARTIAL_CONTENT,
            multipart(&parts, kind, len),
            format!("multipart/byteranges; boundary={BOUNDARY}"),
        ),
    };
    let single = match pieces.as_slice() {
        [Piece::Span(range)] if status == StatusCode::PARTIAL_CONTENT => Some(content_range(range, len)),
        _ => None,
    };
    let pieces = Pieces::new(file, pieces);
    let n = pieces.len();
    let mut response = Response::new(pieces.into_body());
    *response.status_mut() = status;
    set(&mut response, header::CONTENT_LENGTH, &n.to_string());
    set(&mut response, header::CONTENT_TYPE, &kind);
    set(&mut response, header::ACCEPT_RANGES, "bytes");
    set(&mut response, header::CONTENT_SECURITY_POLICY, FILE_POLICY);
    if let Some(range) = single {
        set(&mut response, header::CONTENT_RANGE, &range);
    }
    if let Some(disposition) = disposition(&name_of(&place.path), naming, is_safe) {
        set(&mut response, header::CONTENT_DISPOSITION, &disposition);
    }
    Ok(response)
}

/// What may hold scripts is never shown, whatever was asked.
fn disposition(own: &str, naming: Naming<'_>, is_safe: bool) -> Option<String> {
    match naming {
        Naming::Kept(name) => Some(attachment(if name.is_empty() { own } else { name })),
        Naming::Plain | Naming::Inline if !is_safe => Some(attachment(own)),
        Naming::Inline => Some(format!("inline; {}", filename(own))),
        Naming::Plain => None,
    }
}

/// The last component of a path as it is shown.
pub(crate) fn name_of(path: &[u8]) -> String {
    display(path.rsplit(|b| *b == b'/').next().unwrap_or_default())
}

/// The content type, and whether a browser may show it by itself. Anything that can hold scripts
/// is only ever downloaded.
fn kind_of(path: &[u8]) -> (&'static str, bool) {
    if let Some(kind) = content_type(path) {
        return (kind, true);
    }
    let name = path.to_ascii_lowercase();
    let plain = [
        (&b".txt"[..], "text/plain; charset=utf-8"),
        (b".json", "application/json"),
        (b".csv", "text/csv; charset=utf-8"),
    ];
    if let Some((_, kind)) = plain.iter().find(|(end, _)| name.ends_with(end)) {
        return (kind, true);
    }
    let held = [(&b".svg"[..], "image/svg+xml"), (b".zip", "application/zip"), (b".pdf", "application/pdf")];
    let known = held.iter().find(|(end, _)| name.ends_with(end));
    (known.map_or("application/octet-stream", |(_, kind)| kind), false)
}

fn multipart(parts: &[Range<u64>], kind: &str, len: u64) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(parts.len() * 2 + 1);
    for (nth, range) in parts.iter().enumerate() {
        let gap = if nth == 0 { "" } else { "\r\n" };
        let head = format!(
            "{gap}--{BOUNDARY}\r\nContent-Type: {kind}\r\nContent-Range: {}\r\n\r\n",
            content_range(range, len)
        );
        pieces.push(Piece::Text(head.into()));
        pieces.push(Piece::Span(range.clone()));
    }
    pieces.push(Piece::Text(format!("\r\n--{BOUNDARY}--\r\n").into()));
    pieces
}

fn content_range(range: &Range<u64>, len: u64) -> String {
    format!("bytes {}-{}/{len}", range.start, range.end - 1)
}

/// Says that an answer is to be kept under this name.
pub(crate) fn attachment(name: &str) -> String {
    format!("attachment; {}", filename(name))
}

fn filename(name: &str) -> String {
    format!("filename*=UTF-8''{}", utf8_percent_encode(name, ATTR_CHAR))
}

/// Sets a header; a value that cannot be one is left out.
pub(crate) fn set(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
