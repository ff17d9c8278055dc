//! Crash points: named places between two steps, at which a test build can be killed or held. A release build passes
//! them without a look.
//!
//! The binary arms one point from the environment; `tests/crashes.rs` walks over all of them.

/// A place between two steps of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// The run lock is taken.
    AfterLock,
    /// Due events were picked, without locks.
    AfterCandidates,
    /// The run lock was proven and extended, before a chunk.
    AfterRenew,
    /// The chunk's transaction has begun and its events are locked.
    AfterSelect,
    /// The chunk's bodies were read.
    AfterBodies,
    /// The chunk's payments are locked.
    AfterFind,
    /// The chunk's payments are changed.
    AfterPayments,
    /// The chunk's events are claimed for the queue, and no job is pushed.
    BeforePush,
    /// The chunk's jobs are pushed, and its claims not committed.
    AfterPush,
    /// The chunk's events are changed.
    BeforeCommit,
    /// The chunk is durable, and nobody has been told.
    AfterCommit,
    /// The attempt of an event whose rows cannot be changed is counted.
    BeforeAsideCommit,
    /// That attempt is durable.
    AfterAsideCommit,
    /// The work is done; the run lock is still held.
    BeforeRelease,
    /// The run lock is given back; the end is not in the journal.
    AfterRelease,
    /// The database's migration lock is taken.
    MigrationLocked,
    /// A migration that one transaction cannot hold is recorded as begun.
    MigrationBegun,
    /// A statement is recorded as begun, and not sent.
    StatementBegun,
    /// A statement is done, and not recorded as such.
    StatementRun,
    /// A statement is recorded as done.
    StatementDone,
    /// A migration, or rows that one changes, have not been committed.
    MigrationCommit,
    /// A migration is durable, and nobody has been told.
    MigrationDone,
    /// All is done; the migration lock is still held.
    MigrationRelease,
    /// A provisioning and its steps are recorded; its cluster was not touched.
    ProvisionBegun,
    /// A step is recorded as begun.
    StepBegun,
    /// A step's rows are written, and not committed.
    StepCommit,
    /// A step's rows are durable, and the step is not marked.
    StepCommitted,
    /// A step is marked as done.
    StepMarked,
    /// All steps are done; the run still is live.
    ProvisionEnd,
    /// The run has ended, and nobody has been told.
    ProvisionEnded,
    /// The failed jobs of a chunk are claimed: locked, or deleted.
    RetryLocked,
    /// Their unique locks are taken.
    RetryUnique,
    /// They are pushed; those to a table in the same transaction.
    RetryPushed,
    /// They are deleted among the failed ones, and nothing is committed.
    RetryDeleted,
    /// The chunk is durable; Redis still knows what was pushed.
    RetryCommitted,
    /// Redis has forgotten it, and nobody has been told.
    RetrySettled,
    /// The jobs of a chunk may be run: their locks are taken, their events locked.
    WorkLocked,
    /// The jobs are taken.
    WorkTaken,
    /// Those that may not run are written down as failed.
    WorkRecorded,
    /// Their work is done, and not committed.
    WorkDone,
    /// It is durable; a job outside of the transaction still lies in its queue.
    WorkCommitted,
    /// No job of it lies there any more; the locks are still held.
    WorkDeleted,
    /// Locks that are to be cleared were looked at once more, and all of them are there.
    LocksLooked,
    /// A minute of an entry of the schedule is claimed in the table.
    ScheduleClaimed,
    /// The entry's mutex and the key of its minute are taken.
    ScheduleLocked,
    /// Its command has started.
    ScheduleStarted,
    /// Its command has ended, and that is not recorded.
    ScheduleEnded,
    /// Its end is recorded; the mutex is still held.
    ScheduleRecorded,
}

impl Point {
    /// Those of a migration, in the order in which it reaches them.
    pub const MIGRATION: [Point; 8] = [
        Point::MigrationLocked,
        Point::MigrationBegun,
        Point::StatementBegun,
        Point::StatementRun,
        Point::StatementDone,
        Point::MigrationCommit,
        Point::MigrationDone,
        Point::MigrationRelease,
    ];

    /// Those of a provisioning, in the order in which it reaches them.
    pub const PROVISION: [Point; 7] = [
        Point::ProvisionBegun,
        Point::StepBegun,
        Point::StepCommit,
        Point::StepCommitted,
        Point::StepMarked,
        Point::ProvisionEnd,
        Point::ProvisionEnded,
    ];

    /// Those of failed jobs that are retried, in the order in which it reaches them.
    pub const QUEUE_RETRY: [Point; 6] = [
        Point::RetryLocked,
        Point::RetryUnique,
        Point::RetryPushed,
        Point::RetryDeleted,
        Point::RetryCommitted,
        Point::RetrySettled,
    ];

    /// Those of a worker's chunk, in the order in which it reaches them.
    pub const WORK: [Point; 6] = [
        Point::WorkLocked,
        Point::WorkTaken,
        Point::WorkRecorded,
        Point::WorkDone,
        Point::WorkCommitted,
        Point::WorkDeleted,
    ];

    /// Those of an entry of the schedule, in the order in which it reaches them.
    pub const SCHEDULE: [Point; 5] = [
        Point::ScheduleClaimed,
        Point::ScheduleLocked,
        Point::ScheduleStarted,
        Point::ScheduleEnded,
        Point::ScheduleRecorded,
    ];

    /// Those of a run over events, in the order in which it reaches them.
    pub const RETRY: [Point; 13] = [
        Point::AfterLock,
        Point::AfterCandidates,
        Point::AfterRenew,
        Point::AfterSelect,
        Point::AfterBodies,
        Point::AfterFind,
        Point::AfterPayments,
        Point::BeforeCommit,
        Point::AfterCommit,
        Point::BeforeAsideCommit,
        Point::AfterAsideCommit,
        Point::BeforeRelease,
        Point::AfterRelease,
    ];

    /// Those of a run that hands its events to the queue, in the order in which it reaches them.
    pub const ENQUEUE: [Point; 9] = [
        Point::AfterLock,
        Point::AfterCandidates,
        Point::AfterRenew,
        Point::AfterSelect,
        Point::BeforePush,
        Point::AfterPush,
        Point::AfterCommit,
        Point::BeforeRelease,
        Point::AfterRelease,
    ];

    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Point::AfterLock => "after-lock",
            Point::AfterCandidates => "after-candidates",
            Point::AfterRenew => "after-renew",
            Point::AfterSelect => "after-select",
            Point::AfterBodies => "after-bodies",
            Point::AfterFind => "after-find",
            Point::AfterPayments => "after-payments",
            Point::BeforePush => "before-push",
            Point::AfterPush => "after-push",
            Point::BeforeCommit => "before-commit",
            Point::AfterCommit => "after-commit",
            Point::BeforeAsideCommit => "before-aside-commit",
            Point::AfterAsideCommit => "after-aside-commit",
            Point::BeforeRelease => "before-release",
            Point::AfterRelease => "after-release",
            Point::MigrationLocked => "migration-locked",
            Point::MigrationBegun => "migration-begun",
            Point::StatementBegun => "statement-begun",
            Point::StatementRun => "statement-run",
            Point::StatementDone => "statement-done",
            Point::MigrationCommit => "migration-commit",
            Point::MigrationDone => "migration-done",
            Point::MigrationRelease => "migration-release",
            Point::ProvisionBegun => "provision-begun",
            Point::StepBegun => "step-begun",
            Point::StepCommit => "step-commit",
            Point::StepCommitted => "step-committed",
            Point::StepMarked => "step-marked",
            Point::ProvisionEnd => "provision-end",
            Point::ProvisionEnded => "provision-ended",
            Point::RetryLocked => "retry-locked",
            Point::RetryUnique => "retry-unique",
            Point::RetryPushed => "retry-pushed",
            Point::RetryDeleted => "retry-deleted",
            Point::RetryCommitted => "retry-committed",
            Point::RetrySettled => "retry-settled",
            Point::WorkLocked => "work-locked",
            Point::WorkTaken => "work-taken",
            Point::WorkRecorded => "work-recorded",
            Point::WorkDone => "work-done",
            Point::WorkCommitted => "work-committed",
            Point::WorkDeleted => "work-deleted",
            Point::LocksLooked => "locks-looked",
            Point::ScheduleClaimed => "schedule-claimed",
            Point::ScheduleLocked => "schedule-locked",
            Point::ScheduleStarted => "schedule-started",
            Point::ScheduleEnded => "schedule-ended",
            Point::ScheduleRecorded => "schedule-recorded",
        }
    }

    /// From its word.
    pub fn from_name(name: &str) -> Option<Self> {
        let others = Self::RETRY.into_iter().chain(Self::MIGRATION).chain(Self::PROVISION);
        let mut all = others
            .chain(Self::QUEUE_RETRY)
            .chain(Self::ENQUEUE)
            .chain(Self::WORK)
            .chain(Self::SCHEDULE)
            .chain([Point::LocksLooked]);
        all.find(|point| point.name() == name)
    }
}

#[cfg(not(feature = "testing"))]
pub(crate) const fn reach(_: Point) {}

#[cfg(feature = "testing")]
pub use armed::{arm, reach};

#[cfg(feature = "testing")]
mod armed {
    use std::sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    };

    use super::Point;

    struct Armed {
        point: Point,
        left: AtomicU32,
        act: Box<dyn Fn() + Send + Sync>,
    }

    static ARMED: OnceLock<Armed> = OnceLock::new();

    /// From now on, reaching `point` for the `nth` time (the first is 1) calls `act`. Only the first call counts.
    pub fn arm(point: Point, nth: u32, act: impl Fn() + Send + Sync + 'static) {
        let _ = ARMED.set(Armed { point, left: AtomicU32::new(nth), act: Box::new(act) });
    }

    /// Says that a point is reached.
    pub fn reach(point: Point) {
        if let Some(armed) = ARMED.get().filter(|armed| armed.point == point)
            && armed.left.fetch_sub(1, Ordering::SeqCst) == 1
        {
            (armed.act)();
        }
    }
}
