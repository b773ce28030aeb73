//! Questions answered with an object: the form that an upstream takes is found, kept, and what it answers
//! is found in whatever it is wrapped.

use super::{never, status};
use crate::support::upstream::{Asked, Mock, Reply};
use lumidex::upstream::{Effort, Question, Upstream, UpstreamError};
use serde_json::{Value, json};

fn title(object: &Value) -> Result<String, String> {
    object["title"].as_str().map(str::to_owned).ok_or_else(|| "`title` is missing".to_owned())
}

fn ask(upstream: &Upstream) -> Result<String, UpstreamError> {
    let schema = json!({ "type": "object", "properties": { "title": { "type": "string" } } });
    let question = Question {
        model: "mock-title",
        system: "Name the topic.",
        user: "a red fox, a red fox, a fox",
        name: "topic",
        schema: &schema,
    };
    upstream.chat_json(&question, upstream.usual_effort(), &never(), &title)
}

/// How each question was put.
fn forms(mock: &Mock) -> Vec<(Option<String>, bool)> {
    let form = |asked: &Asked| {
        let format = asked.body["response_format"]["type"].as_str().map(str::to_owned);
        (format, asked.body.get("temperature") == Some(&json!(0)))
    };
    mock.asked().iter().map(form).collect()
}

fn form(format: &str, is_cold: bool) -> (Option<String>, bool) {
    ((!format.is_empty()).then(|| format.to_owned()), is_cold)
}

#[test]
fn a_question_is_put_with_its_schema_and_without_chance() {
    let mock = Mock::start();
    assert_eq!(ask(&mock.upstream()).unwrap(), "a fox red");
    let asked = &mock.asked()[0];
    assert_eq!(asked.path, "/v1/chat/completions");
    assert_eq!(asked.body["model"], "mock-title");
    assert_eq!(asked.body["response_format"]["json_schema"]["schema"]["type"], "object");
    assert_eq!(asked.body["messages"][0], json!({ "role": "system", "content": "Name the topic." }));
    assert_eq!(forms(&mock), [form("json_schema", true)]);
}

#[test]
fn a_form_that_is_refused_is_given_up_once_and_for_all() {
    let mock = Mock::start();
    mock.decide(|asked| {
        let is_refused = asked.body.get("response_format").is_some();
        is_refused.then(|| Reply::Status(400, "response_format is not supported".into()))
    });
    let upstream = mock.upstream();
    for _ in 0..2 {
        assert_eq!(ask(&upstream).unwrap(), "a fox red");
    }
    let want = [form("json_schema", true), form("json_object", true), form("", true), form("", true)];
    assert_eq!(forms(&mock), want);
    let system = mock.asked()[3].body["messages"][0]["content"].as_str().unwrap().to_owned();
    assert!(system.contains("JSON Schema") && system.contains("\"title\""), "{system}");
}

#[test]
fn a_model_that_wants_its_own_temperature_gets_it() {
    let mock = Mock::start();
    mock.decide(|asked| {
        let is_refused = asked.body.get("temperature").is_some();
        is_refused.then(|| Reply::Status(400, "'temperature' does not support 0 with this model".into()))
    });
    let upstream = mock.upstream();
    for _ in 0..2 {
        assert_eq!(ask(&upstream).unwrap(), "a fox red");
    }
    let want = [form("json_schema", true), form("json_schema", false), form("json_schema", false)];
    assert_eq!(forms(&mock), want);
}

#[test]
fn what_is_refused_in_every_form_is_told_and_not_kept() {
    let mock = Mock::start();
    mock.script([400, 400, 422].map(|code| Reply::Status(code, "the prompt is too long".into())));
    let upstream = mock.upstream();
    let error = ask(&upstream).unwrap_err();
    assert_eq!(status(&error), 422);
    assert!(ask(&upstream).is_ok());
    assert_eq!(forms(&mock)[3], form("json_schema", true), "it was not the form");
    for code in [401, 403, 404] {
        mock.script([Reply::Status(code, "no".into())]);
        assert_eq!(status(&ask(&upstream).unwrap_err()), code);
    }
    assert_eq!(mock.asked().len(), 7);
}

#[test]
fn answers_come_as_events_in_fences_and_after_thoughts() {
    let mock = Mock::start();
    let upstream = mock.upstream();
    for said in [
        "{\"title\":\"Foxes\"}",
        "```json\n{\"title\":\"Foxes\"}\n```",
        "<think>{\"title\":\"Dogs\"}</think>Here: {\"title\":\"Foxes\"}.",
    ] {
        mock.chats(move |_| said.to_owned());
        assert_eq!(ask(&upstream).unwrap(), "Foxes");
    }
    let delta =
        |text: &str| format!("data: {}\n\n", json!({ "choices": [{ "delta": { "content": text } }] }));
    let events =
        [delta("{\"ti"), delta("tle\":\"Fox"), delta("es\"}"), "data: [DONE]\n\n".to_owned()].concat();
    mock.script([Reply::Text("text/event-stream", events)]);
    assert_eq!(ask(&upstream).unwrap(), "Foxes");
}

#[test]
fn an_answer_of_no_use_is_asked_for_again_and_then_told() {
    let mock = Mock::start();
    mock.script([Reply::Malformed, Reply::HangUp, Reply::Later(429, "0"), Reply::Status(500, String::new())]);
    assert!(ask(&mock.upstream()).is_ok());
    assert_eq!(mock.asked().len(), 5);

    let mock = Mock::start();
    mock.chats(|_| "{\"keywords\":[]}".to_owned());
    let error = ask(&mock.upstream()).unwrap_err();
    assert!(matches!(&error, UpstreamError::Unusable(text) if text.contains("`title`")), "{error}");
    assert_eq!(mock.asked().len(), 5);
}

#[test]
fn effort_is_what_the_caller_says() {
    let mock = Mock::start();
    mock.decide(|_| Some(Reply::Status(503, String::new())));
    let upstream = mock.upstream();
    let effort = Effort { attempts: 2, ..upstream.usual_effort() };
    let question = Question { model: "m", system: "", user: "", name: "x", schema: &Value::Null };
    assert!(upstream.chat_json(&question, effort, &never(), &title).is_err());
    assert_eq!(mock.asked().len(), 2);
}
