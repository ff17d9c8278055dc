//! Tables for people, and the same cells for machines.

use comfy_table::{
    Attribute, CellAlignment, Color, ColumnConstraint, ContentArrangement, Row, Width, presets,
};
use opsctl::text::printable;

/// Columns that may be cut to the terminal's width; ids and words of a state never are, since they are copied.
const FLEXIBLE: [&str; 4] = ["event_id", "reference", "reason", "error_message"];

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
    /// For machines.
    pub raw: String,
    /// Colour.
    pub tone: Tone,
}

impl Cell {
    /// The same text for both.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { raw: text.clone(), text, tone: Tone::Plain }
    }

    /// A text that may be missing: a dash for people, nothing for machines.
    pub fn or_dash(text: Option<&str>) -> Self {
        match text.filter(|text| !text.is_empty()) {
            Some(text) => Self::new(text),
            None => Self { text: "-".into(), raw: String::new(), tone: Tone::Dim },
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

/// Columns and rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Key and alignment of each column; the key in upper case is its heading.
    pub columns: Vec<(&'static str, Align)>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// An empty table.
    pub fn new(columns: impl IntoIterator<Item = (&'static str, Align)>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new() }
    }

    /// Adds a row, one cell per column.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Drawn without borders. With a width, long cells end in an ellipsis so that each row stays one line.
    pub fn draw(&self, width: Option<u16>, colours: bool) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_truncation_indicator("…").force_no_tty();
        if colours {
            table.enforce_styling();
        }
        match width {
            Some(width) => table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic),
            None => table.set_content_arrangement(ContentArrangement::Disabled),
        };
        let mut heading = Row::from(
            self.columns
                .iter()
                .map(|(key, _)| {
                    comfy_table::Cell::new(key.replace('_', " ").to_uppercase()).add_attribute(Attribute::Dim)
                })
                .collect::<Vec<_>>(),
        );
        heading.max_height(1);
        table.set_header(heading);
        for cells in &self.rows {
            let mut row = Row::from(cells.iter().map(draw_cell).collect::<Vec<_>>());
            if width.is_some() {
                row.max_height(1);
            }
            table.add_row(row);
        }
        for (at, (key, align)) in self.columns.iter().enumerate() {
            if let Some(column) = table.column_mut(at) {
                column.set_padding((0, 2));
                if width.is_some() {
                    column.set_constraint(match FLEXIBLE.contains(key) {
                        true => ColumnConstraint::LowerBoundary(Width::Fixed(16)),
                        false => ColumnConstraint::ContentWidth,
                    });
                }
                if *align == Align::Right {
                    column.set_cell_alignment(CellAlignment::Right);
                }
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
