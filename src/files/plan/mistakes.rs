//! Items that cannot, or could not, be done: some told, all counted.

use crate::files::problem::Problem;
use crate::limits::files as limits;

#[derive(Clone, Debug, Default)]
pub(crate) struct Mistakes {
    told: Vec<(Vec<u8>, String)>,
    count: u64,
    first: Option<Problem>,
}

impl Mistakes {
    pub(crate) fn add(&mut self, path: &[u8], problem: Problem) {
        self.count += 1;
        if self.told.len() < limits::ERRORS_TOLD_MAX {
            self.told.push((path.to_vec(), problem.text().to_owned()));
        }
        self.first.get_or_insert(problem);
    }

    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    pub(crate) const fn first(&self) -> Option<&Problem> {
        self.first.as_ref()
    }

    pub(crate) fn into_told(self) -> Vec<(Vec<u8>, String)> {
        self.told
    }
}
