//! The client of OpenAI-compatible services against one that does as it is told: what is asked and how
//! often, what is taken for whose fault, and that nothing waits for what does not come.

mod connections;
mod questions;
mod vectors;

use lumidex::sys::Stop;
use lumidex::upstream::UpstreamError;

/// The status that an upstream answered.
#[track_caller]
fn status(error: &UpstreamError) -> u16 {
    match error {
        UpstreamError::Status { status, .. } => *status,
        other => panic!("a status was expected: {other}"),
    }
}

fn never() -> Stop {
    Stop::never()
}
