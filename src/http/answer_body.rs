//! Answers on their way: in pieces, each of which its reader must take in time.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::Instant;
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use super::{activity::UnderWay, admission::Ticket};

/// Largest piece of an answer that is handed to a connection: what it holds beside its own buffer.
const PIECE_BYTES_MAX: usize = 64 << 10;

/// What breaks an answer off that its reader does not take.
#[derive(Clone)]
pub(super) struct StallWatch {
    /// Longest time that a piece may wait for its reader.
    pub limit: Duration,
    /// Where the watches run.
    pub tasks: TaskTracker,
    /// Ends the answer.
    pub broken_off: CancellationToken,
}

/// The body of an answer. While it is there its request is under way, and holds what its ticket says.
pub(super) struct AnswerBody {
    inner: Body,
    /// What is left of a piece that was too long.
    rest: Bytes,
    watch: StallWatch,
    /// There once the first piece of several was handed over.
    taken: Option<Watched>,
    _under_way: UnderWay,
    _ticket: Option<Ticket>,
}

/// An answer that is watched until this is dropped.
struct Watched {
    taken: Arc<Taken>,
    _ended: DropGuard,
}

impl StallWatch {
    /// Watches an answer of which a piece was just handed over.
    fn begin(&self) -> Watched {
        let taken = Arc::new(Taken { began: Instant::now(), handed_over: AtomicU64::new(1) });
        let (limit, broken_off, ended) = (self.limit, self.broken_off.clone(), CancellationToken::new());
        let watched = Watched { taken: Arc::clone(&taken), _ended: ended.clone().drop_guard() };
        let watch = async move {
            let mut wait = limit;
            while !wait.is_zero() {
                tokio::time::sleep(wait).await;
                wait = taken.left(limit);
            }
            tracing::info!("http.stalled: a client reads nothing of its answer, which is broken off");
            broken_off.cancel();
        };
        self.tasks.spawn(async move { ended.run_until_cancelled(watch).await });
        watched
    }
}

/// When the reader took a piece.
struct Taken {
    began: Instant,
    /// Milliseconds since `began` at which a piece was handed over; 0 while the reader waits for one.
    handed_over: AtomicU64,
}

impl AnswerBody {
    /// Wraps an answer.
    pub fn wrap(mut response: Response, under_way: UnderWay, watch: StallWatch) -> Response<Self> {
        let ticket = response.extensions_mut().remove::<Ticket>();
        response.map(|inner| Self {
            inner,
            rest: Bytes::new(),
            watch,
            taken: None,
            _under_way: under_way,
            _ticket: ticket,
        })
    }

    /// Returns the next piece of `rest`.
    fn piece(&mut self) -> Bytes {
        self.rest.split_to(self.rest.len().min(PIECE_BYTES_MAX))
    }

    fn hand_over(&mut self, data: Bytes) -> Frame<Bytes> {
        self.rest = data;
        let piece = self.piece();
        if !self.is_end() {
            match &self.taken {
                Some(watched) => watched.taken.hand_over(),
                None => self.taken = Some(self.watch.begin()),
            }
        }
        Frame::data(piece)
    }

    fn is_end(&self) -> bool {
        self.rest.is_empty() && http_body::Body::is_end_stream(&self.inner)
    }
}

impl Taken {
    fn hand_over(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.handed_over.store(now.max(1), Ordering::Release);
    }

    fn ask(&self) {
        self.handed_over.store(0, Ordering::Release);
    }

    /// How long the reader may still take; zero when it took too long.
    fn left(&self, limit: Duration) -> Duration {
        match self.handed_over.load(Ordering::Acquire) {
            // The answer makes its reader wait.
            0 => limit,
            at => (Duration::from_millis(at) + limit).saturating_sub(self.began.elapsed()),
        }
    }
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(watched) = &self.taken {
            watched.taken.ask();
        }
        if !self.rest.is_empty() {
            let rest = std::mem::take(&mut self.rest);
            return Poll::Ready(Some(Ok(self.hand_over(rest))));
        }
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(context));
        Poll::Ready(match frame {
            Some(Ok(frame)) => Some(Ok(match frame.into_data() {
                Ok(data) => self.hand_over(data),
                Err(trailers) => trailers,
            })),
            other => other,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.is_end()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.len() as u64;
        let inner = self.inner.size_hint();
        let mut hint = SizeHint::new();
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + rest);
        }
        hint.set_lower(inner.lower() + rest);
        hint
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Version;
    use http_body_util::BodyExt;

    use super::*;
    use crate::http::activity::Activity;

    const LIMIT: Duration = Duration::from_millis(50);

    fn answer(body: Body) -> (AnswerBody, CancellationToken) {
        let broken_off = CancellationToken::new();
        let watch = StallWatch { limit: LIMIT, tasks: TaskTracker::new(), broken_off: broken_off.clone() };
        let under_way = Activity::new().begin(Version::HTTP_11);
        (AnswerBody::wrap(Response::new(body), under_way, watch).into_body(), broken_off)
    }

    #[tokio::test]
    async fn a_long_answer_comes_in_pieces_and_whole_and_leaves_no_task() {
        let text: Vec<u8> = (0..300_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let (mut answer, _) = answer(Body::from(text.clone()));
        let tasks = answer.watch.tasks.clone();
        assert_eq!(http_body::Body::size_hint(&answer).exact(), Some(300_000));
        let mut all = Vec::new();
        while let Some(frame) = answer.frame().await {
            let piece = frame.expect("a piece").into_data().expect("data");
            assert!(piece.len() <= PIECE_BYTES_MAX);
            all.extend_from_slice(&piece);
        }
        assert!(all == text);
        drop(answer);
        tasks.close();
        tokio::time::timeout(LIMIT / 2, tasks.wait()).await.expect("the watch ends with the answer");
    }

    #[tokio::test]
    async fn an_answer_that_is_not_read_is_broken_off() {
        let (mut unread, broken_off) = answer(Body::from(vec![0; 300_000]));
        let _first = unread.frame().await.expect("a piece");
        tokio::time::timeout(100 * LIMIT, broken_off.cancelled()).await.expect("in time");
    }

    #[tokio::test]
    async fn an_answer_whose_reader_waits_is_not() {
        let pieces = futures::stream::unfold(0, async |n| {
            tokio::time::sleep(LIMIT * 3 / 2).await;
            (n < 4).then_some((Ok::<_, std::io::Error>(Bytes::from_static(b"x")), n + 1))
        });
        let (waited_for, broken_off) = answer(Body::from_stream(pieces));
        assert_eq!(waited_for.collect().await.expect("whole").to_bytes(), "xxxx");
        assert!(!broken_off.is_cancelled());
    }
}
