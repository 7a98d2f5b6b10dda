#include "server/config/log.h"

#include <fcntl.h>
#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>

namespace shoal::config {
namespace {

constexpr View kMarks = ".-*#";  // By LogLevel.

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kVerbose: return spdlog::level::info;
    case LogLevel::kNotice: return spdlog::level::warn;
    case LogLevel::kWarning: return spdlog::level::err;
    case LogLevel::kNothing: return spdlog::level::off;
  }
  return spdlog::level::off;
}

class MarkFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    const auto index = static_cast<std::size_t>(message.level - spdlog::level::debug);
    out.push_back(index < kMarks.size() ? kMarks[index] : '#');
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<MarkFlag>(); }
};

std::unique_ptr<spdlog::formatter> make_formatter() {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<MarkFlag>('*').set_pattern("%P:M %d %b %Y %H:%M:%S.%e %* %v");
  return formatter;
}

// The fd to log to: standard output for the empty name. -1 with errno if it cannot be opened.
int open_fd(const std::string& file) {
  if (file.empty()) return STDOUT_FILENO;
  return ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
}

/// Writes lines to a descriptor. Owns it, unless it is a standard one.
class DescriptorSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit DescriptorSink(int fd) : base_sink(make_formatter()), fd_(fd) {}
  ~DescriptorSink() override {
    if (fd_ > STDERR_FILENO) ::close(fd_);
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    View rest(line.data(), line.size());
    while (!rest.empty()) {
      const ssize_t wrote = ::write(fd_, rest.data(), rest.size());
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) return;  // A full disk must not stop the server; the line is lost.
      rest.remove_prefix(static_cast<std::size_t>(wrote));
    }
  }
  void flush_() override {}

  const int fd_;
};

}  // namespace

/// Either `logger` and what belongs to it, or `writer`.
struct Log::Backend {
  std::atomic<LogLevel> level;
  Writer writer;
  // In this order: what writes is destroyed when the thread that does has ended.
  std::shared_ptr<DescriptorSink> sink;
  std::shared_ptr<spdlog::details::thread_pool> queue;  // Its destructor writes what is left.
  std::shared_ptr<spdlog::async_logger> logger;
};

Log::Log(std::unique_ptr<Backend> backend) : backend_(std::move(backend)) {}
Log::~Log() = default;

Result<std::unique_ptr<Log>> Log::open(LogLevel level, const std::string& file) {
  const int fd = open_fd(file);
  if (fd < 0) return Failure{fmt::format("Can't open the log file: {}", std::strerror(errno))};
  auto backend = std::make_unique<Backend>();
  backend->level = level;
  backend->sink = std::make_shared<DescriptorSink>(fd);
  backend->queue = std::make_shared<spdlog::details::thread_pool>(kLogQueueLines, 1);
  backend->logger = std::make_shared<spdlog::async_logger>("", backend->sink, backend->queue,
                                                           spdlog::async_overflow_policy::overrun_oldest);
  // What is_on() lets through is written; one level in one place.
  backend->logger->set_level(spdlog::level::trace);
  return std::unique_ptr<Log>(new Log(std::move(backend)));
}

std::unique_ptr<Log> Log::to(LogLevel level, Writer writer) {
  auto backend = std::make_unique<Backend>();
  backend->level = level;
  backend->writer = std::move(writer);
  return std::unique_ptr<Log>(new Log(std::move(backend)));
}

bool Log::is_on(LogLevel level) const {
  return level >= backend_->level.load(std::memory_order_relaxed);
}

void Log::write(LogLevel level, View message) {
  CHECK(level != LogLevel::kNothing);
  if (!is_on(level)) return;
  message = message.substr(0, kLogLineBytesMax);
  if (backend_->writer) {
    backend_->writer(level, message);
  } else {
    backend_->logger->log(to_spdlog(level), spdlog::string_view_t(message.data(), message.size()));
  }
}

void Log::set_level(LogLevel level) {
  backend_->level.store(level, std::memory_order_relaxed);
}

std::uint64_t Log::dropped() const {
  return backend_->queue ? backend_->queue->overrun_counter() : 0;
}

}  // namespace shoal::config
