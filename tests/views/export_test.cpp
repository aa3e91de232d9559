#include "views/export.h"

#include "tests/support/npy_file.h"
#include "tests/support/paths.h"
#include "tests/support/random_run.h"
#include "views/render_command.h"

#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSvgRenderer>

#include <cmath>
#include <gtest/gtest.h>

namespace decodescope::test {
namespace {

QByteArray contents(const QString& path) {
  QFile file(path);
  EXPECT_TRUE(file.open(QIODevice::ReadOnly)) << qPrintable(path);
  return file.readAll();
}

class ExportTest : public testing::TestWithParam<std::size_t> {
 protected:
  ExportTest() {
    m_session = sessionOf(randomRun(wordyModel({.layers = 2, .heads = 4, .kvHeads = 2}), 5, 4));
    m_selection.step = StepIndex{4};
    m_selection.query = Position{7};
    m_view = viewRegistry()[GetParam()].make();
    m_view->present(m_session, m_selection);
  }

  QString file(const char* name) const { return QString::fromStdString(m_dir.file(name)); }
  void write(ExportFormat format, const QString& path,
             const FigureSize& figure = figureInPixels(QSize(700, 500))) {
    const Result<void> written = exportView(*m_view, format, path, figure, false, kCommand);
    ASSERT_TRUE(written.ok()) << written.error().message();
  }

  const QString kCommand = QStringLiteral("decodescope render --model 'a <b> & c'");
  TemporaryDir m_dir;
  SessionSnapshot m_session;
  Selection m_selection;
  std::unique_ptr<View> m_view;
};

TEST_P(ExportTest, PngHasItsSizeAndTheCommand) {
  write(ExportFormat::png, file("a.png"));
  const QImage image(file("a.png"));
  EXPECT_EQ(image.size(), QSize(700, 500));
  EXPECT_EQ(image.text(QStringLiteral("Description")), kCommand);
  write(ExportFormat::png, file("mm.png"), figureInMillimetres(85, 8, 300));
  const QImage figure(file("mm.png"));
  EXPECT_EQ(figure.width(), 1004);
  EXPECT_NEAR(figure.dotsPerMeterX(), 300 / 0.0254, 1);
}

TEST_P(ExportTest, SvgHoldsTextAsTextAndCanBeRead) {
  write(ExportFormat::svg, file("a.svg"));
  const QByteArray svg = contents(file("a.svg"));
  EXPECT_GT(svg.count("<text"), 5);
  EXPECT_TRUE(svg.contains("layer 0") || svg.contains("KV cache") || svg.contains("step ") ||
              svg.contains("Worked example") || svg.contains("Cache size"));
  EXPECT_TRUE(svg.contains(kCommand.toHtmlEscaped().toUtf8()));
  QSvgRenderer renderer;
  EXPECT_TRUE(renderer.load(svg));
  EXPECT_EQ(renderer.viewBox(), QRect(0, 0, 700, 500));
}

TEST_P(ExportTest, PdfHoldsFontsAndTheCommand) {
  write(ExportFormat::pdf, file("a.pdf"), figureInMillimetres(120, 9, 300));
  const QByteArray pdf = contents(file("a.pdf"));
  EXPECT_TRUE(pdf.startsWith("%PDF-"));
  EXPECT_TRUE(pdf.contains("/FontFile")) << "text is text in an embedded font";
  EXPECT_TRUE(pdf.contains(kCommand.toHtmlEscaped().toUtf8()));
}

TEST_P(ExportTest, TheSameCallMakesTheSameFile) {
  for (const ExportFormat format :
       {ExportFormat::png, ExportFormat::svg, ExportFormat::pdf, ExportFormat::csv, ExportFormat::npy}) {
    const QString first = file("first.") + suffixOf(format);
    write(format, first);
    const QByteArray before = contents(first);
    write(format, first);
    EXPECT_EQ(contents(first), before) << qPrintable(suffixOf(format));
  }
}

TEST_P(ExportTest, CsvReadsBackExactly) {
  write(ExportFormat::csv, file("a.csv"));
  const QList<QByteArray> lines = contents(file("a.csv")).split('\n');
  EXPECT_EQ(lines[0], "# " + kCommand.toUtf8());
  const NamedTable table = m_view->tables().at(0);
  EXPECT_EQ(lines[1], "# table " + table.name.toUtf8());
  const qsizetype columns = table.columns.size();
  for (qsizetype row = 0; row < table.rowLabels.size(); ++row) {
    QByteArray line = lines[3 + row];
    // The label in front holds no comma here.
    const QList<QByteArray> cells = line.split(',');
    ASSERT_EQ(cells.size(), columns + 1);
    for (qsizetype c = 0; c < columns; ++c) {
      const float value = table.values[static_cast<std::size_t>(row * columns + c)];
      const QByteArray& cell = cells[c + 1];
      EXPECT_TRUE(std::isnan(value) ? cell.isEmpty() : cell.toFloat() == value)
          << cell.data() << ", " << value;
    }
  }
}

TEST_P(ExportTest, NpyHoldsEveryTableAndJsonItsLabels) {
  write(ExportFormat::npy, file("a.npy"));
  const QJsonObject about = QJsonDocument::fromJson(contents(file("a.npy.json"))).object();
  EXPECT_EQ(about[QStringLiteral("command")].toString(), kCommand);
  const std::vector<NamedTable> tables = m_view->tables();
  const QJsonArray list = about[QStringLiteral("tables")].toArray();
  ASSERT_EQ(static_cast<std::size_t>(list.size()), tables.size());
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const QJsonObject entry = list[static_cast<int>(i)].toObject();
    EXPECT_EQ(entry[QStringLiteral("name")].toString(), tables[i].name);
    const NpyFile array = readNpy(m_dir.file(entry[QStringLiteral("file")].toString().toStdString()));
    EXPECT_EQ(array.type, "<f4");
    EXPECT_EQ(array.shape, std::vector<std::int64_t>(tables[i].shape.begin(), tables[i].shape.end()));
    ASSERT_EQ(array.floats.size(), tables[i].values.size());
    for (std::size_t v = 0; v < array.floats.size(); ++v) {
      const float read = array.floats[v], value = tables[i].values[v];
      EXPECT_TRUE(std::isnan(value) ? std::isnan(read) : read == value) << read << ", " << value;
    }
  }
}

TEST_P(ExportTest, EmptyViewsCanBeTakenAlongToo) {
  m_view->present(SessionSnapshot(), Selection());
  for (const ExportFormat format :
       {ExportFormat::png, ExportFormat::svg, ExportFormat::pdf, ExportFormat::csv, ExportFormat::npy})
    write(format, file("empty.") + suffixOf(format));
  // A view that needs nothing of a run has its numbers all the same; a table of lanes needs lanes.
  const ViewInfo& info = viewRegistry()[GetParam()];
  const bool needsRun = !info.sites.empty() || QLatin1String(info.id) == QLatin1String("compare");
  EXPECT_EQ(readNpy(m_dir.file("empty.npy")).shape == std::vector<std::int64_t>{0}, needsRun);
}

TEST_P(ExportTest, AFileThatCannotBeWrittenIsAnErrorAndLeavesNothing) {
  for (const ExportFormat format :
       {ExportFormat::png, ExportFormat::svg, ExportFormat::pdf, ExportFormat::csv, ExportFormat::npy}) {
    const QString path = file("missing") + QStringLiteral("/a.") + suffixOf(format);
    const Result<void> written =
        exportView(*m_view, format, path, figureInPixels(QSize(200, 200)), false, kCommand);
    ASSERT_FALSE(written.ok());
    EXPECT_EQ(written.error().file, path.toStdString());
  }
  EXPECT_TRUE(QDir(QString::fromStdString(m_dir.path().string())).isEmpty());
}

INSTANTIATE_TEST_SUITE_P(Registry, ExportTest, testing::Range<std::size_t>(0, viewRegistry().size()),
                         [](const testing::TestParamInfo<std::size_t>& i) {
                           return std::string(viewRegistry()[i.param].id);
                         });

TEST(Csv, QuotesWhatNeedsQuotes) {
  NamedTable table;
  table.name = QStringLiteral("t");
  table.columns = {QStringLiteral("a,b"), QStringLiteral("say \"x\"")};
  table.rowLabels = {QStringLiteral("#first"), QStringLiteral("line\nbreak")};
  table.shape = {2, 2};
  table.values = {1.5f, std::nanf(""), -INFINITY, 0.1f};
  EXPECT_EQ(csvText({table}, QString()),
            "# table t\n,\"a,b\",\"say \"\"x\"\"\"\n\"#first\",1.5,\n\"line\nbreak\",-inf,0.1\n");
}

TEST(ExportFormat, IsToldBySuffix) {
  EXPECT_EQ(exportFormatOf(QStringLiteral("SVG")), ExportFormat::svg);
  EXPECT_EQ(exportFormatOf(QStringLiteral("jpg")), std::nullopt);
  EXPECT_EQ(exportFormatOf(QString()), std::nullopt);
}

TEST(RenderCommand, TellsTheWholeRun) {
  const RunSnapshotPtr run = randomRun(wordyModel({.layers = 2, .heads = 4, .kvHeads = 2}), 3, 4, false);
  const std::unique_ptr<View> view = viewRegistry()[0].make();
  view->setOption(QStringLiteral("stage"), QStringLiteral("raw"));
  Selection s;
  s.step = StepIndex{2};
  s.layer = LayerIndex{1};
  s.head = HeadIndex{3};
  s.query = Position{3};
  const SessionSnapshot session = sessionOf(run);
  const QString command = renderCommand(session, s, QStringLiteral("attention"), *view,
                                        figureInPixels(QSize(640, 480)), true, QStringLiteral("a b.png"));
  const QString tokens = QStringLiteral("%1,%2,%3")
                             .arg(run->tokens[0].value)
                             .arg(run->tokens[1].value)
                             .arg(run->tokens[2].value);
  EXPECT_EQ(command,
            QStringLiteral("decodescope render --model random-weights --tokens %1 --steps 4 --kv-cache off "
                           "--temperature 1 --seed 0 --ignore-eos --view attention --layer 1 --head 3 --at 2 "
                           "--query 3 --key 0 --set stage=raw --size 640x480 --theme dark --out 'a b.png'")
                .arg(tokens));
}

TEST(RenderCommand, QuotesForTheShell) {
  EXPECT_EQ(shellQuoted(QStringLiteral("plain/path-1.svg")), QStringLiteral("plain/path-1.svg"));
  EXPECT_EQ(shellQuoted(QStringLiteral("it's $HOME")), QStringLiteral("'it'\\''s $HOME'"));
  EXPECT_EQ(shellQuoted(QString()), QStringLiteral("''"));
}

}  // namespace
}  // namespace decodescope::test
