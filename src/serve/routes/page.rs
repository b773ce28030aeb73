//! The first page and its files, embedded in the binary.

use crate::serve::answer::{Answer, Outcome};
use crate::serve::server::Call;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};

const INDEX: &str = include_str!("../ui/index.html");
const SCRIPT: &str = include_str!("../ui/app.js");
const STYLE: &str = include_str!("../ui/app.css");
const ICON: &str = include_str!("../ui/icon.svg");

/// The page.
pub(crate) fn index(_: &Call<'_>) -> Outcome {
    Ok(asset(INDEX, "text/html; charset=utf-8"))
}

/// Its script.
pub(crate) fn script(_: &Call<'_>) -> Outcome {
    Ok(asset(SCRIPT, "text/javascript; charset=utf-8"))
}

/// Its looks.
pub(crate) fn style(_: &Call<'_>) -> Outcome {
    Ok(asset(STYLE, "text/css; charset=utf-8"))
}

/// Its icon.
pub(crate) fn icon(_: &Call<'_>) -> Outcome {
    Ok(asset(ICON, "image/svg+xml"))
}

/// The base has no page of its own.
pub(crate) fn to_page(_: &Call<'_>) -> Outcome {
    Ok(Answer::raw(redirect("/")))
}

/// A redirect that may change with the next start.
pub(crate) fn redirect(to: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(header::LOCATION, to);
    response
}

fn asset(text: &'static str, kind: &'static str) -> Answer {
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    // Small and local: always asked for, so that a new version shows at once.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Answer::raw(response)
}
