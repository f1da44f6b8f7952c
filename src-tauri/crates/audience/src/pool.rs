//! Threads for what may block, apart from those that everybody shares: whatever the audience asks
//! for, and however long a disk takes, nobody else waits for it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};

type Job = Box<dyn FnOnce() + Send>;

/// Some threads and a queue. They end with it, after the job that each has.
pub(crate) struct Pool {
    jobs: mpsc::Sender<Job>,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// The queue is full.
    Busy,
    /// The job panicked, or no thread is left.
    Failed,
}

impl Pool {
    /// `threads` of this name, for which `waiting` jobs may wait.
    ///
    /// # Errors
    ///
    /// When the system gives no thread. None is left behind.
    pub(crate) fn start(name: &str, threads: usize, waiting: usize) -> std::io::Result<Self> {
        let (jobs, queue) = mpsc::channel::<Job>(waiting);
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..threads {
            let queue = queue.clone();
            std::thread::Builder::new().name(name.to_owned()).spawn(move || {
                while let Some(job) = next(&queue) {
                    // Its answer is missed where it panics; the thread goes on.
                    let _ = catch_unwind(AssertUnwindSafe(job));
                }
            })?;
        }
        Ok(Self { jobs })
    }

    /// Does `work` on one of the threads, if it can wait there.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`] says why it was not done.
    pub(crate) async fn try_run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NoAnswer> {
        let (job, answer) = job(work);
        self.jobs.try_send(job).map_err(|_| NoAnswer::Busy)?;
        answer.await.map_err(|_| NoAnswer::Failed)
    }

    /// Does `work` on one of the threads, as soon as it can wait there.
    ///
    /// # Errors
    ///
    /// [`NoAnswer::Failed`] where it panicked.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NoAnswer> {
        let (job, answer) = job(work);
        self.jobs.send(job).await.map_err(|_| NoAnswer::Failed)?;
        answer.await.map_err(|_| NoAnswer::Failed)
    }
}

/// Whoever waits for a job holds the lock, and the others wait for that.
fn next(queue: &Mutex<mpsc::Receiver<Job>>) -> Option<Job> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv()
}

fn job<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> (Job, oneshot::Receiver<T>) {
    let (sender, answer) = oneshot::channel();
    let job = Box::new(move || {
        // Whoever asked may have gone.
        let _ = sender.send(work());
    });
    (job, answer)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_job_that_panics_takes_no_thread_with_it() {
        let pool = Pool::start("test", 1, 1).unwrap();
        assert_eq!(pool.run(|| panic!("a test wants it so")).await, Err::<(), _>(NoAnswer::Failed));
        assert_eq!(pool.run(|| 7).await, Ok(7));
    }

    #[tokio::test]
    async fn what_finds_no_place_in_the_queue_is_refused_or_waits() {
        let pool = Arc::new(Pool::start("test", 1, 1).unwrap());
        let (begun, has_begun) = mpsc::channel();
        let (go_on, going_on) = mpsc::channel::<()>();
        let blocked = tokio::spawn({
            let pool = pool.clone();
            async move {
                pool.run(move || {
                    begun.send(()).unwrap();
                    going_on.recv().unwrap();
                })
                .await
            }
        });
        tokio::task::spawn_blocking(move || has_begun.recv()).await.unwrap().unwrap();
        let mut queued = std::pin::pin!(pool.try_run(|| 1));
        assert!(queued.as_mut().now_or_never().is_none());
        assert_eq!(pool.try_run(|| 2).await, Err(NoAnswer::Busy));
        let mut waiting = std::pin::pin!(pool.run(|| 3));
        assert!(waiting.as_mut().now_or_never().is_none());
        go_on.send(()).unwrap();
        assert_eq!((queued.await, waiting.await, blocked.await.unwrap()), (Ok(1), Ok(3), Ok(())));
    }
}
