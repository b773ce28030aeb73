//! Contract sections 6.2 to 6.4, 8, 11.8 to 11.10 and 16: topics, searches by meaning and the tag graph, in both
//! dialects, with an upstream and without one.

mod bought;

use super::served::{PREFIXES, Served, encode, png, settings};
use crate::support::upstream::Mock;
use lumidex::intake::IntakeSettings;
use lumidex::library::{Library, LibraryOptions};
use lumidex::serve::{Engine, app};
use lumidex::settings::{AccessControl, Permission};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

/// Words of three topics that share none, and nothing with quality.
const TOPICS: [(&str, [&str; 8]); 3] = [
    (
        "foxes",
        [
            "red fox",
            "snowy forest",
            "animal portrait",
            "whiskers",
            "winter fur",
            "paw prints",
            "wildlife",
            "den",
        ],
    ),
    (
        "ships",
        [
            "sailing ship",
            "stormy ocean",
            "wooden hull",
            "seagulls",
            "captain",
            "rigging",
            "harbour",
            "anchor",
        ],
    ),
    (
        "cities",
        [
            "neon city",
            "cyberpunk street",
            "skyscraper",
            "hologram",
            "rainy asphalt",
            "billboard",
            "android",
            "alley",
        ],
    ),
];
const PER_TOPIC: usize = 12;
const PATIENCE: Duration = Duration::from_secs(60);

/// The library of all contract tests, and a folder of pictures of each topic, two of each prompt.
fn topical(change: impl FnOnce(&mut lumidex::settings::Settings, &std::path::Path)) -> Served {
    let served = Served::with(change);
    for (folder, words) in TOPICS {
        fs::create_dir(served.dir.path().join("pics").join(folder)).unwrap();
        for nth in 0..PER_TOPIC {
            write(&served, &format!("{folder}/{nth}.png"), &prompt(&words, nth / 2), nth);
        }
    }
    served.library.update().unwrap();
    served
}

fn write(served: &Served, below: &str, prompt: &str, seed: usize) {
    let text = format!("{prompt}\nNegative prompt: ugly\nSteps: 20, Sampler: Euler a, Seed: {seed}");
    fs::write(served.dir.path().join("pics").join(below), png(&text)).unwrap();
}

/// Five of the eight words, others for each `nth`, between words that every prompt has.
fn prompt(words: &[&str; 8], nth: usize) -> String {
    let own: Vec<&str> = (0..5).map(|at| words[(nth + at) % 8]).collect();
    format!("masterpiece, best quality, {}, highly detailed", own.join(", "))
}

fn with_mock(mock: &Mock) -> Served {
    let served = topical(|_, _| {});
    served.library.use_upstream(Arc::new(mock.upstream()));
    served
}

fn folders(served: &Served) -> Vec<String> {
    TOPICS.map(|(folder, _)| served.path(folder)).to_vec()
}

/// Starts a job and waits for its end; what both dialects say of it then.
fn finished(served: &Served, body: &Value) -> [Value; 2] {
    let job =
        served.get("POST", "/db/cluster_iib_output_job_start", body)["job_id"].as_str().unwrap().to_owned();
    assert!(served.library.topics().wait(&job, PATIENCE).unwrap().job.stage.is_end());
    told(served, &job)
}

fn told(served: &Served, job: &str) -> [Value; 2] {
    PREFIXES.map(|prefix| {
        let uri = format!("{prefix}/db/cluster_iib_output_job_status?job_id={job}");
        let reply = served.ask("GET", &uri, &Value::Null);
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    })
}

/// The folder that all paths of a cluster lie in; panics when there are several.
fn folder_of(cluster: &Value) -> String {
    let folders: BTreeSet<&str> =
        paths(&cluster["paths"]).into_iter().map(|path| path.rsplit('/').nth(1).unwrap()).collect();
    assert_eq!(folders.len(), 1, "{cluster}");
    folders.into_iter().next().unwrap().to_owned()
}

fn paths(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect()
}

#[test]
fn topics_are_found_without_key_or_network() {
    let served = topical(|_, _| {});
    let [reference, iib] = finished(&served, &json!({ "folder_paths": folders(&served), "threshold": 0.9 }));
    assert_eq!((&reference["status"], &reference["progress"]), (&json!("completed"), &json!(1.0)));
    assert_eq!((&iib["status"], &iib["stage"]), (&json!("done"), &json!("done")));
    assert_eq!(iib["progress"]["items_total"], 36);
    assert_eq!(iib["cache_hit"], false);
    assert_eq!(reference["result"], iib["result"]);
    let result = &iib["result"];
    let found: BTreeSet<String> = result["clusters"].as_array().unwrap().iter().map(folder_of).collect();
    assert_eq!(found, TOPICS.map(|(folder, _)| folder.to_owned()).into());
    // Every image exactly once.
    let mut all: Vec<&str> =
        result["clusters"].as_array().unwrap().iter().flat_map(|c| paths(&c["paths"])).collect();
    all.extend(paths(&result["noise"]));
    assert_eq!((all.len(), all.iter().collect::<BTreeSet<_>>().len()), (36, 36));
    assert_eq!((&result["count"], &result["model"]), (&json!(36), &json!("builtin")));
    for cluster in result["clusters"].as_array().unwrap() {
        assert_eq!(cluster["size"].as_u64().unwrap() as usize, paths(&cluster["paths"]).len());
        let title = cluster["title"].as_str().unwrap();
        assert!(
            !title.is_empty() && title.chars().count() <= 24 && !title.to_lowercase().contains("masterpiece"),
            "{title}"
        );
        assert!(cluster["id"].as_str().unwrap().starts_with("topic_"));
        assert!(!cluster["sample_prompt"].as_str().unwrap().is_empty());
    }
    let sizes: Vec<u64> =
        result["clusters"].as_array().unwrap().iter().map(|c| c["size"].as_u64().unwrap()).collect();
    assert!(sizes.is_sorted_by(|a, b| a >= b));
}

#[test]
fn what_was_found_is_kept_until_images_or_folders_change() {
    let served = topical(|_, _| {});
    let asked =
        json!({ "folder_paths": folders(&served), "threshold": 0.9, "min_cluster_size": 2, "lang": "en" });
    let before = served.get("POST", "/db/cluster_iib_output_cached", &asked);
    assert_eq!(
        (&before["cache_hit"], &before["stale"], &before["result"]),
        (&json!(false), &json!(true), &Value::Null)
    );
    assert_eq!(before["cached_at"], "");
    let [first, _] = finished(&served, &asked);
    let kept = served.get("POST", "/db/cluster_iib_output_cached", &asked);
    assert_eq!((&kept["cache_hit"], &kept["stale"]), (&json!(true), &json!(false)), "{kept}");
    assert_eq!((&kept["result"], &kept["cache_key"]), (&first["result"], &before["cache_key"]));
    assert_eq!(kept["stale_reason"]["embeddings_count"], 36);
    let [again, _] = finished(&served, &asked);
    assert_eq!((&again["cache_hit"], &again["result"]), (&json!(true), &first["result"]));

    write(&served, "foxes/new.png", &prompt(&TOPICS[0].1, 7), 99);
    served.library.update().unwrap();
    let stale = served.get("POST", "/db/cluster_iib_output_cached", &asked);
    assert_eq!((&stale["cache_hit"], &stale["stale"]), (&json!(true), &json!(true)));
    assert_eq!(stale["stale_reason"]["embeddings_changed"], true);
    assert_eq!(stale["stale_reason"]["reason"], "folder_modified_date_changed");
    assert_eq!(stale["stale_reason"]["path"], served.path("foxes"));
    let [anew, _] = finished(&served, &asked);
    assert_eq!((&anew["cache_hit"], &anew["result"]["count"]), (&json!(false), &json!(37)));
}

#[test]
fn jobs_and_results_survive_a_restart_and_moved_files() {
    let served = topical(|_, _| {});
    let job = served.get("POST", "/db/cluster_iib_output_job_start", &json!({ "folder": served.path("") }));
    let job = job["job_id"].as_str().unwrap().to_owned();
    let _ = served.library.topics().wait(&job, PATIENCE).unwrap();
    let [before, _] = told(&served, &job);
    let Served { dir, router, library, runtime } = served;
    drop(router);
    drop(Arc::into_inner(library).unwrap());
    fs::create_dir(dir.path().join("pics/elsewhere")).unwrap();
    fs::rename(dir.path().join("pics/foxes/0.png"), dir.path().join("pics/elsewhere/moved.png")).unwrap();
    let settings = settings(dir.path(), |_, _| {});
    let options = LibraryOptions {
        data_dir: settings.data_dir.clone(),
        intake: IntakeSettings::default(),
        watch: None,
        granted: None,
    };
    let library = Arc::new(Library::open(&options).unwrap());
    library.update().unwrap();
    let router = app(Arc::clone(&library) as Arc<dyn Engine>, settings).unwrap();
    let served = Served { dir, router, library, runtime };
    let [after, _] = told(&served, &job);
    assert_eq!(after["status"], "completed");
    let old = served.path("foxes/0.png");
    let moved = serde_json::to_string(&before["result"]["clusters"])
        .unwrap()
        .replace(&old, &served.path("elsewhere/moved.png"));
    assert_eq!(after["result"]["clusters"], serde_json::from_str::<Value>(&moved).unwrap());
    served.refused("GET", "/db/cluster_iib_output_job_status?job_id=nosuchjob", &Value::Null, 404);
}

#[test]
fn words_find_what_they_mean() {
    let served = topical(|_, _| {});
    for hybrid in [false, true] {
        let asked = json!({ "query": "a fox in the snowy forest", "folder": served.path(""), "top_k": 12, "hybrid": hybrid });
        let found = served.get("POST", "/db/search_iib_output_by_prompt", &asked);
        let results = found["results"].as_array().unwrap();
        assert_eq!(results.len(), 12, "{found}");
        assert!(results.iter().all(|result| result["path"].as_str().unwrap().contains("/foxes/")), "{found}");
        let scores: Vec<f64> = results.iter().map(|result| result["score"].as_f64().unwrap()).collect();
        assert!(scores.is_sorted_by(|a, b| a >= b));
        assert!(
            results.iter().all(|result| result["sample_prompt"].as_str().unwrap().chars().count() <= 200)
        );
        // The foxes, ships and cities, and two pictures of the folder itself that have a prompt.
        assert!(found["count"].as_u64().unwrap() >= 36, "{found}");
        assert_eq!((&found["top_k"], &found["model"]), (&json!(12), &json!("builtin")));
    }
    let narrow = json!({ "query": "fox", "folder_paths": [served.path("ships")], "min_score": 0.99 });
    assert_eq!(served.get("POST", "/db/search_iib_output_by_prompt", &narrow)["results"], json!([]));
    for bad in [
        json!({ "query": " ", "folder": served.path("") }),
        json!({ "query": "x" }),
        json!({ "query": "x", "folder": served.path("nowhere") }),
        json!({ "query": "x", "folder": served.path("a.png") }),
    ] {
        served.refused("POST", "/db/search_iib_output_by_prompt", &bad, 400);
    }
    let foreign = json!({ "query": "x", "folder": served.path(""), "model": "some-model" });
    served.refused("POST", "/db/search_iib_output_by_prompt", &foreign, 500);
}

#[test]
fn pictures_like_one_are_found_few_of_each_prompt() {
    let served = topical(|_, _| {});
    let similar = |more: &str| {
        let uri = format!("/api/v1/similar?path={}{more}", served.encoded("ships/3.png"));
        served.ask("GET", &uri, &Value::Null)
    };
    let found = similar("&top_k=9&per_prompt=1").json();
    let results = found["results"].as_array().unwrap();
    let first: Vec<&str> = results.iter().take(5).map(|result| result["path"].as_str().unwrap()).collect();
    assert!(first.iter().all(|path| path.contains("/ships/")), "{found}");
    assert!(!results.iter().any(|result| result["path"] == served.path("ships/3.png")));
    let prompts: Vec<&str> = results.iter().map(|result| result["sample_prompt"].as_str().unwrap()).collect();
    assert_eq!(prompts.iter().collect::<BTreeSet<_>>().len(), prompts.len());
    assert_eq!(similar("&top_k=x").status, 400);
    let without =
        served.ask("GET", &format!("/api/v1/similar?path={}", served.encoded("sub/c.png")), &Value::Null);
    assert_eq!(without.status, 404);
    let unknown =
        served.ask("GET", &format!("/api/v1/similar?path={}", encode("/nowhere.png")), &Value::Null);
    assert_eq!(unknown.status, 404);
}

#[test]
fn the_tag_graph_has_its_layers_without_an_upstream() {
    let served = topical(|_, _| {});
    let asked = json!({ "folder_paths": folders(&served), "lang": "en" });
    served.refused("POST", "/db/cluster_tag_graph", &asked, 400);
    served.refused("POST", "/db/cluster_tag_graph", &json!({ "folder_paths": [] }), 400);
    finished(&served, &json!({ "folder_paths": folders(&served) }));
    let mut turned = folders(&served);
    turned.reverse();
    let graph = served.get("POST", "/db/cluster_tag_graph", &json!({ "folder_paths": turned }));
    let layers = graph["layers"].as_array().unwrap();
    assert_eq!(
        (&layers[0]["name"], &layers[1]["name"], &layers[2]["name"]),
        (&json!("Clusters"), &json!("Tags"), &json!("Abstract-1"))
    );
    check_graph(&graph);
    let key = graph["stats"]["topic_cluster_cache_key"].as_str().unwrap();
    let node = &layers[0]["nodes"][0];
    let id = node["metadata"]["cluster_id"].as_str().unwrap();
    let opened = served.get(
        "POST",
        "/db/cluster_tag_graph_cluster_paths",
        &json!({ "topic_cluster_cache_key": key, "cluster_id": id }),
    );
    assert_eq!(paths(&opened["paths"]).len() as u64, node["metadata"]["image_count"].as_u64().unwrap());
    for (key, id, status) in [("", id, 400), (key, "", 400), ("00", id, 404), (key, "topic_99", 404)] {
        let body = json!({ "topic_cluster_cache_key": key, "cluster_id": id });
        served.refused("POST", "/db/cluster_tag_graph_cluster_paths", &body, status);
    }
}

/// Ids are unique, links lead from one layer to the next, sizes are those of the parts.
fn check_graph(graph: &Value) {
    let layers = graph["layers"].as_array().unwrap();
    let mut level_of = std::collections::HashMap::new();
    for (level, layer) in layers.iter().enumerate() {
        assert_eq!(layer["level"], level);
        for node in layer["nodes"].as_array().unwrap() {
            assert!(level_of.insert(node["id"].as_str().unwrap(), level).is_none());
            assert!(!node["label"].as_str().unwrap().is_empty());
        }
    }
    let links = graph["links"].as_array().unwrap();
    for link in links {
        let level = |end: &str| level_of[link[end].as_str().unwrap()];
        assert_eq!(level("source") + 1, level("target"), "{link}");
        assert!(link["weight"].as_f64().unwrap() > 0.0);
    }
    for tag in layers[1]["nodes"].as_array().unwrap() {
        let own = links.iter().filter(|link| link["target"] == tag["id"]);
        assert_eq!(
            own.map(|link| link["weight"].as_f64().unwrap()).sum::<f64>(),
            tag["size"].as_f64().unwrap()
        );
    }
    let stats = &graph["stats"];
    assert_eq!(stats["total_links"], links.len());
    assert_eq!(stats["selected_tags"], layers[1]["nodes"].as_array().unwrap().len());
    assert_eq!(stats["abstraction_layers"], layers.len() - 2);
}

#[test]
fn jobs_are_refused_where_they_make_no_sense_and_shared_where_they_are_one() {
    let served = topical(|_, _| {});
    for bad in [
        json!({}),
        json!({ "folder_paths": [] }),
        json!({ "folder_paths": [served.path("nowhere")] }),
        json!({ "folder_paths": [served.path("a.png")] }),
        json!({ "folder_paths": [served.path("")], "threshold": "much" }),
    ] {
        served.refused("POST", "/db/cluster_iib_output_job_start", &bad, 400);
    }
    served.refused(
        "POST",
        "/db/build_iib_output_embeddings",
        &json!({ "folder": served.path("nowhere") }),
        400,
    );
    served.refused(
        "POST",
        "/db/cluster_iib_output_cached",
        &json!({ "folder": served.path("nowhere") }),
        400,
    );
    // Nothing with a prompt is no error.
    fs::create_dir(served.dir.path().join("pics/empty")).unwrap();
    served.library.update().unwrap();
    let [_, nothing] = finished(&served, &json!({ "folder": served.path("empty") }));
    let result = &nothing["result"];
    assert_eq!(
        (&result["clusters"], &result["noise"], &result["count"]),
        (&json!([]), &json!([]), &json!(0))
    );
    let none =
        served.get("POST", "/db/build_iib_output_embeddings", &json!({ "folder": served.path("empty") }));
    assert_eq!((&none["count"], &none["updated"]), (&json!(0), &json!(0)));
}

#[test]
fn readers_may_look_and_strangers_see_nothing() {
    let served = topical(|settings, _| settings.permission = Permission::ReadOnly);
    for (route, body) in [
        ("/db/build_iib_output_embeddings", json!({ "folder": served.path("") })),
        ("/db/cluster_iib_output_job_start", json!({ "folder": served.path("") })),
        ("/db/search_iib_output_by_prompt", json!({ "query": "x", "folder": served.path("") })),
    ] {
        served.refused("POST", route, &body, 403);
    }
    let looked = served.get("POST", "/db/cluster_iib_output_cached", &json!({ "folder": served.path("") }));
    assert_eq!(looked["cache_hit"], false);
    let similar =
        served.ask("GET", &format!("/api/v1/similar?path={}", served.encoded("foxes/1.png")), &Value::Null);
    assert_eq!(similar.status, 200, "{}", similar.text());

    let confined = topical(|settings, _| settings.access = AccessControl::Enable);
    let outside = confined.dir.path().join("private").to_str().unwrap().to_owned();
    for (route, body) in [
        ("/db/cluster_iib_output_job_start", json!({ "folder": outside })),
        ("/db/cluster_iib_output_cached", json!({ "folder_paths": [outside] })),
        ("/db/cluster_tag_graph", json!({ "folder_paths": [outside] })),
        ("/db/search_iib_output_by_prompt", json!({ "query": "x", "folder_paths": [outside] })),
    ] {
        confined.refused("POST", route, &body, 403);
    }
}

#[test]
fn an_edited_text_moves_an_image_to_the_topic_it_tells_of() {
    let served = topical(|_, _| {});
    let edited = served.path("foxes/5.png");
    let text = format!("{}\nSteps: 20, Sampler: Euler, Seed: 3", prompt(&TOPICS[1].1, 2));
    let body = json!({ "path": edited, "exif": text });
    served.get("POST", "/update_exif", &body);
    let [reference, _] = finished(&served, &json!({ "folder_paths": folders(&served) }));
    let clusters = reference["result"]["clusters"].as_array().unwrap();
    let own = clusters.iter().find(|cluster| paths(&cluster["paths"]).contains(&edited.as_str())).unwrap();
    assert!(paths(&own["paths"]).iter().any(|path| path.contains("/ships/")), "{own}");
}
