//! What the journal keeps: heads, steps, ends, and what is removed again.

use super::{Home, file, gone, moved, step};
use lumidex::ledger::{DecideError, Taken};
use lumidex::limits::JOURNAL_STEPS_REMOVED;
use lumidex_schema::id::{ImageId, Seq};
use lumidex_schema::operation::{OperationKind, OperationState, Step, StepState};
use lumidex_schema::record::Action;

fn steps(n: u32) -> Vec<Step> {
    let relocation =
        |nth: u32| moved(ImageId(1 + nth), &format!("/p/{nth}"), &format!("/q/{nth}"), file(nth.into()));
    (0..n).map(|nth| Step { item: nth, ..step(&relocation(nth)) }).collect()
}

fn ended(end: OperationState) -> Taken {
    Taken { end: Some(end), ..Taken::default() }
}

#[test]
fn an_operation_is_planned_applied_and_read_again_after_a_restart() {
    let home = Home::new();
    let operation = home.ledger.begin_operation(OperationKind::Move, 2, steps(2), false).unwrap();
    assert_eq!(home.reader().decisions(1).unwrap()[0].0, operation);
    assert_eq!(
        home.reader().decision(operation).unwrap().unwrap().action,
        Action::Files { kind: OperationKind::Move }
    );
    home.ledger.add_steps(operation, 1, vec![steps(3).pop().unwrap()], true).unwrap();
    let home = home.reopened();
    let unfinished = home.reader().unfinished_operations().unwrap();
    assert_eq!(unfinished.len(), 1);
    let (number, head) = &unfinished[0];
    assert_eq!((*number, head.items, head.steps, head.taken), (operation, 3, 3, 0));
    assert_eq!(head.state, OperationState::Applying);
    assert_eq!(home.reader().steps(operation, 0, 9).unwrap(), steps(3));
    let failed = StepState::Failed("taken".to_owned());
    let taken = Taken {
        steps: vec![(StepState::Done, Some(file(0).sighting())), (failed.clone(), None)],
        held: 7,
        ..Taken::default()
    };
    let before = home.ledger.head();
    assert!(home.ledger.take_steps(operation, taken.clone()).unwrap() > before, "a backup is another one");
    // Told again, as after an answer that was lost.
    home.ledger.take_steps(operation, taken).unwrap();
    let last = Taken { first: 2, steps: vec![(StepState::TakenBack, None)], ..ended(OperationState::Done) };
    home.ledger.take_steps(operation, last).unwrap();
    let home = home.reopened();
    let head = home.reader().operation(operation).unwrap().unwrap();
    assert_eq!((head.taken, head.failed, head.held, head.state), (3, 2, 0, OperationState::Done));
    assert!(head.ended.unwrap() >= head.at);
    let states: Vec<_> = home.reader().steps(operation, 1, 9).unwrap().into_iter().map(|s| s.state).collect();
    assert_eq!(states, [failed, StepState::TakenBack]);
    assert_eq!(home.reader().steps(operation, 0, 1).unwrap()[0].after, Some(file(0).sighting()));
    assert!(home.reader().unfinished_operations().unwrap().is_empty());
}

#[test]
fn operations_are_listed_newest_first_and_in_pages() {
    let home = Home::new();
    let all: Vec<Seq> = (0..4).map(|_| home.begin(steps(1))).collect();
    home.ledger.make_tag("in between").unwrap();
    let numbers = |before, max| {
        let operations = home.reader().operations(before, max).unwrap();
        operations.into_iter().map(|(number, _)| number).collect::<Vec<_>>()
    };
    assert_eq!(numbers(None, 2), [all[3], all[2]]);
    assert_eq!(numbers(Some(all[2]), 9), [all[1], all[0]]);
    let decisions = home.reader().decisions_before(Some(all[3]), 1).unwrap();
    assert_eq!(decisions[0].0, all[2]);
}

#[test]
fn what_does_not_fit_the_journal_is_refused_and_writes_nothing() {
    let home = Home::new();
    let planned = home.ledger.begin_operation(OperationKind::Copy, 1, steps(1), false).unwrap();
    let applied = home.begin(steps(2));
    let head = home.ledger.head();
    let not_now = |answer: Result<Seq, DecideError>| matches!(answer, Err(DecideError::NotNow { .. }));
    let take = |operation, first, n| {
        let steps = vec![(StepState::Done, None); n];
        home.ledger.take_steps(operation, Taken { first, steps, ..Taken::default() })
    };
    assert!(not_now(take(planned, 0, 1)));
    assert!(not_now(take(applied, 0, 3)));
    assert!(not_now(take(applied, 1, 1)), "the one before was not taken");
    assert!(not_now(home.ledger.take_steps(applied, ended(OperationState::Planning))));
    assert!(not_now(home.ledger.add_steps(applied, 1, steps(1), true)));
    assert!(not_now(home.ledger.forget_operation(applied)));
    assert!(not_now(home.ledger.expire_operation(applied)));
    assert!(matches!(take(Seq(9_999), 0, 0), Err(DecideError::UnknownOperation(Seq(9_999)))));
    let undo = |of| home.ledger.begin_operation(OperationKind::Undo { of }, 1, steps(1), true);
    assert!(matches!(undo(applied), Err(DecideError::CannotUndo { .. })));
    assert!(matches!(undo(Seq(9_999)), Err(DecideError::UnknownOperation(_))));
    assert_eq!(home.ledger.head(), head);
    assert_eq!(home.reader().head().unwrap(), head);
}

#[test]
fn an_operation_that_was_not_begun_leaves_nothing() {
    let home = Home::new();
    let before = home.reader().decisions(9).unwrap();
    let n = JOURNAL_STEPS_REMOVED + 5;
    let operation = home.ledger.begin_operation(OperationKind::Move, n, steps(n), false).unwrap();
    home.ledger.forget_operation(operation).unwrap();
    let reader = home.reader();
    assert_eq!(reader.operation(operation).unwrap(), None);
    assert!(reader.steps(operation, 0, 9).unwrap().is_empty());
    assert_eq!(reader.decisions(9).unwrap(), before);
    assert!(matches!(home.ledger.forget_operation(operation), Err(DecideError::UnknownOperation(_))));
}

#[test]
fn an_undo_that_came_to_its_end_is_noted_and_only_then() {
    let home = Home::new();
    let operation = home.begin(steps(1));
    home.ledger
        .take_steps(operation, Taken { steps: vec![(StepState::Done, None)], ..ended(OperationState::Done) })
        .unwrap();
    let kind = OperationKind::Undo { of: operation };
    let stopped = home.ledger.begin_operation(kind, 1, steps(1), true).unwrap();
    home.ledger.take_steps(stopped, ended(OperationState::Stopped)).unwrap();
    assert_eq!(home.reader().undone_by(operation).unwrap(), None);
    let undo = home.ledger.begin_operation(kind, 1, steps(1), true).unwrap();
    home.ledger.take_steps(undo, ended(OperationState::Done)).unwrap();
    assert_eq!(home.reader().undone_by(operation).unwrap(), Some(undo));
    let again = home.ledger.begin_operation(kind, 1, steps(1), true).unwrap_err();
    assert!(again.to_string().contains("undone before"), "{again}");
    let redo = home.ledger.begin_operation(OperationKind::Undo { of: undo }, 1, steps(1), true);
    assert!(redo.is_ok(), "undoing it is doing it again");
}

#[test]
fn an_operation_expires_in_small_parts_and_keeps_its_head() {
    for (n, taken, end) in [
        (JOURNAL_STEPS_REMOVED * 2 + 1, JOURNAL_STEPS_REMOVED * 2 + 1, OperationState::Done),
        (JOURNAL_STEPS_REMOVED + 1, 1, OperationState::Stopped),
        (3, 0, OperationState::Stopped),
        (0, 0, OperationState::Done),
    ] {
        let home = Home::new();
        let operation = home.begin(steps(n));
        let states = vec![(StepState::Done, None); taken as usize];
        let all = Taken { steps: states, held: 5, end: Some(end), ..Taken::default() };
        home.ledger.take_steps(operation, all).unwrap();
        let before = home.reader().operation(operation).unwrap().unwrap();
        assert!(!before.is_expired());
        home.ledger.expire_operation(operation).unwrap();
        home.ledger.expire_operation(operation).unwrap();
        let head = home.reader().operation(operation).unwrap().unwrap();
        assert_eq!((head.steps, head.held, head.taken, head.state), (0, 0, taken, end));
        assert_eq!(head.is_expired(), taken > 0);
        assert!(home.reader().steps(operation, 0, 9).unwrap().is_empty());
        assert_eq!(home.reader().decisions(1).unwrap()[0].0, operation);
        let undo = home.ledger.begin_operation(OperationKind::Undo { of: operation }, 0, Vec::new(), true);
        assert_eq!(undo.is_err(), taken > 0);
    }
}

#[test]
fn relocations_are_part_of_the_transaction_that_notes_their_steps() {
    let home = Home::new();
    let id = home.see("/p/a.png", file(1));
    let operation = home.begin(vec![step(&gone(id, "/p/a.png"))]);
    assert!(!home.is_missing(id), "nothing was touched yet");
    home.take(operation, 0, 1, vec![gone(id, "/p/a.png")]);
    assert!(home.is_missing(id));
}
