// The log: lines like Redis', to standard output or a file, written by a thread of their own.
//
//     1234:M 21 Nov 2026 08:41:32.123 * Ready to accept connections
//
// The mark tells the level: '.' debug, '-' verbose, '*' notice, '#' warning. A Log is made by main, after it
// has daemonized (its thread does not survive a fork), and passed by reference to whoever logs. A line costs
// its formatting and one queue operation under a lock; it never waits for the disk. The queue holds
// kLogQueueLines: if the disk is slower than that, the oldest lines are dropped and counted.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "server/config/settings.h"
#include "storage/base/result.h"
#include "storage/base/units.h"

namespace shoal::config {

constexpr std::size_t kLogQueueLines = 8192;
/// Longer lines are cut, as in Redis.
constexpr std::size_t kLogLineBytesMax = 1024;

/// May be used by all threads at once.
class Log {
 public:
  /// Writes to `file`, appending, or to standard output if it is empty.
  static Result<std::unique_ptr<Log>> open(LogLevel level, const std::string& file);

  using Writer = std::function<void(LogLevel, View message)>;
  /// Hands each message to `writer`, at once, on the thread that logs: for tests and the simulation, where a
  /// time and a process id would differ from run to run. `writer` must bear being called by several threads.
  static std::unique_ptr<Log> to(LogLevel level, Writer writer);

  /// Writes what is queued.
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  bool is_on(LogLevel level) const;
  void write(LogLevel level, View message);

  template <class... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) {
    format_and_write(LogLevel::kDebug, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void verbose(fmt::format_string<Args...> format, Args&&... args) {
    format_and_write(LogLevel::kVerbose, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void notice(fmt::format_string<Args...> format, Args&&... args) {
    format_and_write(LogLevel::kNotice, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void warning(fmt::format_string<Args...> format, Args&&... args) {
    format_and_write(LogLevel::kWarning, format, std::forward<Args>(args)...);
  }

  void set_level(LogLevel level);

  /// Lines lost because the queue was full.
  std::uint64_t dropped() const;

 private:
  struct Backend;
  explicit Log(std::unique_ptr<Backend> backend);

  template <class... Args>
  void format_and_write(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
    if (is_on(level)) write(level, fmt::format(format, std::forward<Args>(args)...));
  }

  std::unique_ptr<Backend> backend_;
};

}  // namespace shoal::config
