//! CPU time of threads, as the kernel accounts for it: what work cost, and how long threads waited for a CPU.
//!
//! Wall time says how long something took. It includes the time in which other programs had the CPU (run delay,
//! preemption, a container's CPU quota), so it cannot say whose fault a delay is. CPU time can. CPU time that a
//! hypervisor takes away (steal) counts as time that the thread ran, on kernels that do not account for it.

use std::{
    fs::File,
    future::poll_fn,
    io,
    os::unix::fs::FileExt,
    pin::pin,
    thread::ThreadId,
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};

/// Bytes of one line of `schedstat`: three numbers of up to 20 digits.
const SCHEDSTAT_BYTES: usize = 64;

/// Returns the CPU time that the calling thread has used. Costs a system call of some 200 ns.
pub(super) fn thread_cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Runs a future and measures the CPU time that its polls used, on whichever threads they were.
pub async fn with_cpu_time<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let mut work = pin!(work);
    let mut used = Duration::ZERO;
    let output = poll_fn(|context| {
        let before = thread_cpu_time();
        let poll = work.as_mut().poll(context);
        used += thread_cpu_time().saturating_sub(before);
        poll
    })
    .await;
    (output, used)
}

/// How threads spent an interval, all of them added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ThreadUsage {
    /// They ran on a CPU.
    pub(super) ran: Duration,
    /// They were ready to run, and something else had the CPU.
    pub(super) run_delay: Duration,
    /// They had nothing to do.
    pub(super) slept: Duration,
    /// The mean of `run_delay` over the times that a thread wanted a CPU.
    pub(super) run_delay_mean: Duration,
}

impl ThreadUsage {
    /// Returns the CPU time that the threads could have had: what they used and what they did not ask for.
    pub(super) fn available(&self) -> Duration {
        self.ran + self.slept
    }

    /// Returns the part of [`ThreadUsage::available`] that was used, from 0 to 1.
    pub(super) fn utilisation(&self) -> f64 {
        part(self.ran, self.available())
    }

    /// Returns the part of the time in which the threads had work that they ran, from 0 to 1.
    pub(super) fn cpu_share(&self) -> f64 {
        part(self.ran, self.ran + self.run_delay)
    }
}

fn part(part: Duration, whole: Duration) -> f64 {
    if whole.is_zero() { 1.0 } else { part.div_duration_f64(whole) }
}

/// The threads of an async runtime, as far as they were met, and what the kernel's scheduler says of each.
#[derive(Debug)]
pub(super) struct RuntimeThreads {
    /// Threads of the runtime.
    count: usize,
    met: Vec<Met>,
    /// From when on usage is measured.
    since: Instant,
}

#[derive(Debug)]
struct Met {
    id: ThreadId,
    /// `/proc/{process}/task/{thread}/schedstat`.
    file: File,
    last: SchedStat,
    /// When it was read.
    read: Instant,
}

/// Totals since the thread began.
#[derive(Debug, Clone, Copy)]
struct SchedStat {
    ran: Duration,
    run_delay: Duration,
    /// Times that it got a CPU.
    slices: u64,
}

impl RuntimeThreads {
    pub(super) fn new(count: usize, now: Instant) -> Self {
        Self { count: count.max(1), met: Vec::new(), since: now }
    }

    /// Measures the calling thread from now on. Cheap when it was met before.
    pub(super) fn meet_current(&mut self, now: Instant) {
        let id = std::thread::current().id();
        if self.met.len() >= self.count || self.met.iter().any(|met| met.id == id) {
            return;
        }
        // Kernels without it (other systems, some sandboxes): see `usage`.
        let Ok(file) = File::open("/proc/thread-self/schedstat") else {
            return;
        };
        if let Ok(last) = SchedStat::read(&file) {
            self.met.push(Met { id, file, last, read: now });
        }
    }

    /// Returns the usage of all threads since the last call. Threads not met are taken to be like the others. When the
    /// kernel tells nothing, all of them count as running all the time.
    pub(super) fn usage(&mut self, now: Instant) -> ThreadUsage {
        let whole = now.saturating_duration_since(self.since) * u32::try_from(self.count).unwrap_or(u32::MAX);
        self.since = now;
        let (mut ran, mut run_delay, mut slices) = (Duration::ZERO, Duration::ZERO, 0);
        let mut observed = Duration::ZERO;
        // A thread that ended cannot be read.
        self.met.retain_mut(|met| {
            let Ok(stat) = SchedStat::read(&met.file) else {
                return false;
            };
            ran += stat.ran.saturating_sub(met.last.ran);
            run_delay += stat.run_delay.saturating_sub(met.last.run_delay);
            slices += stat.slices.saturating_sub(met.last.slices);
            observed += now.saturating_duration_since(met.read);
            (met.last, met.read) = (stat, now);
            true
        });
        if observed.is_zero() {
            return ThreadUsage { ran: whole, ..ThreadUsage::default() };
        }
        // A wait counts when it ends, and time on a CPU by the tick: either may belong to the time before in part.
        let run_delay_mean = run_delay / u32::try_from(slices.max(1)).unwrap_or(u32::MAX);
        let run_delay = run_delay.min(observed);
        let ran = ran.min(observed.saturating_sub(run_delay));
        let scale = whole.div_duration_f64(observed);
        ThreadUsage {
            ran: ran.mul_f64(scale),
            run_delay: run_delay.mul_f64(scale),
            slept: observed.saturating_sub(ran + run_delay).mul_f64(scale),
            run_delay_mean,
        }
    }
}

impl SchedStat {
    fn read(file: &File) -> io::Result<Self> {
        let mut bytes = [0; SCHEDSTAT_BYTES];
        let read = file.read_at(&mut bytes, 0)?;
        Self::parse(&bytes[..read]).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Parses `ran run_delay timeslices`, the first two in nanoseconds.
    fn parse(line: &[u8]) -> Option<Self> {
        let mut numbers = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
        let mut next = || numbers.next()?.parse().ok();
        let (ran, run_delay) = (Duration::from_nanos(next()?), Duration::from_nanos(next()?));
        Some(Self { ran, run_delay, slices: next()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn burn(time: Duration) {
        let before = thread_cpu_time();
        while thread_cpu_time() - before < time {}
    }

    #[test]
    fn usage_adds_up_to_the_time_of_all_threads_and_work_counts_as_running() {
        let begun = Instant::now();
        let mut threads = RuntimeThreads::new(2, begun);
        threads.meet_current(begun);
        threads.meet_current(begun);
        assert!(threads.met.len() <= 1, "met once");
        burn(Duration::from_millis(100));
        let now = Instant::now();
        let usage = threads.usage(now);
        let whole = 2 * (now - begun);
        let sum = usage.ran + usage.run_delay + usage.slept;
        assert!(sum.abs_diff(whole) < Duration::from_millis(1), "{usage:?} is not {whole:?}");
        // The other thread is taken to be like this one. The kernel adds up by the tick, of up to 10 ms.
        assert!(usage.ran > Duration::from_millis(150), "{usage:?}");
        std::thread::sleep(Duration::from_millis(100));
        let usage = threads.usage(Instant::now());
        if !threads.met.is_empty() {
            assert!(usage.utilisation() < 0.5, "{usage:?}");
        }
    }

    #[test]
    fn without_scheduler_statistics_threads_count_as_running() {
        let begun = Instant::now();
        let later = begun + Duration::from_millis(100);
        let usage = RuntimeThreads::new(3, begun).usage(later);
        assert_eq!(usage, ThreadUsage { ran: Duration::from_millis(300), ..ThreadUsage::default() });
        assert_eq!((usage.utilisation(), usage.cpu_share()), (1.0, 1.0));
    }

    #[test]
    fn a_line_of_the_kernel_is_read_and_another_is_not() {
        let stat = SchedStat::parse(b"1500 2500 3\n").expect("numbers");
        assert_eq!((stat.ran.as_nanos(), stat.run_delay.as_nanos(), stat.slices), (1500, 2500, 3));
        for line in ["", "1500", "1500 2500", "a b c"] {
            assert!(SchedStat::parse(line.as_bytes()).is_none(), "{line:?}");
        }
    }

    #[tokio::test]
    async fn waiting_costs_no_cpu_time() {
        let (answer, used) = with_cpu_time(async {
            burn(Duration::from_millis(5));
            tokio::time::sleep(Duration::from_millis(200)).await;
            burn(Duration::from_millis(5));
            7
        })
        .await;
        assert_eq!(answer, 7);
        assert!((10..100).contains(&used.as_millis()), "{used:?}");
    }
}
