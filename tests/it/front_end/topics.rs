//! 18.10: topics of a scope found, shown, opened and searched by meaning, and the graph of their tags. Nothing
//! but the library itself is asked, where nothing else is said.

use super::first_load::starts;
use super::page::Page;
use super::served::Served;
use super::shapes::{assert_once, sorted, texts};
use crate::support::upstream::{Mock, Reply};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

reading!(topics_are_found_opened_and_searched);

const PATIENCE: Duration = Duration::from_secs(120);
/// Paths of which the page asks what they are at once.
const LOOKED_UP: usize = 200;

fn topics_are_found_opened_and_searched(served: &Served) {
    let page = served.page();
    let root = served.pics("");
    starts(&page);
    page.keeps("topic_search_scope", &json!({ "folder_paths": [root] }));
    let scope = starts(&page)["app_fe_setting"]["topic_search_scope"]["folder_paths"].clone();
    assert_eq!(scope, json!([root]));
    let asked = json!({ "threshold": 0.9, "min_cluster_size": 2, "lang": "en", "folder_paths": scope });
    let before = cached(&page, &asked);
    assert_eq!(
        (&before["cache_hit"], &before["result"], &before["stale"]),
        (&json!(false), &Value::Null, &json!(true))
    );

    let done = refreshed(served, &page, &asked);
    assert_eq!(done["status"], "done", "{}", done["error"]);
    let result = &done["result"];
    check_result(&page, served, result);
    let kept = cached(&page, &asked);
    assert_eq!((&kept["cache_hit"], &kept["stale"], &kept["result"]), (&json!(true), &json!(false), result));
    let again = refreshed(served, &page, &asked);
    assert_eq!((&again["cache_hit"], &again["result"]), (&json!(true), result));

    let cluster = &result["clusters"][0];
    opened(&page, &texts(&cluster["paths"]), &root);
    let found = by_meaning(&page, cluster["title"].as_str().unwrap(), &scope, true);
    opened(&page, &found.iter().map(String::as_str).collect::<Vec<_>>(), &root);
    assert!(!by_meaning(&page, "a castle by the sea", &scope, false).is_empty());
    graph(&page, result, &scope);

    let nothing = json!({ "threshold": 0.9, "min_cluster_size": 2, "lang": "en", "folder_paths": [served.pics("odd/empty")] });
    let done = refreshed(served, &page, &nothing);
    assert_eq!(done["status"], "done", "{}", done["error"]);
    let result = &done["result"];
    assert_eq!(
        (&result["clusters"], &result["noise"], &result["count"]),
        (&json!([]), &json!([]), &json!(0))
    );
}

#[test]
fn a_job_that_fails_ends_with_a_text() {
    let mock = Mock::start();
    let served = Served::small();
    served.library().use_upstream(Arc::new(mock.upstream()));
    mock.decide(|_| Some(Reply::Status(400, "there is no such model".to_owned())));
    let asked =
        json!({ "threshold": 0.9, "min_cluster_size": 2, "lang": "en", "folder_paths": [served.pics("")] });
    let done = refreshed(&served, &served.page(), &asked);
    assert_eq!(done["status"], "error", "{done}");
    assert!(done["error"].as_str().is_some_and(|why| !why.is_empty()), "{done}");
    assert_eq!(done.get("result"), None);
}

fn cached(page: &Page, asked: &Value) -> Value {
    let kept = page.post("/db/cluster_iib_output_cached", asked);
    assert!(
        kept["cache_hit"].is_boolean() && kept["stale"].is_boolean() && kept["cache_key"].is_string(),
        "{kept}"
    );
    kept
}

/// The button that finds topics: an update, a job, and its status until the page stops asking.
fn refreshed(served: &Served, page: &Page, asked: &Value) -> Value {
    page.does("POST", "/db/update_image_data", &json!({}));
    let started = page.post("/db/cluster_iib_output_job_start", asked);
    let id = started["job_id"].as_str().expect("a text");
    loop {
        let job = page.get_of("/db/cluster_iib_output_job_status", "job_id", id);
        assert!(job["stage"].is_string() && job["progress"].is_object(), "{job}");
        match job["status"].as_str().expect("a text") {
            "done" | "error" => return job,
            "queued" | "running" => {}
            other => panic!("the page would ask for ever: {other}"),
        }
        served.library().topics().wait(id, PATIENCE).expect("it is known");
    }
}

/// Every image with a prompt stands in one cluster or in the noise, once; the largest cluster comes first.
fn check_result(page: &Page, served: &Served, result: &Value) {
    let clusters = result["clusters"].as_array().expect("an array");
    let mut all = texts(&result["noise"]);
    let mut ids = BTreeSet::new();
    for cluster in clusters {
        assert!(ids.insert(cluster["id"].as_str().expect("a text")));
        assert!(!cluster["title"].as_str().expect("a text").is_empty());
        assert!(cluster["sample_prompt"].is_string());
        texts(&cluster["keywords"]);
        let paths = texts(&cluster["paths"]);
        assert_eq!(cluster["size"], paths.len());
        assert!(paths.len() >= 2);
        all.extend(paths);
    }
    assert!(clusters.len() > 3, "{} clusters", clusters.len());
    assert!(clusters.is_sorted_by(|a, b| a["size"].as_u64() >= b["size"].as_u64()));
    assert_eq!(result["count"], all.len());
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "nothing twice");
    assert!(all.len() * 2 > served.n_images(), "most have a prompt, and {} were found", all.len());
    assert_eq!(page.looked_up(&all[..LOOKED_UP.min(all.len())]).len(), LOOKED_UP.min(all.len()));
}

/// A grid of these paths, and of one whose file went in the meantime.
fn opened(page: &Page, paths: &[&str], root: &str) {
    assert!(!paths.is_empty());
    let gone = format!("{root}/gone.png");
    let mut entries = Vec::new();
    for some in paths.chunks(LOOKED_UP) {
        let mut asked = some.to_vec();
        asked.push(&gone);
        let there = page.looked_up(&asked);
        assert_eq!(there.len(), some.len(), "what is missing is absent");
        entries.extend(there);
    }
    assert_once(&entries);
    let shown = sorted(&entries);
    page.shows(&shown[..shown.len().min(super::page::SCREEN)]);
}

/// A search by meaning; paths, the best first.
fn by_meaning(page: &Page, query: &str, scope: &Value, ensure_embed: bool) -> Vec<String> {
    let body = json!({ "query": query, "top_k": 80, "ensure_embed": ensure_embed, "folder_paths": scope });
    let answer = page.post("/db/search_iib_output_by_prompt", &body);
    assert_eq!(answer["top_k"], 80);
    assert!(answer["count"].as_u64().expect("a number") > 0);
    let results = answer["results"].as_array().expect("an array");
    assert!(results.len() <= 80);
    let scores: Vec<f64> = results.iter().map(|result| result["score"].as_f64().expect("a number")).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b));
    results.iter().map(|result| result["path"].as_str().expect("a text").to_owned()).collect()
}

/// The graph: layers from clusters to tags and beyond; a cluster is opened, a tag is searched for.
fn graph(page: &Page, result: &Value, scope: &Value) {
    let graph = page.post("/db/cluster_tag_graph", &json!({ "folder_paths": scope, "lang": "en" }));
    let layers = graph["layers"].as_array().expect("an array");
    assert!(layers.len() >= 2);
    let mut levels = HashMap::new();
    for (level, layer) in layers.iter().enumerate() {
        assert!(layer["level"] == level && layer["name"].is_string(), "{layer}");
        for node in layer["nodes"].as_array().expect("an array") {
            assert!(
                node["label"].is_string() && node["size"].is_number() && node["metadata"].is_object(),
                "{node}"
            );
            assert!(levels.insert(node["id"].as_str().expect("a text"), level).is_none(), "{node}");
        }
    }
    for link in graph["links"].as_array().expect("an array") {
        let level = |end: &str| levels[link[end].as_str().expect("a text")];
        assert!(level("source") + 1 == level("target") && link["weight"].is_number(), "{link}");
    }
    let key = graph["stats"]["topic_cluster_cache_key"].as_str().expect("a text");
    let node = &layers[0]["nodes"][0];
    let id = node["metadata"]["cluster_id"].as_str().expect("a text");
    assert!(!key.is_empty() && !id.is_empty(), "or the node could not be opened");
    let body = json!({ "topic_cluster_cache_key": key, "cluster_id": id });
    let opened = page.post("/db/cluster_tag_graph_cluster_paths", &body);
    let cluster = result["clusters"].as_array().unwrap().iter().find(|cluster| cluster["id"] == id).unwrap();
    assert_eq!(opened["paths"], cluster["paths"]);
    let word = layers[1]["nodes"][0]["label"].as_str().unwrap();
    assert!(!by_meaning(page, word, scope, false).is_empty());
}
