// shoal: from a command line to cores that serve.

#include <unistd.h>

#include <fmt/format.h>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "server/config/command_line.h"
#include "server/config/log.h"
#include "server/config/process_title.h"
#include "server/core/client_room.h"
#include "server/core/core.h"
#include "server/core/process.h"
#include "server/core/settings_effects.h"
#include "server/runtime/clock.h"
#include "server/runtime/ring_host.h"
#include "storage/base/counted_new.h"

namespace {

using namespace shoal;

int fail(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  return 1;
}

runtime::HostOptions host_options(const config::Settings& settings, runtime::ProcessTitle& title) {
  runtime::HostOptions options;
  options.core_count =
      settings.cores.threads == 0 ? runtime::usable_cpu_count() : static_cast<CoreId>(settings.cores.threads);
  options.listen = core::listen_options(settings.network);
  options.signals = runtime::Signals::kStopServer;
  options.title = &title;
  return options;
}

// A file that holds this process' id while it runs, as init systems want it.
class PidFile {
 public:
  explicit PidFile(const config::ProcessSettings& settings)
      : path_(settings.pidfile.empty() && settings.daemonize ? "/var/run/redis.pid" : settings.pidfile) {
    if (path_.empty()) return;
    path_ = std::filesystem::absolute(path_).string();  // `dir` may change
    std::ofstream(path_) << getpid() << '\n';
  }
  ~PidFile() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove(path_, ignored);
  }
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;

 private:
  std::string path_;
};

int serve(const config::Invocation& invocation, runtime::ProcessTitle& title) {
  config::Settings settings = invocation.settings;
  // Before the log, whose thread must not be the one that SIGTERM interrupts.
  auto created = runtime::RingHost::create(host_options(settings, title));
  auto opened = config::Log::open(settings.log.level, settings.log.file);
  if (!opened.ok()) return fail(opened.message());
  config::Log& log = *opened.value();
  for (const std::string& warning : invocation.warnings) log.warning("{}", warning);
  if (!created.ok()) {
    log.warning("{}", created.message());
    return settings.log.file.empty() ? 1 : fail(created.message());
  }
  runtime::RingHost& host = *created.value();
  for (const std::string& warning : host.warnings()) log.warning("{}", warning);
  settings.network.maxclients =
      core::make_room_for_clients(settings.network.maxclients, host.core_count(), host, log);
  if (settings.network.maxclients <= 0) {
    log.warning("The current 'ulimit -n' leaves no descriptor for a client. Increase it. Exiting.");
    return 1;
  }
  if (settings.process.set_proc_title) title.set(config::process_title(settings, title.program()));

  runtime::Runtime& first = host.runtime(0);
  HashSecret::choose(first.random_secret());
  std::error_code ignored;
  core::Process process(settings, log, host, host.core_count(), first.wall_clock(),
                        fmt::format("{:016x}{:016x}{:08x}", first.random_secret(), first.random_secret(),
                                    static_cast<std::uint32_t>(first.random_secret())));
  process.executable = std::filesystem::read_symlink("/proc/self/exe", ignored).string();
  process.program = title.program();
  if (const Status renamed = process.rename_commands(settings); !renamed.ok()) return fail(renamed.message());

  std::vector<std::unique_ptr<core::Core>> cores;
  std::vector<runtime::CoreLogic*> logics;
  for (CoreId core = 0; core < host.core_count(); ++core) {
    cores.push_back(std::make_unique<core::Core>(process, host.runtime(core)));
    logics.push_back(cores.back().get());
  }
  const PidFile pid_file(settings.process);
  log.notice("Shoal {} started: {} core{}, port {}, process {}", SHOAL_VERSION, host.core_count(),
             host.core_count() == 1 ? "" : "s", host.port(), getpid());
  host.start(logics);
  log.notice("Ready to accept connections");
  host.join();
  log.warning("Shoal is now ready to exit, bye bye...");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  runtime::ProcessTitle title(argc, argv);
  auto parsed = config::parse_command_line(args);
  if (!parsed.ok()) return fail(parsed.message());
  const config::Invocation& invocation = parsed.value();
  switch (invocation.action) {
    case config::Action::kPrint: std::puts(invocation.text.c_str()); return 0;
    case config::Action::kCheckConfig: std::puts("The configuration is valid."); return 0;
    case config::Action::kServe: break;
  }
  const config::ProcessSettings& process = invocation.settings.process;
  if (!process.dir.empty() && chdir(process.dir.c_str()) != 0)
    return fail("Can't chdir to '" + process.dir + "'");
  if (process.daemonize && daemon(/*nochdir=*/1, /*noclose=*/0) != 0) return fail("Cannot become a daemon");
  return serve(invocation, title);
}
