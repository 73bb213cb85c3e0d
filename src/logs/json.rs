//! Lines for machines: one flat JSON object each. The fields of the spans around a record are fields of the record, so
//! that everything about a session is found by its `session`; what the record says itself comes first.

use std::fmt;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Keeps a span's fields as JSON.
pub(super) struct SpanFields;

impl<'a> FormatFields<'a> for SpanFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'a>, fields: R) -> fmt::Result {
        let mut object = Object::default();
        fields.record(&mut object);
        write!(writer, "{}", Value::Object(object.0))
    }
}

/// One object a record.
pub(super) struct FlatLines;

impl<S: Subscriber + for<'a> LookupSpan<'a>> FormatEvent<S, SpanFields> for FlatLines {
    fn format_event(
        &self,
        context: &FmtContext<'_, S, SpanFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut object = Object::default();
        let mut now = String::new();
        SystemTime.format_time(&mut Writer::new(&mut now))?; // RFC 3339, in UTC
        object.0.insert("timestamp".to_owned(), now.into());
        object.0.insert("level".to_owned(), event.metadata().level().as_str().into());
        event.record(&mut object);
        // From the innermost out: the nearest says most.
        for span in context.event_scope().into_iter().flatten() {
            let extensions = span.extensions();
            let Some(fields) = extensions.get::<FormattedFields<SpanFields>>() else { continue };
            let fields: Map<String, Value> = serde_json::from_str(&fields.fields).unwrap_or_default();
            for (name, value) in fields {
                object.0.entry(name).or_insert(value);
            }
        }
        writeln!(writer, "{}", Value::Object(object.0))
    }
}

/// Fields as they are recorded.
#[derive(Default)]
struct Object(Map<String, Value>);

impl Object {
    fn add(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Object {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format!("{value:?}"));
    }
}
