//! Which of the images whose files are not where they were is the one that has just been seen. Pure.
//!
//! Content decides; where several have it, evidence does, the strongest first; where evidence does
//! not tell them apart and it matters which it is, nobody guesses: a person is asked.

use lumidex_schema::id::{ImageId, TagId, TextId};
use lumidex_schema::path::RelPath;
use lumidex_schema::record::Sighting;

/// Where a file lies or lay: the folder below its root, and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) folder: RelPath,
    pub(super) name: Vec<u8>,
}

/// An image whose file is not where it was, and whose content has just been seen.
#[derive(Clone, Debug)]
pub(super) struct Lost {
    pub(super) image: ImageId,
    /// Where it was.
    pub(super) spot: Spot,
    /// What was last seen of its file.
    pub(super) sighting: Sighting,
    /// What a person did to it.
    pub(super) decisions: Decided,
}

/// What a person did to an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Decided {
    /// Tags put on (`true`) or taken off.
    pub(super) tags: Vec<(TagId, bool)>,
    /// A digest of the cover that was chosen.
    pub(super) cover: Option<[u8; 32]>,
    /// The generation text that was given.
    pub(super) edit: Option<(TextId, Vec<u64>)>,
}

impl Decided {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// None of them.
    Nobody,
    /// This one.
    One(ImageId),
    /// One of these, and it matters which.
    Ask(Vec<ImageId>),
}

/// Who of `lost`, all of the same content, was seen at `spot`.
pub(super) fn choose(spot: &Spot, sighting: &Sighting, lost: &[Lost]) -> Choice {
    let [first, rest @ ..] = lost else { return Choice::Nobody };
    let evidence: [&dyn Fn(&Lost) -> bool; 4] = [
        &|lost| lost.sighting.is_same_file(sighting),
        &|_| rest.is_empty(),
        &|lost| lost.spot == *spot,
        &|lost| lost.spot.name == spot.name,
    ];
    if let Some(one) = own_file(sighting, lost) {
        return Choice::One(one);
    }
    for points_to in evidence {
        let mut pointed_to = lost.iter().filter(|lost| points_to(lost));
        if let (Some(one), None) = (pointed_to.next(), pointed_to.next()) {
            return Choice::One(one.image);
        }
    }
    if rest.iter().all(|other| other.decisions == first.decisions) {
        // Whichever it is, a person sees the same.
        let oldest = lost.iter().map(|lost| lost.image).min();
        return oldest.map_or(Choice::Nobody, Choice::One);
    }
    let mut all: Vec<ImageId> = lost.iter().map(|lost| lost.image).collect();
    all.sort_unstable();
    Choice::Ask(all)
}

/// Among several images of the very file that was seen, the one that a person did something to: the others
/// stood in for it for a moment, when a walk told late where the file had been. None when several count.
fn own_file(sighting: &Sighting, lost: &[Lost]) -> Option<ImageId> {
    let very = || lost.iter().filter(|lost| lost.sighting.is_same_file(sighting));
    let mut counting = very().filter(|lost| !lost.decisions.is_empty());
    match (counting.next(), counting.next()) {
        (Some(one), None) => Some(one.image),
        (None, _) => very().map(|lost| lost.image).min(),
        (Some(_), Some(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lumidex_schema::id::Timestamp;

    fn spot(folder: &str, name: &str) -> Spot {
        Spot { folder: RelPath::from_bytes(folder.as_bytes()), name: name.as_bytes().to_vec() }
    }

    fn file(inode: u64) -> Sighting {
        Sighting { inode, created: Timestamp(1), ..Sighting::default() }
    }

    fn lost(id: u32, spot: Spot, inode: u64, tag: u32) -> Lost {
        let tags = if tag == 0 { Vec::new() } else { vec![(TagId(tag), true)] };
        let decisions = Decided { tags, ..Decided::default() };
        Lost { image: ImageId(id), spot, sighting: file(inode), decisions }
    }

    #[test]
    fn the_only_one_it_can_be_is_the_one() {
        let one = [lost(1, spot("a", "x"), 1, 5)];
        assert_eq!(choose(&spot("b", "y"), &file(9), &one), Choice::One(ImageId(1)));
        assert_eq!(choose(&spot("b", "y"), &file(9), &[]), Choice::Nobody);
    }

    #[test]
    fn among_equal_ones_the_file_itself_then_place_then_name_decide() {
        let two = [lost(1, spot("a", "x"), 1, 5), lost(2, spot("b", "y"), 2, 6)];
        assert_eq!(choose(&spot("a", "x"), &file(2), &two), Choice::One(ImageId(2)));
        assert_eq!(choose(&spot("a", "x"), &file(9), &two), Choice::One(ImageId(1)));
        assert_eq!(choose(&spot("c", "y"), &file(9), &two), Choice::One(ImageId(2)));
    }

    #[test]
    fn what_stood_in_for_a_file_for_a_moment_is_not_asked_about() {
        let stand_in = lost(3, spot("b", "x"), 7, 0);
        let both = [stand_in, lost(2, spot("a", "x"), 7, 5), lost(1, spot("a", "z"), 8, 6)];
        assert_eq!(choose(&spot("c", "y"), &file(7), &both), Choice::One(ImageId(2)));
        let neither =
            [lost(3, spot("b", "x"), 7, 0), lost(2, spot("a", "x"), 7, 0), lost(1, spot("a", "z"), 8, 6)];
        assert_eq!(choose(&spot("c", "y"), &file(7), &neither), Choice::One(ImageId(2)));
    }

    #[test]
    fn what_cannot_be_told_is_asked_when_it_matters() {
        let two = [lost(2, spot("a", "x"), 1, 5), lost(1, spot("b", "y"), 2, 6)];
        assert_eq!(choose(&spot("c", "z"), &file(9), &two), Choice::Ask(vec![ImageId(1), ImageId(2)]));
        let alike = [lost(2, spot("a", "x"), 1, 5), lost(1, spot("b", "y"), 2, 5)];
        assert_eq!(choose(&spot("c", "z"), &file(9), &alike), Choice::One(ImageId(1)));
        // The same name twice tells nothing, nor do two names of one file.
        let twins = [lost(1, spot("a", "x"), 7, 5), lost(2, spot("b", "x"), 7, 6)];
        assert_eq!(choose(&spot("c", "x"), &file(7), &twins), Choice::Ask(vec![ImageId(1), ImageId(2)]));
    }
}
