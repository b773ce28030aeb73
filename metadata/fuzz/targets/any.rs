//! Every target: its own name says what it tries.
#![no_main]

#[path = "../trial.rs"]
mod trial;

libfuzzer_sys::fuzz_target!(|data: &[u8]| trial::run(env!("CARGO_BIN_NAME"), data));
