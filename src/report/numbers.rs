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

/// `value (lo–hi)`, all times `scale`.
pub fn with_interval(value: f64, interval: Interval, scale: f64, fewest: usize) -> String {
    let digits = digits(scale * interval.half_width(value), fewest);
    let [value, lo, hi] = [value, interval.lo, interval.hi].map(|x| scale * x);
    format!("{value:.digits$} ({lo:.digits$}–{hi:.digits$})")
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
