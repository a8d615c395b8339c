//! What a worker accepts from, TCP or a Unix socket, and what it gets; nothing here may know of HTTP.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_rt::net::{ActixStream, Ready};
use bytes::{Buf, BytesMut};
use socket2::{Domain, Socket as Socket2};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_rustls::server::TlsStream;

/// A listening socket.
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// Takes a socket over, whichever family it is of; only inside a runtime.
    pub(crate) fn new(socket: OwnedFd) -> io::Result<Self> {
        let socket = Socket2::from(socket);
        socket.set_nonblocking(true)?;
        if socket.local_addr()?.domain() == Domain::UNIX {
            return Ok(Self::Unix(UnixListener::from_std(socket.into())?));
        }
        Ok(Self::Tcp(TcpListener::from_std(socket.into())?))
    }

    /// The address that is listened on; a Unix socket has none.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Unix(_) => None,
        }
    }

    /// The next connection, and its peer's address where it has one.
    pub(crate) async fn accept(&self) -> io::Result<(Plain, Option<SocketAddr>)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Answers are written whole; Nagle's delay would only hold back their last segment.
                drop(stream.set_nodelay(true));
                Ok((Plain::new(Socket::Tcp(stream)), Some(peer)))
            }
            Self::Unix(listener) => Ok((listener.accept().await?.0.into(), None)),
        }
    }
}

/// An accepted connection.
enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A connection of which some bytes may have been looked at; they are read again.
pub(crate) struct Plain {
    head: BytesMut,
    socket: Socket,
}

impl From<UnixStream> for Plain {
    fn from(stream: UnixStream) -> Self {
        Self::new(Socket::Unix(stream))
    }
}

impl From<UnixStream> for Client {
    fn from(stream: UnixStream) -> Self {
        Self::Plain(stream.into())
    }
}

impl Plain {
    fn new(socket: Socket) -> Self {
        Self { head: BytesMut::new(), socket }
    }

    /// The bytes that were looked at.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Forgets the first of them.
    pub(super) fn skip(&mut self, count: usize) {
        self.head.advance(count.min(self.head.len()));
    }

    /// Looks at more bytes; false at the end.
    pub(super) async fn look(&mut self) -> io::Result<bool> {
        let count = match &mut self.socket {
            Socket::Tcp(stream) => stream.read_buf(&mut self.head).await?,
            Socket::Unix(stream) => stream.read_buf(&mut self.head).await?,
        };
        Ok(count > 0)
    }
}

/// What a client is spoken to over.
pub(crate) enum Client {
    Plain(Plain),
    Tls(Box<TlsStream<Plain>>),
}

/// Hands a call on to whichever stream there is.
macro_rules! either {
    ($stream:expr, $($kind:path),+; $inner:ident => $call:expr) => {
        match $stream { $($kind($inner) => $call),+ }
    };
}

impl AsyncRead for Plain {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, read: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.head.is_empty() {
            let count = this.head.len().min(read.remaining());
            read.put_slice(&this.head.split_to(count));
            return Poll::Ready(Ok(()));
        }
        either!(&mut this.socket, Socket::Tcp, Socket::Unix; stream => Pin::new(stream).poll_read(context, read))
    }
}

impl AsyncRead for Client {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, read: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        either!(self.get_mut(), Client::Plain, Client::Tls; stream => Pin::new(stream).poll_read(context, read))
    }
}

macro_rules! write_by {
    ($name:ty, $this:ident => $field:expr, $shared:expr, $($kind:path),+) => {
        impl AsyncWrite for $name {
            fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
                let $this = self.get_mut();
                either!($field, $($kind),+; stream => Pin::new(stream).poll_write(context, bytes))
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                slices: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                let $this = self.get_mut();
                either!($field, $($kind),+; stream => Pin::new(stream).poll_write_vectored(context, slices))
            }

            fn is_write_vectored(&self) -> bool {
                let $this = self;
                either!($shared, $($kind),+; stream => stream.is_write_vectored())
            }

            fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                let $this = self.get_mut();
                either!($field, $($kind),+; stream => Pin::new(stream).poll_flush(context))
            }

            fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                let $this = self.get_mut();
                either!($field, $($kind),+; stream => Pin::new(stream).poll_shutdown(context))
            }
        }
    };
}

write_by!(Plain, this => &mut this.socket, &this.socket, Socket::Tcp, Socket::Unix);
write_by!(Client, this => this, this, Client::Plain, Client::Tls);

impl ActixStream for Client {
    fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        either!(&self.plain().socket, Socket::Tcp, Socket::Unix; stream => ActixStream::poll_read_ready(stream, context))
    }

    fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        either!(&self.plain().socket, Socket::Tcp, Socket::Unix; stream => ActixStream::poll_write_ready(stream, context))
    }
}

impl Client {
    fn plain(&self) -> &Plain {
        match self {
            Self::Plain(plain) => plain,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }

    /// Whether nobody on the way can read along.
    pub(crate) fn is_secure(&self) -> bool {
        matches!(self, Self::Tls(_))
    }
}
