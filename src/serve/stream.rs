//! Who listens to changes, and how they are told: one look-out for all, one task for each.
//!
//! Nothing queues. A task gathers what to say next when its client has taken what was said, and
//! reads it from the feed, which holds each subject once; so a slow client costs one event of
//! memory and hears of fewer, later changes. Knows nothing of HTTP but the body it fills.

use super::access::Access;
use super::feed::Changes;
use super::limits::{
    EVENT_ROWS_MAX, GATHER, HEARTBEAT, LISTENER_STALL, LISTENERS_MAX, LOOK_OUT, STATUS_EVERY, TOLD_BEHIND_MAX,
};
use super::problem::Problem;
use super::routes::status;
use super::server::Server;
use axum::body::{Body, Bytes, HttpBody};
use http_body::Frame;
use lumidex_schema::id::{EpochToken, Seq};
use lumidex_schema::problem::Code;
use lumidex_schema::record::Presence;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval_at, timeout};

/// Everyone who listens.
pub(crate) struct Listeners {
    state: Mutex<State>,
    news: watch::Sender<News>,
}

#[derive(Debug, Default)]
struct State {
    n_open: usize,
    has_look_out: bool,
}

/// What the look-out saw last.
#[derive(Clone, Debug, Default)]
struct News {
    as_of: Seq,
    /// The event that says what is going on.
    status: Option<Bytes>,
}

/// A moment in the life of a library, as clients hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Moment {
    epoch: EpochToken,
    number: Seq,
}

/// A place among the listeners, given back when dropped.
struct Seat(Arc<Server>);

/// The look-out's post, given back when dropped, so that a panic leaves it to another one.
struct Post<'a>(&'a Listeners);

impl Listeners {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::default(), news: watch::Sender::new(News::default()) }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.state.lock().n_open
    }

    /// Leaves the post when nobody listens; whether that is so.
    fn is_done(&self) -> bool {
        let mut state = self.state.lock();
        state.has_look_out = state.n_open > 0;
        !state.has_look_out
    }
}

/// The body of a new listener, who has heard everything up to the id it was told last, if any.
/// Must be called within the runtime.
///
/// # Errors
/// 503 when too many listen.
pub(crate) fn listen(server: &Arc<Server>, last_id: Option<String>) -> Result<Body, Problem> {
    let seat = {
        let mut state = server.listeners.state.lock();
        if state.n_open >= LISTENERS_MAX {
            let why = format!("{LISTENERS_MAX} clients listen to changes already");
            return Err(Problem::busy(Code::Unavailable, why, 5));
        }
        state.n_open += 1;
        if !state.has_look_out {
            state.has_look_out = true;
            let server = Arc::clone(server);
            tokio::task::spawn_blocking(move || look_out(&server));
        }
        Seat(Arc::clone(server))
    };
    let (out, events) = mpsc::channel(1);
    tokio::spawn(tell(seat, last_id, out));
    Ok(Body::new(Told { events }))
}

/// Until the server stops or the client is gone.
async fn tell(seat: Seat, last_id: Option<String>, out: mpsc::Sender<Bytes>) {
    let mut stopping = seat.0.stop.subscribe();
    tokio::select! {
        _ = stopping.wait_for(|stop| *stop) => {}
        () = out.closed() => {}
        _ = talk(&seat.0, last_id, &out) => {}
    }
}

/// Ends when there is nobody to talk to, or the library cannot be read: clients ask again then.
async fn talk(server: &Arc<Server>, last_id: Option<String>, out: &mpsc::Sender<Bytes>) -> Option<()> {
    let mut news = server.listeners.news.subscribe();
    let mut heartbeat = interval_at((Instant::now() + HEARTBEAT).into(), HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    out.send(Bytes::from_static(b"retry: 1000\n\n")).await.ok()?;
    let (mut at, first) = on_a_thread(server, move |server| begin(server, last_id.as_deref())).await?;
    if let Some(first) = first {
        out.send(first).await.ok()?;
    }
    let mut told_status = None;
    loop {
        // Only when there is room is it asked what there is to tell.
        let room = timeout(LISTENER_STALL, out.reserve()).await.ok()?.ok()?;
        let News { as_of, status } = news.borrow_and_update().clone();
        if as_of > at {
            let told = on_a_thread(server, move |server| next(server, at)).await?;
            at = told.0;
            if let Some(event) = told.1 {
                room.send(event);
            }
        } else if status.is_some() && status != told_status {
            room.send(status.clone()?);
            told_status = status;
        } else {
            tokio::select! {
                changed = news.changed() => changed.ok()?,
                _ = heartbeat.tick() => room.send(Bytes::from_static(b":\n\n")),
            }
        }
    }
}

/// Stores are not asked on threads that serve everyone.
async fn on_a_thread<T: Send + 'static>(
    server: &Arc<Server>,
    work: impl FnOnce(&Server) -> Result<T, Problem> + Send + 'static,
) -> Option<T> {
    let server = Arc::clone(server);
    tokio::task::spawn_blocking(move || work(&server)).await.ok()?.ok()
}

/// Where a listener begins, and what it is told of that.
fn begin(server: &Server, last_id: Option<&str>) -> Result<(Seq, Option<Bytes>), Problem> {
    let as_of = server.engine.as_of();
    let Some(last_id) = last_id else { return Ok((as_of, Some(landmark(server, "hello", as_of)?))) };
    if let Some(moment) = Moment::read(last_id)
        && server.engine.epoch_of(moment.number)? == Some(moment.epoch)
        && as_of.0.saturating_sub(moment.number.0) <= TOLD_BEHIND_MAX
    {
        return Ok((moment.number, None));
    }
    Ok((as_of, Some(landmark(server, "reset", as_of)?)))
}

/// What comes after `at`: how far that goes, and the event, if a client would care.
fn next(server: &Server, at: Seq) -> Result<(Seq, Option<Bytes>), Problem> {
    let as_of = server.engine.as_of();
    if as_of.0.saturating_sub(at.0) > TOLD_BEHIND_MAX {
        return Ok((as_of, Some(landmark(server, "reset", as_of)?)));
    }
    // What a client may know of by its path alone, whatever folders come and go.
    let access = Access::of_images(&server.settings);
    let shown = |path: &[u8]| access.may_show(path);
    let shown = if access.is_limited() { Some(&shown as &dyn Fn(&[u8]) -> bool) } else { None };
    let changes = server.engine.changes(at, EVENT_ROWS_MAX, shown)?;
    let through = changes.through;
    if changes.is_empty() {
        return Ok((through, None));
    }
    Ok((through, Some(event("changes", Some(Moment::at(server, through)?), &shape(&changes)))))
}

/// An event that says where the stream stands and nothing more.
fn landmark(server: &Server, name: &str, as_of: Seq) -> Result<Bytes, Problem> {
    let moment = Moment::at(server, as_of)?;
    Ok(event(name, Some(moment), &json!({ "id": moment.to_string(), "as_of": as_of.0 })))
}

fn shape(changes: &Changes) -> Value {
    let Changes { through, images, tags, n_folders } = changes;
    let state = |presence: Presence| match presence {
        Presence::Present => "present",
        Presence::Missing { .. } => "missing",
        Presence::Retired => "retired",
    };
    let images = images.iter().map(
        |image| json!({ "id": image.id.get(), "number": image.number.0, "state": state(image.presence) }),
    );
    let tags = tags.iter().map(|(id, number)| json!({ "id": id.0, "number": number.0 }));
    json!({
        "as_of": through.0, "images": Value::from_iter(images), "tags": Value::from_iter(tags), "folders": n_folders,
    })
}

/// An event on the wire. JSON holds no line breaks but escaped ones.
fn event(name: &str, moment: Option<Moment>, data: &Value) -> Bytes {
    let id = moment.map(|moment| format!("id: {moment}\n")).unwrap_or_default();
    Bytes::from(format!("event: {name}\n{id}data: {data}\n\n"))
}

impl Moment {
    fn at(server: &Server, number: Seq) -> Result<Self, Problem> {
        let epoch = server.engine.epoch_of(number)?.unwrap_or(EpochToken(0));
        Ok(Self { epoch, number })
    }

    /// From the text of an id; `None` when it is none of ours.
    fn read(text: &str) -> Option<Self> {
        let (epoch, number) = text.split_once('-')?;
        let epoch = EpochToken(u64::from_str_radix(epoch, 16).ok()?);
        Some(Self { epoch, number: Seq(number.parse().ok()?) })
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}-{}", self.epoch.0, self.number.0)
    }
}

/// Sees how far searches are and what is going on, while anybody listens.
fn look_out(server: &Server) {
    let listeners = &server.listeners;
    let _post = Post(listeners);
    let mut looked: Option<Instant> = None;
    let mut as_of = Seq::ZERO;
    while !listeners.is_done() && !*server.stop.borrow() {
        let now = server.engine.wait_past(as_of, LOOK_OUT);
        if now > as_of && as_of > Seq::ZERO {
            // More is likely to follow; told together it costs little more than alone.
            std::thread::sleep(GATHER);
        }
        as_of = server.engine.as_of();
        let is_due = looked.is_none_or(|at| at.elapsed() >= STATUS_EVERY);
        let status = if is_due { status_event(server) } else { None };
        if is_due {
            looked = Some(Instant::now());
        }
        listeners.news.send_if_modified(|news| {
            let has_new_status = status.is_some() && news.status != status;
            let is_new = news.as_of != as_of || has_new_status;
            news.as_of = as_of;
            if has_new_status {
                news.status = status;
            }
            is_new
        });
    }
}

fn status_event(server: &Server) -> Option<Bytes> {
    let access = Access::of_images(&server.settings);
    status::shown(server, &access).ok().map(|status| event("status", None, &status))
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.listeners.state.lock().n_open -= 1;
    }
}

impl Drop for Post<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.state.lock().has_look_out = false;
        }
    }
}

/// The events as a body.
struct Told {
    events: mpsc::Receiver<Bytes>,
}

impl HttpBody for Told {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.events.poll_recv(context).map(|event| event.map(|event| Ok(Frame::data(event))))
    }
}
