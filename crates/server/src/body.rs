//! Bodies: read under their limit, only where a route wants one.

use actix_http::header::{self, HeaderMap};
use actix_http::{HttpMessage, Payload, Request};
use bolt_core::body::media;
use bolt_core::plan::Body;
use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use crate::listen::Shared;

/// Why a body was not read.
pub(crate) enum BodyError {
    /// Larger than this many bytes.
    TooLarge(usize),
    /// A content type that is not JSON.
    NotJson(String),
    /// It did not come in time.
    Late,
    /// Broken framing, or the client left.
    Broken,
}

/// Reads the whole body.
pub(crate) async fn read(kind: &Body, request: &Request, payload: Payload, limit: usize) -> Result<Pieces, BodyError> {
    if matches!(payload, Payload::None) {
        return Ok(Pieces::default());
    }
    check(kind, request, limit)?;
    collect(payload, limit, Shared::of(request)).await
}

/// Refuses a body by what is said of it.
pub(crate) fn check(kind: &Body, request: &Request, limit: usize) -> Result<(), BodyError> {
    let announced = announced(request.headers());
    if announced.is_some_and(|length| length > limit) {
        return Err(BodyError::TooLarge(limit));
    }
    if matches!(kind, Body::Json { .. }) {
        refuse_other_types(request, announced)?;
    }
    Ok(())
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A content type that is present and not JSON is refused; an absent one is accepted.
fn refuse_other_types(request: &Request, announced: Option<usize>) -> Result<(), BodyError> {
    let Some(value) = request.headers().get(header::CONTENT_TYPE) else { return Ok(()) };
    if announced == Some(0) {
        return Ok(());
    }
    let found = String::from_utf8_lossy(value.as_bytes());
    if media::is_json(&found) { Ok(()) } else { Err(BodyError::NotJson(found.into_owned())) }
}

async fn collect(mut payload: Payload, limit: usize, connection: Option<&Shared>) -> Result<Pieces, BodyError> {
    let mut pieces = Pieces::default();
    let mut block = BytesMut::new();
    while let Some(piece) = next(&mut payload, connection).await? {
        pieces.length += piece.len();
        if pieces.length > limit {
            return Err(BodyError::TooLarge(limit));
        }
        if block.capacity() == 0 && pieces.length <= BLOCK && pieces.pieces.len() < PIECES {
            pieces.pieces.push(piece);
        } else {
            pieces.copy_into_blocks(piece, &mut block);
        }
    }
    if !block.is_empty() {
        pieces.pieces.push(block.freeze());
    }
    Ok(pieces)
}

/// The next piece; the connection is told of the wait for it.
async fn next(payload: &mut Payload, connection: Option<&Shared>) -> Result<Option<Bytes>, BodyError> {
    let polled = poll_fn(|context| match (Pin::new(&mut *payload).poll_next(context), connection) {
        (Poll::Pending, Some(connection)) if connection.body_wanted() => Poll::Ready(Err(BodyError::Late)),
        (polled, _) => polled.map(|piece| piece.transpose().map_err(|_| BodyError::Broken)),
    });
    let piece = polled.await?;
    match (&piece, connection) {
        (Some(piece), Some(connection)) => connection.body_came(piece.len()),
        (None, Some(connection)) => connection.body_ended(),
        (_, None) => {}
    }
    Ok(piece)
}

/// Most pieces that are kept as they came: each holds the whole read buffer that it is a part of.
const PIECES: usize = 8;
/// Bytes of the blocks that a larger body is copied into.
const BLOCK: usize = 64 * 1024;

/// A body as it was read: mostly one piece of the connection's read buffer, sometimes several.
///
/// A small one is copied once, into the Python object (joining it first cost a 10 KB request 15 of
/// its 104 µs, most of it cache misses in the decoder behind it). A large one is kept in blocks, so
/// that it takes no more memory than it is long.
#[derive(Default, Clone)]
pub(crate) struct Pieces {
    length: usize,
    pieces: Vec<Bytes>,
}

impl Pieces {
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Adds a piece of a body that has become large; `block` is the one being filled.
    fn copy_into_blocks(&mut self, piece: Bytes, block: &mut BytesMut) {
        let came = if block.capacity() == 0 { std::mem::take(&mut self.pieces) } else { Vec::new() };
        for mut rest in came.into_iter().chain([piece]) {
            while !rest.is_empty() {
                if block.len() == BLOCK || block.capacity() == 0 {
                    let full = std::mem::replace(block, BytesMut::with_capacity(BLOCK));
                    self.pieces.extend((!full.is_empty()).then(|| full.freeze()));
                }
                block.extend_from_slice(&rest.split_to(rest.len().min(BLOCK - block.len())));
            }
        }
    }

    pub(crate) fn to_python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        match self.pieces.as_slice() {
            [] => Ok(PyBytes::new(py, b"")),
            [piece] => Ok(PyBytes::new(py, piece)),
            pieces => PyBytes::new_with(py, self.length, |mut buffer| {
                for piece in pieces {
                    let (place, rest) = std::mem::take(&mut buffer).split_at_mut(piece.len());
                    place.copy_from_slice(piece);
                    buffer = rest;
                }
                Ok(())
            }),
        }
    }
}
