//! What is kept of doubts about identity: the file an image had before, and questions to a person.

use super::ReadError;
use super::relink::Relink;
use crate::limits;
use lumidex_schema::id::{ImageId, Timestamp};
use lumidex_schema::record::{Former, Image, Question, Review, Row};
use redb::{ReadableTable, ReadableTableMetadata};

impl Relink<'_, '_> {
    pub(super) fn remember_former(
        &mut self,
        id: ImageId,
        record: &Image,
        seen: &Image,
        is_replaced: bool,
    ) -> Result<(), ReadError> {
        let (fingerprint, sighting) = (record.fingerprint, record.sighting);
        self.remember(id, Former { fingerprint, sighting, since: seen.fingerprint, at: self.at })?;
        if is_replaced {
            self.ask(Question::Replaced { image: id, before: fingerprint })?;
        }
        Ok(())
    }

    pub(super) fn remember(&mut self, id: ImageId, former: Former) -> Result<(), ReadError> {
        self.tables.formers.insert(id.0, former.encode().as_slice())?;
        self.interned.alikes.add(id, &former.fingerprint, &former.sighting);
        Ok(())
    }

    pub(super) fn is_recent(&self, at: Timestamp) -> bool {
        at.0 >= self.at.0.saturating_sub(limits::REWRITTEN_AT_ONCE_NS)
    }

    pub(super) fn forget_former(&mut self, id: ImageId) -> Result<(), ReadError> {
        self.tables.formers.remove(id.0)?;
        Ok(())
    }

    /// Puts a question on the list, in the place of an earlier one about the same.
    pub(super) fn ask(&mut self, mut question: Question) -> Result<(), ReadError> {
        let mut outdated = Vec::new();
        for entry in self.tables.reviews.range::<u64>(..)?.rev().take(limits::REVIEWS_COMPARED) {
            let (number, review) = entry?;
            let asked = Review::decode(review.value())?;
            if subject(&asked.question) == subject(&question) {
                outdated.push(number.value());
                // A file that is written in several steps was replaced once.
                if let (Question::Replaced { before, .. }, Question::Replaced { before: first, .. }) =
                    (&mut question, asked.question)
                    && self.is_recent(asked.at)
                {
                    *before = first;
                }
            }
        }
        if self.tables.reviews.len()? >= limits::REVIEWS_MAX
            && let Some(oldest) = self.tables.reviews.first()?
        {
            tracing::warn!("more questions are open than are kept; the oldest is dropped");
            outdated.push(oldest.0.value());
        }
        for number in outdated {
            self.tables.reviews.remove(number)?;
        }
        let number = self.tables.next_seq();
        let review = Review { at: self.at, question };
        self.tables.reviews.insert(number.0, review.encode().as_slice())?;
        Ok(())
    }
}

/// Whose place a question is about.
const fn subject(question: &Question) -> ImageId {
    match question {
        Question::Ambiguous { arrived, .. } | Question::Both { arrived, .. } => *arrived,
        Question::Replaced { image, .. } => *image,
    }
}
