//! How text for a terminal looks: how wide it is, and whether it has colours.

/// Width and colours of what text is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Columns of the widest line.
    pub width: usize,
    /// Whether escape sequences for colours are understood, and wanted.
    pub colour: bool,
}

impl Default for Look {
    /// What is right for a pipe and a file.
    fn default() -> Self {
        Self {
            width: Self::WIDTH,
            colour: false,
        }
    }
}

impl Look {
    /// Columns where nothing is known of the terminal.
    pub const WIDTH: usize = 80;
    /// The narrowest and the widest text that is made.
    const WIDTHS: [usize; 2] = [60, 200];

    /// For a terminal with so many columns, if that is known.
    pub fn new(columns: Option<usize>, colour: bool) -> Self {
        let [least, most] = Self::WIDTHS;
        Self {
            width: columns.unwrap_or(Self::WIDTH).clamp(least, most),
            colour,
        }
    }

    /// What heads a table.
    pub fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// What is read second.
    pub fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// The body of a bar.
    pub fn blue(self, text: &str) -> String {
        self.paint("34", text)
    }

    /// Line by line, so that a pager that cuts lines keeps the colours straight.
    fn paint(self, code: &str, text: &str) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        let lines = text.split_inclusive('\n').map(|line| {
            let (body, end) = match line.strip_suffix('\n') {
                Some(body) => (body, "\n"),
                None => (line, ""),
            };
            format!("\u{1b}[{code}m{body}\u{1b}[0m{end}")
        });
        lines.collect()
    }
}

/// The codes of [`Look::bold`], [`Look::dim`] and [`Look::blue`], and of their end.
const COLOURS: [&str; 4] = ["\u{1b}[1m", "\u{1b}[2m", "\u{1b}[34m", "\u{1b}[0m"];

/// A text cut before each colour of a [`Look`]: the colour, and what follows. All else that steers a
/// terminal stays in the text, where it can be escaped.
pub fn painted(mut text: &str) -> Vec<(&str, &str)> {
    let mut pieces = Vec::new();
    while !text.is_empty() {
        let (colour, rest) = text.split_at(colour_at(text));
        let mut escapes = rest.match_indices('\u{1b}').map(|(at, _)| at);
        let next = escapes.find(|at| colour_at(&rest[*at..]) > 0);
        let (plain, rest) = rest.split_at(next.unwrap_or(rest.len()));
        pieces.push((colour, plain));
        text = rest;
    }
    pieces
}

/// The length of the colour that a text begins with; 0 if it begins with none.
fn colour_at(text: &str) -> usize {
    let colour = COLOURS.iter().find(|colour| text.starts_with(**colour));
    colour.map_or(0, |colour| colour.len())
}
