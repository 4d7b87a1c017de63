//! What tells the lines of a chart apart, also without colours: dashes and the shapes of marks.

/// Half the height of a mark.
const RADIUS: f64 = 11.0;

/// Lengths of dashes and of the gaps after them, in dots of the drawing; none is a whole line.
const DASHES: [&[f64]; 8] = [
    &[],
    &[30.0, 14.0],
    &[7.0, 12.0],
    &[30.0, 12.0, 7.0, 12.0],
    &[50.0, 14.0],
    &[14.0, 14.0],
    &[50.0, 12.0, 7.0, 12.0, 7.0, 12.0],
    &[30.0, 12.0, 14.0, 12.0],
];

/// The shape of a mark.
pub enum Shape {
    /// A circle of this radius.
    Circle(i32),
    /// The corners of a polygon, from its centre. Their mean is the centre.
    Polygon(Vec<(i32, i32)>),
}

/// The shape of the marks of a line.
pub fn shape(line: usize) -> Shape {
    let polygon = |corners: usize, turned: f64, radius: &dyn Fn(usize) -> f64| {
        let corner = |i: usize| {
            let angle = std::f64::consts::TAU * (i as f64 / corners as f64 + turned);
            let (x, y) = (radius(i) * angle.sin(), -radius(i) * angle.cos());
            (x.round() as i32, y.round() as i32)
        };
        Shape::Polygon((0..corners).map(corner).collect())
    };
    let even = |_: usize| RADIUS * 1.25;
    // A star of four rays, upright or turned.
    let rays = |i: usize| RADIUS * if i.is_multiple_of(2) { 1.6 } else { 0.5 };
    match line % 8 {
        0 => Shape::Circle(10),
        1 => polygon(4, 0.125, &even),
        2 => polygon(3, 0.0, &even),
        3 => polygon(4, 0.0, &even),
        4 => polygon(3, 0.5, &even),
        5 => polygon(8, 0.0, &rays),
        6 => polygon(8, 0.125, &rays),
        _ => polygon(6, 0.0, &even),
    }
}

/// The pieces of a path that a line draws.
pub fn dashed(line: usize, path: &[(i32, i32)]) -> Vec<Vec<(i32, i32)>> {
    pieces(DASHES[line % DASHES.len()], path)
}

/// The pieces of a path that a rule draws, such as a target.
pub fn ruled(path: &[(i32, i32)]) -> Vec<Vec<(i32, i32)>> {
    pieces(&[18.0, 10.0], path)
}

fn pieces(pattern: &[f64], path: &[(i32, i32)]) -> Vec<Vec<(i32, i32)>> {
    if pattern.is_empty() {
        return vec![path.to_vec()];
    }
    let whole = |(x, y): (f64, f64)| (x.round() as i32, y.round() as i32);
    let mut pieces = Vec::new();
    let (mut at, mut left) = (0, pattern[0]);
    let mut piece: Vec<(i32, i32)> = path.first().copied().into_iter().collect();
    for ends in path.windows(2) {
        let [from, to] = [ends[0], ends[1]].map(|(x, y)| (f64::from(x), f64::from(y)));
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let mut done = 0.0;
        while length - done > left {
            done += left;
            let share = done / length;
            let here = whole((
                from.0 + share * (to.0 - from.0),
                from.1 + share * (to.1 - from.1),
            ));
            // Even entries are dashes, odd ones gaps.
            if at % 2 == 0 {
                piece.push(here);
                pieces.push(std::mem::take(&mut piece));
            } else {
                piece = vec![here];
            }
            at = (at + 1) % pattern.len();
            left = pattern[at];
        }
        left -= length - done;
        if at % 2 == 0 {
            piece.push(ends[1]);
        }
    }
    if piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Dashes cover their share of a path, whatever its corners, and a whole line all of it.
    #[test]
    fn dashes_follow_the_path() {
        let path = [(0, 0), (100, 0), (100, 90), (400, 90), (400, 500)];
        let length = |piece: &[(i32, i32)]| -> f64 {
            let steps = piece.windows(2).map(|ends| {
                f64::from(ends[1].0 - ends[0].0).hypot(f64::from(ends[1].1 - ends[0].1))
            });
            steps.sum()
        };
        for (line, pattern) in DASHES.iter().enumerate() {
            let drawn: f64 = dashed(line, &path).iter().map(|p| length(p)).sum();
            let ink: f64 = pattern.iter().step_by(2).sum();
            let share = match pattern.is_empty() {
                true => 1.0,
                false => ink / pattern.iter().sum::<f64>(),
            };
            let wanted = share * length(&path);
            assert!(
                (drawn - wanted).abs() < 60.0,
                "{line}: {drawn}, not {wanted}"
            );
        }
    }

    /// Marks stand where their value is: the mean of their corners is their place.
    #[test]
    fn marks_are_centred() {
        for line in 0..8 {
            if let Shape::Polygon(corners) = shape(line) {
                let sum = |of: fn(&(i32, i32)) -> i32| corners.iter().map(of).sum::<i32>();
                assert!(sum(|c| c.0).abs() <= 1 && sum(|c| c.1).abs() <= 2, "{line}");
            }
        }
    }
}
