//! What interrupts do, in every command that takes long: the first asks to stop, the second ends it. What was done
//! by then stays, and nothing is half done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lumidex::sys::{Stop, Stopper};

/// What a shell expects of what an interrupt ended.
pub(crate) const INTERRUPTED: u8 = 130;

/// The first signal asks to stop, the second ends it; and so does the first while a person is asked.
pub(crate) struct Signals {
    pub(crate) stop: Stop,
    is_waiting: Arc<AtomicBool>,
}

impl Signals {
    pub(crate) fn heed() -> std::io::Result<Self> {
        let stopper = Stopper::new();
        let signals = Self { stop: stopper.stop(), is_waiting: Arc::default() };
        let is_waiting = Arc::clone(&signals.is_waiting);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            runtime.block_on(async {
                signal().await;
                stopper.trigger();
                if !is_waiting.load(Ordering::SeqCst) {
                    signal().await;
                }
                std::process::exit(i32::from(INTERRUPTED));
            });
        })?;
        Ok(signals)
    }

    pub(crate) fn while_waiting<T>(&self, ask: impl FnOnce() -> T) -> T {
        self.is_waiting.store(true, Ordering::SeqCst);
        let answer = ask();
        self.is_waiting.store(false, Ordering::SeqCst);
        answer
    }
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return drop(tokio::signal::ctrl_c().await);
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn signal() {
    drop(tokio::signal::ctrl_c().await);
}
