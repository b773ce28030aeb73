//! One frame of a film, the cover of a piece of music, or a still that is not decoded here, through
//! the program `ffmpeg`.
//!
//! It is given the open file and not a name, is told which format to read, may open nothing but files,
//! and answers plain pixels. What it may take of time, memory and output is bounded; it is killed when
//! that is spent, or when nobody waits any more. Knows nothing of thumbnails.

use super::error::ThumbError;
use super::picture::{Colours, Picture};
use crate::limits::thumbs::{
    COVER_SIDE_MAX, FFMPEG_COMPLAINT_BYTES_MAX, FFMPEG_LOOK_EVERY, FFMPEG_OUTPUT_BYTES_MAX, FFMPEG_TIME_MAX,
    PIXELS_MAX,
};
use crate::sys::Stop;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// The frame that is shown, counted from 0, unless the film is shorter.
const COVER_FRAME: u32 = 16;

/// Which program to run, and how long it may take.
#[derive(Clone, Debug)]
pub struct Ffmpeg {
    /// A name that is looked for on the `PATH`, or a path.
    pub program: PathBuf,
    /// Then it is killed.
    pub time_max: Duration,
}

impl Default for Ffmpeg {
    fn default() -> Self {
        Self { program: PathBuf::from("ffmpeg"), time_max: FFMPEG_TIME_MAX }
    }
}

impl Ffmpeg {
    /// The picture of an open file that ffmpeg reads as `format`, at its own size or as large as a cover
    /// may be, and upright.
    ///
    /// # Errors
    /// [`ThumbError`].
    pub(super) fn frame(&self, file: File, format: &str, stop: &Stop) -> Result<Picture, ThumbError> {
        let run = Run::start(self, file, format)?;
        let (output, complaint) = run.finish(self.time_max, stop)?;
        last_picture(&output).ok_or_else(|| {
            let complaint = String::from_utf8_lossy(&complaint);
            let line = complaint.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no picture in it");
            ThumbError::damaged(format!("ffmpeg: {}", line.trim()))
        })
    }
}

fn arguments(format: &str) -> Vec<OsString> {
    let filter = format!(
        // Of both frames the last is taken. Evenly timed, so that none is doubled or left out.
        "select=eq(n\\,0)+eq(n\\,{COVER_FRAME}),settb=1/25,setpts=N,\
         scale=w=min(iw\\,{COVER_SIDE_MAX}):h=min(ih\\,{COVER_SIDE_MAX}):force_original_aspect_ratio=decrease"
    );
    let max_pixels = PIXELS_MAX.to_string();
    [
        // Before what is read.
        &["-nostdin", "-hide_banner", "-loglevel", "error", "-max_pixels", &max_pixels, "-threads", "1"][..],
        &["-protocol_whitelist", "file", "-f", format, "-i", "file:/dev/fd/0"],
        // What is written.
        &["-map", "0:v:0", "-vf", &filter, "-r", "25", "-frames:v", "2", "-threads", "1"],
        &["-f", "image2pipe", "-c:v", "pam", "-pix_fmt", "rgba", "pipe:1"],
    ]
    .concat()
    .into_iter()
    .map(OsString::from)
    .collect()
}

/// A run of the program. Dropped, it is killed with all it started.
struct Run {
    child: Child,
    /// Killed and waited for.
    is_over: bool,
}

impl Run {
    fn start(ffmpeg: &Ffmpeg, file: File, format: &str) -> Result<Self, ThumbError> {
        let mut command = Command::new(&ffmpeg.program);
        command
            .args(arguments(format))
            .current_dir("/")
            .stdin(Stdio::from(file))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => {
                ThumbError::NeedsFfmpeg { program: ffmpeg.program.display().to_string().into() }
            }
            _ => error.into(),
        })?;
        bound(&child);
        Ok(Self { child, is_over: false })
    }

    /// What it answers, and what it complains.
    fn finish(mut self, time_max: Duration, stop: &Stop) -> Result<(Vec<u8>, Vec<u8>), ThumbError> {
        let until = Instant::now() + time_max;
        let (stdout, stderr) = (self.child.stdout.take(), self.child.stderr.take());
        std::thread::scope(|scope| {
            let (sender, output) = mpsc::sync_channel(1);
            scope.spawn(move || sender.send(read_at_most(stdout, FFMPEG_OUTPUT_BYTES_MAX)));
            let complaint = scope.spawn(move || read_and_drain(stderr, FFMPEG_COMPLAINT_BYTES_MAX));
            let ended = loop {
                if stop.is_stopped() {
                    break Err(ThumbError::Stopped);
                }
                if Instant::now() >= until {
                    break Err(ThumbError::too_large("ffmpeg takes too long"));
                }
                if let Ok(output) = output.recv_timeout(FFMPEG_LOOK_EVERY) {
                    break Ok(output);
                }
            };
            // Also after its output has ended: then nothing more comes of it, and both readers end.
            self.kill();
            Ok((ended?, complaint.join().unwrap_or_default()))
        })
    }

    fn kill(&mut self) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        // It was not waited for yet, so its number, which is that of the group, is still its own.
        #[cfg(unix)]
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Where the system can, bounds on memory and on what may be written: no file at all.
fn bound(child: &Child) {
    #[cfg(target_os = "linux")]
    {
        use crate::limits::thumbs::FFMPEG_MEMORY_BYTES_MAX;
        use rustix::process::{Pid, Resource, Rlimit, prlimit};
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let seconds = FFMPEG_TIME_MAX.as_secs();
        for (what, max) in [
            (Resource::As, FFMPEG_MEMORY_BYTES_MAX),
            (Resource::Fsize, 0),
            (Resource::Core, 0),
            // Should this program be killed before it can kill that one.
            (Resource::Cpu, seconds),
        ] {
            // It may have ended already.
            let _ = prlimit(pid, what, Rlimit { current: Some(max), maximum: Some(max) });
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = child;
}

/// Up to and with `max` bytes; what comes then finds the pipe closed.
fn read_at_most(pipe: Option<impl Read>, max: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // What was read before an error may be a whole picture.
        let _ = pipe.take(max as u64).read_to_end(&mut bytes);
    }
    bytes
}

/// The first `max` bytes; the rest is read as well, so that who writes it is not held up.
fn read_and_drain(pipe: Option<impl Read>, max: usize) -> Vec<u8> {
    let Some(mut pipe) = pipe else { return Vec::new() };
    let bytes = read_at_most(Some(pipe.by_ref()), max);
    let _ = io::copy(&mut pipe, &mut io::sink());
    bytes
}

/// The last whole picture of those that follow one another, each a PAM of four bytes a pixel.
fn last_picture(mut output: &[u8]) -> Option<Picture> {
    let mut last = None;
    while let Some(((width, height), pixels, rest)) = next_picture(output) {
        last = Some((width, height, pixels));
        output = rest;
    }
    let (width, height, pixels) = last?;
    let is_opaque = pixels.chunks_exact(4).all(|pixel| pixel[3] == u8::MAX);
    Some(if is_opaque {
        let pixels = pixels.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        Picture::new(width, height, Colours::Rgb, pixels)
    } else {
        Picture::new(width, height, Colours::Rgba, pixels.to_vec())
    })
}

type Framed<'a> = ((u32, u32), &'a [u8], &'a [u8]);

fn next_picture(output: &[u8]) -> Option<Framed<'_>> {
    let mut rest = output.strip_prefix(b"P7\n")?;
    let (mut width, mut height, mut depth) = (0u32, 0u32, 0u32);
    loop {
        let end = memchr::memchr(b'\n', rest)?;
        let line = std::str::from_utf8(&rest[..end]).ok()?;
        rest = &rest[end + 1..];
        match line.split_once(' ') {
            Some(("WIDTH", value)) => width = value.parse().ok()?,
            Some(("HEIGHT", value)) => height = value.parse().ok()?,
            Some(("DEPTH", value)) => depth = value.parse().ok()?,
            None if line == "ENDHDR" => break,
            _ => {}
        }
    }
    let is_sane = |side: u32| (1..=COVER_SIDE_MAX).contains(&side);
    if depth != 4 || !is_sane(width) || !is_sane(height) {
        return None;
    }
    let (pixels, rest) = rest.split_at_checked(width as usize * height as usize * 4)?;
    Some(((width, height), pixels, rest))
}
