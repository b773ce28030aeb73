//! What a container reader finds out about the picture itself: its size and where its data lies.

/// Size and data of a picture.
#[derive(Debug, Default)]
pub(super) struct Picture {
    /// Pixels; 0 when unknown.
    pub(super) width: u32,
    /// Pixels; 0 when unknown.
    pub(super) height: u32,
    /// Empty when it was not found.
    pub(super) payload: Payload,
}

/// The picture's data as one logical run of bytes, whatever chunks it is cut into.
#[derive(Debug, Default)]
pub(super) struct Payload {
    spans: Vec<(u64, u64)>,
    len: u64,
}

impl Payload {
    /// Adds bytes of the file: where they start and how many they are. Spans may overlap; one that
    /// brings the sum beyond 64 bits is left out.
    pub(super) fn push(&mut self, start: u64, len: u64) {
        if len > 0
            && let Some(sum) = self.len.checked_add(len)
        {
            self.spans.push((start, len));
            self.len = sum;
        }
    }

    /// Bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// The pieces of the file that hold `len` logical bytes from `start` on. Asked with growing
    /// `start`, `hint` remembers where the last answer began.
    pub(super) fn pieces(&self, start: u64, len: u64, hint: &mut (usize, u64)) -> Vec<(u64, u64)> {
        let mut pieces = Vec::with_capacity(1);
        let (mut nth, mut passed) = *hint;
        let (mut start, mut left) = (start, len);
        while let Some((at, n)) = self.spans.get(nth) {
            if passed + n > start {
                if pieces.is_empty() {
                    *hint = (nth, passed);
                }
                let skipped = start - passed;
                let taken = left.min(n - skipped);
                pieces.push((at + skipped, taken));
                start += taken;
                left -= taken;
                if left == 0 {
                    break;
                }
            }
            passed += n;
            nth += 1;
        }
        pieces
    }
}
