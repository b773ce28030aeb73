//! What opening a library takes beside its parts, and how what failed of them is told apart.

use crate::limits;
use crate::projection::tags::TagsProjection;
use crate::projection::text::TextProjection;
use crate::projection::vectors::VectorsProjection;
use crate::query::Engine;
use crate::sys::storage::Storage;
use lumidex_schema::id::Seq;
use lumidex_schema::layout;
use std::path::Path;
use std::sync::Arc;

/// Whether searches do not need it.
pub(super) fn is_aside(failed: &str) -> bool {
    ["vectors", "paid"].contains(&failed)
}

/// Waits until searches show a change; one that is not shown soon is durable all the same.
pub(super) fn settle(engine: &Engine, seq: Seq) {
    if !engine.wait_visible(seq, limits::VISIBLE_WAIT) {
        tracing::warn!(seq = seq.0, "a change is durable but not searchable yet");
    }
}

/// All projections, loaded side by side: text and tags take a core each at start.
pub(super) fn open_projections(
    storage: &Arc<dyn Storage>,
    data_dir: &Path,
) -> (TagsProjection, TextProjection, VectorsProjection) {
    std::thread::scope(|scope| {
        let text = scope.spawn(|| TextProjection::open_on(Arc::clone(storage), &data_dir.join(layout::TEXT)));
        let tags = TagsProjection::open_on(Arc::clone(storage), &data_dir.join(layout::TAGS));
        let vectors = VectorsProjection::open_on(Arc::clone(storage), &data_dir.join(layout::VECTORS));
        let text = text.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (tags, text, vectors)
    })
}

/// 128 bits in hex.
pub(super) fn random_token() -> String {
    let mut bytes = [0; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        Err(error) => {
            tracing::warn!(%error, "tools will not be admitted by this server");
            String::new()
        }
    }
}
