//! From the frequencies of a block to its pixels, at its own size or a half, a quarter, an eighth of it.

/// Values of a block, in natural order.
pub(super) type Block = [f32; 64];

/// The natural place of each value in the order it is stored in.
pub(super) const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39,
    46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// One dimension: what each of the first `n` frequencies gives to each of `n` pixels.
#[derive(Clone, Debug)]
struct Basis {
    n: usize,
    /// By frequency, then by pixel; rows of 8.
    weights: [[f32; 8]; 8],
}

impl Basis {
    fn new(n: usize) -> Self {
        let mut weights = [[0.0; 8]; 8];
        for (frequency, row) in weights.iter_mut().enumerate().take(n) {
            for (pixel, weight) in row.iter_mut().enumerate().take(n) {
                let angle = (2 * pixel + 1) as f32 * frequency as f32 * std::f32::consts::PI / (2 * n) as f32;
                *weight = if frequency == 0 { 8.0_f32.sqrt().recip() } else { 0.5 * angle.cos() };
            }
        }
        Self { n, weights }
    }
}

/// Turns blocks into `width` times `height` pixels, each 1, 2, 4 or 8.
#[derive(Clone, Debug)]
pub(super) struct Transform {
    across: Basis,
    down: Basis,
}

impl Transform {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { across: Basis::new(width), down: Basis::new(height) }
    }

    pub(super) fn width(&self) -> usize {
        self.across.n
    }

    pub(super) fn height(&self) -> usize {
        self.down.n
    }

    /// The last place in zigzag order that counts.
    pub(super) fn last_needed(&self) -> usize {
        (0..64).rev().find(|&place| self.needs(place)).unwrap_or(0)
    }

    /// Whether the value at this place in zigzag order counts.
    pub(super) fn needs(&self, place: usize) -> bool {
        let natural = usize::from(ZIGZAG[place]);
        natural % 8 < self.across.n && natural / 8 < self.down.n
    }

    /// The pixels of a block, row by row.
    #[inline]
    pub(super) fn pixels(&self, block: &Block, put: impl FnMut(usize, [u8; 8])) {
        match self.across.n {
            1 => self.reduced::<1>(block, put),
            2 => self.reduced::<2>(block, put),
            4 => self.reduced::<4>(block, put),
            _ => self.reduced::<8>(block, put),
        }
    }

    #[inline(always)]
    fn reduced<const W: usize>(&self, block: &Block, mut put: impl FnMut(usize, [u8; 8])) {
        let height = self.down.n;
        let mut rows = [[0.0f32; W]; 8];
        for (row, frequencies) in rows.iter_mut().zip(block.chunks_exact(8)).take(height) {
            for (value, weights) in frequencies.iter().zip(&self.across.weights).take(W) {
                for (sum, weight) in row.iter_mut().zip(weights) {
                    *sum += value * weight;
                }
            }
        }
        for y in 0..height {
            let mut sums = [128.5f32; W];
            for (row, weights) in rows.iter().zip(&self.down.weights).take(height) {
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum += value * weights[y];
                }
            }
            let mut pixels = [0; 8];
            for (pixel, sum) in pixels.iter_mut().zip(sums) {
                // Saturates at both ends.
                *pixel = sum as u8;
            }
            put(y, pixels);
        }
    }
}
