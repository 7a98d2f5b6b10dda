#include "server/runtime/ring.h"

#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "storage/base/check.h"

namespace shoal::runtime {
namespace {

std::string kernel_release() {
  utsname name{};
  return ::uname(&name) == 0 ? name.release : "unknown";
}

// The value of kernel.io_uring_disabled, or -1 where the kernel has no such setting (before 6.6).
int io_uring_disabled() {
  std::ifstream file("/proc/sys/kernel/io_uring_disabled");
  int value = -1;
  return file >> value ? value : -1;
}

std::string why_setup_failed(int error) {
  switch (error) {
    case ENOSYS:
      return "io_uring is not available: the kernel (" + kernel_release() +
             ") lacks it, or a seccomp filter hides it (containers: allow io_uring_setup, io_uring_enter and "
             "io_uring_register in the seccomp profile). Linux 6.1 or later is needed";
    case EPERM:
    case EACCES:
      if (io_uring_disabled() > 0) {
        return "io_uring is forbidden by the sysctl kernel.io_uring_disabled=" +
               std::to_string(io_uring_disabled()) + "; set it with 'sysctl kernel.io_uring_disabled=0'";
      }
      return "io_uring is forbidden, most likely by a seccomp filter or a security module (containers: allow "
             "io_uring_setup, io_uring_enter and io_uring_register in the seccomp profile)";
    case ENOMEM:
      return "the kernel has no memory for io_uring; raise RLIMIT_MEMLOCK ('ulimit -l') or free some memory";
    case EMFILE:
    case ENFILE: return "no file descriptor left for io_uring; raise RLIMIT_NOFILE ('ulimit -n')";
    case EINVAL:
      return "the kernel (" + kernel_release() +
             ") does not know the io_uring features Shoal uses (SINGLE_ISSUER, DEFER_TASKRUN). "
             "Linux 6.1 or later is needed";
    default: return std::string("cannot set up io_uring: ") + std::strerror(error);
  }
}

}  // namespace

Result<std::unique_ptr<Ring>> Ring::create(const RingOptions& options) {
  std::unique_ptr<Ring> made(new Ring);
  io_uring_params parameters{};
  // R_DISABLED: made by whoever starts the cores, who can report a failure; owned by the thread that enables
  // it.
  parameters.flags =
      IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE | IORING_SETUP_R_DISABLED;
  parameters.cq_entries = options.completions;
  const int error = io_uring_queue_init_params(options.submissions, &made->ring_, &parameters);
  if (error != 0) return Failure{why_setup_failed(-error)};
  made->created_ = true;
  if ((parameters.features & IORING_FEAT_EXT_ARG) == 0) return Failure{why_setup_failed(EINVAL)};
  return made;
}

Ring::~Ring() {
  if (created_) io_uring_queue_exit(&ring_);
}

Status Ring::enable() {
  // liburing 2.3 declares io_uring_enable_rings without exporting it.
  if (::syscall(SYS_io_uring_register, ring_.ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0) != 0) {
    return Failure{std::string("cannot enable io_uring: ") + std::strerror(errno)};
  }
  // Saves the look-up of the descriptor in each call; without it everything still works.
  io_uring_register_ring_fd(&ring_);
  return success();
}

void Ring::disable() {
  io_uring_unregister_ring_fd(&ring_);
}

void Ring::submit_and_look() {
  io_uring_submit_and_get_events(&ring_);
}

// Errors are not looked at: EINTR and ETIME mean a turn with nothing in it, EBUSY and EAGAIN (the kernel is
// short of memory or completions) a turn that reaps first; what was not submitted stays in the queue for the
// next.
void Ring::submit_and_sleep(std::optional<Micros> sleep_max) {
  if (!sleep_max) {
    io_uring_submit_and_wait(&ring_, 1);
    return;
  }
  __kernel_timespec timeout{.tv_sec = *sleep_max / 1'000'000, .tv_nsec = *sleep_max % 1'000'000 * 1000};
  io_uring_cqe* first = nullptr;
  io_uring_submit_and_wait_timeout(&ring_, &first, 1, &timeout, nullptr);
}

[[gnu::cold, gnu::noinline]] io_uring_sqe* Ring::entry_after_submitting() {
  io_uring_sqe* sqe = nullptr;
  // Submission frees entries unless the kernel is out of memory for requests; then it may take a few
  // attempts.
  constexpr int kAttemptsMax = 1000;
  for (int attempt = 0; sqe == nullptr && attempt < kAttemptsMax; ++attempt) {
    io_uring_submit_and_get_events(&ring_);
    sqe = io_uring_get_sqe(&ring_);
  }
  CHECK(sqe != nullptr);
  return sqe;
}

Status check_io_uring() {
  auto ring = Ring::create(RingOptions{.submissions = 8, .completions = 16});
  return ring.ok() ? success() : Status(ring.failure());
}

}  // namespace shoal::runtime
