#include "app/cli/render_command.h"

#include "app/cli/render_options.h"
#include "app/cli/subcommand.h"
#include "views/lanes_view.h"
#include "views/render_command.h"

#include <QApplication>
#include <QDir>
#include <QFileInfo>
#include <QHashFunctions>

#include <cstdio>
#include <iterator>
#include <limits>

namespace decodescope {
namespace {

constexpr OptionInfo kCommonOptions[] = {
    {"--help", "", "this text"},
    {"--version", "", "the version"},
};

std::vector<OptionInfo> optionTable() {
  std::vector<OptionInfo> options;
  for (const auto table :
       {runOptionTable(), renderOptionTable(), std::span<const OptionInfo>(kCommonOptions)})
    options.insert(options.end(), table.begin(), table.end());
  return options;
}

void onlyWarnings(QtMsgType type, const QMessageLogContext&, const QString& message) {
  if (type == QtDebugMsg || type == QtInfoMsg || message.contains(QLatin1String("XDG_RUNTIME_DIR"))) return;
  std::fprintf(stderr, "decodescope: %s\n", qPrintable(message));
}

/// A run before its first token: what an empty view is drawn from.
Result<RunSnapshotPtr> withoutPrompt(const RunOptions& options) {
  DECODESCOPE_TRY(const LoadedModelPtr model, loadedModel(options));
  auto run = std::make_shared<RunSnapshot>();
  run->model = model;
  run->settings = options.recipe.settings;
  return RunSnapshotPtr(std::move(run));
}

/// A picture shows every position: nothing is dropped, unless there is nothing to show.
KeepTraces keptTraces(const RunOptions& run) {
  return run.steps > 0 ? KeepTraces::all : KeepTraces::withinBudget;
}

/// The lanes beside the run itself, on the same prompt with the same number of steps.
Result<void> addLanes(const RenderOptions& options, SessionSnapshot& session) {
  const RunOptions& run = options.run;
  const RunSnapshotPtr first = session.lanes.front().run;
  for (const LaneOptions& lane : options.lanes) {
    RunOptions empty = run;
    if (!lane.recipe.path.empty()) {
      empty.model = lane.recipe.path;
      empty.tokenizer = lane.recipe.tokenizer;
      empty.rotaryLayout.reset();
    }
    if (lane.recipe.rotaryLayout) empty.rotaryLayout = lane.recipe.rotaryLayout;
    DECODESCOPE_TRY(RunSnapshotPtr decoded, run.hasPrompt()
                                                ? decodeBeside(run, first, lane.recipe, keptTraces(run))
                                                : withoutPrompt(empty));
    std::string label = lane.label;
    const std::string& model = decoded->model->name;
    if (!lane.isNamed && (label.empty() || model != first->model->name))
      label = label.empty() ? model : model + ", " + label;
    session.lanes.push_back({static_cast<int>(session.lanes.size()), std::move(label), std::move(decoded)});
  }
  return {};
}

Result<void> renderAll(const RenderOptions& options, const SessionSnapshot& session,
                       const Selection& selection) {
  if (!options.formats.empty() && !QDir().mkpath(options.out))
    return Error{.file = options.out.toStdString(), .what = "cannot be made a folder"};
  for (const ViewInfo* info : options.views) {
    const auto view = std::make_unique<LanesView>(*info);
    for (const auto& [id, value] : options.settings) view->setOption(id, value);
    view->present(session, selection);
    view->setZoomed(options.zoom);
    std::vector<ExportFormat> formats = options.formats;
    if (formats.empty()) formats.push_back(*exportFormatOf(QFileInfo(options.out).suffix()));
    for (const ExportFormat format : formats) {
      const QString id = QLatin1String(info->id);
      const QString path = options.formats.empty()
                               ? options.out
                               : QDir(options.out).filePath(id + QLatin1Char('.') + suffixOf(format));
      const QString command =
          renderCommand(session, selection, id, *view, options.figure, options.dark, path);
      DECODESCOPE_CHECK(exportView(*view, format, path, options.figure, options.dark, command));
      std::printf("%s\n", path.toLocal8Bit().constData());
    }
  }
  return {};
}

}  // namespace

int runRenderCommand(std::span<const std::string> words) {
  const std::vector<OptionInfo> table = optionTable();
  const auto parsed = Arguments::parse(words, table);
  if (!parsed.ok()) return reportError(parsed.error(), kExitCallAtFault);
  const Arguments& arguments = parsed.value();
  if (arguments.has("--help")) {
    return printResult(
        "decodescope render --model M [--prompt TEXT --steps N] --view ID|all --out FILE|DIR [OPTION…]\n"
        "Writes what a view shows of a run: PNG, SVG, PDF, CSV or NPY. Without a prompt: the empty "
        "view.\n\n" +
        optionsHelp(table));
  }
  if (arguments.has("--version")) return printResult(versionLine() + "\n");
  if (!arguments.words().empty())
    return reportError(Error{.field = arguments.words().front(), .what = "is not an option"},
                       kExitCallAtFault);

  // Qt's PDF engine lists its fonts in the order of a hash: the same call is to make the same file.
  QHashSeed::setDeterministicGlobalSeed();
  // Fonts and painters need an application; no display is.
  qInstallMessageHandler(onlyWarnings);
  qputenv("QT_QPA_PLATFORM", "offscreen");
  int argc = 1;
  char name[] = "decodescope";
  char* argv[] = {name, nullptr};
  QApplication application(argc, argv);
  const auto options = parseRenderOptions(arguments);
  if (!options.ok()) return reportError(options.error(), kExitCallAtFault);
  const RunOptions& run = options.value().run;
  const auto decoded = !run.hasPrompt() ? withoutPrompt(run) : decodeRun(run, keptTraces(run));
  if (!decoded.ok()) return reportError(decoded.error(), kExitInputAtFault);
  for (const std::string& warning : decoded.value()->model->warnings)
    std::fprintf(stderr, "decodescope: %s\n", warning.c_str());
  const auto selection = selectionFor(options.value(), *decoded.value());
  if (!selection.ok()) return reportError(selection.error(), kExitCallAtFault);
  SessionSnapshot session;
  session.lanes.push_back({0, decoded.value()->model->name, decoded.value()});
  if (const auto added = addLanes(options.value(), session); !added.ok())
    return reportError(added.error(), kExitInputAtFault);
  const auto written = renderAll(options.value(), session, selection.value());
  if (!written.ok()) return reportError(written.error(), kExitInputAtFault);
  return kExitDone;
}

}  // namespace decodescope
