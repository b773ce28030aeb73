//! The door: builds the router from the table and lets a request through to its handler when
//! everything its policy demands is fulfilled. Refuses to know what any route does.

use super::dialect::Dialect;
use super::extract::{Asked, decoded, query_of};
use super::limits::{BODY_BYTES_MAX, BODY_WAIT};
use super::origin::{Caller, is_ambiguous, preflight, seal};
use super::policy::At;
use super::problem::Problem;
use super::proxied::{Way, neighbourhood};
use super::reach::{IIB_PREFIX, OWN_PREFIX};
use super::server::{Peer, Server};
use super::table::{ROUTES, Route, Verb};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Response, header, request::Parts};
use axum::middleware::{Next, from_fn_with_state};
use axum::routing::{MethodFilter, on};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use lumidex_schema::problem::Code;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;

/// The whole HTTP surface over one server.
pub(crate) fn router(server: Arc<Server>) -> Router {
    let mut router = Router::new();
    for route in &ROUTES {
        for (prefix, dialect) in prefixes(route.at, &server.settings.base) {
            let filter = match route.method {
                Verb::Get => MethodFilter::GET,
                Verb::Post => MethodFilter::POST,
                Verb::Delete => MethodFilter::DELETE,
            };
            let mount: Arc<str> = prefix.into();
            let path = format!("{mount}{}", route.path);
            let handler = move |State(server): State<Arc<Server>>, request: Request| {
                enter(server, route, Arc::clone(&mount), dialect, request)
            };
            router = router.route(&path, on(filter, handler));
        }
    }
    router
        .fallback(stray)
        .method_not_allowed_fallback(wrong_method)
        .layer(CatchPanicLayer::custom(|cause: Box<dyn std::any::Any + Send>| {
            let text = cause.downcast_ref::<&str>().copied().unwrap_or("no message");
            Problem::internal("answering", &text).into_response(Dialect::Reference)
        }))
        .layer(from_fn_with_state(Arc::clone(&server), gate))
        .with_state(server)
}

/// Where routes of a place stand, with what is spoken there. Everything of the contract can be reached below the base,
/// whichever dialect it is spoken in, for proxies that pass on nothing else.
fn prefixes(at: At, base: &str) -> Vec<(String, Dialect)> {
    match at {
        At::Contract => vec![
            (base.to_owned(), Dialect::Reference),
            (IIB_PREFIX.to_owned(), Dialect::Iib),
            (format!("{base}{IIB_PREFIX}"), Dialect::Iib),
        ],
        At::Own => vec![(OWN_PREFIX.to_owned(), Dialect::Reference)],
        At::Root => vec![(String::new(), Dialect::Reference)],
    }
}

/// Every request comes and every answer leaves through here.
async fn gate(State(server): State<Arc<Server>>, mut request: Request, next: Next) -> Response<Body> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let way = Way::of(peer, request.uri(), request.headers(), &server.settings.trusted_proxies);
    let admitted = server.origins.admit(request.method(), &way, request.headers());
    request.extensions_mut().insert(way);
    let (caller, mut response) = match admitted {
        Ok(caller) => match preflight(request.method(), request.headers()) {
            Some(response) => (caller, response),
            None => {
                request.extensions_mut().insert(caller.clone());
                (caller, next.run(request).await)
            }
        },
        Err(problem) => {
            let mut refused = problem.into_response(Dialect::Reference);
            // Where such a request ends is in doubt, and so is where the next one begins.
            if is_ambiguous(request.headers()) {
                refused.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            (Caller::Stranger, refused)
        }
    };
    seal(&caller, &mut response);
    response
}

/// A request to a route: policy, body, handler, answer.
async fn enter(
    server: Arc<Server>,
    route: &'static Route,
    mount: Arc<str>,
    dialect: Dialect,
    request: Request,
) -> Response<Body> {
    let start = Instant::now();
    let (parts, body) = request.into_parts();
    let response = match pass(&server, route, mount, dialect, parts, body).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(dialect),
    };
    let took = start.elapsed();
    tracing::debug!(
        route = route.path,
        status = response.status().as_u16(),
        took_us = took.as_micros(),
        "answered"
    );
    server.meter.count(route, response.status().as_u16(), took);
    response
}

async fn pass(
    server: &Arc<Server>,
    route: &'static Route,
    mount: Arc<str>,
    dialect: Dialect,
    parts: Parts,
    body: Body,
) -> Result<Response<Body>, Problem> {
    let caller = parts.extensions.get::<Caller>().cloned().unwrap_or(Caller::Stranger);
    let way = parts.extensions.get::<Way>().cloned().unwrap_or_default();
    server.admit(route.policy, &caller, &parts.headers, peer_of(&way, server))?;
    let body = match route.method {
        Verb::Get => Bytes::new(),
        Verb::Post | Verb::Delete => whole(body, &parts.headers).await?,
    };
    let path = parts.uri.path().to_owned();
    let asked = Asked {
        is_head: parts.method == Method::HEAD,
        query: query_of(parts.uri.query()),
        raw_query: parts.uri.query().map(str::to_owned),
        tail: decoded(path.rsplit('/').next().unwrap_or_default()),
        headers: parts.headers,
        path,
        way,
        mount,
        body,
    };
    server.answer(route, dialect, asked).await
}

/// Reads a body whole, within bounds of size and time.
async fn whole(body: Body, headers: &HeaderMap) -> Result<Bytes, Problem> {
    let too_large =
        || Problem::new(Code::TooLarge, format!("the body is larger than {BODY_BYTES_MAX} bytes"));
    let declared =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|len| len > BODY_BYTES_MAX as u64) {
        return Err(too_large());
    }
    match tokio::time::timeout(BODY_WAIT, Limited::new(body, BODY_BYTES_MAX).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Problem::bad("the body broke off")),
        Err(_) => Err(Problem::bad(format!("the body did not arrive within {} s", BODY_WAIT.as_secs()))),
    }
}

fn peer_of(way: &Way, server: &Server) -> Peer {
    // What connects from the address it connects to is on the same machine, loopback or not.
    let here = server.settings.listen.ip().to_canonical();
    let is_here = way.client.is_some_and(|address| address.is_loopback() || address == here);
    let address = match way.client {
        None => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Some(address) => neighbourhood(address),
    };
    Peer { address, is_here }
}

/// No such route. A trailing slash behind a prefix leads to the prefix.
async fn stray(State(server): State<Arc<Server>>, request: Request) -> Response<Body> {
    server.meter.count_stray();
    let prefixes = prefixes(At::Contract, &server.settings.base);
    let bare = request.uri().path().strip_suffix('/');
    if let Some(bare) = bare.filter(|bare| prefixes.iter().any(|(prefix, _)| prefix == bare)) {
        let prefix = request.extensions().get::<Way>().map_or("", |way| way.prefix.as_str());
        let query = request.uri().query().map_or(String::new(), |query| format!("?{query}"));
        return super::routes::page::redirect(&format!("{prefix}{bare}{query}"));
    }
    Problem::not_found("Not Found").into_response(Dialect::Reference)
}

/// The route has no such method; the router adds which it has.
async fn wrong_method(State(server): State<Arc<Server>>) -> Response<Body> {
    server.meter.count_stray();
    Problem::new(Code::MethodNotAllowed, "Method Not Allowed").into_response(Dialect::Reference)
}
