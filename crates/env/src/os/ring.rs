//! Rings: a durable write that is on its way while its caller works on.
//!
//! Why: a device takes a hundred microseconds for a durable write, and a thread that waits in the
//! call can do nothing else. Handing the write to another thread costs as much as is won; the
//! kernel's submission rings (`io_uring`) take it without one.
//!
//! Picture:
//! ```text
//!   submit ──▶ device ··················▶ completion
//!     └──── meanwhile ────┘└─── wait ────┘
//! ```
//! Invariants: the bytes stay borrowed until the kernel is done with them, also if `meanwhile`
//! panics. Not here: what to do where there are no rings. Containers often forbid them, so
//! [`Ring::take`] may give none, and then the caller writes as before.

use io_uring::{IoUring, opcode, types};
use parking_lot::Mutex;
use std::fs::File;
use std::io;
use std::marker::PhantomData;
use std::os::fd::AsRawFd;
use std::sync::OnceLock;

/// A ring has one write under way at a time.
const ENTRY_COUNT: u32 = 2;

/// Rings that nobody uses at the moment: about as many as contexts that write at the same time.
static IDLE: Mutex<Vec<IoUring>> = Mutex::new(Vec::new());

/// Whether the system has rings, found out once.
static AVAILABLE: OnceLock<bool> = OnceLock::new();

/// A ring that is this caller's alone.
pub(super) struct Ring(IoUring);

impl Ring {
    /// A ring, if the system has any for us.
    pub(super) fn take() -> Option<Self> {
        if AVAILABLE.get() == Some(&false) {
            return None;
        }
        let idle = IDLE.lock().pop();
        idle.or_else(|| make().ok()).map(Self)
    }

    /// Whether there are rings at all.
    pub(super) fn is_available() -> bool {
        *AVAILABLE.get_or_init(|| match make() {
            Ok(ring) => {
                IDLE.lock().push(ring);
                true
            }
            Err(_) => false,
        })
    }

    /// Writes `bytes` at `at`, with `meanwhile` in between; gives how many were written. `None`: the
    /// write could not be begun, nothing was done, and `meanwhile` was not called.
    pub(super) fn write(
        mut self,
        file: &File,
        bytes: &[u8],
        at: u64,
        meanwhile: &mut dyn FnMut(),
    ) -> Option<io::Result<usize>> {
        let flight = Flight::begin(&mut self.0, file, bytes, at)?;
        meanwhile();
        let written = flight.finish();
        // One that said no is given up, with whatever it may still have under way.
        if written.is_ok() {
            IDLE.lock().push(self.0);
        }
        Some(written)
    }
}

fn make() -> io::Result<IoUring> {
    // Completions need not interrupt the caller's work; kernels before 5.19 do not know that wish.
    let polite = IoUring::builder().setup_coop_taskrun().build(ENTRY_COUNT);
    polite.or_else(|_| IoUring::new(ENTRY_COUNT))
}

/// A write on its way. Dropping it waits for its end.
struct Flight<'a> {
    ring: &'a mut IoUring,
    has_landed: bool,
    _bytes: PhantomData<&'a [u8]>,
}

impl<'a> Flight<'a> {
    fn begin(ring: &'a mut IoUring, file: &'a File, bytes: &'a [u8], at: u64) -> Option<Self> {
        let count = u32::try_from(bytes.len()).ok()?;
        let handle = types::Fd(file.as_raw_fd());
        let write = opcode::Write::new(handle, bytes.as_ptr(), count).offset(at).build();
        #[expect(unsafe_code, reason = "the kernel is given an address")]
        // SAFETY: rule "operands outlive the operation". `Flight` borrows file and bytes, never
        // leaves this module, and waits for the completion before it ends, also when it unwinds.
        // The kernel only reads from the address.
        unsafe {
            ring.submission().push(&write).ok()?;
        }
        // What is not submitted is never looked at: the ring is given up with it.
        let submitted = ring.submit().ok()?;
        assert_eq!(submitted, 1, "a ring has one write under way");
        Some(Self { ring, has_landed: false, _bytes: PhantomData })
    }

    /// Waits for the end.
    fn finish(mut self) -> io::Result<usize> {
        self.land()
    }

    fn land(&mut self) -> io::Result<usize> {
        loop {
            if let Some(completion) = self.ring.completion().next() {
                self.has_landed = true;
                let result = completion.result();
                return usize::try_from(result).map_err(|_| io::Error::from_raw_os_error(-result));
            }
            match self.ring.submit_and_wait(1) {
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if !self.has_landed {
            // Unwinding: nobody hears how it ended, and nobody may touch the bytes before.
            drop(self.land());
        }
    }
}
