//! Going on with what was begun when the program ended: what was only planned is forgotten, what was
//! being applied is finished by what the disk shows.

use super::apply::{Manner, apply};
use super::plan::Plan;
use super::problem::in_full;
use super::{Files, Report, WishError};
use lumidex_schema::id::Seq;
use lumidex_schema::operation::{Operation, OperationKind, OperationState};

/// Takes care of every operation that is unfinished and that nobody is busy with.
///
/// # Errors
/// When the ledger fails, the program stops or too much is being done; then it can be called again.
pub(super) fn recover(files: &Files) -> Result<Vec<Report>, WishError> {
    let mut reports = Vec::new();
    for (operation, head) in left_behind(files)? {
        if head.state == OperationState::Planning {
            files.ledger.forget_operation(operation)?;
            tracing::info!(
                operation = operation.0,
                kind = head.kind.word(),
                "forgot a plan that was not finished"
            );
            continue;
        }
        let run = files.runs.begin(head.kind, &files.stop)?;
        run.set_number(operation);
        tracing::info!(operation = operation.0, kind = head.kind.word(), "going on with what was begun");
        let manner = Manner { stops: stops(&head), is_again: true };
        let applied = apply(files, &run, operation, Plan::found(operation), manner)?;
        reports.push(Report::of(Some(operation), applied));
    }
    Ok(reports)
}

fn left_behind(files: &Files) -> Result<Vec<(Seq, Operation)>, WishError> {
    // Nobody begins an operation meanwhile, whose run would not know its number yet.
    let _numbering = files.numbering.write();
    let mut unfinished = files.ledger.reader()?.unfinished_operations()?;
    unfinished.retain(|(operation, _)| !files.runs.is_running(*operation));
    Ok(unfinished)
}

/// Whether the first failure is the last: the journal does not say what was wished. If one failure was
/// not the last before, the next is not either.
const fn stops(head: &Operation) -> bool {
    let goes_on = matches!(head.kind, OperationKind::Flatten | OperationKind::Organize);
    !goes_on && head.failed == 0
}

/// For the log, when nobody asked.
pub(super) fn warn_of(error: &WishError) {
    tracing::warn!(error = in_full(error), "what was begun is not finished; tried again with the next wish");
}
