//! Somebody who is faster: between what the job reads and what it writes, somebody else changes the Secret.

use std::collections::VecDeque;
use std::fs;
use std::sync::{Arc, Mutex};

use axum::body::{self, Body};
use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::Response;
use axum::{Router, routing::any};
use reqwest::{Certificate, Client};
use tokio::net::TcpListener;

use crate::job::Job;

pub(crate) type Change = Box<dyn Fn(&Job) + Send>;

/// Stands before the API server.
pub(crate) struct Rival {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

struct Way {
    job: Arc<Job>,
    client: Client,
    /// One before each write of the job's, as long as there are some.
    changes: Mutex<VecDeque<Change>>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Rival {
    pub(crate) fn of(job: &Arc<Job>, changes: Vec<Change>) -> Self {
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let authority = fs::read(job.cluster.authority()).unwrap();
        let authority = Certificate::from_pem_bundle(&authority).unwrap();
        let client = Client::builder().tls_certs_only(authority).build().unwrap();
        let changes = Mutex::new(changes.into());
        let url = serve(Way { job: job.clone(), client, changes, seen: seen.clone() });
        Self { url, seen }
    }

    /// What the job asked, and what the API server said.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(way: Way) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let router = Router::new().fallback(any(pass)).with_state(Arc::new(way));
            axum::serve(TcpListener::from_std(listener).unwrap(), router).await
        })
    });
    url
}

async fn pass(State(way): State<Arc<Way>>, request: Request) -> Response {
    let (head, content) = request.into_parts();
    if head.method == Method::PUT
        && let Some(change) = way.changes.lock().unwrap().pop_front()
    {
        change(&way.job);
    }
    let url = format!("https://127.0.0.1:{}{}", way.job.cluster.port, head.uri);
    let mut asked = way.client.request(head.method.clone(), url);
    for name in ["accept", "authorization", "content-type"] {
        if let Some(value) = head.headers.get(name) {
            asked = asked.header(name, value);
        }
    }
    let content = body::to_bytes(content, usize::MAX).await.unwrap();
    let answer = asked.body(content).send().await.unwrap();
    way.seen.lock().unwrap().push(format!("{} {}", head.method, answer.status().as_u16()));
    let reply = Response::builder().status(answer.status());
    reply.body(Body::from(answer.bytes().await.unwrap())).unwrap()
}
