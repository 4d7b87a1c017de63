//! Points that fill a space: Latin hypercubes and Sobol sequences in [0, 1).

/// How a space is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// Each of n equal parts of each factor's range holds one point (McKay, Beckman and Conover
    /// 1979, Technometrics 21).
    LatinHypercube,
    /// The Owen-scrambled Sobol sequence (Burley 2020, J. Computer Graphics Techniques 9), with
    /// the direction numbers of Joe and Kuo.
    Sobol,
}

/// Factors that a sample can have: so many dimensions are known of the Sobol sequence.
pub(super) const MOST_FACTORS: usize = 256;
/// Points of a sample: so long is the Sobol sequence.
pub(super) const MOST_POINTS: u64 = 1 << 16;

/// The coordinates of `points` points along one factor, in [0, 1). They depend on the seed, and on
/// the factor's name (Latin hypercube) or place (Sobol), not on the other factors.
pub(super) fn coordinates(
    method: Method,
    points: u32,
    seed: u64,
    (place, name): (u32, &str),
) -> Vec<f64> {
    match method {
        Method::Sobol => {
            // The library takes 32 bits of a seed.
            let seed = (seed ^ (seed >> 32)) as u32;
            (0..points)
                .map(|i| f64::from(sobol_burley::sample(i, place, seed)))
                .collect()
        }
        Method::LatinHypercube => {
            let draw = |purpose: &str, i| draw(seed, purpose, name, i);
            let mut order: Vec<u32> = (0..points).collect();
            order.sort_by_key(|i| (draw("order", *i), *i));
            let unit = |bits: u64| (bits >> 11) as f64 / (1_u64 << 53) as f64;
            let place = |(i, part)| (f64::from(part) + unit(draw("place", i))) / f64::from(points);
            (0..points).zip(order).map(place).collect()
        }
    }
}

/// 64 bits that depend on nothing but who asks for them.
fn draw(seed: u64, purpose: &str, name: &str, index: u32) -> u64 {
    let mut hash = blake3::Hasher::new();
    hash.update(b"sysworld latin hypercube 1\0");
    hash.update(&seed.to_le_bytes());
    hash.update(&index.to_le_bytes());
    hash.update(purpose.as_bytes());
    hash.update(&[0]);
    hash.update(name.as_bytes());
    let bytes = hash.finalize();
    let first = bytes.as_bytes()[..8].iter().rev();
    first.fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}
