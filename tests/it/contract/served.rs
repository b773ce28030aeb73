//! A library of small files behind an in-process server, and the one door for asking it.

use crate::support::topics::Given;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request};
use http_body_util::BodyExt as _;
use lumidex::intake::IntakeSettings;
use lumidex::library::{Library, LibraryError, LibraryOptions};
use lumidex::serve::{Engine, app};
use lumidex::settings::{Environment, Flags, Place, Settings};
use lumidex::sys::storage::{Disk, Storage};
use lumidex_schema::record::PathType;
use lumidex_schema::tag::TagKind;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tower::ServiceExt as _;

/// The reference dialect's prefix and the iib dialect's.
pub(crate) const PREFIXES: [&str; 2] = ["/infinite_image_browsing", "/iib"];
/// Modification time of the first file, 2026-11-22 16:12:38.25 UTC; each further one is a second younger.
pub(crate) const FIRST_DATE: Duration = Duration::from_millis(1_795_363_958_250);

/// A library of files in a temporary folder, indexed, and a server over it.
pub(crate) struct Served {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) router: Router,
    pub(crate) library: Arc<Library>,
    pub(crate) runtime: tokio::runtime::Runtime,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Served {
    /// Over the files of [`write_library`], with these changes to the settings.
    pub(crate) fn with(change: impl FnOnce(&mut Settings, &Path)) -> Self {
        Self::on(&Disk::shared(), change)
    }

    /// The same on this storage.
    pub(crate) fn on(storage: &Arc<dyn Storage>, change: impl FnOnce(&mut Settings, &Path)) -> Self {
        Self::opened(|options| Library::open_on(storage, options), change)
    }

    /// With these topics.
    pub(crate) fn finding(given: &Arc<Given>, change: impl FnOnce(&mut Settings, &Path)) -> Self {
        let finder = Arc::clone(given);
        let served = Self::opened(|options| Library::open_finding(&Disk::shared(), options, finder), change);
        given.knows(served.library.ledger(), &served.dir.path().join("pics"));
        served
    }

    fn opened(
        open: impl FnOnce(&LibraryOptions) -> Result<Library, LibraryError>,
        change: impl FnOnce(&mut Settings, &Path),
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        write_library(&dir.path().join("pics"));
        let settings = settings(dir.path(), change);
        let options = LibraryOptions {
            data_dir: settings.data_dir.clone(),
            intake: IntakeSettings::default(),
            watch: None,
            granted: None,
        };
        let library = Arc::new(open(&options).unwrap());
        let pics = dir.path().join("pics");
        library.add_extra_path(pics.as_os_str().as_bytes(), &[PathType::Scanned]).unwrap();
        library.update().unwrap();
        let router = app(Arc::clone(&library) as Arc<dyn Engine>, settings).unwrap();
        Self { dir, router, library, runtime: runtime() }
    }

    /// With the settings of a person at this machine.
    pub(crate) fn new() -> Self {
        Self::with(|_, _| {})
    }

    /// The same library behind another server with other settings: asks its `/api/v1/review`.
    pub(crate) fn served_again<F: FnOnce(&mut Settings, &Path)>(
        &self,
        change: F,
    ) -> impl Fn(&str, &Value) -> Reply + use<'_, F> {
        let settings = settings(self.dir.path(), change);
        let router = app(Arc::clone(&self.library) as Arc<dyn Engine>, settings).unwrap();
        move |method, body| {
            let request = Request::builder().method(method).uri("/api/v1/review");
            let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
            self.runtime.block_on(reply(&router, request.body(body).unwrap()))
        }
    }

    /// A path below the library's folder, as text.
    pub(crate) fn path(&self, below: &str) -> String {
        self.dir.path().join("pics").join(below).to_str().unwrap().to_owned()
    }

    /// The same, percent-encoded for a query string.
    pub(crate) fn encoded(&self, below: &str) -> String {
        encode(&self.path(below))
    }

    /// Sends a request as it is.
    pub(crate) fn send(&self, request: Request<Body>) -> Reply {
        self.runtime.block_on(reply(&self.router, request))
    }

    /// Asks with these headers; `Null` is no body.
    pub(crate) fn ask_with(&self, headers: &[(&str, &str)], method: &str, uri: &str, body: &Value) -> Reply {
        let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        self.send(request.body(body).unwrap())
    }

    /// Asks.
    pub(crate) fn ask(&self, method: &str, uri: &str, body: &Value) -> Reply {
        self.ask_with(&[], method, uri, body)
    }

    /// Asks in both dialects; what is answered must be the same in both, and this.
    #[track_caller]
    pub(crate) fn check(&self, method: &str, route: &str, body: &Value, status: u16, want: &Value) {
        for prefix in PREFIXES {
            let reply = self.ask(method, &format!("{prefix}{route}"), body);
            assert_eq!((reply.status, &reply.json()), (status, want), "{method} {prefix}{route} {body}");
        }
    }

    /// Asks in both dialects for something that must fail with this status and say why.
    #[track_caller]
    pub(crate) fn refused(&self, method: &str, route: &str, body: &Value, status: u16) {
        for prefix in PREFIXES {
            let reply = self.ask(method, &format!("{prefix}{route}"), body);
            assert_eq!(reply.status, status, "{method} {prefix}{route} {body} {:?}", reply.text());
            reply.assert_problem();
        }
    }

    /// The answer of the reference dialect, which must be 200.
    #[track_caller]
    pub(crate) fn get(&self, method: &str, route: &str, body: &Value) -> Value {
        let reply = self.ask(method, &format!("{}{route}", PREFIXES[0]), body);
        assert_eq!(reply.status, 200, "{method} {route} {body} {:?}", reply.text());
        reply.json()
    }

    /// The id of a tag.
    pub(crate) fn tag(&self, kind: TagKind, name: &str) -> u32 {
        let tags = Engine::tags(&*self.library).unwrap();
        tags.iter().find(|tag| tag.kind == kind.word() && tag.name == name).unwrap().id
    }

    /// A new custom tag on these images.
    pub(crate) fn tagged(&self, name: &str, images: &[&str]) -> u32 {
        let (tag, _) = Engine::make_tag(&*self.library, name).unwrap();
        for image in images {
            let body = json!({ "img_path": self.path(image), "tag_id": tag.id });
            assert_eq!(
                self.get("POST", "/db/toggle_custom_tag_to_img", &body),
                json!({ "is_remove": false })
            );
        }
        tag.id
    }
}

impl Reply {
    /// The body, which must be JSON and say so.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/json", "{:?}", self.text());
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// An error in the one form errors have: a text under `detail`.
    #[track_caller]
    pub(crate) fn assert_problem(&self) {
        assert!(self.json()["detail"].as_str().is_some_and(|text| !text.is_empty()), "{:?}", self.text());
    }
}

/// Settings of a person who works in this folder, with these changes.
pub(crate) fn settings(dir: &Path, change: impl FnOnce(&mut Settings, &Path)) -> Settings {
    let place = Place {
        cwd: dir.to_owned(),
        home: Some(dir.to_owned()),
        data_dir: Some(dir.join("data")),
        ..Place::default()
    };
    let mut settings = Settings::resolve(Flags::default(), &Environment::with(place, &[]), &[]).unwrap();
    change(&mut settings, dir);
    settings
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// What a router answers.
pub(crate) async fn reply(router: &Router, request: Request<Body>) -> Reply {
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    // A stream of events has no end.
    let is_endless = parts.headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
    let body = if is_endless { Body::empty() } else { body };
    let body = body.collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
    Reply { status: parts.status.as_u16(), headers: parts.headers, body }
}

/// Names of the files of an answer.
pub(crate) fn names(answer: &Value) -> Vec<&str> {
    let files = answer.get("files").unwrap_or(answer);
    files.as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect()
}

pub(crate) fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Image files with texts, oldest last; `out` is a link that leads out of the folder.
fn write_library(dir: &Path) {
    fs::create_dir_all(dir.join("sub/deep")).unwrap();
    fs::create_dir_all(dir.with_file_name("private")).unwrap();
    let cat = "a cat, 100% fluffy\nNegative prompt: dog_house\nSteps: 20, Sampler: Euler a, Seed: 1";
    let files: [(&str, Vec<u8>); 7] = [
        ("a.png", png(cat)),
        ("b.png", png("a dog, Blue SKY\nSteps: 30, Sampler: DDIM, Seed: 2")),
        ("sub/c.png", png("")),
        ("sub/deep/猫 100%20 ü.png", png("ein Kätzchen, 猫")),
        ("noise.wav", b"RIFF\x04\0\0\0WAVE".to_vec()),
        ("<img src=x onerror=alert(1)>.png", png("<script>alert(1)</script>")),
        ("broken.png", b"no picture at all".to_vec()),
    ];
    for (nth, (name, content)) in files.into_iter().enumerate() {
        write_at(&dir.join(name), &content, FIRST_DATE - Duration::from_secs(nth as u64));
    }
    fs::write(dir.join("notes.txt"), "plain").unwrap();
    fs::write(dir.join("page.html"), "<script>alert(1)</script>").unwrap();
    fs::write(
        dir.join("drawing.svg"),
        "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    )
    .unwrap();
    fs::write(dir.with_file_name("private").join("secret.txt"), "keep out").unwrap();
    fs::write(dir.with_file_name("private").join("fake.png"), "keep out").unwrap();
    fs::write(dir.with_file_name("private").join("real.png"), png("elsewhere")).unwrap();
    std::os::unix::fs::symlink(dir.with_file_name("private"), dir.join("out")).unwrap();
}

/// Writes a file with this modification time.
pub(crate) fn write_at(path: &PathBuf, content: &[u8], since_1970: Duration) {
    fs::write(path, content).unwrap();
    File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(SystemTime::UNIX_EPOCH + since_1970)
        .unwrap();
}

/// A grey picture of 2 × 1 pixels with this text in it.
pub(crate) fn png(parameters: &str) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8; 4], data: &[u8]| {
        bytes.extend((data.len() as u32).to_be_bytes());
        let mut crc = flate2::Crc::new();
        crc.update(kind);
        crc.update(data);
        bytes.extend(kind);
        bytes.extend(data);
        bytes.extend(crc.sum().to_be_bytes());
    };
    chunk(b"IHDR", &[0, 0, 0, 2, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
    if !parameters.is_empty() {
        chunk(b"tEXt", &[b"parameters\0", parameters.as_bytes()].concat());
    }
    chunk(b"IDAT", b"\x78\x01\x01\x03\x00\xfc\xff\x00\x80\x80\x02\x83\x01\x01");
    chunk(b"IEND", b"");
    bytes
}
