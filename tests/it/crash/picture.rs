//! Small pictures that can be told apart by their pixels and found by their prompts.

use std::io::Write as _;

/// A picture and its content: its pixels never change, its prompt may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Content {
    /// Which picture it is. A copy is another one.
    pub(super) key: u32,
    /// What its pixels follow from: its own key, or that of the picture it was copied from.
    pub(super) pixels: u32,
    pub(super) version: u32,
}

impl Content {
    /// Of a picture that is no copy.
    pub(super) const fn new(key: u32) -> Self {
        Self { key, pixels: key, version: 0 }
    }

    /// Stands in its prompt, in those of its copies, and in no other.
    pub(super) fn word(self) -> String {
        format!("zkey{:05}v{:03}", self.pixels, self.version)
    }

    /// What its sidecar says, if it has one.
    pub(super) fn beside(self) -> Option<String> {
        self.pixels.is_multiple_of(3).then(|| format!("beside {}", self.pixels))
    }

    /// A PNG file.
    pub(super) fn bytes(self) -> Vec<u8> {
        let (word, key) = (self.word(), self.pixels);
        let text = format!(
            "a lake at {}, {word}\nNegative prompt: fog\nSteps: {}, Sampler: Euler a, CFG scale: 7, Seed: {key}, \
             Size: 16x8, Model: model{}",
            ["dawn", "noon", "dusk"][key as usize % 3],
            20 + key % 4,
            key % 5
        );
        png(&text, u64::from(key))
    }
}

/// A grey picture of 16 × 8 pixels that follow from `seed`.
fn png(parameters: &str, seed: u64) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8; 4], data: &[u8]| {
        bytes.extend((data.len() as u32).to_be_bytes());
        let mut crc = flate2::Crc::new();
        crc.update(kind);
        crc.update(data);
        bytes.extend(kind);
        bytes.extend(data);
        bytes.extend(crc.sum().to_be_bytes());
    };
    chunk(b"IHDR", &[0, 0, 0, 16, 0, 0, 0, 8, 8, 0, 0, 0, 0]);
    chunk(b"tEXt", &[b"parameters\0", parameters.as_bytes()].concat());
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut pixels = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::none());
    for _ in 0..8 {
        let mut row = [0; 17];
        rng.fill(&mut row[1..]);
        pixels.write_all(&row).unwrap();
    }
    chunk(b"IDAT", &pixels.finish().unwrap());
    chunk(b"IEND", b"");
    bytes
}
