//! Arithmetic on rows of `f32`, in a fixed order of operations so that equal input gives equal bits.

const LANES: usize = 16;

/// Inner product. Sums in sixteen lanes, which the compiler turns into vector instructions.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0f32; LANES];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a_chunks.zip(b_chunks) {
        for lane in 0..LANES {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    lanes.iter().sum::<f32>() + rest
}

/// Adds `factor * from` to `to`.
pub(crate) fn add_scaled(to: &mut [f32], from: &[f32], factor: f32) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += factor * from;
    }
}

/// Makes a row as long as 1, or leaves it at zero. Answers its former length.
pub(crate) fn normalise(row: &mut [f32]) -> f32 {
    let norm = dot(row, row).sqrt();
    if norm > f32::MIN_POSITIVE && norm.is_finite() {
        row.iter_mut().for_each(|value| *value /= norm);
        norm
    } else {
        row.fill(0.0);
        0.0
    }
}

/// A fixed sequence of well-mixed numbers from a seed (Steele, Lea, Flood: SplitMix, 2014).
pub(crate) struct SplitMix(pub(crate) u64);

impl SplitMix {
    pub(crate) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// A number below `bound`, which must not be zero.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.draw()) * bound as u128) >> 64) as usize
    }
}

/// The output function of SplitMix: changes of one bit spread over all.
pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// FNV-1a of bytes, mixed. Stored in models: must never change without a new format number.
pub(crate) fn hash(bytes: &[u8], seed: u64) -> u64 {
    let mut state = 0xCBF2_9CE4_8422_2325 ^ mix(seed);
    for byte in bytes {
        state = (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
    }
    mix(state)
}
