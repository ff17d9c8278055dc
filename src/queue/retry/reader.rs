//! The next failed jobs of a run, read and judged without locks, while those before them are written: a failed job is
//! never changed, only added and deleted.

use std::collections::{HashMap, VecDeque};

use super::{
    candidates::{Candidate, Candidates, WINDOW, Walk},
    judge::{Form, Rules, Verdict},
    patiently,
};
use crate::Result;

/// Bytes of the payloads of a chunk, beside those of a single one.
const CHUNK_BYTES: i64 = 4 << 20;
/// Bytes of the largest payload that is read.
pub(super) const LARGEST: i64 = 64 << 20;
/// Jobs that are judged before others get their turn: what is written meanwhile must not wait for long.
const TURN: usize = 50;

/// What queues want of payloads, by connection, as far as it is known.
pub(super) type Forms = HashMap<String, Form>;

/// Reads and judges.
pub(super) struct Reader<'a> {
    pub candidates: &'a Candidates<'a>,
    pub rules: Rules,
    pub walk: Walk,
    /// What was read beyond the last chunk.
    pub rest: VecDeque<Candidate>,
}

impl Reader<'_> {
    /// The next chunk, at most so many jobs; an empty one behind the last. Large payloads are read when it is its turn,
    /// so that no more of them are in memory than one chunk has.
    pub(super) async fn next(&mut self, most: usize, forms: &Forms) -> Result<Vec<Candidate>> {
        if most == 0 {
            return Ok(Vec::new());
        }
        while self.rest.is_empty() {
            match patiently(async || self.candidates.next(&mut self.walk, most).await).await? {
                Some(window) => self.rest = window.into(),
                None => return Ok(Vec::new()),
            }
        }
        let length = length(&self.rest, most);
        let mut chunk: Vec<Candidate> = self.rest.drain(..length).collect();
        self.judge(&mut chunk, forms).await;
        Ok(chunk)
    }

    /// Reads and judges what is left of a chunk whose turn it is.
    pub(super) async fn finish(&self, chunk: &mut [Candidate], forms: &Forms) -> Result<()> {
        patiently(async || self.candidates.read_large(chunk, LARGEST).await).await?;
        self.judge(chunk, forms).await;
        Ok(())
    }

    /// Judges what was not judged yet, of connections that are known.
    async fn judge(&self, chunk: &mut [Candidate], forms: &Forms) {
        for some in chunk.chunks_mut(TURN) {
            for candidate in some {
                if let Some(form) = forms.get(&candidate.failed.connection) {
                    candidate.judge(&self.rules, *form);
                }
            }
            tokio::task::yield_now().await;
        }
    }
}

impl Candidate {
    fn judge(&mut self, rules: &Rules, form: Form) {
        if self.judged.is_some() || !self.is_read {
            return;
        }
        let judged = rules.judge(&self.failed.payload, form);
        let is_pushed = matches!(&judged.verdict, Verdict::Push(job) if job.edited.is_none());
        if !is_pushed || form == Form::Here {
            self.failed.payload = Vec::new(); // its bytes are not needed any more
        }
        self.judged = Some(judged);
    }
}

/// How many of these one chunk takes: some jobs, some bytes, and one at least.
fn length(candidates: &VecDeque<Candidate>, most: usize) -> usize {
    let mut bytes = 0;
    let fits = |candidate: &&Candidate| {
        bytes += candidate.bytes;
        bytes <= CHUNK_BYTES
    };
    candidates.iter().take(most.min(WINDOW)).take_while(fits).count().max(1)
}
