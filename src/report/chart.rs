//! One chart as SVG: lines with intervals over x.

use std::ops::Range;

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::numbers::wrap;
use super::strokes::{Shape, dashed, ruled, shape};

/// Size of the drawing; wide enough that whole dots are finer than any interval that matters.
const SIZE: (u32, u32) = (2000, 1400);
const FONT: &str = "Noto Sans, Helvetica, Arial, sans-serif";
const TITLE: f64 = 44.0;
const TEXT: f64 = 34.0;
const SMALL: f64 = 27.0;
/// Mean width of a letter, as a share of its size as plotters counts it.
const LETTER: f64 = 0.41;
/// Okabe and Ito's colours, told apart by the colour-blind; the same as on the page.
const COLOURS: [RGBColor; 8] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
    RGBColor(0xe6, 0x9f, 0x00),
    RGBColor(0x56, 0xb4, 0xe9),
    RGBColor(0x00, 0x00, 0x00),
    RGBColor(0x8a, 0x7f, 0x00),
];

/// Of a rule and its name.
const RULE: RGBColor = RGBColor(0x55, 0x55, 0x55);

/// A chart: lines over x, with what is written around them.
pub struct Chart {
    /// Its title.
    pub title: String,
    /// What it shows, and what its intervals are.
    pub caption: String,
    /// Name of the x axis.
    pub x_label: String,
    /// Name of the y axis, with its unit.
    pub y_label: String,
    /// Names of the places 0, 1, … on the x axis; `None` where x is a number.
    pub ticks: Option<Vec<String>>,
    /// Ends of the y axis; `None` follows the data.
    pub y_range: [Option<f64>; 2],
    /// Whether lines and bands join the marks.
    pub joined: bool,
    /// Whether a value holds until the next mark.
    pub steps: bool,
    /// A value across the whole chart, and what it is: a target, no difference.
    pub rule: Option<(f64, String)>,
    /// The lines, each with a colour, a dash and a shape of its marks.
    pub lines: Vec<Line>,
}

/// A line.
pub struct Line {
    /// Which colour, dash and shape it has: the same in all figures.
    pub style: usize,
    /// Its name in the legend.
    pub label: String,
    /// Its marks, by ascending x.
    pub marks: Vec<Mark>,
}

/// A value with its interval.
#[derive(Clone, Copy)]
pub struct Mark {
    /// Where it stands.
    pub x: f64,
    /// Its value.
    pub y: f64,
    /// The ends of its interval.
    pub interval: Option<[f64; 2]>,
    /// Whether it has an upright mark.
    pub tick: bool,
}

type Drawn = std::result::Result<(), Box<dyn std::error::Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

impl Chart {
    /// The chart as the text of an SVG file.
    ///
    /// # Errors
    ///
    /// The chart can't be drawn.
    pub fn svg(&self) -> Result<String> {
        let mut text = String::new();
        self.draw(&mut text)
            .map_err(|e| anyhow!("can't draw a figure: {e}"))?;
        let described = format!(
            "<title>{}</title>\n<desc>{}</desc>\n",
            escape(&self.title),
            escape(&self.caption)
        );
        // The description goes behind the opening tag.
        match text.find(">\n") {
            Some(end) => text.insert_str(end + 2, &described),
            None => return Err(anyhow!("a figure without an opening tag")),
        }
        Ok(text)
    }

    fn draw(&self, text: &mut String) -> Drawn {
        let root = SVGBackend::with_string(text, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let (width, height) = (SIZE.0 as i32, SIZE.1 as i32);
        let left = |size: f64| {
            (FONT, size)
                .into_font()
                .color(&BLACK)
                .pos(Pos::new(HPos::Left, VPos::Top))
        };
        root.draw(&Text::new(self.title.clone(), (40, 24), left(TITLE)))?;
        self.legend(&root)?;
        let letters = f64::from(width - 80) / (SMALL * LETTER);
        let lines = wrap(&self.caption, letters as usize);
        let line_height = (SMALL * 1.35) as i32;
        let bottom = height - 30 - line_height * lines.len() as i32;
        for (i, line) in lines.into_iter().enumerate() {
            let at = (40, bottom + line_height * i as i32);
            root.draw(&Text::new(line, at, left(SMALL)))?;
        }
        let plot = root.margin(165, (height - bottom + 20) as u32, 20, 50);
        self.plot(&root, &plot)?;
        drop(plot);
        root.present()?;
        Ok(())
    }

    /// A row of strokes and names under the title.
    fn legend(&self, root: &Area) -> Drawn {
        if self.lines.len() < 2 {
            return Ok(());
        }
        let mut x = 40;
        const Y: i32 = 112;
        for line in &self.lines {
            if self.joined {
                stroke(root, line.style, &[(x, Y), (x + 60, Y)])?;
            }
            if !self.steps {
                mark(root, line.style, (x + 30, Y))?;
            }
            let font = (FONT, TEXT).into_font().color(&BLACK);
            let font = font.pos(Pos::new(HPos::Left, VPos::Center));
            root.draw(&Text::new(line.label.clone(), (x + 74, Y), font))?;
            x += 74 + (line.label.chars().count() as f64 * TEXT * LETTER * 1.2) as i32 + 60;
        }
        Ok(())
    }

    /// Grid, ticks and names of both axes, of a plot with these corners.
    fn axes(
        &self,
        root: &Area,
        [(left, bottom), (right, top)]: [(i32, i32); 2],
        xs: &Range<f64>,
        ys: &Range<f64>,
        at: impl Fn(f64, f64) -> (i32, i32),
    ) -> Drawn {
        let text = |h, v| (FONT, TEXT).into_font().color(&BLACK).pos(Pos::new(h, v));
        for y in nice(ys.start, ys.end) {
            let (_, py) = at(xs.start, y);
            let style = RGBColor(0xdd, 0xdd, 0xdd).stroke_width(2);
            root.draw(&PathElement::new(vec![(left, py), (right, py)], style))?;
            let style = text(HPos::Right, VPos::Center);
            root.draw(&Text::new(short(y), (left - 16, py), style))?;
        }
        let ticks: Vec<(f64, String)> = match &self.ticks {
            Some(labels) => {
                let step = labels.len().div_ceil(10);
                let labels = labels.iter().enumerate().step_by(step);
                labels.map(|(i, label)| (i as f64, label.clone())).collect()
            }
            None => nice(xs.start, xs.end)
                .into_iter()
                .map(|x| (x, short(x)))
                .collect(),
        };
        for (x, label) in ticks {
            let (px, _) = at(x, ys.start);
            let tick =
                PathElement::new(vec![(px, bottom), (px, bottom + 12)], BLACK.stroke_width(3));
            root.draw(&tick)?;
            let style = text(HPos::Center, VPos::Top);
            root.draw(&Text::new(label, (px, bottom + 20), style))?;
        }
        let frame = vec![(left, top), (left, bottom), (right, bottom)];
        root.draw(&PathElement::new(frame, BLACK.stroke_width(3)))?;
        let middle = (left + right) / 2;
        let style = text(HPos::Center, VPos::Top);
        root.draw(&Text::new(
            self.x_label.clone(),
            (middle, bottom + 66),
            style,
        ))?;
        let font = (FONT, TEXT).into_font().transform(FontTransform::Rotate270);
        let style = font.color(&BLACK).pos(Pos::new(HPos::Center, VPos::Top));
        let place = (40, (top + bottom) / 2);
        root.draw(&Text::new(self.y_label.clone(), place, style))?;
        Ok(())
    }

    fn plot(&self, root: &Area, area: &Area) -> Drawn {
        let (xs, ys) = self.ranges();
        let mut chart = ChartBuilder::on(area)
            .x_label_area_size(110)
            .y_label_area_size(140)
            .build_cartesian_2d(xs.clone(), ys.clone())?;
        let at = |x: f64, y: f64| chart.backend_coord(&(x, y));
        self.axes(
            root,
            [at(xs.start, ys.start), at(xs.end, ys.end)],
            &xs,
            &ys,
            at,
        )?;
        if let Some((value, label)) = &self.rule {
            let ends = [xs.start, xs.end].map(|x| chart.backend_coord(&(x, *value)));
            let (_, top) = chart.backend_coord(&(xs.end, ys.end));
            draw_rule(root, ends, top, label)?;
        }
        for (index, line) in self.lines.iter().enumerate() {
            let colour = COLOURS[line.style % COLOURS.len()];
            let marks = self.placed(index, &line.marks);
            if self.joined {
                let band = self.band(&marks);
                if band.len() > 2 {
                    chart.draw_series([Polygon::new(band, colour.mix(0.18).filled())])?;
                }
                let path: Vec<(f64, f64)> = if self.steps {
                    stairs(&marks, |mark| mark.y)
                } else {
                    marks.iter().map(|mark| (mark.x, mark.y)).collect()
                };
                let path: Vec<(i32, i32)> = path
                    .iter()
                    .map(|place| chart.backend_coord(place))
                    .collect();
                stroke(root, line.style, &path)?;
            }
            if self.steps {
                let ticks = marks.iter().filter(|mark| mark.tick);
                chart.draw_series(ticks.map(|mark| {
                    let upright = PathElement::new(vec![(0, -12), (0, 12)], colour.stroke_width(3));
                    EmptyElement::at((mark.x, mark.y)) + upright
                }))?;
                continue;
            }
            for one in &marks {
                if let Some(ends) = one.interval {
                    let ends = ends.map(|end| chart.backend_coord(&(one.x, end)));
                    whisker(root, line.style, ends)?;
                }
                mark(root, line.style, chart.backend_coord(&(one.x, one.y)))?;
            }
        }
        Ok(())
    }

    /// The marks beside those of other lines, where no line joins them.
    fn placed(&self, index: usize, marks: &[Mark]) -> Vec<Mark> {
        let mut marks = marks.to_vec();
        if !self.joined && self.ticks.is_some() {
            let share = (index as f64 + 0.5) / self.lines.len() as f64 - 0.5;
            for mark in &mut marks {
                mark.x += 0.5 * share;
            }
        }
        marks
    }

    /// The outline between the ends of the intervals.
    fn band(&self, marks: &[Mark]) -> Vec<(f64, f64)> {
        let known: Vec<Mark> = marks
            .iter()
            .filter(|m| m.interval.is_some())
            .copied()
            .collect();
        let end =
            |which: usize| move |mark: &Mark| mark.interval.map_or(mark.y, |ends| ends[which]);
        let edge = |which| {
            if self.steps {
                stairs(&known, end(which))
            } else {
                known
                    .iter()
                    .map(|mark| (mark.x, end(which)(mark)))
                    .collect()
            }
        };
        let (lower, mut upper): (Vec<_>, Vec<_>) = (edge(0), edge(1));
        upper.reverse();
        [lower, upper].concat()
    }

    fn ranges(&self) -> (Range<f64>, Range<f64>) {
        let marks = || self.lines.iter().flat_map(|line| &line.marks);
        let least = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::INFINITY, f64::min);
        let most = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::NEG_INFINITY, f64::max);
        let xs = match &self.ticks {
            Some(labels) => -0.5..labels.len() as f64 - 0.5,
            None => {
                let (from, to) = (
                    least(&mut marks().map(|m| m.x)),
                    most(&mut marks().map(|m| m.x)),
                );
                let room = if to > from { 0.02 * (to - from) } else { 0.5 };
                let start = if self.steps { from } else { from - room };
                start..to + room
            }
        };
        let lows =
            &mut marks().map(|mark| mark.interval.map_or(mark.y, |ends| ends[0].min(mark.y)));
        let highs =
            &mut marks().map(|mark| mark.interval.map_or(mark.y, |ends| ends[1].max(mark.y)));
        let (mut low, mut high) = (least(lows), most(highs));
        if let Some((value, _)) = &self.rule {
            (low, high) = (low.min(*value), high.max(*value));
        }
        let to =
            self.y_range[1].unwrap_or(high + 0.05 * (high - low).max(0.1 * high.abs()).max(1e-9));
        let from = self.y_range[0].unwrap_or(low - 0.05 * (to - low).max(1e-3));
        (xs, from..to)
    }
}

/// A line in its colour and dash.
fn stroke(root: &Area, style: usize, path: &[(i32, i32)]) -> Drawn {
    let colour = COLOURS[style % COLOURS.len()];
    for piece in dashed(style, path) {
        root.draw(&PathElement::new(piece, colour.stroke_width(5)))?;
    }
    Ok(())
}

/// An upright bar with caps at both ends.
fn whisker(root: &Area, style: usize, [from, to]: [(i32, i32); 2]) -> Drawn {
    const CAP: i32 = 9;
    let style = COLOURS[style % COLOURS.len()].stroke_width(4);
    root.draw(&PathElement::new(vec![from, to], style))?;
    for (x, y) in [from, to] {
        root.draw(&PathElement::new(vec![(x - CAP, y), (x + CAP, y)], style))?;
    }
    Ok(())
}

/// A mark in its colour and shape.
fn mark(root: &Area, style: usize, (x, y): (i32, i32)) -> Drawn {
    let filled = COLOURS[style % COLOURS.len()].filled();
    match shape(style) {
        Shape::Circle(radius) => root.draw(&Circle::new((x, y), radius, filled))?,
        Shape::Polygon(corners) => {
            let corners: Vec<(i32, i32)> = corners
                .into_iter()
                .map(|(dx, dy)| (x + dx, y + dy))
                .collect();
            root.draw(&Polygon::new(corners, filled))?;
        }
    }
    Ok(())
}

/// The corners of a line whose values hold until the next mark.
fn stairs(marks: &[Mark], value: impl Fn(&Mark) -> f64) -> Vec<(f64, f64)> {
    let mut corners: Vec<(f64, f64)> = Vec::new();
    for mark in marks {
        if let Some((_, before)) = corners.last() {
            corners.push((mark.x, *before));
        }
        corners.push((mark.x, value(mark)));
    }
    corners
}

/// Round numbers within a range, five to ten of them.
fn nice(from: f64, to: f64) -> Vec<f64> {
    let rough = (to - from) / 8.0;
    let power = 10_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|step| step * power);
    let step = steps
        .into_iter()
        .find(|step| *step >= rough)
        .unwrap_or(rough);
    let first = (from / step).ceil() as i64;
    let last = (to / step + 1e-9).floor() as i64;
    (first..=last).map(|i| i as f64 * step).collect()
}

/// A number without the noise of its last bits.
fn short(number: f64) -> String {
    let text = format!("{number:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// The line of a target with its label.
fn draw_rule(root: &Area, ends: [(i32, i32); 2], top: i32, label: &str) -> Drawn {
    let [_, to] = ends;
    for piece in ruled(&ends) {
        root.draw(&PathElement::new(piece, RULE.stroke_width(4)))?;
    }
    // Below the rule where it is near the top.
    let (place, v) = match to.1 - top < 60 {
        true => ((to.0 - 8, to.1 + 10), VPos::Top),
        false => ((to.0 - 8, to.1 - 8), VPos::Bottom),
    };
    let font = (FONT, SMALL).into_font().color(&RULE);
    let style = font.pos(Pos::new(HPos::Right, v));
    root.draw(&Text::new(label.to_owned(), place, style))?;
    Ok(())
}
