#include "tests/app/cli/program.h"

#include "tests/support/paths.h"

#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <spawn.h>
#include <sys/wait.h>

namespace decodescope::test {
namespace {

std::string contentOf(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// The test's environment without a display and with LANG=C, as "NAME=value" strings.
std::vector<std::string> bareEnvironment() {
  std::vector<std::string> variables = {"LANG=C"};
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    const std::string name = text.substr(0, text.find('='));
    if (name != "LANG" && name != "LC_ALL" && name != "DISPLAY" && name != "WAYLAND_DISPLAY" &&
        name != "QT_QPA_PLATFORM")
      variables.push_back(text);
  }
  return variables;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

/// Under AddressSanitizer the leak check at the program's end sometimes crashes itself, presumably when a
/// thread of Qt's pools, which nobody joins, is just ending. That says nothing of leaks: it is run again.
constexpr const char* kLeakCheckCrashed = "Tracer caught signal";
constexpr int kMostRuns = 4;

int statusOf(const std::string& out, const std::string& error, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), DECODESCOPE_PROGRAM);
  std::vector<std::string> environment = bareEnvironment();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, error.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t child = 0;
  const int failure = posix_spawn(&child, DECODESCOPE_PROGRAM, &actions, nullptr, pointers(arguments).data(),
                                  pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) {
    ADD_FAILURE() << DECODESCOPE_PROGRAM << ": " << std::strerror(failure);
    return -1;
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

}  // namespace

Outcome runProgram(const std::vector<std::string>& arguments) {
  const TemporaryDir dir;
  Outcome outcome = runProgramInto(dir.file("out"), arguments);
  outcome.out = contentOf(dir.file("out"));
  return outcome;
}

Outcome runProgramInto(const std::string& file, const std::vector<std::string>& arguments) {
  const TemporaryDir dir;
  Outcome outcome;
  for (int run = 0; run < kMostRuns; ++run) {
    outcome.status = statusOf(file, dir.file("error"), arguments);
    outcome.error = contentOf(dir.file("error"));
    if (outcome.error.find(kLeakCheckCrashed) == std::string::npos) break;
  }
  return outcome;
}

}  // namespace decodescope::test
