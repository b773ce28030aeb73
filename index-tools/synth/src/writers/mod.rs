//! Programs that make pictures, and how each writes down what it was asked for: the places, the keys and
//! their order, and the boilerplate that real files carry (metadata as seen in the wild; all values made up).
//!
//! Each writer is told what to say and answers with notes; which kind of file they go into, and in what form,
//! is the business of `file`. Nothing here knows how any of it is read.

mod borrowed;
mod captions;
mod civitai;
mod comfy;
mod edited;
mod editor;
mod fooocus;
mod graphs;
mod handled;
mod infotexts;
mod invoke;
mod json;
mod labels;
mod matrix;
mod nodes;
mod novel;
mod pages;
mod shapes;
mod swarm;

use crate::container::Picture;
use crate::dice::{Dice, Subject};
use crate::file::{Container, file};
use crate::intended::{Field, Intended};
use crate::notes::Notes;

pub use pages::{LogAge, log_page, log_page_of};

/// A program, and one way it keeps what a picture was made of.
pub struct Writer {
    /// One word, unlike all others: `invokeai-dream`.
    pub name: &'static str,
    /// The word of the source that a reader should name; `None` when no recipe should be found.
    pub source: Option<&'static str>,
    /// What of the intention its files say.
    pub says: &'static [Field],
    /// The kinds of files it writes.
    pub containers: &'static [Container],
    /// Where its pictures lie; `%d` is the date.
    pub(crate) folder: &'static str,
    /// What they are called, without extension: `%n` counts, `%s` is the seed, `%d` the date.
    pub(crate) file_name: &'static str,
    /// Whether its samplers have ComfyUI's names.
    pub(crate) of_comfy: bool,
    /// Brings an intention into what the program can be asked for.
    pub(crate) adapt: fn(&mut Intended),
    pub(crate) write: fn(&Intended, Container, &mut Dice) -> Notes,
}

/// A file as a program leaves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Of the picture, film or sound.
    pub bytes: Vec<u8>,
    /// Files beside it: what stands in place of its extension, and the bytes.
    pub beside: Vec<(&'static str, Vec<u8>)>,
    /// Whether it says nothing itself, and the log of its folder does, see [`log_page`].
    pub is_logged: bool,
}

impl Writer {
    /// The writer of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        writers().find(|writer| writer.name == name)
    }

    /// What the program would make of this intention: adapters named in the prompt, say.
    #[must_use]
    pub fn intended(&self, wanted: &Intended) -> Intended {
        let mut intended = wanted.clone();
        (self.adapt)(&mut intended);
        intended
    }

    /// A file that says what [`Self::intended`] makes of `wanted`. The same seed gives the same bytes;
    /// another stores the same in another form, where there are several.
    #[must_use]
    pub fn file(&self, container: Container, wanted: &Intended, seed: u64) -> Written {
        let mut dice = Dice::of(seed, Subject::Pixels, 0);
        let picture = Picture::paint(16, 8 * (1 + dice.below(3)) as u32, &mut dice);
        self.file_of(container, &picture, wanted, &mut dice)
    }

    pub(crate) fn file_of(
        &self,
        container: Container,
        picture: &Picture,
        wanted: &Intended,
        dice: &mut Dice,
    ) -> Written {
        let notes = (self.write)(&self.intended(wanted), container, dice);
        Written {
            bytes: file(container, picture, &notes, dice),
            is_logged: notes.is_logged,
            beside: notes.beside.into_iter().map(|(end, text)| (end, text.into_bytes())).collect(),
        }
    }
}

/// Every writer, those of one program side by side.
pub fn writers() -> impl Iterator<Item = &'static Writer> {
    [
        infotexts::WRITERS,
        handled::WRITERS,
        civitai::WRITERS,
        borrowed::WRITERS,
        matrix::WRITERS,
        comfy::WRITERS,
        edited::WRITERS,
        fooocus::WRITERS,
        novel::WRITERS,
        invoke::WRITERS,
        swarm::WRITERS,
        json::WRITERS,
        captions::WRITERS,
        labels::WRITERS,
    ]
    .into_iter()
    .flatten()
}

/// As most programs take it.
fn as_it_is(_: &mut Intended) {}

/// The commonest kinds of pictures.
const PICTURES: &[Container] = &[Container::Png, Container::Jpeg, Container::Webp];
const PNG: &[Container] = &[Container::Png];
