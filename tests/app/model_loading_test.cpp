// The window and models from disk: the ways to open one, what is told before and after, what is asked.
#include "app/banner.h"
#include "app/lane_editor.h"
#include "app/model_preview.h"
#include "core/decode/lane.h"
#include "core/model/parameter_layout.h"
#include "tests/app/window_fixture.h"
#include "tests/support/gguf_file.h"
#include "tests/support/llama2c_file.h"
#include "tests/support/random_model.h"
#include "views/render_command.h"

#include <QAbstractButton>
#include <QAction>
#include <QDragEnterEvent>
#include <QDropEvent>
#include <QFileDialog>
#include <QLabel>
#include <QMenu>
#include <QMenuBar>
#include <QMimeData>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QStatusBar>
#include <QTest>
#include <QUrl>

#include <filesystem>
#include <limits>

namespace decodescope::test {
namespace {

class ModelLoading : public WindowTest {
 protected:
  void SetUp() override {
    WindowTest::SetUp();
    ModelConfig config = smallConfig();
    config.vocabSize = 261;
    config.hiddenSize = 32;
    config.headDim = 8;
    config.intermediateSize = 64;
    config.rotaryLayout = RotaryLayout::interleaved;
    const Model model = randomModel(config, 3);
    m_folder.write("own/m.bin", llama2cBytes(model, 0));
    m_folder.write("own/tokenizer.bin", llama2cTokenizerBytes(sentencePieceTokens({" ", "a"})));
    GgufBuilder gguf = ggufOf(model, kQ4_0);
    addSentencePiece(gguf, {"\u2581", "a"});
    m_gguf = QString::fromStdString(m_folder.write("own/m.gguf", gguf.bytes()));
    m_bin = QString::fromStdString(m_folder.file("own/m.bin"));
    ASSERT_TRUE(loadModel(m_bin.toStdString()).ok());
  }

  /// What five steps on no text make without a window.
  static std::vector<TokenId> expected(const QString& path, bool cache) {
    const auto model = loadModel(path.toStdString());
    if (!model.ok()) return {};
    RunSettings settings;
    settings.kvCache = cache;
    auto lane = Lane::start(model.value(), settings, promptTokens(*model.value(), "").value(), {});
    for (int i = 0; i < 5 && lane.value().canStep(); ++i) lane.value().step();
    return lane.value().snapshot()->tokens;
  }

  void expectOpened(const QString& path, const char* way, bool cache = true) {
    const auto shown = [&] {
      const RunSnapshot* run = m_controller->run();
      return run && QString::fromStdString(run->model->path) == path && !m_controller->session()->busy;
    };
    ASSERT_TRUE(waitFor(shown)) << way;
    EXPECT_EQ(m_controller->run()->tokens, expected(path, cache)) << way;
    EXPECT_FALSE(m_window->banner().isVisible() && m_window->banner().kind() == Banner::Kind::error) << way;
    EXPECT_EQ(m_settings->recentModels().front(), path) << way;
  }

  QAction* menuAction(const QString& startOfText) const {
    for (QAction* action : m_window->findChildren<QAction*>()) {
      if (action->text().remove(QLatin1Char('&')).startsWith(startOfText)) return action;
    }
    return nullptr;
  }

  QStringList offered() const {
    QCoreApplication::processEvents();  // the layout shows new buttons
    QStringList texts;
    for (const QPushButton* button : m_window->banner().findChildren<QPushButton*>()) {
      if (!button->isHidden()) texts << button->text();
    }
    return texts;
  }
  void pressOffered(const char* text) const {
    QCoreApplication::processEvents();
    for (QPushButton* button : m_window->banner().findChildren<QPushButton*>()) {
      if (!button->isHidden() && button->text() == QString::fromUtf8(text)) return button->click();
    }
    ADD_FAILURE() << "no button says " << text;
  }
  bool waitForBanner(Banner::Kind kind, const char* text) const {
    return waitFor([&] {
      const Banner& banner = m_window->banner();
      return banner.isVisible() && banner.kind() == kind && banner.text().contains(QLatin1String(text));
    });
  }

  QString hugeFile() const {
    const std::string path = test::writeHugeCheckpoint(m_folder, "own/huge.bin");
    std::filesystem::remove(m_folder.file("own/tokenizer.bin"));  // it has another vocabulary
    return QString::fromStdString(path);
  }

  QString m_bin, m_gguf;
};

TEST_F(ModelLoading, FourWaysLeadToTheSameTokens) {
  openWindow(m_bin);
  expectOpened(m_bin, "named on the command line");

  QMimeData dropped;
  dropped.setUrls({QUrl::fromLocalFile(m_gguf)});
  QDragEnterEvent enter({100, 100}, Qt::CopyAction, &dropped, Qt::LeftButton, Qt::NoModifier);
  QApplication::sendEvent(m_window.get(), &enter);
  EXPECT_TRUE(enter.isAccepted());
  QDropEvent drop({100, 100}, Qt::CopyAction, &dropped, Qt::LeftButton, Qt::NoModifier);
  QApplication::sendEvent(m_window.get(), &drop);
  expectOpened(m_gguf, "dropped on the window");

  menuAction("Open model")->trigger();
  auto* dialog = m_window->findChild<QFileDialog*>();
  ASSERT_TRUE(dialog);
  dialog->setDirectory(QFileInfo(m_bin).path());
  dialog->selectFile(m_bin);
  QMetaObject::invokeMethod(dialog, "accept");  // what the button does
  expectOpened(m_bin, "chosen from the menu's dialog");

  find<QAbstractButton>("KV cache")->click();
  QMenu* recent = menuAction("Open recent")->menu();
  emit recent->aboutToShow();
  for (QAction* action : recent->actions()) {
    if (action->text().contains(m_gguf)) action->trigger();
  }
  expectOpened(m_gguf, "opened from the recent files, without the cache", false);
}

TEST_F(ModelLoading, TheDialogSaysWhatIsInAFileBeforeItIsOpened) {
  openWindowAndWait();
  menuAction("Open model")->trigger();
  auto* dialog = m_window->findChild<QFileDialog*>();
  ASSERT_TRUE(dialog);
  auto* preview = dialog->findChild<ModelPreview*>();
  ASSERT_TRUE(preview);
  const QString empty = preview->text();
  emit dialog->currentChanged(m_gguf);
  ASSERT_TRUE(waitFor([&] { return preview->text() != empty; }));
  for (const char* part : {"m.gguf", "GGUF version 3", "llama, MHA", "2 layers", "hidden 32", "4 heads of 8",
                           "vocabulary 261", "Q4_0", "in memory", "a token"})
    EXPECT_TRUE(preview->text().contains(part)) << part << " in " << preview->text().toStdString();
  // A folder by one of its files.
  emit dialog->currentChanged(modelPath("tales-a") + "/config.json");
  ASSERT_TRUE(waitFor([&] { return preview->text().contains("Hugging Face"); }));
  // What is wrong is said there already.
  m_folder.write("own/bad.gguf", "GGUF and nothing more");
  emit dialog->currentChanged(QString::fromStdString(m_folder.file("own/bad.gguf")));
  ASSERT_TRUE(waitFor([&] { return preview->text().contains("cannot be opened"); }));
  emit dialog->currentChanged(QString::fromStdString(m_folder.file("own")));
  EXPECT_EQ(preview->text(), empty);
  dialog->reject();
}

TEST_F(ModelLoading, AModelThatDoesNotFitIsAskedAbout) {
  openWindowAndWait();
  const std::uint64_t runId = m_controller->run()->runId;
  ASSERT_TRUE(waitForBanner(Banner::Kind::hint, "Space"));
  EXPECT_GT(5 * find<QLabel>("Message text")->width(), 4 * m_window->banner().width());
  m_window->openModel(hugeFile());
  const Banner& banner = m_window->banner();
  ASSERT_TRUE(waitForBanner(Banner::Kind::warning, "huge.bin"));
  for (const char* part :
       {"of weights in its file", "of memory are free", "256 layers", "parameters", "used in place"})
    EXPECT_TRUE(banner.text().contains(part)) << banner.text().toStdString();
  EXPECT_EQ(m_controller->run()->runId, runId);
  EXPECT_EQ(offered(), QStringList({"Open anyway", "Do not open"}));
  EXPECT_GT(5 * find<QLabel>("Message text")->width(), 4 * banner.width()) << "the buttons are below it";
  pressOffered("Do not open");
  EXPECT_FALSE(banner.isVisible());
  EXPECT_EQ(m_controller->run()->runId, runId);

  m_window->openModel(hugeFile());
  ASSERT_TRUE(waitForBanner(Banner::Kind::warning, "huge.bin"));
  pressOffered("Open anyway");
  ASSERT_TRUE(waitForBanner(Banner::Kind::progress, "used in place"));
  pressOffered("Cancel");
  ASSERT_TRUE(waitFor([&] { return !m_controller->session()->busy; }));
  EXPECT_FALSE(banner.isVisible());
  EXPECT_EQ(m_controller->run()->runId, runId) << "the model of before is as it was";
}

TEST_F(ModelLoading, ALaneThatDoesNotFitIsAskedAbout) {
  openWindowAndWait();
  auto* lanes = m_window->findChild<LaneEditor*>();
  ASSERT_TRUE(lanes);
  const auto lanesAre = [&](std::size_t count) {
    return waitFor([&] {
      return m_controller->session()->lanes.size() == count && m_controller->lanesSettled() &&
             !m_controller->session()->busy && lanes->specs().size() + 1 == count;
    });
  };
  lanes->addModel(modelPath("tales-b"));
  ASSERT_TRUE(lanesAre(2));
  const QString huge = hugeFile();
  lanes->addModel(huge);
  ASSERT_TRUE(waitForBanner(Banner::Kind::warning, "huge.bin uses"));
  EXPECT_EQ(offered(), QStringList({"Open anyway", "Do not open"}));
  EXPECT_TRUE(lanesAre(2)) << "the others are as they were";
  pressOffered("Do not open");
  EXPECT_FALSE(m_window->banner().isVisible());

  lanes->addModel(huge);
  ASSERT_TRUE(waitForBanner(Banner::Kind::warning, "huge.bin uses"));
  pressOffered("Open anyway");
  ASSERT_TRUE(waitForBanner(Banner::Kind::progress, "used in place"));
  pressOffered("Cancel");
  EXPECT_TRUE(lanesAre(2));
  EXPECT_TRUE(waitFor([&] { return !m_window->banner().isVisible(); }));
  EXPECT_FALSE(lanes->isTooLarge());
}

TEST_F(ModelLoading, ATokenizerCanBeChosenAndIsRemembered) {
  const QString chosen = QString::fromStdString(
      m_folder.write("elsewhere/mine.bin", readAll(m_folder.file("own/tokenizer.bin"))));
  std::filesystem::remove(m_folder.file("own/tokenizer.bin"));
  openWindow(m_bin);
  ASSERT_TRUE(waitForBanner(Banner::Kind::warning, "no tokenizer.bin with 261 tokens"));
  EXPECT_EQ(offered(), QStringList({"Choose tokenizer…"}));
  EXPECT_EQ(m_controller->run()->model->tokenizer->shownPiece(TokenId{260}), "#260");
  EXPECT_EQ(m_controller->run()->tokens[0], TokenId{1}) << "the start token, as the configuration says";
  EXPECT_TRUE(menuAction("From the model")->isChecked());
  pressOffered("Choose tokenizer…");
  auto* dialog = m_window->findChild<QFileDialog*>();
  ASSERT_TRUE(dialog);
  dialog->setDirectory(QFileInfo(chosen).path());
  dialog->setNameFilter("*.bin");
  dialog->selectFile(chosen);
  QMetaObject::invokeMethod(dialog, "accept");
  const auto pieceIs = [&](const char* piece) {
    return waitFor([&] {
      return m_controller->run()->model->path == m_bin.toStdString() && !m_controller->session()->busy &&
             m_controller->run()->model->tokenizer->shownPiece(TokenId{260}) == piece;
    });
  };
  ASSERT_TRUE(pieceIs("a"));
  EXPECT_FALSE(m_window->banner().isVisible()) << m_window->banner().text().toStdString();
  EXPECT_FALSE(menuAction("From the model")->isChecked());
  EXPECT_EQ(m_settings->tokenizer(m_bin), chosen);
  const auto view = findView("attention")->make();
  view->present(*m_controller->session(), m_controller->selection());
  EXPECT_TRUE(
      renderCommand(*m_controller->session(), m_controller->selection(), "attention", *view, {}, false, "")
          .contains("--tokenizer " + chosen));
  // It need not be chosen every time, also where the model stands beside another.
  m_window->openModel(modelPath("tales-a"));
  ASSERT_TRUE(waitFor([&] { return m_controller->run()->model->name == "tales-a"; }));
  m_window->openModel(m_bin);
  ASSERT_TRUE(pieceIs("a"));
  menuAction("From the model")->trigger();
  ASSERT_TRUE(pieceIs("#260"));
  EXPECT_EQ(m_settings->tokenizer(m_bin), QString());
  // One that does not fit is refused, and nothing remembered.
  m_folder.write("own/tokenizer.bin", llama2cTokenizerBytes(sentencePieceTokens({"x"})));
  m_window->openModel(m_bin);
  ASSERT_TRUE(waitForBanner(Banner::Kind::error, "vocabulary does not fit"));
  EXPECT_EQ(offered(), QStringList({"Choose tokenizer…"}));
}

TEST_F(ModelLoading, AllWarningsAreShown) {
  ModelConfig config = smallConfig();
  config.vocabSize = 261;
  config.numHiddenLayers = 6;
  config.rotaryLayout = RotaryLayout::interleaved;
  Model model = randomModel(config, 3);
  for (int i = 0; i < 2; ++i)
    model.parameter (*model.layout().find(ParameterRole::oProjWeight, LayerIndex{i}))(0, 0) =
        std::numeric_limits<float>::quiet_NaN();
  m_folder.write("own/two.bin", llama2cBytes(model, 1));
  for (int i = 2; i < 6; ++i)
    model.parameter (*model.layout().find(ParameterRole::oProjWeight, LayerIndex{i}))(0, 0) =
        std::numeric_limits<float>::infinity();
  m_folder.write("own/six.bin", llama2cBytes(model, 1));
  openWindow(QString::fromStdString(m_folder.file("own/two.bin")));
  ASSERT_TRUE(waitFor([&] { return m_window->banner().kind() == Banner::Kind::warning; }));
  const Banner& banner = m_window->banner();
  for (const char* part : {"layers.0.self_attn.o_proj", "layers.1.self_attn.o_proj"})
    EXPECT_TRUE(banner.text().contains(part)) << banner.text().toStdString();
  m_window->openModel(QString::fromStdString(m_folder.file("own/six.bin")));
  ASSERT_TRUE(waitFor([&] { return banner.text().contains("and 4 more warnings"); }))
      << banner.text().toStdString();
  pressOffered("Show all");
  auto* list = find<QPlainTextEdit>("Warnings");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->toPlainText().split('\n').size(), 6);
}

TEST_F(ModelLoading, TheRotaryLayoutCanBeSwitchedUndoneAndIsRemembered) {
  openWindow(m_bin);
  expectOpened(m_bin, "at first");
  const std::vector<TokenId> before = m_controller->run()->tokens;
  const auto layoutIs = [&](RotaryLayout layout) {
    return waitFor([&] {
      return m_controller->run()->model->config().rotaryLayout == layout &&
             m_controller->run()->stepCount() == 5 && !m_controller->session()->busy;
    });
  };
  EXPECT_TRUE(menuAction("Interleaved")->isChecked());
  EXPECT_TRUE(menuAction("Interleaved")->text().contains("the file's own"));
  menuAction("Rotate-half")->trigger();
  ASSERT_TRUE(layoutIs(RotaryLayout::rotateHalf));
  EXPECT_TRUE(menuAction("Rotate-half")->isChecked());
  EXPECT_TRUE(menuAction("Interleaved")->text().contains("the file's own"));
  EXPECT_TRUE(m_window->windowTitle().contains("rotate-half pairs"));
  const auto view = findView("attention")->make();
  view->present(*m_controller->session(), m_controller->selection());
  EXPECT_TRUE(
      renderCommand(*m_controller->session(), m_controller->selection(), "attention", *view, {}, false, "")
          .contains("--rotary-layout rotate-half"));
  // Undone and done again.
  menuAction("Undo")->trigger();
  ASSERT_TRUE(layoutIs(RotaryLayout::interleaved));
  EXPECT_EQ(m_controller->run()->tokens, before);
  menuAction("Redo")->trigger();
  ASSERT_TRUE(layoutIs(RotaryLayout::rotateHalf));
  // A file that was exported wrong need not be put right every time.
  m_window->openModel(m_gguf);
  ASSERT_TRUE(layoutIs(RotaryLayout::interleaved));
  m_window->openModel(m_bin);
  ASSERT_TRUE(layoutIs(RotaryLayout::rotateHalf));
  menuAction("Interleaved")->trigger();
  ASSERT_TRUE(layoutIs(RotaryLayout::interleaved));
  EXPECT_FALSE(m_settings->rotaryLayout(m_bin));
  // Beside it: what the other layout makes of the same weights.
  menuAction("Other rotary pairs")->trigger();
  ASSERT_TRUE(waitFor([&] { return m_controller->session()->lanes.size() == 2; }));
  EXPECT_EQ(m_controller->session()->lanes[1].run->model->config().rotaryLayout, RotaryLayout::rotateHalf);
  EXPECT_EQ(m_controller->session()->lanes[0].run->tokens, before);
  m_window->openModel(modelPath("other"));
  ASSERT_TRUE(waitFor([&] { return m_controller->run()->model->name == "other"; }));
  EXPECT_FALSE(menuAction("Rotary pairs")->isEnabled()) << "learned positions";
}

}  // namespace
}  // namespace decodescope::test
