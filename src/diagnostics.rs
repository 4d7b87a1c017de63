//! Errors in the user's files: what is wrong, where, what is allowed, and the nearest name.
//!
//! All files that one command reads share a [`Sources`]: each file gets a range of one global
//! offset space, so that a value keeps its place of origin when worlds extend each other or an
//! experiment sets a number of a world.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

/// Problems that are shown; of the others, how many there are.
pub const MOST_SHOWN: usize = 20;
/// Characters of a name, or another word, that are shown.
const MOST_OF_A_WORD: usize = 100;
/// Characters of a sentence that are shown.
const MOST_OF_A_SENTENCE: usize = 2_000;
/// Known names among which the nearest is looked for.
const MOST_COMPARED: usize = 1_000;

/// A range of bytes in the global offset space of a [`Sources`].
pub type Span = Range<usize>;

/// The texts that were read, in the order of reading.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

#[derive(Debug, Clone)]
struct SourceFile {
    name: String,
    text: Arc<str>,
    base: usize,
}

impl Sources {
    /// Adds a text and returns the offset at which its spans begin.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> usize {
        let base = self
            .files
            .last()
            .map_or(0, |last| last.base + last.text.len() + 1);
        self.files.push(SourceFile {
            name: name.into(),
            text: text.into(),
            base,
        });
        base
    }

    /// Each text, by the name that messages call it.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .map(|file| (file.name.as_str(), &*file.text))
    }

    fn locate(&self, span: &Span) -> Option<(&SourceFile, Range<usize>)> {
        let file = self
            .files
            .iter()
            .rfind(|file| file.base <= span.start && span.start <= file.base + file.text.len())?;
        let clamp = |offset: usize| {
            let offsets = (0..=(offset - file.base).min(file.text.len())).rev();
            let mut starts = offsets.filter(|offset| file.text.is_char_boundary(*offset));
            starts.next().unwrap_or_default()
        };
        let (start, end) = (clamp(span.start), clamp(span.end.max(span.start)));
        // Of a table that spans many lines its first line says enough, and so does the beginning of a
        // long one.
        let line = file.text[start..end].find('\n').map_or(end, |n| start + n);
        let mut chars = file.text[start..line].char_indices();
        let last = chars.nth(MOST_OF_A_WORD).map_or(line, |(n, _)| start + n);
        Some((file, start..last))
    }
}

/// A place in a file, as an editor has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: String,
    /// Line and column where it begins, both counted from 1; columns are characters.
    pub start: (usize, usize),
    /// The same of what follows it.
    pub end: (usize, usize),
}

/// One thing that is wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    message: String,
    span: Option<Span>,
    label: String,
    others: Vec<(Span, String)>,
    help: Vec<String>,
}

impl Problem {
    /// A problem at `span`; `label` stands under the offending text.
    pub fn at(span: Span, message: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            span: Some(span),
            label: label.into(),
            others: Vec::new(),
            help: Vec::new(),
        }
    }

    /// A problem of a file as a whole, or of something that stands in no file.
    pub fn general(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            span: None,
            label: String::new(),
            others: Vec::new(),
            help: Vec::new(),
        }
    }

    /// A name that is not among the `known` ones: lists them and suggests the nearest.
    pub fn unknown<'a>(
        what: &str,
        name: &str,
        span: Span,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        Self::at(
            span,
            format!("unknown {what} `{name}`"),
            format!("no such {what}"),
        )
        .suggest(name, &known)
    }

    /// Adds what is allowed, and the nearest name if one is near.
    pub fn suggest(mut self, name: &str, known: &[&str]) -> Self {
        if let Some(near) = nearest(name, known) {
            self.help.push(format!("did you mean `{near}`?"));
        }
        self.help.push(if known.is_empty() {
            "none is defined here".to_owned()
        } else {
            format!("allowed: {}", shortened(known))
        });
        self
    }

    /// Gives a problem its place, if it has none yet.
    pub fn with_span(mut self, span: Span, label: impl Into<String>) -> Self {
        if self.span.is_none() {
            self.span = Some(span);
            self.label = label.into();
        }
        self
    }

    /// Shows another place that the problem is about.
    pub fn and(mut self, span: Span, label: impl Into<String>) -> Self {
        self.others.push((span, label.into()));
        self
    }

    /// Adds a sentence that says what is allowed or what to do.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// What is wrong, what stands under the text, and what helps.
    pub fn texts(&self) -> (&str, &str, &[String]) {
        (&self.message, &self.label, &self.help)
    }

    /// The lines and columns where it is, if it is anywhere in the files that were read.
    pub fn place(&self, sources: &Sources) -> Option<Place> {
        let (file, range) = sources.locate(self.span.as_ref()?)?;
        let position = |offset: usize| {
            let before = &file.text[..offset];
            let line = before.matches('\n').count() + 1;
            let begin = before.rfind('\n').map_or(0, |newline| newline + 1);
            (line, before[begin..].chars().count() + 1)
        };
        Some(Place {
            file: file.name.clone(),
            start: position(range.start),
            end: position(range.end),
        })
    }

    /// Where it is, if it is anywhere.
    pub fn span(&self) -> Option<Span> {
        self.span.clone()
    }

    /// What stands between two neighbouring backticks of its message: the names in it, among others.
    pub fn quotes(&self) -> impl Iterator<Item = &str> {
        let pieces = self.message.split('`').skip(1);
        // What follows the last one is not between two.
        let last = self.message.matches('`').count().saturating_sub(1);
        pieces.take(last)
    }

    /// What it says in one paragraph, without its place.
    pub fn sentences(&self) -> String {
        let texts = std::iter::once(&self.message).chain(&self.help);
        let texts: Vec<&str> = texts.map(String::as_str).collect();
        texts.join("; ")
    }

    /// As a warning: of what is allowed, and surely not meant.
    pub fn warning(&self, sources: &Sources) -> String {
        self.render(Level::WARNING, sources, &Renderer::plain())
    }

    fn render(&self, level: Level, sources: &Sources, renderer: &Renderer) -> String {
        self.shortened().draw(level, sources, renderer)
    }

    /// With no word or sentence that is too long to be read.
    fn shortened(&self) -> Self {
        let others = self.others.iter();
        Self {
            message: shorten(&self.message),
            span: self.span.clone(),
            label: shorten(&self.label),
            others: others
                .map(|(span, label)| (span.clone(), shorten(label)))
                .collect(),
            help: self.help.iter().map(|text| shorten(text)).collect(),
        }
    }

    fn draw(&self, level: Level, sources: &Sources, renderer: &Renderer) -> String {
        let mut group = Group::with_title(level.primary_title(&self.message));
        let first = self
            .span
            .iter()
            .map(|span| (AnnotationKind::Primary, span, &self.label));
        let others = self.others.iter();
        let others = others.map(|(span, label)| (AnnotationKind::Context, span, label));
        // One snippet a file.
        let mut files: Vec<(&SourceFile, Vec<_>)> = Vec::new();
        for (kind, span, label) in first.chain(others) {
            let Some((file, span)) = sources.locate(span) else {
                continue;
            };
            let mut marks = match files.iter().position(|(known, _)| known.base == file.base) {
                Some(at) => files.remove(at).1,
                None => Vec::new(),
            };
            marks.push((kind, span, label));
            files.push((file, marks));
        }
        for (file, marks) in files {
            let excerpt = Excerpt::of(&file.text, marks.iter().map(|(_, span, _)| span));
            let mut snippet = Snippet::source(excerpt.text).line_start(excerpt.line);
            match excerpt.column {
                None => snippet = snippet.path(&file.name),
                Some(column) => {
                    let origin = Origin::path(&file.name).line(excerpt.line);
                    group = group.element(origin.char_column(column));
                }
            }
            let marks = marks.into_iter().map(|(kind, span, label)| {
                let from = excerpt.from;
                kind.span(span.start - from..span.end - from).label(label)
            });
            group = group.element(snippet.annotations(marks));
        }
        for help in &self.help {
            group = group.element(Level::HELP.message(help));
        }
        renderer.render(&[group])
    }
}

/// What of a file is shown with a problem. To draw a snippet takes as long as its text, and a line may be
/// as long as its file.
struct Excerpt<'a> {
    text: &'a str,
    /// Where it begins.
    from: usize,
    /// Its first line.
    line: usize,
    /// Where in the line the first mark is, if the line began too far before to be shown.
    column: Option<usize>,
}

impl<'a> Excerpt<'a> {
    fn of<'s>(file: &'a str, marks: impl Iterator<Item = &'s Range<usize>> + Clone) -> Self {
        /// More than is drawn of a line.
        const BEFORE: usize = 2_000;
        const AFTER: usize = 2_000;
        let first = marks.clone().map(|mark| mark.start).min().unwrap_or(0);
        let last = marks.map(|mark| mark.end).max().unwrap_or(0);
        let begin = file[..first].rfind('\n').map_or(0, |newline| newline + 1);
        let before = file[begin..first].chars();
        let from = match first - begin > BEFORE {
            true => {
                first
                    - before
                        .rev()
                        .take(BEFORE / 4)
                        .map(char::len_utf8)
                        .sum::<usize>()
            }
            false => begin,
        };
        let rest = &file[last..];
        // With its end, by which a line break of two characters is known.
        let whole = rest.split_inclusive('\n').next().unwrap_or_default();
        let after = whole.chars().take(AFTER).map(char::len_utf8);
        let to = last + after.sum::<usize>();
        Self {
            text: &file[from..to],
            from,
            line: file[..first].matches('\n').count() + 1,
            column: (from > begin).then(|| file[begin..first].chars().count() + 1),
        }
    }
}

/// Everything that is wrong with the files of one command, with the files to show it in.
#[derive(Debug)]
pub struct Problems {
    sources: Sources,
    problems: Vec<Problem>,
}

impl Problems {
    /// `problems` must not be empty.
    pub fn new(sources: &Sources, problems: Vec<Problem>) -> Self {
        Self {
            sources: sources.clone(),
            problems,
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let renderer = Renderer::plain();
        // A file that several others build on is wrong only once, however often it was read.
        let mut seen = BTreeSet::new();
        let place = |problem: &Problem| {
            let (file, range) = self.sources.locate(problem.span.as_ref()?)?;
            Some((file.name.as_str(), range.start, range.end))
        };
        let mut distinct = self
            .problems
            .iter()
            .filter(|problem| seen.insert((place(problem), problem.message.as_str())));
        let shown: Vec<String> = distinct
            .by_ref()
            .take(MOST_SHOWN)
            .map(|problem| problem.render(Level::ERROR, &self.sources, &renderer))
            .collect();
        f.write_str(&shown.join("\n\n"))?;
        match distinct.count() {
            0 => Ok(()),
            1 => f.write_str("\n\nand 1 more problem"),
            more => write!(f, "\n\nand {more} more problems"),
        }
    }
}

impl std::error::Error for Problems {}

/// The known name that a misspelled one most likely meant, if any is near enough.
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let size = name.chars().count();
    if size > MOST_OF_A_WORD {
        return None;
    }
    // Names that have nothing in common are not near, however short they are.
    let limit = (size / 3).max(2).min(size.saturating_sub(1));
    let likely = known.iter().take(MOST_COMPARED);
    likely
        .filter(|k| k.chars().count().abs_diff(size) <= limit)
        .map(|k| (strsim::damerau_levenshtein(name, k), *k))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, k)| k)
}

/// A percent as a fraction: the number nearest to the decimal, 0.999 for 99.9.
pub fn hundredth(percent: f64) -> f64 {
    // A number is written without an exponent, in the digits of its author.
    format!("{percent}e-2").parse().unwrap_or(percent / 100.0)
}

/// What a number that should be a fraction was probably meant as, if it looks like a percent.
pub fn meant_as_percent(number: f64) -> Option<String> {
    let percent = 1.0 < number && number <= 100.0;
    percent.then(|| format!("did you mean {}, that is {number} %?", hundredth(number)))
}

/// Words of at most 100 characters, in a sentence that can be read.
fn shorten(text: &str) -> String {
    let mut short = String::new();
    let mut chars = 0;
    for word in text.split_inclusive(|c: char| c.is_whitespace()) {
        let size = word.chars().count();
        if size <= MOST_OF_A_WORD {
            short.push_str(word);
        } else {
            short.extend(word.chars().take(MOST_OF_A_WORD));
            // What ends a name in a sentence still does.
            let ends = |c: &char| "`,:;.)".contains(*c) || c.is_whitespace();
            let end: Vec<char> = word.chars().rev().take_while(ends).collect();
            short.push('…');
            short.extend(end.iter().rev());
        }
        chars += size.min(MOST_OF_A_WORD);
        if chars > MOST_OF_A_SENTENCE {
            short.push('…');
            break;
        }
    }
    short
}

/// A text of which every character shows: what steers a terminal, or turns the direction of a line,
/// is written as its code. Line breaks and tabs stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    let hidden = |c: char| {
        c.is_control() && !['\n', '\t', '\r'].contains(&c)
            || matches!(
                c,
                '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}'
            )
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
    };
    if !text.contains(hidden) && !text.contains('\r') {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        // A return that ends no line goes over what stands before it.
        if hidden(c) || c == '\r' && chars.peek() != Some(&'\n') {
            // As JSON and TOML write it.
            shown.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

fn shortened(names: &[&str]) -> String {
    const MOST: usize = 30;
    let mut text = names[..names.len().min(MOST)].join(", ");
    if names.len() > MOST {
        text.push_str(&format!(", … ({} in all)", names.len()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What steers a terminal or turns a line is written out; any other text stays as it is.
    #[test]
    fn hidden_characters_are_shown() {
        let text = "a\u{1b}[31m\u{9b}b\u{202e}c\u{2067}\rd\r\n\té→";
        assert_eq!(
            visible(text),
            "a\\u001b[31m\\u009bb\\u202ec\\u2067\\u000dd\r\n\té→"
        );
        assert!(matches!(visible("plain\n"), Cow::Borrowed(_)));
    }

    /// A problem at the end of a long line says where it is, and is drawn as those of short lines are.
    #[test]
    fn a_long_line_is_drawn_in_part() {
        for (before, after) in [(0, 0), (50, 500_000), (500_000, 0), (400_000, 100_000)] {
            let mut sources = Sources::default();
            let text = format!(
                "a = 1\n{}é wrong{}\nb = 2\n",
                "x ".repeat(before),
                " y".repeat(after)
            );
            let base = sources.add("file.toml", text.as_str());
            let start = base + text.find("wrong").expect("it is there");
            let problem = Problem::at(start..start + 5, "a message", "here").help("what helps");
            let drawn = problem.warning(&sources);
            let mut lines = drawn.lines();
            assert_eq!(lines.next(), Some("warning: a message"));
            let place = format!(" --> file.toml:2:{}", 2 * before + 3);
            assert_eq!(lines.next(), Some(place.as_str()), "{drawn}");
            let shown = lines.nth(1).expect("the line").find("wrong");
            let marked = lines.next().expect("the mark").find("^^^^^ here");
            assert!(drawn.len() < 1_000, "{} bytes", drawn.len());
            // é is one column of two bytes.
            assert_eq!(shown.map(|column| column - 1), marked, "{drawn}");
            assert!(drawn.ends_with("= help: what helps"), "{drawn}");
        }
    }

    /// No name makes an error unreadable, and a long sentence ends.
    #[test]
    fn long_names_are_cut() {
        let long = "x".repeat(5_000);
        let text = format!("unknown key `{long}`: see");
        let expected = format!("unknown key `{}…`: see", "x".repeat(MOST_OF_A_WORD - 1));
        assert_eq!(shorten(&text), expected);
        assert!(shorten(&"word ".repeat(9_000)).chars().count() < 2_200);
        assert_eq!(nearest(&long, &[&long]), None);
    }
}
