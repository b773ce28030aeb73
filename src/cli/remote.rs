//! Asking the server that has a data folder open, over loopback. One question, one connection.

use super::asking::{Reply, Request};
use crate::sys::lock::Holder;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::header;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpStream;

/// Time a server has to answer, unless the request may take longer. Changes wait until every search shows them.
const ANSWER_WAIT: Duration = Duration::from_secs(90);
/// Longest answer that is read; a review list of a thousand questions has some hundred kilobytes.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Why a server could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// It is starting or stopping, or is a tool that does not serve.
    #[error("the data folder is in use by {0}, which does not serve at the moment; try again later")]
    NotServing(Holder),
    /// It cannot be reached.
    #[error("the server at `{address}` cannot be reached")]
    Unreachable {
        /// Where.
        address: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It broke off, or did not speak HTTP.
    #[error("the server at `{address}` did not answer as it should")]
    Broken {
        /// Where.
        address: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It took too long.
    #[error("the server at `{address}` did not answer within {} s", ANSWER_WAIT.as_secs())]
    Late {
        /// Where.
        address: String,
    },
    /// The system gives no threads.
    #[error("asking cannot be started")]
    Threads(#[source] std::io::Error),
}

/// Header of the token that a holder leaves in its lock file.
const TOKEN: &str = "x-lumidex-token";

/// Header of the number by which what was done is undone.
pub const DEED: &str = "x-lumidex-deed";

/// What a command shows of its right to ask.
#[derive(Clone, Copy, Debug)]
struct Pass<'a> {
    /// Of the lock file: only the owner of the data folder can read it.
    token: Option<&'a str>,
    /// Of the environment, for a holder that left no token or does not see that we are here.
    key: Option<&'a str>,
}

/// Asks the holder of a data folder, with the token it left for tools of its user, and with `key`
/// where that does not do.
///
/// # Errors
/// [`AskError`] when it gave no answer at all; refusals are answers.
pub fn ask(holder: &Holder, key: Option<&str>, request: &Request) -> Result<Reply, AskError> {
    let not_serving = || AskError::NotServing(holder.clone());
    let address: SocketAddr =
        holder.address.as_deref().and_then(|address| address.parse().ok()).ok_or_else(not_serving)?;
    let address = reachable(address);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let pass = Pass { token: holder.token.as_deref(), key };
    let asked = async {
        let answer = exchange(address, pass, request);
        if request.is_unhurried {
            return answer.await;
        }
        let answered = tokio::time::timeout(ANSWER_WAIT, answer).await;
        answered.unwrap_or_else(|_| Err(AskError::Late { address: address.to_string() }))
    };
    runtime.map_err(AskError::Threads)?.block_on(asked)
}

/// Where a server that listens everywhere is found from here.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

async fn exchange(address: SocketAddr, pass: Pass<'_>, request: &Request) -> Result<Reply, AskError> {
    let named = || address.to_string();
    let broken =
        |source: Box<dyn std::error::Error + Send + Sync>| AskError::Broken { address: named(), source };
    let unreachable = |source| AskError::Unreachable { address: named(), source };
    let stream = TcpStream::connect(address).await.map_err(unreachable)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| broken(e.into()))?;
    // It ends with the answer.
    tokio::spawn(connection);
    let body = if request.body.is_null() { Bytes::new() } else { Bytes::from(request.body.to_string()) };
    let mut asked = hyper::Request::builder().method(request.method).uri(request.route.as_ref());
    asked = asked.header(header::HOST, named()).header(header::CONTENT_TYPE, "application/json");
    if let Some(token) = pass.token {
        asked = asked.header(TOKEN, token);
    }
    if let Some(key) = pass.key {
        asked = asked.header(header::AUTHORIZATION, format!("Bearer {key}"));
    }
    let asked = asked.body(Full::new(body)).map_err(|e| broken(e.into()))?;
    let answer = sender.send_request(asked).await.map_err(|e| broken(e.into()))?;
    let status = answer.status().as_u16();
    let deed = answer.headers().get(DEED).and_then(|deed| deed.to_str().ok()?.parse().ok());
    let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
    let body = body.map_err(|source| match source.downcast::<LengthLimitError>() {
        Ok(too_long) => broken(too_long),
        Err(source) => broken(source),
    })?;
    Ok(Reply { status, body: serde_json::from_slice(&body.to_bytes()).unwrap_or(Value::Null), deed })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn who_listens_everywhere_is_found_here() {
        for (address, want) in
            [("0.0.0.0:80", "127.0.0.1:80"), ("[::]:80", "[::1]:80"), ("192.168.1.5:80", "192.168.1.5:80")]
        {
            assert_eq!(reachable(address.parse().unwrap()), want.parse().unwrap());
        }
    }

    #[test]
    fn a_holder_that_does_not_serve_is_named() {
        let holder = Holder { pid: 7, ..Holder::default() };
        let error = ask(&holder, None, &Request::status()).unwrap_err();
        assert!(error.to_string().contains("process 7"), "{error}");
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let holder = Holder { address: Some(gone.to_string()), ..holder };
        assert!(matches!(ask(&holder, None, &Request::status()), Err(AskError::Unreachable { .. })));
    }
}
