// Every view of every bundled model, in every format and at every length that matters, in one process.

#include "tests/support/paths.h"
#include "tests/support/random_run.h"
#include "views/export_batch.h"

#include <QFile>

#include <algorithm>
#include <gtest/gtest.h>

namespace decodescope::test {
namespace {

std::vector<std::string> bundledModels() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(sourceDir() / "assets" / "models")) {
    if (std::filesystem::exists(entry.path() / "config.json"))
      names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

QByteArray contents(const QString& path) {
  QFile file(path);
  EXPECT_TRUE(file.open(QIODevice::ReadOnly)) << qPrintable(path);
  return file.readAll();
}

/// The drawing operators of a PDF's pages, its streams unpacked.
QByteArray drawingOf(const QByteArray& pdf) {
  QByteArray all;
  const QByteArray from = "stream\n", to = "endstream";
  for (qsizetype at = pdf.indexOf(from); at >= 0; at = pdf.indexOf(from, at)) {
    at += from.size();
    const qsizetype end = pdf.indexOf(to, at);
    if (end < 0) break;
    if (pdf.mid(at, 1) == "x") all += qUncompress(QByteArray("\x01\x00\x00\x00", 4) + pdf.mid(at, end - at));
    at = end + to.size();
  }
  return all;
}

class BundledExport : public testing::TestWithParam<std::string> {
 protected:
  static constexpr ExportFormat kAll[] = {ExportFormat::png, ExportFormat::svg, ExportFormat::pdf,
                                          ExportFormat::csv, ExportFormat::npy};

  void SetUp() override {
    Result<LoadedModelPtr> model = loadModel((sourceDir() / "assets" / "models" / GetParam()).string());
    ASSERT_TRUE(model.ok());
    m_model = model.value();
  }

  RunSnapshotPtr runOf(int steps) const {
    const std::string prompt = m_model->card.prompts.empty() ? "" : m_model->card.prompts.front();
    const Result<std::vector<TokenId>> tokens = promptTokens(*m_model, prompt);
    DECODESCOPE_REQUIRE(tokens.ok());
    Result<Lane> lane = Lane::start(m_model, {.ignoreEos = true}, tokens.value(), {});
    DECODESCOPE_REQUIRE(lane.ok());
    for (int i = 0; i < steps; ++i) DECODESCOPE_REQUIRE(lane.value().step());
    return lane.value().snapshot();
  }

  /// All views at a step of the run, into a folder of their own; read and looked into.
  void exportAll(const SessionSnapshotPtr& session, int step, const std::string& name) {
    SCOPED_TRACE(GetParam() + ", " + name);
    Selection s;
    s.step = StepIndex{step};
    s.query = Position{1000};
    std::vector<ExportItem> items;
    for (const ViewInfo& info : viewRegistry()) {
      items.push_back({QLatin1String(info.id), info.make(), session, clampTo(s, *session)});
      items.back().view->present(*session, items.back().selection);
    }
    const QString folder = QString::fromStdString(m_dir.file(name));
    int told = 0;
    const Result<int> written =
        exportBatch(items, {std::begin(kAll), std::end(kAll)}, folder, figureInPixels(QSize(480, 360)), false,
                    [&](int done, int, const QString&) { return told++ == done; });
    ASSERT_TRUE(written.ok()) << written.error().message();
    EXPECT_EQ(written.value(), static_cast<int>(items.size() * std::size(kAll)));
    for (const ExportItem& item : items) {
      SCOPED_TRACE(item.id.toStdString());
      const QString base = folder + QLatin1Char('/') + item.id;
      EXPECT_FALSE(QImage(base + QStringLiteral(".png")).isNull());
      EXPECT_GE(contents(base + QStringLiteral(".svg")).count("<text"), 2);
      const QByteArray pdf = contents(base + QStringLiteral(".pdf"));
      EXPECT_TRUE(pdf.contains("/FontFile"));
      EXPECT_TRUE(drawingOf(pdf).contains("Tj")) << "letters are shown as letters";
      EXPECT_TRUE(contents(base + QStringLiteral(".csv")).startsWith("# decodescope render --"));
      EXPECT_TRUE(contents(base + QStringLiteral(".npy.json")).contains("decodescope render"));
    }
  }

  LoadedModelPtr m_model;
  TemporaryDir m_dir;
};

SessionSnapshotPtr shared(const RunSnapshotPtr& run) {
  return std::make_shared<SessionSnapshot>(sessionOf(run));
}

TEST_P(BundledExport, EveryViewInEveryFormatAtEveryLength) {
  auto unstarted = std::make_shared<RunSnapshot>();
  unstarted->model = m_model;
  exportAll(shared(unstarted), 0, "no prompt");
  exportAll(shared(runOf(0)), 0, "the prompt alone");
  const SessionSnapshotPtr run = shared(runOf(300));
  for (const int step : {1, 30, 300}) exportAll(run, step, std::to_string(step));
}

INSTANTIATE_TEST_SUITE_P(Models, BundledExport, testing::ValuesIn(bundledModels()), [](const auto& i) {
  std::string name = i.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(ExportBatch, EndsWhenItIsCancelledAndLeavesNothingHalf) {
  const TemporaryDir dir;
  const auto session = shared(randomRun(wordyModel({}), 4, 2));
  std::vector<ExportItem> items;
  for (const ViewInfo& info : viewRegistry()) {
    items.push_back({QLatin1String(info.id), info.make(), session, {}});
    items.back().view->present(*session, {});
  }
  const Result<int> written = exportBatch(items, {ExportFormat::csv}, QString::fromStdString(dir.file("out")),
                                          {}, false, [](int done, int, const QString&) { return done < 2; });
  ASSERT_TRUE(written.ok());
  EXPECT_EQ(written.value(), 2);
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir.path() / "out"))
    files += entry.is_regular_file();
  EXPECT_EQ(files, 2);
}

TEST(ExportBatch, AFolderThatCannotBeMadeIsAnError) {
  const TemporaryDir dir;
  const QString file = QString::fromStdString(dir.write("file", "x"));
  const auto go = [](int, int, const QString&) { return true; };
  EXPECT_FALSE(exportBatch({}, {ExportFormat::csv}, file + QStringLiteral("/sub"), {}, false, go).ok());
}

}  // namespace
}  // namespace decodescope::test
