#include "tests/app/window_fixture.h"

#include "app/app_style.h"
#include "core/base/random.h"
#include "core/formats/hf_folder.h"
#include "core/formats/safetensors.h"
#include "core/formats/tokenizer_json.h"

#include <QApplication>
#include <QDeadlineTimer>
#include <QTest>

#include <filesystem>
#include <fstream>

namespace decodescope::test {

void writeModelFolder(const std::string& folder, const FolderModel& shape) {
  TokenizerSpec tokenizer;
  tokenizer.specials = {"[UNK]", "[SOS]", "[EOS]"};
  tokenizer.pieces = tokenizer.specials;
  tokenizer.unknown = "[UNK]";
  tokenizer.before = "[SOS]";
  for (const char* word :
       {"Once", "upon", "a", "time", "the", "fox", "saw", "Mira", "and", "ran", "home", "x", "y", "z", "q"}) {
    tokenizer.pieces.emplace_back(word);
  }
  ModelConfig config;
  config.vocabSize = static_cast<int>(tokenizer.pieces.size());
  config.numHiddenLayers = shape.layers;
  config.numAttentionHeads = shape.heads;
  config.numKeyValueHeads = shape.vanilla ? shape.heads : shape.kvHeads;
  config.headDim = shape.headDim;
  config.hiddenSize = shape.heads * shape.headDim;
  config.intermediateSize = 2 * config.hiddenSize;
  config.maxPositionEmbeddings = shape.context;
  if (shape.vanilla) {
    config.modelType = "opt";
    config.norm = NormKind::layerNorm;
    config.normPlacement = NormPlacement::postNorm;
    config.position = PositionKind::learned;
    config.positionOffset = 2;
    config.activation = Activation::relu;
    config.gatedMlp = false;
    config.finalNorm = false;
    config.qkvBias = config.oProjBias = config.mlpBias = true;
  }
  Model model(config);
  Random random(11);
  for (float& weight : model.arena()) weight = static_cast<float>(random.normal() * 0.2);
  ModelCard card;
  card.title = "Random";
  card.prompts = {"Once upon a time", "the fox saw Mira", "Mira ran home"};
  card.heads = {{LayerIndex{shape.layers - 1}, HeadIndex{1}, "previous token", 0.75}};
  const Result<void> saved =
      saveHfFolder(folder, model, writeWordLevelTokenizerJson(tokenizer), card, StoredFloat::f32);
  ASSERT_TRUE(saved.ok()) << saved.error().message();
}

bool waitFor(const std::function<bool()>& done) {
  QDeadlineTimer deadline(30000);
  while (!done()) {
    if (deadline.hasExpired()) return false;
    QTest::qWait(1);
  }
  return true;
}

void WindowTest::SetUp() {
  if (!qobject_cast<AppStyle*>(QApplication::style())) QApplication::setStyle(new AppStyle);
  std::filesystem::create_directories(m_folder.file("settings"));
  std::filesystem::create_directories(m_folder.file("assets/models"));
  qputenv("DECODESCOPE_SETTINGS_DIR", QByteArray::fromStdString(m_folder.file("settings")));
  qputenv("DECODESCOPE_ASSETS", QByteArray::fromStdString(m_folder.file("assets")));
  writeModelFolder(modelPath("tales-a").toStdString(), {});
  writeModelFolder(modelPath("tales-b").toStdString(), {.kvHeads = 4});
  writeModelFolder(modelPath("other").toStdString(), {.layers = 1, .vanilla = true});
  std::ofstream(m_folder.file("assets/models/default")) << "tales-a\n";
}

void WindowTest::TearDown() {
  closeWindow();
  qunsetenv("DECODESCOPE_SETTINGS_DIR");
  qunsetenv("DECODESCOPE_ASSETS");
}

QString WindowTest::modelPath(const QString& name) const {
  return QString::fromStdString(m_folder.file("assets/models/")) + name;
}

void WindowTest::openWindow(const QString& model) {
  m_settings = std::make_unique<Settings>();
  m_controller = std::make_unique<SessionController>();
  m_window = std::make_unique<MainWindow>(*m_controller, *m_settings);
  m_window->openFirstModel(model);
  m_window->show();
  // The offscreen platform's screen is small, and a first start fills it.
  m_window->showNormal();
  m_window->resize(1280, 800);
}

void WindowTest::openWindowAndWait(const QString& model) {
  openWindow(model);
  ASSERT_TRUE(waitForSteps(5));
}

void WindowTest::closeWindow() {
  if (m_window) m_window->close();
  m_window.reset();
  m_controller.reset();
  m_settings.reset();
}

bool WindowTest::waitForSteps(int steps) {
  return waitFor([&] {
    const RunSnapshot* run = m_controller->run();
    return run && run->stepCount() >= steps && !m_controller->session()->busy;
  });
}

void WindowTest::press(int key, Qt::KeyboardModifiers modifiers) {
  QWidget* target = QApplication::focusWidget() ? QApplication::focusWidget() : m_window.get();
  QTest::keyClick(target, static_cast<Qt::Key>(key), modifiers);
}

}  // namespace decodescope::test
