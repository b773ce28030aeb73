//! The hosted front end over HTTP: its first page and its files, under the path a browser sees.

use crate::serve::answer::{Answer, Outcome};
use crate::serve::extract::decoded;
use crate::serve::front::{Asset, FrontEnd, INDEX};
use crate::serve::problem::Problem;
use crate::serve::range::{Verdict, judged};
use crate::serve::reach::IIB_PREFIX;
use crate::serve::routes::media::{not_modified, set};
use crate::serve::routes::page::redirect;
use crate::serve::server::Call;
use crate::settings::BASE_DEFAULT;
use crate::sys::PathError;
use axum::body::Body;
use axum::http::{HeaderValue, Response, header};
use std::sync::Arc;

/// What the front end may do, and no more: its message formats are compiled when they are first shown, and its styles
/// are set by scripts; it asks a public host what is new, shows pictures from memory, and may stand in a page of the
/// same origin.
const POLICY: &str = "default-src 'none'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; \
    connect-src 'self' data: blob: https://api.github.com; manifest-src 'self'; base-uri 'self'; form-action 'self'; \
    object-src 'none'; frame-ancestors 'self'";
/// What may be kept as long as anything may: another content has another name.
const LASTING: &str = "public, max-age=31536000, immutable";

/// `GET` of a prefix. Where a front end is hosted it stands under the iib dialect's; the other one leads there, and
/// to our own page where none is.
pub(crate) fn page(call: &Call<'_>) -> Outcome {
    let Some(front) = &call.server.front else {
        return Ok(Answer::raw(redirect(&format!("{}/", call.asked.way.prefix))));
    };
    let at = address(call).unwrap_or_default();
    if !call.asked.mount.ends_with(IIB_PREFIX) {
        let query = call.asked.raw_query.as_deref().map_or(String::new(), |query| format!("?{query}"));
        return Ok(Answer::raw(redirect(&format!("{at}{query}"))));
    }
    let Some(asset) = front.asset(INDEX, &at).map_err(unreadable)? else {
        return Err(Problem::not_found("the folder of the front end holds no first page any more"));
    };
    let mut response = sent(call, &asset);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(Answer::raw(response))
}

/// `GET {B}/fe-static/{path}`.
pub(crate) fn file(call: &Call<'_>) -> Outcome {
    let absent = || Problem::not_found("the front end has no such file");
    let front: &FrontEnd = call.server.front.as_ref().ok_or_else(absent)?;
    let below = format!("{}/fe-static/", call.asked.mount);
    let name = call.asked.path.strip_prefix(&below).map(decoded).ok_or_else(absent)?;
    let asset = front.asset(&name, &address(call).unwrap_or_default()).map_err(unreadable)?;
    Ok(Answer::raw(sent(call, &asset.ok_or_else(absent)?)))
}

/// Where a browser finds the front end; `None` when none is hosted. Below a base that was chosen it can be reached
/// too, so that a proxy need not pass on more than that.
pub(crate) fn address(call: &Call<'_>) -> Option<String> {
    call.server.front.as_ref()?;
    let base = call.server.settings.base.as_str();
    let is_below = call.asked.mount.starts_with(base) && base != BASE_DEFAULT;
    Some(format!("{}{}{IIB_PREFIX}", call.asked.way.prefix, if is_below { base } else { "" }))
}

fn sent(call: &Call<'_>, asset: &Arc<Asset>) -> Response<Body> {
    let mut response = match judged(&call.asked.headers, &asset.version) {
        Verdict::Known => not_modified(),
        Verdict::Send | Verdict::Failed => Response::new(Body::from(asset.bytes.clone())),
    };
    set(&mut response, header::CONTENT_TYPE, asset.kind);
    set(&mut response, header::ETAG, &asset.version.etag);
    set(&mut response, header::CACHE_CONTROL, if asset.is_lasting { LASTING } else { "no-cache" });
    // What is sent differs by where it stands.
    set(&mut response, header::VARY, "Origin, X-Forwarded-Prefix");
    response
}

fn unreadable(error: PathError) -> Problem {
    Problem::internal("reading the front end", &error)
}
