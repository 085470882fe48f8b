//! A client that costs little: HTTP/1.1 over one kept TCP connection, requests built beforehand, no pipelining.

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The bytes of a request.
pub fn request(method: &str, path: &str, body: &[u8]) -> Bytes {
    request_for(method, path, "application/json", body)
}

/// The bytes of a request for an answer of a media type.
pub fn request_for(method: &str, path: &str, accept: &str, body: &[u8]) -> Bytes {
    let mut bytes = format!(
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: {accept}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes.into()
}

/// One connection.
pub struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// A reply; its body borrows the connection's buffer.
pub struct Reply<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Wire {
    /// No reply here is larger.
    const REPLY_BYTES_MAX: usize = 16 << 20;

    pub async fn connect(address: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("connect to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 << 10) })
    }

    /// Sends a request and reads its reply, whatever its status.
    pub async fn send(&mut self, request: &[u8]) -> anyhow::Result<Reply<'_>> {
        self.write(request).await?;
        self.buffer.clear();
        let head = loop {
            self.read_more().await?;
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let text = std::str::from_utf8(&self.buffer[..head]).context("headers are ASCII")?.to_ascii_lowercase();
        let status = text.get(9..12).and_then(|status| status.parse().ok()).context("a status line")?;
        let header = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(|value| value.trim().to_owned()))
        };
        if let Some(length) = header("content-length") {
            let end = head + length.parse::<usize>()?;
            ensure!(end < Self::REPLY_BYTES_MAX, "a reply of {length} bytes");
            while self.buffer.len() < end {
                self.read_more().await?;
            }
            return Ok(Reply { status, body: &self.buffer[head..end] });
        }
        ensure!(header("transfer-encoding").as_deref() == Some("chunked"), "a reply without a length");
        // Without pipelining nothing follows the last chunk.
        while !self.buffer[head..].ends_with(b"0\r\n\r\n") {
            self.read_more().await?;
        }
        Ok(Reply { status, body: &self.buffer[head..] })
    }

    /// Sends a part of a request.
    pub async fn write(&mut self, part: &[u8]) -> anyhow::Result<()> {
        Ok(self.stream.write_all(part).await?)
    }

    /// Sends a request that has to succeed.
    pub async fn succeed(&mut self, request: &[u8]) -> anyhow::Result<&[u8]> {
        let reply = self.send(request).await?;
        if !(200..300).contains(&reply.status) {
            bail!("{}: {}", reply.status, String::from_utf8_lossy(reply.body));
        }
        Ok(reply.body)
    }

    async fn read_more(&mut self) -> anyhow::Result<()> {
        ensure!(self.buffer.len() < Self::REPLY_BYTES_MAX, "a reply without an end");
        let count = self.stream.read_buf(&mut self.buffer).await?;
        ensure!(count > 0, "the connection was closed");
        Ok(())
    }
}
