//! The first page and its files, embedded in the binary.

use crate::serve::answer::{Answer, Outcome};
use crate::serve::server::Call;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};

const HTML: &str = "text/html; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";

macro_rules! assets { ($($(#[$doc:meta])* $name:ident: $file:literal, $kind:ident;)*) => { $(
    $(#[$doc])*
    pub(crate) fn $name(_: &Call<'_>) -> Outcome {
        Ok(asset(include_str!(concat!("../ui/", $file)), $kind))
    }
)* } }
assets! {
    /// The page.
    index: "index.html", HTML;
    /// Its script, which asks for those below.
    app: "app.js", JAVASCRIPT;
    /// Asking the server.
    ask: "ask.js", JAVASCRIPT;
    /// What people do to pictures, and taking it back.
    deeds: "deeds.js", JAVASCRIPT;
    /// One image.
    detail: "detail.js", JAVASCRIPT;
    /// How files were read.
    doctor: "doctor.js", JAVASCRIPT;
    /// What is found.
    grid: "grid.js", JAVASCRIPT;
    /// The secret key.
    key: "key.js", JAVASCRIPT;
    /// Following changes.
    live: "live.js", JAVASCRIPT;
    /// Pictures into folders.
    organize: "organize.js", JAVASCRIPT;
    /// The review list.
    review: "review.js", JAVASCRIPT;
    /// What is going on.
    status: "status.js", JAVASCRIPT;
    /// Topics, and searching by meaning.
    topics: "topics.js", JAVASCRIPT;
    /// Its looks.
    style: "app.css", CSS;
    /// Its icon.
    icon: "icon.svg", SVG;
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
