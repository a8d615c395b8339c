//! HTTP/2: one connection, its streams given to the pipeline as requests; nothing here may know of routes.
//!
//! The `h2` crate is driven directly, since Actix leaves none of its limits open.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use actix_http::body::{BodySize, BoxBody, MessageBody};
use actix_http::error::PayloadError;
use actix_http::header::{self, HeaderValue};
use actix_http::{HttpMessage, Method, Payload, Request, Response};
use bytes::Bytes;
use futures_core::Stream;
use h2::server::{Builder, Connection, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use tokio::time::{Sleep, sleep, timeout};

use super::socket::Client;
use super::wire::{Shared, Wire};
use super::{Connections, patience};
use crate::handler::seat::Seat;
use crate::pipeline;

/// What a client may send of one body before it is read, and of all bodies together.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;

/// Serves a connection to its end.
pub(super) async fn serve(connections: Rc<Connections>, wire: Wire<Client>, shared: Shared, peer: Option<SocketAddr>) {
    let server = &connections.seat.app.server;
    let secure = wire.stream().is_secure();
    let Some(limits) = server.http2 else { return };
    let handshake = Builder::new()
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(server.limits.head).unwrap_or(u32::MAX))
        .max_concurrent_reset_streams(limits.resets)
        .max_pending_accept_reset_streams(limits.resets)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .handshake(wire);
    let Ok(Ok(mut http)) = timeout(patience(server.deadlines.head), handshake).await else { return };
    let mut stopped = pin!(Rc::clone(&connections).stopped());
    let mut stopping = false;
    loop {
        let accepted = poll_fn(|context| {
            if !stopping && stopped.as_mut().poll(context).is_ready() {
                stopping = true;
                http.graceful_shutdown();
            }
            http.poll_accept(context)
        })
        .await;
        // An error is the connection's end; h2 has told the client why.
        let Some(Ok((request, respond))) = accepted else { break };
        let payload = !request.body().is_end_stream();
        shared.called(payload);
        let exchange = Exchange { seat: Rc::clone(&connections.seat), shared: shared.clone(), respond };
        tokio::task::spawn_local(exchange.run(request, peer, secure));
    }
    drop(timeout(super::LINGER, closed(&mut http)).await);
}

async fn closed(http: &mut Connection<Wire<Client>, Bytes>) {
    drop(poll_fn(|context| http.poll_closed(context)).await);
}

/// One stream: a request and its answer.
struct Exchange {
    seat: Rc<Seat>,
    shared: Shared,
    respond: SendResponse<Bytes>,
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.shared.answered();
    }
}

impl Exchange {
    async fn run(mut self, request: http::Request<RecvStream>, peer: Option<SocketAddr>, secure: bool) {
        let head_only = request.method() == Method::HEAD;
        let body_timeout = patience(self.seat.app.server.deadlines.body);
        let request = to_actix(request, peer, secure, body_timeout);
        let seat = Rc::clone(&self.seat);
        let response = {
            let mut answer = pin!(pipeline::serve(&seat, request));
            // A stream that the client resets drops the request's future: its handler is cancelled.
            poll_fn(|context| match answer.as_mut().poll(context) {
                Poll::Ready(response) => Poll::Ready(Some(response)),
                Poll::Pending => self.respond.poll_reset(context).map(|_| None),
            })
            .await
        };
        if let Some(response) = response {
            drop(self.answer(response, head_only).await);
        }
    }

    async fn answer(&mut self, response: Response<BoxBody>, head_only: bool) -> Result<(), h2::Error> {
        let (response, mut body) = response.into_parts();
        let mut answer = http::Response::new(());
        *answer.status_mut() = response.status();
        for (name, value) in response.headers() {
            // RFC 9113 8.2.2: what concerns the connection has no place in a stream.
            if !matches!(*name, header::CONNECTION | header::TRANSFER_ENCODING | header::UPGRADE) {
                answer.headers_mut().append(name.clone(), value.clone());
            }
        }
        if let BodySize::Sized(length) = body.size() {
            answer.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        if let Ok(date) = HeaderValue::from_str(&httpdate::fmt_http_date(SystemTime::now())) {
            answer.headers_mut().insert(header::DATE, date);
        }
        let empty = head_only || matches!(body.size(), BodySize::None | BodySize::Sized(0));
        let mut stream = self.respond.send_response(answer, empty)?;
        if empty {
            return Ok(());
        }
        let mut left = match body.size() {
            BodySize::Sized(length) => length,
            _ => u64::MAX,
        };
        let write_timeout = patience(self.seat.app.server.deadlines.write);
        while let Some(piece) = poll_fn(|context| Pin::new(&mut body).poll_next(context)).await {
            let Ok(piece) = piece else {
                stream.send_reset(Reason::INTERNAL_ERROR);
                return Ok(());
            };
            left = left.saturating_sub(piece.len() as u64);
            let sent = timeout(write_timeout, send(&mut stream, piece, left == 0)).await;
            if left == 0 && sent.is_ok() {
                return Ok(());
            }
            if sent.is_err() {
                stream.send_reset(Reason::CANCEL);
                return Ok(());
            }
        }
        stream.send_data(Bytes::new(), true)
    }
}

/// Sends a piece as the client takes it; `last`: the stream ends with it.
async fn send(stream: &mut SendStream<Bytes>, mut piece: Bytes, last: bool) {
    while !piece.is_empty() {
        stream.reserve_capacity(piece.len());
        match poll_fn(|context| stream.poll_capacity(context)).await {
            Some(Ok(room)) => {
                let part = piece.split_to(room.min(piece.len()));
                if stream.send_data(part, last && piece.is_empty()).is_err() {
                    return;
                }
            }
            _ => return,
        }
    }
}

/// The request as the pipeline knows it.
fn to_actix(request: http::Request<RecvStream>, peer: Option<SocketAddr>, secure: bool, patience: Duration) -> Request {
    let (parts, body) = request.into_parts();
    let payload: Payload = if body.is_end_stream() {
        Payload::None
    } else {
        Payload::Stream { payload: Box::pin(Body { stream: body, patience, alarm: Box::pin(sleep(patience)) }) }
    };
    let mut request: Request = Request::with_payload(payload);
    let head = request.head_mut();
    head.uri = parts.uri;
    head.method = parts.method;
    head.version = parts.version;
    head.headers = parts.headers.into();
    head.peer_addr = peer;
    if secure {
        request.extensions_mut().insert(super::Secure);
    }
    request
}

/// A request's body, read as it is wanted; it may not keep its reader waiting.
struct Body {
    stream: RecvStream,
    patience: Duration,
    alarm: Pin<Box<Sleep>>,
}

impl Stream for Body {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Poll::Ready(piece) = self.stream.poll_data(context) {
            let Some(Ok(piece)) = piece else {
                return Poll::Ready(piece.map(|_| Err(PayloadError::Incomplete(None))));
            };
            let came = self.stream.flow_control().release_capacity(piece.len());
            let deadline = tokio::time::Instant::now() + self.patience;
            self.alarm.as_mut().reset(deadline);
            return Poll::Ready(Some(came.map(|()| piece).map_err(|_| PayloadError::Incomplete(None))));
        }
        ready!(self.alarm.as_mut().poll(context));
        Poll::Ready(Some(Err(PayloadError::Io(io::ErrorKind::TimedOut.into()))))
    }
}
