//! Compresses answers whose clients want it; which those are is decided in `bolt_core`.

use actix_http::body::{self, BodySize, BoxBody, MessageBody};
use actix_http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_http::{HttpMessage, Method, Request, Response, StatusCode};
use bolt_core::plan::{Compression, Encoding};
use bolt_core::reply::encoding;
use bytes::Bytes;
use tokio::sync::Semaphore;

use super::add_vary;
use super::encoder::{encode, encode_once};

/// Bytes up to which an answer is compressed where it was made: 0.2 to 0.9 ms at the usual levels (of JSON, on one core
/// of 3 GHz). Other requests wait for so long, which is less than the thread's hand-over costs under load.
const INLINE: usize = 128 * 1024;
/// Greater answers that are compressed at once, each in a thread: so many times their size is held in memory.
static THREADS: Semaphore = Semaphore::const_new(4);

/// How answers are compressed, ready to be done.
pub(super) struct Compress {
    config: Compression,
}

impl Compress {
    /// Keeps what is offered.
    pub(super) fn new(config: Compression) -> Self {
        Self { config }
    }

    /// The answer, compressed where that is wanted.
    pub(super) async fn after(&self, request: &Request, mut response: Response<BoxBody>) -> Response<BoxBody> {
        if !self.may_compress(&response) {
            return response;
        }
        add_vary(response.headers_mut(), HeaderValue::from_static("Accept-Encoding"));
        let wanted = texts(request.headers(), header::ACCEPT_ENCODING);
        let Some(encoding) = encoding::choose(wanted, &self.config.encodings) else { return response };
        if response.status() == StatusCode::NOT_MODIFIED {
            return response;
        }
        weaken(response.headers_mut());
        if request.method() == Method::HEAD {
            // GET's length is not known without doing its work, and that of the plain body would be wrong.
            return response.set_body(BoxBody::new(body::None::new()));
        }
        let (response, body) = response.into_parts();
        let plain = match body.try_into_bytes() {
            Ok(plain) => plain,
            Err(body) => return response.set_body(body),
        };
        let Some(encoded) = compressed(encoding, &plain).await else { return response.set_body(BoxBody::new(plain)) };
        let mut response = response.set_body(BoxBody::new(encoded));
        let name = HeaderValue::from_static(encoding::name(encoding.coding));
        response.headers_mut().insert(header::CONTENT_ENCODING, name);
        response
    }

    /// Whether some client would get another body than others.
    fn may_compress(&self, response: &Response<BoxBody>) -> bool {
        let headers = response.headers();
        if headers.contains_key(header::CONTENT_ENCODING)
            || headers.contains_key(header::CONTENT_RANGE)
            || texts(headers, header::CACHE_CONTROL).any(encoding::forbids_transform)
        {
            return false;
        }
        match response.status() {
            // It stands for an answer that may have been.
            StatusCode::NOT_MODIFIED => true,
            StatusCode::PARTIAL_CONTENT => false,
            _ => self.is_worth_it(response),
        }
    }

    fn is_worth_it(&self, response: &Response<BoxBody>) -> bool {
        let large = match response.body().size() {
            BodySize::None | BodySize::Stream => false,
            BodySize::Sized(size) => {
                size > 0 && usize::try_from(size).is_ok_and(|size| size >= self.config.minimum_size)
            }
        };
        large
            && response
                .headers()
                .get(header::CONTENT_TYPE)
                .and_then(|media| media.to_str().ok())
                .is_some_and(encoding::is_packable)
    }
}

/// The compressed body; `None` where it is no smaller.
async fn compressed(encoding: Encoding, plain: &Bytes) -> Option<Vec<u8>> {
    let encoded = if plain.len() <= INLINE {
        encode(encoding, plain)
    } else {
        let _permit = THREADS.acquire().await.ok()?;
        let plain = plain.clone();
        tokio::task::spawn_blocking(move || encode_once(encoding, &plain)).await.ok()?
    };
    encoded.ok().filter(|encoded| encoded.len() < plain.len())
}

/// The same bytes are no longer promised (RFC 9110 8.8.1), only the same meaning.
fn weaken(headers: &mut HeaderMap) {
    let strong = headers.get(header::ETAG).map(HeaderValue::as_bytes).filter(|tag| tag.starts_with(b"\""));
    if let Some(weak) = strong.and_then(|tag| HeaderValue::from_bytes(&[b"W/", tag].concat()).ok()) {
        headers.insert(header::ETAG, weak);
    }
}

/// The values of a field; one that is no text says nothing.
fn texts(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers.get_all(name).filter_map(|value| value.to_str().ok())
}
