//! Traces for a collector by OTLP: one span a request, sent in the background and in batches.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{
    Span as _, SpanKind, Status, TraceContextExt as _, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, Key, KeyValue};
pub use opentelemetry_otlp::ExporterBuildError as TracesError;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{self, SdkTracer, SdkTracerProvider, SpanData};
use tracing::warn;

/// What a caller's span says of itself, by the names of its headers (W3C Trace Context).
pub type Carried = HashMap<String, String>;

/// How long the end of the server waits for spans that are on their way.
const LAST_BATCH: Duration = Duration::from_secs(2);
const BETWEEN_WARNINGS: Duration = Duration::from_mins(1);
const SERVICE_NAME: Key = Key::from_static_str("service.name");

/// The way to the collector.
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Traces {
    /// The SDK reads the `OTEL_` variables of the process. Nothing is sent before there is a span.
    pub fn start() -> Result<Self, TracesError> {
        let exporter = Quiet::from(SpanExporter::builder().with_http().build()?);
        let provider =
            SdkTracerProvider::builder().with_resource(resource()).with_batch_exporter(exporter).build();
        let tracer = provider.tracer(env!("CARGO_PKG_NAME"));
        Ok(Self { provider, tracer })
    }

    /// A request begins, in the caller's trace where it has one.
    pub fn request(&self, method: &str, caller: &Carried) -> Span {
        let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), caller);
        let method = known(method);
        let span = self
            .tracer
            .span_builder(method.unwrap_or("HTTP"))
            .with_kind(SpanKind::Server)
            .with_attributes([KeyValue::new("http.request.method", method.unwrap_or("_OTHER"))]);
        Span { span: span.start_with_context(&self.tracer, &parent), method: method.unwrap_or("HTTP") }
    }

    /// Sends what is left, and waits for that no longer than a moment.
    pub fn end(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(LAST_BATCH) {
            warn!(%error, "the last traces may not have arrived");
        }
    }
}

/// One request. It ends with its answer, or with this value.
#[derive(Debug)]
pub struct Span {
    span: trace::Span,
    method: &'static str,
}

/// How a request went.
#[derive(Debug)]
pub struct Answered<'a> {
    pub route: Option<&'a str>,
    pub status: u16,
    /// The protocol's word where it was refused.
    pub error: &'static str,
    pub site: &'a str,
    pub request: &'a str,
}

impl Span {
    /// For whoever goes on with this request: its parent is this span.
    pub fn carried(&self) -> Carried {
        let mut carried = Carried::new();
        let context = Context::new().with_remote_span_context(self.span.span_context().clone());
        TraceContextPropagator::new().inject_context(&context, &mut carried);
        carried.retain(|_, value| !value.is_empty());
        carried
    }

    pub fn answered(mut self, answered: &Answered) {
        let Answered { route, status, error, site, request } = *answered;
        let span = &mut self.span;
        if let Some(route) = route {
            span.update_name(format!("{} {route}", self.method));
            span.set_attribute(KeyValue::new("http.route", route.to_owned()));
        }
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
        if !error.is_empty() {
            span.set_attribute(KeyValue::new("error.type", error));
        } else if status >= 500 {
            span.set_attribute(KeyValue::new("error.type", status.to_string()));
        }
        // What a caller does wrong is no error of the server's (semantic conventions of HTTP spans).
        if status >= 500 {
            span.set_status(Status::error(""));
        }
        span.set_attribute(KeyValue::new("mcp_auth.site", site.to_owned()));
        span.set_attribute(KeyValue::new("mcp_auth.request", request.to_owned()));
    }
}

/// Strangers may invent methods, and names of spans are few.
fn known(method: &str) -> Option<&'static str> {
    const METHODS: [&str; 9] =
        ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];
    METHODS.into_iter().find(|known| *known == method)
}

/// `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` win over what is said here.
fn resource() -> Resource {
    let found = Resource::builder().build();
    let name = found.get(&SERVICE_NAME).filter(|name| !name.as_str().starts_with("unknown_service"));
    Resource::builder_empty()
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attributes(found.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone())))
        .with_service_name(name.unwrap_or_else(|| env!("CARGO_PKG_NAME").into()))
        .build()
}

/// Says now and then that the collector is away, not with every batch.
#[derive(Debug)]
struct Quiet {
    exporter: SpanExporter,
    warned: Mutex<Option<Instant>>,
}

impl From<SpanExporter> for Quiet {
    fn from(exporter: SpanExporter) -> Self {
        Self { exporter, warned: Mutex::default() }
    }
}

impl Quiet {
    fn may_warn(&self) -> bool {
        let Ok(mut warned) = self.warned.lock() else { return false };
        let may = warned.is_none_or(|at| at.elapsed() > BETWEEN_WARNINGS);
        if may {
            *warned = Some(Instant::now());
        }
        may
    }
}

impl trace::SpanExporter for Quiet {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let exported = self.exporter.export(batch).await;
        if let Err(error) = &exported
            && self.may_warn()
        {
            let error = error.to_string();
            warn!(error, spans, "the collector does not take traces; requests go on without them");
        }
        exported
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
