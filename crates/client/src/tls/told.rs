//! What a server says about our certificate once it has seen it.
//!
//! Why: in TLS 1.3 a client has finished its handshake before the server looks at the client's
//! certificate. The refusal comes as the first thing that is read, where the layers above see a
//! broken connection and nothing else. It is kept, and handed to who connects the next time.

use super::refusal::is_refusal;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A refusal that nobody has heard of yet.
#[derive(Clone, Default)]
pub(super) struct Told(Arc<Mutex<Option<io::Error>>>);

impl Told {
    pub(super) fn take(&self) -> Option<io::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn keep(&self, error: io::Error) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }
}

/// A connection that keeps what the server has against it.
pub(crate) struct Listening<S> {
    stream: S,
    told: Told,
}

impl<S> Listening<S> {
    pub(super) const fn new(stream: S, told: Told) -> Self {
        Self { stream, told }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Listening<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        match read {
            Poll::Ready(Err(error)) if is_refusal(&error) => {
                let same = io::Error::new(error.kind(), error.to_string());
                self.told.keep(error);
                Poll::Ready(Err(same))
            }
            other => other,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Listening<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
