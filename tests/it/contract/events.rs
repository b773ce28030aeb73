//! The stream of changes: order, resuming, bounds, and what it must not tell.

use super::faults::far_ahead;
use super::served::{Served, png, write_at};
use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::http::Request;
use lumidex::ledger::Ledger;
use lumidex::query::{Order, Search};
use lumidex_schema::record::PathType;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::os::unix::ffi::OsStrExt as _;
use std::pin::Pin;
use std::time::Duration;
use tower::ServiceExt as _;

/// No event takes longer; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// One event as a browser would hand it over.
#[derive(Clone, Debug, PartialEq)]
struct Event {
    name: String,
    id: String,
    data: Value,
}

/// An open stream.
struct Stream {
    body: Body,
    text: String,
}

impl Stream {
    async fn open(router: &Router, last_id: Option<&str>) -> Self {
        let mut request = Request::get("/events");
        if let Some(last_id) = last_id {
            request = request.header("last-event-id", last_id);
        }
        let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body(), text: String::new() }
    }

    /// The next event; `None` when the stream has ended.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let event = parsed(block);
                self.text = rest.to_owned();
                match event {
                    Some(event) => return Some(event),
                    None => continue,
                }
            }
            let frame = poll_fn(|context| Pin::new(&mut self.body).poll_frame(context));
            let frame = tokio::time::timeout(PATIENCE, frame).await.expect("an event comes in time")?;
            self.text += std::str::from_utf8(frame.unwrap().data_ref().unwrap()).unwrap();
        }
    }

    /// The next event of this name.
    async fn named(&mut self, name: &str) -> Event {
        loop {
            let event = self.next().await.expect("the stream goes on");
            if event.name == name {
                return event;
            }
        }
    }

    /// Changes until every subject up to this number is told.
    async fn until(&mut self, number: u64) -> Vec<Event> {
        let mut told = Vec::new();
        loop {
            let event = self.named("changes").await;
            let is_last = event.data["as_of"].as_u64().unwrap() >= number;
            told.push(event);
            if is_last {
                return told;
            }
        }
    }
}

/// Comments and the time to try again are no events.
fn parsed(block: &str) -> Option<Event> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
    let data = serde_json::from_str(&field("data: ")?).unwrap();
    Some(Event { name: field("event: ").unwrap(), id: field("id: ").unwrap_or_default(), data })
}

fn rows<'a>(events: &'a [Event], key: &str) -> Vec<&'a Value> {
    events.iter().flat_map(|event| event.data[key].as_array().unwrap()).collect()
}

fn ids(events: &[Event], key: &str) -> Vec<u64> {
    rows(events, key).iter().map(|row| row["id"].as_u64().unwrap()).collect()
}

fn id_of(served: &Served, below: &str) -> u64 {
    let path = served.path(below);
    let found = served.library.reader().unwrap().image_at(path.as_bytes()).unwrap().unwrap();
    found.0.get().into()
}

fn head(served: &Served) -> u64 {
    served.library.ledger().head().0
}

#[test]
fn what_is_announced_is_found_by_searches() {
    let served = Served::new();
    served.runtime.block_on(async {
        let mut stream = Stream::open(&served.router, None).await;
        let hello = stream.next().await.unwrap();
        assert_eq!((hello.name.as_str(), &hello.data["as_of"]), ("hello", &json!(head(&served))));
        assert_eq!(hello.data["id"], hello.id);
        let mut last = hello.data["as_of"].as_u64().unwrap();
        for nth in 0..10 {
            let name = format!("new{nth}.png");
            let path = served.path(&name);
            write_at(&path.clone().into(), &png("a new one"), Duration::from_secs(2_000_000_000 + nth));
            // Found by a walk of another thread; nobody here waits until searches show it.
            served.library.intake().request_update();
            let event = stream.named("changes").await;
            let found =
                served.library.query().search(&Search { order: Order::Newest, size: 1, ..Search::default() });
            let newest = found.unwrap().hits.swap_remove(0);
            assert_eq!(newest.path, path.as_bytes());
            let image = rows(std::slice::from_ref(&event), "images")[0].clone();
            assert_eq!(
                (image["id"].as_u64().unwrap(), &image["state"]),
                (newest.id.get().into(), &json!("present"))
            );
            let number = image["number"].as_u64().unwrap();
            assert!(number > last && event.data["as_of"].as_u64().unwrap() >= number, "{event:?}");
            last = number;
        }
    });
}

#[test]
fn a_stream_goes_on_where_it_ended_with_each_subject_once() {
    let served = Served::new();
    let runtime = &served.runtime;
    let began = runtime.block_on(async { Stream::open(&served.router, None).await.next().await.unwrap() });
    let (a, b) = (id_of(&served, "a.png"), id_of(&served, "noise.wav"));
    let tag = served.tagged("fav", &["noise.wav", "a.png"]);
    let colour = json!({ "id": tag, "color": "red" });
    served.check("POST", "/db/update_tag", &colour, 200, &Value::Null);
    std::fs::remove_file(served.path("noise.wav")).unwrap();
    served.library.update().unwrap();
    let told = runtime.block_on(async {
        let mut stream = Stream::open(&served.router, Some(&began.id)).await;
        stream.until(head(&served)).await
    });
    assert_eq!(ids(&told, "tags"), [u64::from(tag)]);
    let images = ids(&told, "images");
    assert_eq!(images, [a, b], "each once, in the order of their latest changes");
    let states: Vec<_> = rows(&told, "images").iter().map(|row| row["state"].clone()).collect();
    assert_eq!(states, [json!("present"), json!("missing")]);
    let numbers: Vec<_> = rows(&told, "images").iter().map(|row| row["number"].as_u64().unwrap()).collect();
    assert!(numbers.is_sorted());

    // From the middle only the rest is told; from the end nothing, until something changes.
    let middle = format!("{}-{}", began.id.split('-').next().unwrap(), numbers[0]);
    let uri = format!("/events?last_event_id={middle}");
    runtime.block_on(async {
        let response = served.router.clone().oneshot(Request::get(uri).body(Body::empty()).unwrap());
        let mut stream = Stream { body: response.await.unwrap().into_body(), text: String::new() };
        assert_eq!(ids(&stream.until(head(&served)).await, "images"), [b]);
        let end = &told.last().unwrap().id;
        let mut stream = Stream::open(&served.router, Some(end)).await;
        assert_eq!(stream.next().await.unwrap().name, "status");
        served.library.make_tag("later").unwrap();
        let event = stream.named("changes").await;
        assert_eq!((ids(std::slice::from_ref(&event), "images").len(), rows(&[event], "tags").len()), (0, 1));
    });
}

#[test]
fn an_id_of_another_history_resets() {
    let served = Served::new();
    let now = head(&served);
    served.runtime.block_on(async {
        let good = Stream::open(&served.router, None).await.next().await.unwrap().id;
        let epoch = good.split('-').next().unwrap();
        let beyond = format!("{epoch}-{}", now + 1);
        for foreign in ["0000000000000001-1", &beyond, "nonsense", "-", "x-1", &format!("{epoch}-x")] {
            let mut stream = Stream::open(&served.router, Some(foreign)).await;
            let event = stream.next().await.unwrap();
            assert_eq!((event.name.as_str(), &event.data["as_of"]), ("reset", &json!(now)), "{foreign}");
            assert_eq!(event.id, good);
        }
        let mut stream = Stream::open(&served.router, Some(&good)).await;
        assert_eq!(stream.next().await.unwrap().name, "status", "an id of this history does not");
    });
}

#[test]
fn whoever_is_far_behind_is_told_to_look_again() {
    let (_dir, router) = far_ahead(50_000);
    super::served::runtime().block_on(async {
        let mut stream = Stream::open(&router, Some("0000000000000007-39999")).await;
        let event = stream.next().await.unwrap();
        assert_eq!((event.name.as_str(), &event.data["as_of"]), ("reset", &json!(50_000)));
        let mut stream = Stream::open(&router, Some("0000000000000007-40000")).await;
        assert_eq!(stream.next().await.unwrap().name, "changes", "10,000 are not too many");
    });
}

#[test]
fn an_id_outlives_the_program() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger");
    let ledger = Ledger::open(&path).unwrap();
    ledger.make_tag("x").unwrap();
    let (seq, reader) = (ledger.head(), ledger.reader().unwrap());
    let token = reader.epoch_of(seq).unwrap();
    drop((reader, ledger));
    let ledger = Ledger::open(&path).unwrap();
    ledger.make_tag("y").unwrap();
    let reader = ledger.reader().unwrap();
    assert_eq!(reader.epoch_of(seq).unwrap(), token);
    assert_ne!(reader.epoch_of(ledger.head()).unwrap(), token);
}

#[test]
fn many_changes_come_in_events_of_a_thousand() {
    let served = Served::new();
    let began =
        served.runtime.block_on(async { Stream::open(&served.router, None).await.next().await.unwrap() });
    // Threads share commits.
    std::thread::scope(|scope| {
        for thread in 0..30 {
            let ledger = served.library.ledger();
            scope.spawn(move || {
                (0..40).for_each(|n| ledger.make_tag(&format!("{thread}-{n}")).map(drop).unwrap())
            });
        }
    });
    let end = served.library.ledger().head();
    assert!(served.library.query().wait_visible(end, PATIENCE));
    let told = served
        .runtime
        .block_on(async { Stream::open(&served.router, Some(&began.id)).await.until(end.0).await });
    let sizes: Vec<usize> = told.iter().map(|event| event.data["tags"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [1_000, 200]);
    assert_eq!(ids(&told, "tags").into_iter().collect::<BTreeSet<_>>().len(), 1_200);
}

#[test]
fn a_client_that_does_not_listen_hears_the_latest_once() {
    let served = Served::new();
    let image = id_of(&served, "a.png");
    let tag = served.library.make_tag("fav").unwrap();
    let (id, _) =
        served.library.reader().unwrap().image_at(served.path("a.png").as_bytes()).unwrap().unwrap();
    served.runtime.block_on(async {
        let mut stream = Stream::open(&served.router, None).await;
        assert_eq!(stream.next().await.unwrap().name, "hello");
        assert_eq!(stream.next().await.unwrap().name, "status");
        for _ in 0..20 {
            served.library.toggle_tag(tag, id).unwrap();
        }
        let told = stream.until(head(&served)).await;
        assert_eq!(ids(&told, "images"), [image]);
        let number = rows(&told, "images")[0]["number"].as_u64().unwrap();
        assert!(number > told[0].data["as_of"].as_u64().unwrap() - 2, "the latest: {told:?}");
    });
}

#[test]
fn what_is_going_on_is_told_when_it_changes() {
    let served = Served::new();
    served.runtime.block_on(async {
        let mut stream = Stream::open(&served.router, None).await;
        let first = stream.named("status").await;
        assert_eq!((first.data["images"].clone(), first.data["reviews"].clone()), (json!(7), json!(0)));
        assert_eq!(first.data["roots"].as_array().unwrap().len(), 1);
        assert_eq!(first.id, "", "what is going on has no place in the order of changes");
        let more = served.dir.path().join("more");
        std::fs::create_dir(&more).unwrap();
        served.library.add_extra_path(more.as_os_str().as_bytes(), &[PathType::Scanned]).unwrap();
        loop {
            let status = stream.named("status").await;
            assert!(status.data.get("uptime_s").is_none(), "time alone is no news");
            if status.data["roots"].as_array().unwrap().len() == 2 {
                break;
            }
        }
    });
}

#[test]
fn listeners_are_bounded_and_make_room_when_they_go() {
    let served = Served::new();
    served.runtime.block_on(async {
        let mut streams = Vec::new();
        for _ in 0..64 {
            streams.push(Stream::open(&served.router, None).await);
        }
        let ask = || async {
            let request = Request::get("/events").body(Body::empty()).unwrap();
            served.router.clone().oneshot(request).await.unwrap()
        };
        let refused = ask().await;
        assert_eq!(refused.status(), 503);
        assert!(refused.headers().contains_key("retry-after"));
        for stream in &mut streams {
            assert_eq!(stream.next().await.unwrap().name, "hello");
        }
        drop(streams.pop());
        let room = async {
            while ask().await.status() != 200 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, room).await.expect("who goes makes room");
    });
}

#[test]
fn nothing_is_told_of_what_may_not_be_shown() {
    let served = Served::with(|settings, dir| settings.allowed_paths = vec![dir.join("pics/sub")]);
    served.runtime.block_on(async {
        let mut stream = Stream::open(&served.router, None).await;
        let began = stream.named("hello").await;
        let status = stream.named("status").await;
        assert_eq!(status.data["roots"].as_array().unwrap().len(), 1, "what is shown lies in it");
        let tag = served.library.make_tag("fav").unwrap();
        for (below, _) in [("a.png", 0), ("sub/c.png", 0), ("b.png", 0)] {
            let path = served.path(below);
            let (id, _) = served.library.reader().unwrap().image_at(path.as_bytes()).unwrap().unwrap();
            served.library.put_tag(tag, vec![id]).unwrap();
        }
        std::fs::create_dir(served.path("secret")).unwrap();
        write_at(&served.path("secret/x.png").into(), &png("x"), Duration::from_secs(2_000_000_000));
        std::fs::create_dir(served.path("sub/open")).unwrap();
        write_at(&served.path("sub/open/y.png").into(), &png("y"), Duration::from_secs(2_000_000_000));
        served.library.update().unwrap();
        let told = Stream::open(&served.router, Some(&began.id)).await.until(head(&served)).await;
        let expected: BTreeSet<u64> = [id_of(&served, "sub/c.png"), id_of(&served, "sub/open/y.png")].into();
        assert_eq!(ids(&told, "images").into_iter().collect::<BTreeSet<_>>(), expected);
        let folders: u64 = told.iter().map(|event| event.data["folders"].as_u64().unwrap()).sum();
        assert_eq!(folders, 1);
    });
}
