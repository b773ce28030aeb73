//! What is waited for and how long, how one stops waiting, and where the key goes.

use super::never;
use crate::support::upstream::{HASTE, Mock, Reply};
use lumidex::sys::Stopper;
use lumidex::upstream::{Chat, Chatted, Config, Key, Pace, Streamed, Upstream, UpstreamError};
use serde_json::json;
use std::sync::mpsc::channel;
use std::time::Duration;

const SOON: Duration = Duration::from_millis(50);

fn chat(stream: bool) -> Chat {
    let messages = vec![json!({ "role": "user", "content": "a red fox" })];
    Chat { messages, temperature: 1.into(), max_tokens: None, stream }
}

fn streamed(upstream: &Upstream) -> Streamed {
    match upstream.chat(&chat(true), &never()).unwrap() {
        Chatted::Stream(streamed) => streamed,
        Chatted::Whole(body) => panic!("a stream was expected: {body:?}"),
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn an_upstream_that_says_nothing_or_does_not_end_is_given_up() {
    for reply in [|| Reply::Silence, || Reply::Drip] {
        let mock = Mock::start();
        mock.decide(move |_| Some(reply()));
        let upstream =
            Upstream::with_pace(mock.config(), Pace { answer: SOON, attempts: 2, ..HASTE }).unwrap();
        let error = upstream.embed("m", &["a"], &never()).unwrap_err();
        assert!(matches!(error, UpstreamError::Timeout { after: SOON, .. }), "{error}");
        // And left: nothing goes on behind our back.
        mock.wait_gone(2);
        assert_eq!(mock.asked().len(), 2);
    }
}

#[test]
fn whoever_is_told_to_stop_stops_at_once_and_leaves_the_upstream() {
    let mock = Mock::start();
    mock.decide(|_| Some(Reply::Silence));
    let (upstream, stopper) = (mock.upstream(), Stopper::new());
    let stop = stopper.stop();
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| upstream.embed("m", &["a"], &stop));
        mock.wait_asked(1);
        stopper.trigger();
        assert_eq!(asking.join().unwrap(), Err(UpstreamError::Stopped));
    });
    mock.wait_gone(1);
    assert_eq!(upstream.embed("m", &["a"], &stop), Err(UpstreamError::Stopped), "and begins nothing");
}

#[test]
fn the_key_is_not_taken_to_where_an_upstream_points() {
    let (mock, other) = (Mock::start(), Mock::start());
    mock.script([Reply::Redirect(format!("{}/embeddings", other.base()))]);
    let error = mock.upstream().embed("m", &["a"], &never()).unwrap_err();
    assert!(
        matches!(&error, UpstreamError::Status { status: 307, text, .. } if text.contains(&other.base()))
    );
    assert_eq!((mock.asked().len(), other.asked().len()), (1, 0));
}

#[test]
fn what_shall_be_encrypted_is_never_sent_in_the_clear() {
    let mock = Mock::start();
    let config = Config::new(&mock.base().replace("http:", "https:"), Some(Key::new("sk-mock"))).unwrap();
    let upstream = Upstream::with_pace(config, Pace { attempts: 1, ..HASTE }).unwrap();
    let error = upstream.embed("m", &["a"], &never()).unwrap_err();
    assert!(matches!(error, UpstreamError::Network { .. }), "{error}");
    assert_eq!(mock.asked().len(), 0, "what does not speak TLS hears nothing it understands");
}

#[test]
fn nothing_shows_the_key() {
    let mock = Mock::start();
    let upstream = mock.upstream();
    assert!(!format!("{upstream:?} {:?}", mock.config()).contains("sk-mock"));
}

#[test]
fn a_stream_comes_piece_by_piece_as_it_is_said() {
    let mock = Mock::start();
    let (say, pieces) = channel();
    mock.script([Reply::Pieces(pieces)]);
    let upstream = mock.upstream();
    let mut streamed = streamed(&upstream);
    block_on(async {
        for piece in ["data: 1\n\n", "data: 二\n\n"] {
            // Said only once what was said before has come.
            say.send(piece.to_owned()).unwrap();
            assert_eq!(streamed.next().await.unwrap().unwrap(), piece);
        }
        drop(say);
        assert_eq!(streamed.next().await, Ok(None));
    });
    assert_eq!(mock.asked()[0].body["stream"], true);
    assert_eq!(mock.asked()[0].body["model"], "mock-chat");
}

#[test]
fn a_stream_that_nobody_takes_is_left() {
    let mock = Mock::start();
    let (say, pieces) = channel();
    mock.script([Reply::Pieces(pieces)]);
    let upstream = mock.upstream();
    let streamed = streamed(&upstream);
    drop(streamed);
    mock.wait_gone(1);
    drop(say);
}

#[test]
fn a_stream_that_stands_still_or_breaks_is_told() {
    let mock = Mock::start();
    let (say, pieces) = channel();
    mock.script([Reply::Pieces(pieces)]);
    let upstream = Upstream::with_pace(mock.config(), Pace { piece: SOON, ..HASTE }).unwrap();
    let mut standing = streamed(&upstream);
    let error = block_on(standing.next()).unwrap_err();
    assert!(matches!(error, UpstreamError::Timeout { after: SOON, .. }), "{error}");
    mock.wait_gone(1);
    drop(say);

    let (say, pieces) = channel();
    mock.script([Reply::Pieces(pieces)]);
    let mut broken = streamed(&upstream);
    drop(mock);
    let error = block_on(broken.next()).unwrap_err();
    assert!(matches!(error, UpstreamError::Network { .. }), "{error}");
    drop(say);
}

#[test]
fn a_chat_is_passed_on_once_and_as_it_is() {
    let mock = Mock::start();
    let body = r#"{ "choices": [{"message":{"content":"hi"}}], "odd": [1e2,null] }"#;
    mock.script([Reply::Text("application/json", body.into()), Reply::Status(503, "tired".into())]);
    let upstream = mock.upstream();
    match upstream.chat(&chat(false), &never()).unwrap() {
        Chatted::Whole(whole) => assert_eq!(whole, body.as_bytes()),
        Chatted::Stream(_) => panic!("it is whole"),
    }
    assert!(matches!(upstream.chat(&chat(false), &never()), Err(UpstreamError::Status { status: 503, .. })));
    assert_eq!(mock.asked().len(), 2, "whoever waits decides whether to ask again");
    mock.script([Reply::Text("text/html", "<html>".into())]);
    let error = upstream.chat(&chat(false), &never()).unwrap_err();
    assert!(error.to_string().contains("OPENAI_BASE_URL"), "{error}");
}
