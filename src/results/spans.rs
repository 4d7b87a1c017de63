//! Columns that follow from the design points of rows.

use polars_arrow::bitmap::Bitmap;
use polars_core::prelude::{IdxCa, IntoSeries, NamedFrom, NewChunkedArray, Series, StringChunked};

use super::frame::Frame;
use crate::design::Design;
use crate::experiment::Level;
use crate::sweep::RunColumns;

/// `point` and one column a factor, for rows of the given design points.
pub fn point_columns(design: &Design, points: &[usize]) -> Frame {
    Spans::of(points.iter().copied()).point_columns(design)
}

/// Rows of design points. Neighbours of one point are a span, and what depends on the point is
/// looked up once a span.
pub(super) struct Spans {
    /// The point of each span.
    points: Vec<usize>,
    /// The rows of each span.
    rows: Vec<usize>,
    /// The span of each row.
    codes: IdxCa,
}

impl Spans {
    /// Rows of these points.
    pub(super) fn of(points: impl Iterator<Item = usize>) -> Self {
        Self::new(points.map(|point| (point, 1)))
    }

    /// Rows of replications.
    pub(super) fn of_runs(runs: &RunColumns) -> Self {
        let segments = runs.segments.iter();
        Self::new(segments.map(|segment| (segment.point, segment.count as usize)))
    }

    /// Rows of points, so many of each.
    pub(super) fn new(rows_of_points: impl Iterator<Item = (usize, usize)>) -> Self {
        let (mut points, mut rows, mut codes) = (Vec::new(), Vec::new(), Vec::new());
        for (point, count) in rows_of_points.filter(|(_, count)| *count > 0) {
            match rows.last_mut() {
                Some(last) if points.last() == Some(&point) => *last += count,
                _ => {
                    points.push(point);
                    rows.push(count);
                }
            }
            codes.extend(std::iter::repeat_n(points.len() as u32 - 1, count));
        }
        Self {
            points,
            rows,
            codes: IdxCa::from_vec("".into(), codes),
        }
    }

    /// A column that says the same of all rows of a point.
    pub(super) fn column<T, P: ?Sized>(
        &self,
        frame: &mut Frame,
        name: &str,
        about: &str,
        value: impl Fn(usize) -> T,
    ) where
        Series: NamedFrom<Vec<T>, P>,
    {
        let values: Vec<T> = self.points.iter().map(|point| value(*point)).collect();
        let values = Series::new(name.into(), values);
        frame.coded(name, about, values, self.codes.clone());
    }

    /// Which rows have a value, if only those of some points do.
    pub(super) fn validity(&self, has: impl Fn(usize) -> bool) -> Option<Bitmap> {
        if self.points.iter().all(|point| has(*point)) {
            return None;
        }
        let spans = self.points.iter().zip(&self.rows);
        let rows = spans.flat_map(|(point, rows)| std::iter::repeat_n(has(*point), *rows));
        Some(rows.collect())
    }

    /// A column of shares, from the part of each row and the whole of its point, which may have
    /// none.
    pub(super) fn shares(
        &self,
        frame: &mut Frame,
        name: &str,
        about: &str,
        parts: &[u32],
        whole: impl Fn(usize) -> Option<u32>,
    ) {
        let (mut values, mut codes) = (Vec::new(), Vec::with_capacity(parts.len()));
        for (point, rows) in self.points.iter().zip(&self.rows) {
            let parts = &parts[codes.len()..codes.len() + rows];
            let Some(whole) = whole(*point) else {
                codes.resize(codes.len() + rows, 0);
                continue;
            };
            let share = |part: u32| f64::from(part) / f64::from(whole);
            let least = parts.iter().min().copied().unwrap_or(0);
            let most = parts.iter().max().copied().unwrap_or(0);
            let first = values.len() as u32;
            if ((most - least) as usize) < *rows {
                // Every share that there can be between them, and the parts as codes.
                values.extend((least..=most).map(share));
                codes.extend(parts.iter().map(|part| first + (part - least)));
            } else {
                values.extend(parts.iter().map(|part| share(*part)));
                codes.extend(first..first + *rows as u32);
            }
        }
        let validity = self.validity(|point| whole(point).is_some());
        let codes = IdxCa::from_vec_validity(name.into(), codes, validity);
        frame.coded(name, about, Series::new(name.into(), values), codes);
    }

    /// A table with `point` alone.
    pub(super) fn point_column(&self, design: &Design) -> Frame {
        let mut frame = Frame::new();
        let about = "key of the design point";
        self.column(&mut frame, "point", about, |p| design.key(p).to_string());
        frame
    }

    /// A table with `point` and one column a factor.
    pub(super) fn point_columns(&self, design: &Design) -> Frame {
        let mut frame = self.point_column(design);
        // A table without rows has the types of any point.
        let points = match self.points.as_slice() {
            [] => &[0],
            points => points,
        };
        for (index, factor) in design.experiment().factors.iter().enumerate() {
            let name = factor.name.get_ref();
            let about = format!("level of the factor {name}");
            let levels = points.iter().map(|point| design.level(*point, index));
            let levels = level_series(name, levels);
            frame.coded(name, &about, levels, self.codes.clone());
        }
        frame
    }
}

/// Levels of one factor have one type, so the first tells that of all.
fn level_series<'a>(name: &str, levels: impl Iterator<Item = &'a Level> + Clone) -> Series {
    let name = name.into();
    match levels.clone().next() {
        Some(Level::Flag(_)) => {
            let values: Vec<bool> = levels.map(|l| *l == Level::Flag(true)).collect();
            Series::new(name, values)
        }
        Some(Level::Number(_)) => {
            let values: Vec<Option<f64>> = levels.map(Level::number).collect();
            Series::new(name, values)
        }
        Some(Level::Text(_)) | None => {
            let text = |level: &'a Level| match level {
                Level::Text(text) => text.as_str(),
                _ => "",
            };
            StringChunked::from_iter_values(name, levels.map(text)).into_series()
        }
    }
}
