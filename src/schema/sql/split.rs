//! The statements of a script. Bodies of triggers and routines are taken whole, with or without `DELIMITER`.

use super::lex::{Token, Word, words};
use crate::db::Engine;

/// One statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its text, without the end mark and without comments before it.
    pub text: String,
    /// The line on which it begins; the first is 1.
    pub line: usize,
    /// Where it begins in the script, in bytes.
    pub start: usize,
}

impl Statement {
    /// Whether a place of the script, in bytes, is inside of it.
    pub fn holds(&self, place: usize) -> bool {
        (self.start..self.start + self.text.len()).contains(&place)
    }
}

/// Words that open a block in a routine where a statement may begin; each is closed by `END`.
const BLOCKS: [&str; 5] = ["if", "loop", "repeat", "while", "for"];
/// Words behind which a statement may begin.
const BEFORE: [&str; 7] = ["begin", "then", "else", "do", "loop", "repeat", "row"];
/// What has a body of statements.
const ROUTINES: [&str; 5] = ["trigger", "procedure", "function", "event", "package"];

/// What is made by `CREATE` and has no such body.
const OTHERS: [&str; 9] =
    ["table", "view", "index", "database", "schema", "user", "role", "sequence", "type"];

/// The statements, in their order. Comments alone are none.
pub fn split(engine: Engine, script: &str) -> Vec<Statement> {
    let tokens = words(engine, script);
    let mut found = Vec::new();
    let mut mark = ";".to_owned();
    let (mut line, mut counted) = (1, 0);
    let mut left = &tokens[..];
    while !left.is_empty() {
        if let Some((new, end)) = directive(engine, script, left) {
            mark = new;
            left = &left[left.iter().take_while(|token| token.start < end).count()..];
            continue;
        }
        let (end, next) = if mark == ";" { one(script, left) } else { until(script, left, &mark) };
        let (own, rest) = left.split_at(left.iter().take_while(|token| token.start < next).count().max(1));
        left = rest;
        let Some(start) = start(script, own, end) else { continue };
        line += script[counted..start].matches('\n').count();
        counted = start;
        found.push(Statement { text: script[start..end].trim_end().to_owned(), line, start });
    }
    found
}

/// Where a statement begins: at its first word, or at the bracket around it, if it is a comment that MySQL runs.
fn start(script: &str, tokens: &[Token], end: usize) -> Option<usize> {
    let first = tokens.iter().position(|token| token.word != Word::Comment && token.start < end)?;
    let bracket = |token: &&Token| {
        let text = token.text(script);
        text.starts_with("/*") && !text.ends_with("*/")
    };
    let before = first.checked_sub(1).and_then(|before| tokens.get(before)).filter(bracket);
    Some(before.unwrap_or(&tokens[first]).start)
}

/// `DELIMITER //` at the beginning of what is left: the mark, and where its line ends.
fn directive(engine: Engine, script: &str, left: &[Token]) -> Option<(String, usize)> {
    let first = left.iter().find(|token| token.word != Word::Comment)?;
    if engine != Engine::MySql || !first.is(script, "delimiter") {
        return None;
    }
    let end = script[first.end..].find('\n').map_or(script.len(), |at| first.end + at);
    let mark = script[first.end..end].split_whitespace().next()?;
    Some((mark.to_owned(), end))
}

/// Where the first statement ends, and where the next may begin, under a mark of the script's own.
fn until(script: &str, left: &[Token], mark: &str) -> (usize, usize) {
    for token in left {
        let is_text = token.text(script).starts_with(['\'', '"', '`']);
        if token.word == Word::Comment || is_text {
            continue;
        }
        // It may stand at the end of a word, and be longer than one operator.
        let ends = token.text(script).char_indices().map(|(at, _)| token.start + at);
        if let Some(at) = ends.into_iter().find(|at| script[*at..].starts_with(mark)) {
            return (at, at + mark.len());
        }
    }
    (script.len(), script.len())
}

/// Likewise under the semicolon.
fn one(script: &str, left: &[Token]) -> (usize, usize) {
    let mut body = Body::default();
    for token in left.iter().filter(|token| token.word != Word::Comment) {
        if token.word == Word::Semicolon && body.depth == 0 {
            return (token.start, token.end);
        }
        body.read(script, *token);
    }
    (script.len(), script.len())
}

/// How deep in the blocks of a routine's body one is.
#[derive(Default)]
struct Body {
    depth: u32,
    first: Option<Token>,
    before: Option<Token>,
    /// Whether the statement makes something with a body, once that is known.
    is_routine: Option<bool>,
}

impl Body {
    fn read(&mut self, script: &str, token: Token) {
        let is_one_of = |words: &[&str]| words.iter().any(|word| token.is(script, word));
        let was = |word| self.before.is_some_and(|before| before.is(script, word));
        match (self.is_routine, self.first) {
            (None, None) => {}
            (None, Some(first)) if first.is(script, "create") => {
                self.is_routine = match () {
                    () if is_one_of(&ROUTINES) => Some(true),
                    () if is_one_of(&OTHERS) => Some(false),
                    () => None,
                };
            }
            // MariaDB's `BEGIN NOT ATOMIC … END` stands alone; any other `BEGIN` begins a transaction.
            (None, Some(first)) if first.is(script, "begin") && token.is(script, "not") => {
                (self.is_routine, self.depth) = (Some(true), 1);
            }
            (None, Some(_)) => self.is_routine = Some(false),
            (Some(false), _) => {}
            (Some(true), _) => {
                let starts = self.before.is_none_or(|before| {
                    let text = before.text(script);
                    matches!(text, ";" | ":") || BEFORE.iter().any(|word| before.is(script, word))
                });
                if token.is(script, "end") {
                    self.depth = self.depth.saturating_sub(1);
                } else if !was("end") && (is_one_of(&["begin", "case"]) || (starts && is_one_of(&BLOCKS))) {
                    self.depth += 1; // `END IF` and its kin are counted with `END`
                }
            }
        }
        self.first = self.first.or(Some(token));
        self.before = Some(token);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(engine: Engine, script: &str) -> Vec<String> {
        split(engine, script).into_iter().map(|statement| statement.text).collect()
    }

    #[test]
    fn strings_names_and_comments_hide_semicolons() {
        let product = "SELECT 2*/*';*/3; SELECT 1";
        assert_eq!(texts(Engine::MySql, product), ["SELECT 2*/*';*/3", "SELECT 1"]);
        let script = "-- a; b\nSELECT ';', \"a;b\" /* ; */ FROM `x;y`;\n# no; more\nSELECT 'it\\';s' ; ";
        assert_eq!(
            texts(Engine::MySql, script),
            ["SELECT ';', \"a;b\" /* ; */ FROM `x;y`", "SELECT 'it\\';s'"]
        );
        assert_eq!(split(Engine::MySql, script)[1].line, 4);
        let script = "SELECT $x$ ; $$ ; $x$; SELECT E'\\';'; /* /* ; */ ; */ SELECT 'a\\'; SELECT 1";
        assert_eq!(
            texts(Engine::Postgres, script),
            ["SELECT $x$ ; $$ ; $x$", "SELECT E'\\';'", "SELECT 'a\\'", "SELECT 1"]
        );
    }

    #[test]
    fn bodies_are_taken_whole_without_a_delimiter() {
        let trigger = "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN IF NEW.x THEN SET NEW.y = \
                       CASE WHEN 1 THEN 2 END; ELSEIF 2 THEN SET @a = IF(1, 2, 3); END IF; WHILE 1 DO SELECT 1; \
                       END WHILE; CASE 1 WHEN 1 THEN SELECT 2; END CASE; END";
        assert_eq!(texts(Engine::MySql, &format!("{trigger}; SELECT 1;")), [trigger, "SELECT 1"]);
        let bare = "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW IF NEW.x THEN SET NEW.y = 1; END IF";
        assert_eq!(texts(Engine::MySql, &format!("{bare}; SELECT 1;")), [bare, "SELECT 1"]);
        let sqlite =
            "CREATE TRIGGER t AFTER DELETE ON a BEGIN SELECT 1; SELECT CASE 1 WHEN 1 THEN 2 END; END";
        assert_eq!(texts(Engine::Sqlite, &format!("{sqlite}; SELECT 1")), [sqlite, "SELECT 1"]);
        let table = "CREATE TABLE t (event text, begin int, function text)";
        assert_eq!(texts(Engine::Sqlite, &format!("{table}; SELECT 1")), [table, "SELECT 1"]);
        let standing = "BEGIN NOT ATOMIC SELECT 1; SELECT 2; END";
        assert_eq!(texts(Engine::MySql, &format!("{standing}; SELECT 3")), [standing, "SELECT 3"]);
        let atomic =
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END";
        assert_eq!(texts(Engine::Postgres, &format!("{atomic}; BEGIN; COMMIT")), [atomic, "BEGIN", "COMMIT"]);
    }

    #[test]
    fn a_delimiter_of_its_own_is_kept_to() {
        let script = "DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT '//'; END//\n-- //\nSELECT 1//\nDELIMITER ;\nSELECT 2;";
        assert_eq!(
            texts(Engine::MySql, script),
            ["CREATE PROCEDURE p() BEGIN SELECT '//'; END", "SELECT 1", "SELECT 2"]
        );
        assert_eq!(texts(Engine::MySql, "delimiter $$\nSELECT 1; SELECT 2$$"), ["SELECT 1; SELECT 2"]);
    }

    #[test]
    fn comments_that_are_run_are_statements() {
        let script = "/*!40101 SET NAMES utf8 */;\n/* no */;\n/*M!100000 SELECT ';' */";
        assert_eq!(texts(Engine::MySql, script), ["/*!40101 SET NAMES utf8 */", "/*M!100000 SELECT ';' */"]);
    }

    fn engine() -> impl Strategy<Value = Engine> {
        prop_oneof![Just(Engine::Postgres), Just(Engine::MySql), Just(Engine::Sqlite)]
    }

    fn harmless() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-d]{1,4}".prop_map(|word| format!("SELECT {word}")),
            "[a-z; -]{0,8}".prop_map(|text| format!("SELECT '{text}'")),
            "[a-z;' ]{0,8}".prop_map(|text| format!("SELECT 1 /* {text} */ + 1")),
            "[a-z;' ]{0,8}".prop_map(|text| format!("SELECT 1 -- {text}\n + 1")),
            "[a-z; ]{0,8}".prop_map(|text| format!("SELECT \"{text}\"")),
            Just("CREATE TRIGGER t AFTER INSERT ON a FOR EACH ROW BEGIN SELECT 1; SELECT 2; END".to_owned()),
        ]
    }

    proptest! {
        #[test]
        fn what_is_joined_is_split_again(engine in engine(), parts in prop::collection::vec(harmless(), 0..6)) {
            prop_assert_eq!(texts(engine, &parts.join(";\n")), parts);
        }

        #[test]
        fn any_text_is_taken_apart_and_nothing_of_it_is_made_up(engine in engine(), script in "\\PC{0,80}") {
            for statement in split(engine, &script) {
                prop_assert!(script.contains(&statement.text));
                prop_assert!(!statement.text.trim().is_empty());
            }
        }

        #[test]
        fn any_bits_of_syntax_are_taken_apart(
            engine in engine(),
            bits in prop::collection::vec(
                prop_oneof![
                    Just("'"), Just("\""), Just("`"), Just("$$"), Just("$a$"), Just("/*"), Just("*/"), Just("/*!5"),
                    Just("--"), Just("#"), Just("\n"), Just(";"), Just("begin "), Just("end "), Just("create "),
                    Just("trigger "), Just("case "), Just("delimiter "), Just("é"), Just("\\"), Just("if "), Just(" "),
                ],
                0..24,
            ),
        ) {
            let script = bits.concat();
            let statements = split(engine, &script);
            let total: usize = statements.iter().map(|statement| statement.text.len()).sum();
            prop_assert!(total <= script.len());
            prop_assert!(statements.windows(2).all(|pair| pair[0].line <= pair[1].line));
        }
    }
}
