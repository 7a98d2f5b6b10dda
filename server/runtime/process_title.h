// The name that ps shows for the process: on Linux, whatever stands where the command line's words stood.
#pragma once

#include <string>
#include <vector>

namespace shoal::runtime {

/// Owns the memory of the command line and of the environment behind it; the environment moves to the heap.
/// One a process, made before other threads start.
class ProcessTitle {
 public:
  /// main's own arguments; their words must not be read afterwards, but for program().
  ProcessTitle(int argc, char** argv);
  ProcessTitle(const ProcessTitle&) = delete;
  ProcessTitle& operator=(const ProcessTitle&) = delete;

  /// The first word of the command line, as it was.
  const std::string& program() const { return program_; }
  /// Cut to the room there is: that of the command line and the environment together.
  void set(const std::string& title);

 private:
  std::string program_;
  char* begin_ = nullptr;
  std::size_t room_ = 0;
};

}  // namespace shoal::runtime
