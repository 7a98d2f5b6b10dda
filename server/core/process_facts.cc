#include "server/core/process_facts.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>

namespace shoal::core {

namespace {

Micros micros(const timeval& time) {
  return Micros{time.tv_sec} * 1'000'000 + time.tv_usec;
}

metrics::CpuTime cpu_time(int who) {
  rusage usage = {};
  getrusage(who, &usage);
  return {micros(usage.ru_stime), micros(usage.ru_utime)};
}

}  // namespace

metrics::ProcessFacts read_process_facts() {
  metrics::ProcessFacts facts;
  facts.process_id = getpid();
  utsname name = {};
  if (uname(&name) == 0)
    facts.operating_system = fmt::format("{} {} {}", name.sysname, name.release, name.machine);
  const auto page_bytes = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  facts.system_memory_bytes = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * page_bytes;
  // Pages: the whole of the address space, then those in memory.
  std::uint64_t total_pages = 0;
  std::uint64_t resident_pages = 0;
  std::ifstream("/proc/self/statm") >> total_pages >> resident_pages;
  facts.resident_bytes = resident_pages * page_bytes;
  facts.process = cpu_time(RUSAGE_SELF);
  facts.children = cpu_time(RUSAGE_CHILDREN);
  facts.this_thread = cpu_time(RUSAGE_THREAD);
  return facts;
}

}  // namespace shoal::core
