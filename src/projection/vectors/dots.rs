//! Dot products, for as wide a processor as there is, and vectors as bytes.
//!
//! Plain loops that the compiler vectorises, once for each instruction set; which one is right is found out
//! at run time. Refuses to know what is multiplied.

use fearless_simd::{Level, Simd, dispatch};
use std::sync::LazyLock;

static LEVEL: LazyLock<Level> = LazyLock::new(Level::new);

/// Numbers multiplied side by side.
const LANES: usize = 32;

/// The dot product of a vector with one stored as little-endian `f32`; of the part that both have.
#[must_use]
pub(super) fn dot(a: &[f32], stored: &[u8]) -> f32 {
    dispatch!(*LEVEL, simd => dot_with(simd, a, stored))
}

/// Hands out the dot product with each of these rows of `stored`, in their order.
pub(super) fn dots(
    a: &[f32],
    stored: &[u8],
    rows: impl Iterator<Item = u32>,
    mut found: impl FnMut(u32, f32),
) {
    let row_bytes = a.len() * 4;
    for row in rows {
        let at = row as usize * row_bytes;
        if let Some(bytes) = stored.get(at..at + row_bytes) {
            found(row, dot(a, bytes));
        }
    }
}

#[inline(always)]
fn dot_with<S: Simd>(_: S, a: &[f32], stored: &[u8]) -> f32 {
    let (stored, _) = stored.as_chunks::<4>();
    let len = a.len().min(stored.len());
    let (a, stored) = (&a[..len], &stored[..len]);
    let ((left, left_rest), (right, right_rest)) = (a.as_chunks::<LANES>(), stored.as_chunks::<LANES>());
    let mut sums = [0.0_f32; LANES];
    for (left, right) in left.iter().zip(right) {
        for ((sum, left), right) in sums.iter_mut().zip(left).zip(right) {
            *sum += left * f32::from_le_bytes(*right);
        }
    }
    let mut sum: f32 = sums.iter().sum();
    for (left, right) in left_rest.iter().zip(right_rest) {
        sum += left * f32::from_le_bytes(*right);
    }
    sum
}

/// The dot product of two vectors of signed bytes.
#[must_use]
pub(super) fn dot_codes(a: &[u8], b: &[u8]) -> i32 {
    dispatch!(*LEVEL, simd => dot_codes_with(simd, a, b))
}

#[inline(always)]
fn dot_codes_with<S: Simd>(_: S, a: &[u8], b: &[u8]) -> i32 {
    a.iter().zip(b).map(|(a, b)| i32::from(*a as i8) * i32::from(*b as i8)).sum()
}

/// Hands out the product of `a` with each of as many numbers of `others`. The caller sees to it that no sum
/// leaves its 32 bits.
pub(super) fn dot_each(a: &[i16], others: &[i16], mut found: impl FnMut(usize, i32)) {
    dispatch!(*LEVEL, simd => dot_each_with(simd, a, others, &mut found));
}

#[inline(always)]
fn dot_each_with<S: Simd>(_: S, a: &[i16], others: &[i16], found: &mut impl FnMut(usize, i32)) {
    for (nth, other) in others.chunks_exact(a.len().max(1)).enumerate() {
        found(nth, a.iter().zip(other).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum());
    }
}

/// Appends a vector as signed bytes; gives what they are to be multiplied with.
pub(super) fn encode(vector: &[f32], codes: &mut Vec<u8>) -> f32 {
    let largest = vector.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    if largest == 0.0 {
        codes.resize(codes.len() + vector.len(), 0);
        return 0.0;
    }
    let scale = largest / 127.0;
    codes.extend(vector.iter().map(|value| (value / scale).round() as i8 as u8));
    scale
}

/// Makes a vector one of unit length; one that is none, or holds something that is no number, all zero.
pub(super) fn normalise(vector: &mut [f32]) {
    let length = vector.iter().map(|value| f64::from(*value) * f64::from(*value)).sum::<f64>().sqrt();
    if length.is_finite() && length > 0.0 {
        // In steps that cannot overflow, whatever the length.
        vector.iter_mut().for_each(|value| *value = (f64::from(*value) / length) as f32);
    } else {
        vector.fill(0.0);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn plain(a: &[f32], b: &[f32]) -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    }

    proptest::proptest! {
        #[test]
        fn products_are_those_of_the_school(
            pairs in proptest::collection::vec((-1.0_f32..1.0, -1.0_f32..1.0), 0..300),
        ) {
            let (a, b): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
            let stored: Vec<u8> = b.iter().flat_map(|value| value.to_le_bytes()).collect();
            proptest::prop_assert!((f64::from(dot(&a, &stored)) - plain(&a, &b)).abs() < 1e-3);
            let (mut codes_a, mut codes_b) = (Vec::new(), Vec::new());
            let (scale_a, scale_b) = (encode(&a, &mut codes_a), encode(&b, &mut codes_b));
            let coded = f64::from(dot_codes(&codes_a, &codes_b)) * f64::from(scale_a) * f64::from(scale_b);
            // Each factor is off by half a step at most.
            let bound = a.len() as f64 * (f64::from(scale_a) + f64::from(scale_b)) / 2.0 + 1e-3;
            proptest::prop_assert!((coded - plain(&a, &b)).abs() <= bound, "{coded}");
        }

        #[test]
        fn a_normalised_vector_has_unit_length_or_none(mut vector in proptest::collection::vec(proptest::num::f32::ANY, 0..40)) {
            normalise(&mut vector);
            let length = plain(&vector, &vector);
            proptest::prop_assert!(length == 0.0 || (length - 1.0).abs() < 1e-3, "{length}");
        }
    }
}
