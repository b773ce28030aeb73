//! The program under measurement, as a process.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::client::Client;

/// Base path of the reference dialect.
pub(crate) const BASE: &str = "/infinite_image_browsing";

/// What is started, and on what.
pub(crate) struct Program {
    pub(crate) binary: PathBuf,
    pub(crate) library: PathBuf,
    pub(crate) data: PathBuf,
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    pub(crate) started: Instant,
}

impl Program {
    /// Starts it over the library on a free port of loopback.
    pub(crate) fn start(&self) -> anyhow::Result<Server> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let log = std::fs::File::create(self.data.with_extension("log"))?;
        let started = Instant::now();
        let child = Command::new(&self.binary)
            .arg("serve")
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            .arg("--data-dir")
            .arg(&self.data)
            .arg(&self.library)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("starting {}", self.binary.display()))?;
        Ok(Server { child, port, started })
    }
}

impl Server {
    /// A connection, as soon as the server takes one.
    pub(crate) fn client(&mut self) -> anyhow::Result<Client> {
        loop {
            if let Ok(client) = Client::connect(self.port) {
                return Ok(client);
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended with {status}");
            }
            if self.started.elapsed() > Duration::from_secs(120) {
                bail!("the server does not listen");
            }
            std::thread::sleep(Duration::from_micros(500));
        }
    }

    /// Ends it as a terminal would, and says how long that took.
    pub(crate) fn stop(mut self) -> anyhow::Result<Duration> {
        let started = Instant::now();
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        let status = self.child.wait()?;
        if !status.success() {
            bail!("the server ended with {status}");
        }
        Ok(started.elapsed())
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Anonymous resident memory in bytes.
    pub(crate) fn anonymous_bytes(&self) -> u64 {
        anonymous_bytes(self.child.id())
    }

    /// Processor time it has used, in seconds; on a busy machine the steadier measure.
    pub(crate) fn processor_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        // The second field is the name in parentheses; user and system time are the 14th and 15th,
        // in hundredths on every Linux there is.
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let ticks =
            after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
        ticks.sum::<f64>() / 100.0
    }

    /// Watches memory until told to stop.
    pub(crate) fn watch_memory(&self) -> MemoryWatch {
        let (id, stop, peak) =
            (self.child.id(), Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stop_seen, peak_seen) = (Arc::clone(&stop), Arc::clone(&peak));
        let thread = std::thread::spawn(move || {
            while !stop_seen.load(Ordering::Relaxed) {
                peak_seen.fetch_max(anonymous_bytes(id), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        MemoryWatch { stop, peak, thread }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone after `stop` and `kill`.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The largest memory seen while watching.
pub(crate) struct MemoryWatch {
    stop: Arc<AtomicBool>,
    peak: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl MemoryWatch {
    pub(crate) fn peak_bytes(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.join();
        self.peak.load(Ordering::Relaxed)
    }
}

fn anonymous_bytes(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}
