// `decodescope render`, called as users call it: without a display.

#include "views/render_command.h"

#include "core/decode/lane.h"
#include "tests/app/cli/model_folder.h"
#include "tests/app/cli/program.h"
#include "tests/support/npy_file.h"
#include "tests/support/paths.h"
#include "views/view_widget.h"

#include <QFile>
#include <QImage>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <gtest/gtest.h>
#include <set>

namespace decodescope {
namespace {

using test::Outcome;
using test::runProgram;
using test::Words;

using Call = std::vector<std::string>;

testing::AssertionResult isOneError(const Outcome& outcome, int status, const std::string& about) {
  const std::string& text = outcome.error;
  if (outcome.status == status && outcome.out.empty() && text.starts_with("decodescope: ") &&
      text.find('\n') == text.size() - 1 && text.find(about) != std::string::npos)
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << "exit status " << outcome.status << "\nstdout: " << outcome.out
                                     << "\nstderr: " << text;
}

QByteArray contents(const std::string& path) {
  QFile file(QString::fromStdString(path));
  EXPECT_TRUE(file.open(QIODevice::ReadOnly)) << path;
  return file.readAll();
}

class RenderCommand : public testing::Test {
 protected:
  RenderCommand() : m_model(m_dir.file("model")) { test::writeModelFolder(m_model, Words::withStart); }

  Outcome render(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"render", "--model", m_model});
    return runProgram(arguments);
  }

  test::TemporaryDir m_dir;
  std::string m_model;
};

TEST_F(RenderCommand, WritesEveryViewInEveryFormatForEveryLength) {
  const std::vector<std::vector<std::string>> runs{
      {},
      {"--prompt", "w3 w4", "--steps", "0"},
      {"--prompt", "w3 w4", "--steps", "1", "--ignore-eos"},
      {"--prompt", "w3 w4", "--steps", "30", "--ignore-eos"},
      {"--prompt", "w3 w4", "--steps", "5", "--ignore-eos", "--kv-cache", "off"},
      {"--prompt", "w3 w4", "--steps", "5", "--ignore-eos", "--no-trace"},
  };
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::string folder = m_dir.file("run" + std::to_string(i));
    std::vector<std::string> arguments = runs[i];
    arguments.insert(arguments.end(), {"--view", "all", "--out", folder, "--size", "640x480"});
    const Outcome outcome = render(arguments);
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.error, "");
    for (const ViewInfo& info : viewRegistry()) {
      for (const char* suffix : {"png", "svg", "pdf", "csv", "npy"}) {
        const std::string path = folder + "/" + info.id + "." + suffix;
        EXPECT_GT(contents(path).size(), 60) << path;
        EXPECT_NE(outcome.out.find(path + "\n"), std::string::npos) << path;
      }
    }
  }
}

TEST_F(RenderCommand, NumbersAreTheDumpedOnes) {
  const std::vector<std::string> run{"--prompt", "w3 w4 w5", "--steps", "6", "--ignore-eos"};
  std::vector<std::string> dump = run;
  dump.insert(dump.begin(), {"decode", "--model", m_model});
  dump.insert(dump.end(), {"--dump", m_dir.file("dump")});
  ASSERT_EQ(runProgram(dump).status, 0);
  for (const auto& [stage, site] : {std::pair{"weights", "weights"}, {"masked", "scores"}}) {
    std::vector<std::string> arguments = run;
    const std::string path = m_dir.file(std::string(stage) + ".npy");
    arguments.insert(arguments.end(), {"--view", "attention", "--layer", "1", "--head", "2", "--set",
                                       std::string("stage=") + stage, "--out", path});
    ASSERT_EQ(render(arguments).status, 0);
    const test::NpyFile shown = test::readNpy(path);
    const test::NpyFile dumped =
        test::readNpy(m_dir.file(std::string("dump/layers.1.self_attn.") + site + ".npy"));
    const auto tokens = static_cast<std::size_t>(dumped.shape[1]);
    ASSERT_EQ(shown.shape, (std::vector<std::int64_t>{dumped.shape[1], dumped.shape[1]}));
    for (std::size_t i = 0; i < tokens * tokens; ++i) {
      const float expected = dumped.floats[2 * tokens * tokens + i];
      if (std::isinf(expected)) {
        EXPECT_EQ(shown.floats[i], expected);
      } else {
        EXPECT_NEAR(shown.floats[i], expected, 1e-5f * std::max(1.0f, std::abs(expected)))
            << stage << ' ' << i;
      }
    }
  }
}

/// A table of an exported set, found by its name in FILE.json.
struct ExportedTable {
  std::vector<QString> rows;
  test::NpyFile array;

  std::vector<float> row(const QString& label) const {
    const auto at = std::find(rows.begin(), rows.end(), label) - rows.begin();
    const auto width = static_cast<std::ptrdiff_t>(array.shape.back());
    if (at == static_cast<std::ptrdiff_t>(rows.size())) return {};
    return {array.floats.begin() + at * width, array.floats.begin() + (at + 1) * width};
  }
};

ExportedTable tableIn(const std::string& npy, const QString& name) {
  const QJsonObject about = QJsonDocument::fromJson(contents(npy + ".json")).object();
  for (const QJsonValue& entry : about[QStringLiteral("tables")].toArray()) {
    if (!entry[QStringLiteral("name")].toString().endsWith(name)) continue;
    ExportedTable table;
    for (const QJsonValue& row : entry[QStringLiteral("rows")].toArray())
      table.rows.push_back(row.toString());
    table.array = test::readNpy(
        (std::filesystem::path(npy).parent_path() / entry[QStringLiteral("file")].toString().toStdString())
            .string());
    return table;
  }
  ADD_FAILURE() << "no table " << name.toStdString() << " in " << npy;
  return {};
}

/// What the views show of a run is what `decode --dump` writes of it.
TEST_F(RenderCommand, RowsAreTheDumpedOnes) {
  const Call run{"--prompt", "w3 w4 w5", "--steps", "6", "--ignore-eos"};
  Call dump = run;
  dump.insert(dump.begin(), {"decode", "--model", m_model});
  dump.insert(dump.end(), {"--dump", m_dir.file("dump")});
  ASSERT_EQ(runProgram(dump).status, 0);
  /// Row `at` of a dumped tensor, of the `part`th of so many parts of equal width.
  const auto dumped = [&](const std::string& name, std::size_t at, std::size_t part = 0,
                          std::size_t parts = 1) {
    const test::NpyFile array = test::readNpy(m_dir.file("dump/" + name + ".npy"));
    const std::size_t width = array.floats.size() / static_cast<std::size_t>(array.shape[0]) / parts;
    const auto first = array.floats.begin() + static_cast<std::ptrdiff_t>((at * parts + part) * width);
    return std::vector<float>(first, first + static_cast<std::ptrdiff_t>(width));
  };
  const auto exported = [&](const std::string& file, const Call& what) {
    Call call = run;
    call.insert(call.end(), what.begin(), what.end());
    call.insert(call.end(), {"--query", "5", "--out", m_dir.file(file)});
    EXPECT_EQ(render(call).status, 0);
    return m_dir.file(file);
  };
  const std::string journey = exported("journey.npy", {"--view", "probabilities", "--set", "show=journey"});
  const ExportedTable way = tableIn(journey, QStringLiteral("residual_of_token_5"));
  for (const char* site : {"layers.0.output", "layers.1.output", "norm"})
    EXPECT_EQ(way.row(QLatin1String(site)), dumped(site, 5)) << site;
  const std::string linear = exported(
      "linear.npy", {"--view", "probabilities", "--layer", "1", "--set", "show=linear,projection=up_proj"});
  EXPECT_EQ(tableIn(linear, QStringLiteral("layers.1.mlp.up_proj")).array.floats,
            dumped("layers.1.mlp.up_proj", 5));
  const std::string norms =
      exported("norms.npy", {"--view", "norms", "--layer", "1", "--set", "show=columns"});
  const ExportedTable rows = tableIn(norms, QStringLiteral("rows"));
  for (std::size_t t = 0; t < rows.rows.size(); ++t)
    EXPECT_EQ(rows.row(rows.rows[t]), dumped("layers.0.output", t)) << "what enters layer 1";
  const std::string rope =
      exported("rope.npy", {"--view", "rope", "--layer", "1", "--head", "2", "--set", "show=matrix"});
  const ExportedTable turned = tableIn(rope, QStringLiteral("rows"));
  EXPECT_EQ(turned.row(QStringLiteral("q")), dumped("layers.1.self_attn.q_proj", 5, 2, 4));
  EXPECT_EQ(turned.row(QStringLiteral("q_rot")), dumped("layers.1.self_attn.q_rot", 5, 2, 4));
  const std::string cache = exported("cache.npy", {"--view", "kv_cache", "--layer", "1"});
  for (const char* site : {"layers.1.self_attn.k_rot", "layers.1.self_attn.v_proj"}) {
    const test::NpyFile kept = tableIn(cache, QLatin1String(site)).array;
    const test::NpyFile whole = test::readNpy(m_dir.file(std::string("dump/") + site + ".npy"));
    EXPECT_EQ(kept.shape, whole.shape) << site;
    EXPECT_EQ(kept.floats, whole.floats) << site;
  }
  const std::string mask =
      exported("mask.npy", {"--view", "mask", "--layer", "1", "--head", "2", "--set", "rows=all"});
  const std::vector<float> weights = tableIn(mask, QStringLiteral(".weights")).array.floats,
                           expected = dumped("layers.1.self_attn.weights", 2);
  ASSERT_EQ(weights.size(), expected.size());
  for (std::size_t i = 0; i < weights.size(); ++i) EXPECT_NEAR(weights[i], expected[i], 1e-6f) << i;
}

/// The call that a CSV file tells, without the program's name.
std::vector<std::string> toldBy(const std::string& csv) {
  const QString line = QString::fromUtf8(contents(csv).split('\n').first());
  EXPECT_TRUE(line.startsWith(QStringLiteral("# decodescope render "))) << line.toStdString();
  // splitCommand() knows double quotes only.
  QString command = line.section(QStringLiteral("  # "), 0, 0).mid(2);
  QStringList words = QProcess::splitCommand(command.replace(QLatin1Char('\''), QLatin1Char('"')));
  words.removeFirst();
  std::vector<std::string> arguments;
  for (const QString& word : words) arguments.push_back(word.toStdString());
  return arguments;
}

class ToldCommand : public RenderCommand, public testing::WithParamInterface<Call> {};

TEST_P(ToldCommand, MakesTheSameFileAgain) {
  Call call{"--prompt", "w3 w4", "--steps", "9", "--ignore-eos"};
  call.insert(call.end(), GetParam().begin(), GetParam().end());
  for (const char* suffix : {"csv", "png", "svg", "pdf"}) {
    const std::string file = m_dir.file(std::string("a b.") + suffix);
    Call first = call;
    first.insert(first.end(), {"--out", file});
    const Outcome outcome = render(first);
    ASSERT_EQ(outcome.status, 0) << outcome.error;
    const QByteArray before = contents(file);
    // The CSV has the command in plain sight; the other formats carry the same but for the file's name.
    Call again = toldBy(m_dir.file("a b.csv"));
    ASSERT_EQ(again.back(), m_dir.file("a b.csv"));
    again.back() = file;
    std::filesystem::remove(file);
    ASSERT_EQ(runProgram(again).status, 0);
    EXPECT_EQ(contents(file), before) << suffix;
    if (suffix != std::string("csv")) continue;
    EXPECT_EQ(toldBy(file).size(), again.size());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Calls, ToldCommand,
    testing::Values(
        Call{"--temperature", "0.7", "--seed", "3", "--view", "kv_cache", "--at", "7", "--layer", "1",
             "--theme", "dark", "--set", "values=norms", "--width-mm", "85", "--font-pt", "8"},
        Call{"--change", "4:kv_cache=off", "--change", "6:kv_cache=on,temperature=0.9,seed=3", "--choose",
             "5:17", "--view", "probabilities", "--at", "6"},
        Call{"--change", "10:temperature=0.5,top_k=4", "--view", "probabilities", "--set",
             "settings=what-if,temperature=1.5,top_k=7,top_p=0.8"},
        Call{"--view", "attention", "--zoom", "2,3,4", "--site", "input_layernorm", "--size", "640x480"},
        Call{"--view", "norms", "--site", "post_attention_layernorm", "--set", "add=1.5,multiply=2"},
        Call{"--mask", "off", "--view", "mask", "--at", "3", "--set", "rows=all,dropout=0.1"},
        Call{"--strike", "L0H1@4+L1G0P2@5", "--view", "attention", "--layer", "1"},
        Call{"--lane", "kv_cache=off", "--lane", "mask=off,name=no mask%2C really none", "--view", "mask"},
        Call{"--lane", "branch=4:17", "--lane", "branch=6,strike=L0H1@8", "--lane", "strike=L1G0P2", "--view",
             "attention", "--in-lane", "2"},
        Call{"--lane", "kv_cache=off", "--lane", "branch=4:17", "--in-lane", "2", "--view", "norms", "--set",
             "lanes=one"},
        Call{"--lane", "strike=L0H1", "--in-lane", "1", "--view", "attention", "--set", "lanes=difference"},
        Call{"--lane", "strike=L0H1", "--in-lane", "1", "--view", "mask", "--set",
             "lanes=difference,difference.page=2"},
        Call{"--change", "3:kv_cache=off", "--lane", "kv_cache=on", "--lane", "branch=4:17,kv_cache=on",
             "--view", "rope", "--set", "show=matrix,shift=5"}));

/// What stood in a window (settings changed in mid-run, a token chosen, a head struck out, a lane without a
/// mask) comes out of the command line again, byte by byte.
TEST_F(RenderCommand, AWindowsCommandDrawsWhatTheWindowShowed) {
  const Result<LoadedModelPtr> model = loadModel(m_model);
  ASSERT_TRUE(model.ok());
  const Result<std::vector<TokenId>> prompt = promptTokens(*model.value(), "w3 w4 w5");
  ASSERT_TRUE(prompt.ok());
  AttentionRules noMask, struck;
  noMask.causalMask = false;
  struck.struckHeads = {{LayerIndex{1}, HeadIndex{2}, Position{8}}};
  const auto settingsAt = [](int step) {
    RunSettings s;
    s.ignoreEos = true;
    s.kvCache = step < 4 || step > 5;
    if (step > 5) s.sampling = {.temperature = 0.8, .topK = 9, .seed = 3};
    return s;
  };
  const auto goOn = [&](Lane& lane, const AttentionRules& rules) {
    while (lane.stepCount() < 8) {
      RunSettings settings = settingsAt(lane.stepCount() + 1);
      settings.rules = rules;
      lane.setSettings(settings);
      ASSERT_TRUE(lane.step());
    }
  };
  Result<Lane> first = Lane::start(model.value(), settingsAt(1), prompt.value(), {});
  RunSettings unmasked = settingsAt(1);
  unmasked.rules = noMask;
  Result<Lane> second = Lane::start(model.value(), unmasked, prompt.value(), {});
  ASSERT_TRUE(first.ok() && second.ok());
  goOn(first.value(), {});
  goOn(second.value(), noMask);
  const RunSnapshotPtr run = first.value().snapshot();
  RunSettings whatIf = settingsAt(5);
  whatIf.rules = struck;
  Lane third = Lane::branch(*run, StepIndex{4}, TokenId{17}, whatIf, {});
  goOn(third, struck);
  auto session = std::make_shared<SessionSnapshot>();
  session->lanes = {{0, model.value()->name, run},
                    {1, "without a mask, truly", second.value().snapshot()},
                    {2, "chosen otherwise", third.snapshot()}};
  Selection s;
  s.lane = 2;
  s.step = StepIndex{7};
  s.layer = LayerIndex{1};
  s.head = HeadIndex{2};
  s.query = Position{9};
  s.key = Position{3};
  s.site = Site::inputLayernorm;
  for (const ViewInfo& info : viewRegistry()) {
    for (const char* mode : {"beside", "one", "difference"}) {
      SCOPED_TRACE(std::string(info.id) + ", lanes " + mode);
      ViewWidget widget(info);
      widget.setOptionValues({QStringLiteral("lanes=") + QLatin1String(mode)});
      widget.present(session, s);
      const ExportItem item = widget.exportItem();
      for (const ExportFormat format : {ExportFormat::csv, ExportFormat::png}) {
        const QString file = QString::fromStdString(m_dir.file("window.")) + suffixOf(format);
        const FigureSize figure = figureInPixels(QSize(900, 500), 1.25);
        const QString command =
            renderCommand(*item.session, item.selection, item.id, *item.view, figure, true, file);
        EXPECT_FALSE(command.contains(QStringLiteral("  # "))) << command.toStdString();
        ASSERT_TRUE(exportView(*item.view, format, file, figure, true, command).ok());
        const QByteArray shown = contents(file.toStdString());
        Call again = toldBy(m_dir.file("window.csv"));
        again.back() = file.toStdString();
        std::filesystem::remove(file.toStdString());
        const Outcome outcome = runProgram(again);
        ASSERT_EQ(outcome.status, 0) << outcome.error;
        EXPECT_TRUE(contents(file.toStdString()) == shown) << command.toStdString();
      }
    }
  }
}

TEST_F(RenderCommand, NpyTellsItsCallInJson) {
  const std::string file = m_dir.file("a.npy");
  ASSERT_EQ(
      render({"--prompt", "w3 w4", "--steps", "3", "--ignore-eos", "--view", "norms", "--out", file}).status,
      0);
  const QByteArray array = contents(file), about = contents(file + ".json");
  const QString command = QJsonDocument::fromJson(about).object()[QStringLiteral("command")].toString();
  QStringList words = QProcess::splitCommand(command);
  words.removeFirst();
  Call again;
  for (const QString& word : words) again.push_back(word.toStdString());
  std::filesystem::remove(file);
  ASSERT_EQ(runProgram(again).status, 0);
  EXPECT_EQ(contents(file), array);
  EXPECT_EQ(contents(file + ".json"), about);
}

TEST_F(RenderCommand, LanesStandBesideTheRunAndTheirCallMakesTheSameFileAgain) {
  const std::string file = m_dir.file("lanes.csv");
  const std::vector<std::string> call{"--prompt", "w3 w4",        "--steps", "4",        "--ignore-eos",
                                      "--lane",   "kv_cache=off", "--view",  "kv_cache", "--out",
                                      file};
  ASSERT_EQ(render(call).status, 0);
  const QByteArray first = contents(file);
  EXPECT_TRUE(first.contains("lane0_") && first.contains("lane1_")) << first.toStdString();
  EXPECT_TRUE(first.contains("kv_cache=off,name=cache off")) << first.left(400).toStdString();
  ASSERT_EQ(render(call).status, 0);
  EXPECT_EQ(contents(file), first);
  std::vector<std::string> wide = call;
  wide.back() = m_dir.file("lanes.png");
  ASSERT_EQ(render(wide).status, 0);
  EXPECT_FALSE(QImage(QString::fromStdString(wide.back())).isNull());
  EXPECT_TRUE(isOneError(render({"--view", "kv_cache", "--lane", "kv_cache=perhaps", "--out", file}), 2,
                         "found perhaps, allowed on, off"));
  EXPECT_TRUE(isOneError(render({"--view", "kv_cache", "--lane", "derive=2", "--out", file}), 2,
                         "found derive=2, allowed model, tokenizer, kv_heads, window, attention, rotary, "
                         "kv_cache, tokens, mask, "
                         "strike, branch, name"));
  EXPECT_TRUE(
      isOneError(render({"--view", "kv_cache", "--lane", "model=" + m_dir.file("none"), "--out", file}), 1,
                 "no such file or folder"));
}

TEST_F(RenderCommand, SizesAreAsAsked) {
  ASSERT_EQ(render({"--view", "attention", "--size", "321x234", "--out", m_dir.file("a.png")}).status, 0);
  EXPECT_EQ(QImage(QString::fromStdString(m_dir.file("a.png"))).size(), QSize(321, 234));
  ASSERT_EQ(render({"--view", "attention", "--width-mm", "127", "--dpi", "200", "--out", m_dir.file("b.png")})
                .status,
            0);
  EXPECT_EQ(QImage(QString::fromStdString(m_dir.file("b.png"))).size(), QSize(1000, 750));
}

TEST_F(RenderCommand, AFolderGetsTheFormatsAskedFor) {
  ASSERT_EQ(render({"--view", "kv_cache", "--format", "svg,csv", "--out", m_dir.file("new/folder")}).status,
            0);
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(m_dir.file("new/folder")))
    names.insert(entry.path().filename());
  EXPECT_EQ(names, (std::set<std::string>{"kv_cache.csv", "kv_cache.svg"}));
}

TEST_F(RenderCommand, CallsAtFaultAreOneLineAndExitTwo) {
  const std::string out = m_dir.file("x.png");
  const std::vector<std::pair<std::vector<std::string>, std::string>> calls{
      {{"--out", out}, "--view: is missing"},
      {{"--view", "attention"}, "--out: is missing"},
      {{"--view", "nothing", "--out", out}, "allowed attention, "},
      {{"--view", "attention", "--out", m_dir.file("x.jpg")}, "--out"},
      {{"--view", "attention", "--out", out, "--format", "jpg"}, "--format"},
      {{"--view", "attention", "--out", out, "--size", "800"}, "--size"},
      {{"--view", "attention", "--out", out, "--size", "0x9"}, "--size"},
      {{"--view", "attention", "--out", out, "--size", "800x600", "--width-mm", "80"}, "--width-mm"},
      {{"--view", "attention", "--out", out, "--dpi", "300"}, "--dpi: needs --width-mm"},
      {{"--view", "attention", "--out", out, "--theme", "blue"}, "--theme"},
      {{"--view", "attention", "--out", out, "--set", "stage=none"}, "allowed weights, masked, scaled, raw"},
      {{"--view", "attention", "--out", out, "--set", "nothing=1"}, "there is no such setting"},
      {{"--view", "attention", "--out", out, "--layer", "2"}, "--layer: is out of range"},
      {{"--view", "attention", "--out", out, "--head", "-1"}, "--head"},
      {{"--view", "attention", "--out", out, "--at", "1"}, "--at: is out of range"},
      {{"--view", "attention", "--out", out, "--prompt", "w3", "--steps", "2", "--ignore-eos", "--at", "3"},
       "0 … 2"},
      {{"--view", "attention", "--out", out, "--prompt", "w3", "--steps", "2", "--ignore-eos", "--key", "9"},
       "--key"},
      {{"--view", "attention", "--out", out, "--prompt", "w3"}, "--steps: is missing"},
      {{"--view", "attention", "--out", out, "word"}, "word"},
      {{"--view", "attention", "--out", out, "--nonsense"}, "--nonsense"},
      {{"--view", "attention", "--out", out, "--zoom", "1,2"}, "--zoom"},
      {{"--view", "norms", "--out", out, "--zoom", "1,2,3"}, "--zoom"},
      {{"--view", "norms", "--out", out, "--site", "q"}, "self_attn.q_proj"},
      {{"--view", "norms", "--out", out, "--in-lane", "1"}, "--in-lane"},
      {{"--view", "norms", "--out", out, "--change", "kv_cache=off"}, "--change"},
      {{"--view", "norms", "--out", out, "--change", "2:kv_cache=0"}, "--change kv_cache"},
      {{"--view", "norms", "--out", out, "--choose", "2"}, "--choose"},
      {{"--view", "norms", "--out", out, "--mask", "no"}, "--mask"},
      {{"--view", "norms", "--out", out, "--strike", "head 3"}, "--strike"},
      {{"--view", "norms", "--out", out, "--lane", "strike=head 3"}, "--lane strike"},
      {{"--view", "norms", "--out", out, "--lane", "branch=3:x"}, "--lane branch"},
      {{"--view", "norms", "--out", out, "--lane", "branch=3,mask=off"}, "--lane branch"},
  };
  for (const auto& [call, about] : calls) {
    std::string words;
    for (const std::string& word : call) words += word + ' ';
    SCOPED_TRACE(words);
    EXPECT_TRUE(isOneError(render(call), 2, about));
    EXPECT_FALSE(std::filesystem::exists(out));
  }
}

TEST_F(RenderCommand, InputsAtFaultAreOneLineAndExitOne) {
  EXPECT_TRUE(
      isOneError(render({"--view", "attention", "--out", m_dir.file("missing/x.png")}), 1, "missing/x.png"));
  EXPECT_TRUE(isOneError(
      render({"--view", "attention", "--prompt", "unheard-of", "--steps", "1", "--out", m_dir.file("x.png")}),
      1, "unheard-of"));
  EXPECT_TRUE(isOneError(
      runProgram({"render", "--model", m_dir.file("none"), "--view", "all", "--out", m_dir.file("o")}), 1,
      "none"));
}

TEST_F(RenderCommand, ExplainsItself) {
  const Outcome outcome = runProgram({"render", "--help"});
  EXPECT_EQ(outcome.status, 0);
  for (const char* option : {"--view", "--set", "--width-mm", "--kv-cache", "--format"})
    EXPECT_NE(outcome.out.find(option), std::string::npos) << option;
}

}  // namespace
}  // namespace decodescope
