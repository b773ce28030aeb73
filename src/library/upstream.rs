//! The service that a library may ask for vectors and chats, if there is one.

use super::Library;
use crate::upstream::Upstream;
use std::sync::Arc;

impl Library {
    /// From now on asks this service where one is needed. The first one stays.
    pub fn use_upstream(&self, upstream: Arc<Upstream>) {
        // Told twice: the first holds, for work may have begun with it.
        let _ = self.upstream.set(upstream);
    }

    /// The service, if there is one.
    #[must_use]
    pub fn upstream(&self) -> Option<&Arc<Upstream>> {
        self.upstream.get()
    }
}
