//! A library that is slow, broken or not there: every answer stays JSON, and `/hello` prompt.

use super::served::{Reply, Served, reply, runtime, settings};
use crate::faults::shim::{self, Shim};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use lumidex::files::{Foreseen, Gone, Preview, Report, Running, Wish, WishError};
use lumidex::intake::{Checkup, RootStanding, Ruled, Standing};
use lumidex::projection::thumbs::{Frame, Source, ThumbError, Thumbnail};
use lumidex::query::{Hit, Page, Search, Trend};
use lumidex::serve::{
    Backup, Beside, Changes, ChatError, Chats, Deed, Deeds, Engine, Failure, FileText, Linking, Open,
    Pictures, Recipes, Shown, Status, app,
};
use lumidex::sys::Stop;
use lumidex::sys::rooted::Allowed;
use lumidex::upstream::{Chat, Chatted, UpstreamError};
use lumidex_schema::api;
use lumidex_schema::id::{EpochToken, ImageId, RootId, Seq, TagId};
use lumidex_schema::record::{ExtraPath, Image, PathType};
use serde_json::{Value, json};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What goes wrong.
#[derive(Clone)]
enum Fault {
    Store,
    Panic,
    Unready,
    /// Every call tells that it began and waits to be let go.
    Wait,
    /// Nothing but the feed can be read, and that is this long.
    Far(u64),
    /// Only this is known of it.
    Says(Status),
}

pub(super) struct Broken {
    fault: Fault,
    began: Sender<()>,
    go: Mutex<Receiver<()>>,
}

impl Broken {
    pub(super) fn fail<T>(&self) -> Result<T, Failure> {
        match &self.fault {
            Fault::Store | Fault::Far(_) | Fault::Says(_) => {
                Err(Failure::store(std::io::Error::other("the disk at /secret/place is on fire")))
            }
            Fault::Panic => panic!("a thing that cannot be"),
            Fault::Unready => Err(Failure::Unready("catching up".to_owned())),
            Fault::Wait => {
                self.began.send(()).unwrap();
                self.go.lock().unwrap().recv().unwrap();
                Err(Failure::Refused("let go".to_owned()))
            }
        }
    }
}

impl Broken {
    fn or_nothing<T: Default>(&self) -> Result<T, Failure> {
        match self.fault {
            Fault::Says(_) => Ok(T::default()),
            _ => self.fail(),
        }
    }
}

/// A router over it; tells when a call began, and lets calls go.
fn broken(fault: Fault) -> (tempfile::TempDir, Router, Receiver<()>, Sender<()>) {
    let dir = tempfile::tempdir().unwrap();
    let ((began, has_begun), (release, go)) = (channel(), channel());
    let engine = Arc::new(Broken { fault, began, go: Mutex::new(go) });
    let router = app(engine, settings(dir.path(), |_, _| {})).unwrap();
    (dir, router, has_begun, release)
}

/// A router over a library in which nothing can be read but a feed of this length.
pub(super) fn far_ahead(head: u64) -> (tempfile::TempDir, Router) {
    let (dir, router, ..) = broken(Fault::Far(head));
    (dir, router)
}

fn get(uri: &str) -> Request<Body> {
    Request::get(uri).body(Body::empty()).unwrap()
}

fn ask(fault: Fault, uri: &str) -> Reply {
    let (_dir, router, ..) = broken(fault);
    runtime().block_on(reply(&router, get(uri)))
}

#[test]
fn a_store_that_fails_is_told_without_its_secrets() {
    for uri in [
        "/iib/db/basic_info",
        "/infinite_image_browsing/global_setting",
        "/api/v1/status",
        "/metrics",
        "/iib/file?path=%2Fx.png",
    ] {
        let reply = ask(Fault::Store, uri);
        assert_eq!(reply.status, 500, "{uri}");
        reply.assert_problem();
        assert!(!reply.text().contains("/secret/place"), "{uri} {}", reply.text());
    }
}

#[test]
fn a_full_disk_is_told_until_there_is_room_again() {
    let shim = Shim::default();
    let served = Served::on(&shim.storage(), |_, _| {});
    let tag = json!({ "tag_name": "new" });
    shim.fail_at(0, shim::Fault { code: shim::ENOSPC, lasts: true });
    let reply = served.ask("POST", "/iib/db/add_custom_tag", &tag);
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert!(reply.text().contains("the disk is full"), "{}", reply.text());
    let ready = served.ask("GET", "/readyz", &Value::Null);
    assert_eq!((ready.status, &ready.json()["status"]), (503, &json!("degraded")));
    let reasons = ready.json()["reasons"].to_string();
    assert!(reasons.contains("ledger: ") && reasons.contains("No space left"), "{reasons}");
    let found = served.ask("GET", "/api/v1/search?q=cat", &Value::Null);
    assert_eq!(found.status, 200, "searches are answered all the same");

    assert!(shim.lift());
    let reply = served.ask("POST", "/iib/db/add_custom_tag", &tag);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(served.library.ledger().failure(), None);
}

#[test]
fn readiness_says_why_it_is_not() {
    let reply = ask(Fault::Store, "/readyz");
    assert_eq!((reply.status, &reply.json()["status"]), (503, &json!("degraded")));
    assert!(!reply.text().contains("/secret/place"), "{}", reply.text());
    let reasons = |reply: &Reply| reply.json()["reasons"].as_array().unwrap().len();
    assert_eq!((reply.header("retry-after"), reasons(&reply) > 0), ("1", true));

    let still = Status {
        failures: vec![("text".to_owned(), "the disk is full".to_owned())],
        roots: vec![RootStanding {
            root: RootId(1),
            path: b"/drive".to_vec(),
            standing: Standing::Offline,
            n_watched: 3,
            n_polled: 2,
            poll_every: Some(Duration::from_secs(300)),
            walked: None,
            reason: Some("its device is another one".to_owned()),
        }],
        ..Status::default()
    };
    let reply = ask(Fault::Says(still.clone()), "/readyz");
    assert_eq!((reply.status, &reply.json()["reasons"]), (503, &json!(["text: the disk is full"])));
    assert_eq!(reply.json()["roots"][0]["poll_every_s"], 300.0);
    let status = ask(Fault::Says(still.clone()), "/api/v1/status").json();
    assert_eq!(
        status["problems"],
        json!([
            { "kind": "index", "text": "text: the disk is full" },
            { "kind": "offline", "text": "`/drive` is offline: its device is another one" },
        ])
    );
    let metrics = ask(Fault::Says(still.clone()), "/metrics").text();
    for line in ["lumidex_folders_watched 3", "lumidex_folders_polled 2", "lumidex_roots_offline 1"] {
        assert!(metrics.lines().any(|known| known == line), "{line} in {metrics}");
    }

    let away = Status { failures: Vec::new(), ..still.clone() };
    let reply = ask(Fault::Says(away), "/readyz");
    assert_eq!((reply.status, &reply.json()["roots"][0]["state"]), (200, &json!("offline")));
    let filling = Status { failures: Vec::new(), partial: Some((3, 10)), ..still };
    let reply = ask(Fault::Says(filling), "/readyz");
    assert_eq!((reply.status, &reply.json()["status"]), (503, &json!("starting")));
}

#[test]
fn a_panic_costs_one_request() {
    let (_dir, router, ..) = broken(Fault::Panic);
    let runtime = runtime();
    for uri in ["/iib/db/basic_info", "/readyz", "/metrics"] {
        let reply = runtime.block_on(reply(&router, get(uri)));
        assert_eq!(reply.status, 500, "{uri}");
        reply.assert_problem();
        assert!(!reply.text().contains("cannot be"), "{uri} {}", reply.text());
    }
    assert_eq!(runtime.block_on(reply(&router, get("/iib/hello"))).status, 200);
}

#[test]
fn a_library_that_catches_up_asks_for_patience() {
    let reply = ask(Fault::Unready, "/iib/db/basic_info");
    assert_eq!((reply.status, reply.json()), (503, json!({ "detail": "catching up" })));
    assert_eq!(reply.header("retry-after"), "1");
}

#[test]
fn searches_that_hang_do_not_hold_up_hello() {
    let (_dir, router, has_begun, release) = broken(Fault::Wait);
    runtime().block_on(async {
        let searches: Vec<_> = (0..200)
            .map(|_| {
                let router = router.clone();
                tokio::spawn(async move { reply(&router, get("/iib/db/basic_info")).await })
            })
            .collect();
        // As many as may run are running, on threads of their own; the rest wait.
        let has_begun = tokio::task::spawn_blocking(move || {
            has_begun.recv().unwrap();
            has_begun
        });
        let has_begun = has_begun.await.unwrap();
        for uri in ["/iib/hello", "/healthz", "/", "/ui/app.js"] {
            assert_eq!(reply(&router, get(uri)).await.status, 200, "{uri}");
        }
        for _ in 0..200 {
            release.send(()).unwrap();
        }
        for search in searches {
            assert_eq!(search.await.unwrap().json(), json!({ "detail": "let go" }));
        }
        assert_eq!(has_begun.try_iter().count(), 199);
    });
}

#[test]
fn more_than_can_wait_is_turned_away() {
    let (_dir, router, has_begun, release) = broken(Fault::Wait);
    runtime().block_on(async {
        let updates: Vec<_> = (0..16)
            .map(|_| {
                let router = router.clone();
                let request = Request::post("/iib/db/update_image_data").body(Body::empty()).unwrap();
                tokio::spawn(async move { reply(&router, request).await })
            })
            .collect();
        let all_began = tokio::task::spawn_blocking(move || {
            for _ in 0..16 {
                has_begun.recv().unwrap();
            }
            has_begun
        });
        // Calls take turns at the gate of this test, so they are let go as they come.
        for _ in 0..16 {
            release.send(()).unwrap();
        }
        let _has_begun = all_began.await.unwrap();
        for update in updates {
            assert_eq!(update.await.unwrap().status, 400);
        }
    });
}

impl Broken {
    fn refuse<T>(&self) -> Result<T, WishError> {
        self.fail().map_err(|error| WishError::Ledger(Box::new(error)))
    }
}

impl Pictures for Broken {
    fn thumbnail(&self, _: &Source, _: Frame) -> Result<Thumbnail, ThumbError> {
        self.fail().map_err(|error| std::io::Error::other(error).into())
    }
    fn check_cover(&self, _: &[u8]) -> Result<Vec<u8>, ThumbError> {
        self.fail().map_err(|error| std::io::Error::other(error).into())
    }
    fn cover(&self, _: ImageId) -> Result<Option<Vec<u8>>, Failure> {
        self.fail()
    }
    fn choose_cover(&self, _: ImageId, _: Vec<u8>) -> Result<Seq, Failure> {
        self.fail()
    }
}

impl Chats for Broken {
    fn chat(&self, _: &Chat, _: &Stop) -> Result<Chatted, ChatError> {
        self.fail().map_err(|error: Failure| UpstreamError::Unusable(error.to_string()).into())
    }
}

impl Recipes for Broken {
    fn is_edited(&self, _: ImageId) -> Result<bool, Failure> {
        self.fail()
    }
    fn edit_text(&self, _: ImageId, _: Option<&str>) -> Result<Option<Seq>, Failure> {
        self.fail()
    }
    fn put_rules_to_all(&self) -> Result<Ruled, Failure> {
        self.fail()
    }
    fn checkup(&self, _: usize, _: &dyn Fn(&[u8]) -> bool) -> Result<Checkup, Failure> {
        self.fail()
    }
    fn workflow(&self, _: &Allowed) -> lumidex::metadata::Workflow {
        lumidex::metadata::Workflow::default()
    }
    fn read_all_again(&self) {}
}

impl Deeds for Broken {
    fn perform(&self, _: Wish) -> Result<Report, WishError> {
        self.refuse()
    }
    fn foresee(&self, _: &Wish) -> Result<Foreseen, WishError> {
        self.refuse()
    }
    fn preview_flatten(&self, _: &[u8]) -> Result<Preview, WishError> {
        self.refuse()
    }
    fn undo(&self, _: Seq) -> Result<Report, WishError> {
        self.refuse()
    }
    fn history(&self, _: Option<Seq>, _: usize) -> Result<Vec<Deed>, Failure> {
        self.fail()
    }
    fn running(&self) -> Vec<Running> {
        Vec::new()
    }
    fn stop_operation(&self, _: Seq) -> bool {
        false
    }
    fn purge_trash(&self) -> Result<Gone, WishError> {
        self.refuse()
    }
}

impl Engine for Broken {
    fn is_ready(&self) -> bool {
        matches!(self.fault, Fault::Says(_)) || self.fail::<()>().is_ok()
    }
    fn backup(&self) -> Result<Backup, Failure> {
        self.fail()
    }
    fn backup_paid(&self) -> Result<Backup, Failure> {
        self.fail()
    }
    fn verify(&self, _: &Stop) -> Result<Value, Failure> {
        self.fail()
    }
    fn stats(&self, _: &Stop) -> Result<Value, Failure> {
        self.fail()
    }
    fn token(&self) -> &str {
        "token"
    }
    fn status(&self) -> Result<Status, Failure> {
        match &self.fault {
            Fault::Says(status) => Ok(status.clone()),
            _ => self.fail(),
        }
    }
    fn as_of(&self) -> Seq {
        match self.fault {
            Fault::Far(head) => Seq(head),
            _ => Seq::ZERO,
        }
    }
    fn wait_past(&self, _: Seq, _: Duration) -> Seq {
        self.as_of()
    }
    fn epoch_of(&self, _: Seq) -> Result<Option<EpochToken>, Failure> {
        match self.fault {
            Fault::Far(_) => Ok(Some(EpochToken(7))),
            _ => self.fail(),
        }
    }
    fn changes(&self, after: Seq, max: usize, _: Option<&Shown<'_>>) -> Result<Changes, Failure> {
        let through = Seq(after.0 + max as u64).min(self.as_of());
        Ok(Changes { through, tags: vec![(TagId(1), through)], ..Changes::default() })
    }
    fn reviews(&self, _: usize) -> Result<Vec<Open>, Failure> {
        self.or_nothing()
    }
    fn settle_review(&self, _: Seq, _: Option<ImageId>) -> Result<Option<Seq>, Failure> {
        self.fail()
    }
    fn images_at(&self, _: &[&[u8]]) -> Result<Vec<Option<Hit>>, Failure> {
        self.fail()
    }
    fn ids_in(&self, _: &[u8]) -> Result<Vec<(Vec<u8>, ImageId)>, Failure> {
        self.fail()
    }
    fn newest_in(&self, _: &[&[u8]], _: usize) -> Result<Vec<Option<Vec<Hit>>>, Failure> {
        self.fail()
    }
    fn image(&self, _: ImageId) -> Result<Option<Hit>, Failure> {
        self.fail()
    }
    fn generation_text(&self, _: &Image) -> Result<String, Failure> {
        self.fail()
    }
    fn index_file(&self, _: &[u8]) -> Result<Option<Hit>, Failure> {
        self.fail()
    }
    fn search(&self, _: &Search) -> Result<Page, Failure> {
        self.fail()
    }
    fn random(&self, _: usize) -> Result<Vec<Hit>, Failure> {
        self.fail()
    }
    fn n_images(&self) -> Result<u64, Failure> {
        self.or_nothing()
    }
    fn trend(&self, _: usize) -> Result<Trend, Failure> {
        self.fail()
    }
    fn tags(&self) -> Result<Arc<Vec<api::Tag>>, Failure> {
        self.fail()
    }
    fn tag(&self, _: TagId) -> Result<Option<api::Tag>, Failure> {
        self.fail()
    }
    fn custom_tags_of(&self, _: &[ImageId]) -> Result<Vec<Vec<api::Tag>>, Failure> {
        self.fail()
    }
    fn make_tag(&self, _: &str) -> Result<(api::Tag, Option<Seq>), Failure> {
        self.fail()
    }
    fn remove_tag(&self, _: TagId) -> Result<Option<Seq>, Failure> {
        self.fail()
    }
    fn color_tag(&self, _: TagId, _: &str) -> Result<Option<Seq>, Failure> {
        self.fail()
    }
    fn link_tag(&self, _: TagId, _: &[ImageId], _: Linking) -> Result<Option<Seq>, Failure> {
        self.fail()
    }
    fn toggle_tag(&self, _: TagId, _: ImageId) -> Result<(bool, Option<Seq>), Failure> {
        self.fail()
    }
    fn offline_roots(&self) -> Result<Vec<Vec<u8>>, Failure> {
        self.fail()
    }
    fn settings(&self) -> Result<Vec<(String, String)>, Failure> {
        self.fail()
    }
    fn put_setting(&self, _: &str, _: Option<&str>) -> Result<Option<Seq>, Failure> {
        self.fail()
    }
    fn extra_paths(&self) -> Result<Vec<(Vec<u8>, ExtraPath)>, Failure> {
        self.fail()
    }
    fn add_extra_path(&self, _: &[u8], _: &[PathType]) -> Result<Option<Seq>, Failure> {
        self.fail()
    }
    fn remove_extra_path(&self, _: &[u8], _: &[PathType]) -> Result<Option<Seq>, Failure> {
        self.fail()
    }
    fn alias_extra_path(&self, _: &[u8], _: &str) -> Result<Option<ExtraPath>, Failure> {
        self.fail()
    }
    fn accept_empty(&self, _: &[u8]) -> Result<(), Failure> {
        self.fail()
    }
    fn expired_dirs(&self) -> Result<Vec<Vec<u8>>, Failure> {
        self.fail()
    }
    fn update(&self) -> Result<(), Failure> {
        self.fail()
    }
    fn rebuild(&self) -> Result<(), Failure> {
        self.fail()
    }
    fn confine(&self, _: lumidex::library::Granted) -> Result<(), Failure> {
        self.fail()
    }
    fn read_file(&self, _: &Allowed, _: Beside) -> Result<FileText, Failure> {
        self.fail()
    }
}
