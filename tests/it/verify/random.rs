//! After any history a ledger is as it should be, and so is what follows it, wherever it was cut off.

use super::assert_clean;
use lumidex::ledger::Ledger;
use lumidex::projection::Projection;
use lumidex::projection::follower::catch_up;
use lumidex::projection::tags::TagsProjection;
use lumidex::projection::text::TextProjection;
use lumidex::projection::vectors::VectorsProjection;
use lumidex::sys::Stop;
use lumidex_schema::layout;
use proptest::prelude::*;
use std::path::Path;

fn follow(data: &Path, ledger: &Ledger, which: usize) {
    let mut projections: [Box<dyn Projection>; 3] = [
        Box::new(TagsProjection::open(&data.join(layout::TAGS))),
        Box::new(TextProjection::open(&data.join(layout::TEXT))),
        Box::new(VectorsProjection::open(&data.join(layout::VECTORS))),
    ];
    catch_up(&mut *projections[which % 3], ledger, &Stop::never(), &mut |_, _| {}).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn there_is_nothing_to_find_after_any_history(
        steps in 0usize..60,
        followed in proptest::collection::vec((0usize..60, 0usize..3), 0..8),
        reopened in proptest::collection::vec(0usize..60, 0..3),
    ) {
        use crate::faults::script;
        let dir = tempfile::tempdir().unwrap();
        let open = || Ledger::open(&dir.path().join(layout::LEDGER)).unwrap();
        let mut ledger = open();
        script::prepare(&ledger);
        for nth in 0..steps {
            script::step(&ledger, nth).unwrap();
            // Projections that are behind are judged by what they followed.
            for (_, which) in followed.iter().filter(|(at, _)| *at == nth) {
                follow(dir.path(), &ledger, *which);
            }
            if reopened.contains(&nth) {
                drop(ledger);
                ledger = open();
            }
        }
        drop(ledger);
        assert_clean(dir.path());
    }
}
