//! An OpenAI-compatible service on loopback that does as it is told: deterministic vectors and chats, and
//! every fault a real one has, by script. It remembers what it was asked and ends with its value.

use lumidex::upstream::{Config, Key, Pace, Upstream};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Numbers in each vector.
pub const DIMENSION: usize = 64;

/// Troubles are tried again at once, and nothing is waited for that is there soon.
pub const HASTE: Pace = Pace {
    connect: Duration::from_secs(20),
    answer: Duration::from_secs(20),
    piece: Duration::from_secs(20),
    attempts: 5,
    pause: Duration::ZERO,
    pause_max: Duration::ZERO,
};

/// The service.
pub struct Mock {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

/// What it was asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Below the host.
    pub path: String,
    /// The header that shows the key.
    pub authorization: Option<String>,
    pub body: Value,
}

/// What it answers in place of what it should.
pub enum Reply {
    /// This status and body.
    Status(u16, String),
    /// This status, with this `Retry-After`.
    Later(u16, &'static str),
    /// 200 and this body, called so.
    Text(&'static str, String),
    /// 307 to this address.
    Redirect(String),
    /// A body that ends in the middle of its JSON.
    Malformed,
    /// A connection that ends in the middle of the body.
    Cut,
    /// A connection that ends without a word.
    HangUp,
    /// Nothing, until the client goes.
    Silence,
    /// A good beginning, then a blank at a time, until the client goes.
    Drip,
    /// One vector less than was asked for.
    Few,
    /// A last vector that is longer than the others.
    Mixed,
    /// Events, each when the test gives it; the connection ends cleanly when the test gives no more.
    Pieces(Receiver<String>),
    /// As asked.
    Right,
}

type Decide = Box<dyn Fn(&Asked) -> Option<Reply> + Send>;
type Chat = Box<dyn Fn(&Value) -> String + Send>;

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    asked: Vec<Asked>,
    script: VecDeque<Reply>,
    decide: Option<Decide>,
    chat: Option<Chat>,
    /// Connections that the client ended while it was owed something.
    n_gone: usize,
    /// By the number of the connection.
    open: BTreeMap<usize, TcpStream>,
    is_stopping: bool,
}

impl Mock {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let accepting = Arc::clone(&shared);
        let listener = std::thread::spawn(move || {
            for (nth, stream) in listener.incoming().enumerate() {
                let mut state = accepting.state.lock().unwrap();
                if state.is_stopping {
                    return;
                }
                let Ok(stream) = stream else { continue };
                state.open.insert(nth, stream.try_clone().unwrap());
                let serving = Arc::clone(&accepting);
                // It ends with its connection.
                std::thread::spawn(move || {
                    serving.serve(stream);
                    serving.state.lock().unwrap().open.remove(&nth);
                });
            }
        });
        Self { address, shared, listener: Some(listener) }
    }

    /// Its address as a setting.
    pub fn base(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// As settings with the key `sk-mock`.
    pub fn config(&self) -> Config {
        let mut config = Config::new(&self.base(), Some(Key::new("sk-mock"))).unwrap();
        config.embedding_model = "mock-embed".to_owned();
        config.chat_model = "mock-chat".to_owned();
        config.title_model = "mock-title".to_owned();
        config
    }

    /// Asked in haste.
    pub fn upstream(&self) -> Upstream {
        Upstream::with_pace(self.config(), HASTE).unwrap()
    }

    /// Answers the next requests so, one each; after them as it should.
    pub fn script(&self, replies: impl IntoIterator<Item = Reply>) {
        self.shared.state.lock().unwrap().script.extend(replies);
    }

    /// Asks this first, after the script.
    pub fn decide(&self, decide: impl Fn(&Asked) -> Option<Reply> + Send + 'static) {
        self.shared.state.lock().unwrap().decide = Some(Box::new(decide));
    }

    /// From now on says in chats what this makes of the request.
    pub fn chats(&self, chat: impl Fn(&Value) -> String + Send + 'static) {
        self.shared.state.lock().unwrap().chat = Some(Box::new(chat));
    }

    /// Everything it was asked, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.state.lock().unwrap().asked.clone()
    }

    /// The texts of each request for vectors.
    pub fn batches(&self) -> Vec<Vec<String>> {
        let asked = self.asked();
        let embeddings = asked.iter().filter(|asked| asked.path == "/v1/embeddings");
        embeddings.map(|asked| texts(&asked.body)).collect()
    }

    /// Waits until so many clients went away while something was owed to them.
    pub fn wait_gone(&self, n: usize) {
        let state = self.shared.state.lock().unwrap();
        let patience = Duration::from_secs(60);
        let waited = self.shared.changed.wait_timeout_while(state, patience, |state| state.n_gone < n);
        assert!(!waited.unwrap().1.timed_out(), "the client stays");
    }

    /// Waits until it was asked so often.
    pub fn wait_asked(&self, n: usize) {
        let state = self.shared.state.lock().unwrap();
        let patience = Duration::from_secs(60);
        let waited = self.shared.changed.wait_timeout_while(state, patience, |state| state.asked.len() < n);
        assert!(!waited.unwrap().1.timed_out(), "it is not asked");
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock().unwrap();
        state.is_stopping = true;
        for stream in state.open.values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(state);
        // Wakes whoever waits for a connection.
        drop(TcpStream::connect(self.address));
        self.listener.take().unwrap().join().unwrap();
    }
}

impl Shared {
    /// One request; a client that goes away is no failure.
    fn serve(self: &Arc<Self>, mut stream: TcpStream) {
        let Some(asked) = read(&stream) else { return };
        let (reply, said) = {
            let mut state = self.state.lock().unwrap();
            state.asked.push(asked.clone());
            let scripted = state.script.pop_front();
            let decided = || state.decide.as_ref().and_then(|decide| decide(&asked));
            let said = state.chat.as_ref().map_or_else(|| title(&asked.body), |chat| chat(&asked.body));
            (scripted.or_else(decided).unwrap_or(Reply::Right), said)
        };
        self.changed.notify_all();
        let right = |asked: &Asked| match asked.path.as_str() {
            "/v1/embeddings" => embeddings(&texts(&asked.body)),
            _ => chat(&said),
        };
        let _ = match reply {
            Reply::Status(status, body) => send(&mut stream, status, "application/json", "", &body),
            Reply::Later(status, when) => {
                send(&mut stream, status, "application/json", &format!("Retry-After: {when}\r\n"), "later")
            }
            Reply::Text(kind, body) => send(&mut stream, 200, kind, "", &body),
            Reply::Redirect(to) => send(&mut stream, 307, "text/plain", &format!("Location: {to}\r\n"), ""),
            Reply::Malformed => {
                send(&mut stream, 200, "application/json", "", "{\"data\":[{\"embedding\":[0.5,")
            }
            Reply::Cut => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"data\":["),
            Reply::HangUp => Ok(()),
            Reply::Silence => {
                self.watch(&stream, &Arc::default()).join().unwrap();
                Ok(())
            }
            Reply::Drip => self.drip(&mut stream),
            Reply::Few => {
                let mut answer = right(&asked);
                answer["data"].as_array_mut().unwrap().pop();
                send(&mut stream, 200, "application/json", "", &answer.to_string())
            }
            Reply::Mixed => {
                let mut answer = right(&asked);
                let last = answer["data"].as_array_mut().unwrap().last_mut().unwrap();
                last["embedding"].as_array_mut().unwrap().push(json!(0.5));
                send(&mut stream, 200, "application/json", "", &answer.to_string())
            }
            Reply::Pieces(pieces) => {
                let is_done = Arc::new(AtomicBool::new(false));
                self.watch(&stream, &is_done);
                let end = std::iter::from_fn(|| {
                    is_done.store(true, Ordering::SeqCst);
                    None
                });
                stream_out(&mut stream, pieces.into_iter().chain(end))
            }
            Reply::Right if asked.body["stream"] == true => stream_out(&mut stream, spelt(&said)),
            Reply::Right => send(&mut stream, 200, "application/json", "", &right(&asked).to_string()),
        };
        let _ = stream.shutdown(Shutdown::Both);
    }

    /// Counts the client if it goes before all is done.
    fn watch(self: &Arc<Self>, stream: &TcpStream, is_done: &Arc<AtomicBool>) -> JoinHandle<()> {
        let (shared, is_done) = (Arc::clone(self), Arc::clone(is_done));
        let mut stream = stream.try_clone().unwrap();
        std::thread::spawn(move || {
            while stream.read(&mut [0; 64]).is_ok_and(|n| n > 0) {}
            if !is_done.load(Ordering::SeqCst) {
                shared.went();
            }
        })
    }

    fn drip(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"data\":[")?;
        while stream.write_all(b" ").is_ok() {}
        self.went();
        Ok(())
    }

    fn went(&self) {
        self.state.lock().unwrap().n_gone += 1;
        self.changed.notify_all();
    }
}

/// The vector of a text: texts that share words are alike.
pub fn vector(text: &str) -> Vec<f32> {
    let mut sum = vec![0.0_f32; DIMENSION];
    for word in words(text) {
        let mut bytes = [0; DIMENSION];
        blake3::Hasher::new().update(word.as_bytes()).finalize_xof().fill(&mut bytes);
        sum.iter_mut().zip(bytes).for_each(|(sum, byte)| *sum += f32::from(byte) - 127.5);
    }
    let length = sum.iter().map(|number| number * number).sum::<f32>().sqrt();
    match length > 0.0 {
        true => sum.iter().map(|number| number / length).collect(),
        false => (0..DIMENSION).map(|nth| if nth == 0 { 1.0 } else { 0.0 }).collect(),
    }
}

/// Runs of letters and digits; where a script has no blanks, each letter.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for run in text.to_lowercase().split(|letter: char| !letter.is_alphanumeric()) {
        match run.is_ascii() {
            true if run.is_empty() => {}
            true => words.push(run.to_owned()),
            false => words.extend(run.chars().map(String::from)),
        }
    }
    words
}

fn texts(body: &Value) -> Vec<String> {
    let texts = body["input"].as_array().into_iter().flatten();
    texts.map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// In reverse order, which `index` sets right.
fn embeddings(texts: &[String]) -> Value {
    let item = |(index, text): (usize, &String)| json!({ "object": "embedding", "index": index, "embedding": vector(text) });
    let data: Vec<Value> = texts.iter().enumerate().map(item).rev().collect();
    json!({ "object": "list", "data": data, "model": "mock-embed", "usage": { "total_tokens": texts.len() } })
}

fn chat(said: &str) -> Value {
    let message = json!({ "role": "assistant", "content": said });
    json!({ "id": "mock", "object": "chat.completion", "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }] })
}

/// A title and keywords out of the commonest words of what the user says.
fn title(body: &Value) -> String {
    let messages = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let user = messages.iter().rfind(|message| message["role"] == "user");
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for word in words(user.and_then(|message| message["content"].as_str()).unwrap_or_default()) {
        *counts.entry(word).or_default() += 1;
    }
    let mut counted: Vec<_> = counts.into_iter().collect();
    counted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let keywords: Vec<String> = counted.into_iter().take(3).map(|(word, _)| word).collect();
    json!({ "title": keywords.join(" "), "keywords": keywords }).to_string()
}

/// What is said as events of four letters each.
fn spelt(said: &str) -> impl Iterator<Item = String> {
    let letters: Vec<char> = said.chars().collect();
    let parts: Vec<String> = letters.chunks(4).map(|part| part.iter().collect()).collect();
    let event = |part: String| {
        format!("data: {}\n\n", json!({ "choices": [{ "index": 0, "delta": { "content": part } }] }))
    };
    parts.into_iter().map(event).chain(["data: [DONE]\n\n".to_owned()])
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let (mut length, mut authorization) = (0, None);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "authorization" => authorization = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { path, authorization, body: serde_json::from_slice(&body).unwrap_or_default() })
}

fn send(stream: &mut TcpStream, status: u16, kind: &str, more: &str, body: &str) -> std::io::Result<()> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} Mock\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n{more}\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes())
}

fn stream_out(stream: &mut TcpStream, pieces: impl IntoIterator<Item = String>) -> std::io::Result<()> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes())?;
    for piece in pieces {
        stream.write_all(format!("{:x}\r\n{piece}\r\n", piece.len()).as_bytes())?;
    }
    stream.write_all(b"0\r\n\r\n")
}
