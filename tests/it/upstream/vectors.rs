//! Texts to vectors: whole, in parts, and with everything that can be wrong with an answer.

use super::{never, status};
use crate::support::upstream::{Asked, DIMENSION, HASTE, Mock, Reply, vector};
use lumidex::upstream::{Failure, Pace, Upstream, UpstreamError, Vectors, batches};
use serde_json::Value;

fn embed(mock: &Mock, texts: &[&str]) -> Result<Vectors, UpstreamError> {
    mock.upstream().embed("mock-embed", texts, &never())
}

#[track_caller]
fn good(texts: &[&str]) -> Vectors {
    texts.iter().map(|text| Ok(vector(text))).collect()
}

fn holds(asked: &Asked, word: &str) -> bool {
    asked.body["input"].as_array().unwrap().iter().any(|text| text.as_str().unwrap().contains(word))
}

#[test]
fn texts_become_vectors_in_their_order_with_one_request() {
    let mock = Mock::start();
    let texts = ["red fox", "ink mountain", "水墨 山"];
    assert_eq!(embed(&mock, &texts).unwrap(), good(&texts));
    let asked = mock.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(
        (asked[0].path.as_str(), asked[0].authorization.as_deref()),
        ("/v1/embeddings", Some("Bearer sk-mock"))
    );
    assert_eq!(asked[0].body, serde_json::json!({ "model": "mock-embed", "input": texts }));
    assert_eq!(vector("red fox").len(), DIMENSION);
    assert_eq!(embed(&mock, &[]).unwrap(), Vec::new());
    assert_eq!(mock.asked().len(), 1, "for nothing nobody is asked");
}

#[test]
fn many_texts_go_in_batches() {
    let mock = Mock::start();
    let upstream = mock.upstream();
    let texts: Vec<String> = (0..150).map(|nth| format!("prompt {nth}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut found = Vec::new();
    for range in batches(texts.iter().copied(), 64) {
        found.extend(upstream.embed("mock-embed", &texts[range], &never()).unwrap());
    }
    assert_eq!(found, good(&texts));
    assert_eq!(mock.batches().iter().map(Vec::len).collect::<Vec<_>>(), [64, 64, 22]);
}

#[test]
fn a_service_without_a_key_is_asked_without_one() {
    let mock = Mock::start();
    let config = lumidex::upstream::Config::new(&mock.base(), None).unwrap();
    let upstream = Upstream::with_pace(config, HASTE).unwrap();
    assert_eq!(upstream.embed("m", &["a"], &never()).unwrap(), good(&["a"]));
    assert_eq!(mock.asked()[0].authorization, None);
}

#[test]
fn troubles_that_pass_are_waited_out() {
    for trouble in [
        || Reply::Later(429, "0"),
        || Reply::Status(500, "oops".into()),
        || Reply::Status(502, String::new()),
        || Reply::Later(503, "0"),
        || Reply::Status(408, String::new()),
        || Reply::HangUp,
        || Reply::Cut,
    ] {
        let mock = Mock::start();
        mock.script([trouble(), trouble(), trouble(), trouble()]);
        assert_eq!(embed(&mock, &["a", "b"]).unwrap(), good(&["a", "b"]));
        assert_eq!(mock.asked().len(), 5);
    }
}

#[test]
fn troubles_that_stay_are_given_up_and_told() {
    for (trouble, want) in [(429, 429), (503, 503), (529, 529)] {
        let mock = Mock::start();
        mock.decide(move |_| Some(Reply::Status(trouble, "no more today".into())));
        let error = embed(&mock, &["a", "b"]).unwrap_err();
        assert_eq!((status(&error), mock.asked().len()), (want, 5), "{error}");
        assert!(error.is_transient() && error.to_string().contains("no more today"), "{error}");
    }
    let mock = Mock::start();
    mock.decide(|_| Some(Reply::HangUp));
    let error = embed(&mock, &["a"]).unwrap_err();
    assert!(matches!(error, UpstreamError::Network { .. }), "{error}");
    assert_eq!(mock.asked().len(), 5);
    let nobody = mock.upstream();
    drop(mock);
    let error = nobody.embed("m", &["a"], &never()).unwrap_err();
    assert!(matches!(error, UpstreamError::Network { .. }), "{error}");
}

#[test]
fn a_wrong_key_an_unknown_model_and_a_used_up_quota_are_not_tried_again() {
    let quota = r#"{"error":{"message":"You exceeded your quota","code":"insufficient_quota"}}"#;
    for (code, text) in
        [(401, "bad key sk-mock"), (403, "not you"), (404, "no such model"), (402, "pay"), (429, quota)]
    {
        let mock = Mock::start();
        mock.decide(move |_| Some(Reply::Status(code, text.into())));
        let error = embed(&mock, &["a", "b", "c"]).unwrap_err();
        assert_eq!((status(&error), mock.asked().len()), (code, 1), "{error}");
        assert!(!error.is_transient());
        assert!(!format!("{error} {error:?}").contains("sk-mock"), "the key is not repeated: {error}");
    }
}

#[test]
fn a_text_that_is_refused_costs_itself_alone() {
    for code in [400, 413, 422] {
        let mock = Mock::start();
        mock.decide(move |asked| holds(asked, "bad").then(|| Reply::Status(code, "too long".into())));
        let texts: Vec<String> =
            (0..64).map(|nth| if nth == 37 { "bad".into() } else { format!("good {nth}") }).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let found = embed(&mock, &texts).unwrap();
        for (nth, found) in found.iter().enumerate() {
            match found {
                Ok(found) => assert_eq!(*found, vector(texts[nth])),
                Err(Failure { reason, is_permanent }) => {
                    assert_eq!((nth, *is_permanent), (37, true));
                    assert!(reason.contains("too long"), "{reason}");
                }
            }
        }
        assert_eq!(found.iter().filter(|found| found.is_err()).count(), 1);
        // Two halves on each of six levels, and the whole.
        assert_eq!(mock.asked().len(), 13);
    }
}

#[test]
fn texts_that_are_all_refused_are_not_taken_for_bad_before_a_harmless_one_was_taken() {
    let texts = ["bad 1", "bad 2", "bad 3", "bad 4"];
    let mock = Mock::start();
    mock.decide(|asked| holds(asked, "bad").then(|| Reply::Status(400, "not this".into())));
    let found = embed(&mock, &texts).unwrap();
    assert!(found.iter().all(|found| found.as_ref().is_err_and(|failure| failure.is_permanent)), "{found:?}");
    assert_eq!(mock.asked().len(), 7 + 1, "the harmless one is asked for once");

    let mock = Mock::start();
    mock.decide(|_| Some(Reply::Status(400, "this model does not support embeddings".into())));
    let error = embed(&mock, &texts).unwrap_err();
    assert_eq!(status(&error), 400);
    assert_eq!(mock.asked().len(), 4, "all, two, one, the harmless one");

    let mock = Mock::start();
    mock.script([Reply::Status(400, String::new()), Reply::Status(401, "key ran out".into())]);
    assert_eq!(status(&embed(&mock, &["a"]).unwrap_err()), 401);
}

#[test]
fn a_text_on_which_the_service_stumbles_fails_for_this_time() {
    let mock = Mock::start();
    mock.decide(|asked| {
        holds(asked, "long").then(|| Reply::Status(500, "input is too large to process".into()))
    });
    let found = embed(&mock, &["a", "b", "long", "c"]).unwrap();
    let failure = found[2].as_ref().unwrap_err();
    assert!(!failure.is_permanent && failure.reason.contains("too large"), "{failure:?}");
    assert_eq!([&found[0], &found[1], &found[3]], [&Ok(vector("a")), &Ok(vector("b")), &Ok(vector("c"))]);
    assert_eq!(mock.asked().len(), 5 + 4, "waited for as a whole, not in parts");

    let mock = Mock::start();
    mock.decide(|_| Some(Reply::Status(500, "broken".into())));
    let error = embed(&mock, &["a", "b", "c", "d"]).unwrap_err();
    assert_eq!(status(&error), 500);
    assert_eq!(mock.asked().len(), 5 + 3);
}

#[test]
fn answers_that_are_none_fail_in_words() {
    for (reply, says) in [
        (Reply::Malformed, "no list of vectors"),
        (Reply::Text("text/html", "<html>hello</html>".into()), "no list of vectors"),
        (Reply::Few, "1 vectors came for 2 texts"),
        (Reply::Mixed, "64 and 65 numbers"),
        (
            Reply::Text("application/json", r#"{"data":[{"embedding":[1]},{"embedding":[]}]}"#.into()),
            "0 numbers",
        ),
        (
            Reply::Text("application/json", r#"{"data":[{"embedding":[1]},{"embedding":[1e40]}]}"#.into()),
            "is none",
        ),
    ] {
        let mock = Mock::start();
        mock.script([reply]);
        let error = embed(&mock, &["a", "b"]).unwrap_err();
        assert!(matches!(&error, UpstreamError::Unusable(text) if text.contains(says)), "{error}");
        assert_eq!(mock.asked().len(), 1);
    }
}

#[test]
fn a_vector_of_zeros_fails_its_text() {
    let mock = Mock::start();
    let body = r#"{"data":[{"index":0,"embedding":[0,0]},{"index":1,"embedding":[0,1]}]}"#;
    mock.script([Reply::Text("application/json", body.into())]);
    let found = embed(&mock, &["", "b"]).unwrap();
    assert!(found[0].as_ref().is_err_and(|failure| failure.is_permanent));
    assert_eq!(found[1], Ok(vec![0.0, 1.0]));
}

#[test]
fn what_an_upstream_says_is_bounded() {
    let mock = Mock::start();
    mock.script([Reply::Status(404, "雨".repeat(1 << 20))]);
    let error = embed(&mock, &["a"]).unwrap_err();
    let UpstreamError::Status { text, .. } = error else { panic!("{error}") };
    assert!(text.len() <= (16 << 10) + 3 && text.starts_with('雨'), "{}", text.len());
}

#[test]
fn a_pause_that_the_upstream_asks_for_is_kept() {
    let mock = Mock::start();
    mock.script([Reply::Later(429, "3600")]);
    let pace = Pace { attempts: 2, ..HASTE };
    let upstream = Upstream::with_pace(mock.config(), pace).unwrap();
    let stopper = lumidex::sys::Stopper::new();
    // Whoever waits an hour is still there to be stopped; whoever does not has asked again.
    let (waiting, stop) = (stopper.clone(), stopper.stop());
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| upstream.embed("m", &["a"], &stop));
        mock.wait_asked(1);
        waiting.trigger();
        assert_eq!(asking.join().unwrap(), Err(UpstreamError::Stopped));
    });
    assert_eq!(mock.asked().len(), 1);
}

#[test]
fn bodies_are_what_servers_expect_whatever_the_text() {
    let mock = Mock::start();
    let texts = ["\u{0}\n\"quoted\" \\ \u{1f600}", "a".repeat(100_000).leak() as &str];
    embed(&mock, &texts).unwrap();
    assert_eq!(mock.asked()[0].body["input"], Value::from_iter(texts));
}
