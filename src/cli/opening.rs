//! `lumidex open`: a picture in the program of the desktop for it, its folder, or the page in a browser.

use super::asking::{Answerer, Request};
use super::browser::open_in_browser;
use super::remote::reachable;
use super::talk::{Halt, Outcome, Talk};
use serde_json::json;
use std::path::Path;

/// Opens a file, or with `is_folder` the folder it lies in; the page of the running server when nothing is named.
///
/// # Errors
/// [`Halt`] when there is no such file, it is no media, or nothing is there to open it with.
pub(super) fn open(path: Option<&Path>, is_folder: bool, talk: &mut Talk<'_>) -> Outcome {
    let Some(path) = path else {
        let Answerer::Server(address) = talk.who else {
            let text = "no server runs, so there is no page to open; `lumidex --open` starts one".to_owned();
            return Err(Halt::Refused { status: 503, text });
        };
        let address =
            address.parse().map_or_else(|_| address.clone(), |address| reachable(address).to_string());
        let url = format!("http://{address}/");
        open_in_browser(&url).map_err(|error| Halt::Refused { status: 500, text: error.to_string() })?;
        return talk.done(&format!("opened {url}"), json!({ "opened": url }), &[]);
    };
    let path = talk.path(path);
    let route = if is_folder { "/iib/open_folder" } else { "/iib/open_with_default_app" };
    talk.asked(&Request::post(route, json!({ "path": path })))?;
    talk.done(&format!("opened `{path}`"), json!({ "opened": path }), &[])
}
