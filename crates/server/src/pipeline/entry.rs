//! `Entry`: a request from its arrival to its answer, with its id, as the access log tells it.

use std::rc::Rc;
use std::time::Instant;

use actix_http::body::{BodySize, BoxBody, MessageBody};
use actix_http::header::{self, HeaderName, HeaderValue};
use actix_http::{HttpMessage, Method, Request, Response, Version};
use bolt_core::log::{Event, is_request_id};
use bytes::Bytes;

use crate::handler::seat::Seat;

/// The id of a request, which travels among its extensions.
#[derive(Clone)]
pub(crate) struct RequestId(pub(crate) HeaderValue);

impl RequestId {
    /// That of a request which has begun.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }
}

/// The field that holds a request's id, in requests and in answers.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Logged for a client that left before its answer, as nginx has it.
const CLIENT_GONE: u16 = 499;

/// A request on its way. Dropped before its end, it is logged as one whose client is gone.
pub(crate) struct Entry<'a> {
    pub(crate) request: Request,
    seat: &'a Rc<Seat>,
    id: HeaderValue,
    /// `None`: not to be logged, or not any more.
    begun: Option<Instant>,
}

impl<'a> Entry<'a> {
    /// Gives the request an id where its client gave none that can be used.
    pub(crate) fn begin(seat: &'a Rc<Seat>, request: Request) -> Self {
        let begun = seat.log.get().map(|_| Instant::now());
        let given = request.headers().get(REQUEST_ID).filter(|id| is_request_id(id.as_bytes()));
        let id = if let Some(id) = given {
            id.clone()
        } else {
            let id = Bytes::copy_from_slice(&seat.ids.borrow_mut().next_id());
            // Hexadecimal digits are a value.
            HeaderValue::from_maybe_shared(id).unwrap_or_else(|_| HeaderValue::from_static("-"))
        };
        request.extensions_mut().insert(RequestId(id.clone()));
        Self { request, seat, id, begun }
    }

    /// Keeps the request out of the log.
    pub(crate) fn leave_out(&mut self) {
        self.begun = None;
    }

    /// Notes the answer and gives it the request's id.
    pub(crate) fn end(mut self, mut response: Response<BoxBody>) -> Response<BoxBody> {
        let bytes = match response.body().size() {
            _ if self.request.method() == Method::HEAD => Some(0),
            BodySize::None => Some(0),
            BodySize::Sized(bytes) => Some(bytes),
            BodySize::Stream => None,
        };
        self.note(response.status().as_u16(), bytes);
        response.headers_mut().insert(REQUEST_ID, self.id.clone());
        response
    }

    fn note(&mut self, status: u16, bytes: Option<u64>) {
        let (Some(begun), Some(log)) = (self.begun.take(), self.seat.log.get()) else { return };
        let request = &self.request;
        let field = |name| request.headers().get(name).map(HeaderValue::as_bytes);
        log.request(&Event {
            client: request.peer_addr().map(|address| address.ip().to_canonical()),
            method: request.method().as_str(),
            path: match request.uri().path() {
                // `CONNECT host:port` has none.
                "" => request.uri().authority().map_or("-", |authority| authority.host()),
                path => path,
            },
            query: request.uri().query(),
            version: match request.version() {
                Version::HTTP_10 => "HTTP/1.0",
                Version::HTTP_2 => "HTTP/2.0",
                _ => "HTTP/1.1",
            },
            status,
            bytes,
            referer: field(header::REFERER),
            user_agent: field(header::USER_AGENT),
            duration: begun.elapsed(),
            request_id: self.id.as_bytes(),
        });
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.note(CLIENT_GONE, None);
    }
}
