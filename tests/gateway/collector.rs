//! A collector of traces: it reads what OTLP sends over HTTP, and keeps the spans.

use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::{Router, routing::any};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use tokio::sync::oneshot;

/// With its handle it is gone, and so is every connection to it.
pub(crate) struct Collector {
    pub(crate) address: String,
    kept: Arc<Mutex<Kept>>,
    thread: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

#[derive(Default)]
struct Kept {
    exports: Vec<ExportTraceServiceRequest>,
    headers: Vec<HeaderMap>,
}

impl Collector {
    pub(crate) fn start() -> Self {
        Self::start_at("127.0.0.1:0")
    }

    pub(crate) fn start_at(address: &str) -> Self {
        let listener = std::net::TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let kept = Arc::new(Mutex::default());
        let router = Router::new().fallback(any(keep)).with_state(Arc::clone(&kept));
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                tokio::select! { _ = axum::serve(listener, router) => {}, _ = stopped => {} }
            });
        });
        Self { address, kept, thread: Some((stop, thread)) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn spans(&self) -> Vec<Span> {
        let kept = self.kept.lock().unwrap();
        let scopes = kept.exports.iter().flat_map(|export| &export.resource_spans);
        scopes.flat_map(|resource| &resource.scope_spans).flat_map(|scope| scope.spans.clone()).collect()
    }

    /// What the first export says of its sender.
    pub(crate) fn sender(&self) -> Vec<KeyValue> {
        let kept = self.kept.lock().unwrap();
        kept.exports[0].resource_spans[0].resource.clone().unwrap().attributes
    }

    pub(crate) fn header(&self, name: &str) -> String {
        self.kept.lock().unwrap().headers[0][name].to_str().unwrap().to_owned()
    }

    /// Everything that came, as text.
    pub(crate) fn text(&self) -> String {
        format!("{:?}", self.kept.lock().unwrap().exports)
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.thread.take() {
            drop(stop);
            let _ = thread.join();
        }
    }
}

async fn keep(State(kept): State<Arc<Mutex<Kept>>>, request: Request) -> Result<Bytes, StatusCode> {
    let (head, body) = request.into_parts();
    assert_eq!(head.uri.path(), "/v1/traces");
    let body = to_bytes(body, usize::MAX).await.map_err(|_| StatusCode::BAD_REQUEST)?;
    let export = ExportTraceServiceRequest::decode(body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let mut kept = kept.lock().unwrap();
    kept.exports.push(export);
    kept.headers.push(head.headers);
    Ok(Bytes::new())
}

/// The text or the number of an attribute.
pub(crate) fn attribute(attributes: &[KeyValue], name: &str) -> Option<String> {
    let value = attributes.iter().find(|attribute| attribute.key == name)?.value.clone()?;
    match value.value? {
        Value::StringValue(text) => Some(text),
        Value::IntValue(number) => Some(number.to_string()),
        other => Some(format!("{other:?}")),
    }
}
