//! Tables for people, and the same cells for machines.

use chrono::{DateTime, SecondsFormat, Utc};
use comfy_table::{
    Attribute, CellAlignment, Color, ColumnConstraint, ContentArrangement, Row, Width, presets,
};
use opsctl::text::printable;
use unicode_width::UnicodeWidthStr;

use super::time::{Zone, ago};

/// A column that may be cut keeps at least this width, where it does not say otherwise.
const LEAST: usize = 16;
/// Blanks between two columns.
const GAP: u16 = 2;

/// How a cell is coloured; its text says the same without colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As the terminal has it.
    Plain,
    /// Well.
    Good,
    /// Worth a look.
    Warn,
    /// Wrong.
    Bad,
    /// Of little importance.
    Dim,
}

/// Where a column's text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// One cell: what people read, and what machines get in csv.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// For people.
    pub text: String,
    /// For people who want it in full, where that is longer.
    pub full: Option<String>,
    /// For machines.
    pub raw: String,
    /// Colour.
    pub tone: Tone,
}

impl Cell {
    /// The same text for both.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { raw: text.clone(), full: None, text, tone: Tone::Plain }
    }

    /// A text that may be missing: a dash for people, nothing for machines.
    pub fn or_dash(text: Option<&str>) -> Self {
        match text.filter(|text| !text.is_empty()) {
            Some(text) => Self::new(text),
            None => Self { text: "-".into(), full: None, raw: String::new(), tone: Tone::Dim },
        }
    }

    /// A time that may be missing: seen from now, in full in a zone, and as RFC 3339 for machines.
    pub fn time(at: Option<DateTime<Utc>>, now: DateTime<Utc>, zone: Zone) -> Self {
        match at {
            Some(at) => Self {
                full: Some(zone.show(at)),
                ..Self::new(ago(at, now)).raw(at.to_rfc3339_opts(SecondsFormat::Secs, true))
            },
            None => Self::or_dash(None),
        }
    }

    /// A count; a zero steps back.
    pub fn count(number: u64) -> Self {
        let cell = Self::new(number.to_string());
        if number == 0 { cell.tone(Tone::Dim) } else { cell }
    }

    /// Another text for machines.
    pub fn raw(mut self, raw: impl Into<String>) -> Self {
        self.raw = raw.into();
        self
    }

    /// Another colour.
    pub fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }
}

/// One column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its key: the name for machines and for `--columns`; in upper case, with blanks, the heading.
    pub key: &'static str,
    /// Where its text stands.
    pub align: Align,
    /// The width down to which its text may be cut to fit the terminal's; ids and words of a state never are, since they
    /// are copied.
    pub least: Option<usize>,
    /// Whether it is shown only by `-o wide` and when `--columns` names it.
    pub wide: bool,
}

impl Column {
    /// Text.
    pub const fn left(key: &'static str) -> Self {
        Self { key, align: Align::Left, least: None, wide: false }
    }

    /// Numbers.
    pub const fn right(key: &'static str) -> Self {
        Self { align: Align::Right, ..Self::left(key) }
    }

    /// May be cut.
    pub const fn flexible(self) -> Self {
        self.down_to(LEAST)
    }

    /// May be cut to a width of its own, which leaves the word that its text begins with.
    pub const fn down_to(self, least: usize) -> Self {
        Self { least: Some(least), ..self }
    }

    /// Left out of a plain table.
    pub const fn wide_only(self) -> Self {
        Self { wide: true, ..self }
    }

    fn heading(&self) -> String {
        self.key.replace('_', " ").to_uppercase()
    }
}

/// As most tables say it: a key, and where its text stands.
impl From<(&'static str, Align)> for Column {
    fn from((key, align): (&'static str, Align)) -> Self {
        Self { align, ..Self::left(key) }
    }
}

/// Columns and rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

/// How a table is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// The terminal's width; `None` draws every cell in full.
    pub width: Option<u16>,
    /// Whether cells are coloured.
    pub colours: bool,
    /// Whether there is a line of headings.
    pub headings: bool,
    /// Whether columns may be left out that do not fit.
    pub narrow: bool,
}

impl Table {
    /// An empty table.
    pub fn new(columns: impl IntoIterator<Item = impl Into<Column>>) -> Self {
        Self { columns: columns.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Adds a row, one cell per column.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Without its columns of zeros and of missing values, which say nothing. The first one stays.
    #[must_use]
    pub fn telling(&self) -> Self {
        let tells = |at: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(at));
            at == 0 || cells.into_iter().any(|cell| !matches!(cell.raw.as_str(), "" | "0"))
        };
        let kept: Vec<usize> = (0..self.columns.len()).filter(|at| tells(*at)).collect();
        let row = |row: &Vec<Cell>| kept.iter().filter_map(|at| row.get(*at).cloned()).collect();
        Self {
            columns: kept.iter().map(|at| self.columns[*at]).collect(),
            rows: self.rows.iter().map(row).collect(),
        }
    }

    /// Drawn without borders. With a width, long cells end in an ellipsis so that each row stays one line.
    pub fn draw(&self, width: Option<u16>, colours: bool) -> String {
        self.draw_as(Look { width, colours, headings: true, narrow: true })
    }

    /// The columns that do not fit, from the right: those on the left say what it is and how it stands.
    pub fn left_out(&self, width: Option<u16>) -> &[Column] {
        &self.columns[self.fitting(width)..]
    }

    /// How many columns fit; the first one always counts as one that does.
    fn fitting(&self, width: Option<u16>) -> usize {
        let Some(width) = width else { return self.columns.len() };
        let mut used = 0;
        let fits = |at: &usize| {
            used += self.least_width(*at);
            let fits = used <= usize::from(width);
            used += usize::from(GAP);
            fits
        };
        (0..self.columns.len()).take_while(fits).count().max(1).min(self.columns.len())
    }

    fn least_width(&self, at: usize) -> usize {
        let column = &self.columns[at];
        let cells = self.rows.iter().filter_map(|row| row.get(at));
        let widest = cells.map(|cell| printable(&cell.text).width()).max().unwrap_or_default();
        let content = widest.max(column.heading().width());
        column.least.map_or(content, |least| content.min(least))
    }

    /// Drawn in a certain way.
    pub fn draw_as(&self, look: Look) -> String {
        let shown = if look.narrow { self.fitting(look.width) } else { self.columns.len() };
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_truncation_indicator("…").force_no_tty();
        if look.colours {
            table.enforce_styling();
        }
        match look.width {
            Some(width) => table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic),
            None => table.set_content_arrangement(ContentArrangement::Disabled),
        };
        if look.headings {
            let dim =
                |column: &Column| comfy_table::Cell::new(column.heading()).add_attribute(Attribute::Dim);
            let mut heading = Row::from(self.columns[..shown].iter().map(dim).collect::<Vec<_>>());
            heading.max_height(1);
            table.set_header(heading);
        }
        for cells in &self.rows {
            let mut row = Row::from(cells.iter().take(shown).map(draw_cell).collect::<Vec<_>>());
            if look.width.is_some() {
                row.max_height(1);
            }
            table.add_row(row);
        }
        for (at, column) in self.columns[..shown].iter().enumerate() {
            let gap = if at + 1 == shown { 0 } else { GAP };
            let least = u16::try_from(self.least_width(at)).unwrap_or(u16::MAX).saturating_add(gap);
            let Some(drawn) = table.column_mut(at) else { continue };
            drawn.set_padding((0, gap));
            if look.width.is_some() {
                drawn.set_constraint(match column.least {
                    Some(_) => ColumnConstraint::LowerBoundary(Width::Fixed(least)),
                    None => ColumnConstraint::ContentWidth,
                });
            }
            if column.align == Align::Right {
                drawn.set_cell_alignment(CellAlignment::Right);
            }
        }
        table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
    }
}

fn draw_cell(cell: &Cell) -> comfy_table::Cell {
    let drawn = comfy_table::Cell::new(printable(&cell.text));
    match cell.tone {
        Tone::Plain => drawn,
        Tone::Good => drawn.fg(Color::Green),
        Tone::Warn => drawn.fg(Color::Yellow),
        Tone::Bad => drawn.fg(Color::Red),
        Tone::Dim => drawn.add_attribute(Attribute::Dim),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events() -> Table {
        let mut table = Table::new([
            Column::left("id"),
            Column::left("status"),
            Column::right("attempts"),
            Column::left("event_id").flexible(),
            Column::left("error_message").flexible(),
        ]);
        for (id, attempts, event) in [("01kaaaaaaaaaaaaaaaaaaaaaaa", "3", "evt_1"), ("01kb", "12", "日本語")]
        {
            let error = "a message that is much longer than any terminal of forty columns can show";
            table.row([id, "received", attempts, event, error].map(Cell::new));
        }
        table
    }

    fn widest(drawn: &str) -> usize {
        drawn.lines().map(UnicodeWidthStr::width).max().unwrap()
    }

    #[test]
    fn every_width_gives_one_line_per_row_that_fits() {
        let table = events();
        for (width, colours) in (26..=160).flat_map(|width| [(width, false), (width, true)]) {
            let drawn = anstream::adapter::strip_str(&table.draw(Some(width), colours)).to_string();
            assert!(widest(&drawn) <= usize::from(width), "{width}:\n{drawn}");
            assert_eq!(drawn.lines().count(), 3, "{width}:\n{drawn}");
            let names: Vec<&str> = table.left_out(Some(width)).iter().map(|column| column.key).collect();
            assert!(
                names.iter().all(|name| !drawn.contains(&name.replace('_', " ").to_uppercase())),
                "{names:?}"
            );
        }
    }

    #[test]
    fn forty_columns_keep_what_it_is_and_how_it_stands() {
        insta::assert_snapshot!(events().draw(Some(40), false), @"
        ID                          STATUS
        01kaaaaaaaaaaaaaaaaaaaaaaa  received
        01kb                        received
        ");
        insta::assert_snapshot!(events().draw(Some(80), false), @"
        ID                          STATUS    ATTEMPTS  EVENT ID  ERROR MESSAGE
        01kaaaaaaaaaaaaaaaaaaaaaaa  received         3  evt_1     a message that is muc…
        01kb                        received        12  日本語    a message that is muc…
        ");
        assert!(events().draw(Some(5), false).contains("01kaaaaaaaaaaaaaaaaaaaaaaa"), "an id is never cut");
    }

    #[test]
    fn without_a_width_nothing_is_cut_or_left_out() {
        let drawn = events().draw(None, false);
        assert!(drawn.contains("can show") && !drawn.contains('…'), "{drawn}");
        assert_eq!(events().left_out(None), []);
    }

    #[test]
    fn columns_of_zeros_and_of_missing_values_can_be_left_out() {
        let mut table = Table::new(["step", "created", "updated", "why"].map(Column::left));
        table.row([Cell::new("0"), Cell::count(0), Cell::count(0), Cell::or_dash(None)]);
        table.row([Cell::new("0"), Cell::count(3), Cell::count(0), Cell::or_dash(None)]);
        let told = table.telling();
        assert_eq!(told.columns.iter().map(|column| column.key).collect::<Vec<_>>(), ["step", "created"]);
        assert_eq!(told.rows[1], [Cell::new("0"), Cell::count(3)]);
    }

    #[test]
    fn columns_that_were_asked_for_stay_however_narrow_it_is() {
        let look = Look { width: Some(40), colours: false, headings: false, narrow: false };
        let drawn = events().draw_as(look);
        assert!(
            drawn.starts_with("01kaaaaaaaaaaaaaaaaaaaaaaa  received   3  evt_1     a message"),
            "{drawn}"
        );
    }
}
