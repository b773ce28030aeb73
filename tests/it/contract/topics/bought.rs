//! Topics with an upstream: what is bought, what is not bought twice, and what goes wrong.

use super::{PATIENCE, check_graph, finished, folders, told, with_mock};
use crate::support::upstream::{Mock, Reply as Answer};
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeSet;

#[test]
fn an_upstream_is_paid_once_for_each_prompt_and_title() {
    let mock = Mock::start();
    let served = with_mock(&mock);
    mock.chats(|body| {
        let user = body["messages"][1]["content"].as_str().unwrap_or_default().to_owned();
        let (title, word) = match user {
            user if user.contains("fox") => ("Winter foxes", "fox"),
            user if user.contains("ship") => ("Ships at sea", "ship"),
            _ => ("Neon cities", "city"),
        };
        json!({ "title": title, "keywords": [word, "shared"] }).to_string()
    });
    let asked = json!({ "folder_paths": folders(&served), "threshold": 0.5, "batch_size": 4 });
    let [_, first] = finished(&served, &asked);
    assert_eq!(first["status"], "done", "{first}");
    let result = &first["result"];
    assert_eq!((&result["model"], &result["count"]), (&json!("mock-embed"), &json!(36)));
    let titles: BTreeSet<&str> =
        result["clusters"].as_array().unwrap().iter().map(|c| c["title"].as_str().unwrap()).collect();
    assert_eq!(titles, BTreeSet::from(["Winter foxes", "Ships at sea", "Neon cities"]));
    // Two images share a prompt.
    let texts: Vec<String> =
        mock.batches().into_iter().inspect(|batch| assert!(batch.len() <= 4)).flatten().collect();
    assert_eq!(texts.len(), 18);
    assert_eq!(texts.iter().collect::<BTreeSet<_>>().len(), 18);
    assert!(
        texts
            .iter()
            .all(|text| !text.contains("masterpiece") && !text.contains("Steps") && !text.contains("ugly"))
    );
    assert_eq!((&first["progress"]["updated"], &first["progress"]["skipped"]), (&json!(36), &json!(0)));
    let n = mock.asked().len();
    let [_, again] = finished(&served, &asked);
    assert_eq!((&again["cache_hit"], mock.asked().len()), (&json!(true), n));
    // Another threshold needs titles, and no vectors.
    let [_, other] = finished(&served, &json!({ "folder_paths": folders(&served), "threshold": 0.55 }));
    assert_eq!(other["progress"]["skipped"], 36);
    assert!(mock.asked()[n..].iter().all(|asked| asked.path == "/v1/chat/completions"));
    let offered = mock.asked().last().unwrap().body["messages"][0]["content"].as_str().unwrap().to_owned();
    assert!(offered.contains("at most 24 characters"), "{offered}");
    // Without titles of its own, the upstream's model can still be told apart from ours.
    let [_, builtin] = finished(&served, &json!({ "folder_paths": folders(&served), "model": "builtin" }));
    assert_eq!(builtin["result"]["model"], "builtin");
}

#[test]
fn troubles_of_the_upstream_cost_what_they_must_and_no_more() {
    let mock = Mock::start();
    let served = with_mock(&mock);
    let folder = served.path("foxes");
    // Too fast, and a server that trips, are tried again.
    mock.script([Answer::Later(429, "0"), Answer::Status(500, "trips".to_owned())]);
    let done =
        served.get("POST", "/db/build_iib_output_embeddings", &json!({ "folder": folder, "model": null }));
    let want = json!({ "folder": folder, "count": 12, "updated": 12, "skipped": 0, "skipped_failed": 0, "failed": 0, "model": "mock-embed" });
    assert_eq!(done, want);
    let again = served.get("POST", "/db/build_iib_output_embeddings", &json!({ "folder": folder }));
    assert_eq!((&again["updated"], &again["skipped"]), (&json!(0), &json!(12)));

    // One prompt that the model cannot take fails alone, and is not tried again.
    mock.decide(|asked| {
        let is_bad =
            asked.body["input"].as_array()?.iter().any(|text| text.as_str().unwrap().contains("captain"));
        is_bad.then(|| Answer::Status(400, "too odd".to_owned()))
    });
    let ships = json!({ "folder": served.path("ships") });
    let partly = served.get("POST", "/db/build_iib_output_embeddings", &ships);
    assert_eq!(partly["updated"].as_u64().unwrap() + partly["failed"].as_u64().unwrap(), 12, "{partly}");
    assert!(partly["failed"].as_u64().unwrap() > 0);
    let n = mock.asked().len();
    let later = served.get("POST", "/db/build_iib_output_embeddings", &ships);
    assert_eq!((&later["skipped_failed"], mock.asked().len()), (&partly["failed"], n));

    // Nothing at all: the job fails and says why.
    mock.decide(|_| Some(Answer::Status(401, "who are you".to_owned())));
    let [reference, iib] = finished(&served, &json!({ "folder": served.path("cities") }));
    assert_eq!((&reference["status"], &iib["status"]), (&json!("failed"), &json!("error")));
    assert!(iib["error"].as_str().unwrap().contains("who are you"), "{iib}");
    let refused = served.ask(
        "POST",
        "/iib/db/build_iib_output_embeddings",
        &json!({ "folder": served.path("cities") }),
    );
    assert_eq!(refused.status, 401);
    assert!(refused.json()["detail"].is_string());
}

/// Answers to embeddings: the same vector of so many numbers for each text.
fn flat(n_numbers: usize) -> impl Fn(&crate::support::upstream::Asked) -> Option<Answer> {
    move |asked| {
        let texts = asked.body["input"].as_array()?.len();
        let data: Vec<Value> =
            (0..texts).map(|index| json!({ "index": index, "embedding": vec![1.0; n_numbers] })).collect();
        Some(Answer::Status(200, json!({ "data": data }).to_string()))
    }
}

#[test]
fn a_model_that_became_another_is_noticed_and_force_makes_all_vectors_anew() {
    let mock = Mock::start();
    let served = with_mock(&mock);
    let route = "/db/build_iib_output_embeddings";
    served.get("POST", route, &json!({ "folder": served.path("foxes") }));
    let all = served.path("");
    mock.decide(flat(5));
    for prefix in ["/infinite_image_browsing", "/iib"] {
        let refused = served.ask("POST", &format!("{prefix}{route}"), &json!({ "folder": all }));
        assert_eq!(refused.status, 400, "{:?}", refused.text());
        assert!(refused.text().contains("vectors of 5 numbers") && refused.text().contains("force"));
    }
    let forced = served.get("POST", route, &json!({ "folder": all, "force": true }));
    assert_eq!(
        (&forced["updated"], &forced["skipped"], &forced["failed"]),
        (&json!(40), &json!(0), &json!(0))
    );
    // All prompts are the same to this model, those that had another vector before too.
    let asked = json!({ "folder_paths": [all], "threshold": 0.99, "min_cluster_size": 2 });
    let [_, found] = finished(&served, &asked);
    assert_eq!(found["result"]["clusters"][0]["size"], 40, "{found}");
    assert_eq!(found["result"]["noise"], json!([]));
    let again = served.get("POST", route, &json!({ "folder": all }));
    assert_eq!((&again["updated"], &again["skipped"]), (&json!(0), &json!(40)));
}

#[test]
fn a_chat_model_that_fails_leaves_titles_of_the_topics_own_words() {
    let mock = Mock::start();
    let served = with_mock(&mock);
    mock.decide(|asked| (asked.path != "/v1/embeddings").then(|| Answer::Status(403, "no chats".to_owned())));
    let [_, job] = finished(&served, &json!({ "folder_paths": folders(&served), "threshold": 0.5 }));
    assert_eq!(job["status"], "done", "{job}");
    assert!(
        job["result"]["clusters"]
            .as_array()
            .unwrap()
            .iter()
            .all(|c| !c["title"].as_str().unwrap().is_empty())
    );
}

#[test]
fn groups_of_keywords_are_bought_once_and_made_up_for_when_they_cannot_be() {
    let mock = Mock::start();
    let served = with_mock(&mock);
    mock.chats(|body| {
        let Some(user) = body["messages"][1]["content"].as_str() else { return String::new() };
        if user.starts_with("Sample prompts") {
            let word = ["fox", "ship", "city"].into_iter().find(|word| user.contains(word)).unwrap();
            return json!({ "title": word, "keywords": [word, format!("{word} two")] }).to_string();
        }
        let tags: Vec<String> = serde_json::from_str(user).unwrap();
        let (animals, things): (Vec<_>, Vec<_>) = tags.into_iter().partition(|tag| tag.contains("fox"));
        json!({
            "groups": [{ "id": "animals", "label": "Animals", "tags": animals }, { "id": "things", "label": "Things", "tags": things }],
            "categories": [{ "id": "all", "label": "All", "groups": ["animals", "things"] }],
        })
        .to_string()
    });
    finished(&served, &json!({ "folder_paths": folders(&served), "threshold": 0.5 }));
    let asked = json!({ "folder_paths": folders(&served) });
    let graph = served.get("POST", "/db/cluster_tag_graph", &asked);
    check_graph(&graph);
    assert_eq!(graph["layers"][2]["nodes"][0]["id"], "abstract_l1_animals");
    assert_eq!(graph["layers"][3]["nodes"][0]["label"], "All");
    let n = mock.asked().len();
    assert_eq!(served.get("POST", "/db/cluster_tag_graph", &asked), graph);
    assert_eq!(mock.asked().len(), n);
    mock.decide(|_| Some(Answer::Status(403, "no".to_owned())));
    let german = served.get(
        "POST",
        "/db/cluster_tag_graph",
        &json!({ "folder_paths": folders(&served), "lang": "de" }),
    );
    check_graph(&german);
    assert_eq!(german["layers"][2]["name"], "Abstract-1");
}

#[test]
fn a_job_that_waits_for_the_upstream_is_shared_and_can_be_stopped() {
    let mock = Mock::start();
    let served = with_mock(&mock);
    mock.decide(|_| Some(Answer::Silence));
    let asked = json!({ "folder": served.path("foxes") });
    let start = || served.get("POST", "/db/cluster_iib_output_job_start", &asked)["job_id"].clone();
    let job = start();
    mock.wait_asked(1);
    assert_eq!(start(), job, "who asks for the same gets the same job");
    let id = job.as_str().unwrap();
    let [reference, iib] = told(&served, id);
    assert_eq!(
        (&reference["status"], &iib["status"], &iib["stage"]),
        (&json!("running"), &json!("running"), &json!("embedding"))
    );
    assert!(reference["progress"].as_f64().unwrap() < 1.0);
    let stopped = served.ask("POST", "/api/v1/topics/stop", &json!({ "job_id": id }));
    assert_eq!(stopped.json(), json!({ "stopped": true }));
    let ended = served.library.topics().wait(id, PATIENCE).unwrap();
    assert_eq!(ended.job.error.as_deref(), Some("it was stopped"));
    let again = served.ask("POST", "/api/v1/topics/stop", &json!({ "job_id": id }));
    assert_eq!(again.json(), json!({ "stopped": false }));
}
