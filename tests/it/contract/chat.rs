//! Contract 6.1: chats go to the configured model and come back as they are, whole or as they are said;
//! what goes wrong upstream is told as such.

use super::served::{PREFIXES, Reply as Answer, Served};
use crate::support::upstream::{HASTE, Mock, Reply};
use axum::body::Body;
use axum::http::{Request, Response};
use http_body_util::BodyExt as _;
use lumidex::settings::Permission;
use lumidex::upstream::{Pace, Upstream};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;
use tower::ServiceExt as _;

fn served(mock: &Mock) -> Served {
    let served = Served::new();
    served.library.use_upstream(Arc::new(mock.upstream()));
    served
}

fn hello() -> Value {
    json!({ "messages": [{ "role": "user", "content": "analyse these tags" }] })
}

fn ask(served: &Served, body: &Value) -> [Answer; 2] {
    PREFIXES.map(|prefix| served.ask("POST", &format!("{prefix}/ai-chat"), body))
}

fn request(body: &Value) -> Request<Body> {
    Request::post("/iib/ai-chat").body(body.to_string().into()).unwrap()
}

fn said_aloud() -> Value {
    json!({ "messages": [{ "role": "user", "content": "x" }], "stream": true })
}

#[test]
fn without_an_upstream_it_is_said_what_to_set() {
    let served = Served::new();
    served.refused("POST", "/ai-chat", &hello(), 500);
    for answer in ask(&served, &hello()) {
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("OPENAI_API_KEY") && detail.contains("OPENAI_BASE_URL"), "{detail}");
    }
}

#[test]
fn a_chat_goes_to_the_configured_model_and_comes_back_as_it_is() {
    let mock = Mock::start();
    let served = served(&mock);
    let body = r#"{"choices":[{"message":{"role":"assistant","content":"a \u00e9"}}],  "odd":1e2}"#;
    mock.decide(move |_| Some(Reply::Text("application/json", body.into())));
    for answer in ask(&served, &hello()) {
        assert_eq!((answer.status, answer.text().as_str()), (200, body));
        assert_eq!(answer.header("content-type"), "application/json");
    }
    let full = json!({
        "messages": [{ "role": "system", "content": "be brief", "name": "me" }, { "role": "user", "content": [] }],
        "temperature": 0.3, "max_tokens": 200, "stream": false, "model": "costly", "more": [1],
    });
    let null = json!({ "messages": [{ "role": "user", "content": null }], "temperature": null, "max_tokens": null, "stream": null });
    assert!(
        [full.clone(), null].iter().flat_map(|body| ask(&served, body)).all(|answer| answer.status == 200)
    );
    let asked = mock.asked();
    let want = |messages: &Value, temperature: f64| json!({ "model": "mock-chat", "messages": messages, "temperature": temperature, "stream": false });
    assert_eq!(asked.len(), 6);
    assert!(asked.iter().all(|asked| asked.path == "/v1/chat/completions"));
    assert_eq!(asked[0].body, want(&hello()["messages"], 0.7));
    let mut with_max = want(&full["messages"], 0.3);
    with_max["max_tokens"] = json!(200);
    assert_eq!(asked[2].body, with_max);
    assert_eq!(asked[4].body, want(&json!([{ "role": "user", "content": null }]), 0.7));
}

#[test]
fn what_is_no_chat_is_refused_and_costs_nothing() {
    let mock = Mock::start();
    let served = served(&mock);
    let message = json!({ "role": "user", "content": "x" });
    for bad in [
        json!({}),
        json!({ "messages": null }),
        json!({ "messages": [] }),
        json!({ "messages": "x" }),
        json!({ "messages": ["x"] }),
        json!({ "messages": [{ "content": "x" }] }),
        json!({ "messages": [{ "role": 1, "content": "x" }] }),
        json!({ "messages": [{ "role": "user" }] }),
        json!({ "messages": vec![message.clone(); 4_097] }),
        json!({ "messages": [message], "temperature": "hot" }),
        json!({ "messages": [message], "max_tokens": -1 }),
        json!({ "messages": [message], "stream": "yes" }),
    ] {
        served.refused("POST", "/ai-chat", &bad, 400);
    }
    let frozen = Served::with(|settings, _| settings.permission = Permission::ReadOnly);
    frozen.library.use_upstream(Arc::new(mock.upstream()));
    frozen.refused("POST", "/ai-chat", &hello(), 403);
    assert_eq!(mock.asked().len(), 0);
}

#[test]
fn what_an_upstream_refuses_is_passed_on_with_its_status_and_words() {
    let mock = Mock::start();
    let served = served(&mock);
    for is_stream in [false, true] {
        let mut chat = hello();
        chat["stream"] = json!(is_stream);
        for status in [400, 401, 402, 403, 404, 409, 422, 429, 500, 503, 529] {
            let said = format!("{{\"error\":{{\"message\":\"{status}: no\"}}}}");
            let again = said.clone();
            mock.decide(move |_| Some(Reply::Status(status, again.clone())));
            for answer in ask(&served, &chat) {
                assert_eq!((answer.status, answer.json()), (status, json!({ "detail": said })));
                assert_eq!(answer.header("www-authenticate"), "", "that is about another key");
            }
        }
    }
    mock.script([Reply::Later(429, "7"), Reply::Status(418, String::new())]);
    assert_eq!(served.ask("POST", "/iib/ai-chat", &hello()).header("retry-after"), "7");
    let answer = served.ask("POST", "/iib/ai-chat", &hello());
    answer.assert_problem();
    assert_eq!(answer.status, 418);
}

#[test]
fn an_upstream_that_cannot_be_reached_or_understood_is_told() {
    let (mock, other) = (Mock::start(), Mock::start());
    let served = served(&mock);
    for (reply, status) in [
        (Reply::HangUp, 500),
        (Reply::Cut, 500),
        (Reply::Malformed, 502),
        (Reply::Text("text/html", "<html>".into()), 502),
        (Reply::Redirect(other.base()), 502),
    ] {
        mock.script([reply]);
        let answer = served.ask("POST", "/iib/ai-chat", &hello());
        assert_eq!(answer.status, status, "{}", answer.text());
        answer.assert_problem();
    }
    assert_eq!(other.asked().len(), 0);
    mock.decide(|_| Some(Reply::Silence));
    let hasty = Served::new();
    let pace = Pace { answer: Duration::from_millis(50), ..HASTE };
    hasty.library.use_upstream(Arc::new(Upstream::with_pace(mock.config(), pace).unwrap()));
    hasty.refused("POST", "/ai-chat", &hello(), 504);
    drop(mock);
    served.refused("POST", "/ai-chat", &hello(), 500);
}

/// The next piece of a body; `None` at its end.
async fn next(response: &mut Response<Body>) -> Option<Result<Vec<u8>, axum::Error>> {
    let frame = response.body_mut().frame().await?;
    Some(frame.map(|frame| frame.into_data().unwrap().to_vec()))
}

#[test]
fn a_chat_is_heard_while_it_is_said() {
    let mock = Mock::start();
    let served = served(&mock);
    let (say, pieces) = channel();
    mock.script([Reply::Pieces(pieces)]);
    served.runtime.block_on(async {
        let mut response = served.router.clone().oneshot(request(&said_aloud())).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"]),
            (200, &"text/event-stream".parse().unwrap())
        );
        for piece in ["data: {\"choices\":[]}\n\n", "data: 二\n\n", "data: [DONE]\n\n"] {
            say.send(piece.to_owned()).unwrap();
            assert_eq!(next(&mut response).await.unwrap().unwrap(), piece.as_bytes());
        }
        drop(say);
        assert!(next(&mut response).await.is_none());
    });
    assert_eq!(mock.asked()[0].body["stream"], true);
    // One that is not said piece by piece is passed on whole.
    mock.script([Reply::Text("application/json", "{\"choices\":[]}".into())]);
    let [reference, _] = ask(&served, &said_aloud());
    assert_eq!((reference.status, reference.json()), (200, json!({ "choices": [] })));
}

#[test]
fn a_chat_that_breaks_off_upstream_breaks_off_here() {
    let mock = Mock::start();
    let served = served(&mock);
    let (say, pieces) = channel();
    mock.script([Reply::Pieces(pieces)]);
    served.runtime.block_on(async {
        let mut response = served.router.clone().oneshot(request(&said_aloud())).await.unwrap();
        say.send("data: 1\n\n".to_owned()).unwrap();
        assert!(next(&mut response).await.unwrap().is_ok());
        drop(mock);
        assert!(next(&mut response).await.unwrap().is_err());
    });
    drop(say);
}

#[test]
fn a_client_that_goes_takes_its_chat_along() {
    let mock = Arc::new(Mock::start());
    let served = served(&mock);
    let (say, pieces) = channel();
    mock.script([Reply::Pieces(pieces), Reply::Silence]);
    served.runtime.block_on(async {
        let response = served.router.clone().oneshot(request(&said_aloud())).await.unwrap();
        drop(response);
        until(&mock, |mock| mock.wait_gone(1)).await;
        // Also while it waits for a whole answer.
        let mut asking = Box::pin(served.router.clone().oneshot(request(&hello())));
        tokio::select! {
            _ = &mut asking => panic!("it is not answered"),
            () = until(&mock, |mock| mock.wait_asked(2)) => {}
        }
        drop(asking);
        until(&mock, |mock| mock.wait_gone(2)).await;
    });
    drop(say);
}

/// On a thread of its own, so that the runtime goes on.
async fn until(mock: &Arc<Mock>, wait: impl FnOnce(&Mock) + Send + 'static) {
    let mock = Arc::clone(mock);
    tokio::task::spawn_blocking(move || wait(&mock)).await.unwrap();
}

#[test]
fn a_server_that_stops_waits_for_no_chat() {
    let mock = Arc::new(Mock::start());
    let served = Served::with(|settings, _| settings.enable_shutdown = true);
    served.library.use_upstream(Arc::new(mock.upstream()));
    mock.decide(|_| Some(Reply::Silence));
    served.runtime.block_on(async {
        let chat = tokio::spawn(served.router.clone().oneshot(request(&hello())));
        until(&mock, |mock| mock.wait_asked(1)).await;
        let stop = Request::post("/iib/shutdown").body(Body::empty()).unwrap();
        assert_eq!(served.router.clone().oneshot(stop).await.unwrap().status(), 200);
        assert_eq!(chat.await.unwrap().unwrap().status(), 503);
    });
    mock.wait_gone(1);
}
