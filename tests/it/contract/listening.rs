//! The life of a real listener: where it listens, who has the port, how it stops.

use super::served::settings;
use lumidex::intake::IntakeSettings;
use lumidex::library::{Library, LibraryOptions};
use lumidex::serve::{Engine, Refused, ServeError, run};
use lumidex::settings::Settings;
use lumidex::sys::{Stop, Stopper};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

fn library(dir: &Path) -> Arc<dyn Engine> {
    let options = LibraryOptions {
        data_dir: dir.join("data"),
        intake: IntakeSettings::default(),
        watch: None,
        granted: None,
    };
    Arc::new(Library::open(&options).unwrap())
}

fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn request(line: &str) -> String {
    format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
}

/// Runs a server on a free port while `work` asks it; how it ended, and how long it took to stop
/// after `work`.
fn served(
    change: impl FnOnce(&mut Settings, &Path),
    stop: Stop,
    work: impl FnOnce(SocketAddr) + Send + 'static,
) -> (Result<(), ServeError>, Duration) {
    let dir = tempfile::tempdir().unwrap();
    let mut settings = settings(dir.path(), change);
    settings.listen.set_port(0);
    let (bound, address) = channel();
    let worker = std::thread::spawn(move || {
        work(address.recv().unwrap());
        Instant::now()
    });
    let result = run(library(dir.path()), settings, stop, move |address| bound.send(address).unwrap());
    (result, worker.join().unwrap().elapsed())
}

#[test]
fn it_stops_when_told_though_a_connection_idles() {
    let stopper = Stopper::new();
    let (result, took) = served(
        |_, _| {},
        stopper.stop(),
        move |address| {
            let mut idle = TcpStream::connect(address).unwrap();
            idle.write_all(b"GET /iib/hello HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
            let mut first = [0; 12];
            idle.read_exact(&mut first).unwrap();
            assert_eq!(&first, b"HTTP/1.1 200");
            assert!(ask(address, &request("GET /iib/hello")).ends_with("\"hello\""));
            stopper.trigger();
            std::mem::forget(idle);
        },
    );
    assert!(result.is_ok(), "{result:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn streams_of_events_end_at_once_when_it_stops() {
    let stopper = Stopper::new();
    let (result, took) = served(
        |_, _| {},
        stopper.stop(),
        move |address| {
            let mut streams: Vec<TcpStream> = (0..3)
                .map(|_| {
                    let mut stream = TcpStream::connect(address).unwrap();
                    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                    stream.write_all(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
                    let (mut said, mut piece) = (Vec::new(), [0; 4096]);
                    while !String::from_utf8_lossy(&said).contains("event: hello") {
                        let n = stream.read(&mut piece).unwrap();
                        assert!(n > 0, "the stream goes on: {}", String::from_utf8_lossy(&said));
                        said.extend(&piece[..n]);
                    }
                    stream
                })
                .collect();
            stopper.trigger();
            for stream in &mut streams {
                let mut rest = Vec::new();
                stream.read_to_end(&mut rest).unwrap();
                assert!(rest.ends_with(b"0\r\n\r\n"), "it ends, and does not break off");
            }
        },
    );
    assert!(result.is_ok(), "{result:?}");
    // Less than what requests in flight get before they are cut off.
    assert!(took < Duration::from_secs(4), "{took:?}");
}

#[test]
fn a_client_may_stop_it_and_gets_its_answer() {
    let (result, _) = served(
        |settings, _| settings.enable_shutdown = true,
        Stop::never(),
        |address| {
            let answer = ask(address, &request("POST /iib/shutdown"));
            assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("null"), "{answer}");
        },
    );
    assert!(result.is_ok(), "{result:?}");
}

#[test]
fn a_taken_port_is_told_with_its_holder() {
    let dir = tempfile::tempdir().unwrap();
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let settings = settings(dir.path(), |settings, _| settings.listen = holder.local_addr().unwrap());
    let error =
        run(library(dir.path()), settings, Stop::never(), |_| panic!("it cannot be bound")).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, ServeError::Taken { .. }), "{text}");
    if cfg!(target_os = "linux") {
        assert!(text.contains(&format!("process {}", std::process::id())), "{text}");
    }
}

#[test]
fn beyond_this_machine_a_secret_is_demanded() {
    let dir = tempfile::tempdir().unwrap();
    let settings = settings(dir.path(), |settings, _| settings.listen = "0.0.0.0:0".parse().unwrap());
    let error =
        run(library(dir.path()), settings, Stop::never(), |_| panic!("it must not listen")).unwrap_err();
    assert!(matches!(error, ServeError::Refused(Refused::Open(_))), "{error}");
}
