//! Factors and their levels in a table of the terminal, cut to what there is room for.

use std::collections::BTreeSet;

use super::axes::Axes;
use super::grid::{Column, Grid};
use super::look::Look;
use crate::design::Design;

/// Letters of a level that are kept, and columns that an estimate needs, beside its factors.
pub const SHORTEST: usize = 6;
/// Room for the estimates beside the factors.
const MEASURE: usize = 28;

/// A column for each factor; one of a single level goes first where there is no room.
pub fn factors(
    design: &Design,
    axes: &Axes,
    points: impl Iterator<Item = usize> + Clone,
    look: Look,
) -> Vec<Column> {
    let column = |factor: usize, longest| {
        let axis = &axes.factors[factor];
        let labels = shortened(&axis.labels, longest);
        let levels = points
            .clone()
            .map(|point| axes.levels(design, point)[factor]);
        Column {
            name: axis.name.clone(),
            cells: levels.map(|level| labels[level].clone()).collect(),
            is_name: true,
            sacrifice: if axis.levels.len() > 1 { 0 } else { 5 },
        }
    };
    let columns = |longest| {
        let factors = 0..axes.factors.len();
        factors.map(|factor| column(factor, longest)).collect()
    };
    let fits = |columns: &Vec<Column>| {
        let stay = columns.iter().filter(|column| column.sacrifice == 0);
        let columns = stay.cloned().collect();
        Grid { columns }.width() + MEASURE <= look.width
    };
    // A level is cut at 18 letters in 80 columns, and where there are many factors at fewer.
    let most = look.width * 18 / Look::WIDTH;
    let mut narrower = (SHORTEST..most).rev().map(columns);
    let usual = columns(most);
    match fits(&usual) {
        true => usual,
        false => narrower.find(fits).unwrap_or(usual),
    }
}

/// Labels of at most so many letters, or as few more as tell them apart.
pub fn shortened(labels: &[String], longest: usize) -> Vec<String> {
    let cut = |longest| -> Vec<String> {
        let cut = labels.iter().map(|label| shorten(label, longest));
        cut.collect()
    };
    let different = |labels: &[String]| labels.iter().collect::<BTreeSet<_>>().len();
    let all = different(labels);
    let whole = labels.iter().map(|label| label.chars().count()).max();
    let mut tried = (longest..whole.unwrap_or(0)).map(cut);
    let found = tried.find(|cut| different(cut) == all);
    found.unwrap_or_else(|| labels.to_vec())
}

/// A long level without its middle.
pub fn shorten(text: &str, longest: usize) -> String {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= longest {
        return text.to_owned();
    }
    let tail = longest / 2;
    let head: String = chars[..longest - tail - 1].iter().collect();
    let tail: String = chars[chars.len() - tail..].iter().collect();
    format!("{head}…{tail}")
}
