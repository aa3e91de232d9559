#include "app/cli/compare_command.h"
#include "app/cli/decode_command.h"
#include "app/cli/inspect_command.h"
#include "app/cli/render_command.h"
#include "app/cli/subcommand.h"
#include "app/cli/train_command.h"
#include "app/window/run_window.h"

#include <cstdio>
#include <iterator>
#include <string>
#include <vector>

namespace decodescope {
namespace {

constexpr Subcommand kSubcommands[] = {
    {"decode", "decode a prompt; print the text, or write every tensor", runDecodeCommand},
    {"render", "draw views of a run, or write their numbers", runRenderCommand},
    {"inspect", "say what is in a model", runInspectCommand},
    {"compare", "measure models side by side: cost, held-out loss, damage of deriving", runCompareCommand},
    {"train", "make the bundled models from nothing", runTrainCommand},
};

void printHelp() {
  std::printf("decodescope [MODEL] [--tokenizer FILE]\n");
  std::printf("                              open the window\n");
  for (const Subcommand& subcommand : kSubcommands)
    std::printf("decodescope %-8s …        %s\n", subcommand.name, subcommand.summary);
  std::printf("\nEvery subcommand explains its options with --help. --version prints the version.\n");
}

}  // namespace
}  // namespace decodescope

int main(int argc, char** argv) {
  using namespace decodescope;
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (!words.empty()) {
    for (const Subcommand& subcommand : kSubcommands) {
      if (words[0] == subcommand.name) return subcommand.run(std::span(words).subspan(1));
    }
  }
  for (const std::string& word : words) {
    if (word == "--help" || word == "-h") {
      printHelp();
      return kExitDone;
    }
    if (word == "--version") {
      std::printf("%s\n", versionLine().c_str());
      return kExitDone;
    }
  }
  return runWindow(argc, argv);
}
