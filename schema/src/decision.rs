//! What a person did, as it is recorded: with what undoing it needs.

use crate::id::{ImageId, Seq, TagId, Timestamp};
use crate::operation::OperationKind;
use crate::record::{Edit, ExtraPath, Former, Image, Link, Review};
use serde::{Deserialize, Serialize};

/// What a person did, under the number it was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// When it was acknowledged.
    pub at: Timestamp,
    /// What it was.
    pub action: Action,
}

/// See [`Decision`]. Holds what undoing it needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Action {
    /// A custom tag was made.
    TagMade {
        /// Which.
        tag: TagId,
    },
    /// A custom tag was removed, with its links.
    TagRemoved {
        /// Which.
        tag: TagId,
        /// The images it was on.
        images: Vec<ImageId>,
    },
    /// A tag got another colour.
    TagColored {
        /// Which.
        tag: TagId,
        /// The colour before.
        before: String,
    },
    /// A tag was put on images.
    TagPut {
        /// Which.
        tag: TagId,
        /// The images it was not on before.
        images: Vec<ImageId>,
    },
    /// A tag was taken off images.
    TagTaken {
        /// Which.
        tag: TagId,
        /// The images it was on before.
        images: Vec<ImageId>,
    },
    /// A client's setting was stored or removed.
    Setting {
        /// Its name.
        name: String,
        /// The JSON text before.
        before: Option<String>,
    },
    /// An extra path was added, changed, aliased or removed.
    ExtraPath {
        /// Its absolute path.
        path: Vec<u8>,
        /// The entry before.
        before: Option<ExtraPath>,
    },
    /// A question about identity was settled.
    ReviewSettled {
        /// What was asked.
        review: Review,
        /// The image that now stands where the question arose.
        image: ImageId,
        /// The image that stood there before.
        before: ImageId,
    },
    /// An operation on files was begun; [`crate::operation::Operation`] is under the same number, and it is
    /// undone there.
    Files {
        /// What was asked for.
        kind: OperationKind,
    },
    /// Another cover was chosen for a video, or its own first picture again.
    CoverChosen {
        /// Which.
        image: ImageId,
        /// The WebP picture before.
        before: Option<Vec<u8>>,
    },
    /// A tag was put on images or taken off. Until format 2 there were [`Action::TagPut`] and
    /// [`Action::TagTaken`], which do not say what exactly was before.
    TagLinked {
        /// Which.
        tag: TagId,
        /// What it was to each image, and is since.
        changes: Vec<LinkChange>,
    },
    /// A custom tag was removed, with its links; until format 2 it was [`Action::TagRemoved`].
    TagDropped {
        /// Which.
        tag: TagId,
        /// What it was to images.
        links: Vec<(ImageId, Link)>,
    },
    /// A removed tag was put back, with its links.
    TagBack {
        /// Which.
        tag: TagId,
    },
    /// As [`Action::ReviewSettled`], when images changed places. Until format 3; it does not say what texts a
    /// person had given them.
    ReviewAnswered {
        /// What was asked.
        review: Review,
        /// The image that now stands where the question arose.
        image: ImageId,
        /// The image that stood there before.
        before: ImageId,
        /// Both, as they were; without the one that was made by the answer.
        was: Vec<Standing>,
    },
    /// A question about identity was opened again.
    ReviewReopened {
        /// What is asked.
        review: Review,
        /// Its number now.
        number: Seq,
        /// The answer that was taken back, as it was given.
        take: Option<ImageId>,
    },
    /// A person gave an image a generation text, or took it back.
    TextEdited {
        /// Which.
        image: ImageId,
        /// The text a person had given it before.
        before: Option<Edit>,
        /// The text it has since.
        after: Option<Edit>,
    },
    /// As [`Action::ReviewSettled`], when images changed places.
    ReviewTaken {
        /// What was asked.
        review: Review,
        /// The image that now stands where the question arose.
        image: ImageId,
        /// The image that stood there before.
        before: ImageId,
        /// Both, as they were, with the texts a person had given them; without the one that was made by the
        /// answer.
        was: Vec<(Standing, Option<Edit>)>,
    },
}

/// What a tag was to an image, and what it is since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkChange {
    /// Which image.
    pub image: ImageId,
    /// The link before; `None` where there was none.
    pub before: Option<Link>,
    /// The link since.
    pub after: Option<Link>,
}

/// An image with all that is known of it, and all that a person did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Which.
    pub image: ImageId,
    /// Its record.
    pub record: Image,
    /// Its links, by tag.
    pub links: Vec<(TagId, Link)>,
    /// What its file held before.
    pub former: Option<Former>,
    /// Its cover.
    pub cover: Option<Vec<u8>>,
}
