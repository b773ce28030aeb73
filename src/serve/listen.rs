//! Listening, and stopping: the life of the server from its first connection to its last.

use super::engine::Engine;
use super::limits::{ABANDON_WAIT, DRAIN_WAIT};
use super::reach::{self, Refused};
use super::router::router;
use super::server::Server;
use crate::settings::Settings;
use crate::sys::Stop;
use axum::Router;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

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
    Ok(router(Arc::new(Server::new(engine, settings))))
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
    let listener = TcpListener::bind(address).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => {
            ServeError::Taken { address, holder: super::holder::of_port(address.port()) }
        }
        _ => ServeError::Bind { address, source },
    })?;
    bound(listener.local_addr().map_err(|source| ServeError::Bind { address, source })?);
    let server = Arc::new(Server::new(engine, settings));
    let mut stopping = server.stop.subscribe();
    let asked = Arc::clone(&server);
    stop.when_stopped(move || {
        asked.stop.send_replace(true);
    });
    let service = router(Arc::clone(&server)).into_make_service_with_connect_info::<SocketAddr>();
    let mut drained = stopping.clone();
    let graceful = async move {
        // An error means that the server is gone, and so is the reason to wait.
        let _ = stopping.wait_for(|stop| *stop).await;
    };
    let serving = axum::serve(listener, service).with_graceful_shutdown(graceful);
    let overdue = async {
        let _ = drained.wait_for(|stop| *stop).await;
        tokio::time::sleep(DRAIN_WAIT).await;
    };
    tokio::select! {
        // Accepting never fails for good; what is wrong with one connection ends that one.
        _ = serving.into_future() => tracing::info!("every request has ended"),
        () = overdue => tracing::warn!("requests in flight were cut off"),
    }
    Ok(())
}
