//! How good and how quick topics are, on libraries whose topics are known:
//! `cargo bench -p lumidex-topics --features planted --bench quality [-- small|topics|titles|themes|synonyms|speed]`.

#![allow(clippy::unwrap_used)]

mod near;
mod topics;
mod synonyms;
mod speed;
mod themes;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|word| word == name);
    if is_wanted("small") {
        topics::small();
    }
    if is_wanted("topics") {
        topics::large();
    }
    if is_wanted("titles") {
        topics::titles();
    }
    if is_wanted("themes") {
        themes::table();
    }
    if is_wanted("synonyms") {
        synonyms::table();
    }
    if is_wanted("speed") {
        speed::table();
    }
}
