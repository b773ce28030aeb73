//! What a check found, in words and for scripts. Knows nothing of how it was found.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Findings of one rule that are told one by one; of a thousand more only the number is worth knowing.
pub(super) const TOLD_PER_RULE_MAX: usize = 100;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The file or folder, as in a data folder's layout.
    pub place: Cow<'static, str>,
    /// The rule that does not hold; these names stay as they are.
    pub rule: Cow<'static, str>,
    /// What of the place it is about, as `image 7`.
    pub what: String,
    /// What there should be.
    pub expected: String,
    /// What there is.
    pub found: String,
    /// What makes it right.
    pub mend: Mend,
}

/// What makes a finding right again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mend {
    /// It follows from other rows, and is written again from them.
    Derive,
    /// It is put back from the newest backup that has it; where none has, it is made up from what still speaks
    /// of it, and what then refers to nothing is set aside.
    PutBack,
    /// It refers to nothing: it is taken out, and kept in a file beside.
    SetAside,
    /// The place is emptied, and fills again by itself.
    Refill,
    /// The whole file is replaced by the newest sound backup, and kept beside.
    Restore,
    /// The file is given another name, under which nobody looks for it.
    PutAway,
    /// Nothing that a program could do.
    Nothing,
}

impl Mend {
    /// What a repair does, for a person.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Derive => "write it again from the rows it follows from",
            Self::PutBack => "put it back from a backup, or from what still speaks of it",
            Self::SetAside => "take it out, and keep it in a file beside",
            Self::Refill => "empty it; it fills again by itself",
            Self::Restore => "restore the newest sound backup",
            Self::PutAway => "give the file another name",
            Self::Nothing => "nothing that a program could do: report it",
        }
    }
}

impl Finding {
    /// With everything but what is about the place itself given.
    #[must_use]
    pub fn new(
        place: impl Into<Cow<'static, str>>,
        rule: &'static str,
        what: impl Into<String>,
        (expected, found): (impl Into<String>, impl Into<String>),
        mend: Mend,
    ) -> Self {
        let (expected, found) = (expected.into(), found.into());
        Self { place: place.into(), rule: rule.into(), what: what.into(), expected, found, mend }
    }
}

/// Findings, of which each rule tells a hundred at most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// One by one.
    pub told: Vec<Finding>,
    /// How many there are of each place and rule, told or not: `place: rule`.
    pub counts: BTreeMap<String, u64>,
}

impl Findings {
    /// Adds one.
    pub fn add(&mut self, finding: Finding) {
        let count = self.counts.entry(format!("{}: {}", finding.place, finding.rule)).or_default();
        *count += 1;
        if *count <= TOLD_PER_RULE_MAX as u64 {
            self.told.push(finding);
        }
    }

    /// Adds all of another check.
    pub fn add_all(&mut self, other: Self) {
        for (rule, count) in other.counts {
            *self.counts.entry(rule).or_default() += count;
        }
        self.told.extend(other.told);
    }

    /// Whether all is as it should be.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// How many there are, told or not.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Whether something of a place is to be mended in this way.
    #[must_use]
    pub fn asks_for(&self, place: &str, mend: Mend) -> bool {
        self.told.iter().any(|finding| finding.place == place && finding.mend == mend)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_to_tell_is_counted() {
        let finding = |rule| Finding::new("ledger", rule, "image 1", ("a", "b"), Mend::Derive);
        let mut findings = Findings::default();
        assert!(findings.is_empty());
        (0..TOLD_PER_RULE_MAX + 5).for_each(|_| findings.add(finding("one")));
        findings.add(finding("other"));
        assert_eq!(
            (findings.told.len(), findings.len()),
            (TOLD_PER_RULE_MAX + 1, TOLD_PER_RULE_MAX as u64 + 6)
        );
        assert!(findings.asks_for("ledger", Mend::Derive) && !findings.asks_for("tags", Mend::Derive));
        let mut twice = findings.clone();
        twice.add_all(findings.clone());
        assert_eq!(twice.len(), 2 * findings.len());
        let json = serde_json::to_string(&findings).unwrap_or_default();
        assert_eq!(serde_json::from_str::<Findings>(&json).ok(), Some(findings));
    }
}
