//! Changes as they happen, as server-sent events (the event stream of the HTML standard).

use crate::serve::answer::{Answer, Outcome};
use crate::serve::server::Call;
use crate::serve::stream;
use axum::http::{HeaderName, HeaderValue, Response, header};

/// What a client heard last, as browsers send it when they connect again.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// `last_event_id`, for clients that cannot set the header: they have heard everything up to it.
pub(crate) fn events(call: &Call<'_>) -> Outcome {
    let header = call.asked.headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok());
    let last_id = header.or_else(|| call.asked.param("last_event_id")).filter(|id| !id.is_empty());
    let mut response = Response::new(stream::listen(call.server, last_id.map(str::to_owned))?);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies in between would hold events back until they fill a buffer.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(Answer::raw(response))
}
