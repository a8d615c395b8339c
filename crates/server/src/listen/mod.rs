//! Connections: accepted, given to Actix's HTTP service, drained; nothing here may know of routes.

mod front;
mod http2;
mod refuse;
pub(crate) mod socket;
pub(crate) mod tls;
mod watch;
mod wire;

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use actix_http::body::BoxBody;
use actix_http::{ConnectionType, HttpMessage, HttpService, KeepAlive, Payload, Protocol, Request, Response};
use actix_service::{IntoServiceFactory, Service, ServiceFactory, fn_service};
use bolt_core::connection::Rules;
use tokio::sync::Notify;

use self::front::Front;
use self::refuse::Refused;
use self::socket::{Client, Listener, Plain};
use self::watch::Watched;
pub(crate) use self::wire::Shared;
use self::wire::Wire;
use crate::handler::seat::Seat;
use crate::pipeline;

/// How long a closed connection may linger for what it still sends.
const LINGER: Duration = Duration::from_secs(1);
/// How long a drain leaves connections open that are between two requests: a request that is on its way already is
/// answered, with `Connection: close`.
const QUIET: Duration = Duration::from_millis(100);

/// A deadline in seconds as timers have it; 0: any time at all.
fn patience(seconds: f64) -> Duration {
    Duration::from_secs_f64(if seconds > 0.0 { seconds } else { 365.0 * 86_400.0 })
}

/// The connections of one worker.
pub(crate) struct Connections {
    seat: Rc<Seat>,
    front: Front,
    rules: Rc<Rules>,
    keep_alive: Duration,
    refused: Rc<Refused>,
    stopping: Cell<bool>,
    stop: Notify,
    /// Whether connections between two requests are closed.
    closing: Cell<bool>,
    close: Notify,
    open: Cell<usize>,
    closed: Notify,
}

impl Connections {
    pub(crate) fn new(seat: Rc<Seat>, keep_alive: Duration) -> Rc<Self> {
        let server = &seat.app.server;
        let rules = Rc::new(Rules::new(&server.deadlines, &server.limits).keeping_alive(keep_alive));
        let front = Front::new(&seat.app);
        Rc::new(Self {
            seat,
            front,
            rules,
            keep_alive,
            refused: Rc::default(),
            stopping: Cell::new(false),
            stop: Notify::new(),
            closing: Cell::new(false),
            close: Notify::new(),
            open: Cell::new(0),
            closed: Notify::new(),
        })
    }

    /// Says where it listens; a Unix socket has no address.
    pub(crate) fn listens_on(&self, address: Option<SocketAddr>) {
        self.seat.server.replace(address);
    }

    /// Ends [`Self::accept`]; from now on every answer is its connection's last.
    pub(crate) fn stop(&self) {
        self.stopping.set(true);
        self.stop.notify_waiters();
    }

    async fn stopped(self: Rc<Self>) {
        // Registered before the flag is read: a stop in between is not missed.
        let notified = self.stop.notified();
        if !self.stopping.get() {
            notified.await;
        }
    }

    async fn closed_when_quiet(self: Rc<Self>) {
        let notified = self.close.notified();
        if !self.closing.get() {
            notified.await;
        }
    }

    /// Accepts until stopped; connections beyond the limit are answered 503.
    pub(crate) async fn accept(self: &Rc<Self>, listener: Listener) {
        let http = Rc::new(self.handler().await);
        let serve =
            |stream, peer| drop(tokio::task::spawn_local(Open::new(self).begin(stream, peer, Rc::clone(&http))));
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = Rc::clone(self).stopped() => break,
            };
            match accepted {
                Ok((stream, peer)) if self.has_room() => serve(stream, peer),
                Ok((stream, peer)) => {
                    if let Some(log) = self.seat.log.get() {
                        log.refusal(peer, 503);
                    }
                    self.refused.answer(stream);
                }
                Err(error) => self.refused.pause(&error).await,
            }
        }
        // Who is connected already is answered: where no other process listens, the kernel would reset the connection.
        // The pause lets Tokio hear of them.
        tokio::time::sleep(Duration::from_millis(1)).await;
        loop {
            tokio::select! {
                biased;
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => serve(stream, peer),
                    Err(_) => return,
                },
                () = std::future::ready(()) => return,
            }
        }
    }

    /// True while another connection may be served.
    pub(crate) fn has_room(&self) -> bool {
        self.open.get() < self.seat.app.server.limits.connections
    }

    /// Waits until every connection has closed, at most `grace`.
    pub(crate) async fn drain(&self, grace: Duration) {
        let all_closed = async {
            while self.open.get() > 0 {
                self.closed.notified().await;
            }
        };
        let drained = async {
            tokio::pin!(all_closed);
            if tokio::time::timeout(QUIET, &mut all_closed).await.is_err() {
                self.closing.set(true);
                self.close.notify_waiters();
                all_closed.await;
            }
        };
        drop(tokio::time::timeout(grace, drained).await);
    }

    /// A function that serves a stream on a task of this thread.
    pub(crate) async fn handler(self: &Rc<Self>) -> impl Fn(Client, Option<SocketAddr>) + use<> {
        let seat = Rc::clone(&self.seat);
        let service = fn_service(move |request: Request| answer(Rc::clone(&seat), request));
        let seat = Rc::clone(&self.seat);
        let expect = fn_service(move |request: Request| expect(Rc::clone(&seat), request));
        let draining = Rc::clone(self);
        // The deadlines of `wire` stand in for Actix's: of its own it has one for the first head alone.
        let keep_alive = if self.keep_alive.is_zero() { KeepAlive::Disabled } else { KeepAlive::Os };
        let factory = HttpService::build()
            .keep_alive(keep_alive)
            .client_request_timeout(Duration::ZERO)
            .client_disconnect_timeout(LINGER)
            // A client that has sent FIN is gone: its handler is cancelled.
            .h1_allow_half_closed(false)
            .expect(expect.into_factory())
            .graceful_shutdown_signal(move || Rc::clone(&draining).closed_when_quiet())
            .on_connect_ext(|wire: &Wire<Client>, data| {
                data.insert(wire.shared().clone());
                if wire.stream().is_secure() {
                    data.insert(Secure);
                }
            })
            .finish(service.into_factory());
        let http = match factory.new_service(()).await {
            Ok(http) => Rc::new(http),
            Err(()) => unreachable!("the service factory has no way to fail"),
        };
        let connections = Rc::clone(self);
        move |stream, peer| {
            let shared = Shared::new(&connections, false, peer);
            let connection = http.call((Wire::new(stream, shared.clone()), Protocol::Http1, peer));
            tokio::task::spawn_local(Watched::new(connection, shared, Open::new(&connections)));
        }
    }
}

/// One of the open connections, while it lives.
struct Open(Rc<Connections>);

impl Open {
    fn new(connections: &Rc<Connections>) -> Self {
        connections.open.set(connections.open.get() + 1);
        Self(Rc::clone(connections))
    }

    /// Gets a connection as far as its first request, and serves it.
    async fn begin(self, stream: Plain, peer: Option<SocketAddr>, http: Rc<impl Fn(Client, Option<SocketAddr>)>) {
        let begun = tokio::select! {
            begun = self.0.front.begin(stream, peer) => begun,
            // Who has not said a word by then is not waited for.
            () = Rc::clone(&self.0).closed_when_quiet() => return,
        };
        let Some((client, protocol, peer)) = begun else { return };
        if protocol != Protocol::Http2 {
            http(client, peer);
            return;
        }
        let shared = Shared::new(&self.0, true, peer);
        let wire = Wire::new(client, shared.clone());
        let connection = http2::serve(Rc::clone(&self.0), wire, shared.clone(), peer);
        tokio::task::spawn_local(Watched::new(connection, shared, self));
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.set(self.0.open.get().saturating_sub(1));
        self.0.closed.notify_one();
    }
}

/// Left on connections of HTTP/1.1, and on requests of HTTP/2, that are encrypted.
struct Secure;

/// True where the client's own connection is encrypted.
pub(crate) fn is_secure(request: &Request) -> bool {
    request.conn_data::<Secure>().is_some() || request.extensions().get::<Secure>().is_some()
}

/// Answers one request, telling its connection of each step.
async fn answer(seat: Rc<Seat>, mut request: Request) -> Result<Response<BoxBody>, Infallible> {
    let connection = called(&mut request).await;
    let mut response = pipeline::serve(&seat, request).await;
    if seat.draining.get() {
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(match connection {
        Some(connection) => connection.answering(response),
        None => response,
    })
}

/// Answers what is asked before a body is sent: by a 100, or at once.
async fn expect(seat: Rc<Seat>, mut request: Request) -> Result<Request, Response<BoxBody>> {
    let connection = called(&mut request).await;
    pipeline::expect(&seat, request).await.map_err(|response| match connection {
        Some(connection) => connection.answering(response),
        None => response,
    })
}

/// Tells the connection that a head is complete; ends it there behind its last answer.
async fn called(request: &mut Request) -> Option<Shared> {
    let connection = Shared::of(request).cloned()?;
    if connection.is_closing() {
        match connection.end().await {}
    }
    connection.called(!matches!(request.payload(), Payload::None));
    Some(connection)
}

/// A cell that is empty until a worker serves.
pub(crate) type Serving = RefCell<Option<Rc<Connections>>>;
