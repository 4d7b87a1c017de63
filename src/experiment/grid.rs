//! How the levels of the factors are combined into design points.

use serde::{Deserialize, Serialize};

/// Factors whose levels go together: one factor by itself, factors in lockstep, the points of a
/// sample, the rows of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dimension {
    /// Indices of its factors.
    pub factors: Vec<usize>,
    /// Row by row, the index of the level of each of these factors.
    pub rows: Vec<Vec<usize>>,
}

impl Dimension {
    /// A factor by itself.
    pub(super) fn single(factor: usize, levels: usize) -> Self {
        Self {
            factors: vec![factor],
            rows: (0..levels).map(|level| vec![level]).collect(),
        }
    }
}

/// Design points that are left out: those with one of these levels of each of these factors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exclusion(pub Vec<(usize, Vec<usize>)>);

impl Exclusion {
    pub(super) fn holds(&self, levels: &[usize]) -> bool {
        let mut conditions = self.0.iter();
        conditions.all(|(factor, excluded)| excluded.contains(&levels[*factor]))
    }
}

/// Every row of each dimension with every row of the others, the last dimension fastest; or one
/// dimension at a time around a base point; less what is excluded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grid {
    /// The dimensions; each factor is in one of them.
    pub dimensions: Vec<Dimension>,
    /// What is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<Exclusion>,
    /// The row of each dimension at the base point, if one dimension is varied at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Vec<usize>>,
}

impl Grid {
    /// Every combination of the levels of factors, given how many levels each has.
    pub fn full_factorial(levels: impl IntoIterator<Item = usize>) -> Self {
        let levels = levels.into_iter().enumerate();
        Self {
            dimensions: levels.map(|(i, n)| Dimension::single(i, n)).collect(),
            exclude: Vec::new(),
            base: None,
        }
    }

    /// The cells that are design points, in design order. A cell is a number whose digits are the
    /// rows of the dimensions; the last dimension is the lowest digit.
    pub fn cells(&self) -> Vec<usize> {
        let kept = |cell: &usize| {
            self.exclude.is_empty() || {
                let levels = self.levels(*cell);
                !self.exclude.iter().any(|rule| rule.holds(&levels))
            }
        };
        match &self.base {
            None => (0..self.size()).filter(kept).collect(),
            Some(base) => self.around(base).into_iter().filter(kept).collect(),
        }
    }

    /// Number of cells, whether they are design points or not.
    fn size(&self) -> usize {
        self.dimensions.iter().map(|d| d.rows.len()).product()
    }

    fn around(&self, base: &[usize]) -> Vec<usize> {
        let cell = |rows: &[usize]| {
            let dimensions = self.dimensions.iter().zip(rows);
            dimensions.fold(0, |cell, (d, row)| cell * d.rows.len() + row)
        };
        let mut cells = vec![cell(base)];
        for (i, dimension) in self.dimensions.iter().enumerate() {
            for row in (0..dimension.rows.len()).filter(|row| *row != base[i]) {
                let mut rows = base.to_vec();
                rows[i] = row;
                cells.push(cell(&rows));
            }
        }
        cells
    }

    /// The index of the level of each factor in a cell.
    pub fn levels(&self, cell: usize) -> Vec<usize> {
        let factors = self.dimensions.iter().map(|d| d.factors.len()).sum();
        let mut levels = vec![0; factors];
        for (dimension, row) in self.rows(cell) {
            for (factor, level) in dimension.factors.iter().zip(&dimension.rows[row]) {
                levels[*factor] = *level;
            }
        }
        levels
    }

    /// The index of the level of one factor in a cell.
    pub fn level(&self, cell: usize, factor: usize) -> usize {
        let of = |(dimension, row): (&Dimension, usize)| {
            let at = dimension.factors.iter().position(|f| *f == factor)?;
            Some(dimension.rows[row][at])
        };
        self.rows(cell).find_map(of).unwrap_or_default()
    }

    /// The row of each dimension in a cell, the last dimension first.
    fn rows(&self, mut cell: usize) -> impl Iterator<Item = (&Dimension, usize)> {
        self.dimensions.iter().rev().map(move |dimension| {
            let row = cell % dimension.rows.len();
            cell /= dimension.rows.len();
            (dimension, row)
        })
    }
}
