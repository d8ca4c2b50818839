//! What a reader gives up before it sees a photo: memory and CPU beyond its share, new files,
//! network, other processes.
//!
//! Landlock (Linux 5.13) refuses files, TCP and signals to others; seccomp refuses every system
//! call that is not on a short list, with EPERM, so that a library that tries one sees an error and
//! not a death. Where the kernel has neither, readers still run as processes with limits and a
//! deadline, and the pool says so once. Safe interfaces only.

use serde::{Deserialize, Serialize};

/// Which doors are shut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    /// No file and no TCP port can be opened.
    pub landlock: bool,
    /// Only the listed system calls are let through.
    pub seccomp: bool,
}

impl Confinement {
    /// What is missing, for a warning; `None` if nothing is.
    pub fn lacks(self) -> Option<&'static str> {
        match (self.landlock, self.seccomp) {
            (true, true) => None,
            (false, true) => Some("landlock"),
            (true, false) => Some("seccomp"),
            (false, false) => Some("landlock and seccomp"),
        }
    }
}

#[cfg(target_os = "linux")]
use linux as system;

#[cfg(not(target_os = "linux"))]
use elsewhere as system;

pub(super) use system::{allow_cpu, die_with_parent, limit, resident_bytes_peak, take_stdout};

/// Shuts the doors, for this thread and every thread it will start, for good: what is open stays
/// usable, nothing new can be opened.
pub fn confine() -> Confinement {
    system::confine()
}

#[cfg(target_os = "linux")]
mod linux {
    use super::Confinement;
    use landlock::{
        ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr,
        RulesetStatus, Scope,
    };
    use nix::sys::{
        prctl,
        resource::{UsageWho, getrusage},
        signal::Signal,
    };
    use rlimit::Resource;
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule, TargetArch,
    };
    use std::{collections::BTreeMap, fs::File, io, os::fd::AsFd};

    /// The kernel kills this process when the thread that started it ends. If that thread ended
    /// before this call, stdin is closed and says so.
    pub(crate) fn die_with_parent() {
        let _ = prctl::set_pdeathsig(Signal::SIGKILL);
    }

    /// Hands over stdout and puts stderr in its place, so that a library that prints cannot break
    /// the frames.
    pub(crate) fn take_stdout() -> io::Result<File> {
        let output = io::stdout().as_fd().try_clone_to_owned()?;
        nix::unistd::dup2_stdout(io::stderr())?;
        Ok(output.into())
    }

    /// Limits that need no kernel feature: address space, no core dump (it would hold photos), no
    /// file growth, no gain of rights.
    pub(crate) fn limit(memory_bytes_max: u64) -> io::Result<()> {
        Resource::AS.set(memory_bytes_max, memory_bytes_max)?;
        Resource::CORE.set(0, 0)?;
        Resource::FSIZE.set(0, 0)?;
        prctl::set_no_new_privs()?;
        Ok(())
    }

    /// Lets the next request use so much CPU and no more, counted from what is used already: the
    /// end of a reader whose pool cannot kill it.
    pub(crate) fn allow_cpu(read_ms_max: u64, threads: usize) {
        let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return };
        let used_s = usage.user_time().tv_sec() + usage.system_time().tv_sec();
        let more_s = (read_ms_max / 1000 + 1) * threads as u64 + 1;
        let soft = used_s.unsigned_abs() + more_s;
        let _ = Resource::CPU.set(soft, rlimit::INFINITY);
    }

    /// Largest resident size so far.
    pub(crate) fn resident_bytes_peak() -> u64 {
        // Linux counts it in KiB.
        getrusage(UsageWho::RUSAGE_SELF).map_or(0, |usage| usage.max_rss().unsigned_abs() * 1024)
    }

    pub(crate) fn confine() -> Confinement {
        Confinement { landlock: landlock().unwrap_or(false), seccomp: seccomp().is_some() }
    }

    fn landlock() -> Result<bool, landlock::RulesetError> {
        let status = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(ABI::V5))?
            .handle_access(AccessNet::from_all(ABI::V5))?
            .scope(Scope::from_all(ABI::V6))?
            .create()?
            .restrict_self()?;
        Ok(status.ruleset != RulesetStatus::NotEnforced)
    }

    fn seccomp() -> Option<()> {
        let arch: TargetArch = std::env::consts::ARCH.try_into().ok()?;
        // clone3 takes its flags by pointer, which a filter cannot follow: told that there is no
        // such call, the C library starts its threads with clone.
        let no_clone3 = SeccompFilter::new(
            BTreeMap::from([(libc::SYS_clone3, vec![])]),
            SeccompAction::Allow,
            SeccompAction::Errno(libc::ENOSYS as u32),
            arch,
        );
        let listed = SeccompFilter::new(
            allowed_calls()?,
            SeccompAction::Errno(libc::EPERM as u32),
            SeccompAction::Allow,
            arch,
        );
        for filter in [no_clone3, listed] {
            let program: BpfProgram = filter.ok()?.try_into().ok()?;
            seccompiler::apply_filter_all_threads(&program).ok()?;
        }
        Some(())
    }

    /// What reading needs: the pipes that are open, memory, threads, clocks, and a way to end.
    fn allowed_calls() -> Option<BTreeMap<i64, Vec<SeccompRule>>> {
        let mut calls: BTreeMap<i64, Vec<SeccompRule>> =
            ALLOWED_CALLS.iter().map(|&call| (call, vec![])).collect();
        let pid = u64::from(std::process::id());
        let thread = SeccompCmpOp::MaskedEq(libc::CLONE_THREAD as u64);
        let only = [
            // Threads, never processes.
            (libc::SYS_clone, thread, libc::CLONE_THREAD as u64),
            // A signal to itself, which is how abort() works.
            (libc::SYS_tgkill, SeccompCmpOp::Eq, pid),
            // Its own limits: `allow_cpu`.
            (libc::SYS_prlimit64, SeccompCmpOp::Eq, 0),
            (libc::SYS_prctl, SeccompCmpOp::Eq, libc::PR_SET_NAME as u64),
        ];
        for (call, compare, value) in only {
            let condition =
                SeccompCondition::new(0, SeccompCmpArgLen::Dword, compare, value).ok()?;
            calls.insert(call, vec![SeccompRule::new(vec![condition]).ok()?]);
        }
        Some(calls)
    }

    const ALLOWED_CALLS: [i64; 36] = [
        libc::SYS_read,
        libc::SYS_readv,
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_close,
        libc::SYS_fstat,
        libc::SYS_lseek,
        libc::SYS_mmap,
        libc::SYS_mprotect,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_madvise,
        libc::SYS_brk,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
        libc::SYS_sched_yield,
        libc::SYS_sched_getaffinity,
        libc::SYS_nanosleep,
        libc::SYS_clock_nanosleep,
        libc::SYS_clock_gettime,
        libc::SYS_clock_getres,
        libc::SYS_gettimeofday,
        libc::SYS_getpid,
        libc::SYS_gettid,
        libc::SYS_getrandom,
        libc::SYS_getrusage,
        libc::SYS_futex,
        libc::SYS_membarrier,
        libc::SYS_set_robust_list,
        libc::SYS_rseq,
        libc::SYS_clone3,
        libc::SYS_restart_syscall,
        libc::SYS_exit,
        libc::SYS_exit_group,
    ];
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use super::Confinement;
    use std::io;

    pub(crate) fn die_with_parent() {}

    pub(crate) fn take_stdout() -> io::Result<io::Stdout> {
        Ok(io::stdout())
    }

    pub(crate) fn limit(_memory_bytes_max: u64) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn allow_cpu(_read_ms_max: u64, _threads: usize) {}

    pub(crate) fn resident_bytes_peak() -> u64 {
        0
    }

    pub(crate) fn confine() -> Confinement {
        Confinement::default()
    }
}
