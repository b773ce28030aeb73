//! Classes 6 and 20 on the wire: requests that are none, that end at two places, that never end, or that come by the
//! thousand; over real connections to the real program.

use crate::live::{Program, command, pictures};
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

struct Wired {
    program: Program,
    address: SocketAddr,
    _dir: tempfile::TempDir,
}

fn wired() -> Wired {
    let dir = tempfile::tempdir().unwrap();
    let pics = dir.path().join("pics");
    pictures(&pics, 6);
    let program = Program::start_as(command(&dir.path().join("data")), &[&pics]);
    program.reference("/db/update_image_data", &json!({}));
    let address = program.url.strip_prefix("http://").unwrap().parse().unwrap();
    Wired { program, address, _dir: dir }
}

impl Wired {
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// Everything that is said until the end of the connection, which the last request asks for.
    fn said(&self, request: &[u8]) -> String {
        let mut stream = self.connect();
        // The server may have enough before it has heard all.
        let _ = stream.write_all(request);
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said);
        String::from_utf8_lossy(&said).into_owned()
    }

    fn is_well(&self) {
        assert_eq!(self.program.get("/iib/hello"), "hello");
    }
}

/// Ends a connection that is still understood.
const LAST: &str = "GET /iib/hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

fn statuses(said: &str) -> Vec<&str> {
    said.match_indices("HTTP/1.1 ").map(|(at, _)| &said[at + 9..at + 12]).collect()
}

#[test]
fn a_request_that_does_not_say_once_whom_it_means_is_refused() {
    let wired = wired();
    let tail = "Connection: close\r\n\r\n";
    for (head, want) in [
        ("GET /iib/hello HTTP/1.1\r\nHost: localhost\r\n", "200"),
        ("GET /iib/hello HTTP/1.1\r\n", "400"),
        ("GET /iib/hello HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n", "400"),
        ("GET /iib/hello HTTP/1.1\r\nHost: localhost\r\nHost: evil.test\r\n", "400"),
        ("GET /iib/hello HTTP/1.1\r\nHost: evil.test\r\n", "403"),
        ("GET /iib/hello HTTP/1.1\r\nHost: localhost.evil.test\r\n", "403"),
        ("GET /iib/hello HTTP/1.1\r\nHost: \r\n", "403"),
        ("GET http://evil.test/iib/hello HTTP/1.1\r\nHost: localhost\r\n", "403"),
        ("GET http://localhost/iib/hello HTTP/1.1\r\nHost: evil.test\r\n", "403"),
        ("GET http://localhost/iib/hello HTTP/1.1\r\nHost: localhost\r\n", "200"),
        ("GET //evil.test/iib/hello HTTP/1.1\r\nHost: localhost\r\n", "404"),
        ("CONNECT evil.test:80 HTTP/1.1\r\nHost: localhost\r\n", "403"),
        ("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n", "404"),
        ("TRACE /iib/hello HTTP/1.1\r\nHost: localhost\r\n", "405"),
    ] {
        let said = wired.said(format!("{head}{tail}").as_bytes());
        assert_eq!(statuses(&said), [want], "{head:?}: {said}");
    }
    let old = wired.said(b"GET /iib/hello HTTP/1.0\r\n\r\n");
    assert!(old.starts_with("HTTP/1.0 400"), "{old}");
}

#[test]
fn a_request_in_a_request_is_not_heard() {
    let wired = wired();
    let smuggled = "{\"name\":\"smuggled\",\"value\":\"1\"}";
    let inner = format!(
        "POST /iib/app_fe_setting HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{smuggled}",
        smuggled.len()
    );
    let chunk = format!("{:x}\r\n{inner}\r\n0\r\n\r\n", inner.len());
    for head in [
        format!("Content-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}", chunk.len()),
        format!("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n{chunk}"),
        format!("Content-Length: 0\r\nContent-Length: {}\r\n\r\n{inner}", inner.len()),
        format!("Content-Length: {}, 0\r\n\r\n{inner}", inner.len()),
        format!("Content-Length: +{}\r\n\r\n{inner}", inner.len()),
        format!("Content-Length: -1\r\n\r\n{inner}"),
        format!("Content-Length: 0x10\r\n\r\n{inner}"),
        format!("Content-Length : 0\r\n\r\n{inner}"),
        format!("Transfer-Encoding: xchunked\r\n\r\n{chunk}"),
        format!("Transfer-Encoding: chunked, identity\r\n\r\n{chunk}"),
        format!("Transfer-Encoding : chunked\r\n\r\n{chunk}"),
        format!("X: y\r\n Transfer-Encoding: chunked\r\n\r\n{chunk}"),
        format!("Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{inner}"),
        format!("Transfer-Encoding: chunked\r\n\r\n-1\r\n{inner}"),
    ] {
        for line in ["POST /iib/db/update_tag", "GET /iib/hello"] {
            let said = wired.said(format!("{line} HTTP/1.1\r\nHost: localhost\r\n{head}{LAST}").as_bytes());
            let heard = statuses(&said);
            // The request or its refusal, and perhaps the last one.
            assert!(heard.len() <= 2, "{line} {head:?}: {said}");
            assert!(heard[0].starts_with('4') || line.starts_with("GET"), "{line} {head:?}: {said}");
        }
    }
    // A body that a GET need not have is no request either.
    let head =
        format!("GET /iib/hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", inner.len());
    let said = wired.said(format!("{head}{inner}{LAST}").as_bytes());
    assert!(statuses(&said).len() <= 2, "{said}");
    let settings = &wired.program.get("/iib/global_setting")["app_fe_setting"];
    assert_eq!(settings, &json!({}), "nothing was smuggled in");
    // The same request by itself is heard, and so are two in a row.
    let three = format!("GET /iib/hello HTTP/1.1\r\nHost: localhost\r\n\r\n{inner}{LAST}");
    assert_eq!(statuses(&wired.said(three.as_bytes())), ["200", "200", "200"]);
}

#[test]
fn heads_and_bodies_beyond_measure_are_refused_before_they_are_kept() {
    let wired = wired();
    let long = "x".repeat(1 << 20);
    let many: String = (0..5_000).map(|nth| format!("X-{nth}: y\r\n")).collect();
    for head in [
        format!("GET /iib/hello?{long} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        format!("GET /iib/hello HTTP/1.1\r\nHost: localhost\r\nX: {long}\r\n\r\n"),
        format!("GET /iib/hello HTTP/1.1\r\nHost: localhost\r\n{many}\r\n"),
        format!("GET /iib/hello HTTP/1.1\r\nHost: {long}\r\n\r\n"),
        format!("{long} /iib/hello HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        "\0\0\0\0\r\n\r\n".to_owned(),
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
    ] {
        let said = wired.said(head.as_bytes());
        let heard = statuses(&said);
        assert!(heard.is_empty() || heard[0].starts_with('4'), "{}: {said}", &head[..60.min(head.len())]);
    }
    let declared = "POST /iib/zip HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1073741824\r\n\r\n{";
    assert_eq!(statuses(&wired.said(declared.as_bytes())), ["413"]);
    // A body without a length that does not end: told before its end, and not kept.
    let mut stream = wired.connect();
    stream
        .write_all(b"POST /iib/zip HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        .unwrap();
    let piece = [format!("{:x}\r\n", 1 << 20).into_bytes(), vec![b' '; 1 << 20], b"\r\n".to_vec()].concat();
    let mut sent = 0;
    while sent < 64 && stream.write_all(&piece).is_ok() {
        sent += 1;
    }
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    assert!(sent < 64 || said.starts_with(b"HTTP/1.1 413"), "{sent} MiB were taken");
    wired.is_well();
}

#[test]
fn clients_that_never_end_what_they_say_hold_up_no_others() {
    let wired = wired();
    let heads = ["G", "GET /iib/hello HTTP/1.1\r\n", "GET /iib/hello HTTP/1.1\r\nHost: localhost\r\nX: "];
    let bodies = ["POST /iib/zip HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n{\"paths\":["];
    let slow: Vec<TcpStream> = (0..200)
        .map(|nth| {
            let mut stream = wired.connect();
            let said = heads.iter().chain(&bodies).nth(nth % 4).unwrap();
            stream.write_all(said.as_bytes()).unwrap();
            stream
        })
        .collect();
    wired.is_well();
    let found = wired.program.reference("/db/search_by_substr", &json!({ "surstr": "" }));
    assert_eq!(found["files"].as_array().unwrap().len(), 6);
    drop(slow);
}

/// From another address of this machine, as another client.
fn connect_from(from: [u8; 4], to: SocketAddr) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from((from, 0))).unwrap();
        socket.connect(to).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

#[test]
#[cfg(target_os = "linux")]
fn one_client_does_not_take_the_room_of_all() {
    let wired = wired();
    let crowd: Vec<TcpStream> = (0..400).map(|_| connect_from([127, 0, 0, 9], wired.address)).collect();
    let mut turned_away = 0;
    for stream in crowd.iter().rev().take(100) {
        let mut said = Vec::new();
        // Those that have a place are silent, so only those are asked that came too late.
        let _ = (&mut &*stream).read_to_end(&mut said);
        turned_away += usize::from(said.is_empty() || said.starts_with(b"HTTP/1.1 503"));
    }
    assert_eq!(turned_away, 100, "the last of 400");
    let mut other = connect_from([127, 0, 0, 10], wired.address);
    other.write_all(b"GET /iib/hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut said = String::new();
    other.read_to_string(&mut said).unwrap();
    assert_eq!(statuses(&said), ["200"], "{said}");
    // Whoever goes makes room.
    drop(crowd);
    crate::support::watched::until(
        "there is room again",
        || {
            let mut again = connect_from([127, 0, 0, 9], wired.address);
            let _ =
                again.write_all(b"GET /iib/hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            let mut said = String::new();
            again.read_to_string(&mut said).is_ok() && statuses(&said) == ["200"]
        },
        String::new,
    );
}
