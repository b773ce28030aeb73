//! The front end's side of the wire: one door for every request it makes. Refuses whatever it would choke on:
//! a status it does not expect, a body that is no JSON, an error that is no text.

use super::shapes::{Entry, file, files, is_object_of_texts, tags};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tower::ServiceExt as _;

/// Where the dialect of the front end is spoken.
const BASE: &str = "/iib";
/// What a browser leaves as it is in a component of an address.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');
/// Entries of a list that a screen shows, more or less.
pub(super) const SCREEN: usize = 40;

/// A browser tab.
pub(super) struct Page {
    router: Router,
    runtime: tokio::runtime::Runtime,
    cookie: Option<String>,
}

/// What came back.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Page {
    pub(super) fn new(router: Router) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { router, runtime, cookie: None }
    }

    /// Sends this cookie along from now on, as one that a script has set.
    pub(super) fn set_cookie(&mut self, cookie: String) {
        self.cookie = Some(cookie);
    }

    /// A request below the page's own address.
    pub(super) fn ask(&self, method: &str, route: &str, body: &Value, headers: &[(&str, &str)]) -> Reply {
        self.ask_host(method, &format!("{BASE}{route}"), body, headers)
    }

    /// A request as a browser makes it from a page of the same origin.
    pub(super) fn ask_host(&self, method: &str, uri: &str, body: &Value, headers: &[(&str, &str)]) -> Reply {
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header("host", "127.0.0.1:8000")
            .header("sec-fetch-site", "same-origin")
            .header("accept", "application/json, text/plain, */*");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        if method != "GET" {
            request = request.header("origin", "http://127.0.0.1:8000");
        }
        let request = match body {
            Value::Null => request.body(Body::empty()),
            body => request.header("content-type", "application/json").body(Body::from(body.to_string())),
        };
        let answer = async {
            let response = self.router.clone().oneshot(request.unwrap()).await.unwrap();
            let (parts, body) = response.into_parts();
            let body = body.collect().await.unwrap().to_bytes().to_vec();
            Reply { status: parts.status.as_u16(), headers: parts.headers, body }
        };
        self.runtime.block_on(answer)
    }

    #[track_caller]
    fn json(&self, method: &str, route: &str, body: &Value) -> Value {
        let reply = self.ask(method, route, body, &[]);
        assert_eq!(reply.status, 200, "{method} {route} {body}: {}", reply.text());
        reply.json()
    }

    /// What is got, which is 200 and JSON.
    #[track_caller]
    pub(super) fn get(&self, route: &str) -> Value {
        self.json("GET", route, &Value::Null)
    }

    /// The same with a parameter, as its HTTP library writes it: a blank is a plus sign.
    #[track_caller]
    pub(super) fn get_of(&self, route: &str, name: &str, value: &str) -> Value {
        self.get(&format!("{route}?{name}={}", encoded(value).replace("%20", "+")))
    }

    /// What is answered, which is 200 and JSON.
    #[track_caller]
    pub(super) fn post(&self, route: &str, body: &Value) -> Value {
        self.json("POST", route, body)
    }

    /// What answers nothing but `null`.
    #[track_caller]
    pub(super) fn does(&self, method: &str, route: &str, body: &Value) {
        assert_eq!(self.json(method, route, body), Value::Null, "{method} {route} {body}");
    }

    /// What fails with this status, and the text that is shown to the person.
    #[track_caller]
    pub(super) fn refused(&self, method: &str, route: &str, body: &Value, status: u16) -> String {
        let reply = self.ask(method, route, body, &[]);
        assert_eq!(reply.status, status, "{method} {route} {body}: {}", reply.text());
        reply.problem()
    }

    /// What a person types is kept under this name.
    #[track_caller]
    pub(super) fn keeps(&self, name: &str, value: &Value) {
        self.does("POST", "/app_fe_setting", &json!({ "name": name, "value": value.to_string() }));
    }

    /// What is directly in a folder; each entry lies where the list says it does.
    #[track_caller]
    pub(super) fn list(&self, folder: &str) -> Vec<Entry> {
        let answer = self.get_of("/files", "folder_path", folder);
        assert_eq!(answer.as_object().unwrap().len(), 1, "{folder}");
        let entries = files(&answer["files"]);
        for entry in &entries {
            assert_eq!(entry.path, below(folder, &entry.name));
        }
        entries
    }

    /// Opens a folder in the normal mode: one component after the other from the top, each found by its name.
    #[track_caller]
    pub(super) fn opened(&self, folder: &str) -> Vec<Entry> {
        let (mut path, mut entries) = ("/".to_owned(), self.list("/"));
        for component in folder.split('/').filter(|component| !component.is_empty()) {
            path = below(&path, component);
            let found = entries.iter().find(|entry| entry.name == component);
            let found = found.unwrap_or_else(|| panic!("{component} on the way to {folder}"));
            assert!(found.is_folder && found.path == path);
            entries = self.list(&path);
        }
        entries
    }

    /// What the page asks for when a list comes to rest: small pictures, tags, covers of folders, texts. Gives the
    /// texts by path.
    #[track_caller]
    pub(super) fn shows(&self, visible: &[&Entry]) -> Value {
        for entry in visible.iter().filter(|entry| !entry.is_folder) {
            self.thumbnail(entry);
        }
        let indexed = |entry: &&&Entry| entry.is_indexed;
        let media: Vec<&str> = visible
            .iter()
            .filter(|entry| entry.media().is_some())
            .filter(indexed)
            .map(|entry| entry.path.as_str())
            .collect();
        self.tags_of(&media);
        let folders: Vec<&str> = visible
            .iter()
            .filter(|entry| entry.is_folder)
            .filter(indexed)
            .map(|entry| entry.path.as_str())
            .collect();
        for cover in self.covers_of(&folders) {
            self.thumbnail(&cover);
        }
        let images: Vec<&str> = visible
            .iter()
            .filter(|entry| entry.media() == Some("image"))
            .map(|entry| entry.path.as_str())
            .collect();
        let texts = self.post("/image_geninfo_batch", &json!({ "paths": images }));
        assert!(is_object_of_texts(&texts), "{texts}");
        let keys: BTreeSet<&str> = texts.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, images.iter().copied().collect());
        texts
    }

    /// The small picture of a tile. Where there is none the tile stays empty, but the error is one.
    #[track_caller]
    pub(super) fn thumbnail(&self, entry: &Entry) {
        let (path, date) = (encoded(&entry.path), encoded(&entry.date));
        let route = match entry.media() {
            Some("image") => format!("/image-thumbnail?path={path}&size=512x512&t={date}"),
            Some("video") => format!("/video_cover?path={path}&mt={date}"),
            _ => return,
        };
        let reply = self.ask("GET", &route, &Value::Null, &[]);
        if reply.status == 200 {
            assert_eq!(reply.header("content-type"), "image/webp", "{route}");
            assert_eq!((&reply.body[..4], &reply.body[8..12]), (&b"RIFF"[..], &b"WEBP"[..]), "{route}");
        } else {
            assert_ne!(entry.media(), Some("image"), "{route}: {}", reply.text());
            reply.problem();
        }
    }

    /// The custom tags of these files by path, which is absent where there are none.
    #[track_caller]
    pub(super) fn tags_of(&self, paths: &[&str]) -> Value {
        let answer = self.post("/db/get_image_tags", &json!({ "paths": paths }));
        for (path, given) in answer.as_object().unwrap() {
            assert!(paths.contains(&path.as_str()), "{path} was not asked for");
            let given = tags(given);
            assert!(!given.is_empty() && given.iter().all(|tag| tag.kind == "custom"), "{path}: {given:?}");
        }
        answer
    }

    /// The newest media of each of these folders, all together.
    #[track_caller]
    fn covers_of(&self, folders: &[&str]) -> Vec<Entry> {
        let answer = self.post("/batch_top_4_media_info", &json!({ "paths": folders }));
        let mut covers = Vec::new();
        for (folder, newest) in answer.as_object().unwrap() {
            assert!(folders.contains(&folder.as_str()), "{folder} was not asked for");
            let newest = files(newest);
            assert!(newest.len() <= 4);
            for cover in newest {
                assert_eq!(cover.path, below(folder, &cover.name), "directly in the folder");
                let kind = cover.whole["media_type"].as_str().unwrap();
                assert!(["image", "video"].contains(&kind) && cover.media() == Some(kind), "{}", cover.whole);
                covers.push(cover);
            }
        }
        covers
    }

    /// The files at these paths as lists show them, as many as there are.
    #[track_caller]
    pub(super) fn looked_up(&self, paths: &[&str]) -> Vec<Entry> {
        let answer = self.post("/batch_get_files_info", &json!({ "paths": paths }));
        let found = answer.as_object().unwrap();
        let entries = found.iter().map(|(path, info)| {
            assert!(paths.contains(&path.as_str()), "{path} was not asked for");
            let entry = file(info);
            assert_eq!(&entry.path, path);
            entry
        });
        entries.collect()
    }

    /// The text of one file, which is a text whatever becomes of it.
    #[track_caller]
    pub(super) fn text_of(&self, path: &str) -> String {
        self.get_of("/image_geninfo", "path", path).as_str().expect("a JSON string").to_owned()
    }
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(super) fn json(&self) -> Value {
        assert!(self.header("content-type").starts_with("application/json"), "{}", self.text());
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.text()))
    }

    /// The text an error is shown with: `detail` is one, and there is something in it.
    #[track_caller]
    pub(super) fn problem(&self) -> String {
        assert!(self.status >= 400, "{} {}", self.status, self.text());
        let body = self.json();
        let detail = body["detail"].as_str().unwrap_or_else(|| panic!("a text: {body}"));
        assert!(!detail.trim().is_empty(), "{body}");
        detail.to_owned()
    }
}

/// A component of an address.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, COMPONENT).to_string()
}

/// A path below a folder.
pub(super) fn below(folder: &str, name: &str) -> String {
    format!("{}/{name}", folder.trim_end_matches('/'))
}
