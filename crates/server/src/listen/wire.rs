//! `Wire`: a client's stream that tells its connection's `Progress` of every byte; nothing here may know of HTTP's grammar.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::{Instant, SystemTime};

use actix_http::body::{self, BodySize, BoxBody, MessageBody};
use actix_http::{ConnectionType, Request, Response, Version};
use actix_rt::net::{ActixStream, Ready};
use bolt_core::connection::{Progress, Refusal, Rules};
use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Connections;
use crate::log::Log;

/// Most reads of a refused connection's bytes at one go.
const READS: usize = 16;

/// What the stream, the requests and the watch of one connection share.
#[derive(Clone)]
pub(crate) struct Shared(pub(super) Rc<Connection>);

/// See [`Shared`].
pub(super) struct Connection {
    pub(super) rules: Rc<Rules>,
    pub(super) progress: RefCell<Progress>,
    refusal: RefCell<Option<Bytes>>,
    /// The last answer was given: what came behind its request is nobody's.
    closing: Cell<bool>,
    /// Something did come: there is nothing more to read.
    over: Cell<bool>,
    /// Where a refusal is noted, and whose it is.
    log: Option<(Rc<Log>, Option<SocketAddr>)>,
}

impl Shared {
    pub(crate) fn new(connections: &Connections, multiplexed: bool, peer: Option<SocketAddr>) -> Self {
        let progress = RefCell::new(Progress::new(multiplexed));
        Self(Rc::new(Connection {
            rules: Rc::clone(&connections.rules),
            progress,
            refusal: RefCell::default(),
            closing: Cell::default(),
            over: Cell::default(),
            log: connections.seat.log.get().map(|log| (Rc::clone(log), peer)),
        }))
    }

    /// The connection that a request came over.
    pub(crate) fn of(request: &Request) -> Option<&Self> {
        request.conn_data()
    }

    /// A request's head is complete; `payload`: a body follows.
    pub(crate) fn called(&self, payload: bool) {
        self.0.progress.borrow_mut().called(payload);
    }

    /// Who reads the body waits; true where it has waited long enough.
    pub(crate) fn body_wanted(&self) -> bool {
        let mut progress = self.0.progress.borrow_mut();
        progress.body_wanted();
        progress.body_late()
    }

    /// Who reads the body got so many bytes.
    pub(crate) fn body_came(&self, bytes: usize) {
        self.0.progress.borrow_mut().body_came(bytes, Instant::now);
    }

    /// The body was read to its end.
    pub(crate) fn body_ended(&self) {
        self.0.progress.borrow_mut().body_ended();
    }

    /// A request was answered, or given up.
    pub(crate) fn answered(&self) {
        self.0.progress.borrow_mut().answered();
    }

    /// True behind an answer that said `Connection: close`.
    pub(crate) fn is_closing(&self) -> bool {
        self.0.closing.get()
    }

    /// Waits for the end of a connection whose last answer was given: Actix would serve requests that were sent along.
    pub(crate) async fn end(&self) -> Infallible {
        self.0.over.set(true);
        let mut told = false;
        poll_fn(|context| {
            if !std::mem::replace(&mut told, true) {
                context.waker().wake_by_ref();
            }
            Poll::Pending
        })
        .await
    }

    /// Counts the request as answered once the whole of its answer was taken from it.
    pub(crate) fn answering(self, mut response: Response<BoxBody>) -> Response<BoxBody> {
        // Actix uses heads again without resetting this, and reads "close" from HTTP/1.0; it writes the request's.
        response.head_mut().version = Version::HTTP_11;
        self.0.closing.set(response.head().connection_type() == ConnectionType::Close);
        let bodiless = response.body().size() == BodySize::None;
        response.map_body(|_, body| match body.try_into_bytes() {
            Ok(bytes) => {
                self.0.progress.borrow_mut().answered();
                // No body says nothing of its length, an empty one does.
                if bodiless { BoxBody::new(body::None::new()) } else { BoxBody::new(bytes) }
            }
            Err(body) => BoxBody::new(Answering { body, connection: self }),
        })
    }

    pub(super) fn refuse(&self, refusal: Refusal) {
        let (status, reason) = match refusal {
            Refusal::Timeout => (408, "Request Timeout"),
            Refusal::TargetTooLong => (414, "URI Too Long"),
            Refusal::HeadTooLarge => (431, "Request Header Fields Too Large"),
        };
        if let Some((log, peer)) = &self.0.log {
            log.refusal(*peer, status);
        }
        self.0.refusal.replace(Some(closing_answer(status, reason, "")));
        self.0.progress.borrow_mut().refused();
    }
}

/// An answer that is written past the HTTP service; `fields` are whole lines.
pub(crate) fn closing_answer(status: u16, reason: &str, fields: &str) -> Bytes {
    let body = bolt_core::reply::detail_body(reason);
    let date = httpdate::fmt_http_date(SystemTime::now());
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\ndate: {date}\r\nconnection: close\r\n{fields}content-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    let mut answer = head.into_bytes();
    answer.extend_from_slice(body.as_ref());
    answer.into()
}

/// A body that is made while it is sent.
struct Answering {
    body: BoxBody,
    connection: Shared,
}

impl MessageBody for Answering {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.connection.0.progress.borrow_mut().answered();
    }
}

/// A stream under watch.
pub(crate) struct Wire<T> {
    stream: T,
    shared: Shared,
}

impl<T: ActixStream> Wire<T> {
    pub(crate) fn new(stream: T, shared: Shared) -> Self {
        Self { stream, shared }
    }

    pub(crate) fn stream(&self) -> &T {
        &self.stream
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Writes what is left of the refusal, then reads what the client still sends until it closes:
    /// a socket that is closed with bytes unread takes the answer back.
    fn poll_refused(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut refusal = self.shared.0.refusal.borrow_mut();
        let Some(rest) = refusal.as_mut() else { return Poll::Ready(Ok(())) };
        while !rest.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            rest.advance(written);
        }
        ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
        for _ in 0..READS {
            let mut scratch = [0; 4096];
            let mut read = ReadBuf::new(&mut scratch);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut read))?;
            if read.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    fn tell<R>(&self, poll: Poll<R>) -> Poll<R> {
        let mut progress = self.shared.0.progress.borrow_mut();
        if poll.is_pending() {
            progress.write_blocked();
        } else {
            progress.written();
        }
        poll
    }
}

impl<T: ActixStream> AsyncRead for Wire<T> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, read: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.shared.0.over.get() {
            return Poll::Ready(Ok(()));
        }
        if this.shared.0.refusal.borrow().is_some() {
            return this.poll_refused(context);
        }
        let before = read.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(context, read))?;
        let came = read.filled().get(before..).unwrap_or_default();
        if came.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let received = this.shared.0.progress.borrow_mut().received(came, &this.shared.0.rules);
        let Err(refusal) = received else { return Poll::Ready(Ok(())) };
        read.set_filled(before);
        if this.shared.0.progress.borrow().is_blocked() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        this.shared.refuse(refusal);
        this.poll_refused(context)
    }
}

impl<T: ActixStream> AsyncWrite for Wire<T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.tell(poll)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        this.tell(poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_flush(context);
        if poll.is_pending() { this.tell(poll) } else { poll }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_shutdown(context);
        if poll.is_pending() { this.tell(poll) } else { poll }
    }
}

impl<T: ActixStream> ActixStream for Wire<T> {
    fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        self.stream.poll_read_ready(context)
    }

    fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        self.stream.poll_write_ready(context)
    }
}
