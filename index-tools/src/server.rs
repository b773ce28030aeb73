//! Asks a running server of the same user on the same machine, with the token of its lock file.
//!
//! One request on one connection: nothing here needs more of HTTP than that.

use std::io::{self, BufRead, BufReader, Read, Take, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use lumidex::sys::Stop;

/// Time for the connection; the server is on this machine.
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// Time without a byte: the server may first copy and compare millions of rows.
const READ_WAIT: Duration = Duration::from_secs(15 * 60);
/// How often who waits looks whether to stop.
const STOP_LOOK: Duration = Duration::from_millis(50);
/// Longest head of an answer.
const HEAD_BYTES_MAX: u64 = 64 << 10;
/// Longest reason of a refusal.
const REASON_BYTES_MAX: u64 = 64 << 10;

/// Why a server did not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// Nobody listens there.
    #[error("cannot connect")]
    Connect(#[source] io::Error),
    /// The connection broke off.
    #[error("the connection broke off")]
    Read(#[source] io::Error),
    /// What came is no answer of lumidex.
    #[error("the answer cannot be understood; is the server of the same version?")]
    Garbled,
    /// The server says no.
    #[error("{reason} (status {status})")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The server's words.
        reason: String,
    },
}

/// The answer to a request: its head, and its body to be read.
#[derive(Debug)]
pub struct Answer {
    headers: Vec<(String, String)>,
    body: Take<BufReader<TcpStream>>,
}

impl Answer {
    /// A header by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Bytes of the body that are still to come.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.body.limit()
    }
}

impl Read for Answer {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.body.read(into)
    }
}

/// Asks for a path, as the owner of the data folder whose lock file holds this address and token.
///
/// # Errors
///
/// [`AskError`].
pub fn ask(address: &str, token: &str, path: &str) -> Result<Answer, AskError> {
    let address = reachable(address.parse().map_err(|_| AskError::Garbled)?);
    let mut stream = TcpStream::connect_timeout(&address, CONNECT_WAIT).map_err(AskError::Connect)?;
    stream.set_read_timeout(Some(READ_WAIT)).map_err(AskError::Connect)?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nX-Lumidex-Token: {token}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).map_err(AskError::Read)?;
    let mut reader = BufReader::new(stream);
    let (status, headers) = head(&mut reader)?;
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: Option<u64> = length.and_then(|(_, value)| value.parse().ok());
    let length = length.ok_or(AskError::Garbled)?;
    if status != 200 {
        return Err(AskError::Refused { status, reason: reason(reader.take(length.min(REASON_BYTES_MAX))) });
    }
    Ok(Answer { headers, body: reader.take(length) })
}

/// As [`ask`], unless told to stop before the answer begins: `None` then.
///
/// # Errors
///
/// [`AskError`].
pub fn ask_unless(address: &str, token: &str, path: &str, stop: &Stop) -> Result<Option<Answer>, AskError> {
    let (answered, answer) = std::sync::mpsc::channel();
    let (address, token, path) = (address.to_owned(), token.to_owned(), path.to_owned());
    // Whoever stops does not wait for it; the connection ends with the program.
    std::thread::spawn(move || {
        let _ = answered.send(ask(&address, &token, &path));
    });
    loop {
        match answer.recv_timeout(STOP_LOOK) {
            Ok(answer) => return answer.map(Some),
            Err(RecvTimeoutError::Timeout) if stop.is_stopped() => return Ok(None),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(AskError::Garbled),
        }
    }
}

/// A server that listens everywhere listens on loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn head(reader: &mut BufReader<TcpStream>) -> Result<(u16, Vec<(String, String)>), AskError> {
    let mut lines = reader.by_ref().take(HEAD_BYTES_MAX);
    let mut line = String::new();
    let mut next = |lines: &mut Take<&mut BufReader<TcpStream>>| -> Result<String, AskError> {
        line.clear();
        lines.read_line(&mut line).map_err(AskError::Read)?;
        if line.ends_with('\n') { Ok(line.trim_end().to_owned()) } else { Err(AskError::Garbled) }
    };
    let first = next(&mut lines)?;
    let status = first.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let status = status.ok_or(AskError::Garbled)?;
    let mut headers = Vec::new();
    loop {
        let line = next(&mut lines)?;
        if line.is_empty() {
            return Ok((status, headers));
        }
        let (name, value) = line.split_once(':').ok_or(AskError::Garbled)?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

/// The words of `{"detail": "..."}`.
fn reason(mut body: impl Read) -> String {
    let mut text = String::new();
    // Whatever came is better than nothing.
    let _ = body.read_to_string(&mut text);
    let json: Option<serde_json::Value> = serde_json::from_str(&text).ok();
    json.and_then(|json| Some(json.get("detail")?.as_str()?.to_owned())).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Asks a server that answers with these bytes.
    fn answered(bytes: &'static [u8]) -> Result<(Answer, String), AskError> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = String::new();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            while !request.ends_with("\r\n\r\n") {
                reader.read_line(&mut request).unwrap();
            }
            stream.write_all(bytes).unwrap();
            request
        });
        let answer = ask(&address.to_string(), "secret", "/x");
        let request = server.join().unwrap();
        Ok((answer?, request))
    }

    #[test]
    fn an_answer_is_taken_apart() {
        let sent = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Lumidex-Rows: 7\r\n\r\nbodyand more";
        let (mut answer, request) = answered(sent).unwrap();
        assert!(
            request.starts_with("GET /x HTTP/1.1\r\n") && request.contains("X-Lumidex-Token: secret\r\n")
        );
        assert_eq!((answer.header("x-lumidex-rows"), answer.length()), (Some("7"), 4));
        let mut body = String::new();
        answer.read_to_string(&mut body).unwrap();
        assert_eq!(body, "body");
    }

    #[test]
    fn a_refusal_is_told_in_the_servers_words() {
        let sent = b"HTTP/1.1 503 Unavailable\r\ncontent-length: 19\r\n\r\n{\"detail\":\"not yet\"}";
        assert_eq!(answered(sent).unwrap_err().to_string(), "{\"detail\":\"not yet\" (status 503)");
        let sent = b"HTTP/1.1 503 Unavailable\r\ncontent-length: 20\r\n\r\n{\"detail\":\"not yet\"}";
        assert_eq!(answered(sent).unwrap_err().to_string(), "not yet (status 503)");
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for sent in [
            &b""[..],
            b"HTTP/1.1 200 OK",
            b"SSH-2.0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nx\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n\r\n",
        ] {
            assert!(matches!(answered(sent).unwrap_err(), AskError::Garbled), "{sent:?}");
        }
        assert_eq!(reachable("0.0.0.0:7".parse().unwrap()), "127.0.0.1:7".parse().unwrap());
        assert_eq!(reachable("[::]:7".parse().unwrap()), "[::1]:7".parse().unwrap());
    }
}
