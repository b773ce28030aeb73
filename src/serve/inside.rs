//! Asking a library in this process as if over HTTP, for commands when no server runs: one set of
//! answers, whoever gives them.

use super::engine::Engine;
use super::listen::app;
use crate::cli::asking::{Reply, Request};
use crate::cli::remote::DEED;
use crate::settings::{AccessControl, Settings};
use axum::body::Body;
use http_body_util::BodyExt as _;
use serde_json::Value;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use tower::ServiceExt as _;

/// The answer to whoever may open the data folder: no key is asked for.
///
/// # Errors
/// When the system gives no threads, or the settings cannot be served.
pub fn ask(engine: Arc<dyn Engine>, settings: Settings, request: &Request) -> io::Result<Reply> {
    let settings = Settings {
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        secret: None,
        ui_dir: None,
        access: AccessControl::Disable,
        allowed_paths: Vec::new(),
        ..settings
    };
    let router = app(engine, settings).map_err(io::Error::other)?;
    let body = if request.body.is_null() { Body::empty() } else { Body::from(request.body.to_string()) };
    let asked = axum::http::Request::builder().method(request.method).uri(request.route.as_ref()).body(body);
    let asked = asked.map_err(io::Error::other)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let Ok(answer) = router.oneshot(asked).await;
        let status = answer.status().as_u16();
        let deed = answer.headers().get(DEED).and_then(|deed| deed.to_str().ok()?.parse().ok());
        let body = answer.into_body().collect().await.map_err(io::Error::other)?;
        Ok(Reply { status, body: serde_json::from_slice(&body.to_bytes()).unwrap_or(Value::Null), deed })
    })
}
