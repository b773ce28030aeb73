//! Which line a node draws that draws by Python's `random.choice` from a seed the graph keeps.

/// `random.seed(seed)` and then the index that `random.choice` takes of `n`.
pub(super) fn choice(seed: u64, n: usize) -> Option<usize> {
    let n = u32::try_from(n).ok().filter(|n| *n > 0)?;
    let mut draws = Twister::seeded(seed);
    let bits = u32::BITS - n.leading_zeros();
    loop {
        let drawn = draws.next() >> (u32::BITS - bits);
        if drawn < n {
            return usize::try_from(drawn).ok();
        }
    }
}

const N: usize = 624;
const M: usize = 397;

/// MT19937, as Python seeds it from a whole number.
struct Twister {
    state: [u32; N],
    at: usize,
}

impl Twister {
    fn seeded(seed: u64) -> Self {
        let low = seed as u32;
        let high = (seed >> 32) as u32;
        let key: &[u32] = if high == 0 { &[low] } else { &[low, high] };
        let mut state = [0_u32; N];
        state[0] = 19_650_218;
        let mixed = |before: u32| before ^ (before >> 30);
        for at in 1..N {
            state[at] = 1_812_433_253_u32.wrapping_mul(mixed(state[at - 1])).wrapping_add(at as u32);
        }
        let mut at = 1;
        let wrap = |state: &mut [u32; N], at: &mut usize| {
            *at += 1;
            if *at >= N {
                state[0] = state[N - 1];
                *at = 1;
            }
        };
        for nth in 0..N {
            let of_key = nth % key.len();
            let product = mixed(state[at - 1]).wrapping_mul(1_664_525);
            state[at] = (state[at] ^ product).wrapping_add(key[of_key]).wrapping_add(of_key as u32);
            wrap(&mut state, &mut at);
        }
        for _ in 1..N {
            let product = mixed(state[at - 1]).wrapping_mul(1_566_083_941);
            state[at] = (state[at] ^ product).wrapping_sub(at as u32);
            wrap(&mut state, &mut at);
        }
        state[0] = 0x8000_0000;
        Self { state, at: N }
    }

    fn next(&mut self) -> u32 {
        if self.at >= N {
            for at in 0..N {
                let joined = self.state[at] & 0x8000_0000 | self.state[(at + 1) % N] & 0x7fff_ffff;
                let odd = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
                self.state[at] = self.state[(at + M) % N] ^ (joined >> 1) ^ odd;
            }
            self.at = 0;
        }
        let mut drawn = self.state[self.at];
        self.at += 1;
        drawn ^= drawn >> 11;
        drawn ^= (drawn << 7) & 0x9d2c_5680;
        drawn ^= (drawn << 15) & 0xefc6_0000;
        drawn ^ (drawn >> 18)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_what_python_draws() {
        for (seed, n, drawn) in [
            (0, 1, 0),
            (0, 10, 6),
            (1, 7, 1),
            (42, 3, 2),
            (1_125_899_906_842_624, 5, 4),
            (u64::MAX, 100, 2),
            (7, 64, 41),
            (1 << 32, 9, 1),
        ] {
            assert_eq!(choice(seed, n), Some(drawn), "{seed} {n}");
        }
        assert_eq!(choice(1, 0), None);
    }
}
