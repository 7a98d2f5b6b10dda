#include "server/runtime/process_title.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace shoal::runtime {

namespace {

// One past the terminating zero of the last of the words that follow one another in memory from `end` on.
char* end_of_words(char* end, char** words) {
  for (; *words != nullptr; ++words) {
    if (*words == end) end += std::strlen(*words) + 1;
  }
  return end;
}

// The process keeps its environment to the end, and code that runs at exit may look into it: never freed.
void move_environment() {
  std::size_t count = 0;
  while (environ[count] != nullptr) ++count;
  char** const moved = new char*[count + 1];
  for (std::size_t i = 0; i < count; ++i) moved[i] = ::strdup(environ[i]);
  moved[count] = nullptr;
  environ = moved;
}

}  // namespace

ProcessTitle::ProcessTitle(int argc, char** argv) {
  if (argc == 0 || environ == nullptr) return;
  program_ = argv[0];
  begin_ = argv[0];
  char* const end = end_of_words(end_of_words(begin_, argv), environ);
  room_ = static_cast<std::size_t>(end - begin_);
  move_environment();
  // What the C library puts in front of messages points at the first word, too.
  program_invocation_name = ::strdup(program_invocation_name);
  program_invocation_short_name = ::strdup(program_invocation_short_name);
}

void ProcessTitle::set(const std::string& title) {
  if (room_ == 0) return;
  const std::size_t length = std::min(title.size(), room_ - 1);
  std::memcpy(begin_, title.data(), length);
  std::memset(begin_ + length, 0, room_ - length);
}

}  // namespace shoal::runtime
