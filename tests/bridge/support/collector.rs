//! A collector of traces, which decodes them by OpenTelemetry's own schema.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::node::node;
use super::process::Running;
use super::wait::{SOON, wait_for};

pub struct Collector {
    process: Running,
    pub port: u16,
}

/// A span as it arrived.
#[derive(Debug, Clone)]
pub struct Span(Value);

impl Span {
    #[track_caller]
    pub fn text(&self, field: &str) -> &str {
        self.0[field].as_str().unwrap_or_else(|| panic!("no text {field} in {}", self.0))
    }

    /// In nanoseconds since 1970.
    pub fn time(&self, field: &str) -> u64 {
        self.text(field).parse().unwrap()
    }

    pub fn attribute(&self, name: &str) -> &Value {
        &self.0["attributes"][name]
    }

    /// The names of all attributes, in their order.
    pub fn attributes(&self) -> Vec<&str> {
        self.0["attributes"].as_object().unwrap().keys().map(String::as_str).collect()
    }

    pub fn is_error(&self) -> bool {
        self.0["error"] == true
    }

    #[track_caller]
    pub fn assert_has(&self, attributes: &Value) {
        for (name, value) in attributes.as_object().unwrap() {
            assert_eq!(self.attribute(name), value, "{name} in {}", self.0);
        }
    }
}

impl Collector {
    #[track_caller]
    pub fn start() -> Collector {
        let mut process = node("otlp_collector.js", &json!({}));
        let port =
            process.line("the collector to listen", |line| line.strip_prefix("listening ")?.parse().ok());
        Collector { process, port }
    }

    /// The section of the configuration that leads here.
    pub fn section(&self) -> String {
        section(self.port)
    }

    fn requests(&self) -> Vec<Value> {
        let stdout = self.process.stdout();
        let whole = stdout.rfind('\n').map_or("", |end| &stdout[..end]);
        whole.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub fn spans(&self) -> Vec<Span> {
        let requests = self.requests();
        let spans = requests.iter().flat_map(|request| request["spans"].as_array().unwrap().clone());
        spans.map(Span).collect()
    }

    pub fn named(&self, name: &str) -> Vec<Span> {
        self.spans().into_iter().filter(|span| span.text("name") == name).collect()
    }

    /// The only span of this name, once it is there.
    #[track_caller]
    pub fn only(&self, name: &str) -> Span {
        let mut found = wait_for(name, SOON, || Some(self.named(name)).filter(|found| !found.is_empty()));
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    #[track_caller]
    pub fn resource(&self) -> Value {
        self.requests().first().expect("a request")["resource"].clone()
    }

    /// All that came, headers included.
    pub fn everything(&self) -> Vec<Vec<u8>> {
        let whole = |request: &Value| BASE64.decode(request["whole"].as_str().unwrap()).unwrap();
        let headers = |request: &Value| request["headers"].as_str().unwrap().as_bytes().to_vec();
        self.requests().iter().flat_map(|request| [whole(request), headers(request)]).collect()
    }
}

pub fn section(port: u16) -> String {
    format!("[traces]\nendpoint = \"http://127.0.0.1:{port}/v1/traces\"")
}
