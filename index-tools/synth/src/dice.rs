//! Repeatable chance: the same seed, stream and index always give the same throws.
//!
//! SplitMix64 (Steele, Lea, Flood 2014), written here so that a library made today and one made
//! after an upgrade of any dependency are the same to the byte. Integers only: floating-point
//! functions differ between platforms in their last bit.

/// What a throw is for. Each subject has throws of its own, so that a change to one leaves the
/// others as they were.
#[derive(Clone, Copy)]
pub(crate) enum Subject {
    Block = 1,
    Batch = 2,
    Prompt = 3,
    Image = 4,
    Pixels = 5,
    Day = 6,
    Storage = 7,
}

/// A source of repeatable throws.
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    /// The dice of one subject's `index`.
    pub(crate) fn of(seed: u64, subject: Subject, index: u64) -> Self {
        Self { state: mix(mix(seed ^ (subject as u64).wrapping_mul(GOLDEN)).wrapping_add(index)) }
    }

    /// 64 even bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mix(self.state)
    }

    /// A number below `end`, or 0 when `end` is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        let wide = u128::from(self.bits()) * u128::from(end);
        (wide >> 64) as u64
    }

    /// An index below `end`, or 0 when `end` is 0.
    pub(crate) fn index(&mut self, end: usize) -> usize {
        self.below(end as u64) as usize
    }

    /// A number from `first` to `last`, both possible.
    pub(crate) fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last - first + 1)
    }

    /// True `percent` times in a hundred.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of `choices`, which must not be empty.
    pub(crate) fn pick<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.index(choices.len())]
    }

    /// Brings `items` into any order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.index(last + 1));
        }
    }

    /// A rank below `2^octaves - 1`, rank `r` about as often as `1 / (r + 1)`.
    ///
    /// An octave is thrown evenly, then a place in it: Zipf's law in steps of two.
    pub(crate) fn zipf(&mut self, octaves: u32) -> usize {
        let octave = self.below(u64::from(octaves));
        let first = 1_u64 << octave;
        (first + self.below(first) - 1) as usize
    }
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// A bijection of 64 bits that looks random.
fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// A bijection of 32 bits that looks random: different inputs never meet.
pub(crate) fn scatter32(value: u32, key: u64) -> u32 {
    let value = value ^ (key as u32);
    let value = (value ^ (value >> 16)).wrapping_mul(0x7feb_352d);
    let value = (value ^ (value >> 15)).wrapping_mul(0x846c_a68b);
    (value ^ (value >> 16)) ^ ((key >> 32) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zipf_halves_with_each_octave() {
        let mut dice = Dice::of(1, Subject::Prompt, 0);
        let mut counts = [0_u32; 31];
        for _ in 0..100_000 {
            counts[dice.zipf(5)] += 1;
        }
        let share = |rank: usize| f64::from(counts[rank]) / 100_000.0;
        assert!((share(0) - 0.2).abs() < 0.01, "{counts:?}");
        assert!((share(1) - 0.1).abs() < 0.01, "{counts:?}");
        assert!((share(30) - 0.0125).abs() < 0.003, "{counts:?}");
    }

    #[test]
    fn bounds_hold() {
        let mut dice = Dice::of(7, Subject::Image, 3);
        for _ in 0..1_000 {
            assert!((3..=9).contains(&dice.between(3, 9)));
            assert_eq!(dice.below(0), 0);
        }
    }

    #[test]
    fn scattered_numbers_stay_apart() {
        let mut seen: Vec<u32> = (0..50_000).map(|n| scatter32(n, 0xfeed_beef_0123)).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 50_000);
    }
}
