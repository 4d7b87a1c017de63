//! Columns of text side by side, and which of them go where a terminal is narrow.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::look::Look;

/// Rows of a table; the summary files have all.
pub const MOST_ROWS: usize = 200;

/// A column: its header and its cells.
#[derive(Clone)]
pub struct Column {
    /// Its name; broken into lines at spaces, underscores and dots.
    pub name: String,
    /// Its cells, from the top.
    pub cells: Vec<String>,
    /// Whether its cells are aligned left, as names are.
    pub is_name: bool,
    /// What goes first where the table is too wide; 0 stays.
    pub sacrifice: u8,
}

impl Column {
    fn width(&self) -> usize {
        let lines = header(&self.name).into_iter().chain(self.cells.clone());
        lines.map(|text| text.chars().count()).max().unwrap_or(0)
    }
}

/// The columns of a table.
#[derive(Default)]
pub struct Grid {
    /// From left to right.
    pub columns: Vec<Column>,
}

impl Grid {
    /// Takes columns away until the table fits; returns their names.
    pub fn fit(&mut self, width: usize) -> Vec<String> {
        let mut dropped = Vec::new();
        while self.width() > width {
            let wanted = self.columns.iter().map(|column| column.sacrifice).max();
            let at = self
                .columns
                .iter()
                .position(|c| Some(c.sacrifice) == wanted);
            match (wanted, at) {
                (Some(1..), Some(at)) => {
                    let column = self.columns.remove(at);
                    // A factor that does not vary is no loss to a reader.
                    if !column.is_name {
                        dropped.push(column.name);
                    }
                }
                // What is left names the point and its SLA: see `pages`.
                _ => break,
            }
        }
        dropped
    }

    /// The table in as few as fit, one below the other: each has the names, and as many of the other
    /// columns as there is room for, at least one.
    pub fn pages(self, width: usize) -> Vec<Self> {
        let (names, others): (Vec<Column>, Vec<Column>) =
            self.columns.into_iter().partition(|column| column.is_name);
        let mut pages: Vec<Self> = Vec::new();
        for column in others {
            let wider = pages.last().map_or(0, Self::width) + 2 + column.width();
            match pages.last_mut() {
                Some(page) if wider <= width => page.columns.push(column),
                _ => {
                    let columns = names.iter().cloned().chain([column]).collect();
                    pages.push(Self { columns });
                }
            }
        }
        pages
    }

    /// Adds a column if the table still fits with it.
    pub fn add_if_fits(&mut self, column: Column, width: usize) {
        self.columns.push(column);
        if self.width() > width {
            self.columns.pop();
        }
    }

    /// Columns of its widest line.
    pub fn width(&self) -> usize {
        let widths = self.columns.iter().map(Column::width);
        widths.sum::<usize>() + 2 * self.columns.len().saturating_sub(1)
    }

    /// The table, with a rule below its header.
    pub fn draw(&self, look: Look) -> String {
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(self.columns.iter().map(|c| header(&c.name).join("\n")));
        for row in 0..self.columns.first().map_or(0, |column| column.cells.len()) {
            table.add_row(self.columns.iter().map(|column| &column.cells[row]));
        }
        let last = self.columns.len().saturating_sub(1);
        for (at, (column, ours)) in table.column_iter_mut().zip(&self.columns).enumerate() {
            column.set_padding((0, if at == last { 0 } else { 2 }));
            if !ours.is_name {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let heads = self.columns.iter().map(|c| header(&c.name).len()).max();
        let heads = heads.unwrap_or(1);
        let text = table.to_string();
        let mut lines: Vec<String> = text
            .lines()
            .enumerate()
            .map(|(at, line)| match line.trim_end() {
                line if at < heads => look.bold(line),
                line => line.to_owned(),
            })
            .collect();
        lines.insert(heads, look.dim(&"─".repeat(self.width())));
        lines.join("\n") + "\n"
    }
}

/// A header in lines: names of factors are broken at underscores and dots.
fn header(name: &str) -> Vec<String> {
    let pieces = name.split_inclusive(['_', '.', ' ']);
    let mut lines: Vec<String> = Vec::new();
    const WIDEST: usize = 10;
    for piece in pieces {
        match lines.last_mut() {
            Some(line) if line.len() + piece.trim_end().len() <= WIDEST => line.push_str(piece),
            _ => lines.push(piece.to_owned()),
        }
    }
    lines
        .iter()
        .map(|line| line.trim_end().to_owned())
        .collect()
}
