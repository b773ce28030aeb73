//! What a chat model said, out of the several ways in which it may have been sent, and the object in it.
//! Pure.

use super::wire::Whole;
use crate::limits::upstream::OBJECTS_LOOKED_FOR_MAX;
use serde_json::Value;

/// The text of the first choice, whether it came whole or as events.
///
/// # Errors
/// What is wrong with the answer, in words.
pub(super) fn said(whole: &Whole) -> Result<String, String> {
    let text = std::str::from_utf8(&whole.body).map_err(|_| "it is no text".to_owned())?;
    let is_json = text.trim_start().starts_with('{');
    if whole.content_type.starts_with("text/event-stream") || !is_json && text.contains("data:") {
        return said_in_events(text);
    }
    let answer: Value = serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
    let choice = &answer["choices"][0];
    let said = content(&choice["message"]["content"]);
    match (said.is_empty(), choice["message"]["refusal"].as_str()) {
        (false, _) if choice["finish_reason"] == "length" => Err("it was cut off for its length".to_owned()),
        (false, _) => Ok(said),
        (true, Some(refusal)) => Err(format!("the model refuses: {refusal}")),
        (true, None) => Err("nothing was said in it".to_owned()),
    }
}

fn said_in_events(text: &str) -> Result<String, String> {
    let mut said = String::new();
    for line in text.lines() {
        let Some(data) = line.strip_prefix("data:").map(str::trim) else { continue };
        if data == "[DONE]" {
            break;
        }
        let event: Value =
            serde_json::from_str(data).map_err(|error| format!("an event of it is no JSON: {error}"))?;
        if let Some(error) = event.get("error") {
            return Err(format!("the upstream broke it off: {error}"));
        }
        said.push_str(&content(&event["choices"][0]["delta"]["content"]));
    }
    if said.is_empty() { Err("nothing was said in its events".to_owned()) } else { Ok(said) }
}

/// A text, or parts that hold texts.
fn content(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    }
}

/// What `read` makes of the first object in a text that it can use. Models think aloud before, explain
/// after, and put fences around.
///
/// # Errors
/// What is wrong with the last object looked at, in words.
pub(super) fn object<T>(text: &str, read: &dyn Fn(&Value) -> Result<T, String>) -> Result<T, String> {
    let text = text.rsplit_once("</think>").map_or(text, |(_, text)| text);
    let mut wrong = "there is no JSON object in it".to_owned();
    let mut from = 0;
    for _ in 0..OBJECTS_LOOKED_FOR_MAX {
        let Some(at) = text[from..].find('{').map(|at| from + at) else { break };
        let mut objects = serde_json::Deserializer::from_str(&text[at..]).into_iter::<Value>();
        match objects.next() {
            Some(Ok(object)) => match read(&object) {
                Ok(read) => return Ok(read),
                Err(error) => {
                    wrong = error;
                    from = at + objects.byte_offset();
                }
            },
            Some(Err(_)) | None => from = at + 1,
        }
    }
    Err(wrong)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(content_type: &str, body: &str) -> Result<String, String> {
        said(&Whole { content_type: content_type.to_owned(), body: body.as_bytes().to_vec() })
    }

    #[test]
    fn what_was_said_is_found_whole_and_in_events() {
        let json = "application/json";
        let whole = r#"{"choices":[{"message":{"content":"hé \"x\""},"finish_reason":"stop"}]}"#;
        assert_eq!(check(json, whole).unwrap(), "hé \"x\"");
        let parts = r#"{"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}}]}"#;
        assert_eq!(check(json, parts).unwrap(), "ab");
        let events = ": hello\r\n\r\ndata: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\r\n\
            \r\nevent: x\ndata:{\"choices\":[{\"delta\":{\"content\":\"{\\\"a\\\":\"}}]}\n\n\
            data: {\"choices\":[{\"delta\":{\"content\":\"1}\"}}]}\n\ndata: {\"choices\":[]}\n\ndata: [DONE]\n\ndata: x\n";
        assert_eq!(check("text/event-stream; charset=utf-8", events).unwrap(), "{\"a\":1}");
        assert_eq!(check(json, events).unwrap(), "{\"a\":1}", "whatever it is called");
    }

    #[test]
    fn what_is_no_answer_is_told() {
        for (body, says) in [
            ("", "no JSON"),
            ("<html>", "no JSON"),
            ("{}", "nothing was said"),
            (r#"{"choices":[{"message":{"content":null,"refusal":"not that"}}]}"#, "not that"),
            (r#"{"choices":[{"message":{"content":"{\"a\":"},"finish_reason":"length"}]}"#, "cut off"),
            ("data: {\"error\":{\"message\":\"overloaded\"}}\n", "overloaded"),
            ("data: {\n", "no JSON"),
            ("data: [DONE]\n", "nothing was said"),
        ] {
            let error = check("", body).unwrap_err();
            assert!(error.contains(says), "{body} {error}");
        }
    }

    fn title(object: &Value) -> Result<String, String> {
        object["title"].as_str().map(str::to_owned).ok_or_else(|| "`title` is missing".to_owned())
    }

    #[test]
    fn the_object_is_found_among_what_models_say_around_it() {
        for text in [
            r#"{"title":"Foxes"}"#,
            "```json\n{\"title\": \"Foxes\"}\n```",
            "<think>{\"title\":\"Dogs\"} or {foxes}?</think>\n\n{\"title\":\"Foxes\"}",
            "Sure {here} it is: {\"keywords\":[]} no, {\"title\":\"Foxes\",\"more\":{}} enjoy!",
        ] {
            assert_eq!(object(text, &title).as_deref(), Ok("Foxes"), "{text}");
        }
        assert!(object("{\"keywords\":[]}", &title).unwrap_err().contains("`title`"));
        assert!(object("[1] none", &title).unwrap_err().contains("no JSON object"));
        assert!(object(&"{".repeat(100_000), &title).is_err(), "and soon");
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in any::<String>(), kind in "text/event-stream|x") {
            let _ = check(&kind, &text);
            let _ = object(&text, &title);
        }
    }
}
