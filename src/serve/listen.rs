//! Listening, and stopping: the life of the server from its first connection to its last.

use super::engine::Engine;
use super::kept::Kept;
use super::limits::{
    ABANDON_WAIT, ACCEPT_AGAIN, CONNECTIONS_MAX, CONNECTIONS_PER_CLIENT_MAX, DRAIN_WAIT, HEAD_BYTES_MAX,
    HEAD_WAIT, KEPT_TIDIED_EVERY,
};
use super::proxied::neighbourhood;
use super::reach::{self, Refused};
use super::router::router;
use super::server::Server;
use crate::settings::Settings;
use crate::sys::{PathError, Stop};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

/// Why the server did not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The settings are refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Another program has the port.
    #[error("another program listens on `{address}`{}", holder.as_ref().map(|who| format!(": {who}")).unwrap_or_default())]
    Taken {
        /// The address.
        address: SocketAddr,
        /// The program, as far as it can be told.
        holder: Option<String>,
    },
    /// The system refuses the address.
    #[error("`{address}` cannot be listened on")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The system gives no threads.
    #[error("the threads of the server cannot be started")]
    Threads(#[source] io::Error),
}

/// The whole HTTP surface without a listener, for tests and for embedding.
///
/// # Errors
/// [`Refused`] when the settings are.
pub fn app(engine: Arc<dyn Engine>, settings: Settings) -> Result<Router, Refused> {
    reach::check(&settings)?;
    Ok(router(Arc::new(Server::new(engine, settings)?)))
}

/// Listens until `stop` or until a client with the right asks for it, then lets requests in flight
/// end for a few seconds and returns. `bound` is told the address before the first connection is
/// taken.
///
/// # Errors
/// [`ServeError`] when it cannot listen.
pub fn run(
    engine: Arc<dyn Engine>,
    settings: Settings,
    stop: Stop,
    bound: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    reach::check(&settings)?;
    let threads = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("serve").build();
    let runtime = threads.map_err(ServeError::Threads)?;
    let result = runtime.block_on(listen(engine, settings, stop, bound));
    runtime.shutdown_timeout(ABANDON_WAIT);
    result
}

async fn listen(
    engine: Arc<dyn Engine>,
    settings: Settings,
    stop: Stop,
    bound: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    let address = settings.listen;
    let server = Server::new(engine, settings).map_err(Refused::from)?;
    let listener = TcpListener::bind(address).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => {
            ServeError::Taken { address, holder: super::holder::of_port(address.port()) }
        }
        _ => ServeError::Bind { address, source },
    })?;
    bound(listener.local_addr().map_err(|source| ServeError::Bind { address, source })?);
    let server = Arc::new(server);
    let asked = Arc::clone(&server);
    stop.when_stopped(move || {
        asked.stop.send_replace(true);
    });
    // Before anybody can pack one.
    on_archives(&server, Kept::begin).await;
    tokio::spawn(tidy(Arc::clone(&server)));
    let connections = GracefulShutdown::new();
    accept(listener, &server, &connections).await;
    tokio::select! {
        () = connections.shutdown() => tracing::info!("every request has ended"),
        () = tokio::time::sleep(DRAIN_WAIT) => tracing::warn!("requests in flight were cut off"),
    }
    Ok(())
}

/// Removes archives when they are too old, until the server is to stop.
async fn tidy(server: Arc<Server>) {
    let mut stopping = server.stop.subscribe();
    loop {
        tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(KEPT_TIDIED_EVERY) => {}
        }
        on_archives(&server, Kept::tidy).await;
    }
}

async fn on_archives(server: &Arc<Server>, work: fn(&Kept) -> Result<(), PathError>) {
    let server = Arc::clone(server);
    if let Ok(Err(error)) = tokio::task::spawn_blocking(move || work(&server.kept)).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "archives could not be tidied");
    }
}

/// What a client is told that has too many connections.
const TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// How many connections each client has.
#[derive(Clone, Default)]
struct Crowd(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// A connection of a client, until it is dropped.
struct Seat {
    crowd: Crowd,
    client: IpAddr,
}

impl Crowd {
    /// `None` when the client has as many as it may have.
    fn seat(&self, client: IpAddr) -> Option<Seat> {
        let client = neighbourhood(client.to_canonical());
        let mut seats = self.0.lock();
        let n = seats.entry(client).or_default();
        if *n >= CONNECTIONS_PER_CLIENT_MAX {
            return None;
        }
        *n += 1;
        Some(Seat { crowd: self.clone(), client })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.crowd.0.lock();
        if let Some(n) = seats.get_mut(&self.client) {
            *n -= 1;
            if *n == 0 {
                seats.remove(&self.client);
            }
        }
    }
}

/// Takes connections until the server is to stop.
async fn accept(listener: TcpListener, server: &Arc<Server>, connections: &GracefulShutdown) {
    let router = router(Arc::clone(server));
    let crowd = Crowd::default();
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_WAIT).max_buf_size(HEAD_BYTES_MAX);
    let mut stopping = server.stop.subscribe();
    let next = || async {
        let slot = Arc::clone(&slots).acquire_owned().await.ok()?;
        Some((slot, listener.accept().await))
    };
    loop {
        let (slot, accepted) = tokio::select! {
            // An error means that the server is gone, and so is the reason to go on.
            _ = stopping.wait_for(|stop| *stop) => return,
            Some(next) = next() => next,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of files, or the client was gone before it was here.
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(ACCEPT_AGAIN).await;
                continue;
            }
        };
        let is_proxy =
            server.settings.trusted_proxies.iter().any(|net| net.contains(&peer.ip().to_canonical()));
        let seat = if is_proxy { None } else { crowd.seat(peer.ip()) };
        if seat.is_none() && !is_proxy {
            // A courtesy: whoever does not take it at once does not get it.
            let _ = stream.try_write(TOO_MANY);
            continue;
        }
        // Without it the end of an answer would wait for the client to confirm its beginning.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection stays with delays");
        }
        let router = router.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().oneshot(request)
        });
        let connection = connections.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke off");
            }
            drop((slot, seat));
        });
    }
}
