//! What all requests share, and how much of it each may use at once.

use super::access::{self, Access, Place};
use super::answer::{Answer, Outcome};
use super::auth::Auth;
use super::dialect::Dialect;
use super::engine::{Engine, Failure};
use super::extract::Asked;
use super::front::{FrontEnd, Unusable};
use super::kept::Kept;
use super::limits::{
    ANSWER_WAIT, ARCHIVES_MAX, BACKUPS_MAX, CHATS_MAX, FILE_WORK_MAX, LONG_WORK_MAX, WAITING_MAX,
};
use super::meter::Meter;
use super::origin::{Caller, Origins, STRANGER};
use super::policy::Policy;
use super::problem::Problem;
use super::reach;
use super::stream::Listeners;
use super::table::{Route, Work};
use crate::query::Hit;
use crate::settings::Settings;
use crate::sys::{Stop, Stopper};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, header};
use lumidex_schema::api::FileInfo;
use lumidex_schema::id::Seq;
use lumidex_schema::layout;
use lumidex_schema::path::{below, display};
use lumidex_schema::problem::Code;
use parking_lot::Mutex;
use std::cell::{Cell, OnceCell};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// The header that names what a request did, for undoing it.
const DEED: HeaderName = HeaderName::from_static(crate::cli::remote::DEED);

/// What all requests share.
pub(crate) struct Server {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) settings: Settings,
    pub(crate) origins: Origins,
    /// The front end that is hosted, if any.
    pub(crate) front: Option<FrontEnd>,
    pub(crate) meter: Meter,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) listeners: Listeners,
    /// Archives packed to stay.
    pub(crate) kept: Kept,
    /// Questions that wait for a person, and as of which number they were counted.
    pub(crate) n_reviews: Mutex<Option<(Seq, usize)>>,
    auth: Auth,
    engine_work: Arc<Semaphore>,
    file_work: Arc<Semaphore>,
    long_work: Arc<Semaphore>,
    backups: Arc<Semaphore>,
    archives: Arc<Semaphore>,
    chats: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// Whom wrong secrets are counted for.
    pub(crate) address: IpAddr,
    /// It is on this machine.
    pub(crate) is_here: bool,
}

/// An answer that nobody waits for any more once this is dropped.
struct Unwanted(Stopper);

impl Drop for Unwanted {
    fn drop(&mut self) {
        self.0.trigger();
    }
}

/// One request on its way through a handler.
pub(crate) struct Call<'a> {
    pub(crate) server: &'a Arc<Server>,
    pub(crate) asked: &'a Asked,
    /// The client is gone, or the server stops: for handlers that wait for somebody else.
    pub(crate) stop: Stop,
    policy: Policy,
    access: OnceCell<Access>,
    offline: OnceCell<Vec<Vec<u8>>>,
    deed: Cell<Option<Seq>>,
}

impl Server {
    /// Over this library.
    ///
    /// # Errors
    /// [`Unusable`] when there is no front end where one is to be hosted from.
    pub(crate) fn new(engine: Arc<dyn Engine>, settings: Settings) -> Result<Self, Unusable> {
        // Enough to keep every processor at work while one call waits for a disk, not so many
        // that a burst of searches starves the threads that answer `/hello`.
        let engine_work = std::thread::available_parallelism().map_or(2, usize::from) + 2;
        // Again, for folders that came since the library was opened, and whoever opened it.
        if let Some(granted) = access::granted(&settings)
            && let Err(error) = engine.confine(granted)
        {
            tracing::error!(%error, "no file may be changed until the folders of the library are known");
        }
        Ok(Self {
            front: settings.ui_dir.as_deref().map(FrontEnd::open).transpose()?,
            auth: Auth::new(reach::secret(&settings), engine.token()),
            origins: Origins::new(&settings),
            meter: Meter::new(),
            stop: watch::Sender::new(false),
            listeners: Listeners::new(),
            n_reviews: Mutex::default(),
            engine_work: Arc::new(Semaphore::new(engine_work)),
            file_work: Arc::new(Semaphore::new(FILE_WORK_MAX)),
            long_work: Arc::new(Semaphore::new(LONG_WORK_MAX)),
            backups: Arc::new(Semaphore::new(BACKUPS_MAX)),
            archives: Arc::new(Semaphore::new(ARCHIVES_MAX)),
            chats: Arc::new(Semaphore::new(CHATS_MAX)),
            kept: Kept::new(settings.data_dir.join(layout::ARCHIVES)),
            waiting: Arc::new(Semaphore::new(WAITING_MAX)),
            engine,
            settings,
        })
    }

    /// Whether a secret is configured.
    pub(crate) fn is_guarded(&self) -> bool {
        self.auth.is_guarded()
    }

    /// Checks everything the policy of a route demands, except for paths.
    ///
    /// # Errors
    /// 401, 403 or 429.
    pub(crate) fn admit(
        &self,
        policy: Policy,
        caller: &Caller,
        headers: &HeaderMap,
        peer: Peer,
    ) -> Result<(), Problem> {
        let Policy { auth, owner, reads, writes, paths: _, upstream, launches } = policy;
        // What tells nothing needs no secret, and may be asked for by any page.
        if auth && *caller == Caller::Stranger {
            return Err(Problem::forbidden(STRANGER));
        }
        let is_owner = peer.is_here && self.auth.is_owner(headers);
        let (auth, reads) = (auth && !is_owner, reads && !is_owner);
        if auth && *caller == Caller::Anyone {
            let mut bare = headers.clone();
            bare.remove(header::COOKIE);
            self.auth.check(&bare, peer.address, Instant::now())?;
        } else if auth {
            self.auth.check(headers, peer.address, Instant::now())?;
        }
        if owner && !is_owner {
            return Err(Problem::forbidden(
                "only a tool of this server's user on its machine may ask for this",
            ));
        }
        if (writes || upstream) && reach::is_readonly(self.settings.permission) {
            return Err(Problem::forbidden("this server is read-only"));
        }
        if reads && reach::is_blind(self.settings.permission) {
            return Err(Problem::forbidden("this server does not allow reading"));
        }
        if launches && !reach::may_launch(&self.settings) {
            return Err(Problem::forbidden(
                "programs are started only when the server listens for this machine alone",
            ));
        }
        Ok(())
    }

    /// A turn at handing out a backup, for as long as that takes.
    ///
    /// # Errors
    /// 503 when another is handed out.
    pub(crate) fn backup_turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let turn = Arc::clone(&self.backups).try_acquire_owned();
        turn.map_err(|_| Problem::busy(Code::Unavailable, "another backup is being made", 10))
    }

    /// A turn at packing an archive, for as long as that takes.
    ///
    /// # Errors
    /// 503 when too many are packed.
    pub(crate) fn archive_turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let turn = Arc::clone(&self.archives).try_acquire_owned();
        turn.map_err(|_| Problem::busy(Code::Unavailable, "other archives are being packed", 5))
    }

    /// A turn at passing a chat on, for as long as that takes.
    ///
    /// # Errors
    /// 503 when too many are passed on.
    pub(crate) fn chat_turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let turn = Arc::clone(&self.chats).try_acquire_owned();
        turn.map_err(|_| Problem::busy(Code::Unavailable, "too many chats are under way", 5))
    }

    /// Runs the handler of a route where its work belongs.
    ///
    /// # Errors
    /// What the handler says; 503 when too much is under way or it takes too long; 500 when it
    /// panics.
    pub(crate) async fn answer(
        self: &Arc<Self>,
        route: &'static Route,
        dialect: Dialect,
        asked: Asked,
    ) -> Result<Response<Body>, Problem> {
        let (work, gate) = match route.work {
            Work::Inline(work) => {
                return handled(work, &Call::new(self, &asked, route.policy, Stop::never()), dialect);
            }
            Work::Engine(work) => (work, &self.engine_work),
            Work::Files(work) => (work, &self.file_work),
            Work::Long(work) => {
                let permit = Arc::clone(&self.long_work).try_acquire_owned().map_err(|_| busy())?;
                return self.run(work, permit, route, dialect, asked).await;
            }
        };
        let queued = Arc::clone(&self.waiting).try_acquire_owned().map_err(|_| busy())?;
        let whole = async {
            let permit = Arc::clone(gate).acquire_owned().await.map_err(|_| busy())?;
            drop(queued);
            self.run(work, permit, route, dialect, asked).await
        };
        tokio::time::timeout(ANSWER_WAIT, whole).await.unwrap_or_else(|_| {
            Err(Problem::busy(Code::Unavailable, format!("no answer within {} s", ANSWER_WAIT.as_secs()), 5))
        })
    }

    /// On a thread that may block. The permit goes along: a call that outlives its request still
    /// counts as under way.
    async fn run(
        self: &Arc<Self>,
        work: fn(&Call<'_>) -> Outcome,
        permit: OwnedSemaphorePermit,
        route: &'static Route,
        dialect: Dialect,
        asked: Asked,
    ) -> Result<Response<Body>, Problem> {
        let server = Arc::clone(self);
        let unwanted = Unwanted(Stopper::new());
        let stop = unwanted.0.stop();
        let mut stopping = self.stop.subscribe();
        let mut done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            handled(work, &Call::new(&server, &asked, route.policy, stop), dialect)
        });
        let stopped = async { stopping.wait_for(|stop| *stop).await.is_ok() };
        let answered = tokio::select! {
            done = &mut done => Some(done),
            _ = stopped => None,
        };
        let done = match answered {
            Some(done) => done,
            None => {
                unwanted.0.trigger();
                done.await
            }
        };
        done.unwrap_or_else(|error| Err(Problem::internal("answering", &error)))
    }
}

impl<'a> Call<'a> {
    fn new(server: &'a Arc<Server>, asked: &'a Asked, policy: Policy, stop: Stop) -> Self {
        Self {
            server,
            asked,
            stop,
            policy,
            access: OnceCell::new(),
            offline: OnceCell::new(),
            deed: Cell::new(None),
        }
    }

    /// What this request does can be undone by this number; said in a header, because most routes that
    /// change something answer with nothing else.
    pub(crate) fn did(&self, deed: impl Into<Option<Seq>>) {
        self.deed.set(deed.into());
    }

    /// The library.
    pub(crate) fn engine(&self) -> &dyn Engine {
        self.server.engine.as_ref()
    }

    /// What is trusted, as of this request.
    ///
    /// # Errors
    /// 500 when the library cannot say.
    pub(crate) fn access(&self) -> Result<&Access, Problem> {
        if let Some(access) = self.access.get() {
            return Ok(access);
        }
        let extra = self.engine().extra_paths()?;
        let access = Access::new(&self.server.settings, extra.into_iter().map(|(path, _)| path));
        Ok(self.access.get_or_init(|| access))
    }

    /// A path the client named, checked for what the policy of the route says.
    ///
    /// # Errors
    /// 400 when no file can have it, 403 when it may not be named here.
    pub(crate) fn place(&self, given: &str) -> Result<Place, Problem> {
        let path = access::lexical(given, &self.server.settings.cwd)?;
        self.access()?.check(path, self.policy.paths)
    }

    /// The query parameter `path`, checked.
    ///
    /// # Errors
    /// 400 when it is missing, and as [`Call::place`].
    pub(crate) fn path_param(&self) -> Result<Place, Problem> {
        self.place(self.asked.required_param("path")?)
    }

    /// The image at a checked path, if the ledger knows it.
    ///
    /// # Errors
    /// 500 when the library cannot say.
    pub(crate) fn image_at(&self, place: &Place) -> Result<Option<Hit>, Problem> {
        Ok(self.engine().images_at(&[&place.path])?.into_iter().next().flatten())
    }

    /// Whether the root this path lies in cannot be reached, as far as the last walk knows. When
    /// that cannot be told, everything counts as reachable: opening will say.
    pub(crate) fn is_offline(&self, path: &[u8]) -> bool {
        let roots = self.offline.get_or_init(|| self.engine().offline_roots().unwrap_or_default());
        roots.iter().any(|root| below(path, root).is_some())
    }

    /// An image as answers show it.
    pub(crate) fn file_info(&self, hit: &Hit) -> FileInfo {
        let Hit { id, path, image } = hit;
        FileInfo {
            kind: "file",
            id: Some(id.get()),
            date_ns: image.sighting.modified.0,
            created_ns: image.sighting.created.0,
            bytes: image.sighting.size,
            name: display(&image.name),
            fullpath: display(path),
            is_under_scanned_path: true,
            media_type: Some(image.media.word()),
            offline: self.is_offline(path),
        }
    }
}

/// Runs a handler and writes down what it answers, with the number of what it did.
fn handled(
    work: fn(&Call<'_>) -> Outcome,
    call: &Call<'_>,
    dialect: Dialect,
) -> Result<Response<Body>, Problem> {
    let written = written(work(call), dialect);
    let Some(deed) = call.deed.get() else { return written };
    // A part may have been done before the rest was refused.
    let mut response = written.map_err(|problem| problem.with(DEED, &deed.to_string()))?;
    response.headers_mut().insert(DEED, HeaderValue::from(deed.0));
    Ok(response)
}

fn written(outcome: Outcome, dialect: Dialect) -> Result<Response<Body>, Problem> {
    let answer = match outcome? {
        Answer::Raw(response) => return Ok(*response),
        answer => answer,
    };
    let bytes = dialect.write(&answer).map_err(|error| Problem::internal("writing the answer", &error))?;
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn busy() -> Problem {
    Problem::busy(Code::Unavailable, "too many requests are waiting", 1)
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(why) => Self::bad(why),
            Failure::Unknown(what) => Self::not_found(what),
            Failure::Store(cause) => Self::internal("asking the library", &Chain(cause.as_ref())),
            Failure::Unready(why) => Self::busy(Code::Unavailable, why, 1),
        }
    }
}

/// An error with all its causes.
pub(crate) struct Chain<'a>(pub(crate) &'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
