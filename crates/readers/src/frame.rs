//! Frames on a reader's pipes: a little-endian `u32` length, then so many bytes.
//!
//! Each side knows the longest frame it will take and refuses a longer one before allocating.

use serde::{Serialize, de::DeserializeOwned};
use std::io::{self, ErrorKind, Read, Write};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Longest JSON frame from the pool: settings or the header of a request.
pub(super) const HEADER_BYTES_MAX: usize = 4 << 20;
/// Longest answer of a reader: evidence with its lattices.
pub(super) const ANSWER_BYTES_MAX: usize = 32 << 20;

fn header(length: usize) -> io::Result<[u8; 4]> {
    let length = u32::try_from(length).map_err(|_| too_long(length, u32::MAX as usize))?;
    Ok(length.to_le_bytes())
}

fn length(header: [u8; 4], bytes_max: usize) -> io::Result<usize> {
    let length = u32::from_le_bytes(header) as usize;
    if length > bytes_max { Err(too_long(length, bytes_max)) } else { Ok(length) }
}

fn too_long(length: usize, bytes_max: usize) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("frame of {length} bytes, at most {bytes_max}"))
}

fn parsed<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    serde_json::from_slice(bytes).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
}

/// Reads one frame; `None` if the pipe was closed before it.
pub(super) fn read(pipe: &mut impl Read, bytes_max: usize) -> io::Result<Option<Vec<u8>>> {
    let mut head = [0; 4];
    match pipe.read_exact(&mut head) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let mut bytes = vec![0; length(head, bytes_max)?];
    pipe.read_exact(&mut bytes)?;
    Ok(Some(bytes))
}

/// Reads one JSON frame; `None` if the pipe was closed before it.
pub(super) fn read_json<T: DeserializeOwned>(
    pipe: &mut impl Read,
    bytes_max: usize,
) -> io::Result<Option<T>> {
    read(pipe, bytes_max)?.map(|bytes| parsed(&bytes)).transpose()
}

/// Writes one JSON frame and flushes.
pub(super) fn write_json(pipe: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let bytes = serde_json::to_vec(message)?;
    pipe.write_all(&header(bytes.len())?)?;
    pipe.write_all(&bytes)?;
    pipe.flush()
}

/// Sends one frame.
pub(super) async fn send(pipe: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    pipe.write_all(&header(bytes.len())?).await?;
    pipe.write_all(bytes).await
}

/// Sends one JSON frame.
pub(super) async fn send_json(
    pipe: &mut (impl AsyncWrite + Unpin),
    message: &impl Serialize,
) -> io::Result<()> {
    send(pipe, &serde_json::to_vec(message)?).await
}

/// Receives one JSON frame; a closed pipe is an error.
pub(super) async fn receive_json<T: DeserializeOwned>(
    pipe: &mut (impl AsyncRead + Unpin),
    bytes_max: usize,
) -> io::Result<T> {
    let mut head = [0; 4];
    pipe.read_exact(&mut head).await?;
    let mut bytes = vec![0; length(head, bytes_max)?];
    pipe.read_exact(&mut bytes).await?;
    parsed(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_back_and_the_end_is_none() {
        let mut bytes = Vec::new();
        write_json(&mut bytes, &vec!["one", "two"]).unwrap();
        let mut pipe = bytes.as_slice();
        let message: Option<Vec<String>> = read_json(&mut pipe, 100).unwrap();
        assert_eq!(message.unwrap(), ["one", "two"]);
        assert!(read(&mut pipe, 100).unwrap().is_none());
    }

    #[test]
    fn a_frame_that_is_too_long_or_cut_short_is_refused() {
        let huge = u32::MAX.to_le_bytes();
        let error = read(&mut huge.as_slice(), 100).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        let cut = [5, 0, 0, 0, b'a'];
        let error = read(&mut cut.as_slice(), 100).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    }
}
