//! Connections: accepted, given to Actix's HTTP service, drained; nothing here may know of routes.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use actix_http::{HttpService, Protocol, Request};
use actix_rt::net::ActixStream;
use actix_service::{IntoServiceFactory, Service, ServiceFactory, fn_service};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::handler::seat::Seat;
use crate::pipeline;

/// How long the head of a connection's first request may take.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a closed connection may linger for what it still sends.
const LINGER: Duration = Duration::from_secs(1);
/// Pause after `accept` failed for want of descriptors (EMFILE): one is freed sooner or later.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The connections of one worker.
pub(crate) struct Connections {
    seat: Rc<Seat>,
    keep_alive: Duration,
    stopping: Cell<bool>,
    stop: Notify,
    open: Cell<usize>,
    closed: Notify,
}

impl Connections {
    pub(crate) fn new(seat: Rc<Seat>, keep_alive: Duration) -> Rc<Self> {
        Rc::new(Self {
            seat,
            keep_alive,
            stopping: Cell::new(false),
            stop: Notify::new(),
            open: Cell::new(0),
            closed: Notify::new(),
        })
    }

    /// Ends [`Self::accept`] and tells every connection to close behind its current answer.
    pub(crate) fn stop(&self) {
        self.stopping.set(true);
        self.seat.draining.set(true);
        self.stop.notify_waiters();
    }

    async fn stopped(self: Rc<Self>) {
        // Registered before the flag is read: a stop in between is not missed.
        let notified = self.stop.notified();
        if !self.stopping.get() {
            notified.await;
        }
    }

    /// Accepts until stopped.
    pub(crate) async fn accept(self: &Rc<Self>, listener: TcpListener) {
        let serve = self.handler().await;
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = Rc::clone(self).stopped() => return,
            };
            match accepted {
                Ok((stream, peer)) => {
                    // Answers are written whole; Nagle's delay would only hold back their last segment.
                    drop(stream.set_nodelay(true));
                    serve(stream, Some(peer));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            }
        }
    }

    /// Waits until every connection has closed, at most `grace`.
    pub(crate) async fn drain(&self, grace: Duration) {
        let all_closed = async {
            while self.open.get() > 0 {
                self.closed.notified().await;
            }
        };
        drop(tokio::time::timeout(grace, all_closed).await);
    }

    /// A function that serves a stream on a task of this thread.
    pub(crate) async fn handler<T: ActixStream + 'static>(self: &Rc<Self>) -> impl Fn(T, Option<SocketAddr>) + use<T> {
        let seat = Rc::clone(&self.seat);
        let service = fn_service(move |request: Request| {
            let seat = Rc::clone(&seat);
            async move { Ok::<_, Infallible>(pipeline::serve(&seat, request).await) }
        });
        let seat = Rc::clone(&self.seat);
        let expect = fn_service(move |request: Request| {
            let seat = Rc::clone(&seat);
            async move { pipeline::expect(&seat, request).await }
        });
        let stopping = Rc::clone(self);
        let factory = HttpService::build()
            .keep_alive(self.keep_alive)
            .client_request_timeout(HEAD_TIMEOUT)
            .client_disconnect_timeout(LINGER)
            // A client that has sent FIN is gone: its handler is cancelled.
            .h1_allow_half_closed(false)
            .expect(expect.into_factory())
            .graceful_shutdown_signal(move || Rc::clone(&stopping).stopped())
            .finish(service.into_factory());
        let http = match factory.new_service(()).await {
            Ok(http) => Rc::new(http),
            Err(()) => unreachable!("the service factory has no way to fail"),
        };
        let connections = Rc::clone(self);
        move |stream, peer| {
            let connections = Rc::clone(&connections);
            let connection = http.call((stream, Protocol::Http1, peer));
            connections.open.set(connections.open.get() + 1);
            tokio::task::spawn_local(async move {
                // What a client does to its connection is no event for a log.
                drop(connection.await);
                connections.open.set(connections.open.get().saturating_sub(1));
                connections.closed.notify_one();
            });
        }
    }
}

/// A cell that is empty until a worker serves.
pub(crate) type Serving = RefCell<Option<Rc<Connections>>>;
