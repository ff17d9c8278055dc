//! Which jobs a lock has to do with: those of every queue are compared with the locks that jobs take.
//!
//! Locks are looked at before queues: who takes a job off its queue takes the job first and its overlap lock then, so a
//! holder that comes late has a lock that was not looked at.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use chrono::{DateTime, Utc};

use super::{Dependent, JobName, Names, Role};
use crate::{
    Result,
    laravel::{
        lock_name::{self, LockName},
        payload::{Command, Payload},
        queue::{Lying, Next, Part, QueuePlace},
    },
};

/// Jobs that are compared at most.
const MOST: u64 = 2_000_000;
/// Jobs of a lock that are told one by one.
const LISTED: usize = 5;
/// A job moves from ready to reserved, from there to delayed, and to ready again: one that moves once while it is looked
/// for is met all the same.
const ROUND: [Part; 4] = [Part::Ready, Part::Reserved, Part::Delayed, Part::Ready];

/// The jobs of one lock.
#[derive(Debug, Clone, Default)]
pub(super) struct Jobs {
    /// The first few, those that hold it before others.
    pub(super) listed: Vec<Dependent>,
    pub(super) holds: u64,
    pub(super) perhaps: u64,
    pub(super) blocked: u64,
}

impl Jobs {
    fn add(&mut self, job: Dependent) {
        *match job.role {
            Role::Holds => &mut self.holds,
            Role::Perhaps => &mut self.perhaps,
            Role::Blocked => &mut self.blocked,
        } += 1;
        let at = self.listed.partition_point(|listed| listed.role <= job.role);
        self.listed.insert(at, job);
        self.listed.truncate(LISTED);
    }
}

/// What was compared.
#[derive(Debug, Clone, Default)]
pub(super) struct Compared {
    /// The jobs of each lock, in the order of the locks.
    pub(super) jobs: Vec<Jobs>,
    /// Jobs that were looked at.
    pub(super) looked_at: u64,
    /// Whether there were more than are compared.
    pub(super) more: bool,
}

/// A lock that jobs take.
#[derive(Debug, Clone, Copy)]
struct OfJobs {
    at: usize,
    is_unique: bool,
}

/// Locks by what a job tells.
struct Search<'a> {
    names: &'a Names,
    exact: HashMap<String, Vec<OfJobs>>,
    of_class: HashMap<String, Vec<OfJobs>>,
    /// Whether a class is hidden behind its hash.
    hashed: bool,
    met: HashSet<(usize, Role, u64)>,
    compared: Compared,
}

/// Compares the jobs of every queue with these locks, by their names.
///
/// # Errors
/// A place does not answer, or has no such table.
pub(super) async fn compare(locks: &[&str], places: &[QueuePlace<'_>], names: &Names) -> Result<Compared> {
    let mut search = Search::new(locks, names);
    if search.exact.is_empty() {
        return Ok(search.compared);
    }
    for place in places {
        let queues = place.queues();
        let now = queues.now().await?;
        for queue in queues.names().await? {
            for (round, part) in ROUND.into_iter().enumerate() {
                let mut take = |lying: Lying| {
                    search.compared.looked_at += u64::from(round < 3);
                    if search.compared.looked_at > MOST {
                        search.compared.more = true;
                        return Ok(Next::Enough);
                    }
                    search.take(place, &queue, &lying, now);
                    Ok(Next::Go)
                };
                queues.each(&queue, part, &mut take).await?;
            }
        }
    }
    Ok(search.compared)
}

impl<'a> Search<'a> {
    fn new(locks: &[&str], names: &'a Names) -> Self {
        let mut search = Search {
            names,
            exact: HashMap::new(),
            of_class: HashMap::new(),
            hashed: false,
            met: HashSet::new(),
            compared: Compared { jobs: vec![Jobs::default(); locks.len()], ..Compared::default() },
        };
        for (at, name) in locks.iter().enumerate() {
            let (class, is_unique) = match LockName::read(name) {
                LockName::Unique { class, .. } => (Some(class), true),
                LockName::Overlap { class, .. } => (class, false),
                LockName::Schedule { .. } | LockName::ScheduleMinute { .. } | LockName::Other(_) => continue,
            };
            let lock = OfJobs { at, is_unique };
            search.exact.entry((*name).to_owned()).or_default().push(lock);
            if let Some(class) = class {
                search.hashed |= lock_name::is_hash(&class);
                search.of_class.entry(class).or_default().push(lock);
            }
        }
        search
    }

    fn take(&mut self, place: &QueuePlace<'_>, queue: &str, lying: &Lying, now: DateTime<Utc>) {
        let Ok(payload) = Payload::read(&lying.payload) else { return };
        let job = Job::read(&payload, self.names, self.hashed);
        let stuck = lying.part == Part::Reserved && lying.until.is_some_and(|until| until <= now);
        let mut roles: Vec<(usize, Role)> = Vec::new();
        for lock in job.locks.iter().flat_map(|name| self.exact.get(name).into_iter().flatten()) {
            roles.extend(job.role(lock.is_unique, lying.part, stuck).map(|role| (lock.at, role)));
        }
        for lock in job.classes.iter().flat_map(|class| self.of_class.get(class).into_iter().flatten()) {
            let told = if lock.is_unique { job.tells_unique } else { job.tells_overlap };
            if !told && job.role(lock.is_unique, lying.part, stuck) == Some(Role::Holds) {
                roles.push((lock.at, Role::Perhaps));
            }
        }
        let mut id = DefaultHasher::new();
        payload.uuid().map_or(payload.text().into(), |uuid| uuid).hash(&mut id);
        for (at, role) in roles {
            if self.met.insert((at, role, id.finish())) {
                self.compared.jobs[at].add(Dependent {
                    role,
                    connection: place.connection.name.clone(),
                    queue: queue.to_owned(),
                    part: lying.part,
                    stuck,
                    uuid: payload.uuid().map(Into::into),
                });
            }
        }
    }
}

/// What a job tells of its locks.
struct Job {
    /// Names that it takes for sure, if it takes any.
    locks: Vec<String>,
    /// How its class may stand in a lock's name.
    classes: Vec<String>,
    tells_unique: bool,
    tells_overlap: bool,
    until_processing: bool,
}

impl Job {
    fn read(payload: &Payload<'_>, names: &Names, hashed: bool) -> Self {
        let class = payload.class();
        let display_name = payload.display_name();
        let mut classes: Vec<String> =
            [&class, &display_name].into_iter().flatten().map(ToString::to_string).collect();
        classes.dedup();
        if hashed && let Some(name) = &display_name {
            classes.push(lock_name::hash(name));
        }
        let known: Option<&JobName> = names.jobs.iter().find(|job| Some(job.class) == class.as_deref());
        let key = known.and_then(|job| match payload.command()? {
            Command::Plain(command) => (job.key)(&command),
            Command::Encrypted(_) => None,
        });
        // Laravel 11.39 and later.
        let unique = payload.hidden("laravel_unique_job_key");
        let mut locks: Vec<String> = unique.iter().cloned().collect();
        if let Some(key) = &key {
            locks.extend(classes.iter().map(|class| lock_name::unique(class, key)));
            locks.extend(classes.iter().map(|class| lock_name::overlap(class, key)));
        }
        locks.sort_unstable();
        locks.dedup();
        Self {
            locks,
            classes,
            tells_unique: key.is_some() || unique.is_some(),
            tells_overlap: key.is_some(),
            until_processing: known.is_some_and(|job| job.until_processing),
        }
    }

    /// How a job in a part of its queue depends on a lock of its name.
    fn role(&self, is_unique: bool, part: Part, stuck: bool) -> Option<Role> {
        match (is_unique, part) {
            // It gave the lock back when it began.
            (true, Part::Reserved) if self.until_processing => None,
            (true, _) => Some(Role::Holds),
            (false, Part::Reserved) if !stuck => Some(Role::Holds),
            (false, _) => Some(Role::Blocked),
        }
    }
}
