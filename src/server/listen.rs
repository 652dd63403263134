//! Where the server listens, and what is spoken there.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use actix_http::{HttpService, KeepAlive};
use actix_server::GracefulShutdownSignal;
use actix_service::{ServiceFactory, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::dev::{self, AppConfig};
use actix_web::middleware::from_fn;
use actix_web::rt::net::{ActixStream, TcpSocket, TcpStream, UnixStream as UnixConnection};
use actix_web::web::Data;
use actix_web::{App as ActixApp, HttpServer};

use super::StartError;
use super::last_word::LastWord;
use super::patient::Patient;
use crate::config::Listen;
use crate::http::{self, App, Gateway};

/// oauth2-proxy gives up an idle connection after 90 seconds, and must be the first to.
const KEEP_ALIVE: Duration = Duration::from_mins(2);
const LINGER: Duration = Duration::from_secs(1);
const BACKLOG: u32 = 1024;

/// Where a server listens, as it turned out.
pub(super) struct Bound {
    pub(super) shown: String,
    pub(super) address: Option<SocketAddr>,
}

pub(super) fn public(
    listen: &Listen,
    app: Data<App>,
    gateway: Gateway,
    drain: u64,
) -> Result<(dev::Server, Bound), StartError> {
    let failed = |error| StartError::Bind("LISTEN", shown(listen), error);
    let server = dev::Server::build().disable_signals().shutdown_timeout(drain);
    let ending = server.graceful_shutdown_signal();
    match listen {
        Listen::Tcp(address) => {
            let (listener, bound) = tcp(*address).map_err(failed)?;
            let service = move || {
                let connected = |stream: TcpStream| async {
                    let peer = stream.peer_addr().ok();
                    // Events are small, and nobody waits for the next one.
                    let _ = stream.set_nodelay(true);
                    Ok((spoken_on(stream), peer))
                };
                fn_service(connected).and_then(spoken(&app, &gateway, &ending))
            };
            Ok((server.listen("public", listener, service).map_err(failed)?.run(), bound))
        }
        Listen::Unix(path) => {
            let listener = unix(path).map_err(failed)?;
            let service = move || {
                let connected = |stream: UnixConnection| async { Ok((spoken_on(stream), None)) };
                fn_service(connected).and_then(spoken(&app, &gateway, &ending))
            };
            let server = server.listen_uds("public", listener, service).map_err(failed)?;
            Ok((server.run(), Bound { shown: shown(listen), address: None }))
        }
    }
}

fn spoken_on<S>(stream: S) -> LastWord<Patient<S>> {
    let stream = Patient::new(stream);
    let holds = stream.holds.clone();
    LastWord::new(stream, holds)
}

/// HTTP/1.1 on one connection, with everything that this server has to say.
fn spoken<S: ActixStream + 'static>(
    app: &Data<App>,
    gateway: &Gateway,
    ending: &GracefulShutdownSignal,
) -> impl ServiceFactory<
    (LastWord<Patient<S>>, Option<SocketAddr>),
    Config = (),
    Response = (),
    Error = actix_http::error::DispatchError,
    InitError = (),
> + use<S> {
    let doors = ActixApp::new()
        .app_data(app.clone())
        .app_data(Data::new(gateway.of_a_worker()))
        .configure(http::routes)
        .wrap(from_fn(http::cors))
        .wrap(from_fn(http::one_line));
    let ending = ending.clone();
    HttpService::build()
        .keep_alive(KeepAlive::Timeout(KEEP_ALIVE))
        // Who is refused early may still be sending, and would lose the answer with the connection.
        .client_disconnect_timeout(LINGER)
        // A client that goes away ends its request at once, also while the upstream has not answered.
        .h1_allow_half_closed(false)
        .graceful_shutdown_signal(move || {
            let ending = ending.clone();
            async move { ending.notified().await }
        })
        .on_connect_ext(|connection: &LastWord<Patient<S>>, data| {
            data.insert(connection.holds().clone());
        })
        .h1(map_config(doors, |()| AppConfig::default()))
}

/// Small, and the operator's own.
pub(super) fn admin(listen: &Listen, app: Data<App>) -> Result<(dev::Server, Bound), StartError> {
    let failed = |error| StartError::Bind("ADMIN_LISTEN", shown(listen), error);
    let server = HttpServer::new(move || ActixApp::new().app_data(app.clone()).configure(http::admin_routes))
        .workers(1)
        .disable_signals();
    match listen {
        Listen::Tcp(address) => {
            let (listener, bound) = tcp(*address).map_err(failed)?;
            Ok((server.listen(listener).map_err(failed)?.run(), bound))
        }
        Listen::Unix(path) => {
            let server = server.listen_uds(unix(path).map_err(failed)?).map_err(failed)?;
            Ok((server.run(), Bound { shown: shown(listen), address: None }))
        }
    }
}

fn tcp(address: SocketAddr) -> io::Result<(std::net::TcpListener, Bound)> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?.into_std()?;
    let address = listener.local_addr()?;
    Ok((listener, Bound { shown: address.to_string(), address: Some(address) }))
}

/// For whoever is in its group.
fn unix(path: &Path) -> io::Result<UnixListener> {
    if is_left_behind(path) {
        fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    listener.set_nonblocking(true)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o660))?;
    Ok(listener)
}

/// A socket that nobody listens on is what a crash leaves behind. Whatever else lies there is somebody's.
fn is_left_behind(path: &Path) -> bool {
    let is_socket = fs::metadata(path).is_ok_and(|found| found.file_type().is_socket());
    is_socket
        && UnixStream::connect(path).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

fn shown(listen: &Listen) -> String {
    match listen {
        Listen::Tcp(address) => address.to_string(),
        Listen::Unix(path) => path.display().to_string(),
    }
}
