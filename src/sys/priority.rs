//! Work that can wait makes room for people who ask.

/// Lets the calling thread, and the threads it starts from now on, run only where others leave
/// time. Where the system refuses or has no such thing, nothing changes.
pub fn yield_to_others() {
    #[cfg(target_os = "linux")]
    {
        // On Linux a nice value belongs to a thread, and a thread's id is a process id too.
        let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
    }
}

/// Of 0 (as everyone) to 19 (only when idle): a search then gets about ten times the processor of
/// a reader.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;
