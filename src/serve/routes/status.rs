//! What is going on, for the page, for people in a terminal, and for whoever runs a server.

use crate::cli::generator_folders;
use crate::intake::{RootStanding, Standing};
use crate::serve::access::Access;
use crate::serve::answer::{Answer, Outcome};
use crate::serve::engine::Status;
use crate::serve::limits::REVIEWS_SHOWN_MAX;
use crate::serve::problem::Problem;
use crate::serve::reach;
use crate::serve::routes::front;
use crate::serve::server::{Call, Server};
use crate::sys::paths::to_bytes;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use lumidex_schema::id::Timestamp;
use lumidex_schema::path::display;
use serde_json::{Map, Value, json};

/// What [`shown`] says, where a hosted front end is, and how long the server has been up.
pub(crate) fn status(call: &Call<'_>) -> Outcome {
    let mut status = shown(call.server, &Access::of_images(&call.server.settings))?;
    status["front_end"] = front::address(call).into();
    status["uptime_s"] = call.server.meter.uptime().as_secs().into();
    Ok(Answer::Json(status))
}

/// What is going on, but nothing that changes by itself.
///
/// # Errors
/// 500 when the library cannot say.
pub(crate) fn shown(server: &Server, access: &Access) -> Result<Value, Problem> {
    let status = server.engine.status()?;
    let is_ready = server.engine.is_ready();
    // Before it is ready there is nothing to wait for: this is what says so.
    let images = if is_ready { server.engine.n_images()? } else { 0 };
    let suggestions = if status.roots.is_empty() { suggestions(server) } else { Vec::new() };
    let failures = status.failures.iter().map(|(name, why)| json!({ "name": name, "why": why }));
    let problems = problems(&status, access).into_iter();
    Ok(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "ready": is_ready,
        "images": images,
        "roots": roots(&status, access),
        "reviews": n_reviews(server, access)?,
        "waiting": status.waiting,
        "indexing": {
            "running": status.is_indexing, "seen": status.seen, "read": status.read, "expected": status.expected,
            "complaints": status.complaints,
        },
        "partial": status.partial.map(|(done, total)| json!({ "done": done, "total": total })),
        "problems": Value::from_iter(problems.map(|(kind, text)| json!({ "kind": kind, "text": text }))),
        "suggestions": suggestions,
        "failures": Value::from_iter(failures),
        "is_readonly": reach::is_readonly(server.settings.permission),
        "secret": server.is_guarded(),
    }))
}

/// 200 when everything works, else 503 with the reasons; what can be read is read all the same.
pub(crate) fn readyz(call: &Call<'_>) -> Outcome {
    let status = call.engine().status().ok();
    let mut reasons = Vec::new();
    let mut word = "ready";
    if !call.engine().is_ready() {
        word = "starting";
        reasons.push("the indexes catch up; the first search waits for them".to_owned());
    } else if let Some((done, total)) = status.as_ref().and_then(|status| status.partial) {
        word = "starting";
        reasons.push(format!("the text index fills: {done} of {total} changes"));
    }
    match &status {
        Some(status) if status.failures.is_empty() => {}
        Some(status) => {
            word = "degraded";
            reasons.extend(status.failures.iter().map(|(name, why)| format!("{name}: {why}")));
        }
        None => {
            word = "degraded";
            reasons.push("the library cannot be read; the log of the server says why".to_owned());
        }
    }
    if *call.server.stop.borrow() {
        word = "stopping";
        reasons.push("the server stops".to_owned());
    }
    let mut answer = Map::from_iter([("status".to_owned(), json!(word))]);
    if word != "ready" {
        answer.insert("reasons".to_owned(), json!(reasons));
    }
    // Paths are what a server that does not allow reading keeps to itself.
    if let Some(status) = status.filter(|_| !reach::is_blind(call.server.settings.permission)) {
        answer.insert("roots".to_owned(), roots(&status, &Access::of_images(&call.server.settings)));
    }
    let code = if word == "ready" { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok(Answer::raw(plain(code, &Value::Object(answer))))
}

/// How many questions wait for a person, as far as they are counted.
///
/// # Errors
/// 500 when the library cannot say.
pub(crate) fn n_reviews(server: &Server, access: &Access) -> Result<usize, Problem> {
    let as_of = server.engine.as_of();
    if let Some((known_as_of, n)) = *server.n_reviews.lock()
        && known_as_of == as_of
    {
        return Ok(n);
    }
    let open = server.engine.reviews(REVIEWS_SHOWN_MAX)?;
    let n = open.iter().filter(|open| access.may_show(&open.image.path)).count();
    *server.n_reviews.lock() = Some((as_of, n));
    Ok(n)
}

fn roots(status: &Status, access: &Access) -> Value {
    visible(status, access).map(root).collect()
}

/// Roots a client may know of: those it sees images of.
fn visible<'a>(status: &'a Status, access: &'a Access) -> impl Iterator<Item = &'a RootStanding> {
    status.roots.iter().filter(|root| access.may_name(&root.path))
}

fn root(root: &RootStanding) -> Value {
    let RootStanding { root: _, path, standing, n_watched, n_polled, poll_every, walked, reason } = root;
    json!({
        "path": display(path),
        "state": standing.words(),
        "offline": *standing == Standing::Offline,
        "folders_watched": n_watched,
        "folders_polled": n_polled,
        "poll_every_s": poll_every.map(|every| every.as_secs_f64()),
        "walked": walked.map(seconds),
        "reason": reason,
    })
}

/// As dates of files are: seconds since 1970.
pub(crate) fn seconds(time: Timestamp) -> f64 {
    time.0 as f64 / 1e9
}

/// What a person may want to look after: a word for a program and a sentence for the person.
fn problems(status: &Status, access: &Access) -> Vec<(&'static str, String)> {
    let mut problems = Vec::new();
    for (name, why) in &status.failures {
        let kind = if name == "ledger" { "ledger" } else { "index" };
        problems.push((kind, format!("{name}: {why}")));
    }
    if let Some((done, total)) = status.partial {
        problems.push(("unfinished", format!("the text index fills: {done} of {total} changes")));
    }
    for root in visible(status, access).filter(|root| root.standing == Standing::Offline) {
        let reason = root.reason.as_deref().unwrap_or("it could not be reached");
        problems.push(("offline", format!("`{}` is offline: {reason}", display(&root.path))));
    }
    problems
}

/// Folders of generators on this machine. They are told to the person at it only.
fn suggestions(server: &Server) -> Vec<String> {
    let settings = &server.settings;
    if !reach::is_loopback(settings) || reach::is_readonly(settings.permission) {
        return Vec::new();
    }
    let found = generator_folders(settings.home.as_deref(), &settings.cwd);
    found.iter().map(|folder| display(&to_bytes(folder))).collect()
}

fn plain(code: StatusCode, value: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = code;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if code == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
