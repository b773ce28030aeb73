//! Topics: images with similar prompts, found, named, kept and searched, with an upstream or without.
//!
//! In reading order: what can be asked (`ask`), which prompts that means (`items`), vectors for them
//! (`embedding`), clusters with titles (`found`, `naming`) as they are kept (`kept`, `shelf`), jobs (`job`,
//! `board`), the room where they are done (`room`), and whether what they found still holds (`cached`); searches by meaning (`search`) and the tag graph (`graph`,
//! `grouping`). Knows nothing of HTTP, and images only by their ids.

mod ask;
mod error;
mod items;

mod embedding;

mod found;
mod naming;

mod kept;
mod shelf;

mod board;
mod job;
mod room;
mod cached;

mod search;

mod graph;
mod grouping;

pub use ask::{Embedder, Embedding, Scope, TopicsAsk};
pub use board::{Board, Posted};
pub use cached::{Cached, FolderChange};
pub use embedding::Embedded;
pub use error::TopicsError;
pub use graph::{Graph, Keyword, Layer, Link, Node, NodeKind};
pub use grouping::GraphFound;
pub use job::{Progress, Stage, TopicsJob};
pub use kept::{Topic, TopicSet, VectorsMark};
pub use room::{GraphEffort, Topics, TopicsParts};
pub use search::{Alike, MeaningAsk, MeaningFound, SimilarAsk};
pub use shelf::Shelf;
