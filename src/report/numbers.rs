//! Numbers as people read them: as many digits as their interval warrants.

use crate::statistics::Interval;

/// What stands for a missing value.
pub const NOTHING: &str = "–";

/// Decimals that show a half-width with a digit that tells, so that none reads as zero.
pub fn digits(half_width: f64, fewest: usize) -> usize {
    const MOST: usize = 9;
    let enough = |digits: &usize| half_width * 10_f64.powi(*digits as i32) >= 2.0;
    if half_width <= 0.0 {
        return fewest;
    }
    (fewest..MOST).find(enough).unwrap_or(MOST)
}

/// A number with so many decimals, a tie away from zero as the page's `toFixed` has it, and never
/// `-0`.
pub fn fixed(value: f64, digits: usize) -> String {
    // Further than any double is from a tie.
    const MORE: usize = 30;
    let long = format!("{:.*}", digits + MORE, value);
    let rest = &long[long.len().saturating_sub(MORE)..];
    let tie = rest.starts_with('5') && rest[1..].bytes().all(|digit| digit == b'0');
    let value = if tie {
        f64::from_bits(value.to_bits() + 1)
    } else {
        value
    };
    let text = format!("{value:.digits$}");
    match text.strip_prefix('-') {
        Some(zero) if zero.bytes().all(|byte| matches!(byte, b'0' | b'.')) => zero.to_owned(),
        _ => text,
    }
}

/// `value (lo–hi)`, all times `scale`.
pub fn with_interval(value: f64, interval: Interval, scale: f64, fewest: usize) -> String {
    let digits = digits(scale * interval.half_width(value), fewest);
    let [value, lo, hi] = [value, interval.lo, interval.hi].map(|x| fixed(scale * x, digits));
    format!("{value} ({lo}–{hi})")
}

/// The value alone, with the digits that [`with_interval`] gives it.
pub fn value(value: f64, interval: Option<Interval>, scale: f64, fewest: usize) -> String {
    let half_width = interval.map_or(0.0, |interval| interval.half_width(value));
    fixed(scale * value, digits(scale * half_width, fewest))
}

/// A difference with its sign and interval, all times `scale`: `+1.5 ±0.2` where the ends as they
/// are written lie evenly, else `+1.5 (+1.2, +1.6)`.
pub fn difference(value: f64, interval: Interval, scale: f64, fewest: usize) -> String {
    let digits = digits(scale * interval.half_width(value), fewest);
    let [value, lo, hi] = [value, interval.lo, interval.hi].map(|x| fixed(scale * x, digits));
    let units = |text: &str| text.replace('.', "").parse::<i64>().ok();
    let sides = units(&value).zip(units(&lo)).zip(units(&hi));
    let even = sides.and_then(|((value, lo), hi)| {
        let (below, above) = (value - lo, hi - value);
        (below == above).then_some(above)
    });
    match even {
        Some(above) => {
            let half_width = fixed(above as f64 / 10_f64.powi(digits as i32), digits);
            format!("{} ±{half_width}", signed(&value))
        }
        None => format!("{} ({}, {})", signed(&value), signed(&lo), signed(&hi)),
    }
}

/// With a sign, unless it is 0.
fn signed(text: &str) -> String {
    match text.strip_prefix('-') {
        Some(rest) => format!("−{rest}"),
        None if text.bytes().all(|byte| matches!(byte, b'0' | b'.')) => text.to_owned(),
        None => format!("+{text}"),
    }
}

/// A p-value with two digits; one below 0.001 as a bound that it is below, a power of ten.
/// `known` is false where it is only known to be smaller.
pub fn p_value(p: f64, known: bool) -> String {
    match p {
        p if known && p >= 0.1 => fixed(p, 2),
        p if known && p >= 0.01 => fixed(p, 3),
        p if known && p >= 0.001 => fixed(p, 4),
        p => {
            // Rounded up, so that what is said holds; a bound that is a power of ten is said as it is.
            let slack = if known { 1e-9 } else { -1e-9 };
            match (p.max(f64::MIN_POSITIVE).log10() + slack).ceil() as i32 {
                power @ -4..=0 => format!("< {}", 10_f64.powi(power)),
                power => format!("< 1e{power}"),
            }
        }
    }
}

/// A whole number with thin groups of three digits, for prose.
pub fn grouped(number: u64) -> String {
    let text = number.to_string();
    let groups: Vec<&str> = text
        .as_bytes()
        .rchunks(3)
        .rev()
        .filter_map(|group| std::str::from_utf8(group).ok())
        .collect();
    groups.join(",")
}

/// A probability in percent as a number with few digits: the confidence, a tolerance.
pub fn percent(share: f64) -> String {
    let text = format!("{:.6}", 100.0 * share);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Lines of at most `width` letters, broken at spaces.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    // A no-break space, as between a number and its unit, is none of these.
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A text in lines that fit.
pub fn lines(text: &str, width: usize) -> String {
    wrap(text, width).join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(lo: f64, hi: f64) -> Interval {
        Interval { lo, hi }
    }

    /// Ties go as in the page, and no number reads as less than nothing.
    #[test]
    fn one_rounding() {
        let cases = [
            (12.5, 0, "13"),
            (0.125, 2, "0.13"),
            (-0.125, 2, "-0.13"),
            (2.675, 2, "2.67"),
            (0.5, 0, "1"),
            (-0.004, 2, "0.00"),
            (99.995, 1, "100.0"),
            (0.0, 1, "0.0"),
        ];
        for (number, digits, text) in cases {
            assert_eq!(fixed(number, digits), text);
        }
    }

    /// A difference says nothing that its interval does not, and an uneven one has both its ends.
    #[test]
    fn differences_have_signs() {
        let text = |value, lo, hi| difference(value, interval(lo, hi), 100.0, 1);
        assert_eq!(text(0.149, 0.141, 0.157), "+14.9 ±0.8");
        assert_eq!(text(-0.149, -0.157, -0.141), "−14.9 ±0.8");
        assert_eq!(text(0.02, 0.004, 0.05), "+2.0 (+0.4, +5.0)");
        assert_eq!(text(0.0, -0.01, 0.01), "0.0 ±1.0");
        assert_eq!(text(0.0, -0.0102, 0.02), "0.0 (−1.0, +2.0)");
    }

    /// No p-value reads as 0.
    #[test]
    fn p_values_are_never_zero() {
        assert_eq!(p_value(1e-16, false), "< 1e-16");
        assert_eq!(p_value(2.4e-15, false), "< 1e-14");
        assert_eq!(p_value(0.000_32, true), "< 0.001");
        assert_eq!(p_value(0.000_1, true), "< 0.001");
        assert_eq!(p_value(0.041_2, true), "0.041");
        assert_eq!(p_value(1.0, true), "1.00");
    }
}
