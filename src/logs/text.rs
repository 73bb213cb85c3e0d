//! Fields for people: `name=value`, the message without its name. Control characters are shown by their escapes, so
//! that a value neither begins a line of its own nor drives a terminal.

use std::fmt::{self, Write};

use tracing::field::Field;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{Writer, debug_fn};

/// How the fields of a record, and of the spans around it, are written.
pub(super) fn fields() -> impl for<'a> FormatFields<'a> + Send + Sync + 'static {
    debug_fn(write as fn(&mut Writer<'_>, &Field, &dyn fmt::Debug) -> fmt::Result).delimited(" ")
}

fn write(writer: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug) -> fmt::Result {
    if field.name() != "message" {
        write!(writer, "{}=", field.name())?;
    }
    write!(Harmless(writer), "{value:?}")
}

/// Passes text on, without what moves a cursor.
struct Harmless<'a, 'b>(&'a mut Writer<'b>);

impl Write for Harmless<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            match c {
                // Line and paragraph separators, and what turns the direction of writing, are no control characters.
                '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
                    write!(self.0, "{}", c.escape_unicode())?
                }
                c if c.is_control() => write!(self.0, "{}", c.escape_default())?,
                c => self.0.write_char(c)?,
            }
        }
        Ok(())
    }
}
