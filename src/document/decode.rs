//! From a tree to types, with serde: errors name the place, what is allowed and the nearest name.

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, Unexpected, Visitor,
};
use serde_spanned::Spanned;
use serde_spanned::de::{SpannedDeserializer, is_spanned};

use super::error::{Error, Fact};
use super::repair::decode_all;
use super::{Node, Table, Value};
use crate::diagnostics::{MOST_SHOWN, Problem, Span, nearest};

/// Decodes one value; stops at its first error.
///
/// # Errors
///
/// The first value that has another type, an unknown key, or is out of its range.
pub fn decode<T: DeserializeOwned>(value: &Value) -> Result<T, Problem> {
    T::deserialize(value).map_err(|e| e.into_problem(&value.span))
}

/// Decodes one of several entries. A key that it lacks may mean that it was to change one of another
/// file, and its name is misspelled: suggests the nearest.
fn decode_entry<T: DeserializeOwned>(
    value: &Value,
    name: &str,
    names: &[&str],
) -> Result<T, Vec<Problem>> {
    decode_all(value).map_err(|errors| {
        let meant = nearest(name, names);
        let mut problems = Vec::new();
        let mut is_new = false;
        for error in errors {
            let of_entry = error.span().is_none_or(|at| *at == value.span);
            let missing = of_entry && matches!(error.fact, Fact::Missing(_));
            let problem = error.into_problem(&value.span);
            match meant {
                // One of the keys that another name would make needless is enough.
                Some(_) if missing && is_new => {}
                Some(near) if missing => {
                    is_new = true;
                    let help = format!("`{name}` is new; did you mean `{near}`?");
                    problems.push(problem.help(help));
                }
                _ => problems.push(problem),
            }
        }
        problems
    })
}

/// The fields of a table, decoded one by one, so that all its errors are found at once.
pub struct Fields<'a> {
    table: &'a Table,
    known: Vec<&'static str>,
    /// What was wrong so far.
    pub problems: Vec<Problem>,
}

impl<'a> Fields<'a> {
    /// Begins with no field read.
    pub fn new(table: &'a Table) -> Self {
        Self {
            table,
            known: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// The raw value of a field, if it is there.
    pub fn raw(&mut self, key: &'static str) -> Option<&'a Value> {
        self.known.push(key);
        self.table.get(key)
    }

    /// A field that may be missing. Errors are noted, and it reads as missing then.
    pub fn optional<T: DeserializeOwned>(&mut self, key: &'static str) -> Option<T> {
        let value = self.raw(key)?;
        let errors = |errors: Vec<Error>| {
            let problem = |e: Error| e.into_problem(&value.span);
            errors.into_iter().map(problem).collect()
        };
        self.note(decode_all(value).map_err(errors))
    }

    /// A field that must be there. `None` if it is missing or wrong, which is noted.
    pub fn required<T: DeserializeOwned>(&mut self, key: &'static str) -> Option<T> {
        if self.table.get(key).is_none() {
            self.problems.push(Problem::at(
                self.place(),
                format!("the required key `{key}` is missing"),
                format!("`{key}` belongs here"),
            ));
        }
        self.optional(key)
    }

    /// A list of tables, each decoded by itself; missing is empty.
    pub fn list<T: DeserializeOwned>(&mut self, key: &'static str) -> Vec<T> {
        match self.raw(key) {
            None => Vec::new(),
            Some(Value {
                node: Node::Array(values),
                ..
            }) => {
                let extended = values.iter().filter(|value| self.is_extended(value));
                let names: Vec<&str> = extended.filter_map(Value::name).collect();
                let decoded = values.iter().filter_map(|value| {
                    let name = value.name().unwrap_or_default();
                    let names = self.looked_up(&names);
                    self.note(decode_entry(value, name, names))
                });
                decoded.collect()
            }
            Some(other) => {
                self.wrong_kind(key, "an array of tables", other);
                Vec::new()
            }
        }
    }

    /// A table of values by name, each decoded by itself; missing is empty.
    pub fn map<T: DeserializeOwned>(&mut self, key: &'static str) -> Vec<(Spanned<String>, T)> {
        match self.raw(key) {
            None => Vec::new(),
            Some(Value {
                node: Node::Table(table),
                ..
            }) => {
                let extended = (table.entries.iter()).filter(|(_, value)| self.is_extended(value));
                let names: Vec<&str> = extended.map(|(name, _)| name.get_ref().as_str()).collect();
                let decoded = table.entries.iter().filter_map(|(name, value)| {
                    let names = self.looked_up(&names);
                    let entry = self.note(decode_entry(value, name.get_ref(), names))?;
                    Some((name.clone(), entry))
                });
                decoded.collect()
            }
            Some(other) => {
                self.wrong_kind(key, "a table", other);
                Vec::new()
            }
        }
    }

    /// Notes every key that no call asked for, and returns what was wrong.
    pub fn finish(self) -> Vec<Problem> {
        self.finish_with(|_, _| None)
    }

    /// The same, with what `advice` says of an unknown key and its value.
    pub fn finish_with(mut self, advice: impl Fn(&str, &Value) -> Option<String>) -> Vec<Problem> {
        for (key, value) in &self.table.entries {
            let name = key.get_ref().as_str();
            if self.known.contains(&name) {
                continue;
            }
            // Of those that are only counted, nothing is looked up.
            let known = match self.problems.len() {
                shown if shown < MOST_SHOWN => &self.known[..],
                _ => &[],
            };
            let known = known.iter().copied();
            let problem = Problem::unknown("key", name, key.span(), known);
            self.problems.push(match advice(name, value) {
                Some(help) => problem.help(help),
                None => problem,
            });
        }
        self.problems
    }

    /// Where what the table lacks is missing: of a whole file, where it begins.
    fn place(&self) -> Span {
        let Span { start, end } = self.table.span;
        let holds = |(key, _): &(Spanned<String>, Value)| (start..end).contains(&key.span().start);
        match self.table.entries.iter().any(holds) {
            true => start..start,
            false => start..end,
        }
    }

    /// Whether an entry stands only in a file that this one extends.
    fn is_extended(&self, value: &Value) -> bool {
        value.span.start < self.table.span.start || value.span.end > self.table.span.end
    }

    /// Names that an error is told with; those that are only counted need none.
    fn looked_up<'n>(&self, names: &'n [&'n str]) -> &'n [&'n str] {
        if self.problems.len() < MOST_SHOWN {
            names
        } else {
            &[]
        }
    }

    fn note<T>(&mut self, result: Result<T, Vec<Problem>>) -> Option<T> {
        result.map_err(|found| self.problems.extend(found)).ok()
    }

    fn wrong_kind(&mut self, key: &str, wanted: &str, found: &Value) {
        let message = format!("`{key}` must be {wanted}, not {}", found.node.kind());
        self.problems
            .push(Problem::at(found.span.clone(), message, "wrong type"));
    }
}

/// A key, so that an error about it points at it and not at its table.
struct Key<'de>(&'de Spanned<String>);

impl<'de> Deserializer<'de> for Key<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor
            .visit_borrowed_str(self.0.get_ref())
            .map_err(|e: Error| e.within(&self.0.span()))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if is_spanned(name) {
            let text = self.0.get_ref().as_str();
            return visitor.visit_map(SpannedDeserializer::new(text, self.0.span()));
        }
        self.deserialize_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool u8 u16 u32 u64 i8 i16 i32 i64 f32 f64 char str string seq bytes byte_buf map unit
        option enum newtype_struct ignored_any unit_struct tuple_struct tuple identifier
    }
}

impl<'de> IntoDeserializer<'de, Error> for &'de Value {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// The entries of a table; an error in one of them points at its value.
struct Entries<'de> {
    rest: std::slice::Iter<'de, (Spanned<String>, Value)>,
    value: Option<&'de Value>,
}

impl<'de> Entries<'de> {
    fn of(table: &'de Table) -> Self {
        let rest = table.entries.iter();
        Self { rest, value: None }
    }
}

impl<'de> de::MapAccess<'de> for Entries<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some((key, value)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = Some(value);
        seed.deserialize(Key(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let value = self
            .value
            .take()
            .ok_or_else(|| <Error as de::Error>::custom("a value without a key"))?;
        seed.deserialize(value).map_err(|e| e.within(&value.span))
    }
}

/// The values of an array; an error in one of them points at it.
struct Items<'de>(std::slice::Iter<'de, Value>);

impl<'de> de::SeqAccess<'de> for Items<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let next = self.0.next();
        next.map(|value| seed.deserialize(value).map_err(|e| e.within(&value.span)))
            .transpose()
    }
}

impl<'de> Deserializer<'de> for &'de Value {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node {
            Node::String(text) => visitor.visit_borrowed_str(text),
            Node::Integer(number) => visitor.visit_i64(*number),
            Node::Float(number, _) => visitor.visit_f64(*number),
            Node::Boolean(value) => visitor.visit_bool(*value),
            Node::Array(values) => visitor.visit_seq(Items(values.iter())),
            Node::Table(table) => visitor.visit_map(Entries::of(table)),
            Node::Datetime(_) => Err(de::Error::invalid_type(
                Unexpected::Other("a date"),
                &visitor,
            )),
        }
        .map_err(|e| e.within(&self.span))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor
            .visit_newtype_struct(self)
            .map_err(|e: Error| e.within(&self.span))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if is_spanned(name) {
            return visitor.visit_map(SpannedDeserializer::new(self, self.span.clone()));
        }
        // serde would also take the fields of a table in order, as an array.
        if let Node::Array(_) = &self.node {
            let found = de::Error::invalid_type(Unexpected::Seq, &visitor);
            return Err(Error::within(found, &self.span));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match &self.node {
            Node::String(text) => visitor.visit_enum(StrDeserializer::<Error>::new(text.as_str())),
            Node::Table(table) if table.entries.len() == 1 => {
                visitor.visit_enum(MapAccessDeserializer::new(Entries::of(table)))
            }
            other => Err(de::Error::custom(format!(
                "expected a name, or a table with exactly one key that names the kind, found {}",
                other.kind()
            ))),
        }
        .map_err(|e| e.within(&self.span))
    }

    serde::forward_to_deserialize_any! {
        bool u8 u16 u32 u64 i8 i16 i32 i64 f32 f64 char str string seq bytes byte_buf map unit
        ignored_any unit_struct tuple_struct tuple identifier
    }
}
