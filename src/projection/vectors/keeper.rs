//! What is done for vectors when nothing else is: learning, editions, graphs, closing what nobody uses.
//!
//! A thread of low priority that begins when the projection has been left alone for a while. It lets go at
//! once when it should stop, or when somebody asks for the same and waits.

use super::error::VectorsError;
use super::home::Home;
use super::reader::VectorsReader;
use crate::limits::vectors as limits;
use crate::sys::{Stop, Stopper, priority};
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

/// The thread. Dropping it stops and joins it.
pub struct VectorsKeeper {
    stopper: Stopper,
    reader: VectorsReader,
    thread: Option<JoinHandle<()>>,
}

impl VectorsKeeper {
    /// Begins to wait for quiet.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(reader: VectorsReader) -> io::Result<Self> {
        let stopper = Stopper::new();
        let (keeper, stop) = (reader.clone(), stopper.stop());
        let thread = std::thread::Builder::new().name("vectors-keeper".to_owned()).spawn(move || {
            priority::yield_to_others();
            while !stop.is_stopped() {
                if keeper.shared.wait_quiet(limits::KEPT_OPEN, || stop.is_stopped()) {
                    keep(&keeper, &stop);
                }
                keeper.shared.close_idle(limits::KEPT_OPEN);
            }
        })?;
        Ok(Self { stopper, reader, thread: Some(thread) })
    }

    /// Asks it to end soon.
    pub fn begin_stop(&self) {
        self.stopper.trigger();
        self.reader.shared.wake();
    }
}

impl Drop for VectorsKeeper {
    fn drop(&mut self) {
        self.begin_stop();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that keeps vectors panicked");
        }
    }
}

/// Everything that is due, once.
fn keep(reader: &VectorsReader, stop: &Stop) {
    let builtin = reader.builtin_home();
    let mut homes = reader.shared.homes();
    homes.sort_by_key(|home| !Arc::ptr_eq(home, &builtin));
    for home in homes {
        let Some(_building) = home.try_begin_building() else { continue };
        let mut goes_on = |_: f32| !stop.is_stopped() && !home.is_waited_for();
        let kept = if Arc::ptr_eq(&home, &builtin) {
            reader.build_builtin(&home, &mut goes_on, limits::FIT_PROMPTS_MIN, false)
        } else {
            reader.build_paid(&home, &mut goes_on)
        };
        tell(&home, kept);
        if stop.is_stopped() {
            return;
        }
    }
}

fn tell(home: &Home, kept: Result<(), VectorsError>) {
    match kept {
        Ok(()) | Err(VectorsError::Stopped) => {}
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(model = home.name, error, "vectors are not kept in order; tried again later");
        }
    }
}
