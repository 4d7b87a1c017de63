//! Texts within printed files, so that each engine reads them as they are.

use std::borrow::Cow;

use sysworld::diagnostics::visible;

/// A word of a POSIX shell.
pub fn shell(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
}

/// A string of Python, and of YAML.
pub fn string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if printable(c) => quoted.push(c),
            c => quoted.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    quoted.push('"');
    quoted
}

/// A text as the value of a key in YAML, as a block if it can be one.
pub fn block(text: &str, indent: &str) -> String {
    let chomping = match text.strip_suffix('\n') {
        Some(rest) if !rest.ends_with('\n') => "",
        None => "-",
        Some(_) => return string(text),
    };
    let readable = |c: char| c == '\n' || c == '\t' || printable(c);
    if text.trim().is_empty()
        || text.starts_with(char::is_whitespace)
        || !text.chars().all(readable)
    {
        return string(text);
    }
    let lines = text.lines().map(|line| match line {
        "" => String::new(),
        line => format!("{indent}{line}"),
    });
    let lines: Vec<String> = lines.collect();
    format!("|{chomping}\n{}", lines.join("\n"))
}

/// What all readers of YAML 1.1 and 1.2 take as it is, and a terminal shows.
fn printable(c: char) -> bool {
    let shown = visible(c.encode_utf8(&mut [0; 4])).chars().eq([c]);
    shown && !c.is_control() && !['\u{feff}', '\u{fffe}', '\u{ffff}'].contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each kind of quoting, at what it could break on.
    #[test]
    fn texts_are_quoted() {
        assert_eq!(shell("a/b-1.toml"), "a/b-1.toml");
        assert_eq!(shell("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(shell(""), "''");
        assert_eq!(
            string("a \"b\" \\ ü\u{202e}\r"),
            "\"a \\\"b\\\" \\\\ ü\\U0000202e\\U0000000d\""
        );
        assert_eq!(block("a: 1\n\n  b\n", "  "), "|\n  a: 1\n\n    b");
        assert_eq!(block("a", "  "), "|-\n  a");
        for text in ["", "\n", " a\n", "a\n\n", "a\r\nb\n"] {
            assert_eq!(block(text, "  "), string(text));
        }
    }
}
