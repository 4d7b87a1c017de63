//! How the levels of the factors are combined into design points.

use std::collections::BTreeMap;

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

/// Many exclusions that are asked at once: a bit each.
pub(super) struct Filter {
    /// By factor and level, the exclusions that this level does not speak against.
    possible: Vec<BTreeMap<usize, Vec<u64>>>,
    /// By factor, the same for a level that no exclusion names.
    otherwise: Vec<Vec<u64>>,
}

impl Filter {
    /// The exclusions of a design with so many factors.
    pub(super) fn new(rules: &[Exclusion], factors: usize) -> Self {
        let words = rules.len().div_ceil(64);
        let mut otherwise = vec![vec![u64::MAX; words]; factors];
        for (rule, Exclusion(conditions)) in rules.iter().enumerate() {
            for (factor, _) in conditions {
                otherwise[*factor][rule / 64] &= !(1 << (rule % 64));
            }
        }
        let mut possible = vec![BTreeMap::new(); factors];
        for (rule, Exclusion(conditions)) in rules.iter().enumerate() {
            for (factor, levels) in conditions {
                for level in levels {
                    let of_level: &mut Vec<u64> = possible[*factor]
                        .entry(*level)
                        .or_insert_with(|| otherwise[*factor].clone());
                    of_level[rule / 64] |= 1 << (rule % 64);
                }
            }
        }
        // The bits beyond the last exclusion are none.
        let filter = |words: &mut Vec<u64>| {
            if let (Some(last), rest @ 1..) = (words.last_mut(), rules.len() % 64) {
                *last &= (1 << rest) - 1;
            }
        };
        otherwise.iter_mut().for_each(filter);
        let named = possible.iter_mut().flat_map(BTreeMap::values_mut);
        named.for_each(filter);
        Self {
            possible,
            otherwise,
        }
    }

    /// A set of exclusions without any.
    pub(super) fn none(&self) -> Vec<u64> {
        vec![0; self.otherwise.first().map_or(0, Vec::len)]
    }

    /// Whether an exclusion is in a set.
    pub(super) fn is_in(&self, rule: usize, set: &[u64]) -> bool {
        set.get(rule / 64)
            .is_some_and(|word| word >> (rule % 64) & 1 == 1)
    }

    /// Whether some exclusion holds at these levels; those that do are added to `hit`.
    pub(super) fn excludes(&self, levels: &[usize], hit: &mut [u64]) -> bool {
        let mut any = false;
        for (word, hit) in hit.iter_mut().enumerate() {
            let factors = self.possible.iter().zip(&self.otherwise).zip(levels);
            let holds = factors.fold(u64::MAX, |holds, ((named, otherwise), level)| {
                holds & named.get(level).unwrap_or(otherwise)[word]
            });
            *hit |= holds;
            any |= holds != 0;
        }
        any
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
        let filter = Filter::new(&self.exclude, self.factors());
        let mut hit = filter.none();
        let kept = |cell: &usize| {
            self.exclude.is_empty() || !filter.excludes(&self.levels(*cell), &mut hit)
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

    fn factors(&self) -> usize {
        self.dimensions.iter().map(|d| d.factors.len()).sum()
    }

    /// The index of the level of each factor in a cell.
    pub fn levels(&self, cell: usize) -> Vec<usize> {
        let mut levels = vec![0; self.factors()];
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
